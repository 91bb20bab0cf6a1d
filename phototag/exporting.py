"""The records of a library, one after the other, and where they may be written.

The decision here: photos come in the order of their paths, some hundred at a time, and none is kept: a million of
them needs no more memory than a thousand, but for their names. Refused: a table of everything, made first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from phototag.decide.record import record
from phototag.errors import Interrupted, UsageError
from phototag.read.sniff import HEAD, PHOTO_SUFFIXES, kind_of
from phototag.records import SIDECARS
from phototag.report import shown
from phototag.store.known import known
from phototag.store.library import Library, chunks
from phototag.store.place import FOLDER
from phototag.vocabulary import Vocabulary

_TAKEN = PHOTO_SUFFIXES | {f".{kind}" for kind in SIDECARS}


def records(
    library: Library,
    ids: Iterable[str],
    vocabulary: Vocabulary,
    languages: Sequence[str],
    makers: Mapping[str, str],
    stop: Callable[[], bool],
) -> Iterator[dict[str, Any]]:
    """The record of each photo, in the order of the ids; `makers` says whose word counts today, by step."""
    for some in chunks(ids):
        if stop():
            raise Interrupted("Stopped on request.", "Run the same command again: an export begins anew.")
        yield from _chunk(library, some, vocabulary, languages, makers)


def _chunk(
    library: Library, ids: list[str], vocabulary: Vocabulary, languages: Sequence[str], makers: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    origins = _origins(library, ids)
    for photo, files, decision, values, said_by in known(library, ids, makers):
        path = photo.files[0]
        original = origins.get(path, "")
        yield record(
            photo, files, decision, values, vocabulary, languages, path=path, original=original, makers=said_by
        )


def _origins(library: Library, ids: list[str]) -> dict[str, str]:
    """Of every copy that phototag made of these photos: its path -> the original's."""
    entries = (entry for done in library.changes.of_images(ids).values() for entry in done if entry.state == "done")
    copies = (entry.change for entry in entries if entry.change.get("kind") == "copy")
    return {str(change.get("target")): str(change.get("origin") or "") for change in copies}


# ---- where to


def output_file(library: Library, path: Path, *, force: bool) -> Path:
    """The file that an export may write; UsageError for a photo, the library's own files, or what is there already."""
    real, name = Path(os.path.realpath(path)), shown(str(path))
    state = library.place.state
    if state in real.parents or FOLDER in {part.casefold() for part in real.parts}:
        raise UsageError(f"{name} would lie among the library's own files.", "Name a file elsewhere.")
    if real.suffix.lower() in _TAKEN or _is_photo(library, real):
        raise UsageError(f"{name} is or would be called a photo.", "An export writes no photos: name another file.")
    if not real.parent.is_dir():
        raise UsageError(f"There is no folder {shown(str(path.parent))}.", "Make it first, or name another file.")
    if real.exists() and not real.is_file():
        raise UsageError(f"{name} is no file.", "Name a file, in a folder that is there.")
    if real.exists() and not force:
        raise UsageError(f"{name} is there already.", "Write over it with --force, or name another file.")
    return real


def _is_photo(library: Library, path: Path) -> bool:
    if any(library.files("path", [library.place.stored(str(path))])):
        return True
    if not path.is_file() or not os.access(path, os.R_OK):
        return False
    with path.open("rb") as file:
        return kind_of(file.read(HEAD), path.name) is not None
