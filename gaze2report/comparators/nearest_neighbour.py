"""Retrieval: the report of the training film that looks most alike to the shared encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gaze2report.comparators.comparator import (
    Comparator,
    EncodedFilm,
    FitSummary,
    Ingredients,
    ParameterCount,
    ReportCase,
)
from gaze2report.types import Report


class NearestNeighbour:
    """Copies the report of the training film with the largest cosine between mean patch features.

    The mean over the training films is taken off first: without it all films of one kind have a cosine close to 1.
    """

    def __init__(self) -> None:
        self._mean = torch.zeros(0)
        self._films = torch.zeros(0, 0)
        self._reports: list[Report] = []

    def fit(
        self, training: Sequence[ReportCase], validation: Sequence[ReportCase], on_log: Callable[[str], None]
    ) -> FitSummary:
        """Keep the training films; the validation cases are not retrieved from."""
        pooled = torch.stack([case.film.features.float().mean(dim=0) for case in training])  # (cases, D)
        self._mean = pooled.mean(dim=0)
        self._films = F.normalize(pooled - self._mean, dim=-1)
        self._reports = [case.report for case in training]
        return FitSummary()

    def similarities(self, film: EncodedFilm) -> Tensor:
        """Cosine of a film with each training film, shape (cases,)."""
        return self._films @ F.normalize(film.features.float().mean(dim=0) - self._mean, dim=-1)

    def generate(self, film: EncodedFilm) -> Report:
        """Copy the most similar film's report; of equally similar ones the first."""
        return self._reports[int(self.similarities(film).argmax())]

    def parameters(self) -> ParameterCount:
        """None: it keeps films, not weights."""
        return ParameterCount(0, 0)


def build(ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
    """Build it; it has no settings."""
    if settings:
        raise ValueError("retrieval has no settings")
    return NearestNeighbour()
