"""The part of `phototag.api` that finds duplicates, and puts all but the kept ones into the quarantine.

The decision here: finding only reads the photos; what goes is exactly what was shown, after the kept one has taken over
what people said of it, and where that fails nothing of its group goes. Refused: a keeper that nobody was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, library_at, makers_of, never, steps_of
from phototag.api_quarantine import Gone, keeper_of, put_away, seen_again
from phototag.api_reading import scanned
from phototag.api_writing import command_line
from phototag.decide.keeper import Cluster, Print, alike, clusters
from phototag.decide.keeper_inherits import Inheritance, inherited
from phototag.report import Report
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.api_duplicates_reading import Shelf
    from phototag.change.editor import Editor
    from phototag.change.plan import Planned
    from phototag.change.quarantine import Going
    from phototag.decide.groups import Shot

_CANNOT = "the kept one cannot take over what the others say: {}"
_LOOKS = frozenset({"measure", "labels"})  # whose hashes and vectors tell which pictures are near


@dataclass
class Duplicate:
    """One group of files of one picture, and what shall become of them."""

    cluster: Cluster
    inheritance: Inheritance  # what the kept one takes over
    planned: list[Planned] = field(default_factory=list)  # how it does
    refused: str = ""  # why nothing of the group goes

    @property
    def going(self) -> list[Print]:
        return [] if self.refused else [one.print for one in self.cluster.going]


@dataclass
class Duplicates:
    """What was found, and what was done about it."""

    library: Library
    photos: int = 0  # that were compared
    groups: list[Duplicate] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)  # stored path -> bytes
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)  # that could not be looked at
    gone: Gone = field(default_factory=Gone)
    batch: str = ""  # the run's name, for `undo`; "" if nothing was done
    interrupted: bool = False


Agree = Callable[[Duplicates], bool]


def duplicates(
    path: Path | str = ".",
    *,
    bursts: bool = False,
    quarantine: bool = False,
    agree: Agree | None = None,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Duplicates:
    """The groups of files below a folder that are one picture: exact copies, the same picture, nearly the same.

    With `quarantine`, all but the kept ones go there; `agree` is asked before, with what was found.
    """
    from phototag.change.editor import Editor

    report = report or Report(quiet=True)
    opened, root = library_at(path, library, report)
    using = settings_.load(opened.place.settings_file, flags)
    found = Duplicates(opened)
    _looked_at(found, root, using, report, stop)
    if stop() or found.interrupted:
        found.interrupted = True
        return found
    with Editor(using.read.processes, using.read.timeout_s * 2) as editor:
        shelf = _grouped(found, root, using, editor, bursts)
        _rehearsed(found, shelf, using, reads=quarantine)
        if quarantine and any(one.going for one in found.groups) and (agree is None or agree(found)):
            _carried_out(found, shelf, using, editor, report, stop)
    found.interrupted = stop()
    return found


def _looked_at(found: Duplicates, root: str, using: Settings, report: Report, stop: Stop) -> None:
    """Scan the folder, and make the hashes and vectors that its photos lack."""
    from phototag.pipeline import Run, Selection
    from phototag.read.scan import Options
    from phototag.review import ids_below

    opened = found.library
    local = replace(using, look=replace(using.look, describer="", embedder=""))
    steps = [step for step in steps_of(local) if step.name in _LOOKS]
    with held(opened, report):
        seen = scanned(opened, root, using, report, Options(decode=False), stop)
        run = Run(opened, steps, local, report, stop)
        looked = run.run(Selection(below=(opened.place.stored(root),)))
    found.photos = len(ids_below(opened, opened.place.stored(root)))
    found.unreadable, found.failed = seen.unreadable, looked.failed
    found.interrupted = looked.interrupted or seen.interrupted


# ---- which files are one picture


def _grouped(found: Duplicates, root: str, using: Settings, editor: Editor, bursts: bool) -> Shelf:
    """Fill in the groups, in the order of the kept files' paths."""
    from phototag import api_duplicates_reading as reading
    from phototag.change.where import Where

    library = found.library
    below = _below(library.place.stored(root))
    makers, bits = makers_of(using), using.hashes.distance
    apart = _in_series(library) if bursts else frozenset()
    near = reading.near_groups(library, makers.get("measure", ""), makers.get("labels", ""), bits, apart)
    twice = reading.twice_there(library, below)
    ids = list(dict.fromkeys([*(one for group in near for one in group.members), *twice]))
    shelf = reading.shelf(library, editor, ids, reading.hashes_of(library, makers.get("measure", "")), below)
    in_groups = {one for group in near for one in group.members}
    together = [list(group.members) for group in near] + [[one] for one in twice if one not in in_groups]
    where = Where(library.place, using.write.where, using.write.sidecar)
    for members in together:
        prints = [one for photo in members for one in shelf.prints.get(photo, ())]
        for part in alike(prints, bursts):
            for cluster in clusters(part, using.duplicates.order, bits):
                found.groups.append(_planned(cluster, shelf, library, editor, where))
    found.groups.sort(key=lambda one: one.cluster.keeper.path)
    found.sizes = {path: file.size for path, file in shelf.files.items()}
    return shelf


def _below(folder: str) -> Callable[[str], bool]:
    """Asks of a stored path whether it lies in the folder; "" is the library's root."""
    return lambda path: path.startswith(f"{folder}/") if folder else not path.startswith("/")


def _planned(cluster: Cluster, shelf: Shelf, library: Library, editor: Editor, where: Any) -> Duplicate:
    from phototag.change.quarantine_inherit import Heirs

    going = [facts for one in cluster.going for facts in shelf.facts(one.print)]
    taken = inherited(shelf.facts(cluster.keeper), going)
    one = Duplicate(cluster, taken)
    if taken:
        one.planned = Heirs(library, editor, where).plan(shelf.rows(cluster.keeper), taken)
        why = next((each.why for each in one.planned if each.why), "")
        one.refused = _CANNOT.format(why) if why else ""
    return one


def _in_series(library: Library) -> frozenset[str]:
    """The photos of brackets, timelapses and panoramas: works of several frames, of which none is a duplicate."""
    from phototag.decide.series import never_culled, series

    return frozenset(never_culled(series(list(_shots(library)))))


def _shots(library: Library) -> Sequence[Shot]:
    from phototag.decide.groups import shot
    from phototag.store.tables import facts_of

    columns = ("image_id", "path", "camera", "taken_utc", "facts")
    return [shot(row, facts_of(row["facts"])) for row in library.photo_rows(columns, "status = 'present'")]


# ---- what goes


def _rehearsed(found: Duplicates, shelf: Shelf, using: Settings, *, reads: bool) -> None:
    """Note of each group why nothing of it can go; with `reads`, remember what goes as it is now."""
    from phototag.change.quarantine import Quarantine
    from phototag.change.writer import Rehearsal

    library, settle = found.library, using.write.settle_seconds
    rehearsal = Rehearsal(library, settle_seconds=settle, break_links=using.write.break_links)
    mover = Quarantine(library, Report(quiet=True), settle_seconds=settle)
    for group in found.groups:
        changes = [one.change for one in group.planned if one.change]
        refused = next((one.why for one in rehearsal.write(changes) if one.state == "refused"), "")
        if refused:
            group.refused = _CANNOT.format(refused)
        stuck = next(
            (one for one in mover.rehearse(_going(group, shelf, library, reads=reads)) if one.state == "refused"), None
        )
        if stuck:
            group.refused = group.refused or f"{stuck.source.name}: {stuck.why}"


def _going(group: Duplicate, shelf: Shelf, library: Library, *, reads: bool = True) -> list[Going]:
    """The files of a group that go, as they were when first read; those of one print go together or not at all."""
    from phototag.change.quarantine import Going

    keeper = keeper_of(shelf.rows(group.cluster.keeper))
    why = {one.print.path: f"{one.kind} of {group.cluster.keeper.path}" for one in group.cluster.going}
    return [
        Going(path, digest, why[one.path], one.photo, *keeper, together=one.path)
        for one in group.going
        for path in (*one.files, *one.sidecars)
        if (digest := shelf.digest(library, path) if reads else "not read")
    ]


def _carried_out(found: Duplicates, shelf: Shelf, using: Settings, editor: Editor, report: Report, stop: Stop) -> None:
    """Let the kept ones take over what people said of the others, then put those into the quarantine."""
    from phototag.change.journal import Journal

    library = found.library
    wanted = [one for one in found.groups if one.going]
    touched = [each.change.target for one in wanted for each in one.planned if each.change]
    touched += [one.path for group in wanted for one in group.going]
    try:
        with held(library, report):
            found.batch = Journal(library.journal).begin(command_line())
            _handed_over(wanted, library, found.batch, using, editor, report, stop)
            going = [each for one in wanted for each in _going(one, shelf, library)]
            found.gone = put_away(library, going, found.batch, using, report, stop)
    finally:  # after a full disk, too, no table says what the files do not
        seen_again(library, touched, using, report)


def _handed_over(
    wanted: Sequence[Duplicate],
    library: Library,
    batch: str,
    using: Settings,
    editor: Editor,
    report: Report,
    stop: Stop,
) -> None:
    """Write what the kept ones take over; where that fails nothing of the group goes."""
    from phototag.change.writer import Writer

    settle, links = using.write.settle_seconds, using.write.break_links
    writer = Writer(library, editor, settle_seconds=settle, report=report, break_links=links)
    changes = [each.change for one in wanted for each in one.planned if each.change]
    outcomes = {one.change.target: one for one in writer.write(changes, batch, stop)}
    for one in wanted:
        ends = [outcomes.get(each.change.target) for each in one.planned if each.change]
        if why := next((end.why if end else "the run was stopped" for end in ends if not _is_well(end)), ""):
            one.refused = _CANNOT.format(why)


def _is_well(outcome: Any) -> bool:
    return outcome is not None and outcome.state in ("done", "unchanged")
