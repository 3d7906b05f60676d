"""Warnings and progress bars of libraries that a user can do nothing about."""

from __future__ import annotations

import os
import warnings


def silence() -> None:
    """Silence them in this process; call before torch and transformers are imported.

    Each is known and harmless: deprecations inside torch, transformers and torch-geometric at pinned releases, and
    the remark that a repetition penalty does not reach into prompt embeddings, which is what is wanted.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    for category in (FutureWarning, DeprecationWarning):
        warnings.filterwarnings(
            "ignore", category=category, module=r"(torch|transformers|torch_geometric|peft|timm)\b.*"
        )
    warnings.filterwarnings("ignore", message="Passing `repetition_penalty` with `inputs_embeds`")


def silence_progress_bars() -> None:
    """Silence the bars that transformers draws while it loads weights; needs transformers imported."""
    from transformers.utils import logging

    logging.disable_progress_bar()
