"""Named protocols of preparing texts: a score without its protocol compares with nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gaze2report.evaluation.report_metrics.ptb_tokens import PUNCTUATION, ptb_tokens


@dataclass(frozen=True)
class Protocol:
    """How texts become words before they are compared.

    Attributes
    ----------
    name : str
        What a table states.
    description : str
        One sentence for a table's foot.
    words : callable
        Text to words.
    """

    name: str
    description: str
    words: Callable[[str], list[str]]


def _coco_words(text: str) -> list[str]:
    return [token for token in ptb_tokens(text) if token not in PUNCTUATION]


_NUMBERED = tuple(f". {number}. " for number in range(2, 6)) + tuple(f" {number}. " for number in range(2, 6))
_NOT_KEPT = re.compile(r"[.,?;*!%^&_+():<=>@\[\]{}\"/\\']")


def _r2gen_words(text: str) -> list[str]:
    text = re.sub(r"\.{2,}", ".", re.sub(r" {2,}", " ", text.replace("\n", " "))).replace("1. ", "")
    for number in _NUMBERED:
        text = text.replace(number, ". ")
    sentences = (_NOT_KEPT.sub("", sentence.strip()) for sentence in text.strip().lower().split(". "))
    return (" . ".join(sentences) + " .").split()


COCO = Protocol(
    "coco",
    "coco-caption: lower-case Penn Treebank words without punctuation (our own tokenizer after Stanford's 3.4.1).",
    _coco_words,
)
R2GEN = Protocol(
    "r2gen",
    "R2Gen: its cleaning of MIMIC-CXR reports on both sides, words parted at spaces, full stops counted as words; "
    "references are whole, where R2GenGPT cuts them to 100 tokens.",
    _r2gen_words,
)
PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in (COCO, R2GEN)}


def words(texts: list[str] | tuple[str, ...], protocol: Protocol) -> list[list[str]]:
    """Words of each text under a protocol."""
    return [protocol.words(text) for text in texts]
