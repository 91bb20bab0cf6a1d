"""Who else could have seen what a describer speaks of, and whether they did.

The decision here: silence speaks only where the silent one has a name for the thing, and any trace of it or its kin,
however weak, with any of them ends the doubt. The tagger names one thing for a whole picture and knows few flowers, so
its silence counts for animals and for what the detector knows too. Refused: silence of a sensor that has no word.
"""

from __future__ import annotations

from collections.abc import Iterable
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
        self._above = {above for name in self._seen for above in vocabulary.ancestors(name)}

    def unseen(self, term: Term) -> tuple[str, ...]:
        """The sensors that looked, know such things and see none; empty where anybody sees something like it."""
        known = [word for word in map(folded, (term.name, *term.aliases)) if self._leads_to(word, term)]
        things, photo_words = _names()
        silent = ["objects"] if not things.isdisjoint(known) else []
        if not photo_words.isdisjoint(known) and (silent or not SPECIES.isdisjoint(known)):
            silent.append("labels")
        silent = [sensor for sensor in silent if sensor in self._looked]
        return tuple(silent) if silent and not self._has_trace(term) else ()

    def _has_trace(self, term: Term) -> bool:
        """Is the term seen, or a narrower or broader one?"""
        if term.name in self._seen or term.name in self._above:
            return True
        return not self._seen.isdisjoint(self._vocabulary.ancestors(term.name))

    def _leads_to(self, word: str, term: Term) -> bool:
        found = self._vocabulary.canonical(word)
        return found is not None and found.name == term.name

    def _terms(self, words: Iterable[str]) -> set[str]:
        found = (self._vocabulary.canonical(meant(word)) for word in words)
        return {term.name for term in found if term}


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """What the detector can name, and the photo words of the tagger whose classes are no loose kin of the word."""
    things = {folded(meant(row[1])) for row in shipped.rows("coco.tsv")}
    photo_words = {word for row in shipped.rows("imagenet.tsv") for word in row[2].split(", ") if word}
    return frozenset(things), frozenset(map(folded, photo_words - LOOSE))
