"""What the spelling of two words says about their meaning, where vectors of texts mislead.

The decision here: a phrase that ends in a term's own word is a kind of it (wooden bench), and nearer than its vector
says; words that share any other part (tent pole and tent, eyes and closed eyes, rowboat and sailboat) are near for
every encoder and mean different things, so that their likeness says nothing. Refused: trusting one figure of likeness
for both; no threshold has a precision of 0.95 then (tests/bench/meaning.py).
"""

from __future__ import annotations

import re

from phototag.decide import inflection
from phototag.vocabulary import Term, Vocabulary, folded


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_WORD = re.compile(r"\w+")
_ROOT = 4  # letters at the beginning or at the end that make two words kin
_LINKS = _words("with without of in on at for from and und mit ohne von in im am auf für")
# Last words that name something else in a compound: gas station, tea bag, word cloud, flower bed, power plant.
_LOOSE = _words(
    "bag ball bed bottle cloud color dish egg field game glass horn house market park plane plant rock shop sign",
    "square stage star station suit tower wall",
)
# First words after which an animal, a person or a vehicle is none: rocking horse, rubber duck, paper plane.
_COUNTERFEIT = _words(
    "cardboard cartoon fake gummy inflatable miniature model origami paper plastic plush rocking rubber sea stone",
    "stuffed toy wooden",
)
_MOVING = _words("animal person people vehicle")


def head(word: str, vocabulary: Vocabulary) -> Term | None:
    """The term that a phrase ends in, in any number; None where the last word often means something else."""
    parts = folded(word).split()
    for start in range(1, len(parts)):
        if parts[start - 1] in _LINKS:
            return None
        last = " ".join(parts[start:])
        for form in (last, *inflection.nouns(last)):
            if term := vocabulary.canonical(form):
                loose = not _LOOSE.isdisjoint((form, folded(term.name)))
                return None if loose or _is_counterfeit(parts[0], term, vocabulary) else term
    return None


def _is_counterfeit(first: str, term: Term, vocabulary: Vocabulary) -> bool:
    moving = not _MOVING.isdisjoint((term.name, *vocabulary.ancestors(term.name)))
    return moving and first in _COUNTERFEIT


def kin(one: str, other: str) -> bool:
    """Whether two words or phrases share a part, so that their likeness says nothing."""
    mine, theirs = _WORD.findall(folded(one)), _WORD.findall(folded(other))
    return any(_akin(word, rival) for word in mine for rival in theirs)


def _akin(one: str, other: str) -> bool:
    """The same beginning or end; a rowboat is no sailboat."""
    short, long = sorted((one, other), key=len)
    if len(short) < 3:
        return short == long
    return long.startswith(short[:_ROOT]) or long.endswith(short[-_ROOT:])
