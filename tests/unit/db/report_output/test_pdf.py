from __future__ import annotations

import io
import re

from pypdf import PdfReader
from reported_studies import FINDINGS, SIGNER, reported_study, without_space

from db.records import TEXT_SECTIONS, WorkingText
from db.report_output.demographics import name_text, utc_text
from db.report_output.document import RESEARCH_USE, collect
from db.report_output.pdf import MISSING_GLYPHS, drawable, fallbacks_for, to_pdf
from db.report_output.plain_text import foot_lines, head_lines, heading_of, to_text


def read(document):
    return PdfReader(io.BytesIO(to_pdf(document)))


def text_of(reader):
    return "\n".join(page.extract_text() for page in reader.pages)


def body_of(reader):
    """The text without what stands at the head and the foot of each page, and without white space."""
    pages = [page.extract_text() for page in reader.pages]
    bodies = [re.split(r"\n[^\n]* · version \d+", page)[0] for page in pages]
    continued = [body.split("\n", 1)[1] for body in bodies[1:]]
    return without_space("".join([bodies[0], *continued]))


def test_the_text_of_the_pdf_is_the_text_of_the_report(reported):
    said = {name: f"Text of {name}: 3 mm, <b>&amp;</b> **no** markup." for name in TEXT_SECTIONS}
    reported.sign(WorkingText(**{**said, "findings": FINDINGS}))
    reported.add("Addendum text.")
    document = collect(reported.workspace, reported.study_uid)
    reader = read(document)
    sections = "".join(heading_of(one) + one.text for one in document.sections)
    assert without_space(sections + "".join(foot_lines(document)[:-1])) in body_of(reader)
    for label, value in head_lines(document):
        assert without_space(label) in body_of(reader)
        assert without_space(value) in body_of(reader)


def test_status_version_signer_time_model_and_purpose_are_on_it(reported):
    version = reported.sign()
    text = " ".join(text_of(read(collect(reported.workspace, reported.study_uid))).split())
    for part in (
        "final · version 1",
        "page 1 of 1",
        f"Signed by {SIGNER}, {utc_text(version.created_at_utc)}.",
        "AI-assisted: drafted by base with adapter embedded (SHA-256 aaaaaaaaaaaaaaaa)",
        RESEARCH_USE,
        version.text_sha256,
    ):
        assert part in text
    assert "PRELIMINARY" not in text


def test_a_preliminary_report_has_its_watermark_on_every_page(reported):
    reported.accept(WorkingText(findings="Line.\n" * 90, impression="Clear."))
    pages = read(collect(reported.workspace, reported.study_uid)).pages
    assert len(pages) == 3
    assert all("PRELIMINARY" in page.extract_text() for page in pages)


def test_a_version_that_a_newer_one_replaced_says_so_on_every_page(reported):
    reported.sign()
    reported.add("More.")
    (page,) = read(collect(reported.workspace, reported.study_uid, 1)).pages
    assert page.extract_text().count("SUPERSEDED") == 2  # across the page, and in words with the newer version
    assert "version 2 of this report is newer" in page.extract_text()


def test_a_long_report_is_whole_and_every_page_says_whose_it_is(reported):
    sentences = [f"Sentence {number} of a very long report." for number in range(250)]
    reported.sign(WorkingText(findings=" ".join(sentences), impression="x" * 400))
    reader = read(collect(reported.workspace, reported.study_uid))
    assert len(reader.pages) > 2
    assert without_space(" ".join(sentences)) in body_of(reader)
    assert "x" * 400 in body_of(reader)
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        assert f"page {number} of {len(reader.pages)}" in text
        assert "Doe, Jane" in text
        assert RESEARCH_USE in text


NAMES = {
    "japanese": ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田 太郎, やまだ たろう"),
    "korean": ("Hong^Gildong=洪^吉洞=홍^길동", "洪 吉洞, 홍 길동"),
    "chinese": ("王^小明", "王, 小明"),
    "greek": ("Διονυσιος", "Διονυσιος"),
    "cyrillic": ("Люкceмбypг", "Люкceмбypг"),
    "vietnamese": ("Nguyễn^Thị Hồng", "Nguyễn, Thị Hồng"),
    "hebrew": ("שרון^דבורה", "שרון"),
    "arabic": ("قباني^لنزار", "قباني"),
    "turkish": ("Şahin^İğdır", "Şahin, İğdır"),
}


def test_a_patients_name_in_another_script_is_read_back(workspace, tmp_path):
    dicom_name, expected = NAMES["japanese"]
    made = reported_study(workspace, tmp_path, patient_name=dicom_name)
    made.sign()
    assert without_space(f"Yamada, Tarou ({expected})") in without_space(
        text_of(read(collect(workspace, made.study_uid)))
    )


def test_text_in_other_scripts_is_drawn_with_embedded_fonts_and_read_back(reported):
    reported.sign(WorkingText(findings="\n".join(map(name_text, dict(NAMES.values()))), impression="Clear."))
    reader = read(collect(reported.workspace, reported.study_uid))
    for _, expected in NAMES.values():
        assert without_space(expected) in without_space(text_of(reader))
    assert "�" not in text_of(reader)
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert len(fonts) == 4
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor
        assert "/ToUnicode" in font


def test_what_has_no_glyph_is_shown_as_such_said_and_kept_in_the_attached_text(reported):
    reported.sign(WorkingText(findings="Lung 🫁 สม end", impression="Clear."))
    document = collect(reported.workspace, reported.study_uid)
    reader = read(document)
    text = " ".join(text_of(reader).split())
    assert "Lung � �� end" in text
    assert MISSING_GLYPHS in text
    assert reader.attachments["report.txt"] == [to_text(document).encode()]


def test_a_font_is_read_only_for_a_text_that_needs_it():
    assert fallbacks_for("Größe ≥ 3 mm,\n\tα.") == {}
    assert list(fallbacks_for("山\n")) == ["droidfallback"]
    assert list(fallbacks_for("홍")) == ["nanum"]
    assert list(fallbacks_for("홍山")) == ["droidfallback", "nanum"]


def test_joiners_and_variation_selectors_without_a_glyph_are_not_shown_as_missing():
    assert drawable("a\u200bb\ufe0fc\U000e0001d").replace("\u200b", "").replace("\ufe0f", "") == "abcd"
    assert drawable("a\tb\r\nc\rd") == "a    b\nc\nd"


def test_the_same_version_gives_the_same_bytes_and_titles_name_no_patient(reported):
    reported.sign()
    document = collect(reported.workspace, reported.study_uid)
    content = to_pdf(document)
    assert content == to_pdf(document)
    assert "Doe" not in str(PdfReader(io.BytesIO(content)).metadata)
