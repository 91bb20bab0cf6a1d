"""Carries a plan out: photo by photo, copies with their tags, sidecars, and the page of facts beside them.

The decision here: what cannot be tagged is copied all the same and gets a sidecar, for a tree that lacks a photo is
worse than a photo that lacks a word. Refused: copying first and tagging later, which would leave untagged copies after
a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from phototag.change.plan import Planner
from phototag.change.redirect import redirected, sidecars_only
from phototag.change.writer import Outcome, Writer
from phototag.organizing.pages import Lead, Pages
from phototag.organizing.planning import Copy, Plan
from phototag.read.identity import whole_file_digest
from phototag.records import Change, family
from phototag.report import Report
from phototag.store.library import Library

_AT_ONCE = 48  # photos, as the planner takes them


@dataclass
class Organized:
    """What a run of `organize` did."""

    library: Library
    plan: Plan = field(default_factory=Plan)
    scanned: Any = None  # what the scan of the source found
    looked: Any = None
    batch: str = ""  # the run's name, for `undo`; "" if nothing was tried
    unread: list[tuple[str, str]] = field(default_factory=list)  # of the source, so that they have no copy: path, why
    copied: Counter[str] = field(default_factory=Counter)  # tagged|plain|sidecar|json|updated|renewed -> files
    brought: set[str] = field(default_factory=set)  # photos whose copies say now what is decided
    photos: int = 0  # of which a file was copied
    size: int = 0
    untagged: list[tuple[str, str]] = field(default_factory=list)  # copied without tags in them: path, reason
    refused: list[tuple[str, str]] = field(default_factory=list)  # not copied: path of the original, reason
    left: list[str] = field(default_factory=list)  # pages of facts that a person has edited or removed
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0: all is well; 1: some photos failed; 130: stopped."""
        if self.interrupted:
            return 130
        failed = self.looked.failed if self.looked else ()
        return 1 if self.refused or self.unread or failed else 0


class Copying:
    """Carries out a plan. The library must be held for writing."""

    def __init__(
        self,
        done: Organized,
        planner: Planner,
        writer: Writer,
        pages: Pages | None,
        begin: Callable[[], str],
        report: Report,
        stop: Callable[[], bool],
    ) -> None:
        self._done, self._planner, self._writer, self._pages = done, planner, writer, pages
        self._begin, self._report, self._stop = begin, report, stop

    def run(self, copies: Sequence[Copy]) -> None:
        """Copy everything, in the order of the plan."""
        with self._report.progress("copying", len(copies)) as bar:
            for some in _by_photos(copies):
                if self._stop():
                    break
                self._copy(some)
                bar.step(len(some))

    def update(self, ours: Mapping[str, Collection[str]]) -> None:
        """Bring what is decided now to our copies of earlier runs (by photo), by the three-way merge."""
        paths = frozenset(path for own in ours.values() for path in own)
        minor: list[str] = []
        with self._report.progress("bringing up to date", len(ours)) as bar:
            for planned in self._planner.plan(list(ours), below=paths.__contains__):
                if self._stop():
                    return
                changes = self._with_origins([one.change for one in planned if one.change])
                outcomes = self._write(changes)
                minor += [one.change.source for one in outcomes if one.minor]
                self._note_updates(outcomes)
                self._note_brought({one.image_id for one in planned}, changes, outcomes)
                bar.step(len({one.image_id for one in planned}))
        beside = frozenset(minor)
        for planned in self._planner.plan(list(ours) if minor else (), beside, beside.__contains__):
            self._note_updates(self._write(self._with_origins([one.change for one in planned if one.change])))

    def _with_origins(self, changes: Sequence[Change]) -> list[Change]:
        """The changes of copies, each with the original of its copy: the writer sees to it that they stay two files."""
        written = self._done.library.changes.of_targets({change.source for change in changes})
        origins = {
            target: str(entry.change["origin"])
            for target, entries in written.items()
            for entry in entries
            if entry.state == "done" and entry.change.get("kind") == "copy"
        }
        return [replace(change, origin=origins.get(change.source, "")) for change in changes]

    def _note_brought(self, ids: set[str], changes: Sequence[Change], outcomes: Sequence[Outcome]) -> None:
        """Of these photos, those of which every change came to a good end say now what is decided."""
        ended = {one.change.target for one in outcomes if one.state != "refused"}
        self._done.brought |= ids
        self._done.brought -= {change.image_id for change in changes if change.target not in ended}

    def _note_updates(self, outcomes: Sequence[Outcome]) -> None:
        self._done.copied["updated"] += sum(one.state == "done" for one in outcomes)
        refused = [one for one in outcomes if one.state == "refused" and not one.minor]
        self._done.refused += [(one.change.target, one.why) for one in refused]

    def refresh(self, leads: Mapping[str, Lead]) -> None:
        """Bring the pages of photos that stand in the tree already up to what is decided now."""
        if self._pages is None:
            return
        ids = list(leads)
        for start in range(0, len(ids), _AT_ONCE):
            if self._stop():
                return
            pages = list(self._pages.pages({image_id: leads[image_id] for image_id in ids[start : start + _AT_ONCE]}))
            self._write(list(self._ours(pages)))

    def _copy(self, copies: Sequence[Copy]) -> None:
        plain = {copy.original: _plain(copy) for copy in copies}
        ids = list(dict.fromkeys(copy.image_id for copy in copies))
        replaced = frozenset(copy.target for copy in copies if copy.expect)
        plan = self._planner.plan(ids, below=plain.__contains__, aside=replaced)
        planned = [one for some in plan for one in some]
        changes = redirected(planned, plain)
        outcomes = self._write(changes)
        failed = {one.change.origin: one for one in outcomes if one.plain and one.change.kind == "copy"}
        if failed:
            outcomes = [one for one in outcomes if one.change.origin not in failed]
            others = self._without_tags(ids, failed, plain)
            outcomes += self._write(others)
            changes = [one for one in changes if one.origin not in failed] + others
        self._count(outcomes)
        leads = _leads([copy for copy in copies if not copy.expect], outcomes)
        pages = list(self._ours(list(self._pages.pages(leads)))) if self._pages and leads else []
        outcomes += self._write(pages)
        self._note_brought(set(ids), [*changes, *pages], outcomes)

    def _without_tags(
        self, ids: Sequence[str], failed: Mapping[str, Outcome], plain: Mapping[str, Change]
    ) -> list[Change]:
        """For those that cannot be tagged: copies as they are, each with a sidecar that has the tags."""
        some = {path: plain[path] for path in failed}
        beside = frozenset(failed)
        planned = [one for part in self._planner.plan(ids, beside, failed.__contains__) for one in part]
        self._done.untagged += [(one.change.target, one.why) for one in failed.values()]
        return [*some.values(), *sidecars_only(planned, some)]

    def _ours(self, pages: Sequence[Change]) -> Iterator[Change]:
        """Those pages that are not there yet, or say something else and are as we left them."""
        library = self._done.library
        written = library.changes.of_targets([page.target for page in pages])
        for page in pages:
            entries = [one for one in written.get(page.target, []) if one.state == "done"]
            try:
                there = whole_file_digest(library.place.actual(page.target))
            except OSError:
                there = ""
            last = next((one.after for one in reversed(entries) if one.change.get("kind") == "json"), "")
            if there == last:
                yield replace(page, expect=there)
            else:
                self._done.left.append(page.target)

    def _write(self, changes: Sequence[Change]) -> list[Outcome]:
        if not changes:
            return []
        self._done.batch = self._done.batch or self._begin()
        outcomes = self._writer.write(changes, self._done.batch, self._stop)
        self._done.copied["json"] += sum(one.change.kind == "json" and one.state == "done" for one in outcomes)
        return outcomes

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        photos = set()
        for one in outcomes:
            change = one.change
            if one.state == "refused":
                original = change.origin or change.target
                self._done.refused.append((original, one.why))
            elif one.state == "done":
                sort = "sidecar" if change.kind == "sidecar" else "tagged" if change.fields else "plain"
                sort = "renewed" if change.kind == "copy" and change.expect else sort
                self._done.copied[sort] += 1
                if change.kind == "copy" and not change.expect:
                    self._done.size += change.seen[0]
                    photos.add(change.image_id)
        self._done.photos += len(photos)


def _leads(copies: Sequence[Copy], outcomes: Sequence[Outcome]) -> dict[str, Lead]:
    """Of the photos that were copied, the copies that lead."""
    done = {one.change.target for one in outcomes if one.state == "done"}
    own: dict[str, list[str]] = {}
    for one in outcomes:
        if one.state == "done":
            own.setdefault(one.change.image_id, []).append(one.change.target)
    leads: dict[str, Lead] = {}
    for copy in copies:
        if copy.target in done and family(copy.kind) != "sidecar" and copy.image_id not in leads:
            leads[copy.image_id] = Lead(copy.target, copy.original, tuple(sorted(own[copy.image_id])))
    return leads


def _plain(copy: Copy) -> Change:
    """The change that copies a file as it is."""
    return Change(
        kind="copy",
        target=copy.target,
        source=copy.target,
        image_id=copy.image_id,
        container=copy.kind,
        expect=copy.expect,
        origin=copy.original,
        seen=(copy.size, copy.mtime_ns),
    )


def _by_photos(copies: Sequence[Copy]) -> Iterator[list[Copy]]:
    """The files of some dozens of photos at a time."""
    some: list[Copy] = []
    for count, (_, own) in enumerate(groupby(copies, key=lambda copy: copy.image_id), 1):
        some += own
        if count % _AT_ONCE == 0:
            yield some
            some = []
    if some:
        yield some
