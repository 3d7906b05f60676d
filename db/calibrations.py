"""The history of calibrations and validations of a reader's gaze: kept under a consent, and gone with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from db import consents
from db.audit_chain import canonical_json
from db.database import Workspace
from db.gaze_tables import gaze_calibration, gaze_consent
from db.recordings import keep_calibration_row, utc_text


def keep(
    workspace: Workspace,
    terms: Mapping[str, str],
    made_utc_us: int,
    results: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    actor: str,
) -> None:
    """Keep the results of a calibration.

    Parameters
    ----------
    terms : mapping
        The consent, see :func:`db.consents.keep`.
    made_utc_us : int
        Wall clock, microseconds since 1970.
    results : sequence of (kind, content)
        As the markers of a recording of the same kinds.

    Raises
    ------
    NoConsent
        If the consent does not hold.
    """
    with workspace.writing() as connection:
        consent = consents.consent_row(connection, terms, actor)
        for kind, content in results:
            keep_calibration_row(
                connection,
                recording_key=None,
                consent_key=consent.id,
                kind=kind,
                at_utc=utc_text(made_utc_us),
                content_json=canonical_json(dict(content)),
            )


def validations_of(workspace: Workspace, reader_pseudonym: str) -> list[dict[str, Any]]:
    """Validations of a reader with ``at_utc``, the newest first; one that several recordings tell of is given once."""
    query = (
        select(gaze_calibration.c.at_utc, gaze_calibration.c.content_json)
        .join_from(gaze_calibration, gaze_consent)
        .where(gaze_consent.c.reader_pseudonym == reader_pseudonym, gaze_calibration.c.kind == "validation")
        .order_by(gaze_calibration.c.at_utc.desc())
    )
    found: dict[str, dict[str, Any]] = {}
    with workspace.reading() as connection:
        for at_utc, content_json in connection.execute(query):
            content = json.loads(content_json)
            found.setdefault(str(content.get("calibration_id", at_utc)), {**content, "at_utc": at_utc})
    return list(found.values())
