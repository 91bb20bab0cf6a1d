"""How much detail lies where in a picture: the energy of its gradients, by cell, by size of detail and by direction.

The decision here: one pass over the picture and its three halvings gives all that sharpness, the subject's sharpness
and the kind of blur are told from, and what the noise adds is taken off first, or a frame at ISO 12,800 would be the
sharpest of a burst. Refused: the variance of a Laplacian, which counts noise and contrast as sharpness.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import cv2
import numpy as np

CELL = 16  # pixels of the shared picture each way
LEVELS = 4  # the picture, and three times half of the one before: details of about 2, 4, 8 and 16 pixels
LEAST_SIDE = 64  # pixels; a smaller picture shows nothing of what happened to the large one

_SOBEL = 8.0  # what a slope of one grey level a pixel makes of OpenCV's gradient
_NOISE_GAIN = 12 / _SOBEL**2  # what noise of variance one adds to the energy of one direction
_SECOND = np.array([1, -2, 1], np.float32)  # twice across each other, it sees noise and little else [Immerkær 1996]
_SECOND_GAIN = 6 * sqrt(2 / pi)  # the mean that noise of deviation one leaves there
_QUIET = 10  # percent of the cells that are plain enough to show the noise alone
_BLACK, _WHITE = 8, 247  # cells beyond have lost their noise with everything else
DARK, BRIGHT = 2, 253  # greys that count as clipped, as in `measure`


@dataclass(frozen=True, slots=True)
class Cells:
    """A grid over the picture, row by row."""

    energy: Any  # levels x rows x columns x (across², down², across·down): grey levels per pixel, squared, of each
    # level's own pixels; what noise adds is taken off
    floor: Any  # one per level: energy of one direction below which there is nothing to tell from noise
    grey: Any  # rows x columns: the mean
    dark: Any  # rows x columns: the share of clipped shadows
    bright: Any  # rows x columns: the share of clipped highlights
    noise: float  # standard deviation, in grey levels

    @property
    def detail(self) -> Any:
        """Levels x rows x columns: the energy of both directions together."""
        return self.energy[..., 0] + self.energy[..., 1]


def cells(grey: Any) -> Cells:
    """The grid of a grey picture of at least LEAST_SIDE pixels each way; less than a cell at the edge is left out."""
    rows, columns = grey.shape[0] // CELL, grey.shape[1] // CELL
    grid = columns, rows
    level = np.ascontiguousarray(grey[: rows * CELL, : columns * CELL])
    mean = _means(level, grid)
    noise = _noise(level, mean, grid)
    dark = _means(level <= DARK, grid)
    bright = _means(level >= BRIGHT, grid)
    levels = []
    for at in range(LEVELS):
        if at:
            level = cv2.resize(level, (level.shape[1] // 2, level.shape[0] // 2), interpolation=cv2.INTER_AREA)
        levels.append(_energy(level, grid))
    added = _NOISE_GAIN * (noise**2 / 4.0 ** np.arange(LEVELS) + 1 / 12)  # a twelfth: the rounding to whole greys
    energy = np.stack(levels)
    energy[..., :2] = np.maximum(energy[..., :2] - added[:, None, None, None], 0)
    return Cells(energy, added, mean, dark, bright, noise)


def _means(plane: Any, grid: tuple[int, int]) -> Any:
    whole = plane.astype(np.float32, copy=False)  # whole greys would lose what the noise is
    return cv2.resize(whole, grid, interpolation=cv2.INTER_AREA).reshape(grid[1], grid[0])


def _energy(level: Any, grid: tuple[int, int]) -> Any:
    across, down = cv2.spatialGradient(level)
    pairs = (across, across), (down, down), (across, down)
    scale = 1 / _SOBEL**2
    planes = [_means(cv2.multiply(one, other, scale=scale, dtype=cv2.CV_32F), grid) for one, other in pairs]
    return np.stack(planes, axis=-1)


def _noise(grey: Any, mean: Any, grid: tuple[int, int]) -> float:
    """The standard deviation of the noise, from the plainest cells that are neither black nor white."""
    found = _means(cv2.convertScaleAbs(cv2.sepFilter2D(grey, cv2.CV_16S, _SECOND, _SECOND)), grid)
    lit = found[(mean > _BLACK) & (mean < _WHITE)]
    return float(np.percentile(lit, _QUIET)) / _SECOND_GAIN if lit.size else 0.0
