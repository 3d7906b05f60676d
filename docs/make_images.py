"""Pictures of the workstation, of each layout, tool and dialog, into ``docs/images``.

::

    PYTHONPATH=. .venv/bin/python docs/make_images.py [FOLDER] [--only NAME]

Each is made at 1280 x 800, at 1920 x 1080, and at 1280 x 800 with two device pixels to each. The PA film is the public
sample RG1 that pydicom offers; the lateral film is a phantom; the prior is the same sample brighter and moved. What the
pictures show as the model's draft was written by the embedded model for that film.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"1280x800": (1280, 800, 1), "1920x1080": (1920, 1080, 1), "1280x800@2": (1280, 800, 2)}
QUALITY = {"1280x800": 82, "1920x1080": 76, "1280x800@2": 66}
DRAFTED_WITHIN_S, SHOWN_WITHIN_S = 300.0, 60.0


def main() -> None:
    """Make all pictures, each size in a process of its own: the ratio of pixels is chosen when Qt starts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", default="", help="names that begin so, with commas between")
    parser.add_argument("--size", choices=SIZES, help="one size only")
    parser.add_argument("--part", default="", help="gaze-study or tracker: only the pictures of that part, no draft")
    parser.add_argument("--host", default=f"{sys.executable} -m gaze2report host", help="what drafts")
    arguments = parser.parse_args()
    if os.environ.get("QT_SCALE_FACTOR") is None:
        for size in [arguments.size] if arguments.size else SIZES:
            more = ["--size", size, "--only", arguments.only, "--host", arguments.host, "--part", arguments.part]
            variables = {"QT_SCALE_FACTOR": str(SIZES[size][2]), "QT_QPA_PLATFORM": "offscreen"}
            subprocess.run(
                [sys.executable, __file__, str(arguments.folder), *more],
                env={**os.environ, **variables}, check=True,
            )  # fmt: skip
        return
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from PySide6.QtWidgets import QApplication

    from desktop.theme import apply_theme

    application = QApplication(["pictures"])
    apply_theme(application)
    with tempfile.TemporaryDirectory() as folder, workstation(Path(folder), arguments.host.split()) as made:
        made.window.resize(*SIZES[arguments.size][:2])
        made.window.show()
        made.window.activateWindow()
        pictures = Pictures(made, arguments.folder / arguments.size, arguments.only)
        if arguments.part:
            pictures.take_part(arguments.part)
        else:
            pictures.take_all()


@contextmanager
def workstation(folder: Path, host: list[str]) -> Iterator[Any]:
    """A workstation with made and public films."""
    from picture_films import films
    from stations import Station

    from desktop.model_host import HostTimes
    from gaze2report.imaging.intake import Intake

    with Intake() as intake:
        made = Station(folder, intake, host, HostTimes())
        made.services.settings.reader_name = "Dr. A. Reader"
        made.services.settings.does_prefetch = False
        for path in films(folder):
            made.add(path)
        made.services.host.start()
        try:
            yield made
        finally:
            made.close()


class Pictures:
    """Brings the workstation from state to state and takes pictures of it."""

    def __init__(self, made: Any, folder: Path, only: str) -> None:
        self.made, self.window, self.reading = made, made.window, made.reading
        self.viewer, self.report, self.folder, self.only = made.window.viewer, made.window.report, folder, only
        folder.mkdir(parents=True, exist_ok=True)

    # -- means --------------------------------------------------------------------------------------------------

    def wait(self, is_so: Callable[[], object], within_s: float = SHOWN_WITHIN_S) -> None:
        """Let the window work until something is so."""
        from PySide6.QtTest import QTest

        end = time.monotonic() + within_s
        while not is_so():
            if time.monotonic() > end:
                raise TimeoutError(f"line {is_so.__code__.co_firstlineno}; told: {self.made.told}, {self.made.bugs}")
            QTest.qWait(20)

    def take(self, name: str, widget: Any = None) -> None:
        """Save the window with what lies over it, or one dialog."""
        from PIL import Image
        from PySide6.QtCore import QBuffer, QIODevice
        from PySide6.QtGui import QPainter
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QApplication

        if not name.startswith(tuple(self.only.split(","))):
            return
        QTest.qWait(350)
        picture = (widget or self.window).grab()
        if widget is None:
            painter = QPainter(picture)
            for popup in QApplication.topLevelWidgets():
                if popup is not self.window and popup.isVisible():
                    painter.drawPixmap(self.window.mapFromGlobal(popup.pos()), popup.grab())
            painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        picture.save(buffer, "PNG")
        path = self.folder / f"{name}.webp"
        import io

        Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB").save(
            path, quality=QUALITY[self.folder.name], method=6
        )
        print(path)

    def do(self, action_id: str) -> None:
        """Trigger an action as soon as it can be."""
        action = self.made.services.actions[action_id]
        self.wait(action.isEnabled)
        action.trigger()

    def named_dialog(self, kind: type) -> Any:
        """The dialog of a kind that is on screen."""
        from PySide6.QtWidgets import QApplication

        shown = (one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible())
        return next(shown, None)

    def dialog(self, name: str, kind: type, *, close: bool = True) -> Any:
        """Take a picture of the dialog of a kind."""
        self.wait(lambda: self.named_dialog(kind) is not None)
        shown = self.named_dialog(kind)
        self.take(name, shown)
        if close:
            shown.close()
        return shown

    def open(self, accession: str) -> None:
        """Open a study."""
        from db import studies

        entry = next(one for one in studies.worklist(self.made.workspace) if one.accession_number == accession)
        self.window.open_study(entry.study_uid)
        self.wait(lambda: self.reading.study is not None and self.reading.study.study_uid == entry.study_uid)
        self.wait(lambda: self.viewer.view.image is not None and self.made.services.drawings.are_loaded)

    # -- the pictures -------------------------------------------------------------------------------------------

    def take_all(self) -> None:
        """Take every picture."""
        self.made.services.settings.is_local_user_chosen = True
        self.window.begin(lambda: None)
        self.wait(lambda: self.window.worklist.table_model.total > 5)
        self.open("A-1001")
        self.wait(lambda: bool(self.reading.drafts), DRAFTED_WITHIN_S)
        self.films()
        self.gaze()
        self.measure()
        self.write()
        self.dialogs()
        self.sign_and_amend()
        self.tracker()
        self.doors()
        self.gaze_study()

    def take_part(self, part: str) -> None:
        """Take the pictures of a part that needs no draft."""
        self.made.services.settings.is_local_user_chosen = True
        self.window.begin(lambda: None)
        self.wait(lambda: self.window.worklist.table_model.total > 5)
        {"tracker": self.tracker, "gaze-study": self.gaze_study}[part]()

    def tracker(self) -> None:
        """Eye tracker: panel, consent, calibration, a case that is recorded, its gates."""
        from desktop.capture.consent_dialog import ConsentDialog
        from desktop.capture.tracker_choice import TrackerChoice

        capture = self.window.capture
        capture.choose(TrackerChoice("simulated", "SIM-1200", 300.0))
        self.wait(lambda: capture.link.state.phase == "ready")
        self.do("gaze.record")
        self.wait(lambda: self.named_dialog(ConsentDialog) is not None)
        consent = self.named_dialog(ConsentDialog)
        consent.pseudonym.setText("reader-17")
        consent.agrees.setChecked(True)
        self.take("tracker-consent", consent)
        consent.agree_button.click()
        self.calibrate()
        self.open("A-1001")
        self.wait(lambda: capture.recording.case is not None)
        from PySide6.QtTest import QTest

        QTest.qWait(4000)
        self.take("tracker-recording")
        capture.show_panel()
        self.take("tracker-panel", capture.panel)
        capture.panel.close()
        capture.recording.disarm()
        self.wait(capture.review.bar.isVisible)
        self.do("gaze.show_recorded")
        self.wait(lambda: bool(self.made.services.gaze.recordings))
        self.take("tracker-gates")
        capture.review.bar.hide()
        capture.choose(TrackerChoice())

    def calibrate(self) -> None:
        """The calibration, full screen."""
        capture = self.window.capture
        self.do("gaze.calibrate")
        self.wait(lambda: capture.calibrating.window is not None)
        shown = capture.calibrating.window
        self.wait(lambda: shown.head is not None)
        self.take("calibration-guide", shown)
        shown.guide.points_box.setCurrentIndex(0)
        shown.guide.start_button.click()
        self.wait(lambda: shown.run.target is not None)
        self.take("calibration-target", shown)
        self.wait(lambda: shown.run.step == "result")
        self.take("calibration-result", shown)
        shown.result.accept_button.click()
        self.wait(lambda: capture.calibrating.window is None)

    def gaze_study(self) -> None:
        """Gaze study mode; it takes the place of the window."""
        from PySide6.QtCore import QObject

        from desktop.capture.tracker_choice import TrackerChoice
        from desktop.study_mode.study_start import StudyStart

        folder = self.made.workspace.folder
        protocol = (ROOT / "docs" / "gaze-study.yaml").read_text(encoding="utf-8")
        (folder / "study.yaml").write_text(protocol.replace("calibrate_every: 5", "calibrate_every: 0"), "utf-8")
        wanted = argparse.Namespace(study=folder / "study.yaml", reader="reader-17", workspace=None)
        capture = self.window.capture
        capture.recording.withdraw()
        capture.settings.choice = TrackerChoice("simulated", "SIM-60")
        study = StudyStart(self.made.services, self.window, wanted, QObject(self.window))
        study.window.resize(self.window.size())
        study.window.show()
        study.on_opened()
        self.wait(study.window.go_button.isEnabled)
        study.window.go_button.click()
        study.window.go_button.click()
        study.window.consent_dialog.agrees.setChecked(True)
        study.window.consent_dialog.agree_button.click()
        self.wait(lambda: study.run.step == "reading" and capture.recording.case is not None, DRAFTED_WITHIN_S)
        self.take("study-reading", study.window)
        study.window.done_button.click()
        self.wait(lambda: bool(study.run.level_of_last_case))
        study.window.form.groups["abnormal"].buttons()[1].click()
        self.take("study-questions", study.window)
        study.window.close()

    def films(self) -> None:
        """Layouts, and the tools of a film."""
        self.take("reading")
        for number, layout in enumerate(("lateral", "prior", "lateral_prior"), 2):
            self.do(f"image.layout_{layout}")
            self.wait(lambda: all(view.image is not None for view in self.viewer.grid.shown_views))
            if number == 2:
                self.wait(lambda: not self.viewer.strip.missing())
            self.take(f"layout-{layout.replace('_', '-')}")
        stranger = next(entry.instance for entry in self.viewer.strip.entries if entry.is_namesake)
        self.do("image.layout_prior")
        cell = self.viewer.grid.cells["prior"]
        was = cell.instance
        cell.show(stranger)
        self.wait(lambda: cell.view.image is not None and cell.view.alarm)
        self.take("two-patients")
        cell.show(was)
        self.do("image.layout_single")
        self.do("gaze.predicted")
        self.do("image.turn_right")
        self.do("image.flip_horizontally")
        self.take("turned-and-flipped")
        self.do("image.reset")
        self.magnify()
        self.presets()

    def magnify(self) -> None:
        """The magnifier over the film."""
        from PySide6.QtTest import QTest

        view = self.viewer.view
        QTest.mouseMove(view, view.rect().center())
        self.do("image.magnifier")
        QTest.mouseMove(view, view.rect().center() / 1.2)
        self.take("magnifier")
        self.do("image.magnifier")  # holds it in its place
        self.do("image.magnifier")  # puts it away

    def presets(self) -> None:
        """The menu of windows."""
        from PySide6.QtWidgets import QApplication

        self.viewer.preset_button.click()
        self.take("presets")
        QApplication.activePopupWidget().close()

    def gaze(self) -> None:
        """Scanpath, heat map and replay."""
        self.do("gaze.predicted")
        self.do("gaze.panel")
        self.do("gaze.heat_map")
        self.take("gaze-heat-map")
        self.do("gaze.heat_map")
        self.do("gaze.next_fixation")
        self.do("gaze.next_fixation")
        self.take("gaze-fixation")
        self.do("gaze.panel")
        self.do("gaze.predicted")

    def measure(self) -> None:
        """Measurements, with a proposed cardiothoracic ratio."""
        from gaze2report.imaging.measurements import Measurement

        uid = self.viewer.measuring.film_uid
        for one in (
            Measurement("length", ((1330.0, 600.0), (1480.0, 760.0))),
            Measurement("ellipse", ((420.0, 330.0), (560.0, 470.0))),
            Measurement("angle", ((600.0, 1200.0), (520.0, 1450.0), (300.0, 1480.0))),
            Measurement("arrow", ((1400.0, 1200.0), (1600.0, 1050.0)), text="mass"),
        ):
            self.made.services.drawings.put(uid, one)
        self.do("measure.ctr")
        self.wait(lambda: len(self.viewer.measuring.measurements) == 5)
        self.do("measure.list")
        self.take("measurements")
        self.do("measure.list")
        self.do("measure.show")

    def write(self) -> None:
        """Template fields, macro, spelling, and what stands in the way of signing."""
        from PySide6.QtTest import QTest

        self.wait(lambda: bool(self.report.templates.library.templates))
        self.reading.reject_all()
        chosen = next(one for one in self.report.templates.offered() if one.name == "Chest, PA and lateral")
        self.report.insert_template(chosen)
        self.take("template-field")
        self.report.fields.picker.close()
        self.do("report.use_defaults")
        editor = self.report.editors["findings"]
        editor.setFocus()
        editor.moveCursor(editor.textCursor().MoveOperation.End)
        QTest.keyClicks(editor, " He has a leftt effusion. eff")
        QTest.qWait(1500)  # the spelling is checked in the background
        self.take("macro")
        for _ in range(4):
            QTest.keyClick(editor, "\b")
        self.do("report.sign")
        self.wait(lambda: bool(self.report.sign_bar.warnings))
        self.take("signing")

    def dialogs(self) -> None:
        """Dialogs that can be opened while a report is written."""
        from desktop.panels.settings_dialog import SettingsDialog
        from desktop.panels.shortcut_sheet import ShortcutSheet
        from desktop.report.templates_dialog import TemplatesDialog

        self.do("report.templates")
        self.dialog("templates", TemplatesDialog)
        self.do("help.keys")
        self.dialog("keys", ShortcutSheet)
        for page in ("General", "Display", "Keys"):
            self.window.dialogs.show_settings(page)
            self.dialog(f"settings-{page.lower()}", SettingsDialog)
        self.window.tour.start()
        self.take("tour")
        self.window.tour.callout.hide()
        self.window.tour.ring.hide()

    def sign_and_amend(self) -> None:
        """What comes after the signature."""
        from desktop.report.export_dialog import ExportDialog
        from desktop.report.versions_dialog import VersionsDialog

        communications = self.report.sections.communications
        communications.begin()
        communications.told.setText("Dr. Ward")
        communications.keep()
        self.do("report.accept")
        self.wait(lambda: self.reading.study.status == "preliminary")
        before = self.reading.sections["findings"].text
        wrong = "He has a leftt effusion."
        self.reading.splice("findings", before.index(wrong), len(wrong), "Small left effusion.")
        self.do("report.sign")
        self.report.sign_bar.sign_confirmed.emit()
        self.wait(lambda: self.reading.is_signed)
        self.take("signed")
        self.do("report.versions")
        self.dialog("versions", VersionsDialog)
        self.do("report.export")
        self.wait(lambda: self.named_dialog(ExportDialog) is not None)
        self.named_dialog(ExportDialog).file.setText("/home/reader/Documents/report-v2-final.pdf")
        self.dialog("export", ExportDialog)
        self.do("report.correct")
        self.wait(lambda: self.reading.is_correcting)
        self.take("correction")
        self.report.amendments.correction_bar.back_button.click()
        self.wait(lambda: not self.reading.is_correcting)
        self.do("report.addendum")
        bar = self.report.amendments.addendum_bar
        self.wait(bar.isVisible)
        bar.text.setPlainText("The film of 2023-03-02 has come; the masses are new.")
        bar.reason.setEditText("Prior films have come")
        self.take("addendum")

    def doors(self) -> None:
        """Worklist, first account, login, and the report of a bug."""
        from db import accounts
        from desktop.accounts.first_account import FirstAccountDialog
        from desktop.panels.bug_report import BugReport

        self.window.show_worklist()
        self.window.refresh_worklist()
        self.take("worklist")
        self.window.dialogs.show_bug(
            "ValueError in desktop.viewer", "/home/reader/.local/state/gaze2report/desktop.log"
        )
        self.dialog("bug-report", BugReport)
        dialog = FirstAccountDialog(self.made.services, self.window)
        dialog.open()
        self.dialog("first-account", FirstAccountDialog)
        account = accounts.add(self.made.workspace, "Dr. A. Reader", "only for pictures", "admin", actor="pictures")
        self.made.services.session.set_account(account)
        self.do("file.lock")
        self.take("login")


if __name__ == "__main__":
    main()
