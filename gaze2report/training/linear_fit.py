"""Logistic regression with a ridge penalty, several outputs at once."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def fit_logistic(vectors: Tensor, labels: Tensor, ridge: float, iterations: int = 60) -> tuple[Tensor, Tensor]:
    """Fit weights (V, O) and bias (O,) to labels (B, O) of 0, 1 or NaN for unknown, by L-BFGS from zero."""
    weight = torch.zeros(vectors.shape[1], labels.shape[1], requires_grad=True)
    bias = torch.zeros(labels.shape[1], requires_grad=True)
    known, truth = ~labels.isnan(), labels.nan_to_num()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=iterations, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        losses = F.binary_cross_entropy_with_logits(vectors @ weight + bias, truth, reduction="none")
        loss = (losses * known).sum() / len(vectors) + ridge * weight.pow(2).sum() / 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call, arg-type]
    return weight.detach(), bias.detach()


def moments(vectors: Tensor, least: float = 1e-3) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (V,) of vectors; the latter at least ``least``, which float16 can still hold."""
    return vectors.mean(0), vectors.std(0).clamp(min=least)
