"""What the whole picture shows, in classes and in photo words, and a vector of what it looks like.

The decision here: the evidence keeps the ten best classes and every photo word that has a chance, so that thresholds
are the policy's and can change with no model loaded. Refused: words picked here once and for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phototag.backends import imagenet
from phototag.backends.tagger import Tagger
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_VERSION = 1
_MOST, _LEAST, _LEAST_SUM = 10, 0.02, 0.1


class Labels(LocalLook):
    """The step `labels`."""

    name = "labels"
    space = "visual"

    def __init__(self, side: int, *models: str) -> None:
        self._tagger = Tagger(*(models or ("effnet_lite2",)))
        self.maker = f"{self._tagger.name}/words@{imagenet.digest8()}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [self._evidence(subject) for subject in batch]

    def _evidence(self, subject: Subject) -> Evidence:
        chances, vector = self._tagger.seen(subject.pixels)
        space, listed = self.space, [round(float(each), 5) for each in vector]
        return Evidence(subject.image_id, self.name, self.maker, labels(chances), space=space, vector=listed)


def labels(chances: Any) -> dict[str, Any]:
    """The likeliest classes, best first, and the photo words, from the probability of every class."""
    best = [int(number) for number in (-chances).argsort(kind="stable")[:_MOST] if chances[number] >= _LEAST]
    names = imagenet.names()
    words = sorted(imagenet.sums(chances).items(), key=lambda word: -word[1])
    return {
        "labels": [[number, names[number], round(float(chances[number]), 3)] for number in best],
        "groups": {word: round(chance, 3) for word, chance in words if chance >= _LEAST_SUM},
    }
