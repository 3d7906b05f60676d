from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import TEXT_SECTIONS
from gaze2report.report_templates import library
from gaze2report.report_templates.fields import find_fields
from gaze2report.report_templates.merge import MergeData, expand
from gaze2report.report_templates.template import Template, TemplateFault, parse, to_text

GOOD = """name: Test
kind: template
sex: F
age: 18-64
---
FINDINGS:
Heart [normal*|large]. {only for the writer}

Second paragraph.
IMPRESSION:
[? main finding]
"""


def test_a_template_is_read() -> None:
    template = parse(GOOD, TEXT_SECTIONS)
    assert template == Template(
        "Test",
        (
            ("findings", "Heart [normal*|large]. {only for the writer}\n\nSecond paragraph."),
            ("impression", "[? main finding]"),
        ),
        sex="F",
        least_age_years=18,
        most_age_years=64,
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line of dashes"),
        ("name: A\nFINDINGS:\nx", "line 2: 'FINDINGS:' is none of name:"),
        ("kind: template\n---\nFINDINGS:\nx", 'no "name:" line'),
        ("name: A\n---\n", "no text"),
        ("name: A\n---\nHello.", "line 3: text before the first section"),
        ("name: A\n---\nHISTORY:\nx", "line 3: there is no section HISTORY; there are INDICATION"),
        ("name: A\n---\nFINDINGS:\nx\nFINDINGS:\ny", "line 5: the section FINDINGS is there twice"),
        ("name: A\n---\nFINDINGS:\nA [b.", "line 4: a [ is not closed"),
        ("name: A\n---\nFINDINGS:\nA b].", "line 4: [ and ] do not belong together"),
        ("name: A\n---\nFINDINGS:\n[a [b] c]", "line 4: [ and ] do not belong"),
        ("name: A\nkind: program\n---\nFINDINGS:\nx", "kind: is one of template, macro"),
        ("name: A\nkind: macro\nshortcut: a\n---\nx", "shortcut 'a' is not 2 to 20 letters"),
        ("name: A\nkind: macro\n---\nx", "shortcut '' is not"),
        ("name: A\nage: old\n---\nFINDINGS:\nx", "age: is a range of years"),
        ("name: A\nage: 60-20\n---\nFINDINGS:\nx", "ends before it begins"),
        ("name: A\nsex: X\n---\nFINDINGS:\nx", "sex: is one of F, M"),
        ("x" * 70_000, "at most 64000"),
    ],
)
def test_a_bad_template_is_refused_with_its_line(content: str, sentence: str) -> None:
    with pytest.raises(TemplateFault) as refusal:
        parse(content, TEXT_SECTIONS)
    assert sentence in str(refusal.value)


@given(st.text(alphabet="[]{}|*#:- \nabFINDGS<>age", max_size=120))
def test_any_text_is_a_template_or_a_sentence(body: str) -> None:
    try:
        template = parse(f"name: A\n---\n{body}", TEXT_SECTIONS)
    except TemplateFault:
        return
    assert parse(to_text(template), TEXT_SECTIONS) == template


def test_merge_fields_are_filled_and_what_is_not_known_is_asked_for() -> None:
    text = "<age> year old <sex>, <date>. {hint} Prior: <prior date>, <prior studies>. <measurements> [side] x < 5."
    known = MergeData("F", 64.4, "20240301", ("20230102", "20210405"), "CTR 0.48.")
    assert expand(text, known) == (
        "64 year old female, 2024-03-01. Prior: 2023-01-02, 2023-01-02, 2021-04-05. CTR 0.48. [side] x < 5."
    )
    assert expand("<age> <prior studies>", MergeData(prior_dates=())) == "[? age] None available."
    assert [field.prompt for field in find_fields(expand("<age> <prior date>", MergeData()))] == ["age", "prior date"]


@pytest.mark.parametrize(
    ("sex", "age", "suits"),
    [
        ("F", 18, True),
        ("F", 64.9, True),
        ("F", 65, False),
        ("F", 17.9, False),
        ("M", 30, False),
        ("", None, True),
        ("O", 30, True),
    ],
)
def test_a_template_is_for_the_patients_it_says(sex: str, age: float | None, suits: bool) -> None:
    assert parse(GOOD, TEXT_SECTIONS).suits(sex, age) == suits


def test_the_templates_that_come_with_the_program_can_all_be_used() -> None:
    found = library.load(None, TEXT_SECTIONS)
    assert found.faults == ()
    assert len(found.templates) == len(list(library.BUILT_IN.glob("*.txt"))) >= 10
    assert found.offered("report", "F", 50)[0].name == "Chest, PA and lateral"
    assert found.offered("report", "F", 7)[0].name == "Chest, child"
    assert [one.is_default for one in found.offered("addendum", "F", 50)] == [True]
    shortcuts = [(one.shortcut, one.use) for one in found.templates if one.kind == "macro"]
    assert len(set(shortcuts)) == len(shortcuts)


def test_a_macro_with_a_condition_goes_before_one_without() -> None:
    common, women = (
        Template(name, (("", name),), "macro", "abc", sex=sex) for name, sex in (("all", ""), ("women", "F"))
    )
    addendum = Template("addendum", (("", "x"),), "macro", "abc", use="addendum")
    found = library.Library((common, women, addendum))
    assert [found.macro("ABC", "report", sex, 40) for sex in ("F", "M")] == [women, common]
    assert found.macro("abc", "addendum", "M", 40) == addendum
    assert found.macro("ab", "report", "F", 40) is None


def test_a_workspaces_own_template_goes_before_the_programs_and_a_bad_file_costs_only_itself(tmp_path: Path) -> None:
    own = Template("Normal chest", (("", "Mine."),), "macro", "ncx")
    path = library.keep(tmp_path / "templates", own, TEXT_SECTIONS)
    (tmp_path / "templates" / "bad.txt").write_text("name: Bad\n---\nNOWHERE:\nx")
    (tmp_path / "templates" / "binary.txt").write_bytes(b"\xff\xfe\x00x")
    (tmp_path / "templates" / "merge.txt").write_text("name: M\n---\nFINDINGS:\n<salary>")
    found = library.load(tmp_path / "templates", TEXT_SECTIONS)
    assert found.macro("ncx", "report", "F", 40) == own
    assert sorted(fault.split(":")[0] for fault in found.faults) == ["bad.txt", "binary.txt", "merge.txt"]
    assert found.own == {"Normal chest": path}
    library.remove(path)
    assert library.load(tmp_path / "templates", TEXT_SECTIONS).macro("ncx", "report", "F", 40).text != "Mine."


def test_names_make_safe_file_names(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "Thorax (ä/ö) *", "..."):
        path = library.keep(tmp_path / "t", Template(name, (("findings", "x"),)), TEXT_SECTIONS)
        assert path.parent == tmp_path / "t"
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == [
        "etc-passwd.txt",
        "template.txt",
        "thorax-a-o.txt",
    ]


def test_a_text_that_would_be_read_otherwise_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match="would not be read again"):
        library.keep(tmp_path, Template("A", (("findings", "x\nIMPRESSION:\ny"),)), TEXT_SECTIONS)
    assert list(tmp_path.iterdir()) == []
