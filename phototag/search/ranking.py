"""Several rankings as one, which hits are doubtful, and near duplicates as one hit.

The decision here: rankings are fused by ranks, for figures of different spaces and of words cannot be compared; each
has a weight that was measured (tests/bench/search_quality.py). A fused score is told as a share of what a photo would
have that is first everywhere. A hit is sure where all words stand in its text, where two sources agree, or where one
space alone finds it far above the rest. Refused: adding up similarities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from phototag.search.spaces import Near
from phototag.search.wording import Stands

_ALIKE_BITS = 6  # of the 64 of a hash that may differ in what is the same picture
RANK = 10  # how slowly the ranks lose worth
TEXT, SOME_WORDS = 2.5, 0.6  # what a text with all the words counts, and one with some
_TRUST = 0.5  # how much it tells in the order that a source is sure
_QUEUED, _NEARLY_ALL = 0.5, 0.75  # worth of a word that waits to be confirmed, and of nearly all words
_SPECIAL = 0.5  # strength from which a space finds by itself that a photo is meant
_BACKED, _ALONE = 0.75, 0.9  # strength that is sure where words that wait stand in the text, and where none do
_SOME = 0.25  # worth of the words that back a space


@dataclass
class Sight:
    """What the sources say of the picture part."""

    text: dict[str, Stands] = field(default_factory=dict)
    near: dict[str, dict[str, Near]] = field(default_factory=dict)  # by space
    order: list[tuple[str, float]] = field(default_factory=list)
    liked: str = ""  # the space in which photos were compared with photos
    doubts: set[str] = field(default_factory=set)  # photos of the order that may not show what was asked for
    notes: list[str] = field(default_factory=list)

    def trust(self, image_id: str) -> float:
        """How sure the surest source is, 0 to 1: a photo that is first everywhere may still be nothing."""
        said = min(1.0, self.text[image_id].worth) if image_id in self.text else 0.0
        return float(max([*self._strengths(image_id), said]) ** _TRUST)

    def doubtful(self, image_id: str) -> bool:
        """Whether a photo that was found may not show what was asked for."""
        if (one := self.near.get(self.liked, {}).get(image_id)) and not one.weak:
            return False
        said, strengths = self.text.get(image_id), self._strengths(image_id)
        worth = said.worth if said else 0.0
        if said and ((said.every and worth > _QUEUED) or worth >= _NEARLY_ALL):
            return False
        if sum(strength >= _SPECIAL for strength in strengths) > 1:
            return False
        needed = _ALONE if worth < _SOME or said is None else _SPECIAL if said.sure else _BACKED
        return max(strengths, default=0.0) < needed

    def _strengths(self, image_id: str) -> list[float]:
        return [near[image_id].strength for near in self.near.values() if image_id in near]


def fused(rankings: Sequence[tuple[Sequence[str], float]]) -> list[tuple[str, float]]:
    """Photos, best first, with a score from 0 to 1; each ranking comes with its weight."""
    scores: dict[str, float] = {}
    for ranking, weight in rankings:
        for rank, image_id in enumerate(ranking):
            scores[image_id] = scores.get(image_id, 0.0) + weight * RANK / (RANK + rank)
    best = sum(weight for ranking, weight in rankings if ranking) or 1.0
    found = [(image_id, score / best) for image_id, score in scores.items()]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def folded(
    ranked: Sequence[str], hashes: Mapping[str, int | None], alike: Mapping[tuple[str, str], bool] | None = None
) -> dict[str, list[str]]:
    """The photos that stand for others, in their order, each with its near duplicates.

    `alike` may deny that two photos are the same although their hashes are.
    """
    found: dict[str, list[str]] = {}
    kept: list[tuple[str, int]] = []
    for image_id in ranked:
        bits = hashes.get(image_id)
        same = None if bits is None else _first(image_id, bits, kept, alike or {})
        if same is not None:
            found[same].append(image_id)
            continue
        found[image_id] = []
        if bits is not None:
            kept.append((image_id, bits))
    return found


def pairs_alike(ranked: Sequence[str], hashes: Mapping[str, int | None]) -> list[tuple[str, str]]:
    """The pairs whose hashes say that they are the same picture."""
    known = [(image_id, bits) for image_id in ranked if (bits := hashes.get(image_id)) is not None]
    return [
        (first, second)
        for at, (second, bits) in enumerate(known)
        for first, other in known[:at]
        if _apart(bits, other) <= _ALIKE_BITS
    ]


def _first(
    image_id: str, bits: int, kept: Sequence[tuple[str, int]], alike: Mapping[tuple[str, str], bool]
) -> str | None:
    for other, others in kept:
        if _apart(bits, others) <= _ALIKE_BITS and alike.get((other, image_id), True):
            return other
    return None


def _apart(bits: int, others: int) -> int:
    return ((bits ^ others) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()
