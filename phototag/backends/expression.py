"""Whether a face's eyes are open and how much it smiles.

The decision here: closed eyes are claimed only where two measures agree on a face large enough to tell, and a doubt is
"unknown", never "closed": this may one day reject a photo. The two measures are the shape of the lids (height over
width of the eye) and the model's own word for a blink.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from phototag.backends import frames, onnx, shipped
from phototag.backends.faces import Face
from phototag.backends.protocols import Pixels

SMALLEST = 80  # pixels of the box's longer side
_MESH, _SHAPES = "face_landmarks_detector.h.onnx", "face_blendshapes.h.onnx"
_MESH_OUTPUTS, _SHAPES_OUTPUTS = ("Identity", "Identity_1"), ("StatefulPartitionedCall:0",)
_SIDE = 256
_AROUND = 1.5  # how much more than its box is cut out around a face
_SURE = 0.5
_SHUT, _BLINKS, _OPEN = 0.15, 0.3, 0.2  # half-shut lids were seen at 0.23 and 0.28: neither open nor closed
_DARK = 0.4  # of the cheeks' brightness: eyes this dark are behind glasses
_VERSION = 1

# Of the mesh's 478 points, those that the second model reads.
_READ_POINTS = """
0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82 84 87 88 91 93 95 103
105 107 109 127 132 133 136 144 145 146 148 149 150 152 153 154 155 157 158 159 160 161 162 163 168 172 173
176 178 181 185 191 195 197 234 246 249 251 263 267 269 270 276 282 283 284 285 288 291 293 295 296 297 300
308 310 311 312 314 317 318 321 323 324 332 334 336 338 356 361 362 365 373 374 375 377 378 379 380 381 382
384 385 386 387 388 389 390 397 398 400 402 405 409 415 454 466 468 469 470 471 472 473 474 475 476 477
"""
_READ = np.fromstring(_READ_POINTS, int, sep=" ")
_BLINK, _SMILE = [9, 10], [44, 45]  # left and right, among the 52 answers
# Around each eye: corner, two points of the upper lid, corner, two of the lower; and a point of each cheek.
_EYES = ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380))
_CHEEKS = (50, 280)


@dataclass(frozen=True, slots=True)
class Expression:
    """`eyes` is open, closed or unknown; `smile` is 0..1, or None where the face is too small or hidden to tell."""

    eyes: str = "unknown"
    smile: float | None = None


class FaceReader:
    """Reads faces that are large enough; the others are unknown."""

    def __init__(self) -> None:
        self.name = f"mesh@{shipped.digest8(_MESH)}+{shipped.digest8(_SHAPES)}/{_VERSION}"

    def expression(self, pixels: Pixels, face: Face) -> Expression:
        if face.size < SMALLEST:
            return Expression()
        matrix = _upright(face)
        cut = frames.turned(pixels, matrix, _SIDE)
        mesh, presence = onnx.run(_MESH, cut[None] / np.float32(255), _MESH_OUTPUTS)
        if float(frames.logistic(presence.ravel()[0])) <= _SURE:
            return Expression()
        points = mesh.reshape(-1, 3)[:, :2]
        read = _in_picture(points[_READ], matrix)
        shapes = onnx.run(_SHAPES, read[None].astype(np.float32), _SHAPES_OUTPUTS)[0].ravel()
        smile = float(np.clip(shapes[_SMILE].mean(), 0, 1))
        if _behind_glasses(cut, points):
            return Expression(smile=smile)
        return Expression(_eyes(points, float(shapes[_BLINK].mean())), smile)


def _eyes(points: Any, blink: float) -> str:
    opening = sum(_opening(points[list(eye)]) for eye in _EYES) / len(_EYES)
    if opening < _SHUT and blink >= _BLINKS:
        return "closed"
    return "open" if opening >= _SHUT and blink < _OPEN else "unknown"


def _opening(eye: Any) -> float:
    """Height over width."""
    heights = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(heights / (2 * np.linalg.norm(eye[0] - eye[3]) + 1e-6))


def _behind_glasses(cut: Any, points: Any) -> bool:
    """Whether both eyes are so much darker than the cheeks that nobody could say."""
    eyes = [_brightness(cut, points[list(eye)].mean(axis=0), _width(points[list(eye)])) for eye in _EYES]
    cheeks = [_brightness(cut, points[cheek], _width(points[list(_EYES[0])])) for cheek in _CHEEKS]
    return max(eyes) < _DARK * min(cheeks)


def _width(eye: Any) -> float:
    return float(np.linalg.norm(eye[0] - eye[3]))


def _brightness(cut: Any, centre: Any, width: float) -> float:
    """The mean of a square as wide as an eye."""
    half = max(1, round(width / 2))
    x, y = (int(np.clip(round(each), half, _SIDE - half)) for each in centre)
    return float(cut[y - half : y + half, x - half : x + half].mean())


def _upright(face: Face) -> tuple[float, ...]:
    """From the points of a square around the face, turned until the eyes are level, to those of the picture."""
    (left, top, right, bottom), (one, other) = face.box, face.points[:2]
    angle = math.atan2(other[1] - one[1], other[0] - one[0])
    step = face.size * _AROUND / _SIDE
    across, along = math.cos(angle) * step, math.sin(angle) * step
    x, y, half = (left + right) / 2, (top + bottom) / 2, _SIDE / 2
    return across, -along, x - half * (across - along), along, across, y - half * (along + across)


def _in_picture(points: Any, matrix: tuple[float, ...]) -> Any:
    turn = np.array([[matrix[0], matrix[1]], [matrix[3], matrix[4]]])
    return points @ turn.T + [matrix[2], matrix[5]]
