"""The part of `phototag.api` that makes a library ready to be searched.

The decision here: `embed` is `look` without anybody who writes captions, and the indexes that pay at this size; a model
that has to be fetched is fetched only where the user says so. Refused: vectors that are made while somebody searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, steps_there
from phototag.api_reading import look
from phototag.report import Report
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
