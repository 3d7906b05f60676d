"""Spelling: pyspellchecker's English dictionary, offline, and a list of radiology's words, British forms included."""

from __future__ import annotations

import difflib
import gzip
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

RADIOLOGY_WORDS = Path(__file__).parent / "radiology_words.txt"
SHORTEST_WORD = 3
MOST_SUGGESTIONS = 5
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_NOT_PROSE = re.compile(r"\[[^\[\]\n]*\]|\S*[\d@/\\]\S*|<[^<>\n]*>")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:]\s+|\n\s*|\d[.)]\s+)$")
_FREQUENCY = re.compile(r'"([^"\\]+)": ?(\d+)')
_SIMILAR = 0.78


class Misspelling(NamedTuple):
    """A word that is not known: its place in characters, and words it may have been meant for."""

    start: int
    end: int
    suggestions: tuple[str, ...]


class Speller:
    """Finds misspelled words. Making one reads the dictionary, which takes about a second.

    Parameters
    ----------
    own_words : iterable of str
        Words that the reader has said are right.
    """

    def __init__(self, own_words: Iterable[str] = ()) -> None:
        from spellchecker import SpellChecker

        self._english = SpellChecker(language=None, distance=1)
        self._english.word_frequency.load_json(_english_frequencies())
        self._radiology = radiology_words()
        self._own = {word.lower() for word in own_words}
        self._suggestions = lru_cache(maxsize=2000)(self._find_suggestions)

    def knows(self, word: str) -> bool:
        """Whether a word is spelled right."""
        plain = word.lower().replace("\u2019", "'").removesuffix("'s")
        return plain in self._own or plain in self._radiology or plain in self._english.word_frequency

    def add(self, word: str) -> None:
        """Take a word for right from now on."""
        self._own.add(word.lower())

    def misspellings(self, text: str) -> list[Misspelling]:
        """Words of a text that are not known.

        Left alone are short words, abbreviations in capitals, names (a capital inside a sentence), what has a digit,
        and the fields of a template.
        """
        prose = _NOT_PROSE.sub(lambda match: " " * len(match.group()), text)
        found = []
        for match in _WORD.finditer(prose):
            word = match.group()
            if len(word) < SHORTEST_WORD or word.isupper() or self.knows(word):
                continue
            if word[0].isupper() and not _SENTENCE_BEGINS.search(prose[max(0, match.start() - 4) : match.start()]):
                continue
            found.append(Misspelling(match.start(), match.end(), self.suggestions(word)))
        return found

    def suggestions(self, word: str) -> tuple[str, ...]:
        """Words that a misspelled one may have been meant for, the likeliest first, capitalised like it."""
        found = self._suggestions(word.lower())
        return tuple(one.capitalize() for one in found) if word[0].isupper() else found

    def _find_suggestions(self, word: str) -> tuple[str, ...]:
        near = {one for one in self._english.edit_distance_1(word) if one in self._radiology}
        frequency = self._english.word_frequency
        english = [one for one in self._english.candidates(word) or () if one != word]
        english.sort(key=lambda one: -frequency[one])
        similar = difflib.get_close_matches(word, self._radiology, n=MOST_SUGGESTIONS, cutoff=_SIMILAR)
        return tuple(dict.fromkeys([*sorted(near), *english, *similar]))[:MOST_SUGGESTIONS]


def _english_frequencies() -> dict[str, int]:
    """Pyspellchecker's dictionary: a word and how frequent it is.

    Read word by word: ``json.loads`` of it would not let go of the interpreter's lock for a third of a second on a busy
    machine, and the window would stand still as long.
    """
    content = (resources.files("spellchecker") / "resources" / "en.json.gz").read_bytes()
    text = gzip.decompress(content).decode("utf-8")
    return {match[1]: int(match[2]) for match in _FREQUENCY.finditer(text)}


@lru_cache(maxsize=1)
def radiology_words() -> frozenset[str]:
    """The list of radiology's words."""
    lines = RADIOLOGY_WORDS.read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
