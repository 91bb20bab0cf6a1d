"""What phototag can do, as functions: the command line calls nothing that is not here.

The decision here: a function takes folders and options and returns what it found; it neither prints
results nor ends the process. Refused: logic in the command line that a script could not reach.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.errors import NoBackend, UsageError
from phototag.report import Report
from phototag.settings import Settings
from phototag.store import place
from phototag.store.library import Library, open_library

if TYPE_CHECKING:
    from phototag.look.step import Step
    from phototag.overview import Status
    from phototag.pipeline import Looked, Selection
    from phototag.read.scan import Options, Scanned

Stop = Callable[[], bool]
Flags = Mapping[str, object]


def _never() -> bool:
    return False


def open(folder: Path | str = ".", library: Path | None = None) -> Library:
    """The library that holds `folder` (or lies in `library`), for reading; NoLibrary if there is none."""
    return open_library(Path(folder), library)


def settings(library: Path | str | None = None, flags: Flags | None = None) -> Settings:
    """The settings that hold in a library (of the current folder, if none is named)."""
    found = place.here(Path(os.path.realpath(library))) if library else place.find(Path.cwd())
    return settings_.load(found.settings_file if found else None, flags)


def scan(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    options: Options | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = _never,
) -> tuple[Library, Scanned]:
    """Read a folder of photos into its library, made if there is none."""
    from phototag.read.scan import Options

    report = report or Report(quiet=True)
    opened, root = _at(folder, library, report)
    using = settings_.load(opened.place.settings_file, flags)
    with _held(opened, report):
        return opened, _scanned(opened, root, using, report, options or Options(), stop)


def look(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    selection: Selection | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = _never,
) -> tuple[Library, Scanned, Looked]:
    """Scan the folder, then make the evidence that its photos lack."""
    from phototag.pipeline import Run, Selection
    from phototag.read.scan import Options

    report = report or Report(quiet=True)
    opened, root = _at(folder, library, report)
    using = settings_.load(opened.place.settings_file, flags)
    steps = _steps(using)
    chosen = replace(selection or Selection(), below=opened.place.stored(root))
    with _held(opened, report):
        # Looking decodes every picture anyway, so this scan need not prove that they decode.
        scanned = _scanned(opened, root, using, report, Options(decode=False), stop)
        return opened, scanned, Run(opened, steps, using, report, stop).run(chosen)


def status(folder: Path | str = ".", *, library: Path | None = None, flags: Flags | None = None) -> Status:
    """What the library holds, what is pending and what failed. Reads only."""
    from phototag.change.journal import Journal
    from phototag.overview import overview

    opened = open(folder, library)
    try:
        steps = _steps(settings_.load(opened.place.settings_file, flags))
    except NoBackend:  # the settings name one that is not installed here; the rest can still be shown
        steps = []
    found = overview(opened, steps)
    found.half_done = sum(1 for _ in Journal(opened.journal).open_ends())
    return found


def rebuild(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = _never,
) -> tuple[Library, dict[str, Scanned]]:
    """Make the tables again from the files, the evidence log and the journal. No model is asked."""
    from phototag.read.scan import Options

    report = report or Report(quiet=True)
    opened = open(folder, library)
    using = settings_.load(opened.place.settings_file, flags)
    scans: dict[str, Scanned] = {}
    with _held(opened, report, afresh=True):
        for root in map(opened.place.actual, opened.place.roots):
            if Path(root).is_dir():
                scans[root] = _scanned(opened, root, using, report, Options(decode=False), stop)
            else:
                report.warn(f"{root} is not there now. Its photos come back when it is scanned again.")
    return opened, scans


def recover(folder: Path | str = ".", *, library: Path | None = None, report: Report | None = None) -> dict[str, int]:
    """Bring changes that a crash left half done to an end, as every writing command does by itself first."""
    opened = open(folder, library)
    with _held(opened, report or Report(quiet=True)) as ended:
        return ended


# ---- shared


def _at(folder: Path | str, library: Path | None, report: Report) -> tuple[Library, str]:
    """The library for a folder of photos, made if there is none, and the folder's real path."""
    root = os.path.realpath(folder)
    if not Path(root).is_dir():
        raise UsageError(f"{folder} is not a folder.", "Name a folder that holds photos.")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UsageError(f"The folder {folder} cannot be opened: permission denied.", "Give yourself access to it.")
    opened = open_library(Path(root), library, make=True)
    if opened.place.is_shadow:
        report.say(f"{opened.place.root} is read-only: its library is kept in {opened.place.state}")
    return opened, root


@contextmanager
def _held(library: Library, report: Report, *, afresh: bool = False) -> Iterator[dict[str, int]]:
    """The library held for writing, with its half-done changes brought to an end."""
    from phototag.change.journal import Journal
    from phototag.change.journal import recover as end_changes

    with library.writing(afresh=afresh):
        report.log_to(library.place.state / "log" / "phototag.log")
        ended = dict(end_changes(Journal(library.journal), library.place, report))
        if ended:
            report.say("Brought to an end after a crash: " + ", ".join(f"{n} {state}" for state, n in ended.items()))
        yield ended


def _scanned(opened: Library, root: str, using: Settings, report: Report, options: Options, stop: Stop) -> Scanned:
    from phototag.read.scan import Scan

    opened.remember_root(root)
    return Scan(opened, root, using, report, options, stop).run()


def _steps(using: Settings) -> list[Step]:
    """The looks that the settings name, in the order in which they build on each other."""
    from phototag import resources
    from phototag.backends import registry
    from phototag.look.caption import Describe
    from phototag.look.faces import Faces
    from phototag.look.labels import Labels
    from phototag.look.light import Light
    from phototag.look.measure import Measure
    from phototag.look.objects import Objects
    from phototag.look.people import People
    from phototag.look.place import Place
    from phototag.look.prompts import load
    from phototag.look.search_vector import SearchVector
    from phototag.look.technique import Technique
    from phototag.look.vectors import Embed

    side = using.look.side
    labels, objects, faces = Labels(side), Objects(side), Faces(side)
    steps: list[Step] = [Measure(side), labels, objects, faces]
    steps += [People(objects, faces), SearchVector(labels, objects), Place(), Light(), Technique()]
    if using.look.describer:
        steps.append(Describe(registry.describer(using.look.describer), load(resources.prompt("catalog")), side))
    if using.look.embedder:
        steps.append(Embed(registry.embedder(using.look.embedder), side))
    return steps
