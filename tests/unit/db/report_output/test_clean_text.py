from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.report_output.clean_text import REPLACEMENT, clean, count_forbidden, one_line

ANY_TEXT = st.text(st.characters())  # all code points, halves of surrogate pairs included


@given(ANY_TEXT)
def test_cleaned_text_can_be_held_by_xml_and_utf8_and_keeps_every_position(text):
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert all(new in (old, REPLACEMENT) for old, new in zip(text, cleaned, strict=True))
    held = ET.fromstring(f"<p>{escape(cleaned)}</p>".encode()).text or ""
    assert held == cleaned.replace("\r\n", "\n").replace("\r", "\n")  # XML 1.0, 2.11
    assert count_forbidden(cleaned) == 0


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x0c", "\x7f", "\x85", "\u202e", "\ufffe"])
def test_what_some_format_forbids_is_replaced_and_counted(char):
    assert clean(f"a{char}b") == f"a{REPLACEMENT}b"
    assert count_forbidden(f"a{char}b{char}") == 2


@pytest.mark.parametrize("text", ["tab\tline\nline\r\n", "🫁 𝒳", "é e\u0301", "فاطمة \u200fx\u200c", "\\ ^ = &<>"])
def test_what_readers_write_stays(text):
    assert clean(text) == text


def test_a_name_is_put_on_one_line_and_cut_without_tearing_an_accent_off():
    assert one_line(" a\r\n\tb ") == "a b"
    assert one_line("x" * 65, 64) == "x" * 64
    assert one_line("x" * 63 + "e\u0301" + "yz", 64) == "x" * 63
    assert one_line("x" * 64, 64) == "x" * 64
