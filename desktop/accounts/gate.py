"""What stands between the workstation and whoever sits down at it: login, lock, switch of reader."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from db.records import Account
from desktop.accounts.idle_watch import IdleWatch
from desktop.accounts.login_page import LoginPage
from desktop.actions import ActionSpec
from desktop.errors import known_sentence
from desktop.operations.accounts import list_accounts, log_in, record_act
from desktop.operations.autosave import Autosave
from desktop.operations.studies import close_study
from desktop.services import Services


class AccountGate(QStackedWidget):
    """The workbench, or the login page in front of it.

    Locking takes everything of a patient off the screen and lets no key of the workbench through; the study stays open
    and its text is kept. Without accounts there is nobody to ask, so nothing is ever locked.

    Parameters
    ----------
    workbench : QWidget
        All the rest of the window.
    """

    def __init__(self, services: Services, autosave: Autosave, workbench: QWidget, parent: QWidget | None = None):
        super().__init__(parent)
        self._services, self._session, self._autosave = services, services.session, autosave
        self._workbench = workbench
        self._on_ready: Callable[[], None] = lambda: None
        self._on_switched: Callable[[], None] = lambda: None
        self._hidden: list[QWidget] = []
        self._leaving_for: Account | None = None
        self.page = LoginPage()
        self.addWidget(workbench)
        self.addWidget(self.page)
        self.page.submitted.connect(self._on_submitted)
        self.page.switch_wanted.connect(self._ask_anybody)
        self.idle_watch = IdleWatch(services.settings.idle_lock_min * 60.0, self)
        self.idle_watch.idle.connect(self.lock)
        services.settings.changed.connect(self._on_setting_changed)
        services.reporter.known_error.connect(self._on_known_error)
        self._add_actions()

    def _add_actions(self) -> None:
        actions = self._services.actions
        actions.add(
            ActionSpec(
                "file.lock", "&Lock", "File", ("Ctrl+Alt+L",), section="readers",
                tip="Take everything off the screen until you log in again",
            ),
            self.lock,
        )  # fmt: skip
        actions.add(
            ActionSpec(
                "file.switch_reader", "Switch &reader...", "File", section="readers",
                tip="Keep the text, close the study and let somebody else log in",
            ),
            self.switch_reader,
        )  # fmt: skip
        self._session.changed.connect(self._show_actions)
        self._show_actions()

    def _show_actions(self) -> None:
        for action_id in ("file.lock", "file.switch_reader"):
            self._services.actions[action_id].setEnabled(self._session.account is not None)

    def _on_setting_changed(self, name: str) -> None:
        if name == "idle_lock_min":
            self.idle_watch.after_s = self._services.settings.idle_lock_min * 60.0

    # -- beginning ----------------------------------------------------------------------------------------------

    @property
    def is_shut(self) -> bool:
        """Whether the login page stands in front."""
        return self.currentWidget() is self.page

    def begin(self, on_ready: Callable[[], None], on_switched: Callable[[], None]) -> None:
        """Ask for a login if the workspace has accounts.

        Parameters
        ----------
        on_ready : callable
            Called once, when somebody may work.
        on_switched : callable
            Called each time that another reader has taken over.
        """
        self._on_ready, self._on_switched = on_ready, on_switched
        list_accounts(services=self._services, owner=self, on_success=self._on_listed)

    def _on_listed(self, accounts: list[Account]) -> None:
        if accounts:
            self._shut()
            self.page.ask(self._services.settings.last_account)
        else:
            self._become_ready()

    def _become_ready(self) -> None:
        on_ready, self._on_ready = self._on_ready, lambda: None
        on_ready()

    def take_first(self, account: Account) -> None:
        """The first account was just made by whoever sits here: go on as that reader."""
        self._on_logged_in(account)

    # -- locking ------------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Blank the screen until the reader logs in again; the draft is kept."""
        account = self._session.account
        if account is None or self.is_shut:
            return
        self._autosave.save_now()
        self._shut()
        self._session.set_locked(True)
        record_act(action="workstation locked", services=self._services, owner=self)
        self.page.ask_again(account.name)

    def switch_reader(self) -> None:
        """Let somebody else log in."""
        if self._session.account is not None:
            self.lock()
            self._ask_anybody()

    def _ask_anybody(self) -> None:
        self.page.ask()

    def _shut(self) -> None:
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        mine = self.window()
        self._hidden = [w for w in QApplication.topLevelWidgets() if w is not mine and w.isVisible() and w.isWindow()]
        for widget in self._hidden:
            widget.hide()
        mine.setAcceptDrops(False)
        self.setCurrentWidget(self.page)
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)  # only while it is shut: it sees every event of the program
        self.idle_watch.stop()

    def _open(self) -> None:
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self.setCurrentWidget(self._workbench)
        self.window().setAcceptDrops(True)
        for widget in self._hidden:
            if shiboken6.isValid(widget):
                widget.show()
        self._hidden = []
        self.idle_watch.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let no key of the workbench work while it is not seen."""
        return event.type() == QEvent.Type.Shortcut and self.is_shut

    # -- logging in ---------------------------------------------------------------------------------------------

    def _on_submitted(self, name: str, password: str) -> None:
        self._leaving_for = None
        log_in(
            name=name, password=password, services=self._services, owner=self,
            on_success=self._on_logged_in, on_failure=self._on_refused,
        )  # fmt: skip

    def _on_refused(self, error: BaseException) -> None:
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
            sentence = "that did not work; the log says more"
        self.page.say(sentence[0].upper() + sentence[1:] + ".")

    def _on_logged_in(self, account: Account) -> None:
        current = self._session.account
        if current is not None and current.name == account.name:
            self._take(account, is_same=True)
        elif self._services.reading.study is not None:
            self._leaving_for = account
            if close_study(services=self._services, owner=self, on_closed=self._on_left) is None:
                self._leaving_for = None
                self.page.say("A study is just being opened or closed; try again.")
        else:
            self._take(account)

    def _on_left(self) -> None:
        account, self._leaving_for = self._leaving_for, None
        if account is not None:
            self._take(account)

    def _on_known_error(self, sentence: str) -> None:
        if self._leaving_for is not None:
            self._leaving_for = None
            self.page.say(f"The text on screen could not be kept, so its reader stays: {sentence}.")

    def _take(self, account: Account, *, is_same: bool = False) -> None:
        self._services.settings.last_account = account.name
        self._session.set_account(account)
        self._open()
        if is_same:
            return
        self._become_ready()
        QTimer.singleShot(0, self, self._on_switched)
