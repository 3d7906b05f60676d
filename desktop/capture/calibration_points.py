"""Where on the display area the targets of a calibration and of its validation lie, as fractions of its sides."""

from __future__ import annotations

Place = tuple[float, float]

_NEAR, _MIDDLE, _FAR = 0.1, 0.5, 0.9
_CORNERS: tuple[Place, ...] = ((_NEAR, _NEAR), (_FAR, _NEAR), (_NEAR, _FAR), (_FAR, _FAR))
_EDGES: tuple[Place, ...] = ((_MIDDLE, _NEAR), (_NEAR, _MIDDLE), (_FAR, _MIDDLE), (_MIDDLE, _FAR))
_BETWEEN: tuple[Place, ...] = ((0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7))
_CENTRE: Place = (_MIDDLE, _MIDDLE)

CALIBRATION_POINTS: dict[int, tuple[Place, ...]] = {
    5: (_CENTRE, *_CORNERS),
    9: (_CENTRE, *_CORNERS, *_EDGES),
    13: (_CENTRE, *_CORNERS, *_EDGES, *_BETWEEN),
}
"""By how many there are."""

VALIDATION_POINTS: tuple[Place, ...] = ((0.2, 0.35), (0.65, 0.2), (0.8, 0.65), (0.35, 0.8), (0.45, 0.55))
"""None of them is a point of any calibration: accuracy at a calibrated point flatters."""

DRIFT_POINT: Place = (0.5, 0.45)
