"""The folders that a run makes for its copies, and that they go again when nothing is left in them.

The decision here: the journal names a folder before it is made, with each file that needs it, so that whoever removes
the last of these files knows that the folder is ours. Refused: removing every empty folder that is met, for it may be
a person's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from phototag.store.log import synced
from phototag.store.place import Place


def needed(place: Place, target: str, made: set[str]) -> tuple[str, ...]:
    """The stored folders above a stored target that are not there, or that the run `made`; the outermost first.

    They count as made by the run from now on.
    """
    inside = place.stored(place.actual(target))
    if inside.startswith("/"):
        return ()
    parts = inside.split("/")
    above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    ours = tuple(folder for folder in above if folder in made or not os.path.lexists(place.actual(folder)))
    made.update(ours)
    return ours


def make(place: Place, folders: Iterable[str]) -> None:
    """These folders are there, durably."""
    for folder in folders:
        path = Path(place.actual(folder))
        with suppress(FileExistsError):  # made for another file; where it is a file, writing into it will fail
            path.mkdir()
            synced(path.parent)


def drop(place: Place, folders: Iterable[str]) -> None:
    """Of these folders the empty ones go, the innermost first; what is in the others keeps them."""
    inside = {folder for folder in folders if folder and not folder.startswith("/") and ".." not in folder.split("/")}
    for folder in sorted(inside, key=lambda name: name.count("/"), reverse=True):
        path = Path(place.actual(folder))
        with suppress(OSError):  # not empty, gone, or not ours to remove: all of that is well
            path.rmdir()
            synced(path.parent)


def nearest(folder: Path) -> Path:
    """The folder, or the one above it that is there."""
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one)), folder)
