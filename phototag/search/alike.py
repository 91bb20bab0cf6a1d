"""Which photos look alike, and what may be said of a pair by the bits of its hashes and the cosine of its vectors.

The decision here: a hash alone is believed up to 6 bits, and up to 10 where the vectors agree; vectors alone from
`LEAST` on, which on 125 real photos is where what a person calls the same thing ends (another view of one house 0.83,
another house 0.80). A hash in which nearly all bits are equal is that of a plain picture, and says nothing
by itself. A group is
one photo and all that are like it, so that nobody is in a group by a chain of others. Refused: chains, by which a
holiday becomes one group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from phototag.decide.pairs import MOST as MOST_BITS
from phototag.decide.pairs import ones

KINDS = ("same picture", "nearly the same", "similar")
BANDS = (3, 6, MOST_BITS)  # bits up to which a hash says each of these
LEAST, LEAST_ELSEWHERE = 0.80, 0.90  # in the built-in space, in one that the user chose
DENIED = 0.5  # vectors that are less alike deny what the hashes say; photos of nothing in common have 0.1 to 0.35
_ALONE = BANDS[1]  # bits up to which a hash is believed without vectors
_SURE = 0.99  # vectors that are so alike make up for plain hashes
_PLAIN = 12  # bits of a hash by which it says something: of a photo half of the 64 are set
_EMPTY = 1  # bits of a hash in a picture of one colour
_NONE = len(KINDS)  # the kind of a pair that is not believed


class Pair(NamedTuple):
    """Two photos that look alike. `bits` and `cosine` are None where there is no hash or no vector."""

    one: str
    two: str
    kind: str
    bits: int | None
    cosine: float | None
    photos: tuple[str, str]  # their ids
    files: tuple[int, int]  # how many files each photo has: copies, RAW and JPEG


class Group(NamedTuple):
    """A photo and those that look like it, the nearest first; each pair begins with that photo."""

    photo: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, eq=False)
class Likenesses:
    """Pairs as columns, the nearest first: numbers of photos, bits (-1: unknown), cosine (nan: unknown) and kind."""

    first: Any
    second: Any
    bits: Any
    cosine: Any
    kind: Any

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, eq=False)
class Similar:
    """What was found, and in what it was looked for."""

    root: str
    paths: list[str]  # of all photos, absolute
    ids: list[str]
    files: list[int]
    found: Likenesses
    space: str = ""
    maker: str = ""
    compared: int = 0  # photos that had a hash or a vector
    without_vectors: int = 0
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.found)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, the nearest first."""
        return tuple(self.listed())

    def listed(self, limit: int = 0) -> Iterator[Pair]:
        """The pairs, at most so many, one after the other."""
        for at in range(min(limit, len(self)) if limit else len(self)):
            yield self._pair(at, int(self.found.first[at]), int(self.found.second[at]))

    @property
    def groups(self) -> tuple[Group, ...]:
        """The photos in groups, the largest first; no photo is in two."""
        return tuple(self.grouped())

    def grouped(self, limit: int = 0) -> Iterator[Group]:
        """The groups, at most so many, one after the other."""
        groups = stars(self.found, self.paths)
        for head, members in groups[: limit or None]:
            pairs = (self._pair(at, head, other) for at, other in members)
            yield Group(self.paths[head], tuple(pairs))

    def table(self, *, groups: bool = False) -> Any:
        """The pairs as an Arrow table; `.to_pandas()` makes a DataFrame of it where pandas is there.

        With `groups` one row for each photo of a group, which is a number from 1 on.
        """
        from phototag.store import sheets

        rows = self.rows_of_groups() if groups else map(pair_row, self.listed())
        return sheets.arrow(rows, GROUP_COLUMNS if groups else COLUMNS)

    def rows_of_groups(self, limit: int = 0) -> Iterator[dict[str, Any]]:
        """The groups as rows, the photo that stands for a group first."""
        for number, group in enumerate(self.grouped(limit), 1):
            yield group_row(number, None, group)
            yield from (group_row(number, pair, group) for pair in group.pairs)

    def _pair(self, at: int, one: int, two: int) -> Pair:
        bits, cosine = int(self.found.bits[at]), float(self.found.cosine[at])
        return Pair(
            self.paths[one],
            self.paths[two],
            KINDS[int(self.found.kind[at])],
            bits if bits >= 0 else None,
            None if np.isnan(cosine) else round(cosine, 4),
            (self.ids[one], self.ids[two]),
            (self.files[one], self.files[two]),
        )


COLUMNS = {"one": "text", "two": "text", "bits": "whole", "cosine": "figure", "kind": "text"}
GROUP_COLUMNS = {"group": "whole", "path": "text", "bits": "whole", "cosine": "figure", "kind": "text"}


def pair_row(pair: Pair) -> dict[str, Any]:
    """A pair for a program that reads tables; its keys are those of COLUMNS."""
    return {name: getattr(pair, name) for name in COLUMNS}


def group_row(number: int, pair: Pair | None, group: Group) -> dict[str, Any]:
    """A photo of a group; bits and cosine are those to the photo that stands for it."""
    if pair is None:
        return {"group": number, "path": group.photo, "bits": None, "cosine": None, "kind": ""}
    return {"group": number, "path": pair.two, "bits": pair.bits, "cosine": pair.cosine, "kind": pair.kind}


def judged(first: Any, second: Any, bits: Any, cosine: Any, plain: Any, least: float, most: int) -> Likenesses:
    """The pairs that are believed, the nearest first. `most` 0 to 10: only those that a hash finds within; -1: all.

    Plain pictures all have vectors that are alike, so theirs have to be all but the same.
    """
    seen = ~np.isnan(cosine)
    agrees = cosine >= np.where(plain & (bits >= 0), max(least, _SURE), least)
    denied = seen & (cosine < DENIED)
    hashed = (bits >= 0) & ~denied & (~plain | (cosine >= _SURE))
    by_hash = hashed & ((bits <= _ALONE) | ((bits <= MOST_BITS) & agrees))
    kind = np.where(by_hash, np.searchsorted(BANDS, bits), np.where(agrees, _NONE - 1, _NONE))
    if most >= 0:
        kind = np.where(by_hash & (bits <= most), kind, _NONE)
    kept = np.flatnonzero(kind < _NONE)
    unlike = np.where(np.isnan(cosine), 1.0, -cosine)[kept]
    order = kept[np.lexsort((second[kept], first[kept], bits[kept], unlike, kind[kept]))]
    return Likenesses(first[order], second[order], bits[order], cosine[order], kind[order])


def plain(hashes: Any) -> Any:
    """Which hashes are those of plain pictures: an empty sky, a black frame, a wall."""
    set_ = ones(hashes).astype(np.int16)
    return (set_ < _PLAIN) | (set_ > 64 - _PLAIN)


def empty(hashes: Any) -> Any:
    """Which hashes are those of one colour: nothing is in the picture that could be compared."""
    set_ = ones(hashes).astype(np.int16)
    return (set_ <= _EMPTY) | (set_ >= 64 - _EMPTY)


def stars(found: Likenesses, paths: list[str]) -> list[tuple[int, list[tuple[int, int]]]]:
    """Groups, the largest first: a photo, and which pairs lead to which others. Those with most likenesses first."""
    numbers = np.concatenate([found.first, found.second])
    others = np.concatenate([found.second, found.first])
    pairs = np.tile(np.arange(len(found)), 2)
    order = np.lexsort((pairs, numbers))
    numbers, others, pairs = numbers[order], others[order], pairs[order]
    heads, starts, counts = np.unique(numbers, return_index=True, return_counts=True)
    nearness = np.add.reduceat(np.nan_to_num(found.cosine)[pairs], starts) if len(pairs) else counts
    free = np.ones(len(paths), bool)
    groups = []
    for at in np.lexsort((heads, -nearness, -counts)).tolist():
        head = int(heads[at])
        span = slice(int(starts[at]), int(starts[at] + counts[at]))
        left = free[others[span]]
        if free[head] and left.any():
            members = list(zip(pairs[span][left].tolist(), others[span][left].tolist(), strict=True))
            free[head] = False
            free[others[span][left]] = False
            groups.append((head, members))
    return sorted(groups, key=lambda group: (-len(group[1]), group[0]))
