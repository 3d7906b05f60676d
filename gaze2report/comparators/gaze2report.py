"""The method itself (arXiv 2604.08600), on the comparison's own encoder, cases and steps."""

from __future__ import annotations

from typing import Any

from gaze2report.comparators.comparator import Comparator, Ingredients
from gaze2report.comparators.prompted_language_model import PromptedLanguageModel, PromptTraining
from gaze2report.config import from_plain


def build(ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
    """Build the comparator of its settings in the recipe."""
    return PromptedLanguageModel(ingredients, from_plain(PromptTraining, settings), seed, "film and gaze")
