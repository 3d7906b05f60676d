"""The message lines: round trips, lines in pieces, limits, and what is refused."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaze2report import messages
from gaze2report.messages import MAX_LINE_BYTES, PROTOCOL_VERSION, BadMessage, LineBuffer, Message, decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(TEXT.filter(lambda key: key not in {"v", "kind", "id"}), JSON_VALUES, max_size=5)
MESSAGES = st.builds(Message, kind=TEXT.filter(bool), id=TEXT, body=BODIES)


@settings(max_examples=50)
@given(MESSAGES)
def test_a_message_survives_the_line(message):
    assert decode(encode(message)) == message


@settings(max_examples=50)
@given(MESSAGES)
def test_a_message_is_one_line_whatever_text_it_carries(message):
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


@settings(max_examples=40)
@given(st.lists(MESSAGES, max_size=4), st.data())
def test_lines_come_out_whole_however_the_pipe_cuts_them(sent, data):
    stream = b"".join(encode(message) for message in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    buffer = LineBuffer()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += [decode(line) for line in buffer.feed(stream[start:end])]
    assert received == sent


def test_a_line_cut_inside_a_character_comes_out_whole():
    line = encode(Message("text", "1", {"text": "Größe 1 µm ✓"}))
    buffer = LineBuffer()
    received = [decode(whole) for byte in line for whole in buffer.feed(bytes([byte]))]
    assert received == [Message("text", "1", {"text": "Größe 1 µm ✓"})]


def test_blank_lines_are_passed_over():
    assert list(LineBuffer().feed(b"\n  \n{}\n")) == [b"{}"]


def test_an_unfinished_line_waits():
    buffer = LineBuffer()
    assert list(buffer.feed(b'{"v": 1')) == []
    assert list(buffer.feed(b"}\n")) == [b'{"v": 1}']


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_bad_message(line):
    try:
        decoded = decode(line)
    except BadMessage:
        return
    assert isinstance(decoded, Message)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="not_json"),
        pytest.param(b"\xff\xfe", id="not_utf8"),
        pytest.param(b"[1]", id="a_list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"kind": "draft"}', id="no_version"),
        pytest.param(b'{"v": 2, "kind": "draft"}', id="newer_version"),
        pytest.param(b'{"v": "1", "kind": "draft"}', id="version_as_text"),
        pytest.param(b'{"v": 1}', id="no_kind"),
        pytest.param(b'{"v": 1, "kind": ""}', id="empty_kind"),
        pytest.param(b'{"v": 1, "kind": 3}', id="kind_not_text"),
        pytest.param(b'{"v": 1, "kind": "draft", "id": 7}', id="id_not_text"),
        pytest.param(b'{"v": 1, "kind": "draft", "p": NaN}', id="not_a_number"),
        pytest.param(b'{"v": 1, "kind": "draft", "p": ' + b"9" * 5000 + b"}", id="number_of_5000_digits"),
        pytest.param(b"[" * 100_000, id="nested_too_deep"),
        pytest.param("\ud800", id="lone_surrogate"),
    ],
)
def test_what_is_not_a_message_is_refused_with_a_sentence(line):
    with pytest.raises(BadMessage) as caught:
        decode(line)
    assert len(str(caught.value)) > 10


def test_the_refusal_of_another_version_says_what_to_do():
    with pytest.raises(BadMessage, match="both sides must be of one release"):
        decode(json.dumps({"v": PROTOCOL_VERSION + 1, "kind": "ready"}))


def test_a_text_line_is_read_as_bytes_are():
    assert decode('{"v": 1, "kind": "ready"}') == Message("ready")


@pytest.mark.parametrize("key", ["v", "kind", "id"])
def test_a_body_may_not_use_a_reserved_key(key):
    with pytest.raises(BadMessage, match=key):
        encode(Message("draft", "1", {key: "x"}))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_refused_when_written(value):
    with pytest.raises(BadMessage):
        encode(Message("observations", "1", {"probability": value}))


def test_a_message_over_the_limit_is_refused_when_written():
    with pytest.raises(BadMessage, match="limit"):
        encode(Message("text", "1", {"text": "x" * MAX_LINE_BYTES}))


def test_a_line_over_the_limit_is_refused_when_read():
    with pytest.raises(BadMessage, match="limit"):
        decode(b" " * (MAX_LINE_BYTES + 1))


def test_a_stream_without_line_ends_is_refused_and_its_memory_given_back(monkeypatch):
    monkeypatch.setattr(messages, "MAX_LINE_BYTES", 100)
    buffer = LineBuffer()
    with pytest.raises(BadMessage, match="line end"):
        list(buffer.feed(b"x" * 101))
    assert list(buffer.feed(b"{}\n")) == [b"{}"]
