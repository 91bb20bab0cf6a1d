"""Where the 80 kinds of things of COCO are in a picture.

The decision here: NanoDet at 416 x 416 on the whole picture, which finds people and the large things of a photo in
50 ms. Its three grids give, for every cell, a score per kind and a distribution over the distance to each edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from phototag.backends import frames, onnx, shipped
from phototag.backends.protocols import Pixels

_MODEL = "nanodet.h.onnx"
_SIDE = 416
_STRIDES = (8, 16, 32)
_SCORES = ("Identity:0", "Identity_1:0", "Identity_2:0")
_DISTANCES = ("Identity_3:0", "Identity_4:0", "Identity_5:0")
_GREY = 114
_MEAN = (103.53, 116.28, 123.675)  # of blue, green, red
_SPREAD = (57.375, 57.12, 58.395)
_BINS = 11  # steps of a stride in which a distance is told
_OVERLAP = 0.5
_VERSION = 1
_APART = 4 * _SIDE  # shifts each kind to a plane of its own: things of two kinds may overlap


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing, in pixels of the picture: left, top, right, bottom."""

    label: str
    score: float
    box: tuple[float, float, float, float]


class Detector:
    """Finds things with a score of at least `least`, best first."""

    def __init__(self, least: float) -> None:
        self._least = least
        self.name = f"nanodet@{shipped.digest8(_MODEL)}/{_VERSION}"

    def things(self, pixels: Pixels) -> list[Thing]:
        square, scale = frames.fitted(pixels, _SIDE, _GREY)
        answers = onnx.run(_MODEL, frames.planes(square[:, :, ::-1], _MEAN, _SPREAD), _SCORES + _DISTANCES)
        grids = [self._grid(answers[at][0], answers[at + 3][0], stride) for at, stride in enumerate(_STRIDES)]
        boxes, scores, kinds = (np.concatenate(parts) for parts in zip(*grids, strict=True))
        kept = frames.strongest(boxes + kinds[:, None] * _APART, scores, _OVERLAP)
        height, width = pixels.shape[:2]
        boxes = np.clip(boxes / scale, 0, [width, height, width, height])
        return [Thing(labels()[kinds[at]], float(scores[at]), tuple(boxes[at].tolist())) for at in kept]

    def _grid(self, scores: Any, distances: Any, stride: int) -> tuple[Any, Any, Any]:
        cells, kinds = np.nonzero(scores >= self._least)
        sides = distances[cells].reshape(len(cells), 4, _BINS)
        chances = np.exp(sides - sides.max(axis=2, keepdims=True))
        left, top, right, bottom = (chances @ np.arange(_BINS) / chances.sum(axis=2) * stride).T
        row, column = np.divmod(cells, _SIDE // stride)
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        return np.stack([x - left, y - top, x + right, y + bottom], axis=1), scores[cells, kinds], kinds


@cache
def labels() -> tuple[str, ...]:
    """The 80 kinds, by number."""
    return tuple(row[1] for row in shipped.rows("coco.tsv"))
