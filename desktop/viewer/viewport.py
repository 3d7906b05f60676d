"""Which part of the image the viewport shows: all of its coordinate arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    """

    width_px: int
    height_px: int
    scale: float
    center_x_px: float
    center_y_px: float

    @property
    def origin_px(self) -> tuple[int, int]:
        """Device pixel of the image's outer top left corner; whole, so that 1:1 needs no interpolation."""
        return (
            round(self.width_px / 2 - self.center_x_px * self.scale),
            round(self.height_px / 2 - self.center_y_px * self.scale),
        )

    def image_to_device(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Image coordinates to device pixels of the viewport."""
        left, top = self.origin_px
        return left + x_px * self.scale, top + y_px * self.scale

    def device_to_image(self, x_device_px: float, y_device_px: float) -> tuple[float, float]:
        """Device pixels of the viewport to image coordinates."""
        return (
            self.center_x_px + (x_device_px - self.width_px / 2) / self.scale,
            self.center_y_px + (y_device_px - self.height_px / 2) / self.scale,
        )

    def resized(self, width_px: int, height_px: int) -> Viewport:
        """A viewport of another size in which nothing moves: the top left corner shows what it did."""
        return replace(
            self,
            width_px=width_px,
            height_px=height_px,
            center_x_px=self.center_x_px + (width_px - self.width_px) / 2 / self.scale,
            center_y_px=self.center_y_px + (height_px - self.height_px) / 2 / self.scale,
        )

    def zoomed(self, factor: float, x_device_px: float, y_device_px: float) -> Viewport:
        """Zoom; the image point under the given device pixel stays under it."""
        return self.at_scale(self.scale * factor, x_device_px, y_device_px)

    def at_scale(self, scale: float, x_device_px: float, y_device_px: float) -> Viewport:
        """Zoom to exactly this scale, around the image point under the given device pixel."""
        scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
        x_px, y_px = self.device_to_image(x_device_px, y_device_px)
        return replace(
            self,
            scale=scale,
            center_x_px=x_px - (x_device_px - self.width_px / 2) / scale,
            center_y_px=y_px - (y_device_px - self.height_px / 2) / scale,
        )

    def panned(self, dx_device_px: float, dy_device_px: float, columns: int, rows: int) -> Viewport:
        """Move the image with the hand; its middle never leaves the image."""
        x_px = self.center_x_px - dx_device_px / self.scale
        y_px = self.center_y_px - dy_device_px / self.scale
        return replace(self, center_x_px=min(max(x_px, 0.0), columns), center_y_px=min(max(y_px, 0.0), rows))


def fitted(width_px: int, height_px: int, columns: int, rows: int) -> Viewport:
    """The whole image, as large as the viewport allows."""
    scale = min(width_px / max(columns, 1), height_px / max(rows, 1))
    scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
    return Viewport(width_px, height_px, scale, columns / 2, rows / 2)
