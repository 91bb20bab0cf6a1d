"""The part of `phototag.api` that shows what was written, takes it back, and lets go of the way back.

The decision here: taking back is for the newest write first, file by file, and never touches what a person did since;
only `forget` is for ever. Refused: an undo of an older run underneath a newer one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, open
from phototag.api_writing import by_folder, command_line, read_again
from phototag.errors import UsageError
from phototag.report import Report, shown
from phototag.store.library import Library
from phototag.store.settled import Settled

if TYPE_CHECKING:
    from phototag.change.undo import Undone
    from phototag.records import Entry
    from phototag.store.changes import BatchSummary


def undo(
    what: Sequence[Path | str] = (),
    *,
    last: bool = False,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> tuple[Library, list[Undone]]:
    """Take back a run (by its name, or the last one), or everything that was written to some files."""
    from phototag.change.editor import Editor
    from phototag.change.undo import Undo

    report = report or Report(quiet=True)
    opened = _library_of(what, library)
    using = settings_.load(opened.place.settings_file, flags)
    with held(opened, report):
        ids = _chosen(opened, what, last)
        with Editor(using.read.processes, using.read.timeout_s * 2) as editor:
            undone = Undo(opened, editor, report).run(ids, command=command_line(), stop=stop)
        images = {str(entry.change.get("image_id")) for entry in opened.changes.newest_first(ids)}
        Settled(opened.lance).forget(images)
    folders = {_still_there(Path(opened.place.actual(one.path)).parent) for one in undone}
    if folders:
        read_again(opened, list(by_folder(sorted(folders))), using, report)
    return opened, undone


def history(path: Path | str | None = None, *, library: Path | None = None) -> tuple[list[BatchSummary], list[Entry]]:
    """The runs that wrote, the newest first; with a path also every entry of that file."""
    opened = _library_of([path] if path else [], library)
    if path is None or Path(path).is_dir():
        return list(reversed(opened.changes.batches())), []
    found = _of_file(opened, path)
    batches = {entry.batch for entry in found}
    return [one for one in reversed(opened.changes.batches()) if one.id in batches], found


def forgettable(older_than: timedelta, folder: Path | str = ".", *, library: Path | None = None) -> tuple[int, int]:
    """How many runs older than that can still be taken back byte for byte, and the space that this takes."""
    from phototag.change.preimage import forgettable as old

    found = old(open(folder, library), older_than)
    return len(found), sum(found.values())


def forget(
    older_than: timedelta, folder: Path | str = ".", *, library: Path | None = None, report: Report | None = None
) -> tuple[int, int]:
    """Drop what undo needs of runs older than that, for good; returns how many runs and bytes."""
    from phototag.change.journal import Journal
    from phototag.change.preimage import forget as drop

    opened = open(folder, library)
    with held(opened, report or Report(quiet=True)):
        return drop(opened, Journal(opened.journal), older_than)


# ---- shared


def _still_there(folder: Path) -> str:
    """The folder, or where it has gone with its last file, the one that held it."""
    return str(next(one for one in (folder, *folder.parents) if one.is_dir()))


def _library_of(what: Sequence[Path | str | None], library: Path | None) -> Library:
    """The library of the files that are named, else of the current folder."""
    named = [Path(os.path.realpath(path)) for path in what if path is not None]
    folders = [folder for path in named for folder in (path, *path.parents) if folder.is_dir()]
    return open(folders[0] if folders else Path.cwd(), library)


def _chosen(opened: Library, what: Sequence[Path | str], last: bool) -> list[str]:
    """The ids of the writes to take back, as the words on the command line name them."""
    runs = [one.id for one in opened.changes.batches()]
    named = [str(word) for word in what if str(word) in runs]
    paths = [word for word in what if str(word) not in named]
    ids = [id for run in named for id in opened.changes.ids_of_batch(run)]
    if paths:
        ids += _ids_of_files(opened, paths)
        return _of_newest_run(opened, ids) if last else ids
    if last:
        ids += next(filter(None, map(opened.changes.ids_of_batch, reversed(runs))), [])
    return ids


def _of_newest_run(opened: Library, ids: Sequence[str]) -> list[str]:
    newest = next(opened.changes.newest_first(ids), None)
    chosen = set(ids)
    return [id for id in opened.changes.ids_of_batch(newest.batch) if id in chosen] if newest else []


def _ids_of_files(opened: Library, paths: Sequence[Path | str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        if Path(path).is_dir():
            found += opened.changes.ids_below(opened.place.stored(os.path.realpath(path)))
        else:
            entries = _of_file(opened, path)
            found += [one.id for one in entries if one.state == "done" and one.change.get("kind") != "undo"]
    return found


def _of_file(opened: Library, path: Path | str) -> list[Entry]:
    """Everything that was written to a file and to sidecars beside it that speak of it, the oldest first."""
    stored = opened.place.stored(os.path.realpath(path))
    written = opened.changes.of_targets([stored, *_sidecars(stored)])
    found = [entry for entries in written.values() for entry in entries if _speaks_of(entry, stored)]
    if not os.path.lexists(path) and not found:
        raise UsageError(
            f"{shown(str(path))} is neither a run nor a file that phototag has written.",
            "See which runs there are: phototag history",
        )
    return sorted(found, key=lambda entry: entry.id)


def _speaks_of(entry: Entry, stored: str) -> bool:
    return stored in (entry.change.get("target"), entry.change.get("source"))


def _sidecars(stored: str) -> tuple[str, str]:
    folder, slash, name = stored.rpartition("/")
    return f"{stored}.xmp", f"{folder}{slash}{name.rpartition('.')[0] or name}.xmp"
