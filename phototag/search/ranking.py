"""Several rankings as one, and near duplicates as one hit.

The decision here: rankings are fused by ranks, for figures of different spaces and of words cannot be compared; each
has a weight that was measured (tests/bench/search_quality.py). A fused score is told as a share of what a photo would
have that is first everywhere. Refused: adding up similarities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_ALIKE_BITS = 6  # of the 64 of a hash that may differ in what is the same picture
RANK = 10  # how slowly the ranks lose worth
TEXT, SOME_WORDS = 2.5, 0.6  # what a text with all the words counts, and one with some


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
