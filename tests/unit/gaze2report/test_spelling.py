from __future__ import annotations

import gzip
import json
import socket
from importlib import resources

import pytest

from gaze2report.spelling.speller import RADIOLOGY_WORDS, Speller, _english_frequencies, radiology_words


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller(own_words=("Wortwerk",))


def wrong(speller: Speller, text: str) -> list[str]:
    return [text[one.start : one.end] for one in speller.misspellings(text)]


def test_a_report_in_either_english_is_spelled_right(speller: Speller) -> None:
    text = (
        "The cardiomediastinal silhouette is unremarkable. Bibasilar atelectasis; no pneumothorax. Oedema, edema. "
        "Favoured over favored. The patient's right costophrenic angle is blunted.\n1. Hyperinflation, "
        "haemodynamically stable. PICC, CABG and NG tube. Seen by Dr Szczepanowska at 14:05 on T12 "
        "(see a.b@c.org). Wortwerk."
    )
    assert wrong(speller, text) == []


def test_misspelled_words_are_found_where_they_stand(speller: Speller) -> None:
    text = "😀 Small efusion. Teh opcity is cardiomediastnal."
    assert wrong(speller, text) == ["efusion", "Teh", "opcity", "cardiomediastnal"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("efusion", "effusion"), ("opcity", "opacity"), ("cardiomediastnal", "cardiomediastinal"),
     ("atelectsis", "atelectasis"), ("pnuemothorax", "pneumothorax"),
     ("costophrennic", "costophrenic"), ("Teh", "The"), ("granulomma", "granuloma")],
)  # fmt: skip
def test_what_was_meant_is_among_the_suggestions(speller: Speller, word: str, meant: str) -> None:
    assert meant in speller.suggestions(word)


def test_fields_abbreviations_names_and_numbers_are_left_alone(speller: Speller) -> None:
    assert wrong(speller, "Heart [nrmal*|larg]. XYZQ 3mmm, see Kowalczykowna. <prir date>") == []


def test_a_word_that_was_added_is_right(speller: Speller) -> None:
    assert wrong(speller, "a flurbish") == ["flurbish"]
    speller.add("Flurbish")
    assert wrong(speller, "a flurbish") == []


def test_the_list_of_radiology_is_words_in_small_letters() -> None:
    words = radiology_words()
    assert len(words) > 800
    assert all(word.isalpha() and word.islower() for word in words)
    assert RADIOLOGY_WORDS.stat().st_size < 50_000


def test_it_works_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the speller tried to reach the network")

    monkeypatch.setattr(socket, "socket", refuse)
    assert wrong(Speller(), "Clear lungs, no efusion.") == ["efusion"]


def test_the_whole_dictionary_is_read() -> None:
    with gzip.open(resources.files("spellchecker") / "resources" / "en.json.gz") as file:  # type: ignore[arg-type]
        assert _english_frequencies() == json.load(file)
