"""Photos that are the same or nearly so: exact copies, copies of one picture, and near duplicates.

The decision here: hashes propose and vectors confirm. A near hash that says much is believed unless the vectors have
nothing in common, a similar one only if they agree, and one that says little (plain sky, a black frame, a hash that
many photos share) only if they agree strictly. A group has one photo in its middle that each of the others is near to,
so that no chain of small steps joins a whole day; the order in which photos come decides nothing. Refused: connected
components, and likeness by vectors alone, for which any two portraits are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phototag.decide import pairs

EXACT, SAME, NEAR = "exact", "same picture", "near"  # equal files; equal image data (image_id); nearly equal to see

# Cosines in the space `visual`, measured by tests/bench/groups.py: photos of nothing in common have 0.23 (nine of ten
# below 0.34), edited and cropped ones 0.8 and more; only a thumbnail, enlarged again, falls to 0.3.
UNLIKE, LEAST, STRICT = 0.3, 0.8, 0.95
SECOND_BITS = 16  # by which the second hash may differ where the first one is near: it is no better than chance at 24
PLAIN_BITS = 26  # half of the 64 are set in a picture with something to see; a plain one has ties
MANY = 64  # photos with one hash
_LEANING = 26
_ROUNDS = 8  # different pictures that one hash may stand for

# Of photos by number, first and second of each pair: their likeness from -1 to 1, NaN where it is not known.
Likeness = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that belong together, two or more: the one in the middle first, then by distance from it."""

    kind: str
    members: tuple[str, ...]
    distances: tuple[int, ...] = ()  # bits between each and the first one's hash; of near ones only


def sharing(kind: str, keyed: Iterable[tuple[str, str]]) -> list[Group]:
    """Groups of those that share a key (a digest of the whole file, an image_id); "" is no key."""
    found: dict[str, list[str]] = defaultdict(list)
    for one, key in keyed:
        if key:
            found[key].append(one)
    return sorted((Group(kind, tuple(sorted(ids))) for ids in found.values() if len(ids) > 1), key=_by_members)


def near(
    ids: Sequence[str],
    hashes: Any,
    bits: int = 6,
    likeness: Likeness | None = None,
    *,
    second: Any = None,
    apart: Collection[str] = (),
) -> list[Group]:
    """Near duplicates by hashes (uint64, one per photo) that differ in at most so many bits, confirmed by `likeness`.

    With a likeness, similar ones too, up to ten bits. `second` is another hash of each photo (dhash): either may be
    the near one. The photos in `apart`, those of a series, are in no group.
    """
    chosen = np.array(sorted((n for n, one in enumerate(ids) if one not in apart), key=lambda n: ids[n]), np.int64)
    kinds = [np.asarray(words, np.uint64)[chosen] for words in (hashes, second) if words is not None]
    judge = _Judge(chosen, kinds, bits, likeness)
    leader = _equal(judge)
    leaders = np.flatnonzero(leader == np.arange(len(leader)))
    middle = _middles(leaders, judge, np.bincount(leader, minlength=len(leader)))[leader]
    found: dict[int, list[int]] = defaultdict(list)
    for number, centre in enumerate(middle.tolist()):
        found[centre].append(number)
    groups = [_group(ids, chosen, judge, centre, np.array(each)) for centre, each in found.items() if len(each) > 1]
    return sorted(groups, key=_by_members)


def _group(ids: Sequence[str], chosen: Any, judge: _Judge, centre: int, numbers: Any) -> Group:
    away = judge.distance(numbers, np.full(len(numbers), centre)).tolist()
    listed = sorted(zip(away, numbers.tolist(), strict=True), key=lambda each: (each[1] != centre, each))
    return Group(NEAR, tuple(ids[chosen[number]] for _, number in listed), tuple(bits for bits, _ in listed))


def by_vectors(rows: Any) -> Likeness:
    """The cosine of vectors of length one, one row per photo; a row of zeros is not known."""
    known = np.fromiter((bool(row.any()) for row in rows), bool, len(rows))

    def likeness(first: Any, second: Any) -> Any:
        found = np.full(len(first), np.nan, np.float32)
        for start in range(0, len(first), 4096):
            some = slice(start, start + 4096)
            found[some] = np.einsum("ij,ij->i", rows[first[some]], rows[second[some]])
        return np.where(known[first] & known[second], found, np.nan)

    return likeness


def _by_members(group: Group) -> tuple[str, ...]:
    return tuple(sorted(group.members))


class _Judge:
    """Which pairs hold, of photos numbered in the order of their names."""

    def __init__(self, chosen: Any, kinds: list[Any], bits: int, likeness: Likeness | None) -> None:
        self._chosen, self._bits, self._likeness = chosen, bits, likeness
        self.kinds = kinds
        _, place, count = np.unique(kinds[0], return_inverse=True, return_counts=True)
        self.place, self.count = place.reshape(-1), count[place.reshape(-1)]  # of its first hash, and who share it
        self.doubtful = (pairs.ones(kinds[0]) < PLAIN_BITS) | (self.count > MANY)
        self.reach = bits if likeness is None else max(bits, pairs.MOST)

    def distance(self, one: Any, other: Any) -> Any:
        """The bits that differ, in the hash that differs less."""
        return np.minimum.reduce([pairs.ones(words[one] ^ words[other]) for words in self.kinds])

    def holds(self, one: Any, other: Any) -> Any:
        """For each pair whether they are one picture."""
        apart = [pairs.ones(words[one] ^ words[other]) for words in self.kinds]
        doubtful = self.doubtful[one] | self.doubtful[other]
        telling = (np.minimum.reduce(apart) <= self._bits) & (np.maximum.reduce(apart) <= SECOND_BITS) & ~doubtful
        if self._likeness is None or not len(one):
            return telling
        alike = np.asarray(self._likeness(self._chosen[one], self._chosen[other]))
        line = np.where(doubtful, STRICT, np.where(telling, UNLIKE, LEAST))
        return np.where(np.isnan(alike), telling, alike >= line)


def _equal(judge: _Judge) -> Any:
    """For each photo the first one that has its hash and is confirmed to be like it; itself if there is none."""
    leader = np.arange(len(judge.place))
    left = np.flatnonzero(judge.count > 1)
    for _ in range(_ROUNDS):
        if not len(left):
            break
        _, start, where = np.unique(judge.place[left], return_index=True, return_inverse=True)
        first = left[start][where.reshape(-1)]
        left, first = left[left != first], first[left != first]
        holds = judge.holds(first, left)
        leader[left[holds]] = first[holds]
        left = left[~holds]
    return leader


# ---- near hashes


def _middles(leaders: Any, judge: _Judge, weight: Any) -> Any:
    """For each photo that leads its hash, the one in the middle of its group."""
    middle = np.arange(len(weight))
    telling = leaders[~judge.doubtful[leaders]]
    parts = [part for words in judge.kinds for part in _edges(telling[_says_much(words[telling])], words, judge)]
    if not parts:
        return middle
    edges = np.unique(np.concatenate(parts), axis=0)
    one, other = np.concatenate([edges, edges[:, ::-1]]).T
    centres = _centres(one, other, weight)
    kept = centres[one] & ~centres[other]
    one, other = one[kept], other[kept]
    order = np.lexsort((one, judge.distance(one, other), other))  # the nearest centre; of two, the first by name
    mine, at = np.unique(other[order], return_index=True)
    middle[mine] = one[order][at]
    return middle


def _says_much(words: Any) -> Any:
    """Not nearly all bits alike: the second hash of a slope from dark to bright."""
    return abs(pairs.ones(words).astype(np.int16) - 32) <= _LEANING


def _edges(leaders: Any, words: Any, judge: _Judge) -> Iterator[Any]:
    """Confirmed pairs of photos of which this hash is near, the smaller number first; a pair may come again."""
    by_hash = leaders[np.argsort(words[leaders], kind="stable")]
    unique, start, count = np.unique(words[by_hash], return_index=True, return_counts=True)
    most = int(min(count.max(initial=0), _ROUNDS))

    def held(first: Any, other: Any) -> Any:
        holds = judge.holds(first, other)
        return np.sort(np.stack([first[holds], other[holds]], axis=1), axis=1)

    if words is not judge.kinds[0]:  # equal in this hash only
        first = np.repeat(start, count)
        follows = first != np.arange(len(by_hash))
        yield held(by_hash[first[follows]], by_hash[follows])
    for one, other, _ in pairs.streamed(unique, judge.reach):
        for ahead in range(most):
            for behind in range(most):
                there = (count[one] > ahead) & (count[other] > behind)
                yield held(by_hash[start[one[there]] + ahead], by_hash[start[other[there]] + behind])


def _centres(one: Any, other: Any, weight: Any) -> Any:
    """Which photos stand in the middle: those with the most others near them first, and none near another centre."""
    near_by = np.bincount(one, weights=weight[other], minlength=len(weight)) + weight
    order = np.argsort(one, kind="stable")
    others = other[order]
    nodes, start = np.unique(one[order], return_index=True)
    ends = np.append(start[1:], len(others))
    is_centre, covered = np.zeros(len(weight), bool), np.zeros(len(weight), bool)
    for place in np.lexsort((nodes, -near_by[nodes])).tolist():
        node = nodes[place]
        if not covered[node]:
            is_centre[node] = covered[node] = True
            covered[others[start[place] : ends[place]]] = True
    return is_centre
