"""The versions of the model in the window: activate through the gate or with a reason, go back, reject."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_model

from db import adapter_judgements, adapter_transfer, adapters

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("made")
    return [tiny_model.save_tiny_adapter(place / f"tiny-{seed}", seed=seed, name=f"tiny-{seed}") for seed in (1, 2)]


@pytest.fixture
def made(make_station, qtbot, folders, monkeypatch):
    station = make_station(start_host=False)
    asked: list[Path | None] = []
    monkeypatch.setattr(station.services.host, "use_adapter", asked.append)
    station.asked = asked
    for folder in folders:
        adapter_transfer.import_version(station.workspace, folder, actor="anna")
    station.window.dialogs.show_versions(station.window.versions)
    dialog = station.window.dialogs.versions
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 3)
    return station


def choose(dialog, name: str) -> None:
    row = next(row for row in range(dialog.table.rowCount()) if dialog.table.item(row, 1).text() == name)
    dialog.table.selectRow(row)


def test_a_version_goes_live_through_the_gate_and_the_host_loads_it(made, qtbot) -> None:
    dialog = made.window.dialogs.versions
    choose(dialog, "tiny-1")
    assert not dialog.activate_button.isEnabled()
    adapter_judgements.judge(made.workspace, "tiny-1", is_passed=True, reasons=["F1 0.02 better"], content={})
    made.window.versions.refresh()
    qtbot.waitUntil(lambda: "F1 0.02 better" in dialog.detail.toPlainText())
    dialog.activate_button.click()
    qtbot.waitUntil(lambda: adapters.live(made.workspace) is not None)
    qtbot.waitUntil(lambda: made.asked == [adapters.folder_of(made.workspace, adapters.find(made.workspace, "tiny-1"))])
    qtbot.waitUntil(lambda: dialog.table.item(1, 0).text() == "●")
    assert not made.bugs


def test_a_reason_lets_a_version_live_and_one_click_goes_back(made, qtbot) -> None:
    dialog = made.window.dialogs.versions
    choose(dialog, "tiny-2")
    dialog.reason.setText("trial on my own films")
    assert dialog.activate_button.isEnabled()
    dialog.activate_button.click()
    qtbot.waitUntil(dialog.back_button.isEnabled)
    dialog.back_button.click()
    qtbot.waitUntil(lambda: adapters.live(made.workspace) is None and made.asked[-1] is None)
    assert [one.reason for one in adapters.activations(made.workspace)] == ["trial on my own films", "rollback"]


def test_a_rejected_version_cannot_go_live(made, qtbot) -> None:
    dialog = made.window.dialogs.versions
    choose(dialog, "tiny-2")
    assert not dialog.reject_button.isEnabled()
    dialog.reason.setText("misses pneumothorax")
    dialog.reject_button.click()
    qtbot.waitUntil(lambda: dialog.table.item(2, 2).text() == "rejected")
    choose(dialog, "tiny-2")
    dialog.reason.setText("please")
    assert not dialog.activate_button.isEnabled()


def test_a_file_that_is_no_version_is_a_sentence(made, qtbot, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    made.window.versions.take_in(tmp_path / "a.zip")
    qtbot.waitUntil(lambda: "no archive of an adapter version" in made.window.dialogs.versions.said.text())
    assert not made.bugs
