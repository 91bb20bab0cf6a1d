"""Which things are in the picture and where.

The decision here: a box is told in shares of the upright picture, whatever the size it was looked at, and doubtful
things are kept with their score: which to trust is the policy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phototag.backends.detector import Detector
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_VERSION = 1
_LEAST = 0.35


class Objects(LocalLook):
    """The step `objects`."""

    name = "objects"

    def __init__(self, side: int) -> None:
        self._detector = Detector(_LEAST)
        self.maker = f"{self._detector.name}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [Evidence(subject.image_id, self.name, self.maker, self._seen(subject.pixels)) for subject in batch]

    def _seen(self, pixels: Any) -> dict[str, Any]:
        height, width = pixels.shape[:2]
        size = (width, height, width, height)
        return {
            "objects": [
                {
                    "label": thing.label,
                    "score": round(thing.score, 3),
                    "box": [round(edge / whole, 4) for edge, whole in zip(thing.box, size, strict=True)],
                }
                for thing in self._detector.things(pixels)
            ]
        }
