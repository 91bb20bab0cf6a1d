"""The part of `phototag.api` that finds the nearest term of a word by what both mean.

The decision here: every name, alias and label of a term is a point of its own, and what spelling knows better than
vectors goes first (decide/kinship.py). The encoder is loaded when the first word comes that this library has not seen.
Refused: one mean vector for a term, which lies between its languages and near no word.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from phototag.backends.sentences import Sentences
from phototag.decide import inflection, kinship
from phototag.decide.meaning import Meanings
from phototag.vocabulary import Term, Vocabulary, folded

if TYPE_CHECKING:
    from pathlib import Path

    from phototag.store.words import Words

_VERSION = 1  # of what is decided here, in kinship and in inflection: another one asks and decides again
_FLOOR = 0.3  # below this nothing is like: no setting may ask for less
_TRIED = 50  # nearest points that are looked at for one that spelling does not rule out
NAMED = 0.2  # a phrase that ends in the term's own word is nearer by this
_TOGETHER = 512  # words compared at once

Found = tuple[str, float] | None


def meanings_of(vocabulary: Vocabulary, least: float, folder: Path | None = None) -> tuple[Meanings, str]:
    """What words stand for, and a name that changes with whatever changes that. Nothing is loaded yet."""
    near = Nearness(vocabulary, folder)
    if near.why_not or least >= 1:  # forms of words can be told without an encoder
        return Meanings(vocabulary), f"forms-{_VERSION}"
    return Meanings(vocabulary, near, least), f"{near.name}/{least:g}"


class Nearness:
    """Words -> the nearest term of a vocabulary, each with its likeness. It remembers below `folder`."""

    name = f"{Sentences.name}-{_VERSION}"

    def __init__(self, vocabulary: Vocabulary, folder: Path | None = None, sentences: Sentences | None = None) -> None:
        self._vocabulary, self._folder = vocabulary, folder
        self._sentences = sentences or Sentences()
        self.why_not = self._sentences.why_not()

    def __call__(self, words: Sequence[str]) -> list[Found]:
        """The nearest term of each word, or None where nothing is like it."""
        known = dict(self.kept.known()) if self.kept else {}
        new = [word for word in dict.fromkeys(words) if word not in known]
        if new:
            found = self.compared(new)
            known |= found
            if self.kept:
                self.kept.keep(found)
        return [known[word] for word in words]

    def compared(self, words: Sequence[str]) -> dict[str, Found]:
        """The same, asked of the encoder whatever is remembered."""
        import numpy as np

        found: dict[str, Found] = {}
        for start in range(0, len(words), _TOGETHER):
            some = words[start : start + _TOGETHER]
            scores = np.asarray(self._sentences.embed_texts(some), np.float32) @ self._vectors.T
            found |= {word: self._nearest(word, row) for word, row in zip(some, scores, strict=True)}
        return found

    def points(self) -> tuple[list[str], Any]:
        """The term of each point, and the points' vectors as rows: a term has one for each of its words."""
        return [name for _, name in self._points], self._vectors

    def _nearest(self, word: str, scores: Any) -> Found:
        best, likeness = "", _FLOOR
        if term := kinship.head(word, self._vocabulary):
            first, after = self._spans[term.name]
            best, likeness = term.name, min(1.0, float(scores[first:after].max()) + NAMED)
        for place in scores.argsort()[::-1][:_TRIED]:
            if scores[place] <= likeness:
                break
            text, name = self._points[place]
            is_opposed = self._vocabulary.terms[name].kind == "quality"  # overexposed is very like underexposed
            if not is_opposed and not kinship.kin(word, text):
                best, likeness = name, float(scores[place])
                break
        return (best, round(likeness, 4)) if best else None

    @cached_property
    def _points(self) -> list[tuple[str, str]]:
        """Every word of every term, with the term's name; forms of its other words lie where those lie."""
        return [(text, term.name) for term in self._vocabulary.terms.values() for text in _points_of(term)]

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        """Where the points of each term begin and end."""
        spans: dict[str, tuple[int, int]] = {}
        for place, (_, name) in enumerate(self._points):
            spans[name] = (spans.get(name, (place, 0))[0], place + 1)
        return spans

    @cached_property
    def _vectors(self) -> Any:
        """The vectors of all points."""
        import numpy as np

        kept = self.kept.vectors() if self.kept else None
        if kept is not None and kept.shape == (len(self._points), self._sentences.width):
            return kept.astype(np.float32)
        made = np.asarray(self._sentences.embed_texts([text for text, _ in self._points]), np.float16)
        if self.kept:
            self.kept.keep_vectors(made)
        return made.astype(np.float32)

    @cached_property
    def kept(self) -> Words | None:
        """What this library remembers for the vocabulary and encoder of today."""
        from phototag.store.words import Words

        return Words(self._folder, f"{self._vocabulary.digest}-{self.name}") if self._folder else None


def _points_of(term: Term) -> list[str]:
    """The name first, then each alias and label that is no mere plural of another."""
    texts = {folded(text): text for text in (*term.labels.values(), *reversed(term.aliases), term.name)}
    plurals = {one for one in texts if any(form in texts and len(form) < len(one) for form in inflection.nouns(one))}
    rest = sorted(text for key, text in texts.items() if key not in plurals and text != term.name)
    return [term.name, *rest]
