"""Vectors of photos as arrays, for comparing them.

The decision here: only the vectors that somebody asks for are read, of one space and one maker. Refused: a matrix of
the whole library in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from phototag.store.lance import one_of, quoted
from phototag.store.library import Library, chunks


def vectors(library: Library, space: str, maker: str, ids: Iterable[str]) -> dict[str, Any]:
    """Photo -> its vector in this space, as a numpy array; photos that have none are left out."""
    import numpy as np

    found: dict[str, Any] = {}
    for some in chunks(ids):
        where = f"maker = {quoted(maker)} AND {one_of('image_id', some)}"
        for batch in library.lance.read(f"vectors_{space}", ("image_id", "vector"), where):
            column = batch["vector"]
            rows = np.asarray(column.flatten()).reshape(len(batch), -1)
            found |= zip(batch["image_id"].to_pylist(), rows, strict=True)
    return found
