"""Which term of the vocabulary a describer's free word stands for, if for any.

The decision here: the word itself, then a form of it, then the term that is nearest in meaning, and the last only where
it is near enough; every word is looked up once. Refused: a list of thousands of terms in a model's question, which it
answers slowly and badly; and a nearest term whatever the distance, since for most things there is no term.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from phototag.decide import inflection
from phototag.vocabulary import Term, Vocabulary, folded

Nearest = Callable[[Sequence[str]], Sequence[tuple[str, float] | None]]

_LONGEST, _MOST_WORDS = 64, 4  # letters and words of what may be a keyword: longer texts are not compared
_THINGS = frozenset(("objects", "places"))
# Near to whatever has that colour (blue to blue sky, red to red fox), and no word for it.
_COLOURS = frozenset(
    (
        *("red", "orange", "yellow", "green", "blue", "purple", "violet", "pink", "brown", "black", "white", "gray"),
        *("grey", "bright", "dark", "rot", "gelb", "grün", "blau", "lila", "rosa", "braun", "schwarz", "weiß", "grau"),
    )
)


@dataclass(frozen=True, slots=True)
class Meant:
    """The term that a word stands for, and how that is known."""

    term: str
    how: Literal["exact", "inflection", "likeness"]
    likeness: float = 1.0


class Meanings:
    """Words and the terms that they stand for.

    `nearest` gives for texts the nearest term of each with its likeness, 0 to 1; without it, or where `least` is 1,
    nothing is compared.
    """

    def __init__(self, vocabulary: Vocabulary, nearest: Nearest | None = None, least: float = 1.0) -> None:
        self._vocabulary, self._least = vocabulary, least
        self._nearest = nearest if least < 1 else None
        self._known: dict[str, Meant | None] = {}

    def __call__(self, word: str) -> Meant | None:
        """What the word stands for; None if it is no term's."""
        if word not in self._known:
            self.learn([word])
        return self._known[word]

    def learn(self, words: Iterable[str]) -> None:
        """Look up many words at once, so that those which must be compared are compared together."""
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        self._known |= {word: self._spelled(word) for word in new}
        unknown = {word: folded(word) for word in new if self._known[word] is None}
        keys = [key for key in dict.fromkeys(unknown.values()) if _can_be_compared(key)]
        if self._nearest is None or not keys:
            return
        near = dict(zip(keys, self._nearest(keys), strict=True))
        self._known |= {word: self._meant(near.get(key)) for word, key in unknown.items()}

    def _meant(self, near: tuple[str, float] | None) -> Meant | None:
        """The nearest term, if it is near enough."""
        if near is None or near[1] < self._least or near[0] not in self._vocabulary.terms:
            return None
        return Meant(near[0], "likeness", round(near[1], 2))

    def _spelled(self, word: str) -> Meant | None:
        """The term of that word, or of one that it is a form of."""
        if term := self._vocabulary.canonical(word):
            return Meant(term.name, "exact")
        form = next(self._forms(word), None) if word.strip() else None
        return Meant(form.name, "inflection") if form else None

    def _forms(self, word: str) -> Iterator[Term]:
        key, look, (english, german) = folded(word), self._vocabulary.canonical, self._languages
        yield from (term for form in inflection.nouns(key) if form in english and (term := look(form)))
        if word[:1].isupper() or not key.isascii():  # as German nouns are
            yield from (term for form in inflection.german(key) if form in german and (term := look(form)))
        deeds = (term for form in inflection.deeds(key) if form in english and (term := look(form)))
        yield from (term for term in deeds if term.kind not in _THINGS)

    @cached_property
    def _languages(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words that English endings may lead to, and those that German ones may: what is spelled as nouns are."""
        english: set[str] = set()
        german: set[str] = set()
        for term in self._vocabulary.terms.values():
            english.add(folded(term.name))
            german |= {folded(label) for language, label in term.labels.items() if language[:2] == "de"}
            for word in term.aliases:
                is_german = word[:1].isupper() and not term.name[:1].isupper()
                (german if is_german else english).add(folded(word))
        return frozenset(english), frozenset(german)


def _can_be_compared(key: str) -> bool:
    if key in _COLOURS:
        return False
    sound = unicodedata.normalize("NFC", key).isprintable() and any(map(str.isalpha, key))
    return sound and len(key) <= _LONGEST and len(key.split()) <= _MOST_WORDS
