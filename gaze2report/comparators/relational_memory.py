"""Relational memory and the layer normalisation that it conditions (Chen et al., R2Gen, EMNLP 2020, sections 3.2, 3.3).

Written after the paper's equations.

Notation used for tensor shapes: B batch, T tokens, W model width, S memory slots.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RelationalMemory(nn.Module):
    """A matrix of S slots that is asked and rewritten at every word, with an LSTM's gates.

    Parameters
    ----------
    width, n_slots, n_heads : int
        W, S, attention heads.
    """

    def __init__(self, width: int, n_slots: int, n_heads: int) -> None:
        super().__init__()
        self.width, self.n_slots = width, n_slots
        self.attention = nn.MultiheadAttention(width, n_heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.input_from_word, self.input_from_memory = nn.Linear(width, width), nn.Linear(width, width)
        self.forget_from_word, self.forget_from_memory = nn.Linear(width, width), nn.Linear(width, width)

    def start(self, batch: int) -> Tensor:
        """Memory (B, S, W) before the first word: slots that differ, 1 in one column each."""
        return torch.eye(self.n_slots, self.width).expand(batch, -1, -1)

    def step(self, word: Tensor, memory: Tensor) -> Tensor:
        """Memory after a word's embedding (B, W).

        Slots are the queries; keys and values are the slots and the word. ``M~ = MLP(Z + M) + Z + M`` and
        ``M' = sigmoid(G_f) * M + sigmoid(G_i) * tanh(M~)`` with ``G = W word + U tanh(M)``.
        """
        asked = torch.cat([memory, word[:, None]], dim=1)  # (B, S + 1, W)
        found = memory + self.attention(memory, asked, asked, need_weights=False)[0]
        proposed = found + self.mlp(found)
        squashed = memory.tanh()
        takes = (self.input_from_word(word)[:, None] + self.input_from_memory(squashed)).sigmoid()
        keeps = (self.forget_from_word(word)[:, None] + self.forget_from_memory(squashed)).sigmoid()
        return torch.as_tensor(keeps * memory + takes * proposed.tanh())

    def forward(self, words: Tensor) -> Tensor:
        """Map embeddings (B, T, W) to the memory after each of them, flattened: (B, T, S * W)."""
        memory, rows = self.start(len(words)), []
        for position in range(words.shape[1]):
            memory = self.step(words[:, position], memory)
            rows.append(memory.flatten(1))
        return torch.stack(rows, dim=1)


class MemoryDrivenNorm(nn.Module):
    """Layer normalisation whose scale and shift the memory changes: ``gamma + MLP(m)``, ``beta + MLP(m)``.

    The MLPs start close to 0, so that it starts as a plain layer normalisation.
    """

    def __init__(self, width: int, memory_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.gamma, self.beta = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.to_gamma, self.to_beta = _small_mlp(memory_width, width), _small_mlp(memory_width, width)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Normalise x (B, T, W) under the memory (B, T, S * W) of each position."""
        scale, shift = self.gamma + self.to_gamma(memory), self.beta + self.to_beta(memory)
        return torch.as_tensor(self.norm(x) * scale + shift)


def _small_mlp(memory_width: int, width: int) -> nn.Sequential:
    last = nn.Linear(width, width)
    nn.init.normal_(last.weight, std=1e-3)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(memory_width, width), nn.ReLU(), last)
