"""Node features and observation probabilities to prompt tokens in the language model's embedding space.

Notation used for tensor shapes: B batch, N patches, K visual-gaze tokens, O observations, D feature width,
H language-model width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class VisualGazePrompt(nn.Module):
    """Pool N graph nodes into K visual-gaze tokens.

    K learned queries attend to the nodes (as a perceiver resampler does); the result is projected to the language
    model's width and normalised to ``scale``, the usual norm of one of its word embeddings, so that the prompt is
    neither drowned by nor shouts over the words.

    Parameters
    ----------
    feature_width : int
        D, width of a node.
    language_width : int
        H, width of the language model.
    n_tokens : int
        K.
    scale : float
        Norm of a token at the start of training; learned from there.
    """

    def __init__(self, feature_width: int, language_width: int, n_tokens: int, scale: float, n_heads: int = 4) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(n_tokens, feature_width) * feature_width**-0.5)
        self.norm = nn.LayerNorm(feature_width)
        self.attention = nn.MultiheadAttention(feature_width, n_heads, batch_first=True)
        self.project = nn.Linear(feature_width, language_width)
        self.output_norm = nn.LayerNorm(language_width, elementwise_affine=False)
        self.log_scale = nn.Parameter(torch.tensor(scale / language_width**0.5).log())

    def forward(self, nodes: Tensor, node_mask: Tensor | None = None) -> Tensor:
        """Map nodes (B, N, D) to visual-gaze tokens (B, K, H); where ``node_mask`` (B, N) is False there is no node."""
        nodes = self.norm(nodes)
        queries = self.queries.expand(nodes.shape[0], -1, -1)  # (B, K, D)
        absent = None if node_mask is None else ~node_mask
        pooled, _ = self.attention(queries, nodes, nodes, key_padding_mask=absent, need_weights=False)  # (B, K, D)
        projected = self.output_norm(self.project(pooled + queries))  # (B, K, H)
        return torch.as_tensor(projected * self.log_scale.exp())


class ObservationTokens(nn.Module):
    """One soft token an observation: its *present* and *absent* embeddings mixed by probability.

    The findings head reaches the language model this way from the start; a prompt of visual tokens alone is
    ignored on small data and every film gets the commonest report. The idea is that of diagnosis-driven prompts
    (Jin et al., PromptMRG, AAAI 2024), made soft.
    """

    def __init__(self, n_observations: int, language_width: int, scale: float) -> None:
        super().__init__()
        self.present = nn.Parameter(torch.randn(n_observations, language_width))
        self.absent = nn.Parameter(torch.randn(n_observations, language_width))
        self.norm = nn.LayerNorm(language_width, elementwise_affine=False)
        self.log_scale = nn.Parameter(torch.tensor(scale / language_width**0.5).log())

    @torch.no_grad()
    def start_from_words(self, present: Tensor, absent: Tensor) -> None:
        """Let each pair of embeddings start from word embeddings (O, H) instead of from noise, in place."""
        for parameter, words in ((self.present, present), (self.absent, absent)):
            parameter.copy_(words / words.std(dim=-1, keepdim=True))

    def forward(self, probabilities: Tensor) -> Tensor:
        """Map probabilities (B, O) in [0, 1] to observation tokens (B, O, H)."""
        weight = probabilities.unsqueeze(-1)  # (B, O, 1)
        mixed = weight * self.norm(self.present) + (1.0 - weight) * self.norm(self.absent)  # (B, O, H)
        return torch.as_tensor(mixed * self.log_scale.exp())
