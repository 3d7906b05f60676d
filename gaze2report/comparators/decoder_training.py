"""Training of decoders that start from scratch (Show-Attend-Tell, R2Gen): one loop for both, early stop, best weights.

Notation used for tensor shapes: B batch, N patches, D feature width, T report tokens, V vocabulary.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from gaze2report.comparators.comparator import EncodedFilm, FitSummary, ParameterCount, ReportCase, count_parameters
from gaze2report.comparators.vocabulary import ReportVocabulary, teacher_forcing
from gaze2report.types import Report


@dataclass(frozen=True)
class DecoderTraining:
    """Settings of the loop."""

    epochs: int = 30
    batch_size: int = 16
    lr: float = 1e-3
    weight_decay: float = 1e-4
    patience: int = 4
    """Epochs without a better validation loss after which the training stops."""


class ReportDecoder(Protocol):
    """A module that writes token numbers from patch features."""

    def loss(self, features: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Training loss of features (B, N, D) and teacher-forced tokens (B, T)."""
        ...

    def cross_entropy(self, features: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the tokens, without regularisation."""
        ...

    def write(self, features: Tensor, max_tokens: int) -> list[int]:
        """Write greedily from features (1, N, D) until the report ends."""
        ...


class ScratchDecoder:
    """A comparator around a decoder that is made once the vocabulary is known.

    Parameters
    ----------
    make : callable
        Vocabulary size to decoder module, which keeps `ReportDecoder`.
    """

    def __init__(
        self, make: Callable[[int], nn.Module], settings: DecoderTraining, tokenizer: object, max_tokens: int, seed: int
    ) -> None:
        self._make, self._settings, self._seed = make, settings, seed
        self._tokenizer, self._max_tokens = tokenizer, max_tokens
        self.decoder: nn.Module = nn.Identity()
        self.vocabulary: ReportVocabulary | None = None

    def fit(
        self, training: Sequence[ReportCase], validation: Sequence[ReportCase], on_log: Callable[[str], None]
    ) -> FitSummary:
        """Train with AdamW until the validation loss stops falling; the best weights are kept."""
        self.vocabulary = ReportVocabulary(self._tokenizer, [case.report for case in training], self._max_tokens)
        torch.manual_seed(self._seed)
        self.decoder = self._make(len(self.vocabulary))
        return train_decoder(self.decoder, self.vocabulary, training, validation, self._settings, self._seed, on_log)

    def generate(self, film: EncodedFilm) -> Report:
        """Write greedily."""
        if self.vocabulary is None:
            raise RuntimeError("a comparator writes nothing before it was fitted")
        with torch.inference_mode():
            decoder: ReportDecoder = self.decoder  # type: ignore[assignment]
            numbers = decoder.write(film.features.float()[None], self._max_tokens)
        return self.vocabulary.decode(numbers)

    def parameters(self) -> ParameterCount:
        """All of them are trained."""
        return count_parameters(self.decoder)


def train_decoder(
    module: nn.Module,
    vocabulary: ReportVocabulary,
    training: Sequence[ReportCase],
    validation: Sequence[ReportCase],
    settings: DecoderTraining,
    seed: int,
    on_log: Callable[[str], None],
) -> FitSummary:
    """Train a decoder in place and leave it with the weights of the lowest validation loss, in eval mode."""
    decoder: ReportDecoder = module  # type: ignore[assignment]
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(module.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    best, best_state, waited, steps = float("inf"), copy.deepcopy(module.state_dict()), 0, 0
    for epoch in range(1, settings.epochs + 1):
        module.train()
        order = rng.permutation(len(training))
        for start in range(0, len(order), settings.batch_size):
            cases = [training[int(row)] for row in order[start : start + settings.batch_size]]
            loss = decoder.loss(*as_batch(cases, vocabulary))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(module.parameters(), 5.0)
            optimizer.step()
            steps += 1
        module.eval()
        found = validation_loss(decoder, vocabulary, validation, settings.batch_size)
        on_log(f"  epoch {epoch}: validation loss {found:.4f} after {steps} steps")
        if found < best:
            best, best_state, waited = found, copy.deepcopy(module.state_dict()), 0
            continue
        waited += 1
        if waited >= settings.patience:
            break
    module.load_state_dict(best_state)
    module.eval()
    return FitSummary(steps, best)


@torch.no_grad()
def validation_loss(
    decoder: ReportDecoder, vocabulary: ReportVocabulary, cases: Sequence[ReportCase], batch_size: int
) -> float:
    """Mean cross-entropy of a token over all cases."""
    total, tokens = 0.0, 0
    for start in range(0, len(cases), batch_size):
        features, inputs, targets = as_batch(cases[start : start + batch_size], vocabulary)
        number = int((targets >= 0).sum())
        total += float(decoder.cross_entropy(features, inputs, targets)) * number
        tokens += number
    return total / tokens


def as_batch(cases: Sequence[ReportCase], vocabulary: ReportVocabulary) -> tuple[Tensor, Tensor, Tensor]:
    """Features (B, N, D), inputs (B, T) and targets (B, T)."""
    features = torch.stack([case.film.features.float() for case in cases])
    return features, *teacher_forcing([vocabulary.encode(case.report) for case in cases])
