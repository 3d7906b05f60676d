"""A draft as one JSON object, and back: what ``draft --json`` prints, the host sends and the database keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from gaze2report.types import Draft, Fixation, Provenance, Report, Sentence


def draft_to_json(draft: Draft) -> dict[str, Any]:
    """Write a draft as a JSON-ready object; ``timing_s`` and ``created_at_utc`` are the only parts that vary."""
    return {
        "file": draft.file,
        "study_uid": draft.study_uid,
        "instance_uid": draft.instance_uid,
        "refused": None,
        "report": {"findings": draft.report.findings, "impression": draft.report.impression},
        "sentences": [_sentence_to_json(sentence) for sentence in draft.sentences],
        "observations": dict(draft.observations),
        "scanpath": [asdict(fixation) for fixation in draft.scanpath],
        "gaze": draft.gaze,
        "provenance": asdict(draft.provenance),
        "created_at_utc": draft.created_at_utc,
        "timing_s": dict(draft.timing_s),
        **({"section": draft.section} if draft.section is not None else {}),
    }


def draft_from_json(content: dict[str, Any]) -> Draft:
    """Read a draft from its JSON object.

    Raises
    ------
    ValueError
        If a part is missing, of the wrong kind, or the object is a refusal.
    """
    if content.get("refused"):
        raise ValueError("a refusal holds no draft")
    try:
        return Draft(
            file=content["file"],
            study_uid=content["study_uid"],
            instance_uid=content["instance_uid"],
            report=Report(content["report"]["findings"], content["report"]["impression"]),
            sentences=tuple(_sentence_from_json(item) for item in content["sentences"]),
            observations=dict(content["observations"]),
            scanpath=tuple(Fixation(**item) for item in content["scanpath"]),
            gaze=content["gaze"],
            provenance=Provenance(**content["provenance"]),
            created_at_utc=content.get("created_at_utc", ""),
            timing_s=dict(content.get("timing_s", {})),
            section=content.get("section"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a draft object: {error!r}") from error


def refusal_to_json(file: str, code: str, reason: str) -> dict[str, Any]:
    """Write the object of a file that gets no draft."""
    return {"file": file, "refused": {"code": code, "reason": reason}}


def reproducible_bytes(content: dict[str, Any]) -> bytes:
    """Return the part of a draft object that the same input, adapter and seed must give again, as canonical JSON."""
    stable = {key: value for key, value in content.items() if key not in {"timing_s", "created_at_utc"}}
    return json.dumps(stable, sort_keys=True, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _sentence_to_json(sentence: Sentence) -> dict[str, Any]:
    content = asdict(sentence)
    content["box_px"] = list(sentence.box_px) if sentence.box_px is not None else None
    return content


def _sentence_from_json(content: dict[str, Any]) -> Sentence:
    box_px = content.get("box_px")
    return Sentence(
        text=content["text"],
        section=content["section"],
        box_px=(box_px[0], box_px[1], box_px[2], box_px[3]) if box_px is not None else None,
        unsupported=content.get("unsupported"),
    )
