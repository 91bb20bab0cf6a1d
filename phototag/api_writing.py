"""The part of `phototag.api` that writes into files, and takes it back.

The decision here: a run plans from the files, shows its plan, asks, and writes; the library is not held while a person
thinks. Afterwards the library reads the written files again, so that no table says what a file does not. Refused:
updating the tables from the plan.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, library_at, never, steps_there
from phototag.api_people import deciding
from phototag.api_reading import look
from phototag.errors import UsageError
from phototag.report import Report, shown
from phototag.settings import Settings
from phototag.store import place
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.merge import Modes
    from phototag.change.plan import Planned, Planner
    from phototag.change.wish import Wording
    from phototag.change.writer import Rehearsal, Writer
    from phototag.pipeline import Selection
    from phototag.tagging import Agree, Show, Tagged, Tagging


def tag(
    paths: Sequence[Path | str] = (".",),
    *,
    library: Path | None = None,
    selection: Selection | None = None,
    dry_run: bool = False,
    agree: Agree | None = None,
    show: Show | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Tagged:
    """Look at photos and write what was decided into their files. `agree` is asked once; None: write at once."""
    from phototag.review import ids_below
    from phototag.tagging import Tagged

    report = report or Report(quiet=True)
    folders = by_folder(paths)
    opened = _one_library(list(folders), library, report)
    done = Tagged(opened)
    for folder, named in folders.items():
        _, scanned, looked = look(
            folder,
            only=named,
            library=opened.place.root if library else None,
            selection=selection,
            flags=flags,
            report=report,
            stop=stop,
        )
        done.looks.append((scanned, looked))
        done.interrupted = looked.interrupted or scanned.interrupted
    if not done.interrupted:
        using = settings_.load(opened.place.settings_file, flags)
        with _tagging(done, using, report, stop) as tagging:
            below = [opened.place.stored(os.path.realpath(path)) for path in paths]
            chosen = ids_below(opened, *below), _is_below(below), show or _silent
            if dry_run:
                tagging.rehearse(*chosen, _rehearsal(opened, using))
            else:
                tagging.run(*chosen, agree)
        if done.batch:
            read_again(opened, list(folders), using, report)
        done.interrupted = stop()
    return done


# ---- shared


@contextmanager
def _tagging(done: Tagged, using: Settings, report: Report, stop: Stop) -> Iterator[Tagging]:
    """Everything that a run of `tag` works with, closed afterwards."""
    from phototag.change.journal import Journal, new_batch
    from phototag.tagging import Tagging

    library, batch = done.library, new_batch()
    journal = Journal(library.journal)
    with tools(library, using, report, batch) as (planner, writer):
        yield Tagging(
            done,
            planner,
            writer,
            lambda: journal.begin(command_line(), batch),
            lambda: held(library, report),
            report,
            stop,
        )


@contextmanager
def tools(
    library: Library, using: Settings, report: Report, batch: str, *, anywhere: bool = False
) -> Iterator[tuple[Planner, Writer]]:
    """What plans and what writes, as the settings say; `anywhere`: as if all files of a photo lay together."""
    from phototag.change.editor import Editor
    from phototag.change.journal import Journal
    from phototag.change.plan import Planner
    from phototag.change.where import Where
    from phototag.change.wish import spoken
    from phototag.change.writer import Writer

    write, modes = using.write, modes_of(using)
    with Editor(using.read.processes, using.read.timeout_s * 2) as editor:
        where = Where(library.place, write.where, write.sidecar)
        wording = _wording(library, using, modes, batch)
        said = spoken(Journal(library.journal).said(), wording.vocabulary)
        planner = Planner(library, editor, where, wording, modes, said, anywhere=anywhere)
        settle, links = write.settle_seconds, write.break_links
        try:
            yield planner, Writer(library, editor, settle_seconds=settle, report=report, break_links=links)
        finally:
            planner.close()


def _rehearsal(library: Library, using: Settings) -> Rehearsal:
    from phototag.change.writer import Rehearsal

    return Rehearsal(library, settle_seconds=using.write.settle_seconds, break_links=using.write.break_links)


def _wording(library: Library, using: Settings, modes: Modes, batch: str) -> Wording:
    """How decisions are put into words: whose they are goes into the files as well."""
    from phototag.change.wish import Wording

    describers = [step.maker for step in steps_there(using) if step.name == "describe"]
    head = describers[0].rpartition("/side")[0] if describers else ""
    maker, _, prompt = head.rpartition("/") if head else ("embedded", "", "")  # a model's name may have slashes
    words = deciding(library, using).vocabulary
    return Wording(words, using.languages.keywords, modes, f"phototag {maker}", prompt, batch)


def modes_of(using: Settings) -> Modes:
    """Which fields are written and how, as the settings say."""
    from phototag.change.merge import FIELDS, Modes

    unknown = [name for name in using.write.only if name not in FIELDS]
    if unknown:
        raise UsageError(f"write.only: there is no field {unknown[0]!r}.", f"Name some of: {', '.join(FIELDS)}")
    return Modes(frozenset(using.write.only), using.write.keywords, using.write.caption)


def command_line() -> str:
    """What a person typed to start this run, for the history."""
    return shlex.join(["phototag", *sys.argv[1:]])


def _silent(planned: Planned) -> None:
    """Nobody watches."""


def _is_below(folders: Sequence[str]) -> Callable[[str], bool]:
    """Asks of a stored path whether it is one of these files or lies in one of these folders."""
    starts = tuple(f"{folder}/" for folder in folders if folder)
    inside = "" in folders  # the library's root: what lies elsewhere, as originals do, is stored by its absolute path
    return lambda path: path in folders or path.startswith(starts) or (inside and not path.startswith("/"))


def by_folder(paths: Sequence[Path | str]) -> dict[str, list[str]]:
    """The folders to scan for these paths, none inside another, each with what was named in it."""
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"{shown(str(path))} is not there.", "Name a photo, or a folder that holds photos.")
    real = list(dict.fromkeys(os.path.realpath(path) for path in paths))
    folders = sorted({path if Path(path).is_dir() else str(Path(path).parent) for path in real})
    tops = [one for one in folders if not any(one != other and _is_in(one, other) for other in folders)]
    return {top: [path for path in real if _is_in(path, top)] for top in tops}


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip(os.sep)}{os.sep}")


def _one_library(folders: Sequence[str], library: Path | None, report: Report) -> Library:
    """The library of all these folders; they must have one in common."""
    roots = {str(found.root) if (found := place.find(Path(folder))) else folder for folder in folders}
    if len(roots) > 1 and library is None:
        raise UsageError(
            f"{folders[0]} and {folders[1]} are not in one library.",
            "Tag them one after the other, or name a library for both: --library DIR",
        )
    return library_at(folders[0], library, report)[0]


def read_again(library: Library, folders: Sequence[str], using: Settings, report: Report) -> None:
    """Take into the tables what the files say after a run has written to them."""
    from phototag.read.scan import Options, Scan

    with held(library, report):
        for folder in folders:
            options = Options(decode=False, empty_is_gone=True)  # something was written there a moment ago
            Scan(library, folder, using, Report(quiet=True), options, never).run()
