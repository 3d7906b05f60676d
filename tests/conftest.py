"""What holds for every test: no display, no network, no settings or home folder of whoever runs it.

=================  ==================================================================
marker             added to
=================  ==================================================================
gui                tests that use a Qt fixture or lie in ``tests/gui``
integration        tests in ``tests/integration``
benchmark          tests in ``tests/benchmarks``
tracker, gpu       tests in ``tests/hardware`` and ``tests/gpu``
soak               tests in ``tests/soak``
=================  ==================================================================

The last four run only when ``-m`` names them: ``pytest -m gpu``.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import hypothesis
import platformdirs
import pytest

ONLY_WHEN_NAMED = ("benchmark", "soak", "gpu", "tracker")
QT_FIXTURES = {"qapp", "qtbot", "qtmodeltester"}
MARKER_OF_FOLDER = {
    "gui": "gui",
    "integration": "integration",
    "benchmarks": "benchmark",
    "gpu": "gpu",
    "hardware": "tracker",
    "soak": "soak",
}
TESTS = Path(__file__).parent

# Environment first: Qt, transformers and platformdirs read theirs when they are imported.
_real_cache = os.environ.get("GAZE2REPORT_CACHE") or platformdirs.user_cache_dir("gaze2report")
_platform = os.environ.get("GAZE2REPORT_TEST_PLATFORM", "offscreen")  # "xcb": to watch, or under Xvfb
_home = tempfile.mkdtemp(prefix="gaze2report-test-home-")
os.environ.update(
    {
        "QT_QPA_PLATFORM": _platform,
        "GAZE2REPORT_CACHE": _real_cache,  # the language model is read from where `make` has put it
        "GAZE2REPORT_REAL_HOME": os.environ.get("HOME", ""),
        "HOME": _home,
        "XDG_CONFIG_HOME": f"{_home}/config",
        "XDG_DATA_HOME": f"{_home}/data",
        "XDG_CACHE_HOME": f"{_home}/cache",
        "XDG_STATE_HOME": f"{_home}/state",
        "XDG_RUNTIME_DIR": _home,  # Qt warns where it is not set or open to others
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "PIP_NO_INDEX": "1",
    }
)
if _platform == "offscreen":
    for _name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(_name, None)

# The same examples in every run: a failure can be repeated, and a green run stays green.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")


def pytest_unconfigure() -> None:
    """Remove the home folder of this run."""
    shutil.rmtree(_home, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the markers that follow from folder and fixtures, and leave out what runs only when it is named."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        if folder in MARKER_OF_FOLDER:
            item.add_marker(MARKER_OF_FOLDER[folder])
        if QT_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("gui")
    named = config.getoption("-m") or ""
    left_out = [marker for marker in ONLY_WHEN_NAMED if marker not in named]
    unwanted = [item for item in items if any(item.get_closest_marker(marker) for marker in left_out)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in set(unwanted)]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def connect_here_only(self: socket.socket, address: object) -> None:
        is_local = self.family == getattr(socket, "AF_UNIX", None) or (
            isinstance(address, tuple) and str(address[0]) in ("127.0.0.1", "::1", "localhost")
        )
        if not is_local:
            raise AssertionError(f"a test tried to reach {address!r}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect_here_only)


@pytest.fixture(autouse=True)
def settings_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test an empty settings folder, so that none sees what another has kept."""
    folder = str(tmp_path_factory.mktemp("config"))
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    qt_core = sys.modules.get("PySide6.QtCore")  # looked up, not imported: most tests run without Qt
    if qt_core is not None:
        settings = qt_core.QSettings  # it has read XDG_CONFIG_HOME once and for all, so it is told again
        for file_format in (settings.Format.NativeFormat, settings.Format.IniFormat):
            settings.setPath(file_format, settings.Scope.UserScope, folder)
