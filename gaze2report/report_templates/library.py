"""The templates and macros at hand: those that come with the program, and the workspace's own, which go before them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaze2report.errors import Gaze2ReportError, StorageFailed
from gaze2report.report_templates.merge import refuse_unknown_merge_fields
from gaze2report.report_templates.template import LONGEST_FILE, Template, TemplateFault, Use, parse, to_text

BUILT_IN = Path(__file__).parent / "builtin"
_MOST_FILES = 1000


@dataclass(frozen=True)
class Library:
    """Templates and macros, and why some files could not be used.

    Attributes
    ----------
    own : dict
        Name of each template that lies in the workspace, and its file; the others came with the program.
    faults : tuple of str
        One sentence a file.
    """

    templates: tuple[Template, ...] = ()
    own: dict[str, Path] | None = None
    faults: tuple[str, ...] = ()

    def offered(self, use: Use, sex: str, age_years: float | None) -> tuple[Template, ...]:
        """Templates for such a patient: defaults first, then by name."""
        suiting = [
            one for one in self.templates if one.kind == "template" and one.use == use and one.suits(sex, age_years)
        ]
        return tuple(sorted(suiting, key=lambda one: (not one.is_default, one.name.lower())))

    def macro(self, shortcut: str, use: Use, sex: str, age_years: float | None) -> Template | None:
        """The macro of a shortcut for such a patient; one with a condition goes before one without."""
        found = [
            one
            for one in self.templates
            if one.kind == "macro"
            and one.shortcut.lower() == shortcut.lower()
            and one.use == use
            and one.suits(sex, age_years)
        ]
        conditions = {
            id(one): bool(one.sex) + (one.least_age_years is not None) + (one.most_age_years is not None)
            for one in found
        }
        return max(found, key=lambda one: conditions[id(one)], default=None)


def load(folder: Path | None, sections: Sequence[str]) -> Library:
    """Read the program's templates and a workspace's; a file that cannot be used is named, and costs only itself."""
    found: dict[tuple[str, str], Template] = {}
    own: dict[str, Path] = {}
    faults: list[str] = []
    for place in (BUILT_IN, folder):
        for path in sorted(place.glob("*.txt"))[:_MOST_FILES] if place is not None and place.is_dir() else ():
            try:
                template = read(path, sections)
            except Gaze2ReportError as error:
                faults.append(f"{path.name}: {error}")
                continue
            found[(template.name, template.use)] = template
            if place is folder:
                own[template.name] = path
    return Library(tuple(found.values()), own, tuple(faults))


def read(path: Path, sections: Sequence[str]) -> Template:
    """Read one file.

    Raises
    ------
    TemplateFault
        If it is no text, too long or not as a template is written.
    """
    try:
        with path.open("rb") as file:
            content = file.read(4 * LONGEST_FILE + 1)
        template = parse(content.decode("utf-8-sig"), sections)
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateFault(f"it cannot be read as UTF-8 text ({error})") from error
    refuse_unknown_merge_fields(template)
    return template


def keep(folder: Path, template: Template, sections: Sequence[str]) -> Path:
    """Write a template into a workspace's folder, in place of one of the same name.

    Raises
    ------
    TemplateFault, StorageFailed
        If it could not be read again; if the disk refuses.
    """
    content = to_text(template)
    if parse(content, sections) != template:
        raise TemplateFault("it would not be read again as it is written; look for headings inside the text")
    refuse_unknown_merge_fields(template)
    path = folder / f"{_file_name(template.name)}{'-addendum' if template.use == 'addendum' else ''}.txt"
    aside = path.with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside.write_text(content, encoding="utf-8", newline="\n")
        aside.replace(path)
    except OSError as error:
        raise StorageFailed(f"{path} could not be written ({error})") from error
    return path


def remove(path: Path) -> None:
    """Remove a workspace's template.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(f"{path} could not be removed ({error})") from error


def _file_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80] or "template"
