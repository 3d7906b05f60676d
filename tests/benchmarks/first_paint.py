"""Start the workstation, say when its window is first on screen, and go."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desktop.app import parse_arguments  # what ``python -m desktop`` does, in the same order


def main(workspace: str) -> None:
    """Print a line at the first paint."""
    arguments = parse_arguments(["--workspace", workspace, "--no-model"])
    from PySide6.QtWidgets import QApplication

    from desktop.errors import ErrorReporter
    from desktop.theme import apply_theme

    application = QApplication([])
    apply_theme(application)
    from desktop.workstation import Workstation

    workstation = Workstation(arguments, ["true"], ErrorReporter())
    workstation.window.first_painted.connect(lambda: print("painted", flush=True))
    workstation.window.first_painted.connect(workstation.window.close)
    workstation.show()
    application.exec()
    workstation.close()


if __name__ == "__main__":
    main(sys.argv[1])
