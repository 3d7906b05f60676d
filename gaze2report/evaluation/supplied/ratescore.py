"""RaTEScore (Zhao et al. 2024): entities of two reports matched by meaning, with models that the user supplies.

Three things come from the user: a model that finds entities (published as RaTE-NER-Deberta), a model that embeds them
(BioLORD-2023-C) and the table of weights by type (``long_weight.json`` or ``short_weight.json``). Texts are parted into
sentences by our own rule, not by medspacy's PyRuSH, so that scores may differ a little from the authors' program.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer

from gaze2report.errors import UnreadableInput
from gaze2report.report_text import split_sentences

NEGATED = 0.3612
"""Weight of a match of something present with something absent."""

WITHOUT_ENTITIES = 0.5
"""Score where either report names no entity, as in the authors' program."""

TYPES = ("ABNORMALITY", "ANATOMY", "DISEASE", "NON-ABNORMALITY", "NON-DISEASE")
_MAX_TOKENS, _MAX_ENTITY_TOKENS = 512, 30
Entity = tuple[str, str]
Weights = dict[tuple[str, str], float]


class RateScorer:
    """The two models and the weights.

    Parameters
    ----------
    entity_model, embedding_model : Path
        Hugging Face folders with safetensors.
    weights : Path
        JSON of ``"type_type": weight``.

    Raises
    ------
    UnreadableInput
        With the one that cannot be read.
    """

    def __init__(self, entity_model: Path, embedding_model: Path, weights: Path) -> None:
        self._finder, self._finder_tokenizer = _load(AutoModelForTokenClassification, entity_model)
        self._embedder, self._embedder_tokenizer = _load(AutoModel, embedding_model)
        self._names: dict[int, str] = {int(k): str(v) for k, v in self._finder.config.id2label.items()}
        unknown = sorted({name.partition("-")[2] for name in self._names.values() if name != "O"} - set(TYPES))
        if unknown:
            raise UnreadableInput(entity_model, f"finds entities of the type {unknown[0]!r}, which RaTEScore has not")
        self._weights = read_weights(weights)

    def score(self, generated: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
        """Score pairs, shape (N,), 0 to 1."""
        return np.array([self._pair(one, other) for one, other in zip(generated, references, strict=True)])

    def _pair(self, generated: str, reference: str) -> float:
        sides = [self.entities(text) for text in (reference, generated)]
        if not all(sides):
            return WITHOUT_ENTITIES
        vectors = [self._embed([words for words, _ in side]) for side in sides]
        kinds = [[kind for _, kind in side] for side in sides]
        return rate_f1(vectors[0], vectors[1], kinds[0], kinds[1], self._weights)

    @torch.inference_mode()
    def entities(self, text: str) -> list[Entity]:
        """Entities of a report and their types, sentence by sentence."""
        found: list[Entity] = []
        for sentence in split_sentences(text):
            tokens = self._finder_tokenizer(
                sentence, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt", return_special_tokens_mask=True
            )
            is_special = tokens.pop("special_tokens_mask")[0].bool().tolist()
            labels = [self._names[number] for number in self._finder(**tokens).logits[0].argmax(dim=1).tolist()]
            pieces = self._finder_tokenizer.convert_ids_to_tokens(tokens.input_ids[0].tolist())
            kept = [
                pair for pair, special in zip(zip(pieces, labels, strict=True), is_special, strict=True) if not special
            ]
            for first, last, kind in spans([label for _, label in kept]):
                words = [piece for piece, _ in kept[first : last + 1]]
                found.append((str(self._finder_tokenizer.convert_tokens_to_string(words)), kind))
        return found

    @torch.inference_mode()
    def _embed(self, entities: list[str]) -> NDArray[np.float64]:
        tokens = self._embedder_tokenizer(
            entities, padding=True, truncation=True, max_length=_MAX_ENTITY_TOKENS, return_tensors="pt"
        )
        hidden = self._embedder(**tokens).last_hidden_state[:, 0]
        return np.asarray(hidden.double().numpy())


def spans(labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """First and last position and type of each entity of BIO labels; an I that nothing began is passed over."""
    found: list[tuple[int, int, str]] = []
    is_open = False
    for position, label in enumerate(labels):
        if label.startswith("B-"):
            found.append((position, position, label[2:]))
            is_open = True
        elif label.startswith("I-") and is_open:
            first, _, kind = found[-1]
            found[-1] = (first, position, kind)
        else:
            is_open = False
    return found


def rate_f1(
    reference: NDArray[np.float64],
    generated: NDArray[np.float64],
    reference_kinds: Sequence[str],
    generated_kinds: Sequence[str],
    weights: Weights,
) -> float:
    """RaTEScore of embedded entities, shapes (R, H) and (G, H).

    Each entity takes the most similar one of the other side; similarities are averaged by the weight of the two types,
    and count `NEGATED` where one is present and the other absent. Both directions join as their harmonic mean.
    """
    one = _directed(reference, generated, reference_kinds, generated_kinds, weights)
    other = _directed(generated, reference, generated_kinds, reference_kinds, weights)
    return 2 * one * other / (one + other) if one + other else 0.0


def _directed(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    first_kinds: Sequence[str],
    second_kinds: Sequence[str],
    weights: Weights,
) -> float:
    unit = [rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (first, second)]
    similar = unit[0] @ unit[1].T
    total = weight_sum = 0.0
    for number, chosen in enumerate(similar.argmax(axis=1).tolist()):
        kinds = first_kinds[number], second_kinds[chosen]
        weight = weights[kinds]
        total += float(similar[number, chosen]) * weight * (NEGATED if _contradict(*kinds) else 1.0)
        weight_sum += weight
    return total / weight_sum if weight_sum else 0.0


def _contradict(first: str, second: str) -> bool:
    """Whether one of two findings is present and the other absent; anatomy is neither."""
    return "ANATOMY" not in (first, second) and first.startswith("NON-") != second.startswith("NON-")


def read_weights(path: Path) -> Weights:
    """Read the weights by type.

    Raises
    ------
    UnreadableInput
        If a pair of types is missing or not a number.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return {(one, other): float(content[f"{one.lower()}_{other.lower()}"]) for one in TYPES for other in TYPES}
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableInput(path, f"is not a table of RaTEScore's weights: {error!r}") from error


def _load(kind: Any, folder: Path) -> tuple[Any, Any]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
        return model.eval(), tokenizer
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UnreadableInput(folder, f"cannot be read as a model with safetensors: {lines[0][:200]}") from error
