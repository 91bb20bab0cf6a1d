"""Decisions as far as names and events need them, for loops over a whole library.

The decision here: words, place and caption are taken out of the stored JSON without building whole decisions, which
takes three times as long. Refused: a second table that says the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from phototag.store.lance import one_of
from phototag.store.library import Library


class Word(NamedTuple):
    """A tag."""

    term: str
    score: float
    because: Sequence[str]


class Sketch(NamedTuple):
    """What was decided for a photo, without queue, proposals and policy."""

    image_id: str
    tags: Sequence[Word] = ()
    place: Mapping[str, str] = {}
    caption: Mapping[str, str] = {}


def sketches(library: Library, ids: Sequence[str]) -> dict[str, Sketch]:
    """Photo -> its decision; photos without one are left out."""
    found = {}
    for image_id, value in library.lance.tuples("decisions", ("image_id", "value"), one_of("image_id", ids)):
        said = json.loads(value)
        tags = [Word(tag["term"], tag["score"], tag["because"]) for tag in said["tags"]]
        found[image_id] = Sketch(image_id, tags, said.get("place") or {}, said.get("caption") or {})
    return found
