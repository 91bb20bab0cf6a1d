"""Likeness of photos by an embedder of the user's choice: its word counts, on the scale of the built-in labels.

The decision: vectors are put into a real library as steps would; the second space says what the first says with all
differences halved, so that what must come out is known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phototag.organizing.content import Contents
from phototag.records import Evidence
from phototag.store.library import Library, open_library

PHOTOS = [f"{at * 0x9E3779B97F4A7C15 % 2**64:016x}{at:016x}" for at in range(100)]
EMBED = ("clip_tiny", "clip/1")
PAIRS = [((one,), (other,)) for one, other in zip(PHOTOS[:20], PHOTOS[20:40], strict=True)]


def random_vectors(count: int) -> Any:
    return np.abs(np.random.default_rng(5).normal(size=(count, 24)))


def halved(vectors: Any) -> Any:
    """The same directions with half the cosine distance between any two."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.hstack([units, np.ones((len(units), 1))])


def put(library: Library, step: str, space: str, maker: str, vectors: Any, photos: list[str]) -> None:
    made = [
        Evidence(photo, step, maker, {}, space=space, vector=[float(each) for each in vector])
        for photo, vector in zip(photos, vectors, strict=True)
    ]
    with library.writing():
        library.put(made)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    opened = open_library(tmp_path, tmp_path, make=True)
    put(opened, "labels", "visual", "labels/1", random_vectors(100), PHOTOS)
    return opened


def test_a_space_in_which_all_is_nearer_says_the_same_of_the_same_photos(library: Library) -> None:
    put(library, "embed", *EMBED, halved(random_vectors(100)), PHOTOS)
    built_in = Contents(library, "labels/1").by_pixels(PAIRS)
    chosen = Contents(library, "labels/1", EMBED).by_pixels(PAIRS)
    assert chosen == pytest.approx(built_in, abs=0.02)
    assert len(set(built_in)) > 10


def test_the_chosen_embedder_has_the_word(library: Library) -> None:
    turned = halved(random_vectors(100)[::-1])
    put(library, "embed", *EMBED, turned, PHOTOS)
    chosen = Contents(library, "labels/1", EMBED).by_pixels(PAIRS)
    mirror = [((PHOTOS[99 - PHOTOS.index(a)],), (PHOTOS[99 - PHOTOS.index(b)],)) for (a,), (b,) in PAIRS]
    assert chosen == pytest.approx(Contents(library, "labels/1").by_pixels(mirror), abs=0.1)
    assert chosen != pytest.approx(Contents(library, "labels/1").by_pixels(PAIRS), abs=0.1)


def test_photos_that_it_has_not_seen_are_judged_by_the_labels(library: Library) -> None:
    put(library, "embed", *EMBED, halved(random_vectors(80)), PHOTOS[20:])
    assert Contents(library, "labels/1", EMBED).by_pixels(PAIRS) == Contents(library, "labels/1").by_pixels(PAIRS)


def test_where_too_few_photos_tell_how_far_apart_the_unrelated_are_it_is_not_asked(library: Library) -> None:
    put(library, "embed", *EMBED, halved(random_vectors(40)[::-1]), PHOTOS[:40])
    assert Contents(library, "labels/1", EMBED).by_pixels(PAIRS) == Contents(library, "labels/1").by_pixels(PAIRS)


def test_a_space_in_which_all_photos_are_alike_is_not_asked(library: Library) -> None:
    put(library, "embed", *EMBED, random_vectors(100)[::-1] * 0.1 + 1, PHOTOS)
    assert Contents(library, "labels/1", EMBED).by_pixels(PAIRS) == Contents(library, "labels/1").by_pixels(PAIRS)


def test_nothing_seen_on_one_side_is_no_score(library: Library) -> None:
    put(library, "embed", *EMBED, halved(random_vectors(100)), PHOTOS)
    assert Contents(library, "labels/1", EMBED).by_pixels([(("gone",), (PHOTOS[0],))]) == [None]
