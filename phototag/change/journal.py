"""The journal of every change to a user's file and every decision of a person: written first, read last.

The decision here: an entry is what a change has reached (`begun`, `ready`, `done`, `aborted`, `undone`,
`unknown`), later lines complete earlier ones, and recovery believes digests, not states. Refused: a
journal that is written after the rename.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from phototag.change import folders, quarantine_ends
from phototag.read.identity import whole_file_digest
from phototag.records import Entry, Said
from phototag.report import Report, shown
from phototag.store.log import Log, replace_file
from phototag.store.place import Place
from phototag.store.tables import now

FORMAT = {"journal": "phototag", "format": 1}
TEMP_PREFIX = ".phototag-"
OPEN = ("begun", "ready")  # states in which a file may be half done
BATCH_TIME = "%Y%m%d-%H%M%S"  # UTC: how the name of a batch begins
_FIELDS = tuple(field.name for field in fields(Entry))
_TAIL = 64  # bytes in front of the checkpoint by which it knows its journal again


class Journal:
    """The journal of one library. Appending needs the library's lock."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._checkpoint = log.path.with_name("journal.settled")
        self._read_to = -1  # -1: not looked at yet
        self._open: dict[str, tuple[int, Entry]] = {}  # half-done entries, each with the offset at which it begins

    # ---- changes

    def begin(self, command: str, batch: str = "") -> str:
        """Note that a batch begins, for this command; returns its id."""
        batch = batch or new_batch()
        self._append([{"batch": batch, "command": command, "at": now()}])
        return batch

    def append(self, entries: Iterable[Entry]) -> None:
        """Make the entries durable before anything is done about them."""
        self._append([_spoken(replace(entry, at=entry.at or now())) for entry in entries])

    def forgotten(self, batches: Sequence[str]) -> None:
        """Note that the pre-images of these batches are dropped."""
        self._append([{"forgotten": list(batches), "at": now()}])

    def entries(self) -> dict[str, Entry]:
        """Every entry in the order in which it began, each at the last state that it reached; reads everything."""
        found: dict[str, Entry] = {}
        for line, _ in self._log.read():
            if _is_of_an_entry(line):
                found[line["id"]] = _completed(found.get(line["id"]), line)
        return found

    # ---- people

    def say(self, words: Iterable[Said]) -> None:
        """Make what a person decided durable."""
        self._append([{"said": _spoken(replace(word, at=word.at or now()))} for word in words])

    def said(self) -> Iterator[Said]:
        """Everything that people decided, in the order in which they did."""
        for line, _ in self._log.read(only=b'{"said":'):
            words = line["said"]
            if isinstance(words, dict) and isinstance(words.get("image_id"), str):
                lists = {name: tuple(words.get(name, ())) for name in ("accept", "reject", "add", "remove")}
                yield Said(words["image_id"], **lists, caption=words.get("caption", {}), at=words.get("at", ""))

    # ---- what is half done

    def open_ends(self) -> Iterator[Entry]:
        """The changes that a crash left half done, without reading what was settled long ago."""
        self._catch_up()
        yield from [entry for _, entry in self._open.values()]

    def settle(self) -> None:
        """Remember up to where everything has come to an end, so that the next run starts to read there."""
        self._catch_up()
        offset = min((begins for begins, _ in self._open.values()), default=self._read_to)
        content = {"offset": offset, "tail": self._tail(offset)}
        replace_file(self._checkpoint, json.dumps(content).encode(), durable=False)

    def _catch_up(self) -> None:
        if self._read_to < 0:
            self._read_to = self._settled()
        begins = self._read_to
        for line, end in self._log.read(begins):
            if _is_of_an_entry(line):
                start, known = self._open.pop(line["id"], (begins, None))
                entry = _completed(known, line)
                if entry.state in OPEN:
                    self._open[entry.id] = (start, entry)
            begins = self._read_to = end

    def _settled(self) -> int:
        """The offset in the checkpoint, if this is the journal that it was made for; else the beginning."""
        try:
            content = json.loads(self._checkpoint.read_bytes())
            offset = int(content["offset"])
            whole = 0 <= offset <= self._log.size() and content["tail"] == self._tail(offset)
        except (OSError, ValueError, TypeError, KeyError):  # absent or cut: reading everything is safe, only slower
            return 0
        return offset if whole else 0

    def _tail(self, offset: int) -> str:
        """The last bytes in front of the offset, which end a line."""
        if not offset:
            return ""
        with self._log.path.open("rb") as file:
            file.seek(max(offset - _TAIL, 0))
            tail = file.read(offset - file.tell())
        return tail.hex() if tail.endswith(b"\n") else "not the end of a line"

    def _append(self, lines: list[dict[str, Any]]) -> None:
        if lines and self._log.size() == 0:
            lines.insert(0, dict(FORMAT))
        self._log.append(lines)


def new_batch() -> str:
    """An id for a batch: it sorts by time and can be typed."""
    return f"{datetime.now(UTC).strftime(BATCH_TIME)}-{secrets.token_hex(2)}"


def _spoken(record: Entry | Said) -> dict[str, Any]:
    """The fields of a line that say anything."""
    parts = ((field.name, getattr(record, field.name)) for field in fields(record))
    return {name: value for name, value in parts if value not in ("", {}, ())}


def _is_of_an_entry(line: dict[str, Any]) -> bool:
    named = isinstance(line.get("id"), str) and isinstance(line.get("state"), str)
    return named and isinstance(line.get("change", {}), dict)


def _completed(known: Entry | None, line: dict[str, Any]) -> Entry:
    parts = {name: getattr(known, name) for name in _FIELDS} if known else {"batch": ""}
    return Entry(**(parts | {name: value for name, value in line.items() if name in _FIELDS}))


def ended(entry: Entry, state: str) -> list[Entry]:
    """The lines with which an entry ends; an undo that is done ends what it took back as well."""
    end = Entry(entry.id, entry.batch, state)
    taken_back = entry.change.get("of")
    if state == "done" and isinstance(taken_back, str) and taken_back:
        # In this order: where a crash cuts between the two, the undo is still open and recovery writes both.
        return [Entry(taken_back, "", "undone"), end]
    return [end]


def recover(journal: Journal, place: Place, report: Report) -> Counter[str]:
    """Bring every half-done change to an end that the digests prove; returns how many ended how."""
    half_done = list(journal.open_ends())
    ends = [(entry, state) for entry in half_done if (state := _end_of(entry, place))]
    stuck = _drop_temps([entry for entry, _ in ends], place)
    ends = [(entry, state) for entry, state in ends if entry.id not in stuck]
    if waiting := len(half_done) - len(ends):
        report.warn(f"{waiting} half-done changes wait for a folder that cannot be reached or written now.")
    for entry, state in ends:
        if state == "unknown":
            target = shown(place.actual(str(entry.change.get("target", ""))))
            report.warn(f"{target} is neither as it was before our change nor as after it; it is left alone.")
    gone = [entry for entry, state in ends if state == ("done" if _takes_file_back(entry) else "aborted")]
    folders.drop(place, (name for entry in gone for name in _folders(entry)))
    journal.append(line for entry, state in ends for line in ended(entry, state))
    journal.settle()
    return Counter(state for _, state in ends)


def _takes_file_back(entry: Entry) -> bool:
    """Does a file that we made, and its folders, go when the entry is done? Not what was moved: that comes back."""
    return bool(entry.change.get("of")) and not quarantine_ends.is_move(entry.change)


def _end_of(entry: Entry, place: Place) -> str:
    """How the entry ends; "" where that cannot be told now."""
    if quarantine_ends.is_move(entry.change):
        return quarantine_ends.end_of(entry.change, entry.state, entry.before or entry.after, place)
    target = entry.change.get("target")
    if not isinstance(target, str):  # the line does not say which file it was
        return "aborted" if entry.state == "begun" else "unknown"
    path = Path(place.actual(target))
    if not (_is_in_tree(entry) or _is_there(path)):
        return ""
    if entry.state == "begun":
        return "aborted"
    if entry.before == entry.after:
        return "unknown"
    try:
        digest = whole_file_digest(path)
    except (FileNotFoundError, NotADirectoryError):
        digest = ""
    except OSError:  # it is there and cannot be read now
        return ""
    return {entry.before: "aborted", entry.after: "done"}.get(digest, "unknown")


def _is_there(path: Path) -> bool:
    """Whether the folder of the changed file is there; of an unplugged disk an empty folder may remain."""
    try:
        return path.exists() or any(path.parent.iterdir())
    except OSError:
        return False


def _is_in_tree(entry: Entry) -> bool:
    """Is it of the copy tree, which lies in the root that is open? Its folder may just not have been made yet."""
    change = entry.change
    in_root = not str(change.get("target", "")).startswith("/")
    return in_root and bool(change.get("origin") or change.get("container") == "json")


def _folders(entry: Entry) -> list[str]:
    """The stored folders that were made for the entry's file."""
    named = entry.change.get("folders")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _drop_temps(entries: Sequence[Entry], place: Place) -> set[str]:
    """Remove the temp files that the entries name, if they are ours; the ids of those whose temps cannot be removed."""
    stuck: set[str] = set()
    may_lack = set()  # folders that were to be made
    names: dict[Path, dict[str, str]] = {}  # folder -> how the names of a temp and of its own temps begin -> entry
    for entry in entries:
        temp = entry.change.get("temp")
        if isinstance(temp, str) and (path := Path(place.actual(temp))).name.startswith(TEMP_PREFIX):
            names.setdefault(path.parent, {})[path.stem] = entry.id
            if _is_in_tree(entry) or quarantine_ends.is_move(entry.change):
                may_lack.add(path.parent)
    for folder, stems in names.items():
        beginnings = tuple(stems)
        try:
            litter = [path for path in folder.iterdir() if path.name.startswith(beginnings)]
            for path in litter:
                path.unlink()
        except OSError:
            if folder not in may_lack or os.path.lexists(folder):
                stuck.update(stems.values())
    return stuck
