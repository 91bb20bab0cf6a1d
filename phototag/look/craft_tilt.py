"""How far the horizon of a picture leans.

The decision here: only a line as good as level counts that runs through most of the picture with one side darker than
the other all along, or several long ones that lean alike; else nothing is said. Refused: the mean of all lines, which
the perspective of any street puts wrong.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

_SIDE = 400
_MOST = 15.0  # degrees; a picture that leans more was meant to
_SKIP = 2  # every second column is enough
_STEP = 0.25  # degrees
_NEAR = 12  # steps: so far the lean of one point may be from that of its line
_THROUGH = 0.5  # of the width: so much of a line must be seen
_RIVAL = 0.7  # of the votes: another direction with so many makes both doubtful
_ALIKE = 1.0  # degrees
_FEW = 0.01  # of the pixels: fewer upright edges say nothing
_PLUMB = 1.5  # degrees that upright edges and the line may differ
_LEAST_SLOPE = 60  # of OpenCV's gradient, across the line
_ANGLES = np.arange(-_MOST, _MOST + _STEP / 2, _STEP)
_CLIMBS = np.tan(np.radians(_STEP * (np.arange(len(_ANGLES) + 4 * _NEAR) - (len(_ANGLES) - 1) / 2 - 2 * _NEAR))).astype(
    np.float32
)


def tilt(grey: Any) -> float | None:
    """Degrees by which the horizon leans clockwise (negative: the other way); None if not sure."""
    scale = min(1.0, _SIDE / max(grey.shape))
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    small = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    across, down = cv2.spatialGradient(small)
    # A line that is now brighter, now darker above is none: each kind has votes of its own.
    votes = np.maximum(_votes(across, down), _votes(-across, -down))
    top = int(votes.argmax())
    if votes[top] < _THROUGH or not _plumb(across, down, float(_ANGLES[top])):
        return None
    rivals = votes[np.abs(_ANGLES - _ANGLES[top]) > _ALIKE]
    return None if rivals.max(initial=0) > _RIVAL * votes[top] else round(float(_ANGLES[top]), 1)


def _plumb(across: Any, down: Any, lean: float) -> bool:
    """Whether the upright edges, where there are many, lean as the line does."""
    upright = np.abs(across) >= _LEAST_SLOPE
    leans = np.degrees(np.arctan2(down[upright].astype(np.float32), across[upright]))
    leans = (leans + 90) % 180 - 90
    leans = leans[np.abs(leans) <= _MOST]
    return len(leans) < _FEW * across.size or abs(float(np.median(leans)) - lean) <= _PLUMB


def _votes(across: Any, down: Any) -> Any:
    """For each angle, in what share of the columns the best line is seen. Brighter below only."""
    width = down.shape[1]
    across, down = across[:, ::_SKIP], down[:, ::_SKIP]
    ridge = (down >= _LEAST_SLOPE) & (down >= np.roll(down, 1, 0)) & (down > np.roll(down, -1, 0))
    y, x = (each.astype(np.float32) for each in np.nonzero(ridge))
    x *= _SKIP
    lean = np.degrees(np.arctan2(-across[ridge].astype(np.float32), down[ridge]))
    steps = np.rint(lean / _STEP).astype(np.int32) + len(_CLIMBS) // 2
    level = (steps >= _NEAR) & (steps < len(_CLIMBS) - _NEAR)
    number = steps[level, None] + np.arange(-_NEAR, _NEAR + 1, dtype=np.int32)
    spare = int(width / 2 * _CLIMBS[-1]) + 2  # so far above or below the picture a line may be in its middle
    rows = (y[level, None] - (x[level, None] - width / 2) * _CLIMBS[number] + (spare + 0.5)).astype(np.int32)
    high = len(down) + 2 * spare
    lines = np.bincount((number * high + rows).ravel(), minlength=len(_CLIMBS) * high).reshape(len(_CLIMBS), high)
    return (lines[:, :-1] + lines[:, 1:]).max(axis=1)[2 * _NEAR : -2 * _NEAR] * (_SKIP / width)
