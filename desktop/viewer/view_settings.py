"""What the settings say about a film on screen."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.settings import Settings
from desktop.viewer.image_view import ImageView


def follow_settings(view: ImageView, settings: Settings) -> None:
    """Let a film be shown and moved as the settings say, now and whenever they change."""

    def apply(_name: str = "") -> None:
        view.gestures.does_wheel_up_zoom_in = settings.does_wheel_up_zoom_in

    connection = settings.changed.connect(apply)
    view.destroyed.connect(lambda: QObject.disconnect(connection))
    apply()
