"""Pictures cut to the square that a model wants, and the overlapping boxes that come back thinned out.

The decision here: Pillow resizes, for it averages what it reduces (OpenCV's bicubic does not) and keeps to the thread
that asks. Every answer comes with what takes it back to the shared picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from phototag.backends.protocols import Pixels


def centre(pixels: Pixels, side: int) -> Any:
    """The middle of the picture, side x side x 3: the cut with which the taggers were trained."""
    image = Image.fromarray(pixels)
    cut = max(1, int(side / (side + 32) * min(image.size)))
    left, top = (image.width - cut) // 2, (image.height - cut) // 2
    small = image.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + cut, top + cut), reducing_gap=2.0)
    return np.asarray(small)


def fitted(pixels: Pixels, side: int, fill: int) -> tuple[Any, float]:
    """The whole picture in the upper left of a square, and its scale."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=1.2)
    square = np.full((side, side, 3), fill, np.uint8)
    square[: size[1], : size[0]] = np.asarray(small)
    return square, scale


def planes(square: Any, mean: Any, spread: Any) -> Any:
    """A square as a model with one plane per colour wants it: less the mean, over the spread, as a batch of one."""
    apart = np.ascontiguousarray(square.transpose(2, 0, 1)).astype(np.float32)
    apart -= np.reshape(np.asarray(mean, np.float32), (-1, 1, 1))
    apart /= np.reshape(np.asarray(spread, np.float32), (-1, 1, 1))
    return apart[None]


def turned(pixels: Pixels, matrix: tuple[float, ...], side: int) -> Any:
    """The square that an affine matrix (from the square's points to the picture's) cuts out; black outside."""
    image = Image.fromarray(pixels)
    return np.asarray(
        image.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR), np.float32
    )


def strongest(boxes: Any, scores: Any, overlap: float) -> list[int]:
    """Which boxes stay, best first: none that shares more than `overlap` of its area with a better one."""
    order, kept = np.argsort(-scores, kind="stable"), []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low, high = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        order = rest[shared < overlap * (areas[best] + areas[rest] - shared + 1e-9)]
    return kept


def logistic(values: Any) -> Any:
    """From a model's own scale to 0..1."""
    return 1 / (1 + np.exp(-np.clip(values, -60, 60)))
