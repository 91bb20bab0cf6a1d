"""The part of `phototag.api` that makes a library ready to be searched.

The decision here: `embed` is `look` without anybody who writes captions, and the indexes that pay at this size; a model
that has to be fetched is fetched only where the user says so. Refused: vectors that are made while somebody searches.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, steps_there
from phototag.api_reading import look
from phototag.errors import NoLibrary
from phototag.records import family
from phototag.report import Report, shown
from phototag.store import place
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.pipeline import Looked, Selection
    from phototag.read.scan import Scanned


def embed(
    folder: Path | str = ".",
    *,
    only: Sequence[Path | str] = (),
    library: Path | None = None,
    selection: Selection | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> tuple[Library, Scanned, Looked]:
    """Make what search needs of the photos in a folder, where it lacks, and the indexes of large libraries."""
    from phototag.store import near

    report = report or Report(quiet=True)
    if library is None and place.find(Path(os.path.realpath(folder))) is None and not _has_photos(folder):
        raise NoLibrary(
            f"There are no photos in {shown(str(folder))}, and it is in no library.",
            "Name a folder of photos: phototag embed ~/Pictures",
        )
    asked = {**(flags or {}), "look.describer": ""}
    opened, found, looked = look(
        folder, only=only, library=library, selection=selection, flags=asked, report=report, stop=stop
    )
    if not stop():
        using = settings_.load(opened.place.settings_file, asked)
        with held(opened, report), report.clock("index"):
            for space in dict.fromkeys(step.space for step in steps_there(using) if step.space):
                near.build(opened.lance.folder, space, tell=report.say)
    return opened, found, looked


def _has_photos(folder: Path | str) -> bool:
    """Is there one photo in it or below? What is no folder counts, for another sentence speaks of that."""
    from phototag.read.sniff import HEAD, PHOTO_SUFFIXES, kind_of
    from phototag.read.walk import Walk

    top = Path(os.path.realpath(folder))
    if not top.is_dir():
        return True
    for one in Walk(str(top)).folders():
        names = [name for name, *_ in one.entries]
        if any(Path(name).suffix.lower() in PHOTO_SUFFIXES for name in names):
            return True
        for path in (Path(one.path, name) for name in names):
            with suppress(OSError), path.open("rb") as file:  # what cannot be read makes no library
                if family(kind_of(file.read(HEAD), str(path)) or "") in ("picture", "raw", "video"):
                    return True
    return False
