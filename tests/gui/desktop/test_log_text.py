from __future__ import annotations

import logging
import threading

import pytest

from desktop.errors import LOG_NAME, ErrorReporter
from desktop.log_text import Plain, ValueFreeFormatter, error_text, foreign_line
from gaze2report.errors import NotAnImage

SENTINEL = "Zebrowski^Sentinel"


def formatted(message, *args, **more):
    record = logging.LogRecord("desktop", logging.INFO, "", 1, message, args, more.get("exc_info"))
    return ValueFreeFormatter("%(message)s").format(record)


def test_a_log_line_keeps_its_words_and_numbers_and_no_value():
    assert formatted("opened %s in %.1f s, %d films", SENTINEL, 1.25, 3) == "opened ... in 1.2 s, 3 films"
    assert formatted("kind %s", Plain("KeyError")) == "kind KeyError"
    assert formatted("%s %s", {"name": SENTINEL}, [SENTINEL]) == "... ..."


def raised(call):
    try:
        call()
    except Exception as error:  # noqa: BLE001
        return error
    pytest.fail("nothing was raised")


def chain():
    try:
        {}[SENTINEL]
    except KeyError as error:
        raise ValueError(f"no study of {SENTINEL}") from error


def test_a_traceback_names_places_and_kinds_of_the_whole_chain_and_no_message():
    text = error_text(raised(chain))
    assert "KeyError" in text
    assert "ValueError" in text
    assert text.index("KeyError") < text.index("which led to:") < text.index("ValueError")
    assert "test_log_text.py" in text
    assert "in chain" in text
    assert SENTINEL not in text
    assert SENTINEL not in formatted("failed", exc_info=(ValueError, raised(chain), None))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('  File "/x/host.py", line 3, in main', '  File "/x/host.py", line 3, in main'),
        ("    raise ValueError(name)", "    raise ValueError(name)"),
        (f"ValueError: {SENTINEL}", "ValueError: ..."),
        (f"pydicom.errors.InvalidDicomError: {SENTINEL}", "pydicom.errors.InvalidDicomError: ..."),
        (f"reading {SENTINEL}", "... (26 characters)"),
    ],
)
def test_of_what_another_process_writes_only_places_and_kinds_are_kept(line, kept):
    assert foreign_line(line) == kept


def test_the_reporter_shows_the_message_and_logs_only_the_place(qapp, tmp_path, capfd):
    reporter = ErrorReporter()
    reporter.log_to(tmp_path)
    shown = []
    reporter.bug_found.connect(lambda summary, path: shown.append((summary, path)))
    reporter.known_error.connect(shown.append)
    try:
        reporter.report(raised(chain))
        reporter.report(NotAnImage(f"{SENTINEL}.dcm", "it is none"))
        reporter.report(FileNotFoundError(2, "No such file", f"{SENTINEL}.dcm"))
        reporter.install()
        thread = threading.Thread(target=chain, name="lane-test")
        thread.start()
        thread.join()
    finally:
        threading.excepthook = threading.__excepthook__
        import sys

        sys.excepthook = sys.__excepthook__
        reporter.close_log()
    assert shown[0] == (f"ValueError: no study of {SENTINEL}", str(tmp_path / LOG_NAME))
    assert SENTINEL in shown[1]
    log = (tmp_path / LOG_NAME).read_text()
    assert SENTINEL not in log
    assert "told the reader of NotAnImage [not_an_image]" in log
    assert "told the reader of FileNotFoundError [errno 2]" in log
    assert "unexpected error in thread lane-test" in log
    assert log.count("in chain") >= 2
    assert SENTINEL not in "".join(capfd.readouterr())
