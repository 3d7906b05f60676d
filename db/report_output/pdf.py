"""The report as PDF, A4, with its fonts embedded and the exact text attached as ``report.txt``.

fpdf2 orders and shapes right-to-left text; what no font of this program has a glyph for is shown as U+FFFD, and the
document says so. Tabs, and breaks of lines that are too long, are the only white space that is not as in the report.
"""

from __future__ import annotations

import logging
import unicodedata
from functools import cache
from importlib import resources

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from db.report_output.clean_text import REPLACEMENT
from db.report_output.demographics import moment
from db.report_output.document import RESEARCH_USE, OutputDocument
from db.report_output.plain_text import (
    foot_lines,
    head_lines,
    heading_of,
    page_head,
    state_lines,
    to_text,
    watermark_of,
)

FONTS_DIR = resources.files("db.report_output") / "fonts"
TEXT_FONT = "dejavu"
FALLBACK_FONTS = {"droidfallback": "DroidSansFallbackFull.ttf", "nanum": "NanumSquareR.ttf"}
TEXT_FONT_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
ATTACHED_TEXT_NAME = "report.txt"
MISSING_GLYPHS = (
    f"This program has no glyphs for some characters of the report and shows them as {REPLACEMENT}. "
    f"The text attached to this PDF ({ATTACHED_TEXT_NAME}) has them."
)
_MARGIN_MM = 20.0
_FOOT_MM = 22.0
_GREY = (90, 90, 90)
_WATERMARK_GREY = (228, 228, 228)
_TAB = "    "
_PAGES = "\ufdd0"
"""Stands for the number of pages until that is known; a character that no report can hold after cleaning."""


def to_pdf(document: OutputDocument) -> bytes:
    """Write the report as PDF; the same version gives the same bytes."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells of tables that no reader of a PDF needs
    pdf = _ReportPdf(document)
    pdf.add_page()
    pdf.write_title()
    pdf.write_head()
    for section in document.sections:
        pdf.write_section(heading_of(section), section.text)
    pdf.write_foot_lines()
    pdf.embed_file(
        bytes=to_text(document).encode(),
        basename=ATTACHED_TEXT_NAME,
        mime_type="text/plain",
        modification_date=moment(document.version.created_at_utc),
    )
    return bytes(pdf.output())


def drawable(text: str) -> str:
    """Replace what the fonts of this program have no glyph for, and lay out tabs and line ends."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", _TAB)
    return "".join(
        char if char == "\n" or _has_glyph(char) else "" if _is_invisible(char) else REPLACEMENT for char in plain
    )


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f"  # joiners, variation selectors


def _has_glyph(char: str) -> bool:
    return any(ord(char) in _glyphs_of(name) for name in (TEXT_FONT_FILES[""], *FALLBACK_FONTS.values()))


@cache
def _glyphs_of(name: str) -> frozenset[int]:
    """Code points that a font of this program has."""
    from fontTools.ttLib import TTFont

    with resources.as_file(FONTS_DIR / name) as path, TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def fallbacks_for(text: str) -> dict[str, str]:
    """Give the fallback fonts that a text needs; most reports need none, and reading one takes half a second."""
    missing = {ord(char) for char in drawable(text) if char != "\n"} - _glyphs_of(TEXT_FONT_FILES[""])
    needed = {}
    for family, name in FALLBACK_FONTS.items():
        if missing & _glyphs_of(name):
            needed[family] = name
            missing -= _glyphs_of(name)
    return needed


class _ReportPdf(FPDF):
    """Pages of one report. ``header`` and ``footer`` are called by fpdf2 for each page."""

    def __init__(self, document: OutputDocument) -> None:
        super().__init__(format="A4")
        self._document = document
        self._version = document.version
        self._has_missing_glyphs = False
        fallbacks = fallbacks_for(to_text(document))
        fonts = [(TEXT_FONT, style, name) for style, name in TEXT_FONT_FILES.items()]
        fonts += [(family, "", name) for family, name in fallbacks.items()]
        for family, style, name in fonts:
            with resources.as_file(FONTS_DIR / name) as path:
                self.add_font(family, style, path)
        self.set_fallback_fonts(list(fallbacks), exact_match=False)
        self.set_text_shaping(True)
        self.set_margins(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(True, margin=_FOOT_MM)
        self.set_creation_date(moment(self._version.created_at_utc))
        self.set_title("Radiology report")  # without the patient: titles are shown where documents are listed
        self.set_lang("en")
        self.alias_nb_pages(_PAGES)

    def header(self) -> None:
        """Watermark under the text, and whose report it is from the second page on."""
        self._draw_watermark()
        if self.page_no() == 1:
            return
        self.set_font(TEXT_FONT, size=8)
        self.set_text_color(*_GREY)
        self._write(page_head(self._document), 4)
        self._rule(below=4)
        self.set_text_color(0)

    def footer(self) -> None:
        """Status, version, page and purpose."""
        self.set_y(-_FOOT_MM + 4)
        self._rule()
        self.set_font(TEXT_FONT, size=7)
        self.set_text_color(*_GREY)
        left = f"{self._document.status_text} · version {self._version.version}"
        y = self.get_y()
        self.cell(0, 4, left)
        self.set_xy(_MARGIN_MM, y)
        self.cell(0, 4, f"page {self.page_no()} of {_PAGES}", align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.cell(0, 4, RESEARCH_USE)
        self.set_text_color(0)

    def write_title(self) -> None:
        """What it is, and whether it can be relied on."""
        self.set_font(TEXT_FONT, "B", 16)
        self._write("Radiology report", 8)
        self.set_font(TEXT_FONT, "B", 10)
        for line in state_lines(self._document):
            self._write(line, 5.5)
        self._rule(above=2, below=3)

    def write_head(self) -> None:
        """Patient on the left, examination on the right."""
        pairs = list(head_lines(self._document))
        wide = [pair for pair in pairs if pair[0] == "Study UID"]
        left = [pair for pair in pairs if pair[0] in ("Patient", "Patient ID", "Born", "Sex, age")]
        right = [pair for pair in pairs if pair not in left and pair not in wide]
        top, middle = self.get_y(), self.w / 2
        ends = [self._write_pairs(left, _MARGIN_MM, top, 24, middle - 4)]
        ends.append(self._write_pairs(right, middle, top, 34, self.w - _MARGIN_MM))
        self.set_xy(_MARGIN_MM, self._write_pairs(wide, _MARGIN_MM, max(ends), 24, self.w - _MARGIN_MM))
        self._rule(above=1, below=2)

    def write_section(self, heading: str, text: str) -> None:
        """A heading that stays with the beginning of its text."""
        if self.will_page_break(18):
            self.add_page()
        self.ln(2)
        self.set_font(TEXT_FONT, "B", 10.5)
        self._write(heading, 6)
        self.set_font(TEXT_FONT, size=10.5)
        self._write(text, 5.4)
        self.ln(1)

    def write_foot_lines(self) -> None:
        """Who signed, what the model did, and what a reader must know of the document."""
        lines = list(foot_lines(self._document)[:-1])  # the last one stands at the foot of each page
        if self._has_missing_glyphs:
            lines.append(MISSING_GLYPHS)
        if self.will_page_break(8 + 5 * len(lines)):
            self.add_page()
        self._rule(above=3, below=2)
        self.set_font(TEXT_FONT, size=8.5)
        for line in lines:
            self._write(line, 4.6)

    def _write_pairs(self, pairs: list[tuple[str, str]], x: float, y: float, label_mm: float, right: float) -> float:
        for label, value in pairs:
            self.set_xy(x, y)
            self.set_font(TEXT_FONT, size=8.5)
            self.set_text_color(*_GREY)
            self.cell(label_mm, 5, label)
            self.set_text_color(0)
            self.set_font(TEXT_FONT, size=9.5)
            self.multi_cell(right - x - label_mm, 5, self._drawable(value), align=Align.L, new_x=XPos.LEFT)
            y = self.get_y()
        return y

    def _write(self, text: str, line_mm: float) -> None:
        self.multi_cell(0, line_mm, self._drawable(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _drawable(self, text: str) -> str:
        shown = drawable(text)
        if shown.count(REPLACEMENT) > text.count(REPLACEMENT):
            self._has_missing_glyphs = True
        return shown

    def _rule(self, above: float = 0, below: float = 1) -> None:
        y = self.get_y() + above
        self.set_draw_color(170)
        self.line(_MARGIN_MM, y, self.w - _MARGIN_MM, y)
        self.set_y(y + below)

    def _draw_watermark(self) -> None:
        word = watermark_of(self._document)
        if not word:
            return
        x, y = self.get_x(), self.get_y()
        self.set_font(TEXT_FONT, "B", 66)
        self.set_text_color(*_WATERMARK_GREY)
        width = self.get_string_width(word)
        with self.rotation(55, self.w / 2, self.h / 2):
            self.text((self.w - width) / 2, self.h / 2 + 10, word)
        self.set_text_color(0)
        self.set_xy(x, y)
