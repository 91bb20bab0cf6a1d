"""How fine the detail of a picture is whatever light it got, and the maps by which frames of one view are compared.

The decision here: the energy of fine detail is held against that of coarse detail of the same place. A stop more or
less makes both stronger or weaker alike, so that no exposure poses as sharpness; a blur takes the fine. A tenth of the
coarse itself, as it would be at a middle grey, tells apart blurs so large that nothing fine is left. Measured by
tests/bench/blur.py over exposures two stops either way. Refused: energy alone, by which the brightest frame of a burst
is its sharpest; energy over brightness, for highlights lose their contrast before they are white.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import cv2
import numpy as np

from phototag.look.craft_cells import Cells

STEPS = 20  # of a power of two: in which the maps count
_TILES = 96  # about so many in a map, never more than 100
_LEAST = 0.3  # energy below which detail is as good as none
_GREY, _DARKEST = 118.0, 4.0  # the middle grey; below the darkest nothing is made up
_OF_COARSE = 0.1
_LIT = 0.5  # share of a tile that may be clipped
_STRENGTHS = 15
_SHARE = 99


def fineness(energy: Any, grey: Any) -> Any:
    """Fine over coarse in powers of two, of energies by level (the first axis) where the mean grey is this."""
    logs = np.log2(energy + _LEAST)
    return logs[:-1].mean(axis=0) - logs[-1] + _OF_COARSE * np.log2(_as_grey(energy[-1], grey) + _LEAST)


def maps(grid: Cells, weights: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """The picture in square tiles, row by row: how fine, how telling, and how much of the subject is there."""
    across, down = tiles_of(shape, grid.grey.shape)

    def tiled(plane: Any) -> Any:
        return cv2.resize(np.ascontiguousarray(plane, np.float32), (across, down), interpolation=cv2.INTER_AREA)

    energy, grey = np.stack([tiled(level) for level in grid.detail]), tiled(grid.grey)
    subject = tiled(weights)
    return {
        "tiles_fine": _whole(STEPS * fineness(energy, grey)),
        "tiles_told": _whole(_told(energy[2], grey) * (np.maximum(tiled(grid.dark), tiled(grid.bright)) < _LIT)),
        "tiles_subject": _whole(_SHARE * subject / max(float(subject.max()), 1e-9)),
        "levels": _whole(STEPS * np.log2(grid.detail.mean(axis=(1, 2)) + _LEAST)),
    }


def tiles_of(shape: tuple[int, ...], grid: tuple[int, int]) -> tuple[int, int]:
    """How many tiles a picture has across and down."""
    side = sqrt(shape[0] * shape[1] / _TILES)
    across = min(_TILES, grid[1], max(1, round(shape[1] / side)))
    return across, min(_TILES // across, grid[0], max(1, round(shape[0] / side)))


def _told(energy: Any, grey: Any) -> Any:
    """How much there is that could be sharp, from 1 to 15; a plain sky is neither sharp nor blurred."""
    return np.clip(np.log2(_as_grey(energy, grey) + 1e-3), 1, _STRENGTHS)


def _as_grey(energy: Any, grey: Any) -> Any:
    """What an energy would be at the middle grey; a picture's greys are powers of the light, so gain is a factor."""
    return energy * (_GREY / np.maximum(grey, _DARKEST)) ** 2


def _whole(figures: Any) -> list[int]:
    whole: list[int] = np.rint(figures).astype(int).ravel().tolist()
    return whole
