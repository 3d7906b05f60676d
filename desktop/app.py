"""Starts the workstation: makes every long-lived object once and hands it on."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from desktop.log_text import Plain
from gaze2report.errors import EXIT_OK, EXIT_REFUSED, EXIT_WRONG_USE

APPLICATION = "gaze2report"
SCREENSHOT_SIZE_PX = (1366, 768)


def main(argv: Sequence[str]) -> int:
    """Run the workstation until its window closes; returns the exit code.

    Parameters
    ----------
    argv : sequence of str
        Arguments without the program's name.
    """
    arguments = parse_arguments(argv)
    if arguments.study is not None:
        from desktop.study_mode.study_start import check_arguments

        fault = check_arguments(arguments)
        if fault:
            print(fault, file=sys.stderr)
            return EXIT_WRONG_USE
    if arguments.screenshot and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from desktop.display_check import missing_display

    fault = missing_display()
    if fault is not None:
        print(f"the workstation cannot be shown: {fault}", file=sys.stderr)
        return EXIT_WRONG_USE
    return _run(arguments)


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; exits with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m desktop", description="Reading workstation for chest radiographs.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="films or folders to import and open")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="where studies and reports are kept")
    parser.add_argument("--no-model", action="store_true", help="start without the model host")
    parser.add_argument("--adapter", metavar="DIR", help="adapter version that the model host loads")
    parser.add_argument("--host-command", metavar="COMMAND", help="another program that speaks the host's messages")
    parser.add_argument("--study", type=Path, metavar="PROTOCOL", help="gaze study: lead a reader through its cases")
    parser.add_argument("--reader", default="", metavar="PSEUDONYM", help="whose turn it is in the gaze study")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="save a picture of the window and exit")
    parser.add_argument(
        "--screenshot-after", choices=("window", "image", "draft", "signed"), default="window", help="what it shows"
    )
    parser.add_argument("--screenshot-timeout", type=float, default=600.0, metavar="S", help="seconds to wait for it")
    parser.add_argument(
        "--screenshot-size", type=_size, default=SCREENSHOT_SIZE_PX, metavar="WxH", help="size of the window"
    )
    return parser.parse_args(list(argv))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _host_command(arguments: argparse.Namespace) -> list[str]:
    if arguments.host_command:
        return shlex.split(arguments.host_command)
    adapter = ["--adapter", arguments.adapter] if arguments.adapter else []
    return [sys.executable, "-m", "gaze2report", "host", *adapter]


def _run(arguments: argparse.Namespace) -> int:
    from PySide6.QtCore import qInstallMessageHandler
    from PySide6.QtWidgets import QApplication

    from desktop.errors import ErrorReporter

    application = QApplication([APPLICATION])
    application.setApplicationName(APPLICATION)
    application.setApplicationDisplayName("Gaze2Report")
    reporter = ErrorReporter()
    reporter.install()
    qInstallMessageHandler(_log_qt_message)
    try:
        from desktop.workstation import Workstation

        workstation = Workstation(arguments, _host_command(arguments), reporter)
        workstation.show()
        application.exec()
        return workstation.close()
    finally:
        sys.excepthook = sys.__excepthook__
        qInstallMessageHandler(None)
        reporter.close_log()


def _log_qt_message(kind: object, _context: object, text: str) -> None:
    """What Qt has to say goes into the log; the offscreen platform's remark on size hints goes nowhere."""
    if "propagateSizeHints" not in text:
        logging.getLogger("desktop.qt").warning("%s %s", Plain(getattr(kind, "name", kind)), Plain(_qt_words(text)))


def _qt_words(text: str) -> str:
    """What Qt says up to the first value: it quotes file names, and nothing else that is not its own."""
    return text.partition('"')[0]


def exit_code_of(fault: str, picture: Path) -> int:
    """Say how a screenshot went; 0 when it shows what was asked for, 3 when it does not."""
    if fault:
        print(f"{picture}: {fault}", file=sys.stderr)
        return EXIT_REFUSED
    print(picture)
    return EXIT_OK
