"""Where the faces are in a picture.

The decision here: BlazeFace (full range) looks once at the whole picture at 192 x 192 and is believed from 0.6 on,
where it saw no face on 109 photos without people. With tiles it also looks at four overlapping parts: two more small
faces and one false one on 125 photos, for 31 ms a photo instead of 7. Off unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from phototag.backends import frames, onnx, shipped
from phototag.backends.protocols import Pixels

_MODEL = "face_detection_full_range.h.onnx"
_OUTPUTS = ("reshaped_regressor_face_4", "reshaped_classifier_face_4")
_SIDE, _STRIDE = 192, 4
_LEAST = 0.6
_OVERLAP = 0.3
_TILE = 0.625  # of the longer side: half, and a quarter of that to overlap
_VERSION = 1

_CENTRES = (np.indices((_SIDE // _STRIDE, _SIDE // _STRIDE))[::-1].reshape(2, -1).T + 0.5) * _STRIDE


@dataclass(frozen=True, slots=True)
class Face:
    """One face in pixels of the picture: left, top, right, bottom; eyes (left one first), nose, mouth, ears."""

    box: tuple[float, float, float, float]
    score: float
    points: tuple[tuple[float, float], ...]

    @property
    def size(self) -> float:
        """The longer side of the box."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


class FaceFinder:
    """Finds faces, best first."""

    def __init__(self, tiles: bool = False) -> None:
        self._tiles = tiles
        self.name = f"blazeface@{shipped.digest8(_MODEL)}{'/tiles' if tiles else ''}/{_VERSION}"

    def faces(self, pixels: Pixels) -> list[Face]:
        found = [_seen(pixels[top:bottom, left:right], left, top) for left, top, right, bottom in self._parts(pixels)]
        boxes, scores, points = (np.concatenate(parts) for parts in zip(*found, strict=True))
        kept = frames.strongest(boxes, scores, _OVERLAP)
        return [
            Face(tuple(boxes[at].tolist()), float(scores[at]), tuple((x, y) for x, y in points[at].tolist()))
            for at in kept
        ]

    def _parts(self, pixels: Pixels) -> Iterator[tuple[int, int, int, int]]:
        height, width = pixels.shape[:2]
        yield 0, 0, width, height
        if self._tiles:
            side = max(1, int(max(height, width) * _TILE))
            for top in sorted({0, max(0, height - side)}):
                for left in sorted({0, max(0, width - side)}):
                    yield left, top, min(left + side, width), min(top + side, height)


def _seen(pixels: Pixels, left: int, top: int) -> tuple[Any, Any, Any]:
    """Boxes, scores and points in one part of the picture, in pixels of the whole."""
    square, scale = frames.fitted(pixels, _SIDE, 0)
    found, logits = onnx.run(_MODEL, square[None] / np.float32(127.5) - 1, _OUTPUTS)
    scores = frames.logistic(logits[0, :, 0])
    sure = np.flatnonzero(scores >= _LEAST)
    moved = found[0, sure].reshape(len(sure), 8, 2)  # centre, size, six points
    moved[:, 2:] += _CENTRES[sure, None]
    centre, half = moved[:, 0] + _CENTRES[sure], moved[:, 1] / 2
    shift = np.array([left, top])
    corners = np.stack([centre - half, centre + half], axis=1) / scale + shift
    return corners.reshape(len(sure), 4), scores[sure], moved[:, 2:] / scale + shift
