"""The words of a picture part: which of them say something, in which forms they may stand in a text, and where they do.

The decision here: a word is sought in its own form and in those that the vocabulary or English plurals vouch for; a
word that stands among the keywords counts more than one in a folder's name. Refused: a stemmer, and words such as
"the", of which every text is full.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from phototag.decide import inflection
from phototag.decide.findable import LINES, tokens
from phototag.vocabulary import Vocabulary

MOST_WORDS = 24
_MOST_ALTERNATIVES = 5
_OR = re.compile(r"(?:^|(?<=\s))(?:or|oder)(?=\s|$)", re.IGNORECASE)
OTHER_FORM = 0.7  # how much another form of the word counts
WORTH: Mapping[str, float] = {
    "caption": 0.9,
    "keyword": 1.0,
    "broader keyword": 0.8,
    "place": 0.9,
    "name": 0.8,
    "seen": 0.5,
}


def _listed(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# English, German and the commonest of French, Spanish, Italian and Dutch, without marks.
_EMPTY = _listed(
    "a about above after all also an and any are around as at be been before behind being below beside between",
    "both but by can close could do does doing down during each few for from had has have he her here him his",
    "how i in into is it its just like lot lots me more most my near next no not of off on one onto or other",
    "our out over own photo photograph picture image see shot show showing shows she so some such sitting",
    "standing than that the their them then there these they this those through to too under up us very was we",
    "were what when where which while who will with without you your aber alle als am auch auf aus bei beim",
    "bin bis bild da das dass dem den der des die dies diese dieser doch dort du durch ein eine einem einen",
    "einer eines er es etwas foto fur gegen hat haben hinter ich ihr im ist ja kein keine man mehr mein mich",
    "mit nach neben nicht noch nun nur oder ohne sehr sein sich sie sind uber um und unter vom von vor war",
    "wenn wie wir wird zu zum zur zwischen au aux avec ce ces dans de del el en est et la las le les los mais",
    "ou para par pas por pour que qui se sur un une y il lo gli di che con per su een het van",
)


class Word(NamedTuple):
    """One word that is sought, and its forms with what each counts."""

    typed: str
    forms: tuple[tuple[str, float], ...]


class Stands(NamedTuple):
    """Where the words stand in one text."""

    worth: float  # 0 to 1
    every: bool  # all words do
    said: str  # "keyword dog, caption beach"
    sure: bool = True  # one of them elsewhere than among the words that wait to be confirmed


def words(picture: str, vocabulary: Vocabulary) -> list[Word]:
    """The words that say something, each once; all of them where none does."""
    typed = list(dict.fromkeys(tokens(picture)))
    telling = [word for word in typed if word not in _EMPTY and (len(word) > 1 or not word.isascii())]
    return [Word(word, forms(word, vocabulary)) for word in (telling or typed)[:MOST_WORDS]]


def alternatives(picture: str) -> list[str]:
    """What is sought where any of several will do: "dog or cat"; else the picture part as it is."""
    found = [one.strip(" ,;") for one in _OR.split(picture)]
    return list(dict.fromkeys(one for one in found if tokens(one)))[:_MOST_ALTERNATIVES] or [picture]


def says_nothing(picture: str) -> bool:
    """Whether all words are such as every text is full of."""
    found = tokens(picture)
    return bool(found) and all(word in _EMPTY or (len(word) == 1 and word.isascii()) for word in found)


def forms(word: str, vocabulary: Vocabulary) -> tuple[tuple[str, float], ...]:
    """The word, its plural or singular, and what the vocabulary knows it as a form of."""
    found = {word: 1.0}
    for form in inflection.nouns(word):
        for token in tokens(form)[:1]:
            found.setdefault(token, OTHER_FORM)
    for form in (*inflection.german(word), *inflection.deeds(word)):
        if vocabulary.canonical(form) is not None and len(bare := tokens(form)) == 1:
            found.setdefault(bare[0], OTHER_FORM)
    if term := vocabulary.canonical(word):
        for form in (term.name, *term.labels.values()):
            if len(bare := tokens(form)) == 1:
                found.setdefault(bare[0], OTHER_FORM)
    return tuple(found.items())


def stands(text: str, sought: Sequence[Word]) -> Stands:
    """Which of the words stand in a text of LINES, and what that is worth."""
    lines = _lines(text)
    total, told, missing = 0.0, dict[str, list[str]](), False
    for word in sought:
        best, at, form = 0.0, "", ""
        for name, line in zip(LINES, lines, strict=False):
            for one, counts in word.forms:
                if one in line and counts * WORTH[name] > best:
                    best, at, form = counts * WORTH[name], name, one
        total += best
        missing = missing or not best
        if best:
            told.setdefault(at, []).append(form)
    said = "; ".join(f"{name} {' '.join(found)}" for name, found in told.items())
    return Stands(total / len(sought) if sought else 0.0, not missing, said, bool(told.keys() - {"seen"}))


@lru_cache(maxsize=4_096)
def _lines(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(tokens(line)) for line in text.split("\n"))
