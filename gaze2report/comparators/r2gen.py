"""R2Gen (Chen et al., EMNLP 2020): a Transformer whose decoder is driven by a relational memory.

Encoder over the patches of the shared features, decoder with a memory-driven layer normalisation before each of its
three parts. Sizes are those of the recipe; the paper has width 512, three layers and three slots.

Notation used for tensor shapes: B batch, N patches, D feature width, T report tokens, V vocabulary, W model width.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaze2report.comparators.comparator import Comparator, Ingredients
from gaze2report.comparators.decoder_training import DecoderTraining, ScratchDecoder
from gaze2report.comparators.relational_memory import MemoryDrivenNorm, RelationalMemory
from gaze2report.comparators.vocabulary import BEGIN, END, IGNORED_LABEL
from gaze2report.config import from_plain


@dataclass(frozen=True)
class R2GenSettings:
    """Sizes."""

    width: int = 128
    depth: int = 3
    n_heads: int = 8
    n_slots: int = 3
    dropout: float = 0.1
    training: DecoderTraining = field(default_factory=DecoderTraining)


class MemoryDrivenLayer(nn.Module):
    """Self-attention, attention to the patches and feed-forward, each normalised under the memory."""

    def __init__(self, width: int, n_heads: int, memory_width: int, dropout: float) -> None:
        super().__init__()
        self.among_words = nn.MultiheadAttention(width, n_heads, dropout, batch_first=True)
        self.to_patches = nn.MultiheadAttention(width, n_heads, dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.norms = nn.ModuleList([MemoryDrivenNorm(width, memory_width) for _ in range(3)])
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, patches: Tensor, memory: Tensor, causal: Tensor) -> Tensor:
        """Map words (B, T, W), patches (B, N, W) and memory (B, T, S * W) to words (B, T, W)."""
        y = self.norms[0](x, memory)
        x = x + self.dropout(self.among_words(y, y, y, attn_mask=causal, is_causal=True, need_weights=False)[0])
        y = self.norms[1](x, memory)
        x = x + self.dropout(self.to_patches(y, patches, patches, need_weights=False)[0])
        return torch.as_tensor(x + self.dropout(self.feed_forward(self.norms[2](x, memory))))


class R2Gen(nn.Module):
    """Encoder, relational memory and memory-driven decoder."""

    def __init__(
        self,
        feature_width: int,
        vocabulary_size: int,
        width: int,
        depth: int,
        n_heads: int,
        n_slots: int,
        dropout: float,
        max_tokens: int,
    ) -> None:
        super().__init__()
        self.project = nn.Linear(feature_width, width)
        layer = nn.TransformerEncoderLayer(width, n_heads, 2 * width, dropout, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, nn.LayerNorm(width), enable_nested_tensor=False)
        self.embed = nn.Embedding(vocabulary_size, width)
        self.position = nn.Parameter(torch.randn(1, max_tokens, width) * 0.02)
        self.memory = RelationalMemory(width, n_slots, n_heads)
        self.layers = nn.ModuleList([MemoryDrivenLayer(width, n_heads, n_slots * width, dropout) for _ in range(depth)])
        self.norm = MemoryDrivenNorm(width, n_slots * width)
        self.words = nn.Linear(width, vocabulary_size)

    def forward(self, features: Tensor, inputs: Tensor) -> Tensor:
        """Map features (B, N, D) and input tokens (B, T) to logits (B, T, V)."""
        embedded = self._embed(inputs)
        return self._decode(embedded, self.encoder(self.project(features)), self.memory(embedded))

    def cross_entropy(self, features: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the targets (B, T)."""
        logits = self(features, inputs)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED_LABEL)

    loss = cross_entropy

    def write(self, features: Tensor, max_tokens: int) -> list[int]:
        """Write greedily from features (1, N, D); the memory goes on from word to word."""
        patches, memory = self.encoder(self.project(features)), self.memory.start(1)
        words, memories = [BEGIN], []
        for _ in range(max_tokens):
            embedded = self._embed(torch.tensor([words]))
            memory = self.memory.step(embedded[:, -1], memory)
            memories.append(memory.flatten(1))
            logits = self._decode(embedded, patches, torch.stack(memories, dim=1))
            words.append(int(logits[0, -1].argmax()))
            if words[-1] == END:
                return words[1:-1]
        return words[1:]

    def _embed(self, tokens: Tensor) -> Tensor:
        return torch.as_tensor(self.embed(tokens) + self.position[:, : tokens.shape[1]])

    def _decode(self, embedded: Tensor, patches: Tensor, memory: Tensor) -> Tensor:
        steps = embedded.shape[1]
        causal = torch.full((steps, steps), float("-inf")).triu(1)
        for layer in self.layers:
            embedded = layer(embedded, patches, memory, causal)
        return torch.as_tensor(self.words(self.norm(embedded, memory)))


def build(ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
    """Build the comparator of its settings in the recipe."""
    chosen: R2GenSettings = from_plain(R2GenSettings, settings)

    def make(vocabulary_size: int) -> nn.Module:
        return R2Gen(
            ingredients.feature_width,
            vocabulary_size,
            chosen.width,
            chosen.depth,
            chosen.n_heads,
            chosen.n_slots,
            chosen.dropout,
            ingredients.max_report_tokens,
        )

    return ScratchDecoder(make, chosen.training, ingredients.tokenizer, ingredients.max_report_tokens, seed)
