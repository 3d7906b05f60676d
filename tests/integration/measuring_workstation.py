"""A real workstation with a reader who never stops measuring; run as a process and killed by a test.

``python measuring_workstation.py WORKSPACE FILM`` prints, after each line drawn, the time and the number of lines.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.app import parse_arguments
from desktop.errors import ErrorReporter
from desktop.workstation import Workstation


def main(workspace: str, film: str) -> None:
    """Open the film and measure until killed."""
    application = QApplication([])
    reporter = ErrorReporter()
    reporter.install()
    workstation = Workstation(parse_arguments(["--workspace", workspace, "--no-model", film]), ["true"], reporter)
    workstation.show()
    measuring, view = workstation.window.viewer.measuring, workstation.window.viewer.view
    timer = QTimer(interval=40)

    def draw_line() -> None:
        if not (workstation.services.reading.can_edit and measuring.drawings.are_loaded and view.image is not None):
            return
        number = len(measuring.measurements)
        start = QPoint(60 + 7 * number % 300, 80 + 5 * number % 300)
        measuring.choose("length")
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(view, start + QPoint(40, 30))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 40))
        print(f"{time.monotonic():.4f} {len(measuring.measurements)}", flush=True)

    timer.timeout.connect(draw_line)
    timer.start()
    application.exec()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
