"""The templates and macros of the workspace: read in the background, kept as files in its folder ``templates``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from db.records import TEXT_SECTIONS, Study
from desktop.errors import known_sentence
from desktop.services import Services
from gaze2report.report_templates import library
from gaze2report.report_templates.library import Library
from gaze2report.report_templates.merge import MergeData
from gaze2report.report_templates.mrrt import ImportedTemplate, read_mrrt
from gaze2report.report_templates.template import Template, Use

if TYPE_CHECKING:
    from db.database import Workspace

FOLDER = "templates"
Done = Callable[[], None]
Failed = Callable[[str], None]


class Templates(QObject):
    """The library at hand, and what merge fields of the study on screen are filled with.

    Signals
    -------
    changed
        There are other templates than before.
    """

    changed = Signal()

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._reading = services, services.reading
        self.library = Library()
        self._workspace: Workspace | None = None
        self._prior_dates: tuple[str, tuple[str, ...]] = ("", ())
        self._reading.opened.connect(self._on_opened)

    @property
    def folder(self) -> Path | None:
        """Where the workspace's own templates lie."""
        workspace = self._services.workspace
        return workspace.folder / FOLDER if workspace is not None else None

    def load(self) -> None:
        """Read all files anew."""
        self._services.background.run(
            self, library.load, self.folder, TEXT_SECTIONS, on_success=self._take, title="Reading the templates"
        )

    def keep(self, template: Template, done: Done, failed: Failed) -> None:
        """Keep a template in the workspace, in place of one of the same name."""
        if self.folder is not None:
            self._write(library.keep, self.folder, template, TEXT_SECTIONS, done=done, failed=failed)

    def read_html(self, path: Path, done: Callable[[ImportedTemplate], None], failed: Failed) -> None:
        """Make a template of an HTML file as RadReport.org gives them out; it is not kept yet."""
        self._services.background.run(
            self, read_mrrt, path, TEXT_SECTIONS, on_success=done, on_failure=lambda error: failed(self._said(error))
        )

    def remove(self, template: Template, done: Done, failed: Failed) -> None:
        """Remove a template of the workspace; one of the program with the same name is offered again."""
        path = (self.library.own or {}).get(template.name)
        if path is not None:
            self._write(library.remove, path, done=done, failed=failed)

    def _write(self, work: Callable[..., object], *arguments: object, done: Done, failed: Failed) -> None:
        def succeed(_: object) -> None:
            self.load()
            done()

        self._services.background.run(
            self, work, *arguments, lane="io", on_success=succeed, must_finish=True,
            on_failure=lambda error: failed(self._said(error)),
        )  # fmt: skip

    def _said(self, error: BaseException) -> str:
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
        return sentence or "That did not work; the log says more."

    def _take(self, loaded: Library) -> None:
        self.library = loaded
        self.changed.emit()

    def _on_opened(self) -> None:
        study = self._reading.study
        if study is None or self._services.workspace is None:
            return
        if self._workspace is not self._services.workspace:
            self._workspace = self._services.workspace
            self.load()
        self._services.background.run(
            self, _prior_dates, self._workspace, study.study_uid, lane="db", on_success=self._take_priors
        )

    def _take_priors(self, found: tuple[str, tuple[str, ...]]) -> None:
        self._prior_dates = found

    # -- for the study on screen --------------------------------------------------------------------------------

    def offered(self, use: Use = "report") -> tuple[Template, ...]:
        """Templates for the patient on screen."""
        study = self._reading.study
        return self.library.offered(use, *_patient(study)) if study is not None else ()

    def macro(self, shortcut: str, use: Use = "report") -> Template | None:
        """The macro of a shortcut for the patient on screen."""
        study = self._reading.study
        return self.library.macro(shortcut, use, *_patient(study)) if study is not None else None

    def merge_data(self) -> MergeData:
        """What merge fields are filled with."""
        study = self._reading.study
        if study is None:
            return MergeData()
        uid, dates = self._prior_dates
        sex, age_years = _patient(study)
        return MergeData(sex, age_years, study.study_date, dates if uid == study.study_uid else None, self._measured())

    def _measured(self) -> str:
        """What stands in the report as written by a measurement."""
        texts = [
            section.text[start:end]
            for section in self._reading.sections.values()
            for start, end, origin in section.runs
            if origin == "measurement"
        ]
        return " ".join(text.strip() for text in texts if text.strip())


def _patient(study: Study) -> tuple[str, float | None]:
    return study.patient.sex, study.age_years


def _prior_dates(workspace: Workspace, study_uid: str) -> tuple[str, tuple[str, ...]]:
    from db import studies

    return study_uid, tuple(one.study_date for one in studies.prior_studies(workspace, study_uid))
