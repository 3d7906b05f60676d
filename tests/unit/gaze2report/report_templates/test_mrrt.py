"""Templates in the HTML of IHE MRRT, as RadReport.org gives them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaze2report.report_templates.fields import find_fields
from gaze2report.report_templates.mrrt import from_html, read_mrrt
from gaze2report.report_templates.template import TemplateFault, parse, to_text

SECTIONS = ("indication", "technique", "comparison", "findings", "impression", "recommendation")

CHEST = """<!DOCTYPE html>
<html><head><title>Chest
 radiograph</title><meta name="dcterms.publisher" content="made for this test">
<script type="text/xml"><template_attributes><status>ACTIVE</status></template_attributes></script>
<style>p {color: red}</style></head>
<body>
<section class="level1" data-section-name="Procedure Information"><header class="level1">Procedure Information</header>
  <p><label for="v">Views</label>: <select id="v" data-field-type="SELECTION_LIST">
  <option value="1" selected>PA</option><option value="2">PA &amp; lateral</option></select></p></section>
<section class="level1" data-section-name="Clinical information"><header>Clinical information</header>
  <p><textarea data-field-type="TEXT"></textarea></p></section>
<section class="level1" data-section-name="FINDINGS"><header>FINDINGS</header>
  <section class="level2" data-section-name="Lungs"><header>LUNGS:</header>
    <p><input type="text" data-field-type="TEXT" value="Clear"> <input type="text" name="note"></p>
    <p>Nodule <input type="number" data-field-units="mm"> in <input type="radio" name="s" value="right">
    <input type="radio" name="s" value="left" checked>lung</p>
    <p><input type="checkbox" value="calcified" checked><input type="checkbox" value="spiculated"></p>
  </section></section>
<section data-section-name="Quality"><p>Rotated [slightly]</p></section>
<section data-section-name="Impression"><header>Impression</header>
  <p><textarea>No acute disease; see 2 above</textarea></p></section>
<script>document.write("<p>hostile</p>")</script>
</body></html>"""


def test_sections_and_fields_become_those_of_a_template() -> None:
    made = from_html(CHEST, SECTIONS)
    assert made.template.name == "Chest radiograph"
    assert made.template.sections == (
        ("indication", "[]"),
        ("technique", "Views: [PA*|PA & lateral]"),
        (
            "findings",
            "Lungs:\n[Clear] [? note]\nNodule [# mm] in [right|left*] lung\n[calcified*;spiculated]\n"
            "Quality:\nRotated (slightly)",
        ),
        ("impression", "No acute disease see 2 above"),
    )
    assert made.notes == ('The section "Quality" stands in the findings: a report here has no section of its name.',)
    kinds = [one.kind for _, text in made.template.sections for one in find_fields(text)]
    assert kinds == ["text", "one", "text", "text", "number", "one", "many"]


def test_what_was_imported_is_kept_as_any_other_template() -> None:
    template = from_html(CHEST, SECTIONS).template
    assert parse(to_text(template), SECTIONS) == template


def test_scripts_styles_and_head_never_reach_the_text() -> None:
    text = to_text(from_html(CHEST, SECTIONS).template)
    assert not any(word in text for word in ("hostile", "ACTIVE", "color", "made for this test"))


@pytest.mark.parametrize("html", ["", "<html><body></body></html>", "<script>alert(1)</script>", "\x00\x01"])
def test_a_file_without_sections_is_a_sentence(html: str) -> None:
    with pytest.raises(TemplateFault, match="no section with text or fields"):
        from_html(html, SECTIONS)


def test_a_file_that_is_no_text_or_too_long_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(b"\xff\xfe\x00<")
    with pytest.raises(TemplateFault, match="UTF-8"):
        read_mrrt(path, SECTIONS)
    path.write_bytes(b"<p>" + b"a" * 5_000_000)
    with pytest.raises(TemplateFault, match="MiB"):
        read_mrrt(path, SECTIONS)


_PIECES = st.sampled_from(
    """<section data-section-name='Findings'> </section> <p> </p> <select> <option> </select> <textarea> </textarea>
    <input&type=radio&name=a&value='x|y'> <input&value='[3]'> <label> </label> FINDINGS: IMPRESSION: [ ] { } ---
    <script> </script> a &#91;2&#93; &lt;age&gt; <!--""".replace("<section ", "<section&").split()
).map(lambda piece: piece.replace("&", " ") if piece.startswith("<") else f"{piece}\n")


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=25).map("".join))
def test_any_html_is_a_template_that_can_be_kept_or_a_sentence(html: str) -> None:
    try:
        made = from_html(html, SECTIONS)
    except TemplateFault:
        return
    assert parse(to_text(made.template), SECTIONS) == made.template
