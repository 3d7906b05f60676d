from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMainWindow, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.actions import Actions, ActionSpec, KeyTaken
from desktop.settings import Settings


class Desk(QMainWindow):
    """A window with a film, a report and a table, each a focusable stand-in; and what was done."""

    def __init__(self, folder):
        super().__init__()
        self.settings = Settings(folder / "desktop.ini")
        self.actions_ = Actions(self.settings)
        self.done = []
        self.film, self.other_film, self.table = QWidget(), QWidget(), QWidget()
        self.report = QWidget()
        self.editor, self.line = QPlainTextEdit(), QLineEdit()
        inside = QVBoxLayout(self.report)
        inside.addWidget(self.editor)
        inside.addWidget(self.line)
        central = QWidget()
        column = QVBoxLayout(central)
        for widget in (self.film, self.other_film, self.table):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            column.addWidget(widget)
        column.addWidget(self.report)
        self.setCentralWidget(central)
        self.actions_.add_widget("window", self)
        self.actions_.add_widget("film", self.film)
        self.actions_.add_widget("worklist", self.table)
        self.actions_.add_widget("report", self.report)

    def add(self, name, keys=(), scope="window", **more):
        spec = ActionSpec(f"image.{name}", name.title(), "Image", keys, scope, **more)
        return self.actions_.add(spec, lambda: self.done.append(name))

    def press(self, widget, key, modifiers=Qt.KeyboardModifier.NoModifier):
        widget.setFocus()
        assert widget.hasFocus()
        self.done.clear()
        QTest.keyClick(widget, key, modifiers)
        return list(self.done)


@pytest.fixture
def desk(qtbot, tmp_path):
    made = Desk(tmp_path)
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


CTRL = Qt.KeyboardModifier.ControlModifier


def test_a_window_key_works_wherever_the_keyboard_is(desk):
    desk.add("fit", ("Ctrl+Return", "F4"))
    for widget in (desk.film, desk.table, desk.editor, desk.line):
        assert desk.press(widget, Qt.Key.Key_F4) == ["fit"]


def test_a_plain_key_of_the_window_works_over_the_film_and_is_typed_in_the_report(desk):
    desk.add("fit", ("Ctrl+Return", "F"))
    assert desk.press(desk.film, Qt.Key.Key_F) == ["fit"]
    assert desk.press(desk.table, Qt.Key.Key_F) == []
    assert desk.press(desk.editor, Qt.Key.Key_F) == []
    assert desk.editor.toPlainText() == "f"
    assert desk.press(desk.editor, Qt.Key.Key_Return, CTRL) == ["fit"]


def test_a_film_key_works_over_every_film_also_one_that_came_later(desk):
    desk.add("pan", ("T", "Ctrl+Z"), "film")
    desk.actions_.add_widget("film", desk.other_film)
    assert desk.press(desk.film, Qt.Key.Key_T) == ["pan"]
    assert desk.press(desk.other_film, Qt.Key.Key_T) == ["pan"]
    assert desk.press(desk.other_film, Qt.Key.Key_Z, CTRL) == ["pan"]
    assert desk.press(desk.line, Qt.Key.Key_T) == []
    assert desk.line.text() == "t"


def test_the_same_key_may_serve_film_worklist_and_report(desk):
    desk.add("tool", ("Alt+X",), "film")
    desk.add("read", ("Alt+X",), "report")
    desk.add("row", ("Alt+X",), "worklist")
    alt = Qt.KeyboardModifier.AltModifier
    assert desk.press(desk.film, Qt.Key.Key_X, alt) == ["tool"]
    assert desk.press(desk.editor, Qt.Key.Key_X, alt) == ["read"]
    assert desk.press(desk.line, Qt.Key.Key_X, alt) == ["read"]
    assert desk.press(desk.table, Qt.Key.Key_X, alt) == ["row"]


def test_a_changed_key_works_at_once_and_the_old_one_no_more(desk):
    desk.add("invert", ("Ctrl+Shift+I",), tip="Black to white")
    button = QPushButton()
    desk.actions_.tie(button, "image.invert")
    assert button.toolTip() == "Black to white (Ctrl+Shift+I)"
    desk.actions_.rebind("image.invert", ("F6", "N"))
    assert desk.press(desk.editor, Qt.Key.Key_F6) == ["invert"]
    assert desk.press(desk.film, Qt.Key.Key_N) == ["invert"]
    assert desk.press(desk.film, Qt.Key.Key_I, CTRL | Qt.KeyboardModifier.ShiftModifier) == []
    assert button.toolTip() == "Black to white (F6, N)"


def test_changed_keys_are_kept_for_the_next_start_and_a_reset_forgets_them(desk, tmp_path):
    desk.add("invert", ("F6",))
    desk.actions_.rebind("image.invert", ("F7",))
    desk.settings.sync()

    again = Actions(Settings(tmp_path / "desktop.ini"))
    again.add(ActionSpec("image.invert", "Invert", "Image", ("F6",)), lambda: None)
    assert again.keys("image.invert") == ("F7",)
    assert again.is_changed("image.invert")
    again.reset("image.invert")
    assert again.keys("image.invert") == ("F6",)
    assert not again.is_changed("image.invert")
    again._settings.sync()
    assert Settings(tmp_path / "desktop.ini").keys("image.invert") is None


def test_an_action_can_be_left_without_a_key(desk, tmp_path):
    desk.add("invert", ("F6",))
    desk.actions_.rebind("image.invert", ())
    assert desk.press(desk.film, Qt.Key.Key_F6) == []
    desk.settings.sync()
    assert Settings(tmp_path / "desktop.ini").keys("image.invert") == ()


@pytest.mark.parametrize(
    ("scope", "key", "sentence"),
    [
        ("window", "F4", 'F4 is a key of "Image: Gaze".'),
        ("film", "F4", 'F4 is a key of "Image: Gaze".'),
        ("film", "g", 'G is a key of "Image: Gaze".'),
        ("window", "g", 'G is a key of "Image: Gaze".'),
        ("report", "x", "X is needed for typing in the report; add Ctrl or Alt."),
        ("window", "Ctrl+C", "Ctrl+C is needed for editing text."),
        ("window", "Ctrl+K", 'Ctrl+K is a key of "Image: Chord".'),
        ("film", "Alt+E", "Alt+E opens the menu File."),
        ("film", "Nonsense", "'Nonsense' is not a key."),
    ],
)
def test_a_key_that_is_taken_is_refused_with_a_sentence_and_nothing_changes(desk, scope, key, sentence):
    desk.add("gaze", ("F4", "G"))
    desk.add("chord", ("Ctrl+K, Ctrl+D",))
    desk.actions_.reserve("Alt+E", "Alt+E opens the menu File.")
    desk.add("mine", ("F8",), scope)
    with pytest.raises(KeyTaken) as refused:
        desk.actions_.rebind("image.mine", ("Ctrl+J", key))
    assert str(refused.value) == sentence
    assert desk.actions_.keys("image.mine") == ("F8",)
    assert desk.press(desk.editor if scope == "report" else desk.film, Qt.Key.Key_F8) == ["mine"]


def test_two_actions_cannot_come_with_the_same_key(desk):
    desk.add("gaze", ("G",), "film")
    with pytest.raises(ValueError, match=r"image\.gaze"):
        desk.add("grid", ("G",))
    assert "image.grid" not in desk.actions_
    with pytest.raises(ValueError, match="taken"):
        desk.add("gaze")


def test_a_key_the_reader_chose_goes_before_one_that_a_new_action_comes_with(desk, tmp_path):
    desk.add("gaze", ("F4",))
    desk.actions_.rebind("image.gaze", ("M",))
    desk.settings.sync()

    for order in (("gaze", "measure"), ("measure", "gaze")):  # whoever is registered first
        again = Actions(Settings(tmp_path / "desktop.ini"))
        for name in order:
            keys = ("M", "Ctrl+M") if name == "measure" else ("F4",)
            again.add(ActionSpec(f"image.{name}", name, "Image", keys, "film"), lambda: None)
        assert again.keys("image.gaze") == ("M",)
        assert again.keys("image.measure") == ("Ctrl+M",)
        with pytest.raises(KeyTaken, match="gaze"):
            again.reset("image.measure")
    again.reset_all()
    assert again.keys("image.measure") == ("M", "Ctrl+M")
    assert again.keys("image.gaze") == ("F4",)


@pytest.mark.parametrize("kept", ["[1, 2]", "not json", '["Ctrl+"]', '{"a": 1}'])
def test_kept_keys_that_make_no_sense_are_not_used(tmp_path, qapp, kept):
    settings = Settings(tmp_path / "desktop.ini")
    settings.set_keys("image.fit", ("F6",))
    settings.sync()
    settings._store.set("keys/image.fit", kept)
    actions = Actions(settings)
    actions.add(ActionSpec("image.fit", "Fit", "Image", ("F4",)), lambda: None)
    assert actions.keys("image.fit") in (("F4",), ())


def test_a_tied_button_is_its_action(desk):
    state = {"on": False}
    spec = ActionSpec("image.invert", "&Invert", "Image", is_checkable=True)
    action = desk.actions_.add(spec, lambda: state.update(on=not state["on"]), is_checked=lambda: state["on"])
    button = QPushButton()
    desk.actions_.tie(button, spec.id)
    assert (button.text(), button.accessibleName()) == ("Invert", "Invert")
    button.click()
    assert state["on"]
    assert button.isChecked()
    assert action.isChecked()
    action.trigger()
    assert not button.isChecked()
    action.setEnabled(False)
    assert not button.isEnabled()
    button.deleteLater()
    QCoreApplication.sendPostedEvents(button, QEvent.Type.DeferredDelete)
    action.setEnabled(True)  # nothing reaches for the button that is gone
