"""A photo as a point among sentences, so that words in any language can find it.

The decision here: the point is the sum of the text vectors of what the photo shows (ConSE), so one small text encoder
serves, and only for the question: the vectors of all labels are shipped. Refused: asking the model again, or loading
the encoder while looking. Where no label fits, nothing is found: words on file must count beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import sqrt
from typing import Any

import numpy as np

from phototag.backends import detector, shipped
from phototag.look.makers import after
from phototag.look.step import LocalLook, Step, Subject
from phototag.records import Evidence

WIDTH = 512
_VERSION = 1
_VECTORS = "label_vectors.npy"
_CLASSES = 1000  # rows of the tagger's classes; the detector's follow
_SURE, _WEIGHT = 0.5, 0.4  # from which score, and how much, a detected thing counts


class SearchVector(LocalLook):
    """The step `search`."""

    name = "search"
    space = "search"
    needs_picture = True  # through the steps it builds on
    after: tuple[str, ...] = ("labels", "objects")

    def __init__(self, labels: Step, objects: Step) -> None:
        self.maker = f"conse@{shipped.digest8(_VECTORS)}/{after(labels, objects)}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [self._evidence(subject) for subject in batch]

    def _evidence(self, subject: Subject) -> Evidence:
        missing = [step for step in self.after if step not in subject.earlier]
        if missing:
            error = f"no words to place the photo by: there is no evidence of {' and '.join(missing)}"
            return Evidence(subject.image_id, self.name, self.maker, error=error)
        vector = placed(subject.earlier)
        value = {"space": self.space}
        return Evidence(subject.image_id, self.name, self.maker, value, space=self.space, vector=vector)


def placed(earlier: Mapping[str, Any]) -> list[float] | None:
    """The vector, of length one; None where nothing was recognised, for a point of no meaning would be found too."""
    rows, total = _rows(), np.zeros(WIDTH, np.float32)
    for number, _, chance in earlier["labels"]["labels"]:
        total += sqrt(chance) * rows[number]
    kinds = detector.labels()
    for kind in sorted({thing["label"] for thing in earlier["objects"]["objects"] if thing["score"] >= _SURE}):
        total += _WEIGHT * rows[_CLASSES + kinds.index(kind)]
    length = float(np.linalg.norm(total))
    return [round(float(each) / length, 5) for each in total] if length else None


@cache
def _rows() -> Any:
    return np.load(shipped.checked(_VECTORS)).astype(np.float32)
