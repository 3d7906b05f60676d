"""A real workstation with a reader who never stops typing; run as a process and killed by a test.

``python typing_workstation.py WORKSPACE FILM`` prints, after each letter, the time and the length of the text.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.app import parse_arguments
from desktop.errors import ErrorReporter
from desktop.workstation import Workstation

LETTERS = "abcdefghij klmnopqrst uvwxyz. "


def main(workspace: str, film: str) -> None:
    """Open the film and type until killed."""
    application = QApplication([])
    reporter = ErrorReporter()
    reporter.install()
    workstation = Workstation(parse_arguments(["--workspace", workspace, "--no-model", film]), ["true"], reporter)
    workstation.show()
    editor = workstation.window.report.editors["findings"]
    timer = QTimer(interval=10)

    def type_letter() -> None:
        if not workstation.services.reading.can_edit:
            return
        length = len(editor.toPlainText())
        editor.moveCursor(editor.textCursor().MoveOperation.End)
        QTest.keyClicks(editor, LETTERS[length % len(LETTERS)])
        print(f"{time.monotonic():.4f} {length + 1}", flush=True)

    timer.timeout.connect(type_letter)
    timer.start()
    application.exec()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
