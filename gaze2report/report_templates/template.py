"""Templates and macros as plain text files: a head of ``key: value`` lines, a line of dashes, the text.

::

    name: Chest, normal
    kind: template
    sex: F
    age: 18-
    ---
    FINDINGS:
    The heart is [normal*|enlarged]. {say which side}
    IMPRESSION:
    [No acute disease.]

A template has sections, each under its name in capitals with a colon. A macro has a shortcut and a text without
sections. ``use: addendum`` keeps it for addenda, ``default: yes`` offers it first. ``{comments}`` are for whoever
writes the template and never reach a report. Nothing in a file is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gaze2report.errors import Gaze2ReportError

Kind = Literal["template", "macro"]
Use = Literal["report", "addendum"]

LONGEST_FILE = 64_000
SHORTEST_SHORTCUT = 2
_KEYS = ("name", "kind", "shortcut", "use", "default", "sex", "age")
_SHORTCUT = re.compile(rf"[A-Za-z][A-Za-z0-9]{{{SHORTEST_SHORTCUT - 1},19}}")
_AGES = re.compile(r"(\d{1,3})?\s*-\s*(\d{1,3})?")
_COMMENT = re.compile(r"[ \t]?\{[^{}]*\}")


class TemplateFault(Gaze2ReportError):
    """A template file that cannot be used; the sentence says why and in which line."""

    code = "template_fault"


@dataclass(frozen=True)
class Template:
    """A template or a macro.

    Attributes
    ----------
    shortcut : str
        Only of a macro: what is typed to get it.
    use : str
        Where it is offered.
    is_default : bool
        Whether it is offered first.
    sex : str
        "F" or "M" when it is for patients of one sex only; else empty.
    least_age_years, most_age_years : int or None
        Ages it is for, both included.
    sections : tuple of (str, str)
        Section name and text, in order. A macro has one text, under an empty name.
    """

    name: str
    sections: tuple[tuple[str, str], ...]
    kind: Kind = "template"
    shortcut: str = ""
    use: Use = "report"
    is_default: bool = False
    sex: str = ""
    least_age_years: int | None = None
    most_age_years: int | None = None

    @property
    def text(self) -> str:
        """The text of a macro."""
        return self.sections[0][1] if self.sections else ""

    def suits(self, sex: str, age_years: float | None) -> bool:
        """Whether it is for such a patient; what is not known excludes nothing."""
        if self.sex and sex in ("F", "M") and sex != self.sex:
            return False
        if age_years is None:
            return True
        is_old_enough = self.least_age_years is None or age_years >= self.least_age_years
        return is_old_enough and (self.most_age_years is None or age_years < self.most_age_years + 1)


def parse(content: str, sections: Sequence[str]) -> Template:
    """Read a template file.

    Parameters
    ----------
    sections : sequence of str
        The sections that a report has.

    Raises
    ------
    TemplateFault
        With the line and what is wrong there.
    """
    if len(content) > LONGEST_FILE:
        raise TemplateFault(f"it has {len(content)} characters, a template has at most {LONGEST_FILE}")
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head, body_at = _head(lines)
    name = head.get("name", "").strip()
    if not name:
        raise TemplateFault('it has no "name:" line before the line of dashes')
    kind = _choice(head, "kind", get_args(Kind), "template")
    least, most = _ages(head.get("age", ""))
    shortcut = head.get("shortcut", "")
    if kind == "macro" and not _SHORTCUT.fullmatch(shortcut):
        raise TemplateFault(
            f"the shortcut {shortcut!r} is not {SHORTEST_SHORTCUT} to 20 letters and digits, a letter first"
        )
    body = lines[body_at:]
    _refuse_open_brackets(body, body_at)
    parts = tuple(_sections(body, body_at, sections)) if kind == "template" else (("", "\n".join(body).strip()),)
    if not any(text for _, text in parts):
        raise TemplateFault("it has no text behind the line of dashes")
    return Template(
        name=name,
        sections=parts,
        kind="macro" if kind == "macro" else "template",
        shortcut=shortcut if kind == "macro" else "",
        use="addendum" if _choice(head, "use", get_args(Use), "report") == "addendum" else "report",
        is_default=_choice(head, "default", ("yes", "no"), "no") == "yes",
        sex=_choice(head, "sex", ("F", "M", ""), ""),
        least_age_years=least,
        most_age_years=most,
    )


def to_text(template: Template) -> str:
    """Write a template file; :func:`parse` reads it again."""
    head = [f"name: {template.name}", f"kind: {template.kind}"]
    ages = (template.least_age_years, template.most_age_years)
    head += [f"shortcut: {template.shortcut}"] if template.kind == "macro" else []
    head += ["use: addendum"] if template.use == "addendum" else []
    head += ["default: yes"] if template.is_default else []
    head += [f"sex: {template.sex}"] if template.sex else []
    head += ["age: {}-{}".format(*("" if age is None else age for age in ages))] if ages != (None, None) else []
    parts = [f"{name.upper()}:\n{text}\n" if name else f"{text}\n" for name, text in template.sections]
    return "\n".join([*head, "---", "\n".join(parts)])


def without_comments(text: str) -> str:
    """A text as it goes into a report: comments away, with a blank before each."""
    return _COMMENT.sub("", text)


def _head(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    head: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if re.fullmatch(r"\s*-{3,}\s*", line):
            return head, number
        if not line.strip():
            continue
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not colon or key not in _KEYS:
            raise TemplateFault(f"line {number}: {line.strip()!r} is none of {', '.join(f'{one}:' for one in _KEYS)}")
        head[key] = value.strip()
    raise TemplateFault("the line of dashes (---) between head and text is missing")


def _choice(head: dict[str, str], key: str, allowed: Sequence[str], default: str) -> str:
    value = head.get(key, default) or default
    if value not in allowed:
        raise TemplateFault(f"{key}: is one of {', '.join(one for one in allowed if one)}, not {value!r}")
    return value


def _ages(text: str) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    match = _AGES.fullmatch(text)
    if match is None:
        raise TemplateFault(f"age: is a range of years such as 18-64, 18- or -17, not {text!r}")
    least, most = (int(age) if age else None for age in match.groups())
    if least is not None and most is not None and least > most:
        raise TemplateFault(f"age: {text!r} ends before it begins")
    return least, most


def _sections(body: Sequence[str], body_at: int, sections: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = {name.upper(): name for name in sections}
    current = ""
    text: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(body, body_at + 1):
        heading = re.fullmatch(r"\s*([A-Z][A-Z ]+):\s*", line)
        if heading:
            if heading[1] not in known:
                raise TemplateFault(f"line {number}: there is no section {heading[1]}; there are {', '.join(known)}")
            if heading[1] in seen:
                raise TemplateFault(f"line {number}: the section {heading[1]} is there twice")
            if current:
                yield current, "\n".join(text).strip()
            current, text = known[heading[1]], []
            seen.add(heading[1])
        elif current:
            text.append(line)
        elif line.strip():
            raise TemplateFault(f"line {number}: text before the first section; begin with a line such as FINDINGS:")
    if current:
        yield current, "\n".join(text).strip()


def _refuse_open_brackets(body: Sequence[str], body_at: int) -> None:
    for number, line in enumerate(body, body_at + 1):
        for opening, closing in ("[]", "{}"):
            depth = 0
            for character in line:
                depth += (character == opening) - (character == closing)
                if depth not in (0, 1):
                    raise TemplateFault(f"line {number}: {opening} and {closing} do not belong together")
            if depth:
                raise TemplateFault(f"line {number}: a {opening} is not closed on its line")
