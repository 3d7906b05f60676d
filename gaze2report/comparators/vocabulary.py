"""Reports as token numbers for decoders that are trained from scratch.

The tokens are those of the language model's own tokenizer, but only the ones that the training reports hold: of 49,152
tokens a few hundred reports use some hundreds, and a softmax over the rest would learn nothing but to avoid them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from gaze2report.report_text import split_report
from gaze2report.types import Report

BEGIN, END, UNKNOWN = 0, 1, 2
IGNORED_LABEL = -100
_FIRST_TOKEN = 3


def report_as_written(report: Report) -> str:
    """A report in the form in which every comparator writes it; `split_report` takes it apart again."""
    return f" {report.findings.strip()}\nImpression: {report.impression.strip()}"


class ReportVocabulary:
    """Tokens of the training reports, numbered from 3 on; 0 begins a report (and pads), 1 ends it, 2 is unknown.

    Parameters
    ----------
    tokenizer
        A Hugging Face tokenizer.
    reports : iterable of Report
        Of the training split only.
    max_tokens : int
        Longest report in tokens, its end included.
    """

    def __init__(self, tokenizer: Any, reports: Iterable[Report], max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens
        used = sorted({token for report in reports for token in self._tokens_of(report)})
        self._number_of = {token: number for number, token in enumerate(used, start=_FIRST_TOKEN)}
        self._token_of = dict(zip(self._number_of.values(), self._number_of.keys(), strict=True))

    def __len__(self) -> int:
        return len(self._number_of) + _FIRST_TOKEN

    def encode(self, report: Report) -> list[int]:
        """Numbers of a report's tokens and ``END``, at most ``max_tokens``."""
        numbers = [self._number_of.get(token, UNKNOWN) for token in self._tokens_of(report)]
        return [*numbers[: self.max_tokens - 1], END]

    def decode(self, numbers: Sequence[int]) -> Report:
        """Report of token numbers; what is no token of a report is left out."""
        tokens = [self._token_of[number] for number in numbers if number in self._token_of]
        return split_report(str(self._tokenizer.decode(tokens, skip_special_tokens=True)))

    def _tokens_of(self, report: Report) -> list[int]:
        tokens: list[int] = self._tokenizer(report_as_written(report), add_special_tokens=False).input_ids
        return tokens


def teacher_forcing(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Inputs and targets (B, T) of encoded reports: each token is asked for after those before it."""
    longest = max(len(row) for row in rows)
    inputs = torch.full((len(rows), longest), BEGIN)
    targets = torch.full((len(rows), longest), IGNORED_LABEL)
    for number, row in enumerate(rows):
        inputs[number, 1 : len(row)] = torch.tensor(row[:-1], dtype=torch.long)
        targets[number, : len(row)] = torch.tensor(row, dtype=torch.long)
    return inputs, targets
