"""From decisions to changes: which tags of which files have to say something else, and why others need not.

The decision here: a plan is made from what the files hold now, read afresh, and each change carries the digest of the
file that it was planned for; a file that has changed since is planned again, never overwritten. Refused: planning from
the tables, which are as old as the last scan.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phototag.change import fields
from phototag.change.editor import Editor
from phototag.change.merge import Modes, Wish, merged, tombstones
from phototag.change.where import Target, Where
from phototag.change.wish import Spoken, Wording, faces_in
from phototag.errors import Unreadable
from phototag.read.identity import whole_file_digest
from phototag.read.values import key_of
from phototag.read.words import is_cameras
from phototag.records import Base, Change, Decision, Entry, File, Values, family
from phototag.store.library import Library

_AT_ONCE = 48  # photos planned together: enough to keep ExifTool busy


@dataclass(frozen=True, slots=True)
class Planned:
    """What is planned for one file: a change, or the reason why there is none."""

    image_id: str
    path: str  # stored: the file that is written, or that is not
    source: str  # stored: the photo's file that it speaks of
    change: Change | None = None
    why: str = ""  # "" with no change: it says everything already
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What is known of one target before the merge."""

    target: Target
    tags: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, Values] = field(default_factory=dict)
    digest: str = ""
    base: Base | None = None
    gone: dict[str, str] = field(default_factory=dict)
    why_not: str = ""


class Planner:
    """Plans the changes of one run."""

    def __init__(
        self,
        library: Library,
        editor: Editor,
        where: Where,
        wording: Wording,
        modes: Modes,
        said: Mapping[str, Spoken],
        threads: int = 2,
        *,
        anywhere: bool = False,  # what a file of a photo says goes for all its files, wherever they lie
    ) -> None:
        self._library, self._editor, self._where, self._wording = library, editor, where, wording
        self._modes, self._said, self._anywhere = modes, said, anywhere
        self._threads = ThreadPoolExecutor(threads, "plan")

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def plan(
        self,
        ids: Sequence[str],
        beside: frozenset[str] = frozenset(),
        below: Callable[[str], bool] = lambda path: True,
        aside: frozenset[str] = frozenset(),
    ) -> Iterator[list[Planned]]:
        """The plan for some photos, a few dozen at a time; only files for which `below` says yes are written.

        Files in `beside` get a sidecar, whatever their type. What files in `aside` say does not count: they go.
        """
        for start in range(0, len(ids), _AT_ONCE):
            yield self._planned(ids[start : start + _AT_ONCE], beside, below, aside)

    def _planned(
        self, ids: Sequence[str], beside: frozenset[str], below: Callable[[str], bool], aside: frozenset[str]
    ) -> list[Planned]:
        files: dict[str, list[File]] = {image_id: [] for image_id in ids}
        for file in self._library.files("photo_id", ids):
            if file.path not in aside:
                files[file.photo_id].append(file)
        beside |= self._kept_out_of([file.path for own in files.values() for file in own])
        decisions = {decision.image_id: decision for decision in self._library.decisions(ids)}
        faces = self._faces(ids) if self._modes.writes("faces") else {}
        found = {
            image_id: [
                _Found(t, why_not=t.why_not)
                for t in self._where.targets(own, beside)
                if below(t.source.path) or below(t.path)
            ]
            for image_id, own in files.items()
            if image_id in decisions
        }
        self._read([one for ones in found.values() for one in ones if not one.why_not])
        written = self._library.changes.of_images(ids)  # under any name that a file has had
        return [
            planned
            for image_id, ones in found.items()
            for planned in self._photo(
                decisions[image_id], files[image_id], ones, faces.get(image_id, {}), beside, written.get(image_id, [])
            )
        ]

    def _kept_out_of(self, paths: Sequence[str]) -> frozenset[str]:
        """The files that could not be written without loss and have a sidecar of ours instead."""
        entries = self._library.changes.of_targets([f"{path}.xmp" for path in paths])
        done = [entry.change for ones in entries.values() for entry in ones if entry.state == "done"]
        return frozenset(str(change.get("source")) for change in done if change.get("instead"))

    def _faces(self, ids: Sequence[str]) -> dict[str, Any]:
        return {e.image_id: e.value for e in self._library.evidence(ids) if e.step == "faces" and not e.error}

    def _read(self, found: Sequence[_Found]) -> None:
        """What the targets hold now, and the base; for a sidecar to be made, what the file holds that it speaks for."""
        place = self._library.place
        asked = [place.actual(one.target.path if one.target.exists else one.target.source.path) for one in found]
        digests = [
            self._threads.submit(_digest, path, one.target.exists) for path, one in zip(asked, found, strict=True)
        ]
        entries = self._library.changes.of_targets([one.target.path for one in found])
        for one, answer, digest in zip(found, self._answers(found, asked), digests, strict=True):
            one.digest, one.why_not = digest.result()
            if isinstance(answer, Unreadable):
                one.why_not = one.why_not or answer.sentence
                continue
            one.tags = answer
            one.held = fields.held(answer)
            if not one.target.exists:
                one.held = {tag: values for tag, values in one.held.items() if tag.startswith("XMP-")}
            one.base = base_of(entries.get(one.target.path, []), one.digest)
            if not one.target.exists:  # removed as a whole: made anew, without what was deleted in it before
                one.base = None
            one.gone = tombstones(one.held, one.base, _saved(place.actual(one.target.path)))

    def _answers(self, found: Sequence[_Found], asked: Sequence[str]) -> list[dict[str, Any] | Unreadable]:
        """What each file says; of one that gets its first sidecar only the XMP, for nothing else goes in there."""
        answers: list[dict[str, Any] | Unreadable] = [{} for _ in found]
        for there, tags in ((True, fields.TAGS), (False, fields.XMP)):
            places = [place for place, one in enumerate(found) if one.target.exists == there]
            for place, answer in zip(places, self._editor.read([asked[p] for p in places], tags), strict=True):
                answers[place] = answer
        return answers

    def _photo(
        self,
        decision: Decision,
        files: Sequence[File],
        found: Sequence[_Found],
        faces: Mapping[str, Any],
        beside: frozenset[str],
        written: Sequence[Entry],
    ) -> Iterator[Planned]:
        said = self._said.get(decision.image_id, Spoken())
        for folder in dict.fromkeys(_folder(one.target.source.path) for one in found):
            here = [one for one in found if _folder(one.target.source.path) == folder]
            near = [file for file in files if self._anywhere or _folder(file.path) == folder]
            together = [file for file in near if file.status == "present"]
            away = [file for file in files if file not in near]
            gone, ours = self._gone(here, written), _ours(here)
            for one in here:
                still = family(one.target.source.kind) != "video"
                regions = faces_in(faces, one.target.source.facts.orientation) if faces and still else []
                wish = self._wording.wish(decision, together, said, regions, ours, away)
                yield self._file(one, wish, gone, one.target.source.path in beside)

    def _gone(self, here: Sequence[_Found], written: Sequence[Entry]) -> dict[str, str]:
        """The words that a person deleted from any of these files, under any name and in any language, and when."""
        gone: dict[str, str] = {}
        for entry in written:
            if self._is_of(entry, [one.target.path for one in here]):
                gone |= Change.from_json(entry.change).base.gone
        for one in here:
            gone |= one.gone
        return gone | {name: seen for word, seen in gone.items() for name in self._wording.spellings(word)}

    def _is_of(self, entry: Entry, targets: Sequence[str]) -> bool:
        """Was it written to one of these files, or to one that has another name now?"""
        target = str(entry.change.get("target", ""))
        return target in targets or not os.path.lexists(self._library.place.actual(target))

    def _file(self, one: _Found, wish: Wish, gone: Mapping[str, str], instead: bool) -> Planned:
        target = one.target
        image_id, source = target.source.photo_id, target.source.path
        if one.why_not:
            return Planned(image_id, target.path, source, why=one.why_not)
        allowed = fields.allowed(target.container)
        result = merged(wish, one.held, one.base, self._modes, allowed, gone, is_cameras)
        if not result.fields:
            return Planned(image_id, target.path, source, notes=result.notes)
        change = Change(
            kind=target.kind,
            target=target.path,
            source=source,
            image_id=image_id,
            container=target.container,
            expect=one.digest,
            fields=result.fields,
            base=result.base,
            iptc=fields.undeclared(one.tags) if target.exists else "",
            stale=fields.stale(one.tags) if target.exists else False,
            instead=instead,
        )
        return Planned(image_id, target.path, source, change, notes=result.notes)


def _ours(here: Sequence[_Found]) -> frozenset[str]:
    """The keys of our words in these files; a sidecar that another program made of them has them from us, too."""
    ours = frozenset(key_of(word) for one in here if one.base for word in one.base.ours)
    for one in here:
        if ours and one.base is None and one.target.exists and one.target.container == "xmp":
            one.base = Base(ours=tuple(sorted(ours)))
    return ours


def base_of(entries: Sequence[Entry], digest: str) -> Base | None:
    """What we last left in a file, by its entries, the oldest first; None where we never wrote it.

    A file that is as it was before one of our writes was put back by somebody: then that write does not count. Nor does
    a copy without tags, into which nothing was written.
    """
    done = [entry for entry in entries if entry.state == "done" and entry.change.get("kind") != "undo"]
    for entry in reversed(done):
        if digest != entry.before or digest == entry.after:
            plain = entry.change.get("kind") == "copy" and not entry.change.get("fields")
            return None if plain else Change.from_json(entry.change).base
    return None


def _digest(path: str, exists: bool) -> tuple[str, str]:
    """The digest of a target ("" of one that is to be made), and why it cannot be read."""
    if not exists:
        return "", ""
    try:
        return whole_file_digest(path), ""
    except OSError as trouble:
        return "", f"the file cannot be opened ({trouble.strerror or trouble})"


def _saved(path: str) -> str:
    """When the file was last saved, as the journal writes times."""
    try:
        return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC).isoformat(timespec="milliseconds")
    except OSError:
        return datetime.now(UTC).isoformat(timespec="milliseconds")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
