"""The part of `phototag.api` that reads folders into libraries and looks at photos.

The decision here: looking begins with a scan and ends with decisions, so that nobody has to know their order. Refused:
looking at what the tables remember of files that have changed since.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_ahead import Ahead
from phototag.api_opening import Flags, Stop, held, library_at, never, steps_of
from phototag.api_people import deciding
from phototag.report import Report
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.pipeline import Looked, Selection
    from phototag.read.scan import Options, Scanned


def scan(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    options: Options | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> tuple[Library, Scanned]:
    """Read a folder of photos into its library, made if there is none."""
    from phototag.read.scan import Options

    report = report or Report(quiet=True)
    opened, root = library_at(folder, library, report)
    using = settings_.load(opened.place.settings_file, flags)
    with held(opened, report):
        return opened, scanned(opened, root, using, report, options or Options(), stop)


def look(
    folder: Path | str = ".",
    *,
    only: Sequence[Path | str] = (),
    library: Path | None = None,
    selection: Selection | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> tuple[Library, Scanned, Looked]:
    """Scan the folder, make the evidence that its photos lack (or those that `only` names), and decide upon it."""
    from phototag.pipeline import Run, Selection
    from phototag.read.scan import Options
    from phototag.review import ids_below

    report = report or Report(quiet=True)
    opened, root = library_at(folder, library, report)
    using = settings_.load(opened.place.settings_file, flags)
    steps = steps_of(using, opened, report)
    below = tuple(opened.place.stored(os.path.realpath(path)) for path in only or (root,))
    chosen = replace(selection or Selection(), below=below)
    with held(opened, report):
        # Looking decodes every picture anyway, so this scan need not prove that they decode.
        found = scanned(opened, root, using, report, Options(decode=False), stop)
        ahead = Ahead(lambda: deciding(opened, using), report)
        run = Run(opened, steps, using, report, stop, ahead)
        looked = run.run(chosen)
        looked.decided = ahead.judge.run(ids_below(opened, *below), run.touched, report, stop, ahead.decided)
        return opened, found, looked


# ---- shared


def scanned(opened: Library, root: str, using: Settings, report: Report, options: Options, stop: Stop) -> Scanned:
    """Scan a folder into a library that is held for writing, and remember the folder."""
    from phototag.read.scan import Scan

    opened.remember_root(root)
    return Scan(opened, root, using, report, options, stop).run()
