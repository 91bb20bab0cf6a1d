"""How sharp and how well exposed a picture is, and what it looks like in 64 bits: figures that need no model.

The decision here: sharpness is measured twice, over the whole picture at 256 x 256 (the threshold of
100 that people know) and as the strongest tiles of the shared picture, which does not punish a
shallow depth of field [BASELINES section 7]. The hashes are those that `imagehash` makes of the whole picture, to two
bits, but of the 256 x 256 one that is there already. Refused: one number that calls every portrait blurred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_TILES = 8
_SMALL = 256
_CONTRAST = 5.0  # standard deviation of the greys; below, there is nothing to see that could lack colour
_COLOURLESS = 8  # most that red, green and blue differ in a pixel without colour: JPEG alone makes up to 6
_STRAYS = 0.005  # share of the pixels that may

_GRID = 32  # the hash by frequencies is made of so many points each way
_BITS = 8  # and of so many frequencies each way, from the lowest one


class Measure(LocalLook):
    """The step `measure`."""

    name = "measure"

    def __init__(self, side: int) -> None:
        self.maker = f"measure/side{side}/2"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [Evidence(subject.image_id, self.name, self.maker, measures(subject.pixels)) for subject in batch]


def measures(pixels: Any) -> dict[str, Any]:
    """Sharpness, brightness, contrast, clipped shares, hashes and absence of colour of an RGB picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    phash, dhash = hashes(small)
    mean, deviation = (float(figure[0, 0]) for figure in cv2.meanStdDev(grey))
    return {
        "sharpness": round(float(cv2.Laplacian(small, cv2.CV_64F).var()), 2),
        "sharpest_tiles": round(_strongest_tiles(grey), 2),
        "brightness": round(mean, 2),
        "contrast": round(deviation, 2),
        "clipped_dark": round(float((grey <= 2).mean()), 4),
        "clipped_bright": round(float((grey >= 253).mean()), 4),
        "phash": phash,
        "dhash": dhash,
        "monochrome": deviation >= _CONTRAST and _is_colourless(pixels),
    }


def hashes(small: Any) -> tuple[str, str]:
    """phash (which frequencies are strong) and dhash (where it gets brighter to the right) of a 256 x 256 grey one."""
    grid = _reduced(small, _LANCZOS[_GRID], _LANCZOS[_GRID])
    frequencies = (_COSINES @ grid @ _COSINES.T).round(3)  # rounded, for a plain picture has noise where zero is meant
    steps = np.diff(_reduced(small, _LANCZOS[_BITS], _LANCZOS[_BITS + 1]), axis=1)
    return _hex(frequencies > np.median(frequencies)), _hex(steps > 0)


def _reduced(small: Any, rows: Any, columns: Any) -> Any:
    """Whole greys after each of the two passes, as Pillow has them: bright and dark areas must stay plain."""
    narrow = np.floor(small @ columns.T + 0.5).clip(0, 255)
    return np.floor(rows @ narrow + 0.5).clip(0, 255)


def _lanczos(size: int) -> Any:
    """The matrix that reduces 256 points to so many."""
    step = _SMALL / size
    distance = (np.arange(_SMALL) + 0.5 - (np.arange(size)[:, None] + 0.5) * step) / step
    weights = np.where(abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0.0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


_LANCZOS = {size: _lanczos(size) for size in (_BITS, _BITS + 1, _GRID)}
_COSINES = np.cos(np.pi / (2 * _GRID) * np.outer(np.arange(_BITS), 2 * np.arange(_GRID) + 1))


def _hex(bits: Any) -> str:
    return np.packbits(bits).tobytes().hex()


def _is_colourless(pixels: Any) -> bool:
    step = max(1, min(pixels.shape[:2]) // _SMALL)
    red, green, blue = cv2.split(pixels[::step, ::step])
    spread = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    return float((spread > _COLOURLESS).mean()) <= _STRAYS


def _strongest_tiles(grey: Any) -> float:
    """The Laplacian variance that a tenth of the tiles reach."""
    laplacian = cv2.Laplacian(grey, cv2.CV_16S, ksize=1)
    rows = np.array_split(laplacian, min(_TILES, grey.shape[0]), axis=0)
    tiles = [tile for row in rows for tile in np.array_split(row, min(_TILES, grey.shape[1]), axis=1)]
    return float(np.percentile([float(cv2.meanStdDev(tile)[1][0, 0]) ** 2 for tile in tiles], 90))
