"""Which keywords name an event.

The decision here: a word names an event if a good part of its photos carry it; what people said weighs three times what
a machine saw, and what they called the occasion ("birthday") needs no more than one photo. Refused: the best score of a
single photo, by which one plate of soup names a wedding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, fsum
from typing import Protocol

from phototag.vocabulary import Term, Vocabulary, folded

SHARE = 0.25  # of the photos that must carry a word
PERSONS_WEIGHT = 3
_NAMING = frozenset(("objects", "events", "places"))  # kinds that say what is there or going on


class Said(Protocol):
    """What of a tag counts here."""

    @property
    def term(self) -> str: ...

    @property
    def score(self) -> float: ...

    @property
    def because(self) -> Sequence[str]: ...


@dataclass(slots=True)
class _Word:
    """A word with all that speaks for it in one event."""

    name: str
    term: Term | None
    weights: list[float] = field(default_factory=list)  # one for each photo
    human: bool = False

    @property
    def count(self) -> int:
        return len(self.weights)

    @property
    def is_occasion(self) -> bool:
        """Whether a person said with it what was going on."""
        return self.human and self.term is not None and self.term.kind == "events"


def words(
    photos: Sequence[Sequence[Said]],
    vocabulary: Vocabulary,
    language: str,
    stop_words: Collection[str],
    most: int,
    avoid: Collection[str] = (),
) -> tuple[str, ...]:
    """At most so many words, the weightiest first; `avoid` are names that the event has already."""
    least = max(ceil(SHARE * len(photos)), 2 if len(photos) >= 5 else 1)
    unwanted = frozenset(map(folded, (*stop_words, *avoid)))
    found: dict[str, _Word] = {}
    for key, word in _counted(photos, vocabulary).items():
        if word.count < least and not word.is_occasion:
            continue  # most of them
        named = {key, folded(word.name), folded(vocabulary.label(word.name, language))}
        if _names_things(word, vocabulary) and unwanted.isdisjoint(named):
            found[key] = word
    labels: dict[str, str] = {}
    for word in sorted(_without_kin(found, vocabulary), key=_rank):
        label = vocabulary.label(word.name, language)
        labels.setdefault(folded(label), label)
    return tuple(labels.values())[:most]


def _counted(photos: Sequence[Sequence[Said]], vocabulary: Vocabulary) -> dict[str, _Word]:
    """Every word by its key; in one photo a word counts once."""
    found: dict[str, _Word] = {}
    keys: dict[str, str] = {}
    for tags in photos:
        best: dict[str, float] = {}
        for tag in tags:
            key = keys.get(tag.term) or keys.setdefault(tag.term, vocabulary.key(tag.term))
            if key not in found:
                term = vocabulary.canonical(tag.term)
                found[key] = _Word(term.name if term else tag.term, term)
            word, human = found[key], "human" in tag.because
            if word.term is None:
                word.name = min(word.name, tag.term)  # whichever photo comes first
            word.human = word.human or human
            best[key] = max(best.get(key, 0.0), tag.score * (PERSONS_WEIGHT if human else 1))
        for key, weight in best.items():
            found[key].weights.append(weight)
    return found


def _names_things(word: _Word, vocabulary: Vocabulary) -> bool:
    if word.term is None:
        return word.human
    line = (word.term, *(vocabulary.terms[name] for name in vocabulary.ancestors(word.name)))
    delicate = word.term.exclude or any(term.sensitive for term in line)
    return word.term.kind in _NAMING and (word.human or not delicate)


def _without_kin(found: Mapping[str, _Word], vocabulary: Vocabulary) -> Iterator[_Word]:
    """Of a term and a broader one only the narrower; where that is less than half of it, only the broader."""
    pairs = [
        (word, found[key])
        for word in found.values()
        for key in (vocabulary.key(name) for name in vocabulary.ancestors(word.name))
        if key in found
    ]
    too_broad = {above.name for word, above in pairs if above.count <= 2 * word.count}
    too_narrow = {word.name for word, above in pairs if above.name not in too_broad and (above.human or not word.human)}
    return (word for word in found.values() if word.name not in too_broad | too_narrow)


def _rank(word: _Word) -> tuple[bool, float, str, str]:
    return not word.is_occasion, -_weight(word), folded(word.name), word.name


def _weight(word: _Word) -> float:
    return round(fsum(word.weights), 6)  # the same for any order of the photos
