"""The journal of every change to a user's file and every decision of a person: written first, read last.

The decision here: an entry is what a change has reached (`begun`, `ready`, `done`, `aborted`, `undone`,
`unknown`), later lines complete earlier ones, and recovery believes digests, not states. Refused: a
journal that is written after the rename.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from phototag.read.identity import whole_file_digest
from phototag.records import Entry, Said
from phototag.report import Report, shown
from phototag.store.log import Log
from phototag.store.place import Place
from phototag.store.tables import now

FORMAT = {"journal": "phototag", "format": 1}
_FIELDS = tuple(field.name for field in fields(Entry))


class Journal:
    """The journal of one library. Appending needs the library's lock."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def append(self, entries: Iterable[Entry]) -> None:
        """Make the entries durable before anything is done about them."""
        self._append([_spoken(replace(entry, at=entry.at or now())) for entry in entries])

    def _append(self, lines: list[dict[str, Any]]) -> None:
        if lines and self._log.size() == 0:
            lines.insert(0, dict(FORMAT))
        self._log.append(lines)

    def entries(self) -> dict[str, Entry]:
        """Every entry in the order in which it began, each at the last state that it reached."""
        found: dict[str, Entry] = {}
        for line, _ in self._log.read():
            named = isinstance(line.get("id"), str) and isinstance(line.get("state"), str)
            if named and isinstance(line.get("change", {}), dict):
                known = asdict(found[line["id"]]) if line["id"] in found else {"batch": ""}
                found[line["id"]] = Entry(**(known | {k: v for k, v in line.items() if k in _FIELDS}))
        return found

    def say(self, words: Iterable[Said]) -> None:
        """Make what a person decided durable."""
        self._append([{"said": _spoken(replace(word, at=word.at or now()))} for word in words])

    def said(self) -> Iterator[Said]:
        """Everything that people decided, in the order in which they did."""
        for line, _ in self._log.read():
            words = line.get("said")
            if isinstance(words, dict) and isinstance(words.get("image_id"), str):
                lists = {name: tuple(words.get(name, ())) for name in ("accept", "reject", "add", "remove")}
                yield Said(words["image_id"], **lists, caption=words.get("caption", {}), at=words.get("at", ""))

    def open_ends(self) -> Iterator[Entry]:
        """The changes that a crash left half done."""
        yield from (entry for entry in self.entries().values() if entry.state in ("begun", "ready"))


def _spoken(record: Entry | Said) -> dict[str, Any]:
    """The fields of a line that say anything."""
    return {name: value for name, value in asdict(record).items() if value not in ("", {}, ())}


def recover(journal: Journal, place: Place, report: Report) -> Counter[str]:
    """Bring every half-done change to an end that the digests prove; returns how many ended how."""
    half_done = list(journal.open_ends())
    there = [entry for entry in half_done if _is_there(entry, place)]
    if away := len(half_done) - len(there):
        report.warn(f"{away} half-done changes wait for a folder that is not there now.")
    ends = [replace(entry, state=_end_of(entry, place), at="") for entry in there]
    for entry in ends:
        _drop_temp(entry, place)
        if entry.state == "unknown":
            target = shown(place.actual(str(entry.change.get("target", ""))))
            report.warn(f"{target} is neither as it was before our change nor as after it; it is left alone.")
    journal.append(Entry(entry.id, entry.batch, entry.state) for entry in ends)
    return Counter(entry.state for entry in ends)


def _is_there(entry: Entry, place: Place) -> bool:
    """Whether the folder of the changed file is there; on an unplugged disk nothing can be told."""
    target = entry.change.get("target")
    return not isinstance(target, str) or Path(place.actual(target)).parent.is_dir()


def _end_of(entry: Entry, place: Place) -> str:
    if entry.state == "begun":
        return "aborted"
    try:
        digest = whole_file_digest(place.actual(str(entry.change["target"])))
    except (OSError, KeyError):  # the file has gone, or the line does not say which it was
        return "unknown"
    return {entry.before: "aborted", entry.after: "done"}.get(digest, "unknown")


def _drop_temp(entry: Entry, place: Place) -> None:
    """Remove the temp file that the entry names, if it is one of ours."""
    named: Any = entry.change.get("temp")
    if isinstance(named, str) and Path(named).name.startswith(TEMP_PREFIX):
        Path(place.actual(named)).unlink(missing_ok=True)


TEMP_PREFIX = ".phototag-"
