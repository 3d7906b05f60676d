"""Who is reading: a named account that has logged in, or the local user of a workspace without accounts."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from db.records import Account
from db.roles import Right, may
from desktop.settings import Settings


class Session(QObject):
    """Who is reading, and whether the workstation is locked.

    Signals
    -------
    changed
        Somebody else is reading, or the lock went on or off.
    """

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._account: Account | None = None
        self._is_locked = False

    @property
    def account(self) -> Account | None:
        """Who has logged in; None for the local user."""
        return self._account

    @property
    def reader(self) -> str:
        """The name that stands under readings, reports and in the audit log."""
        return self._account.name if self._account is not None else self._settings.reader_name

    @property
    def is_locked(self) -> bool:
        """Whether nothing of any patient may be shown."""
        return self._is_locked

    def may(self, right: Right) -> bool:
        """Whether the reader has a right. The local user has all; ``db`` checks again."""
        return self._account is None or may(self._account.role, right)

    def refusal(self, right: Right) -> str:
        """Why the reader does not have a right, as a sentence; empty when they have it."""
        if self.may(right) or self._account is None:
            return ""
        if right == "finalise" and self._account.role == "resident":
            return "Residents keep preliminary reports; an attending signs them."
        what = {"write": "write reports", "finalise": "sign reports", "manage accounts": "manage accounts"}[right]
        return f"The role {self._account.role} may not {what}."

    def set_account(self, account: Account | None) -> None:
        """Somebody has logged in."""
        self._account, self._is_locked = account, False
        self.changed.emit()

    def set_locked(self, is_locked: bool) -> None:
        """Lock, or unlock for the same reader."""
        if is_locked != self._is_locked:
            self._is_locked = is_locked
            self.changed.emit()
