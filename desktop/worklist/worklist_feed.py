"""The worklist as part of the window: whose filters, whose studies, and when it is read anew."""

from __future__ import annotations

from PySide6.QtCore import QObject

from db.records import SIGNED_STATUSES, WorklistEntry
from desktop.actions import ActionSpec
from desktop.background import Job
from desktop.operations.studies import assign_study, load_worklist
from desktop.services import Services
from desktop.worklist.study_filter import filters_from_json, filters_to_json
from desktop.worklist.study_index import StudyIndex
from desktop.worklist.worklist_view import WorklistView


class WorklistFeed(QObject):
    """Keeps the page in step with the workspace and with who is reading."""

    def __init__(self, services: Services, view: WorklistView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._view = services, view
        self._job: Job | None = None
        view.reader = lambda: services.session.reader
        view.bar.saved_changed.connect(self._keep_filters)
        services.session.changed.connect(self._show_filters)
        self._show_filters()
        self._add_actions()

    def _add_actions(self) -> None:
        actions = self._services.actions
        actions.add_widget("worklist", self._view.table)
        for spec, call in (
            (
                ActionSpec(
                    "study.assign_me", "Assign to &me", "Study", section="assign",
                    tip="Say that the chosen study is meant for you",
                ),
                lambda: self._assign(self._services.session.reader),
            ),
            (
                ActionSpec(
                    "study.assign_nobody", "Assign to no&body", "Study", section="assign",
                    tip="Say that the chosen study is meant for anybody",
                ),
                lambda: self._assign(""),
            ),
        ):  # fmt: skip
            actions.add(spec, call)

    def _assign(self, reader: str) -> None:
        uid = self._view.current_study_uid()
        if uid is not None and self._services.workspace is not None:
            assign_study(study_uid=uid, reader=reader, services=self._services, owner=self)

    # -- filters ------------------------------------------------------------------------------------------------

    def _show_filters(self) -> None:
        kept = self._services.settings.worklist_filters(self._services.session.reader)
        self._view.bar.set_saved(filters_from_json(kept))
        self._view.apply_filter()

    def _keep_filters(self) -> None:
        self._services.settings.set_worklist_filters(
            self._services.session.reader, filters_to_json(self._view.bar.saved)
        )

    # -- studies ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the studies again; an older reading that is still under way is dropped."""
        if self._services.workspace is None:
            return
        if self._job is not None:
            self._job.cancel()
        self._job = load_worklist(services=self._services, owner=self, on_success=self._prepare)

    def _prepare(self, entries: list[WorklistEntry]) -> None:
        model = self._view.table_model
        self._job = self._services.background.run(
            self, _index_of, [self.without_withheld(entry) for entry in entries], model.index_of_all, model.sorting,
            on_success=self._view.set_index,
        )  # fmt: skip

    def without_withheld(self, entry: WorklistEntry) -> WorklistEntry:
        """Say nothing of the AI about a study that its reader is to read first."""
        reading = self._services.reading
        is_on_screen = reading.study is not None and reading.study.study_uid == entry.study_uid
        if is_on_screen:
            is_withheld = reading.is_ai_withheld
        else:
            is_reader_first = self._services.settings.reading_mode == "reader-first"
            is_withheld = is_reader_first and entry.status not in SIGNED_STATUSES
        if not is_withheld:
            return entry
        return entry._replace(
            ai_status="" if is_on_screen else entry.ai_status, ai_priority=None, ai_priority_reason=""
        )


def _index_of(entries: list[WorklistEntry], before: StudyIndex, sorting: tuple[int, bool]) -> StudyIndex:
    index = StudyIndex(entries, before)
    index.order(sorting[0], is_descending=sorting[1])  # made here, so that the window need not
    return index
