"""RadGraph F1 (Jain et al. 2021; Delbrouck et al. 2022) of annotations that the user has made with RadGraph's model.

An annotation is what ``radgraph`` writes of a report: ``{"entities": {"1": {"tokens", "label", "relations": [[name,
entity]]}}}``. A file is a JSON object of them, by the id of the case or by its number ("0", "1", ...) in ``cases.csv``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaze2report.errors import UnreadableInput

Item = tuple[Any, ...]


@dataclass(frozen=True)
class Entity:
    """Something that a report names.

    Attributes
    ----------
    words, label : str
        As RadGraph writes them: ``effusion``, ``OBS-DP``.
    relations : tuple of (name, entity's key)
    """

    words: str
    label: str
    relations: tuple[tuple[str, str], ...] = ()


Annotation = dict[str, Entity]


def radgraph_f1(generated: Annotation, reference: Annotation) -> tuple[float, float, float]:
    """Agreement of two annotations: simple, partial and complete, as ``radgraph.rewards.compute_reward`` has it.

    Simple compares entities (words and label), partial also whether they have a relation, complete each relation with
    what it leads to. Either side without entities gives 0, two empty sides too. As there, complete compares entities
    with relations in lower case, those without in their own.
    """
    if not generated or not reference:
        return 0.0, 0.0, 0.0
    simple, partial, complete = (set_f1(items(generated), items(reference)) for items in (_simple, _partial, _complete))
    return simple, partial, complete


def radcliq_radgraph(generated: Annotation, reference: Annotation) -> float:
    """RadCliQ's term: mean of the F1 of entities and the F1 of relations, each relation with both of its ends."""
    entities = set_f1(_simple(generated), _simple(reference))
    return (entities + set_f1(_relations(generated), _relations(reference))) / 2


def set_f1(generated: set[Item], reference: set[Item]) -> float:
    """F1 of two sets, 0 where they share nothing."""
    shared = len(generated & reference)
    return 2 * shared / (len(generated) + len(reference)) if shared else 0.0


def _simple(annotation: Annotation) -> set[Item]:
    return {(entity.words, entity.label) for entity in annotation.values()}


def _partial(annotation: Annotation) -> set[Item]:
    return {(entity.words, entity.label, bool(entity.relations)) for entity in annotation.values()}


def _complete(annotation: Annotation) -> set[Item]:
    found: set[Item] = set()
    for entity in annotation.values():
        if not entity.relations:
            found.add((entity.words, entity.label))
        for name, other in entity.relations:
            found.add((entity.words.lower(), entity.label, name, annotation[other].words.lower()))
    return found


def _relations(annotation: Annotation) -> set[Item]:
    return {
        (entity.words, entity.label, annotation[other].words, annotation[other].label, name)
        for entity in annotation.values()
        for name, other in entity.relations
    }


def to_annotation(content: Any) -> Annotation:
    """Check the JSON object of one report.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    entities = content.get("entities") if isinstance(content, dict) else None
    if not isinstance(entities, dict):
        raise ValueError("it has no entities")
    found = {}
    for key, entity in entities.items():
        if not isinstance(entity, dict) or not all(isinstance(entity.get(name), str) for name in ("tokens", "label")):
            raise ValueError(f"entity {key!r} has no tokens or no label")
        relations = entity.get("relations", [])
        if not isinstance(relations, list) or not all(_is_relation(one, entities) for one in relations):
            raise ValueError(f"entity {key!r} has a relation that leads nowhere")
        found[key] = Entity(entity["tokens"], entity["label"], tuple((name, other) for name, other in relations))
    return found


def _is_relation(relation: Any, entities: dict[str, Any]) -> bool:
    return (
        isinstance(relation, list)
        and len(relation) == 2
        and all(isinstance(part, str) for part in relation)
        and relation[1] in entities
    )


def read_annotations(path: Path, case_ids: Sequence[str], text_of: Callable[[int], str]) -> list[Annotation]:
    """Read the annotations of cases, in their order.

    Parameters
    ----------
    path : Path
    case_ids : sequence of str
    text_of : callable
        Number of a case to the text that must have been annotated; letters and figures are compared, where the file
        holds the text.

    Raises
    ------
    UnreadableInput
        If the file is none, lacks a case, or was made of other texts.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableInput(path, f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UnreadableInput(path, "is not a JSON object of annotations")
    keys, numbers = list(case_ids), [str(number) for number in range(len(case_ids))]
    if not set(keys) <= set(content) and set(numbers) <= set(content):
        keys = numbers
    found = []
    for number, (case_id, key) in enumerate(zip(case_ids, keys, strict=True)):
        if key not in content:
            raise UnreadableInput(path, f"holds no annotation of case {case_id}")
        try:
            found.append(to_annotation(content[key]))
        except ValueError as error:
            raise UnreadableInput(path, f"the annotation of case {case_id} cannot be used: {error}") from error
        text = content[key].get("text")
        if isinstance(text, str) and _letters(text) != _letters(text_of(number)):
            raise UnreadableInput(path, f"the annotation of case {case_id} was made of another text")
    return found


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
