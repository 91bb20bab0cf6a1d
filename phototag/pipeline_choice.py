"""Which photos a run looks at, and in which order.

The decision here: photos come in the order in which they were taken, so that a run that is stopped early has whole
days, and a burst stays together. Refused: the order of the table, which is that of no person.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from phototag.store.library import Library

_ORDERS = {"taken": "taken_utc", "name": "path", "modified": "modified_ns"}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True)
class Selection:
    """Which photos a run looks at, and in which order."""

    below: tuple[str, ...] = ("",)  # stored folders and files; "" is the whole library
    order: str = "taken"
    limit: int = 0
    sample: int = 0
    seed: int = 0
    retry_failed: bool = False
    fresh: bool = False


def chosen(library: Library, selection: Selection) -> list[tuple[str, bool]]:
    """The photos that are there, in the wanted order, and whether there is a picture to look at."""
    order = _ORDERS[selection.order]
    found = []
    columns = dict.fromkeys(("image_id", "path", "picture", "files", order))
    for row in library.photo_rows(tuple(columns), "status = 'present'"):
        if _lies_below(row["files"], selection.below):
            key = str(row[order] or "") if order == "taken_utc" else row[order]
            found.append((not row[order], key, row["path"], row["image_id"], bool(row["picture"])))
    found.sort()
    photos = [(image_id, has) for *_, image_id, has in found]
    if selection.sample:
        lucky = set(random.Random(selection.seed).sample(range(len(photos)), min(selection.sample, len(photos))))
        photos = [photo for place, photo in enumerate(photos) if place in lucky]
    return photos[: selection.limit] if selection.limit else photos


def _lies_below(files: Sequence[str], folders: Sequence[str]) -> bool:
    if "" in folders and any(not path.startswith("/") for path in files):
        return True  # the library's root: what lies outside is stored by its absolute path
    return any(path == folder or path.startswith(f"{folder}/") for path in files for folder in folders if folder)
