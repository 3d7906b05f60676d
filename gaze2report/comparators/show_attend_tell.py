"""Show, Attend and Tell (Xu et al., ICML 2015): an LSTM that looks at the patches anew before each word.

Soft attention with the paper's gate and doubly stochastic penalty, after its equations.

Notation used for tensor shapes: B batch, N patches, D feature width, T report tokens, V vocabulary, W decoder width.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaze2report.comparators.comparator import Comparator, Ingredients
from gaze2report.comparators.decoder_training import DecoderTraining, ScratchDecoder
from gaze2report.comparators.vocabulary import BEGIN, END, IGNORED_LABEL
from gaze2report.config import from_plain


@dataclass(frozen=True)
class ShowAttendTellSettings:
    """Sizes, and the weight of the penalty for patches that are looked at too much or never."""

    width: int = 256
    dropout: float = 0.3
    attention_penalty: float = 1.0
    training: DecoderTraining = field(default_factory=DecoderTraining)


class ShowAttendTell(nn.Module):
    """The decoder.

    Parameters
    ----------
    feature_width, vocabulary_size, width : int
        D, V, W; embedding, state and attention have the same width here.
    attention_penalty : float
        lambda of the paper's equation 14.
    """

    def __init__(
        self, feature_width: int, vocabulary_size: int, width: int, dropout: float, attention_penalty: float
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary_size, width)
        self.start_hidden, self.start_cell = nn.Linear(feature_width, width), nn.Linear(feature_width, width)
        self.attend_patch = nn.Linear(feature_width, width)
        self.attend_hidden = nn.Linear(width, width, bias=False)
        self.attend_score = nn.Linear(width, 1, bias=False)
        self.gate = nn.Linear(width, 1)
        self.cell = nn.LSTMCell(width + feature_width, width)
        self.from_context = nn.Linear(feature_width, width)
        self.from_hidden = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear(width, vocabulary_size)
        self.attention_penalty = attention_penalty

    def start(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden state and cell (B, W) before the first word, from the mean patch."""
        mean = features.mean(dim=1)
        return self.start_hidden(mean).tanh(), self.start_cell(mean).tanh()

    def attention(self, patches: Tensor, hidden: Tensor) -> Tensor:
        """Weights (B, N) that sum to 1, of projected patches (B, N, W) and hidden state (B, W)."""
        scores = self.attend_score((patches + self.attend_hidden(hidden)[:, None]).tanh()).squeeze(-1)
        return torch.as_tensor(scores.softmax(dim=-1))

    def step(
        self, features: Tensor, patches: Tensor, word: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """One word: logits (B, V) of the next one, attention (B, N), new state."""
        weights = self.attention(patches, state[0])
        context = (weights[..., None] * features).sum(dim=1) * self.gate(state[0]).sigmoid()  # (B, D)
        embedded = self.embed(word)
        state = self.cell(torch.cat([embedded, context], dim=-1), state)
        mixed = embedded + self.from_hidden(state[0]) + self.from_context(context)
        return self.words(self.dropout(mixed.tanh())), weights, state

    def forward(self, features: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (B, N, D) and input tokens (B, T) to logits (B, T, V) and attention (B, T, N)."""
        patches, state = self.attend_patch(features), self.start(features)
        logits, attended = [], []
        for position in range(inputs.shape[1]):
            found, weights, state = self.step(features, patches, inputs[:, position], state)
            logits.append(found)
            attended.append(weights)
        return torch.stack(logits, dim=1), torch.stack(attended, dim=1)

    def cross_entropy(self, features: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the targets (B, T)."""
        logits, _ = self(features, inputs)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED_LABEL)

    def loss(self, features: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy and the penalty ``(1 - sum over the words of a patch's weights)^2``, mean over the patches.

        The paper sums over the patches (equation 14); with the mean its weight does not depend on their number.
        """
        logits, attended = self(features, inputs)
        looked = (attended * (targets != IGNORED_LABEL)[..., None]).sum(dim=1)  # (B, N)
        entropy = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED_LABEL)
        return torch.as_tensor(entropy + self.attention_penalty * (1.0 - looked).square().mean())

    def write(self, features: Tensor, max_tokens: int) -> list[int]:
        """Write greedily from features (1, N, D)."""
        patches, state = self.attend_patch(features), self.start(features)
        word, written = torch.tensor([BEGIN]), []
        for _ in range(max_tokens):
            logits, _, state = self.step(features, patches, word, state)
            word = logits.argmax(dim=-1)
            if int(word) == END:
                break
            written.append(int(word))
        return written


def build(ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
    """Build the comparator of its settings in the recipe."""
    chosen: ShowAttendTellSettings = from_plain(ShowAttendTellSettings, settings)

    def make(vocabulary_size: int) -> nn.Module:
        return ShowAttendTell(
            ingredients.feature_width, vocabulary_size, chosen.width, chosen.dropout, chosen.attention_penalty
        )

    return ScratchDecoder(make, chosen.training, ingredients.tokenizer, ingredients.max_report_tokens, seed)
