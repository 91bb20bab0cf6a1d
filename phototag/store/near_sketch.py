"""One bit for each direction of a vector: which rows of a very large matrix are worth a look.

The decision here: the sketch only proposes rows, their likeness is computed from the vectors themselves, and the number
of rows is chosen for each query so that next to nothing is missed: how likeness falls with the number of different bits
is measured on rows of this library. A query that bits say little about (words, asked of pictures) costs more time, up
to a look at every row, and not its answer. Refused: LanceDB's IVF index with fixed probes. It takes a minute or more to
train for a million rows, knows nothing of new rows until then, and loses hits under a filter without a word.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

_AT_ONCE = 256  # rows that are compared one by one: so few need no second thread, which a busy machine gives late
_BLOCK = 1 << 17  # rows whose bits are compared at once: they stay in the cache
_MADE = 1 << 14  # rows whose bits are made at once
FEW = 20_000  # rows of a filter; they are compared one by one
_FIRST = 1_000  # rows that are looked at in any case
_BLOCKS, _NEIGHBOURS = 128, 16  # of the sample: few places on the disk
_BITS = 512  # at least, whatever the width
_MISSED = 0.001  # of the hits, expected
_TOO_MANY = 6  # a look at one row in so many, one by one, takes as long as a look at all


def made(vectors: Any) -> Any:
    """The sketch of a matrix: 64-bit words, one line of them for each 64 directions."""
    rows, width = vectors.shape
    turn = _turn(width)
    middle = np.asarray(vectors[:: max(1, rows // 8192)]).mean(axis=0)
    sketch = np.empty((turn.shape[1] // 64, rows), np.uint64)
    for start in range(0, rows, _MADE):
        sketch[:, start : start + _MADE] = _bits((vectors[start : start + _MADE] - middle) @ turn).T
    return sketch


def best(vectors: Any, sketch: Any, query: Any, count: int, among: Any | None, dead: Any | None) -> tuple[Any, Any]:
    """Rows with the likeness of each, which hold the best `count`; among some rows if they are given."""
    apart = _differing(sketch, _bits(query[None] @ _turn(len(query)))[0])
    if among is not None:
        rows, apart = among, apart[among]
    elif dead is not None:
        rows = np.flatnonzero(~dead)
        apart = apart[rows]
    else:
        rows = None
    held = np.bincount(apart, minlength=sketch.shape[0] * 64 + 1)
    first = int(np.searchsorted(np.cumsum(held), min(_FIRST + 10 * count, len(apart))))
    near = np.flatnonzero(apart <= first)
    scores = likeness(vectors, query, near if rows is None else rows[near])
    least = float(np.partition(scores, -count)[-count]) if len(scores) >= count else -1.0
    enough = max(first, _enough(_sampled(vectors, query, apart, rows), held, least, count))
    if enough > first:
        if int(held[first + 1 : enough + 1].sum()) * _TOO_MANY > len(apart):
            if among is not None:
                return among, likeness(vectors, query, among)
            whole = vectors @ query
            return (np.arange(len(whole)), whole) if rows is None else (rows, whole[rows])
        more = np.flatnonzero((apart > first) & (apart <= enough))
        scores = np.concatenate([scores, likeness(vectors, query, more if rows is None else rows[more])])
        near = np.concatenate([near, more])
    return (near if rows is None else rows[near]), scores


def likeness(vectors: Any, query: Any, rows: Any) -> Any:
    """The likeness of some rows."""
    if len(rows) * 4 > len(vectors):
        return (vectors @ query)[rows]
    scores = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        scores[start : start + _AT_ONCE] = vectors[rows[start : start + _AT_ONCE]] @ query
    return scores


def _sampled(vectors: Any, query: Any, apart: Any, rows: Any | None) -> tuple[float, float, float]:
    """How likeness falls with the number of different bits: where it begins, its slope, what is left unexplained."""
    starts = np.linspace(0, max(0, len(apart) - _NEIGHBOURS), _BLOCKS).astype(np.int64)
    sample = np.unique(np.minimum(starts[:, None] + np.arange(_NEIGHBOURS), len(apart) - 1))
    bits = apart[sample].astype(np.float64)
    scores = likeness(vectors, query, sample if rows is None else rows[sample]).astype(np.float64)
    spread = float(bits.var())
    slope = float(((bits - bits.mean()) * (scores - scores.mean())).mean()) / spread if spread else 0.0
    begin = float(scores.mean() - slope * bits.mean())
    return begin, slope, float((scores - begin - slope * bits).std())


def _enough(line: tuple[float, float, float], held: Any, least: float, count: int) -> int:
    """The number of different bits up to which rows must be looked at, so that hardly a hit is missed."""
    begin, slope, left = line
    chance = [_above(least - begin - slope * bits, left) for bits in range(len(held))]
    missed = np.cumsum((held * np.array(chance))[::-1])[::-1]  # of the rows with so many bits or more
    return int(np.count_nonzero(missed > _MISSED * count)) - 1


def _above(distance: float, deviation: float) -> float:
    if deviation <= 0:
        return float(distance <= 0)
    return 0.5 * math.erfc(distance / deviation / math.sqrt(2))


@lru_cache(maxsize=2)
def _turn(width: int) -> Any:
    """A rotation that spreads what a few directions hold over all of them: signs, then a Hadamard matrix.

    Short vectors are turned several ways, for as many bits as long ones have.
    """
    side = max(64, 1 << (width - 1).bit_length())
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < side:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    times = max(1, _BITS // side)
    steps = np.arange(width * times, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    steps = (steps ^ (steps >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    signs = np.where(steps >> np.uint64(63), np.float32(-1), np.float32(1)).reshape(times, width, 1)
    return np.concatenate([matrix[:width] * some for some in signs], axis=1)


def _bits(turned: Any) -> Any:
    return np.packbits(turned > 0, axis=-1).view(np.uint64)


def _differing(sketch: Any, bits: Any) -> Any:
    """How many bits of each row differ from those of the query."""
    apart = np.zeros(sketch.shape[1], np.uint16)
    for start in range(0, len(apart), _BLOCK):
        part = apart[start : start + _BLOCK]
        for words, word in zip(sketch, bits, strict=True):
            part += _ones(words[start : start + _BLOCK] ^ word)
    return apart


def _ones(words: Any) -> Any:
    """How many bits are set in each word."""
    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(words)
    bytes_of = words.view(np.uint8).reshape(-1, 8)  # numpy 1
    return _ONES[bytes_of].sum(axis=1, dtype=np.uint8)


_ONES = np.array([bin(number).count("1") for number in range(256)], np.uint8)
