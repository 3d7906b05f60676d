"""BERTScore (Zhang et al. 2020) with a model that the user supplies as a folder; no hub is ever asked."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from gaze2report.errors import UnreadableInput

DISTILROBERTA_LAYER = 5
DISTILROBERTA_BASELINE = (0.84732, 0.84759504, 0.8473319)
"""Baseline of precision, recall and F1 of distilroberta-base at layer 5 (bert_score 0.3.13)."""

BATCH = 32
MAX_TOKENS = 512


@dataclass(frozen=True)
class BertScores:
    """Precision, recall and F1 of each pair, shape (N,), and how they were made."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    made: str


class BertScorer:
    """A local model whose hidden states of one layer are compared.

    Parameters
    ----------
    folder : Path
        A Hugging Face model folder with safetensors and its tokenizer.
    layer : int or None
        1 for the first; None takes 5 of a model shaped as distilroberta-base, and is an error for others.

    Raises
    ------
    UnreadableInput
        If the folder is no such model.
    """

    def __init__(self, folder: Path, layer: int | None = None) -> None:
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, **_spacing(folder)
            )
            self._model = AutoModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
            ).eval()
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise UnreadableInput(folder, f"cannot be read as a model with safetensors: {lines[0][:200]}") from error
        config = self._model.config
        self.is_distilroberta = config.model_type == "roberta" and config.num_hidden_layers == 6
        if layer is None and not self.is_distilroberta:
            raise UnreadableInput(folder, "is not shaped as distilroberta-base; name the layer with --bertscore-layer")
        self.layer = DISTILROBERTA_LAYER if layer is None else layer
        if not 1 <= self.layer <= config.num_hidden_layers:
            raise UnreadableInput(folder, f"has {config.num_hidden_layers} layers, and no layer {self.layer}")
        limit = getattr(config, "max_position_embeddings", MAX_TOKENS + 2) - 2
        self._max_tokens = min(MAX_TOKENS, limit)
        self._name = folder.name

    def score(
        self,
        generated: Sequence[str],
        references: Sequence[str],
        baseline: tuple[float, float, float] | None = None,
        baseline_name: str = "",
    ) -> BertScores:
        """Score pairs: greedy cosine of tokens, special tokens without weight, no idf.

        Parameters
        ----------
        generated, references : sequence of str
            Either of a pair empty gives 0, before rescaling, as in bert_score.
        baseline : (precision, recall, f1), optional
            Rescales each as (score - baseline) / (1 - baseline).
        baseline_name : str
            Named with the scores.
        """
        vectors: dict[str, tuple[Tensor, Tensor]] = {}
        texts = sorted({*generated, *references}, key=len)
        for begin in range(0, len(texts), BATCH):
            batch = texts[begin : begin + BATCH]
            vectors |= dict(zip(batch, self._vectors(batch), strict=True))
        rows = np.array(
            [_greedy(vectors[one], vectors[other]) for one, other in zip(generated, references, strict=True)]
        ).reshape(len(generated), 3)
        said = "not rescaled"
        if baseline is not None:
            base = np.array(baseline)
            rows = (rows - base) / (1.0 - base)
            said = f"rescaled with the baseline {baseline_name}"
        return BertScores(rows[:, 0], rows[:, 1], rows[:, 2], f"{self._name}, layer {self.layer}, {said}")

    @torch.inference_mode()
    def _vectors(self, texts: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
        """Unit vectors of the tokens of each text (T, H), and which of them are words (T,)."""
        tokens = self._tokenizer(
            [text.strip() for text in texts], padding=True, truncation=True, max_length=self._max_tokens,
            return_tensors="pt", return_special_tokens_mask=True,
        )  # fmt: skip
        is_word = tokens.pop("special_tokens_mask") == 0
        tokens.pop("token_type_ids", None)
        hidden = self._model(**tokens, output_hidden_states=True).hidden_states[self.layer]
        unit = torch.nn.functional.normalize(hidden, dim=-1)
        is_there = tokens.attention_mask == 1
        return [(row[there], word[there]) for row, word, there in zip(unit, is_word, is_there, strict=True)]


def _greedy(generated: tuple[Tensor, Tensor], reference: tuple[Tensor, Tensor]) -> tuple[float, float, float]:
    """Mean over words of their best match; a word may match a special token, which has no weight of its own."""
    (first, first_words), (second, second_words) = generated, reference
    if not first_words.any() or not second_words.any():
        return 0.0, 0.0, 0.0
    similar = first @ second.T
    precision = float(similar.max(dim=1).values[first_words].mean())
    recall = float(similar.max(dim=0).values[second_words].mean())
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total else 0.0


def _spacing(folder: Path) -> dict[str, Any]:
    """bert_score lets tokenizers of the GPT-2 family see a space before the first word."""
    is_bpe = (folder / "merges.txt").is_file() or "roberta" in folder.name.lower()
    return {"add_prefix_space": True} if is_bpe else {}


def read_baseline(path: Path, layer: int) -> tuple[float, float, float]:
    """Read the baseline of a layer from a file of bert_score (``LAYER,P,R,F``).

    Raises
    ------
    UnreadableInput
        If the file has no such layer.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if int(row["LAYER"]) == layer:
                    return float(row["P"]), float(row["R"]), float(row["F"])
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UnreadableInput(path, f"is not a baseline of bert_score (LAYER,P,R,F): {error}") from error
    raise UnreadableInput(path, f"has no baseline of layer {layer}")
