"""What the kept one takes over from those that go: what people said of them and nobody says of it.

The decision here: words are joined, the higher rating wins, a caption and a point fill a gap. Refused: taking over what
stands there already in other words; what cannot be taken over is told in `keeper_own`, and its file stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from phototag.read.values import key_of
from phototag.records import Facts, Gps


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What people said of those that go and the kept one does not say."""

    keywords: tuple[tuple[str, ...], ...] = ()  # each with its broader words, the broadest first
    caption: str = ""
    rating: int = 0
    gps: Gps | None = None

    def __bool__(self) -> bool:
        return bool(self.keywords or self.caption or self.rating or self.gps)


def inherited(kept: Sequence[Facts], going: Sequence[Facts]) -> Inheritance:
    """What people said of those that go and none of the kept files says."""
    rating = max((facts.rating or 0 for facts in going), default=0)
    caption = "" if any(map(_caption, kept)) else next(filter(None, map(_caption, going)), "")
    points = (facts.gps for facts in going if facts.gps)
    return Inheritance(
        tuple(_new_words(kept, going)),
        caption,
        rating if rating > max((facts.rating or 0 for facts in kept), default=0) else 0,
        None if any(facts.gps for facts in kept) else next(points, None),
    )


def _new_words(kept: Sequence[Facts], going: Sequence[Facts]) -> Iterator[tuple[str, ...]]:
    """Albums and other trees branch by branch, then the words that stand in none."""
    known = {_key(path) for path in _branches(kept)}
    words = {key_of(word) for facts in kept for word in facts.keywords}
    for path in dict.fromkeys(_branches(going)):
        if _key(path) not in known:
            known.add(_key(path))
            words.add(key_of(path[-1]))
            yield path
    for word in (word for facts in going for word in facts.keywords):
        if key_of(word) not in words:
            words.add(key_of(word))
            yield (word,)


def _branches(some: Iterable[Facts]) -> Iterator[tuple[str, ...]]:
    """The paths of people's trees, those of more than one word."""
    for facts in some:
        people = {key_of(word) for word in facts.keywords}
        for name, separator in (("hierarchy", "|"), ("tagslist", "/")):
            for text in facts.lists.get(name, ()):
                path = tuple(part for part in map(str.strip, text.split(separator)) if part)
                if len(path) > 1 and key_of(path[-1]) in people:
                    yield path


def _key(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(key_of, path))


def _caption(facts: Facts) -> str:
    return facts.caption or next(iter(facts.captions.values()), "")
