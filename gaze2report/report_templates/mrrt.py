"""Report templates in HTML, as RadReport.org gives them out, turned into templates of this program.

The form is IHE Management of Radiology Report Templates (MRRT, rev. 1.5, vol. 3, 8.1): HTML5 whose ``section`` elements
carry ``data-section-name`` and whose ``input``, ``select`` and ``textarea`` elements are the fields. The file is only
ever parsed: scripts, styles and links in it are passed over and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from gaze2report.report_templates.template import LONGEST_FILE, Template, TemplateFault, parse, to_text

MOST_BYTES = 4 * 2**20
_MOST_OPTIONS = 200
_UNREAD = frozenset({"script", "style", "template", "noscript", "svg", "head"})
_BLOCKS = frozenset({"p", "div", "br", "header", "section", "tr", "li", "h1", "h2", "h3", "h4", "ul", "ol", "table"})
_SECTION_OF_WORD = (
    ("impression", "impression"), ("conclusion", "impression"), ("recommend", "recommendation"),
    ("compar", "comparison"), ("technique", "technique"), ("procedure", "technique"),
    ("indication", "indication"), ("clinical", "indication"), ("history", "indication"), ("finding", "findings"),
)  # fmt: skip


@dataclass(frozen=True)
class ImportedTemplate:
    """A template made from HTML, and what its reader should look at, a sentence each."""

    template: Template
    notes: tuple[str, ...]


def read_mrrt(path: Path, sections: Sequence[str]) -> ImportedTemplate:
    """Read one HTML file.

    Parameters
    ----------
    sections : sequence of str
        The sections that a report has. What the file has under another name goes into the findings, below its name.

    Raises
    ------
    TemplateFault
        If it is too long, no text, or has neither sections nor fields.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateFault(f"it cannot be read as UTF-8 text ({error})") from error
    if len(content) > MOST_BYTES:
        raise TemplateFault(f"it has more than {MOST_BYTES // 2**20} MiB")
    return from_html(text, sections, path.stem)


def from_html(html: str, sections: Sequence[str], name: str = "Imported template") -> ImportedTemplate:
    """Turn the HTML of one template into a template; ``name`` is taken when the file has no title."""
    reader = _Reader(sections)
    reader.feed(html)
    reader.close()
    reader.end_fields()
    parts = tuple((section, text) for section in sections if (text := _tidy("".join(reader.texts.get(section, [])))))
    if not parts or not reader.has_parts:
        raise TemplateFault("it holds no section with text or fields; an MRRT template is HTML with both")
    template = Template(name=" ".join(reader.title.split())[:120] or name, sections=parts)
    written = to_text(template)
    if len(written) > LONGEST_FILE:
        raise TemplateFault(f"it has {len(written)} characters, a template has at most {LONGEST_FILE}")
    return ImportedTemplate(parse(written, sections), tuple(dict.fromkeys(reader.notes)))


@dataclass
class _Choice:
    """A list, a group of boxes or of buttons that is being read."""

    group: str
    is_many: bool
    options: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def hear(self, words: str, *, is_label: bool) -> None:
        """Keep words that stand between boxes, unless they are the label of one."""
        is_option = words.strip().lower() in {option.lower() for option in self.options}
        self.beside += [] if is_label or is_option else [words]

    def add(self, option: str, *, is_chosen: bool) -> None:
        option = re.sub(r"\s+", " ", re.sub(r"[\[\]{}|;*]", " ", option)).strip()
        if option and option not in self.options and len(self.options) < _MOST_OPTIONS:
            self.options.append(option)
            self.chosen += [option] if is_chosen else []

    def written(self) -> str:
        if len(self.options) < 2:
            return _text_field("".join(self.chosen), "".join(self.options))
        separator = ";" if self.is_many else "|"
        return "[" + separator.join(o + "*" * (o in self.chosen) for o in self.options) + "]"


class _Reader(HTMLParser):
    def __init__(self, sections: Sequence[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.texts: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self._known = tuple(sections)
        self._section = ["findings"]
        self._unread: list[str] = []
        self._choice: _Choice | None = None
        self._option: tuple[str, bool] | None = None
        self._area: str | None = None
        self._label = ""
        self.has_parts = False
        self._in_title = self._in_label = self._in_header = False

    # -- elements -----------------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "title":
            self._in_title = True
        elif tag in _UNREAD:
            self._unread.append(tag)
        elif self._unread:
            pass
        elif tag == "option" and self._choice is not None:
            self._end_option()
            self._option = ("", "selected" in values)
        elif tag == "input":
            self._input(values)
        elif tag == "select":
            self.end_fields()
            self._choice = _Choice("", is_many="multiple" in values)
        elif tag == "textarea":
            self.end_fields()
            self._area = ""
        elif tag == "label":
            self._in_label, self._label = True, ""
        else:
            self._block(tag, values)

    def _block(self, tag: str, values: dict[str, str]) -> None:
        if tag in _BLOCKS:
            self.end_fields()
            self._put("\n")
            self._label = ""
        if tag == "header":
            self._in_header = True
        if tag == "section":
            self._begin_section(values.get("data-section-name", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._unread:
            del self._unread[self._unread.index(tag) :]
        elif tag == "select":
            self.end_fields()
        elif tag == "option":
            self._end_option()
        elif tag == "textarea" and self._area is not None:
            self._put(_text_field(self._area, self._label))
            self._area, self._label, self.has_parts = None, "", True
        elif tag == "label":
            self._in_label = False
        elif tag == "header":
            self._in_header = False
        if tag in _BLOCKS and not self._unread:
            self.end_fields()
            self._put("\n")
        if tag == "section" and len(self._section) > 1:
            self._section.pop()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._unread:
            pass
        elif self._option is not None:
            self._option = (self._option[0] + data, self._option[1])
        elif self._area is not None:
            self._area += data
        elif self._in_header and len(self._section) == 2:
            pass  # the name of the section, which the report has as its heading
        elif self._choice is not None:
            if self._choice.group:  # a select holds nothing between its options
                self._choice.hear(_plain(data), is_label=self._in_label)
        else:
            if self._in_label:
                self._label += data
            self._put(_plain(data))

    # -- fields -------------------------------------------------------------------------------------------------

    def _input(self, values: dict[str, str]) -> None:
        kind = values.get("type", "text").lower()
        if kind in ("checkbox", "radio"):
            group = kind if kind == "checkbox" else f"radio {values.get('name', '')}"
            if self._choice is None or self._choice.group != group:
                self.end_fields()
                self._choice = _Choice(group, is_many=kind == "checkbox")
            option = values.get("value") or values.get("name", "")
            self._choice.add(option, is_chosen="checked" in values)
            return
        self.end_fields()
        if kind == "hidden":
            return
        self.has_parts = True
        if kind == "number" or values.get("data-field-type", "").upper() == "NUMBER":
            unit = re.sub(r"[\[\]{}|;]", " ", values.get("data-field-units", "")).strip()
            self._put(f"[# {unit}]" if unit else "[#]")
        else:
            self._put(_text_field(values.get("value", ""), self._label or values.get("name", "")))

    def _end_option(self) -> None:
        if self._option is not None and self._choice is not None:
            self._choice.add(self._option[0], is_chosen=self._option[1])
        self._option = None

    def end_fields(self) -> None:
        """Write the list or group that is being read, if any."""
        self._end_option()
        if self._choice is not None and self._choice.options:
            self.has_parts = True
            self._put(self._choice.written() + "".join(self._choice.beside))
        self._choice = None

    # -- sections -----------------------------------------------------------------------------------------------

    def _begin_section(self, name: str) -> None:
        self.has_parts = True
        name = re.sub(r"[\[\]{}\s]+", " ", name).strip()
        found = next((ours for word, ours in _SECTION_OF_WORD if word in name.lower() and ours in self._known), "")
        if len(self._section) > 1 or not found:
            self._section.append(self._section[-1])
            if name and len(self._section) == 2:
                self._put(f"\n{name.capitalize() if name.isupper() else name}:\n")
                self.notes.append(
                    f'The section "{name}" stands in the findings: a report here has no section of its name.'
                )
            return
        self._section.append(found)

    def _put(self, text: str) -> None:
        self.texts.setdefault(self._section[-1], []).append(text)


def _plain(text: str) -> str:
    """Words between fields, without what this program's notation would read as a field, a note or a merge field."""
    text = re.sub(r"<([a-z][a-z ]*)>", r"(\1)", text.translate(str.maketrans("[]{}", "()()")))
    return "".join(c for c in re.sub(r"\s+", " ", text) if c.isprintable())


def _text_field(default: str, prompt: str) -> str:
    """A field for free text; a default with digits would not be read as one and stands as text to be changed."""
    default = re.sub(r"\s+", " ", re.sub(r"[\[\]{}|;*]", " ", default)).strip()
    if default and (any(character.isdigit() for character in default) or len(default) > 300 or default[0] in "#?_"):
        return default
    if default:
        return f"[{default}]"
    prompt = re.sub(r"\s+", " ", re.sub(r"[\[\]{}|;*_]", " ", prompt)).strip(" :?")[:80]
    return f"[? {prompt}]" if prompt else "[]"


def _tidy(text: str) -> str:
    """Lines without spaces around them or empty ones between them; none that would be read as a heading."""
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n")]
    lines = [line.capitalize() if re.fullmatch(r"[A-Z][A-Z ]+:", line) else line for line in lines]
    return "\n".join(line for line in lines if line)
