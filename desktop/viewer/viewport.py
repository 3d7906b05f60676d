"""Which part of the image the viewport shows, and how it lies: all of its coordinate arithmetic.

:meth:`Viewport.image_to_device` and :meth:`Viewport.device_to_image` are the one mapping between image and screen,
and exact inverses of each other in every state of zoom, pan, rotation and flip. Whatever is drawn over a film, or
clicked on it, goes through them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gaze2report.imaging.orientation import STORED, Orientation

SMALLEST_SCALE, LARGEST_SCALE = 0.02, 32.0


@dataclass(frozen=True)
class Viewport:
    """A viewport of device pixels over an image.

    Attributes
    ----------
    width_px, height_px : int
        Size in device pixels.
    scale : float
        Device pixels per image pixel; 1 shows one image pixel on one device pixel.
    center_x_px, center_y_px : float
        Image coordinates at the middle of the viewport.
    orientation : Orientation
        How the image is turned and mirrored.
    """

    width_px: int
    height_px: int
    scale: float
    center_x_px: float
    center_y_px: float
    orientation: Orientation = STORED

    @property
    def origin_px(self) -> tuple[float, float]:
        """Device position of the image's point (0, 0), the outer corner of its first pixel.

        Whole device pixels at scale 1, so that 1:1 needs no interpolation.
        """
        a, b, c, d = self.orientation.matrix
        x = self.width_px / 2 - (a * self.center_x_px + b * self.center_y_px) * self.scale
        y = self.height_px / 2 - (c * self.center_x_px + d * self.center_y_px) * self.scale
        return (round(x), round(y)) if self.scale == 1.0 else (x, y)

    def image_to_device(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Image coordinates to device pixels of the viewport."""
        left, top = self.origin_px
        a, b, c, d = self.orientation.matrix
        return left + (a * x_px + b * y_px) * self.scale, top + (c * x_px + d * y_px) * self.scale

    def device_to_image(self, x_device_px: float, y_device_px: float) -> tuple[float, float]:
        """Device pixels of the viewport to image coordinates."""
        left, top = self.origin_px
        return self._image_step((x_device_px - left) / self.scale, (y_device_px - top) / self.scale)

    def _image_step(self, dx: float, dy: float) -> tuple[float, float]:
        """Step on screen as a step on the image; the matrix is orthogonal, so its inverse is its transpose."""
        a, b, c, d = self.orientation.matrix
        return a * dx + c * dy, b * dx + d * dy

    def centered_on(self, x_px: float, y_px: float, x_device_px: float, y_device_px: float) -> Viewport:
        """The viewport moved so that an image point lies under a device position (within half a pixel at 1:1)."""
        dx, dy = self._image_step(
            (x_device_px - self.width_px / 2) / self.scale, (y_device_px - self.height_px / 2) / self.scale
        )
        return replace(self, center_x_px=x_px - dx, center_y_px=y_px - dy)

    def resized(self, width_px: int, height_px: int) -> Viewport:
        """A viewport of another size in which nothing moves: the top left corner shows what it did."""
        dx, dy = self._image_step(
            (width_px - self.width_px) / 2 / self.scale, (height_px - self.height_px) / 2 / self.scale
        )
        return replace(
            self,
            width_px=width_px,
            height_px=height_px,
            center_x_px=self.center_x_px + dx,
            center_y_px=self.center_y_px + dy,
        )

    def zoomed(self, factor: float, x_device_px: float, y_device_px: float) -> Viewport:
        """Zoom; the image point under the given device pixel stays under it."""
        return self.at_scale(self.scale * factor, x_device_px, y_device_px)

    def at_scale(self, scale: float, x_device_px: float, y_device_px: float) -> Viewport:
        """Zoom to exactly this scale, around the image point under the given device pixel."""
        scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
        x_px, y_px = self.device_to_image(x_device_px, y_device_px)
        return replace(self, scale=scale).centered_on(x_px, y_px, x_device_px, y_device_px)

    def panned(self, dx_device_px: float, dy_device_px: float, columns: int, rows: int) -> Viewport:
        """Move the image with the hand; its middle never leaves the image."""
        dx, dy = self._image_step(dx_device_px / self.scale, dy_device_px / self.scale)
        return replace(
            self,
            center_x_px=min(max(self.center_x_px - dx, 0.0), columns),
            center_y_px=min(max(self.center_y_px - dy, 0.0), rows),
        )

    def oriented(self, orientation: Orientation) -> Viewport:
        """Turn or mirror the film around the middle of the viewport."""
        return replace(self, orientation=orientation)


def fitted(width_px: int, height_px: int, columns: int, rows: int, orientation: Orientation = STORED) -> Viewport:
    """The whole image, as large as the viewport allows."""
    across, down = (rows, columns) if orientation.swaps_axes else (columns, rows)
    scale = min(width_px / max(across, 1), height_px / max(down, 1))
    scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
    return Viewport(width_px, height_px, scale, columns / 2, rows / 2, orientation)
