"""The window: pages, menus and keys. It does no work of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.records import WorklistEntry
from desktop import theme
from desktop.accounts.first_account import FirstAccountDialog, LocalUserBar
from desktop.accounts.gate import AccountGate
from desktop.capture.gaze_capture import GazeCapture
from desktop.first_image import FirstImageTime
from desktop.menus import Menus, add_window_actions
from desktop.operations.adapters import AdapterVersions
from desktop.operations.autosave import Autosave
from desktop.operations.drafts import DraftDelivery
from desktop.operations.imports import ImportResult, import_files
from desktop.operations.prefetch import Prefetch
from desktop.operations.studies import OpenedStudy, close_study, open_study, show_instance
from desktop.panels.model_status import ModelStatus
from desktop.panels.notice_bar import NoticeBar
from desktop.panels.status_bar import StatusBar
from desktop.panels.top_row import TopRow
from desktop.patient_text import name_text
from desktop.report.report_panel import ReportPanel
from desktop.services import Services
from desktop.tour import Tour
from desktop.viewer.prepared_film import prepare_film
from desktop.viewer.viewer_panel import ViewerPanel
from desktop.whole_screen import WholeScreenFilm
from desktop.window_dialogs import WindowDialogs
from desktop.window_place import WindowPlace
from desktop.worklist.worklist_feed import WorklistFeed
from desktop.worklist.worklist_view import WorklistView

TITLE = "Gaze2Report"
_REFRESH_AFTER_MS = 150


class MainWindow(QMainWindow):
    """Worklist page and reading page.

    Signals
    -------
    first_painted
        The window is on screen for the first time.
    closed
        The text is kept and the window is gone.
    """

    first_painted = Signal()
    closed = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self._services = services
        self._has_painted = self._may_close = self._opens_import = False
        self.autosave = Autosave(services, self)
        self.drafts = DraftDelivery(services, self)
        self.worklist = WorklistView()
        self.feed = WorklistFeed(services, self.worklist, self)
        self.prefetch = Prefetch(services, self._upcoming, prepare_film, self)
        self.drafts.ahead = self.prefetch
        self.viewer = ViewerPanel(services)
        self.report = ReportPanel(services, self.drafts, self.autosave)
        self.model_status = ModelStatus(services.host)
        self.notices = NoticeBar()
        self.top = TopRow()
        self.status = StatusBar(services.background.work)
        self._first_image = FirstImageTime(self)
        self.capture = GazeCapture(services, self)
        self._refresh_later = QTimer(self, singleShot=True, interval=_REFRESH_AFTER_MS)
        self._refresh_later.timeout.connect(self.refresh_worklist)
        self._lay_out()
        self.place = WindowPlace(self, services.settings)
        self.capture.watch_views()
        self.status.add_light(self.capture.light)
        self.whole_screen = WholeScreenFilm(self, (self.top, self.splitter.widget(1), self.status))
        self.dialogs = WindowDialogs(self, services)
        self.versions = AdapterVersions(services, self)
        self.versions.failed.connect(self.notices.fault)
        self.tour = Tour(self, services)
        services.actions.add_widget("window", self)
        add_window_actions(services.actions, self, services.host)
        self.menus = Menus(self.top.menus, services.actions)
        self._connect()
        self._restore_layout()
        services.actions.restore_states()

    # -- layout -------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        right = QWidget()
        right.setObjectName("panel")
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.model_status)
        column.addWidget(_line())
        column.addWidget(self.report, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.viewer)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setCollapsible(0, False)
        self.splitter.setHandleWidth(3)
        self.splitter.setSizes([900, 420])
        self.pages = QStackedWidget()
        self.pages.addWidget(self.worklist)
        self.pages.addWidget(self.splitter)
        central = QWidget()
        central.setObjectName("page")
        outer = QVBoxLayout(central)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.top)
        outer.addWidget(_line())
        outer.addWidget(self.pages, 1)
        outer.addWidget(self.capture.review.bar)
        outer.addWidget(self.notices)
        outer.addWidget(_line())
        outer.addWidget(self.status)
        self.gate = AccountGate(self._services, self.autosave, central)
        self.setCentralWidget(self.gate)

    def _restore_layout(self) -> None:
        settings = self._services.settings
        self.place.restore()
        for name, restore in (("reading", self.splitter.restoreState), ("worklist", self.worklist.restore_layout)):
            state = settings.layout(name)
            if state is not None:
                restore(state)

    def _save_layout(self) -> None:
        settings = self._services.settings
        self.place.keep()
        settings.set_layout("reading", self.splitter.saveState())
        settings.set_layout("worklist", self.worklist.layout_state())
        settings.sync()

    def _connect(self) -> None:
        services = self._services
        self.top.worklist_button.clicked.connect(self.show_worklist)
        self.top.reading_button.clicked.connect(self.show_reading)
        self.worklist.study_chosen.connect(self.open_study)
        services.session.changed.connect(self._show_reader)
        services.studies_changed.connect(self._refresh_later.start)
        services.reading.opened.connect(self._on_reading_opened)
        services.reporter.known_error.connect(self.notices.fault)
        self.report.notice.connect(self.status.say)
        self.whole_screen.switched.connect(self.capture.show_light_on_films)
        self.viewer.hanging.notice.connect(self.status.say)
        self.viewer.measuring.notice.connect(self.status.say)
        self.viewer.grid.cells["main"].film_shown.connect(self._first_image.end)
        self._first_image.known.connect(lambda took_s: self.status.say(f"The film was on screen after {took_s:.2f} s."))
        self.viewer.measuring.keeper.failed.connect(self.notices.fault)
        self._on_reading_opened()

    # -- readers ------------------------------------------------------------------------------------------------

    def begin(self, on_ready: Callable[[], None]) -> None:
        """Let somebody in once the workspace is open: at once without accounts, else after their login."""

        def ready() -> None:
            self.refresh_worklist()
            if self._services.session.account is None and not self._services.settings.is_local_user_chosen:
                self._offer_account()
            self.prefetch.start()
            self.capture.begin()
            on_ready()

        self.gate.begin(ready, self.refresh_worklist)

    def _show_reader(self) -> None:
        account = self._services.session.account
        self.top.show_reader(account.name if account is not None else "")

    def _offer_account(self) -> None:
        bar = LocalUserBar(self._services.session.reader)
        bar.create_wanted.connect(self._ask_for_first_account)
        bar.continue_wanted.connect(lambda: setattr(self._services.settings, "is_local_user_chosen", True))
        bar.continue_wanted.connect(bar.hide)
        self._services.session.changed.connect(bar.hide)
        self.worklist.show_above(bar)

    def _ask_for_first_account(self) -> None:
        dialog = FirstAccountDialog(self._services, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.made.connect(self.gate.take_first)
        dialog.open()

    # -- pages --------------------------------------------------------------------------------------------------

    def show_worklist(self) -> None:
        """Go to the worklist; the study stays open."""
        self.pages.setCurrentWidget(self.worklist)
        self.worklist.table.setFocus()
        self._refresh_pages()

    def show_reading(self) -> None:
        """Go to the study on screen."""
        if self._services.reading.study is not None:
            self.pages.setCurrentWidget(self.splitter)
            self.viewer.active_view.setFocus()
        self._refresh_pages()

    def focus_filter(self) -> None:
        """Give the keyboard to the filter."""
        self.show_worklist()
        self.worklist.filter.setFocus()
        self.worklist.filter.selectAll()

    def switch_focus(self) -> None:
        """Keyboard from the image to the report and back."""
        if self.report.has_focus():
            self.viewer.active_view.setFocus()
        else:
            self.report.focus()

    def _refresh_pages(self) -> None:
        is_reading = self.pages.currentWidget() is self.splitter
        study = self._services.reading.study
        self.top.show_page(name_text(study.patient.name) if study is not None else None, is_reading=is_reading)

    def _on_reading_opened(self) -> None:
        if self._services.reading.study is None:
            self.pages.setCurrentWidget(self.worklist)
        self._refresh_pages()

    # -- studies ------------------------------------------------------------------------------------------------

    def refresh_worklist(self) -> None:
        """Read the worklist again."""
        self.feed.refresh()

    def open_study(self, study_uid: str, *, take_over: bool = False) -> None:
        """Open a study; the one on screen is kept first."""
        reading = self._services.reading
        if reading.study is not None and reading.study.study_uid == study_uid and not take_over:
            if reading.instance is not None and reading.image_fault:  # stopped, or the disk was away
                show_instance(instance=reading.instance, services=self._services)
            self.show_reading()
            return
        self._first_image.begin()
        open_study(
            study_uid=study_uid, services=self._services, owner=self, on_opened=self._on_opened, take_over=take_over
        )

    def _on_opened(self, opened: OpenedStudy) -> None:
        self.worklist.choose(opened.study.study_uid)
        self.show_reading()
        if opened.locked_sentence and not opened.can_take_over:
            self.status.say(opened.locked_sentence)
        elif opened.locked_sentence:
            uid = opened.study.study_uid
            self.notices.ask(opened.locked_sentence, "Take over", lambda: self.open_study(uid, take_over=True))

    def open_neighbour(self, step: int) -> None:
        """Open the study before or after, in the order of the worklist."""
        study = self._services.reading.study
        uid = self.worklist.neighbour(study.study_uid, step) if study is not None else None
        if uid is not None:
            self.open_study(uid)

    def _upcoming(self, count: int) -> list[WorklistEntry]:
        study = self._services.reading.study
        return self.worklist.upcoming(study.study_uid if study is not None else None, count)

    def open_next_unread(self) -> None:
        """Open the next unread study."""
        study = self._services.reading.study
        uid = self.worklist.next_unread(study.study_uid if study is not None else None)
        if uid is not None:
            self.open_study(uid)
        else:
            self.status.say("There is no unread study.")

    # -- files --------------------------------------------------------------------------------------------------

    def ask_for_files(self) -> None:
        """Choose files to import."""
        dialog = QFileDialog(self, "Open films")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(["Films (*.dcm *.dicom *.png *.jpg *.jpeg *.zip)", "All files (*)"])
        self._ask(dialog)

    def ask_for_folder(self) -> None:
        """Choose a folder to import."""
        dialog = QFileDialog(self, "Open a folder of films")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._ask(dialog)

    def _ask(self, dialog: QFileDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda names: self.import_paths([Path(name) for name in names]))
        dialog.open()

    def import_paths(self, paths: Sequence[Path], *, open_first: bool = True) -> None:
        """Import files and folders, then open the first film unless a study is on screen."""
        if self._services.workspace is None:
            self.status.say("The workspace is not open yet.")
            return
        self._opens_import = open_first
        run = import_files(paths=paths, services=self._services, owner=self)
        run.finished.connect(self._on_imported)

    def _on_imported(self, result: ImportResult) -> None:
        self.refresh_worklist()
        show = self.notices.fault if result.failures else self.status.say
        show(result.text)
        films = result.imported or result.duplicates
        if films and self._opens_import and self._services.reading.study is None:
            self.open_study(films[0].study_uid)

    # -- Qt -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say when the window is first on screen."""
        super().paintEvent(event)
        if not self._has_painted:
            self._has_painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls() and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import what was dropped."""
        self.import_paths([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the text first; a text that cannot be kept keeps the window open."""
        if self._may_close or self._services.workspace is None or self._services.reading.study is None:
            self._save_layout()
            event.accept()
            self.closed.emit()
            return
        event.ignore()
        if self.autosave.is_failing or self.viewer.measuring.keeper.fault:
            self.notices.fault(
                "The text of this study is not saved yet. Copy it first, or close without it.",
                "Close without saving", self._close_now,
            )  # fmt: skip
            return
        close_study(services=self._services, owner=self, on_closed=self._close_now)

    def _close_now(self) -> None:
        self._may_close = True
        self.close()


def _line() -> QLabel:
    line = QLabel()
    line.setFixedHeight(1)
    line.setStyleSheet(f"background: {theme.BORDER};")
    return line
