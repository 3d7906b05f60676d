"""Which comparators there are. Another one is a file in this folder and a line here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gaze2report.comparators.comparator import Comparator, Ingredients
from gaze2report.errors import Gaze2ReportError


@dataclass(frozen=True)
class ComparatorKind:
    """One kind: the module that holds ``build`` (`comparator.BuildComparator`), and what it is in a line."""

    module: str
    summary: str
    depends_on_seed: bool = True

    def build(self, ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
        """Import the module and build the comparator."""
        made: Comparator = import_module(self.module).build(ingredients, settings, seed)
        return made


_HERE = "gaze2report.comparators"
KINDS: dict[str, ComparatorKind] = {
    "template": ComparatorKind(f"{_HERE}.template", "the commonest normal report, whatever the film", False),
    "nearest-neighbour": ComparatorKind(
        f"{_HERE}.nearest_neighbour", "the report of the training film with the most similar features", False
    ),
    "image-blind": ComparatorKind(f"{_HERE}.image_blind", "the language model with LoRA and no film"),
    "show-attend-tell": ComparatorKind(
        f"{_HERE}.show_attend_tell", "LSTM with soft attention over the patches (Xu et al. 2015)"
    ),
    "r2gen": ComparatorKind(f"{_HERE}.r2gen", "Transformer with relational memory (Chen et al. 2020)"),
    "r2gengpt": ComparatorKind(f"{_HERE}.r2gengpt", "the image-only twin: film to prompt to language model"),
    "gaze2report": ComparatorKind(f"{_HERE}.gaze2report", "the method: film and gaze to graph to prompt"),
}


def build_comparator(name: str, ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
    """Build a comparator by name.

    Raises
    ------
    Gaze2ReportError
        If there is none of that name, or it does not know one of the settings.
    """
    if name not in KINDS:
        known = "\n".join(f"  {known:<18} {kind.summary}" for known, kind in KINDS.items())
        raise Gaze2ReportError(f"there is no comparator {name!r}; there are\n{known}")
    try:
        return KINDS[name].build(ingredients, settings, seed)
    except (ValueError, TypeError) as error:
        raise Gaze2ReportError(f"the settings of the comparator {name!r}: {error}") from error
