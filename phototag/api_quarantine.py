"""The part of `phototag.api` that puts files into the quarantine, lists what is there, and brings it back.

The decision here: the journal says what lies there and whence it came; the folder holds nothing else that anybody
needs to know. Only `purge` is for ever, and it takes nothing younger than a week. Refused: emptying it by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, open
from phototag.api_writing import by_folder, command_line, read_again
from phototag.errors import UsageError
from phototag.records import Entry, File, family
from phototag.report import Report, shown
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.quarantine import Going, Moving

LEAST_AGE = timedelta(days=7)


@dataclass
class Gone:
    """What became of files that should go, come back or be purged."""

    moved: list[tuple[str, str]] = field(default_factory=list)  # stored path, where it lies now; "" where it is purged
    refused: list[tuple[str, str]] = field(default_factory=list)  # stored path, reason
    bytes: int = 0
    batch: str = ""  # the run's name, for `undo`


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One file in the quarantine."""

    id: str  # of the journal's entry
    path: str  # stored: where it was
    lies: str  # stored: where it is
    why: str
    batch: str
    at: datetime
    size: int

    @property
    def age(self) -> timedelta:
        return datetime.now(UTC) - self.at


def quarantine(
    library: Library,
    paths: Sequence[Path | str],
    why: str,
    *,
    batch: str = "",
    using: Settings | None = None,
    report: Report | None = None,
    stop: Stop = never,
    reasons: Mapping[str, str] | None = None,
) -> Gone:
    """Put these files of the library, with their sidecars, into its quarantine; each is named with its reason if not.

    The library is held meanwhile, and its tables are right afterwards. `batch` is a run that was begun already,
    `reasons` are those of single files, by stored path, in the place of `why`.
    """
    from phototag.change.journal import Journal

    report = report or Report(quiet=True)
    using = using or settings_.load(library.place.settings_file)
    stored = [library.place.stored(os.path.realpath(Path(path).parent) + os.sep + Path(path).name) for path in paths]
    going, lost = _as_they_are(library, stored, why)
    if reasons:
        going = [replace(one, why=reasons.get(one.path, one.why)) for one in going]
    if not going:
        return Gone(refused=lost)
    with held(library, report):
        batch = batch or Journal(library.journal).begin(command_line())
        gone = put_away(library, going, batch, using, report, stop)
    seen_again(library, [path for path, _ in gone.moved], using, report)
    gone.refused = lost + gone.refused
    return gone


def quarantined(folder: Path | str = ".", *, library: Path | None = None) -> list[Quarantined]:
    """What lies in the quarantine of a library, the newest run first. Reads only."""
    return list(_quarantined(open(folder, library)))


def restore(
    what: Sequence[str] = (),
    folder: Path | str = ".",
    *,
    everything: bool = False,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Gone:
    """Bring files back to where they were, never over what is there now: by path, folder, run, or everything."""
    from phototag.change.journal import Journal
    from phototag.change.quarantine import Quarantine

    report = report or Report(quiet=True)
    opened = open(folder, library)
    using = settings_.load(opened.place.settings_file, flags)
    with held(opened, report):
        chosen = _chosen(opened, what, everything)
        if not chosen:
            return Gone()
        batch = Journal(opened.journal).begin(command_line())
        done = Quarantine(opened, report).back(_entries(opened, chosen), batch, stop)
        gone = _told(opened, done, batch)
    seen_again(opened, [path for path, _ in gone.moved], using, report)
    return gone


def purgeable(
    older_than: timedelta = LEAST_AGE, folder: Path | str = ".", *, library: Path | None = None
) -> list[Quarantined]:
    """What lies in the quarantine for longer than that; never what is younger than a week."""
    if older_than < LEAST_AGE:
        raise UsageError(
            "Nothing is purged that went into the quarantine less than 7 days ago.",
            "Wait, or look at it: phototag quarantine list",
        )
    return [one for one in quarantined(folder, library=library) if one.age > older_than]


def purge(
    files: Sequence[Quarantined],
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Gone:
    """Delete these files for good, as `purgeable` named them; what was kept instead of one must still be there."""
    from phototag.change.journal import Journal
    from phototag.change.quarantine import Quarantine

    report = report or Report(quiet=True)
    opened = open(folder, library)
    with held(opened, report):
        still = {one.id for one in _quarantined(opened) if one.age > LEAST_AGE}
        chosen = [one.id for one in files if one.id in still]
        if not chosen:
            return Gone()
        batch = Journal(opened.journal).begin(command_line())
        sizes = {one.id: one.size for one in files}
        done = Quarantine(opened, report).purge(_entries(opened, chosen), batch, stop)
        gone = _told(opened, done, batch)
    gone.bytes = sum(sizes[str(one.spoken["purges"])] for one in done if one.state == "done")
    return gone


# ---- shared


def put_away(library: Library, going: Sequence[Going], batch: str, using: Settings, report: Report, stop: Stop) -> Gone:
    """The files are in the quarantine, as far as they may; the library is held. `seen_again` must follow."""
    from phototag.change.quarantine import Quarantine

    mover = Quarantine(library, report, settle_seconds=using.write.settle_seconds)
    return _told(library, mover.away(going, batch, stop), batch)


def seen_again(library: Library, paths: Iterable[str], using: Settings, report: Report) -> None:
    """Take into the tables which of these stored files are there; the library is not held."""
    folders = {Path(library.place.actual(path)).parent for path in paths}
    there = {str(next(one for one in (folder, *folder.parents) if one.is_dir())) for folder in folders}
    if there:
        read_again(library, list(by_folder(sorted(there))), using, report)


def keeper_of(files: Sequence[File]) -> tuple[str, str, str]:
    """Path, image id and kind of the file by which a kept photo is known again."""
    first = min(files, key=lambda file: (family(file.kind) != "raw", family(file.kind) != "picture", file.path))
    return first.path, first.image_id, first.kind


def sidecars_of(library: Library, stored: Sequence[str]) -> Iterator[str]:
    """The sidecars and develop settings that lie with these files and speak of no other file that stays."""
    from phototag.read.beside import Beside

    going = set(stored)
    photos = {file.photo_id for file in library.files("path", stored)} - {""}
    files = [file for file in library.files("photo_id", photos) if file.status == "present"]
    stay = {_stem(file.path) for file in files if family(file.kind) != "sidecar" and file.path not in going}
    go = {name for path in stored for name in (_stem(path), path.casefold())}
    for file in files:
        if family(file.kind) == "sidecar" and _stem(file.path) in go and _stem(file.path) not in stay:
            yield file.path
    beside, actual = Beside(), library.place.actual
    for path in stored:
        own = [*beside.of(actual(path)), *(beside.of_stem(actual(path)) if _stem(path) not in stay else ())]
        # What a program keeps in a folder of its own is found there again when the photo comes back.
        yield from (library.place.stored(one) for one in own if Path(one).parent == Path(actual(path)).parent)


def _as_they_are(library: Library, stored: Sequence[str], why: str) -> tuple[list[Going], list[tuple[str, str]]]:
    """The files and their sidecars, as they are now; and those that cannot be read."""
    from phototag.change.quarantine import Going
    from phototag.read.identity import whole_file_digest

    known = {file.path: file for file in library.files("path", stored)}
    going: list[Going] = []
    lost: list[tuple[str, str]] = []
    whole = {path.casefold(): _stem(path) for path in stored}
    named = dict.fromkeys([*stored, *sidecars_of(library, stored)])
    for path, together in sorted(
        ((one, whole.get(_stem(one), _stem(one))) for one in named), key=lambda pair: pair[::-1]
    ):
        file = known.get(path)
        try:
            found = Path(library.place.actual(path)).lstat()
            if file and (found.st_size, found.st_mtime_ns) != (file.size, file.mtime_ns):
                lost.append((path, "the file has changed since it was scanned"))
                continue
            digest, photo = whole_file_digest(library.place.actual(path)), file.photo_id if file else ""
            going.append(Going(path, digest, why, photo, together=together))
        except OSError as trouble:
            lost.append((path, trouble.strerror or str(trouble)))
    return going, lost


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return (folder + slash + (name.rpartition(".")[0] or name)).casefold()


def _told(library: Library, done: Sequence[Moving], batch: str) -> Gone:
    gone = Gone(batch=batch)
    for one in done:
        if one.state == "done":
            gone.moved.append((one.change.target, library.place.stored(str(one.target)) if one.has_target else ""))
            gone.bytes += one.found.st_size if one.found else 0
        else:
            gone.refused.append((one.change.target, one.why))
    return gone


def _quarantined(opened: Library) -> Iterator[Quarantined]:
    ids = [one for (one,) in opened.lance.tuples("changes", ("id",), "kind = 'move' AND state = 'done'")]
    for entry in opened.changes.newest_first(ids):
        try:
            size = Path(opened.place.actual(str(entry.change["to"]))).lstat().st_size
        except OSError:  # it was purged, or somebody took it out by hand
            continue
        path, lies, why = (str(entry.change.get(name, "")) for name in ("target", "to", "why"))
        yield Quarantined(entry.id, path, lies, why, entry.batch, _time(entry), size)


def _time(entry: Entry) -> datetime:
    try:
        found = datetime.fromisoformat(entry.at)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:  # nobody knows: then it came a moment ago, and is not purged
        return datetime.now(UTC)


def _entries(opened: Library, ids: Sequence[str]) -> list[Entry]:
    return list(opened.changes.newest_first(ids))


def _chosen(opened: Library, what: Sequence[str], everything: bool) -> list[str]:
    """The entries of files that are named by path, by a folder, by run, or by where they lie."""
    there = list(_quarantined(opened))
    if everything:
        return [one.id for one in there]
    chosen: list[str] = []
    for word in what:
        names = {word, opened.place.stored(os.path.realpath(word))}
        found = [one.id for one in there if _is_named(one, names)]
        if not found:
            raise UsageError(
                f"Nothing in the quarantine is or was called {shown(word)}.",
                "See what there is: phototag quarantine list",
            )
        chosen += found
    return list(dict.fromkeys(chosen))


def _is_named(one: Quarantined, names: set[Any]) -> bool:
    return any(name in (one.path, one.lies, one.batch) or (name and one.path.startswith(f"{name}/")) for name in names)
