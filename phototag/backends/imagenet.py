"""The 1000 classes of the tagger: their names as a person would say them, and the photo words they count towards.

The decision here: one table, `models/imagenet.tsv`, a line per class, so that a class and its words are read and
changed in one place. Single classes are too fine to trust (151 breeds of dog); the sum over a word's classes is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from phototag.backends import shipped

_TABLE = "imagenet.tsv"
_IMPOSSIBLE = 0.01


@cache
def names() -> tuple[str, ...]:
    """The name of every class, by its number."""
    return tuple(row[1] for row in shipped.rows(_TABLE))


@cache
def groups() -> Mapping[str, tuple[int, ...]]:
    """Photo word -> the numbers of its classes."""
    found: dict[str, list[int]] = {}
    for number, _, words in shipped.rows(_TABLE):
        for word in filter(None, words.split(", ")):
            found.setdefault(word, []).append(int(number))
    return {word: tuple(found[word]) for word in sorted(found)}


@cache
def digest8() -> str:
    """Eight digits that change with any name or word of the table."""
    return hashlib.sha256(repr((names(), groups())).encode()).hexdigest()[:8]


def sums(probabilities: Any) -> dict[str, float]:
    """How likely each photo word is: the sum over its classes, without those that are as good as impossible."""
    # A hundred breeds at half a percent each make no dog: an empty picture spreads its chances like that.
    likely = np.where(probabilities >= _IMPOSSIBLE, probabilities, 0)
    return {word: float(total) for word, total in zip(groups(), _membership() @ likely, strict=True)}


@cache
def _membership() -> Any:
    table = np.zeros((len(groups()), len(names())), np.float32)
    for row, numbers in enumerate(groups().values()):
        table[row, list(numbers)] = 1
    return table
