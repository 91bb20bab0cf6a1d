"""The hashes of a whole library as arrays, for finding what is nearly the same.

The decision here: only the hashes of one maker are read, of photos that are there, and they stay numbers: a million
photos are 16 MB and their names. Refused: evidence objects, of which a million are a gigabyte.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, NamedTuple

from phototag.store.lance import quoted
from phototag.store.library import Library


class Hashed(NamedTuple):
    """Photos in the order of their ids, and their two hashes (uint64)."""

    ids: list[str]
    phash: Any
    dhash: Any


def hashed(library: Library, maker: str, among: Collection[str] | None = None) -> Hashed:
    """Of every photo that is present (and `among` these) what this maker of the step `measure` said."""
    import numpy as np

    present = {row["image_id"] for row in library.photo_rows(("image_id",), "status = 'present'")}
    wanted = present if among is None else present & set(among)
    where = f"step = 'measure' AND maker = {quoted(maker)} AND error = ''"
    found: dict[str, tuple[int, int]] = {}
    for image_id, value in library.lance.tuples("evidence", ("image_id", "value"), where):
        said = json.loads(value or "{}")
        if image_id in wanted and said.get("phash") and said.get("dhash"):
            found[image_id] = int(said["phash"], 16), int(said["dhash"], 16)
    ids = sorted(found)
    both = np.array([found[one] for one in ids], np.uint64).reshape(-1, 2)
    return Hashed(ids, both[:, 0].copy(), both[:, 1].copy())
