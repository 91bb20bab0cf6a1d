"""How alike vectors are, for pairs of them, with a few of them in memory at a time.

The decision here: vectors are asked for by blocks of as many as fit into a fixed number of bytes, and two blocks at a
time are compared, only where a pair wants it. A few thousand photos are compared all with all: that takes a second and
misses nothing. Refused: the vectors of a whole library in memory, a gigabyte for 200,000 photos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from phototag.search.alike_codes import Pairs, gathered

FEW = 6_000  # vectors up to which all are compared with all
_BYTES = 80_000_000  # of one block of vectors
_TOGETHER = 2_048
_STEPS = 10_000  # cosines as whole numbers, for sorting

Read = Callable[[Any], Any]  # places, rising -> their vectors, of length one, a row each


def cosines(read: Read, width: int, first: Any, second: Any, stop: Callable[[], bool]) -> Any:
    """The cosine of each pair of places; `first` is the smaller one of each."""
    found = np.zeros(len(first), np.float32)
    needed = np.unique(np.concatenate([first, second]))
    block = max(1, _BYTES // (4 * max(1, width)))
    rows = np.searchsorted(needed, first), np.searchsorted(needed, second)
    sides = rows[0] // block, rows[1] // block
    for left in np.unique(sides[0]).tolist():
        vectors = read(needed[left * block : (left + 1) * block])
        for right in np.unique(sides[1][sides[0] == left]).tolist():
            if stop():
                return found
            others = vectors if right == left else read(needed[right * block : (right + 1) * block])
            at = np.flatnonzero((sides[0] == left) & (sides[1] == right))
            for start in range(0, len(at), _TOGETHER):
                some = at[start : start + _TOGETHER]
                pair = vectors[rows[0][some] - left * block], others[rows[1][some] - right * block]
                found[some] = np.einsum("ij,ij->i", *pair)
    return found.clip(-1, 1)


def every(vectors: Any, least: float, wanted: Any | None = None) -> tuple[Pairs, int]:
    """All pairs of a few thousand vectors with at least this cosine, each once, and how many more were not kept."""

    def parts() -> Iterator[Pairs]:
        for top in range(0, len(vectors), _TOGETHER):
            for low in range(top, len(vectors), _TOGETHER):
                likeness = vectors[top : top + _TOGETHER] @ vectors[low : low + _TOGETHER].T
                one, other = np.nonzero(likeness >= least)
                apart = ((1 - likeness[one, other]) * _STEPS).astype(np.int16)
                new = one + top < other + low
                yield one[new] + top, other[new] + low, apart[new]

    return gathered(parts(), wanted, len(vectors))
