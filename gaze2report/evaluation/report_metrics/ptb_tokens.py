"""Words of a report as the Penn Treebank rules part them, without Java."""

from __future__ import annotations

import re

PUNCTUATION = frozenset(
    ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"]
)
"""Tokens that the coco-caption protocol drops; the words are lower case by then, so brackets ("-lrb-") stay."""

_ABBREVIATIONS = (
    "a.m", "p.m", "mr", "mrs", "ms", "dr", "drs", "prof", "st", "jr", "sr", "vs", "etc", "al", "tel", "inc", "co",
    "corp", "ltd", "mt", "ave", "gov", "sen", "rep", "gen", "col", "lt", "sgt", "capt", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "ph.d", "ct",
)  # fmt: skip
_TOKEN = re.compile(
    rf"""
      (?:{"|".join(re.escape(word) for word in sorted(_ABBREVIATIONS, key=len, reverse=True))})\.(?![a-z0-9])
    | (?:[a-z]\.){{2,}}                                   # m.d.
    | (?<![a-z0-9'-])[a-z]\.(?=\s+[a-z0-9])               # an initial, but not the end of the text
    | [+-]?\d+(?:[.,:]\d+)*(?:[a-z]+\d*)?(?:[-/]\d+(?:[.,:]\d+)*[a-z]*)*(?:-[a-z]+)*   # 4.5, 3/4/2010, 4:45, 2pm, 3-mm
    | \.\d+                                                # .6
    | :\d\d(?!\d)                                          # a time whose hours were taken out
    | (?:ca(?=n't\b)|can(?=not\b)|[a-z]+(?=n't\b))         # can't, cannot, isn't
    | n't\b|'(?:s|m|d|re|ve|ll)\b
    | [a-z0-9]+(?:[.&/@-][a-z0-9]+|'(?!(?:s|m|d|re|ve|ll)\b)[a-z]+)*   # right-sided, and/or
    | _+ | \*{{2,}} | \.{{2,}} | -{{2,}} | \S
    """,
    re.VERBOSE,
)
_WRITTEN = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-", "..": "..."}


def ptb_tokens(text: str) -> list[str]:
    """Part a text into lower-case Penn Treebank tokens, punctuation among them.

    Follows Stanford's PTBTokenizer 3.4.1 (``-lowerCase``) as far as chest reports need it; it is not that program.

    Parameters
    ----------
    text : str
        Any text; a line break is a space.

    Returns
    -------
    list of str
        Tokens, among them the punctuation that `PUNCTUATION` names.
    """
    tokens: list[str] = []
    is_open = False
    for match in _TOKEN.finditer(text.lower().replace("’", "'")):
        token = match.group()
        if token == '"':
            is_open = not is_open
            token = "``" if is_open else "''"
        tokens.append(_WRITTEN.get(token, token))
    return tokens
