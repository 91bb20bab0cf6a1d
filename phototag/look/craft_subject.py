"""Where in a picture its subject is, as weights for the cells, and whether the frame cuts it.

The decision here: faces come first, the larger the heavier; else what the detector is sure of, the surer, larger and
nearer to the middle the heavier; else what stands out from the rest. A weight falls off towards the edge of a box,
where the background shows. Refused: the sharpest part of the picture as its subject, which calls every photo sharp
that missed its subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

_SURE = 0.5  # score from which a detected thing may be the subject
_SALIENT = 64  # pixels of the longer side at which what stands out is looked for
_TOP = 75  # percentile of what stands out that is the subject
_EDGE = 0.01  # share of the picture: so near to its edge, a box is taken as cut
_ACROSS = 0.95  # of the picture: a thing as wide or high as this is no subject cut off, it is the scene

Box = Sequence[float]  # left, top, right, bottom, in shares of the upright picture


@dataclass(frozen=True, slots=True)
class Where:
    """Where the subject is: how it is known, the weight of each cell (their sum is one), and the edges that cut it."""

    by: str  # faces | objects | saliency
    weights: Any
    cut: str  # of the edges left, top, right, bottom, with a space between; "" if none
    box: Box = ()  # of the one that counts most; () if there is none


def where(grey: Any, grid: tuple[int, int], earlier: Mapping[str, Any]) -> Where:
    """The subject of a grey picture on a grid of so many rows and columns, by the values of `faces` and `objects`."""
    faces = [(face["box"], float(face["size"])) for face in earlier["faces"]["faces"]]
    if faces:
        main = max(faces, key=lambda each: each[1])[0]
        return Where("faces", _of_boxes(faces, grid), cut(main), main)
    things = [thing for thing in earlier["objects"]["objects"] if thing["score"] >= _SURE]
    if things:
        weighed = [(thing["box"], thing["score"] * _presence(thing["box"])) for thing in things]
        main = max(weighed, key=lambda each: each[1])[0]
        return Where("objects", _of_boxes(weighed, grid), cut(main), main)
    return Where("saliency", _salient(grey, grid), "")


def _presence(box: Box) -> float:
    """How much of the picture a box takes, less where its middle is far from the picture's."""
    left, top, right, bottom = box
    away = np.hypot((left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5)
    return float(max(0.0, right - left) * max(0.0, bottom - top) * (1 - away))


def cut(box: Box) -> str:
    """The edges of the frame that a box touches, "" if none or if it is the whole scene."""
    left, top, right, bottom = box
    if right - left >= _ACROSS or bottom - top >= _ACROSS:
        return ""
    touched = {"left": left <= _EDGE, "top": top <= _EDGE, "right": right >= 1 - _EDGE, "bottom": bottom >= 1 - _EDGE}
    return " ".join(edge for edge, touches in touched.items() if touches)


def _of_boxes(weighed: Iterable[tuple[Box, float]], grid: tuple[int, int]) -> Any:
    """Each box shares out its own weight, so that a large box does not count twice."""
    rows, columns = grid
    total = np.zeros(grid, np.float32)
    for (left, top, right, bottom), weight in weighed:
        hill = np.outer(_hill(top, bottom, rows), _hill(left, right, columns))
        total += hill * (weight / max(hill.sum(), 1e-9))
    return total / max(float(total.sum()), 1e-9)


def _hill(start: float, end: float, count: int) -> Any:
    """Along one side: how much of each cell lies in the box, and how near to the middle of it."""
    edges = np.clip((np.linspace(0, 1, count + 1) - start) / max(end - start, 1e-6), 0, 1)
    return np.diff(-np.cos(np.pi * edges))  # the area under an arch


def _salient(grey: Any, grid: tuple[int, int]) -> Any:
    """What the picture's own spectrum does not foretell [Hou and Zhang 2007], more in the middle than at the edge."""
    rows, columns = grid
    scale = _SALIENT / max(grey.shape)
    size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
    spectrum = np.fft.fft2(cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32))
    strength = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    residual = np.exp(strength - cv2.blur(strength, (3, 3))) * np.exp(1j * np.angle(spectrum))
    stands_out = cv2.GaussianBlur((np.abs(np.fft.ifft2(residual)) ** 2).astype(np.float32), (0, 0), 2.5)
    found = cv2.resize(stands_out, (columns, rows), interpolation=cv2.INTER_AREA).reshape(grid)
    found *= np.outer(_hill(-0.25, 1.25, rows), _hill(-0.25, 1.25, columns))
    found = np.where(found >= np.percentile(found, _TOP), found, 0)
    return found / max(float(found.sum()), 1e-9)
