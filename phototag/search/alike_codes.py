"""Which photos may look alike, told from a few bits for each, so that not all are compared with all.

The decision here: a bit of a code says on which side of a random plane a vector lies, so that the bits in which two
codes differ measure the angle between the vectors, as seen from the middle of the library: from there photos lie on all
sides, and few have the same bits by chance; several codes of 64 bits each are searched exactly
(decide/pairs.py), and what all of them together say decides whether the vectors are worth reading. The planes are the
same in every run. Refused: an index that has to be trained and kept, and pairs of all with all, which a library of
200,000 photos has twenty billions of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from phototag.decide import pairs

CODES = 4  # of 64 bits each: one misses every other pair with a cosine of 0.88, all four one of twenty
SAMPLE = 4_096  # photos by which the middle is known
MOST = 2_000_000  # pairs that are kept; of more, the nearest
_STEPS, _CROSS = 16, 64  # pairs of one photo with its equals, of two codes that many photos share
_SEED = 20231
_SPARE = 3.0  # deviations by which the bits may miss the angle

Pairs = tuple[Any, Any, Any]  # places of the one and the other (smaller first), and how many bits differ


def planes(width: int) -> Any:
    """The planes for vectors of this width: a column each."""
    return np.random.default_rng(_SEED).standard_normal((width, 64 * CODES), dtype=np.float32)


def coded(vectors: Any, sides: Any, middle: Any) -> Any:
    """The codes of some vectors, a row of words for each."""
    return np.packbits(vectors @ sides > middle @ sides, axis=1).view(np.uint64)


def by_codes(
    codes: Any, least: float, middle: Any, wanted: Any | None = None, stop: Callable[[], bool] = lambda: False
) -> tuple[Pairs, int]:
    """The pairs whose vectors may have at least this cosine, each once, and how many more there were than are kept."""
    off = min(0.99, float(middle @ middle))
    share = math.acos(max(-1.0, min(1.0, (least - off) / (1 - off)))) / math.pi
    total = 64 * codes.shape[1]
    most = int(share * total + _SPARE * math.sqrt(total * share * (1 - share)))

    def near() -> Iterator[Pairs]:
        for column in codes.T:
            for first, second, _ in _expanded(np.ascontiguousarray(column), pairs.MOST):
                if stop():
                    return
                apart = pairs.ones(codes[first] ^ codes[second]).sum(axis=1, dtype=np.int16)
                kept = apart <= most
                yield first[kept], second[kept], apart[kept]

    return gathered(near(), wanted, len(codes))


def by_hashes(hashes: Any, bits: int, wanted: Any | None = None) -> tuple[Pairs, int]:
    """The pairs whose hashes differ in at most so many bits, and how many more there were than are kept."""
    return gathered(_expanded(hashes, bits), wanted, len(hashes))


def gathered(parts: Iterator[Pairs], wanted: Any | None, count: int) -> tuple[Pairs, int]:
    """All parts as one, each pair once, in order; with `wanted` those of which one side is."""
    held: list[Pairs] = []
    kept = dropped = 0
    for first, second, apart in parts:
        if wanted is not None:
            of = wanted[first] | wanted[second]
            first, second, apart = first[of], second[of], apart[of]
        if len(first):
            held.append((np.minimum(first, second), np.maximum(first, second), apart.astype(np.int16)))
            kept += len(first)
        if kept > 2 * MOST:
            joined = _joined(held, count)
            held = [_nearest(joined)]
            kept = len(held[0][0])
            dropped += len(joined[0]) - kept
    joined = _joined(held, count)
    found = _nearest(joined)
    return found, dropped + len(joined[0]) - len(found[0])


def _nearest(some: Pairs) -> Pairs:
    """The nearest of too many pairs."""
    if len(some[0]) <= MOST:
        return some
    order = np.sort(np.argsort(some[2], kind="stable")[:MOST])
    return some[0][order], some[1][order], some[2][order]


def _joined(parts: list[Pairs], count: int) -> Pairs:
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int16)
    first, second, apart = (np.concatenate([part[side] for part in parts]) for side in range(3))
    _, once = np.unique(first.astype(np.int64) * count + second, return_index=True)
    return first[once].astype(np.int64), second[once].astype(np.int64), apart[once]


def _expanded(hashes: Any, bits: int) -> Iterator[Pairs]:
    """The pairs of `decide/pairs.py` as pairs of what was given; of very many equal ones, pairs enough to join them."""
    unique, place, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    members = np.argsort(place, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    yield from _equal(members, place, starts)
    for one, other, apart in pairs.streamed(unique, bits):
        some = np.minimum(counts[one] * counts[other], _CROSS)
        which = np.repeat(np.arange(len(one)), some)
        number = np.arange(len(which)) - np.repeat(np.cumsum(some) - some, some)
        first = members[starts[one][which] + number // counts[other][which]]
        second = members[starts[other][which] + number % counts[other][which]]
        yield first, second, apart[which]


def _equal(members: Any, place: Any, starts: Any) -> Iterator[Pairs]:
    """Each with the next ones that are equal to it, and with the first of them all."""
    for step in range(1, _STEPS + 1):
        one, other = members[:-step], members[step:]
        same = place[one] == place[other]
        if not same.any():
            return
        yield one[same], other[same], np.zeros(int(same.sum()), np.uint8)
    first = members[starts[place[members]]]
    others = first != members
    yield first[others], members[others], np.zeros(int(others.sum()), np.uint8)
