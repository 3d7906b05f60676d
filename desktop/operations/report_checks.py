"""The checks of the report on screen: what the rules are given, and what they find."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from db.records import TEXT_SECTIONS
from desktop.services import Services
from gaze2report.report_checks.check import check_report
from gaze2report.report_checks.content import Issue, ReportContent, StudyFacts

if TYPE_CHECKING:
    from db.database import Workspace


@dataclass(frozen=True)
class _KeptFacts:
    """What the workspace knows of a study beside its text; ``ctr`` is the ratio measured last on a PA film of it."""

    study_uid: str
    has_prior: bool
    ctr: float | None


class ReportChecks(QObject):
    """Checks the report on screen.

    Signals
    -------
    facts_changed
        More is known of the study than before.
    """

    facts_changed = Signal()

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._reading = services, services.reading
        self._kept: _KeptFacts | None = None
        self._reading.opened.connect(self.load_facts)

    def load_facts(self) -> None:
        """Read anew what the workspace knows of the study: earlier studies, measurements."""
        study = self._reading.study
        if study is None or self._services.workspace is None:
            self._kept = None
            return
        self._services.background.run(
            self, _kept_facts, self._services.workspace, study.study_uid, lane="db", on_success=self._take
        )

    def _take(self, kept: _KeptFacts) -> None:
        self._kept = kept
        self.facts_changed.emit()

    def issues(self) -> tuple[Issue, ...]:
        """Everything in the text that speaks against signing it as it stands."""
        reading, study = self._reading, self._reading.study
        if study is None:
            return ()
        content = ReportContent(
            {name: reading.sections[name].text for name in TEXT_SECTIONS},
            unreviewed=reading.unreviewed(),
            study_uid=reading.record.study_uid if reading.record is not None else study.study_uid,
            has_communication=bool(reading.communications),
        )
        kept = self._kept if self._kept is not None and self._kept.study_uid == study.study_uid else None
        facts = StudyFacts(
            study_uid=study.study_uid,
            patient_id=study.patient.patient_id,
            accession_number=study.accession_number,
            sex=study.patient.sex,
            age_years=study.age_years,
            has_prior=kept.has_prior if kept is not None else None,
            observations=reading.observations,
            ctr=kept.ctr if kept is not None else None,
        )
        return check_report(content, facts)


def _kept_facts(workspace: Workspace, study_uid: str) -> _KeptFacts:
    from db import measurements, studies
    from gaze2report.imaging.measure import cardiothoracic_ratio

    marks = measurements.of_patient(workspace, study_uid)
    films = [one for one in studies.get(workspace, study_uid).instances if one.header.view_position.upper() == "PA"]
    ratios = [
        cardiothoracic_ratio(drawn)
        for film in films
        if film.instance_uid in marks
        for drawn in marks[film.instance_uid].measurements
        if drawn.kind == "ctr" and not drawn.is_proposed
    ]
    measured = [ratio for ratio in ratios if math.isfinite(ratio)]
    return _KeptFacts(study_uid, bool(studies.prior_studies(workspace, study_uid)), measured[-1] if measured else None)
