"""Where the draft comes from, and where it stands, in one or two quiet lines."""

from __future__ import annotations

from desktop.patient_text import utc_text
from desktop.reading import Reading

_HASH_LENGTH = 8


def draft_info_text(reading: Reading) -> str:
    """Adapter with version and hash, seed and latency of the newest draft; or why there is none."""
    if reading.is_ai_withheld:
        return "Reader first: nothing of the AI is shown before you commit." if reading.can_edit else ""
    state = reading.draft_state
    reason = state.reason.rstrip(".")
    has_part = any(draft.text for draft in reading.section_drafts.values())
    again = "It is asked for again when the model is back."
    texts = {
        "waiting": f"unavailable. {reason}. {again}" if reason else "comes when the model is ready; you need not wait.",
        "drafting": "being written...",
        "refused": f"refused. {reason}.",
        "failed": f"unavailable. {reason}." + (" What has come of it is incomplete." if has_part else ""),
        "cancelled": "cancelled." + (" What has come of it is incomplete." if has_part else ""),
    }
    text = texts.get(state.phase)
    return f"AI draft: {text}" if text is not None else stored_draft_text(reading)


def stored_draft_text(reading: Reading) -> str:
    """Origin of the newest kept draft; empty when there is none."""
    if not reading.drafts:
        return "AI draft: done." if reading.draft_state.phase == "done" else ""
    record = reading.drafts[-1]
    made_by = record.draft.provenance
    parts = ["from your recorded gaze"] if record.draft.gaze == "recorded" else []
    parts += [f"{made_by.adapter} {made_by.adapter_sha256[:_HASH_LENGTH]}", f"seed {made_by.seed}"]
    total_s = record.draft.timing_s.get("total", record.latency_s)
    if total_s is not None:
        parts.append(f"{total_s:.1f} s")
    return "AI draft: " + ", ".join(part for part in parts if part.strip())


def draft_notes_text(reading: Reading) -> str:
    """What may weaken a draft of the film on screen: no age, no view, lossy compression."""
    if (
        reading.image is None
        or reading.is_signed
        or reading.is_ai_withheld
        or reading.draft_state.phase in ("none", "refused")
    ):
        return ""
    from gaze2report.imaging.quality import draft_notes

    return " ".join(draft_notes(reading.image))


def report_state_text(reading: Reading) -> str:
    """Who signed when, with the hash; or that there is a preliminary version."""
    if not reading.versions:
        return ""
    newest = reading.versions[-1]
    when = utc_text(newest.created_at_utc)
    if newest.is_signed:
        what = {"addendum": "Addendum signed", "correction": "Correction signed"}.get(newest.kind, "Signed")
        return f"{what} by {newest.signer}, {when}, SHA-256 {newest.text_sha256[:16]}"
    return f"Preliminary version {newest.version}, {newest.author}, {when}"
