"""Who else could have seen what a describer speaks of, and whether they did.

The decision here: silence speaks only where the silent one has a name for the thing or for a broader one (who knows
birds and sees none sees no stork), and any trace of it or its kin, however weak, with any of them ends the doubt. The
tagger names one thing for a whole picture and knows few flowers, so its silence counts for animals and for what the
detector knows too. Refused: silence of a sensor that has no word.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from functools import cache

from phototag.backends import shipped
from phototag.decide.claim import Around
from phototag.decide.labels import LOOSE, SPECIES, meant
from phototag.vocabulary import Term, Vocabulary, folded


class Witnesses:
    """The local sensors of one photo, asked for terms of a vocabulary."""

    def __init__(self, around: Around, vocabulary: Vocabulary) -> None:
        self._looked = around.looked
        self._vocabulary = vocabulary
        self._seen = self._terms(word for words in around.looked.values() for word in words)
        self._true = self._seen | {above for name in self._seen for above in vocabulary.ancestors(name)}

    def unseen(self, term: Term) -> tuple[str, ...]:
        """The sensors that looked, know such things and see none; empty where anybody sees something like it."""
        things, photo_words = _names()
        thing = self._nearest(term, things)
        photo_word = self._nearest(term, photo_words & SPECIES)
        silent = ["objects"] if thing else []
        if photo_word or (silent and not photo_words.isdisjoint(self._vocabulary.leading_to(term))):
            silent.append("labels")
        silent = [sensor for sensor in silent if sensor in self._looked]
        return tuple(silent) if silent and not self._has_trace(term, thing, photo_word) else ()

    def _nearest(self, term: Term, names: Set[str]) -> str:
        """The term, or else its nearest broader one, that stands among the names; "" if none does."""
        line = (term, *(self._vocabulary.terms[name] for name in self._vocabulary.ancestors(term.name)))
        return next((one.name for one in line if not names.isdisjoint(self._vocabulary.leading_to(one))), "")

    def _has_trace(self, term: Term, *known: str) -> bool:
        """Is the term seen, or what the sensors call it, or a narrower or broader one?"""
        if not {term.name, *known}.isdisjoint(self._true):
            return True
        return not self._seen.isdisjoint(self._vocabulary.ancestors(term.name))

    def _terms(self, words: Iterable[str]) -> set[str]:
        found = (self._vocabulary.canonical(meant(word)) for word in words)
        return {term.name for term in found if term}


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """What the detector can name, and the photo words of the tagger whose classes are no loose kin of the word."""
    things = {folded(meant(row[1])) for row in shipped.rows("coco.tsv")}
    photo_words = {word for row in shipped.rows("imagenet.tsv") for word in row[2].split(", ") if word}
    return frozenset(things), frozenset(map(folded, photo_words - LOOSE))
