from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.report_templates.fields import Field, find_fields, joined, number_text, use_defaults


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[clear]", Field(0, 7, "text", defaults=("clear",))),
        ("[no focal consolidation]", Field(0, 24, "text", defaults=("no focal consolidation",))),
        ("[? side]", Field(0, 8, "text", prompt="side")),
        ("[]", Field(0, 2, "text")),
        ("[ ___ ]", Field(0, 7, "text")),
        ("____", Field(0, 4, "text")),
        ("[a*|b|c]", Field(0, 8, "one", options=("a", "b", "c"), defaults=("a",))),
        ("[right|left]", Field(0, 12, "one", options=("right", "left"))),
        ("[T12|L1*]", Field(0, 9, "one", options=("T12", "L1"), defaults=("L1",))),
        ("[a*;b;c*]", Field(0, 9, "many", options=("a", "b", "c"), defaults=("a", "c"))),
        ("[# mL]", Field(0, 6, "number", prompt="number in mL", unit="mL")),
        ("[#]", Field(0, 3, "number", prompt="number")),
    ],
)
def test_a_field_is_read(text: str, field: Field) -> None:
    assert find_fields(text) == [field]
    assert find_fields(f"Before {text} after.")[0].kind == field.kind


@pytest.mark.parametrize(
    "text", ["4 mm [image 2]", "[3]", "a__b", "[unclosed", "closed]", "[two\nlines]", "[|]", "[;*]", ""]
)
def test_what_is_no_field_stays_text(text: str) -> None:
    assert find_fields(text) == []


def test_defaults_stand_in_for_the_fields_that_have_one() -> None:
    text = "Heart [normal*|large]. [No effusion]. Lobes: [upper*;middle;lower*]. Size [# mm], [? side]."
    assert use_defaults(text) == "Heart normal. No effusion. Lobes: upper and lower. Size [# mm], [? side]."
    assert [field.is_mandatory for field in find_fields(text)] == [False, False, False, True, True]


def test_choices_are_joined_as_words() -> None:
    assert [joined(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("typed", "text"),
    [("12", "12 mL"), ("1.5", "1.5 mL"), ("12 mL", "12 mL"), ("-3,5", "-3,5 mL"), ("many", None), ("", None)],
)
def test_a_number_gets_its_unit(typed: str, text: str | None) -> None:
    assert number_text(find_fields("[# mL]")[0], typed) == text


@given(st.text(alphabet="[]|;*#?_ ab1\n", max_size=40))
def test_any_text_has_fields_in_order_and_none_with_a_default_is_left(text: str) -> None:
    fields = find_fields(text)
    edges = [edge for field in fields for edge in (field.start, field.end)]
    assert edges == sorted(edges)
    assert all(text[field.start : field.end] for field in fields)
    assert sum(field.is_mandatory for field in fields) <= len(find_fields(use_defaults(text)))
