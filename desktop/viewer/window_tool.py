"""Which window the image is shown under: presets from the header, the automatic window, and the drag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gaze2report.imaging import windowing
from gaze2report.imaging.presets import Preset
from gaze2report.types import Image, VoiLut, VoiWindow

_DRAG_TRAVEL_PX = 300.0
"""Drag of this many logical pixels moves the centre by one width."""

_SMALLEST_WIDTH = 2.0


class WindowTool:
    """The window of one image on screen.

    Attributes
    ----------
    presets : tuple of Preset
        The named windows of the film; it opens with the first.
    is_inverted : bool
        The reader's own inversion, on top of what the file asks for.
    """

    def __init__(self, image: Image, presets: tuple[Preset, ...]) -> None:
        self.image, self.presets = image, presets
        self._opening = presets[0].voi  # the header's first LUT or window, else the automatic one
        self.voi: VoiWindow | VoiLut = self._opening
        self.is_inverted = False
        self._drag_start: VoiWindow | None = None
        self._floor = max(_SMALLEST_WIDTH, float(np.ptp(image.modality_values)) / 4096)

    def reset(self) -> None:
        """Back to what the image opened with."""
        self.voi, self.is_inverted = self._opening, False

    def preset(self, key: str) -> Preset | None:
        """The preset under a digit."""
        return next((preset for preset in self.presets if preset.key == key), None)

    @property
    def automatic(self) -> VoiWindow:
        """The window from the film's own percentiles."""
        preset = self.preset("0")
        assert preset is not None
        assert isinstance(preset.voi, VoiWindow)
        return preset.voi

    def is_on(self, preset: Preset) -> bool:
        """Whether a preset is what the film is shown under."""
        return self.voi is preset.voi or self.voi == preset.voi

    def begin_drag(self) -> None:
        """Start from the present window; from a window like the LUT when a LUT is on."""
        self._drag_start = (
            self.voi if isinstance(self.voi, VoiWindow) else windowing.equivalent_window(self.image, self.voi)
        )

    def drag(self, dx_px: float, dy_px: float) -> None:
        """Distance from the start of the drag: right widens (less contrast), up brightens."""
        start = self._drag_start
        if start is None:
            return
        width = max(start.width * float(np.exp(dx_px / _DRAG_TRAVEL_PX)), self._floor)
        sign = -1.0 if self.image.is_inverted != self.is_inverted else 1.0
        center = start.center + sign * dy_px * start.width / _DRAG_TRAVEL_PX
        self.voi = replace(start, center=center, width=width, explanation="")

    def end_drag(self) -> None:
        """The button is up."""
        self._drag_start = None

    def table(self) -> NDArray[np.uint32]:
        """Colour (0xffRRGGBB) of each code."""
        grey = windowing.display_table(self.image, self.voi, invert=self.is_inverted).astype(np.uint32)
        return grey * np.uint32(0x010101) | np.uint32(0xFF000000)

    @property
    def center_and_width(self) -> tuple[float, float] | None:
        """The window in numbers; None while a lookup table is on."""
        return (float(self.voi.center), float(self.voi.width)) if isinstance(self.voi, VoiWindow) else None

    def text(self) -> str:
        """Corner text: the window in numbers, or the LUT by name."""
        if isinstance(self.voi, VoiLut):
            shown = f"LUT {self.voi.explanation or 'from header'}"
        else:
            name = f"  {self.voi.explanation}" if self.voi.explanation else ""
            off = "  (LUT off)" if self.image.voi_luts else ""
            shown = f"W {self.voi.width:.0f}  L {self.voi.center:.0f}{name}{off}"
        return shown + ("  INVERTED" if self.is_inverted else "")
