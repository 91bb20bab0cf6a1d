"""Which faces are in the picture, whether their eyes are open and whether they smile.

The decision here: faces are found and read, never recognised: no vector of a face is made or kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phototag.backends.expression import FaceReader
from phototag.backends.faces import Face, FaceFinder
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_VERSION = 1


class Faces(LocalLook):
    """The step `faces`. `tiles` looks again at four parts of the picture, for small faces."""

    name = "faces"

    def __init__(self, side: int, tiles: bool = False) -> None:
        self._finder, self._reader = FaceFinder(tiles), FaceReader()
        self.maker = f"{self._finder.name}/{self._reader.name}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [Evidence(subject.image_id, self.name, self.maker, self._seen(subject.pixels)) for subject in batch]

    def _seen(self, pixels: Any) -> dict[str, Any]:
        return {"faces": [self._face(pixels, face) for face in self._finder.faces(pixels)]}

    def _face(self, pixels: Any, face: Face) -> dict[str, Any]:
        height, width = pixels.shape[:2]
        read = self._reader.expression(pixels, face)
        edges = zip(face.box, (width, height, width, height), strict=True)
        return {
            "box": [round(min(1.0, max(0.0, edge / whole)), 4) for edge, whole in edges],
            "score": round(face.score, 3),
            "size": round(face.size),
            "eyes": read.eyes,
            "smile": None if read.smile is None else round(read.smile, 2),
            "points": [[round(x / width, 4), round(y / height, 4)] for x, y in face.points],
        }
