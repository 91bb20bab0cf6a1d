"""Carries a plan out: photo by photo, copies with their tags, sidecars, and the page of facts beside them.

The decision here: what cannot be tagged is copied all the same and gets a sidecar, for a tree that lacks a photo is
worse than a photo that lacks a word. Refused: copying first and tagging later, which would leave untagged copies after
a crash.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from phototag.change.plan import Planner
from phototag.change.redirect import redirected, sidecars_only
from phototag.change.writer import Outcome, Writer
from phototag.decide.record import record
from phototag.organizing import Copy, Plan
from phototag.organizing_stock import without_suffix
from phototag.read.identity import whole_file_digest
from phototag.records import Change, Evidence, File, family
from phototag.report import Report
from phototag.store.library import Library
from phototag.vocabulary import Vocabulary

METADATA = "metadata"
_AT_ONCE = 48  # photos, as the planner takes them


@dataclass
class Organized:
    """What a run of `organize` did."""

    library: Library
    plan: Plan = field(default_factory=Plan)
    scanned: Any = None  # what the scan of the source found
    looked: Any = None
    batch: str = ""  # the run's name, for `undo`; "" if nothing was tried
    copied: Counter[str] = field(default_factory=Counter)  # tagged | plain | sidecar | json | updated -> files
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
        unread = self.scanned.unreadable if self.scanned else ()
        failed = self.looked.failed if self.looked else ()
        return 1 if self.refused or unread or failed else 0


class Lead(NamedTuple):
    """The copy that stands for a photo in the tree, its original, and all its copies."""

    path: str
    original: str
    copies: tuple[str, ...]


class Pages:
    """Makes the JSON page that lies beside a photo's copies."""

    def __init__(self, library: Library, vocabulary: Vocabulary, languages: Sequence[str], makers: Mapping[str, str]):
        self._library, self._vocabulary, self._languages, self._makers = library, vocabulary, languages, makers

    def pages(self, leads: Mapping[str, Lead]) -> Iterator[Change]:
        """The changes that make the pages of these photos."""
        evidence: dict[str, dict[str, Evidence]] = {image_id: {} for image_id in leads}
        for one in sorted(self._library.evidence(leads), key=lambda one: one.made_at):
            if not one.error and self._makers.get(one.step, one.maker) == one.maker:
                evidence[one.image_id][one.step] = one
        files: dict[str, list[File]] = {image_id: [] for image_id in leads}
        for file in self._library.files("photo_id", leads):
            files[file.photo_id].append(file)
        decisions = {decision.image_id: decision for decision in self._library.decisions(leads)}
        for photo in self._library.photos(leads):
            path, original, copies = leads[photo.image_id]
            said = record(
                photo,
                files[photo.image_id],
                decisions.get(photo.image_id),
                {step: one.value for step, one in evidence[photo.image_id].items()},
                self._vocabulary,
                self._languages,
                path=path,
                original=original,
                makers={step: one.maker for step, one in evidence[photo.image_id].items()},
            )
            text = json.dumps(said | {"files": list(copies)}, ensure_ascii=False, indent=1) + "\n"
            yield Change("json", page_of(path), path, photo.image_id, "json", "", text=text)


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

    def update(self, ids: Sequence[str], ours: Collection[str]) -> None:
        """Bring what is decided now to copies of earlier runs, by the three-way merge; only to copies of `ours`."""
        minor: list[str] = []
        with self._report.progress("bringing up to date", len(ids)) as bar:
            for planned in self._planner.plan(ids, below=ours.__contains__):
                if self._stop():
                    return
                outcomes = self._write(self._with_origins([one.change for one in planned if one.change]))
                minor += [one.change.source for one in outcomes if one.minor]
                self._note_updates(outcomes)
                refused = {one.change.image_id for one in outcomes if one.state == "refused"}
                self._done.brought.update(one.image_id for one in planned if one.image_id not in refused)
                bar.step(len({one.image_id for one in planned}))
        beside = frozenset(minor)
        for planned in self._planner.plan(ids if minor else (), beside, beside.__contains__):
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
        planned = [one for some in self._planner.plan(ids, below=plain.__contains__) for one in some]
        outcomes = self._write(redirected(planned, plain))
        failed = {one.change.origin: one for one in outcomes if one.plain and one.change.kind == "copy"}
        if failed:
            outcomes = [one for one in outcomes if one.change.origin not in failed]
            outcomes += self._without_tags(ids, failed, plain)
        self._count(outcomes)
        if self._pages:
            done = {one.change.target for one in outcomes if one.state == "done"}
            leads: dict[str, Lead] = {}
            for copy in copies:
                if copy.target in done and family(copy.kind) != "sidecar" and copy.image_id not in leads:
                    own = sorted(one.change.target for one in outcomes if one.change.image_id == copy.image_id)
                    leads[copy.image_id] = Lead(copy.target, copy.original, tuple(one for one in own if one in done))
            self._write(list(self._ours(list(self._pages.pages(leads)))))

    def _without_tags(
        self, ids: Sequence[str], failed: Mapping[str, Outcome], plain: Mapping[str, Change]
    ) -> list[Outcome]:
        """Copies as they are, each with a sidecar that has the tags."""
        some = {path: plain[path] for path in failed}
        beside = frozenset(failed)
        planned = [one for part in self._planner.plan(ids, beside, failed.__contains__) for one in part]
        self._done.untagged += [(one.change.target, one.why) for one in failed.values()]
        return self._write([*some.values(), *sidecars_only(planned, some)])

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
                self._done.copied[sort] += 1
                if change.kind == "copy":
                    self._done.size += change.seen[0]
                    photos.add(change.image_id)
        self._done.photos += len(photos)
        self._done.brought |= photos


def page_of(path: str) -> str:
    """Where the page of facts of a copy lies."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{METADATA}/{name}.json"


def leads_of(library: Library, ids: Sequence[str]) -> dict[str, Lead]:
    """Photo -> its leading copy in the tree, with that one's original where it is known."""
    copies: dict[str, list[File]] = {}
    originals: dict[str, str] = {}
    for file in library.files("photo_id", ids):
        if file.status == "present" and file.path.startswith("/"):
            originals.setdefault(file.image_id, file.path)
        elif file.status == "present":
            copies.setdefault(file.photo_id, []).append(file)
    found = {}
    for image_id, own in copies.items():
        pictures = [file for file in own if family(file.kind) != "sidecar"]
        if pictures:
            lead = min(pictures, key=lambda file: (without_suffix(file.path), family(file.kind) != "raw", file.path))
            found[image_id] = Lead(
                lead.path, originals.get(lead.image_id, ""), tuple(sorted(file.path for file in own))
            )
    return found


def _plain(copy: Copy) -> Change:
    """The change that copies a file as it is."""
    return Change(
        kind="copy",
        target=copy.target,
        source=copy.target,
        image_id=copy.image_id,
        container=copy.kind,
        expect="",
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
