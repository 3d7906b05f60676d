"""Which films hang where: the layouts, and how the film beside another one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from db.records import Instance, Study
from desktop.settings import LayoutName
from gaze2report.imaging.film_views import film_kind

Role = Literal["main", "lateral", "prior"]

LAYOUTS: dict[LayoutName, tuple[Role, ...]] = {
    "single": ("main",),
    "lateral": ("main", "lateral"),
    "prior": ("main", "prior"),
    "lateral_prior": ("main", "lateral", "prior"),
}
LAYOUT_TITLES: dict[LayoutName, str] = {
    "single": "One film",
    "lateral": "PA + lateral",
    "prior": "PA + prior",
    "lateral_prior": "PA + lateral + prior",
}


@dataclass(frozen=True)
class Hung:
    """What hangs in one place.

    Attributes
    ----------
    instance : Instance or None
        None where there is no film for the place; ``note`` then says so.
    note : str
        What the reader must know about the choice; empty for nothing.
    """

    role: Role
    instance: Instance | None
    note: str = ""


def hang(layout: LayoutName, study: Study, main: Instance, priors: Sequence[Study]) -> tuple[Hung, ...]:
    """Choose a film for each place of a layout.

    Parameters
    ----------
    main : Instance
        The film of the study that is read.
    priors : sequence of Study
        Earlier studies of the same patient, the most recent first.
    """
    chosen: dict[Role, Hung] = {
        "main": Hung("main", main),
        "lateral": other_view(study, main),
        "prior": prior_of(main, priors),
    }
    return tuple(chosen[role] for role in LAYOUTS[layout])


def other_view(study: Study, main: Instance) -> Hung:
    """The film of the same study that shows the patient from the side (of a lateral one: from the front)."""
    wanted = "frontal" if film_kind(main.header) == "lateral" else "lateral"
    found = next((i for i in study.instances if i is not main and film_kind(i.header) == wanted), None)
    return Hung("lateral", found, "" if found is not None else f"No {wanted} film in this study.")


def prior_of(main: Instance, priors: Sequence[Study]) -> Hung:
    """The most recent earlier film of the same view; where there is none, of the same kind, and said so."""
    films = [instance for study in priors for instance in study.instances]
    view, kind = main.header.view_position, film_kind(main.header)
    same = next((i for i in films if view and i.header.view_position == view), None)
    if same is not None:
        return Hung("prior", same)
    alike = next((i for i in films if film_kind(i.header) == kind), None)
    if alike is not None:
        other = alike.header.view_position or "view not stated"
        return Hung("prior", alike, f"Prior of another view ({other}); none is {view or 'of a stated view'}")
    if films:
        return Hung("prior", None, f"No earlier {kind} film of this patient.")
    return Hung("prior", None, "No earlier film of this patient.")
