"""What two describers say of the same photos, held against each other.

The decision here: answers are compared by what they would do to the tags, so two words for one term agree, and the
photos on which the two differ most are named, for a person to look at. Refused: a score that says which model is
better: only somebody who sees the photos can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

Key = Callable[[str], str]  # a word -> what makes two words one
Likeness = Callable[[Sequence[tuple[str, str]]], Sequence[float]]  # of the two sentences of each pair, up to 1


@dataclass(frozen=True, slots=True)
class Pair:
    """One photo and what both said of it."""

    path: str
    agreement: float  # share of the terms of either that both said
    captions: float | None  # how alike the descriptions are in meaning, up to 1; None where one has none
    only: tuple[tuple[str, ...], tuple[str, ...]]  # words that only the first, only the second said

    @property
    def likeness(self) -> float:
        return self.agreement if self.captions is None else (self.agreement + self.captions) / 2


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two in figures."""

    maker: str
    answered: int
    failed: int
    keywords: float  # a photo
    known: float  # share of its keywords that the vocabulary has
    seconds: float | None  # a photo, of those that were asked about just now; None if none was
    only: Mapping[str, int]  # terms that it says and the other does not -> photos, the most frequent first


@dataclass(frozen=True, slots=True)
class Compared:
    """Two describers on the same photos. `pairs` begins with those on which they differ most."""

    sides: tuple[Side, Side]
    pairs: tuple[Pair, ...]
    agreement: float | None
    captions: float | None
    categories: float | None  # share of photos with the same category, of those where both name one


@dataclass
class Answers:
    """What one describer said: photo -> value; and how it went."""

    maker: str
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    failed: int = 0
    seconds: float | None = None


def compared(
    one: Answers, other: Answers, paths: Mapping[str, str], key: Key, is_known: Callable[[str], bool], alike: Likeness
) -> Compared:
    """The comparison over the photos that both answered for; `paths` names them."""
    both = [image_id for image_id in paths if image_id in one.values and image_id in other.values]
    texts = [(_text(one, image_id), _text(other, image_id)) for image_id in both]
    spoken = [pair for pair in texts if all(pair)]
    likeness = dict(zip(dict.fromkeys(spoken), alike(list(dict.fromkeys(spoken))), strict=True)) if spoken else {}
    only: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    pairs = []
    for image_id, said in zip(both, texts, strict=True):
        mine, theirs = _terms(one, image_id, key), _terms(other, image_id, key)
        gone, new = {k: mine[k] for k in mine if k not in theirs}, {k: theirs[k] for k in theirs if k not in mine}
        only[0].update(gone.keys())
        only[1].update(new.keys())
        union = len(mine.keys() | theirs.keys())
        share = len(mine.keys() & theirs.keys()) / union if union else 1.0
        pairs.append(Pair(paths[image_id], share, likeness.get(said), (tuple(gone.values()), tuple(new.values()))))
    pairs.sort(key=lambda pair: (pair.likeness, pair.path))
    categories = [
        one.values[image_id]["category"] == other.values[image_id]["category"]
        for image_id in both
        if "category" in one.values[image_id] and "category" in other.values[image_id]
    ]
    return Compared(
        (_side(one, only[0], is_known), _side(other, only[1], is_known)),
        tuple(pairs),
        _mean([pair.agreement for pair in pairs]),
        _mean([pair.captions for pair in pairs if pair.captions is not None]),
        _mean([float(same) for same in categories]),
    )


def _side(one: Answers, only: Counter[str], is_known: Callable[[str], bool]) -> Side:
    words = [word for value in one.values.values() for word in value.get("keywords", ())]
    each = len(words) / len(one.values) if one.values else 0.0
    known = sum(map(is_known, words)) / len(words) if words else 0.0
    return Side(one.maker, len(one.values), one.failed, each, known, one.seconds, dict(only.most_common()))


def _text(one: Answers, image_id: str) -> str:
    return str(one.values[image_id].get("description") or "")


def _terms(one: Answers, image_id: str, key: Key) -> dict[str, str]:
    return {key(word): word for word in one.values[image_id].get("keywords", ())}


def _mean(figures: Sequence[float]) -> float | None:
    return fmean(figures) if figures else None
