"""Every pair among a million 64-bit hashes that differ in a few bits, exactly, without comparing all with all.

The decision here: the 64 bits are cut into more blocks than bits may differ, so that two near hashes have some blocks
wholly equal; sorted by those blocks they are neighbours, and only neighbours are compared [BASELINES section 5].
Equal hashes are put together first: a thousand frames of one wall are one hash and no half million pairs. Refused:
search trees (hundreds of times slower) and indexes that find 96 of 100 pairs.

What a distance means for `phash`, as people will see it (tests/bench/groups.py measures it on real photos):

    0-3    the same picture: saved again, resized, sharpened, cropped by a hundredth
    4-6    the same picture, edited: darker, other contrast, cropped by 2 %, turned by half a degree
    7-10   similar: cropped by 5 %, turned by a degree, or the next frame; believed only where vectors agree
    11+    different, as far as a hash can tell: two photos of nothing in common differ in about 32
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb
from typing import Any

import numpy as np

MOST = 10  # bits: whatever differs in more is another picture
BANDS = ((3, "same picture"), (6, "edited"), (MOST, "similar"))

_WIDTH = 64
_PART = 1 << 16  # hashes compared at a time: what they need stays in the processor's cache
_SORT_NS, _COMPARE_NS = 70.0, 9.0  # of one hash, of one pair: measured, and only their ratio counts


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The pairs among different hashes, each once; equal hashes stand at one place."""

    hashes: Any  # each hash once, ascending
    place: Any  # of each hash as it was given: where it stands among `hashes`
    first: Any  # of each pair: the place of the smaller hash, and of the other
    second: Any
    distance: Any

    def equal(self) -> list[list[int]]:
        """The numbers of the given hashes that are equal, two or more each, in order."""
        order = np.argsort(self.place, kind="stable")
        ends = np.flatnonzero(np.diff(self.place[order], append=-1)) + 1
        starts = np.concatenate(([0], ends))[:-1]
        return sorted(order[a:b].tolist() for a, b in zip(starts, ends, strict=True) if b - a > 1)


def band(distance: int) -> str:
    """What so many differing bits mean, in two words."""
    return next((name for most, name in BANDS if distance <= most), "different")


def within(hashes: Any, bits: int) -> Near:
    """All pairs of these hashes (a uint64 array) that differ in at most so many bits, 0 to 10."""
    unique, place = np.unique(np.asarray(hashes, np.uint64), return_inverse=True)
    parts = list(streamed(unique, bits))
    none = np.empty(0, np.int32)
    first, second = (np.concatenate([none, *(part[side] for part in parts)]) for side in (0, 1))
    distance = np.concatenate([none.astype(np.uint8), *(part[2] for part in parts)])
    return Near(unique, place.reshape(-1), first, second, distance)


def streamed(unique: Any, bits: int) -> Iterator[tuple[Any, Any, Any]]:
    """The same, in parts, of hashes that are sorted and differ: places of the one and the other, and the distance."""
    if not 0 <= bits <= MOST:
        raise ValueError(f"hashes are compared up to {MOST} bits, not {bits}")
    if bits == 0 or len(unique) < 2:
        return
    alike = _blocks_alike(len(unique), bits)
    blocks = _blocks(bits + alike)
    for chosen in combinations(range(len(blocks)), alike):
        order = [*chosen, *(block for block in range(len(blocks)) if block not in chosen)]
        moved = _moved(unique, [blocks[block] for block in order])
        moved.sort()
        key_width = sum(blocks[block][1] for block in chosen)
        for one, other in _neighbours(moved, key_width, bits):
            apart = one ^ other
            new = _is_first_time(apart, order, blocks, alike)
            sides = [np.searchsorted(unique, _moved_back(side[new], order, blocks)) for side in (one, other)]
            low, high = np.minimum(*sides).astype(np.int32), np.maximum(*sides).astype(np.int32)
            yield low, high, ones(apart[new])


def ones(words: Any) -> Any:
    """How many bits are set in each 64-bit word."""
    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(words)
    return _ONES[np.ascontiguousarray(words).view(np.uint16).reshape(-1, 4)].sum(axis=1, dtype=np.uint8)  # numpy 1


_ONES = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)


# ---- blocks


def _blocks_alike(count: int, bits: int) -> int:
    """How many blocks the key shall hold: more make fewer neighbours and more keys to sort by."""

    def cost(alike: int) -> float:
        neighbours = count / 2 ** (_WIDTH * alike / (bits + alike)) / 2
        return comb(bits + alike, alike) * count * (_SORT_NS + _COMPARE_NS * neighbours)

    return min(range(1, 6), key=cost)


def _blocks(count: int) -> list[tuple[int, int]]:
    """Lowest bit and width of each block; together they are all 64 bits."""
    edges = [_WIDTH * n // count for n in range(count + 1)]
    return [(low, high - low) for low, high in pairwise(edges)]


def _moved(words: Any, blocks: list[tuple[int, int]]) -> Any:
    """The words with these blocks of theirs from the top, in this order."""
    found, top = np.zeros_like(words), _WIDTH
    for low, width in blocks:
        top -= width
        found |= _cut(words, low, width) << np.uint64(top)
    return found


def _moved_back(words: Any, order: list[int], blocks: list[tuple[int, int]]) -> Any:
    found, top = np.zeros_like(words), _WIDTH
    for low, width in (blocks[block] for block in order):
        top -= width
        found |= _cut(words, top, width) << np.uint64(low)
    return found


def _cut(words: Any, low: int, width: int) -> Any:
    return (words >> np.uint64(low)) & np.uint64((1 << width) - 1)


def _neighbours(words: Any, key_width: int, bits: int) -> Iterator[tuple[Any, Any]]:
    """Those of sorted words that agree in their first bits and differ in few of the others."""
    keys = words >> np.uint64(_WIDTH - key_width)
    for start in range(0, len(words), _PART):
        at, step = np.arange(start, min(start + _PART, len(words))), 1
        while True:
            at = at[: np.searchsorted(at, len(words) - step)]
            at = at[keys[at] == keys[at + step]]
            if not len(at):
                break
            one, other = words[at], words[at + step]
            near = np.flatnonzero(ones(one ^ other) <= bits)
            if len(near):
                yield one[near], other[near]
            step += 1


def _is_first_time(apart: Any, order: list[int], blocks: list[tuple[int, int]], alike: int) -> Any:
    """A pair that agrees in more blocks than the key holds is met again: it counts at the first of its keys."""
    new, top, last = np.ones(len(apart), bool), _WIDTH, max(order[:alike])
    for place, block in enumerate(order):
        width = blocks[block][1]
        top -= width
        if place >= alike and block < last:
            new &= _cut(apart, top, width) != 0
    return new
