"""What there is to organise: each photo's originals, and which of them stand in the tree already.

The decision here: a picture stands in the tree if the tree holds it under any name, so that folders may be renamed and
photos moved by hand; a file without a picture of its own is known by the journal, which names original and copy.
Refused: a list of what was copied that a person's file manager knows nothing of.
"""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from phototag.decide.events import Taken
from phototag.decide.groups import Shot, bursts
from phototag.decide.legal import parted
from phototag.records import family
from phototag.store.library import Library, chunks

_FILES = ("path", "kind", "image_id", "size", "mtime_ns")


class _Row(NamedTuple):
    """What the table says of a photo."""

    image_id: str
    taken_at: str | None
    date_source: str | None
    camera: str | None
    lat: float | None
    lon: float | None
    facts: str


@dataclass(frozen=True, slots=True)
class Original:
    """One file of the source."""

    path: str  # stored
    kind: str
    image_id: str  # "" of a sidecar
    size: int
    mtime_ns: int

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


@dataclass(slots=True)
class Stock:
    """One photo of the source or of the tree: its files to copy, and where it stands already."""

    taken: Taken
    dated: bool
    burst_id: str = ""
    originals: list[Original] = field(default_factory=list)  # one of each picture, with their sidecars; leading first
    to_copy: list[Original] = field(default_factory=list)
    standing: str = ""  # folder and stem of its copies, relative to the root; "" if there are none
    of_day: bool = False  # its time is not known, only its day

    @property
    def image_id(self) -> str:
        return self.taken.image_id

    @property
    def is_new(self) -> bool:
        return bool(self.to_copy)


@dataclass
class Passed:
    """Originals that are not copied, by why."""

    there: int = 0  # the tree holds them
    twins: int = 0  # another file of the source is the same picture
    changed: list[str] = field(default_factory=list)  # copies that a person has changed since: theirs
    deleted: list[str] = field(default_factory=list)  # copies that a person has deleted


class Stocktaking:
    """Looks through the tables of one library for photos that have a file below the source."""

    def __init__(self, library: Library, source: str, *, trust_modified: bool, again: bool = False) -> None:
        self._library, self._source, self._trust, self._again = library, f"{source}/", trust_modified, again
        self.passed = Passed()

    def take(self, window_s: float) -> list[Stock]:
        """Every photo, with what has to be copied; bursts are marked, so that no event splits them."""
        files = self._files()
        rows = itertools.starmap(_Row, self._library.lance.tuples("photos", _Row._fields, "status = 'present'"))
        stocks = [self._stock(row, *files[row.image_id]) for row in rows if row.image_id in files]
        self._pass_over([stock for stock in stocks if stock.is_new])
        return _with_runs(stocks, window_s)

    def _files(self) -> dict[str, tuple[list[Original], list[Original]]]:
        """Photo -> its originals and its files in the tree: what came from other sources is part of the same events."""
        found: dict[str, tuple[list[Original], list[Original]]] = defaultdict(lambda: ([], []))
        where = "status = 'present' AND photo_id <> ''"
        for photo_id, *parts in self._library.lance.tuples("files", ("photo_id", *_FILES), where):
            one = Original(*parts)
            if one.path.startswith(self._source):
                found[photo_id][0].append(one)
            elif not one.path.startswith("/"):
                found[photo_id][1].append(one)
        return found

    def _stock(self, row: _Row, originals: list[Original], copies: list[Original]) -> Stock:
        chosen = chosen_of(originals) if originals else []
        self.passed.twins += len(originals) - len(chosen)
        there = {copy.image_id for copy in copies if copy.image_id}
        missing = [one for one in chosen if not one.image_id or one.image_id not in there]
        self.passed.there += len(chosen) - len(missing)
        standing = next((copy.path for copy in sorted(copies, key=lambda copy: copy.path) if copy.image_id), "")
        return Stock(
            taken=_taken(row, chosen[0].path if chosen else copies[0].path),
            dated=bool(row.taken_at) and (self._trust or row.date_source != "modified"),
            burst_id=_burst_id(row.facts),
            originals=chosen,
            to_copy=missing,
            standing=without_suffix(standing),
            of_day=row.date_source == "name" and (row.taken_at or "").endswith("T12:00:00"),
        )

    def _pass_over(self, stocks: Sequence[Stock]) -> None:
        """Take off the list what the journal says was copied before, and learn where it went."""
        copied: dict[str, str] = {}
        for some in chunks(stock.image_id for stock in stocks):
            for entries in self._library.changes.of_images(some).values():
                for entry in entries:
                    origin, target = str(entry.change.get("origin", "")), str(entry.change.get("target", ""))
                    if entry.change.get("kind") == "copy" and entry.state == "done":
                        copied[origin] = target
                    elif entry.change.get("kind") == "copy" and copied.get(origin) == target:
                        del copied[origin]  # taken back
        for stock in stocks:
            stock.to_copy = [one for one in stock.to_copy if not self._was_copied(one, stock, copied.get(one.path, ""))]

    def _was_copied(self, one: Original, stock: Stock, target: str) -> bool:
        if not target:
            return False
        if os.path.lexists(self._library.place.actual(target)):
            if one.image_id:
                self.passed.changed.append(target)
            else:
                self.passed.there += 1
            stock.standing = stock.standing or without_suffix(target)
            return True
        if one.image_id == "" and stock.standing:  # a sidecar of a photo that was moved or renamed moved along
            self.passed.there += 1
            return True
        self.passed.deleted.append(target)
        return not self._again


def chosen_of(originals: Sequence[Original]) -> list[Original]:
    """One file of each picture, and the sidecars that lie with them; what belongs together comes from one folder."""
    if len(originals) == 1:
        return list(originals)
    by_folder: dict[str, list[Original]] = defaultdict(list)
    for one in originals:
        by_folder[one.folder].append(one)
    leading = min(by_folder, key=lambda folder: (-len({one.kind for one in by_folder[folder]}), folder))
    pictures: dict[str, Original] = {}
    for one in sorted(originals, key=lambda one: (one.folder != leading, -one.size, one.path)):
        if one.image_id:
            pictures.setdefault(one.image_id, one)
    sidecars = [one for one in by_folder[leading] if not one.image_id]
    ordered = sorted(pictures.values(), key=lambda one: (one.folder != leading, family(one.kind) != "raw", one.path))
    return [*ordered, *sorted(sidecars, key=lambda one: one.path)]


def without_suffix(path: str) -> str:
    """Folder and stem of a file."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{parted(name)[0]}"


def _taken(row: _Row, path: str) -> Taken:
    return Taken(
        image_id=row.image_id,
        at=datetime.fromisoformat(row.taken_at) if row.taken_at else datetime.min,
        camera=row.camera or "",
        gps=(row.lat, row.lon) if row.lat is not None and row.lon is not None else None,
        path=path,
    )


def _burst_id(facts: str) -> str:
    """The camera's own word, read without parsing all that the file says."""
    _, found, rest = (facts or "").partition('"burst_id":"')
    return rest.partition('"')[0] if found else ""


def _with_runs(stocks: Sequence[Stock], window_s: float) -> list[Stock]:
    """The same, each shot of a burst with the burst's name."""
    shots = [
        Shot(one.image_id, one.taken.camera, (one.taken.at - datetime(1970, 1, 1)).total_seconds(), one.burst_id)
        for one in stocks
        if one.dated
    ]
    runs = {shot.image_id: burst[0].image_id for burst in bursts(shots, window_s) for shot in burst}
    for one in stocks:
        if run := runs.get(one.image_id):
            one.taken = replace(one.taken, run=run)
    return list(stocks)
