"""The journal's changes to files as a table, so that a question about one file never reads the whole journal.

The decision here: the journal is the truth and this table a copy of it, brought up to date from the byte up to which
it was read before; a row is an entry at the last state that it reached. Refused: writing to both, which two crashes
later say two things.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from phototag.records import Entry
from phototag.store.lance import Lance, one_of, quoted
from phototag.store.log import Log, replace_file
from phototag.store.tables import clean, schema

_TABLE = "changes"
_NOTE = "changes.json"
_TOGETHER = 2_000  # entries that are folded and stored at once
_CHUNK = 500  # ids in one SQL list
_LINES = (b'{"id":', b'{"batch":')  # of the journal's lines, those that speak of changes
_BATCH = "batch"  # the kind of the row that stands for a whole batch
_FIELDS = frozenset(field.name for field in fields(Entry))


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """The changes of one command, counted by the state that they have reached."""

    id: str
    at: str
    command: str
    counts: Mapping[str, int]


class Changes:
    """Reading never needs the library's lock and sees what was replayed; `replay` needs it."""

    def __init__(self, lance: Lance, log: Log) -> None:
        self._lance, self._log = lance, log

    # ---- questions

    def of_targets(self, targets: Iterable[str]) -> dict[str, list[Entry]]:
        """What was done to each of these files, the oldest first; files that were never changed are left out."""
        return self._by("target", targets)

    def of_images(self, ids: Iterable[str]) -> dict[str, list[Entry]]:
        """What was done to the files of each of these photos, the oldest first."""
        return self._by("image_id", ids)

    def ids_below(self, folder: str) -> list[str]:
        """The changes that are done to files in a folder and in the folders in it; "" is the whole root."""
        if not folder:
            return self._done("target NOT LIKE '/%'")
        behind = quoted(f"{folder}0")  # 0 follows the slash
        return self._done(f"target >= {quoted(f'{folder}/')} AND target < {behind}")

    def ids_of_batch(self, batch: str) -> list[str]:
        """The changes that one command made and that are done."""
        return self._done(f"batch = {quoted(batch)}")

    def newest_first(self, ids: Iterable[str]) -> Iterator[Entry]:
        """These entries, some at a time, the one that began last first."""
        order = self.order(ids)
        for some in _chunks(sorted(order, key=order.__getitem__, reverse=True)):
            found = {id: entries[0] for id, entries in self._by("id", some).items()}
            yield from (found[id] for id in some)

    def of_batch(self, batch: str) -> list[Entry]:
        """What one command did, the first first."""
        return self._by("batch", [batch]).get(batch, [])

    def entry(self, id: str) -> Entry | None:
        """One entry by its id."""
        return next(iter(self._by("id", [id]).get(id, [])), None)

    def targets(self, state: str) -> set[str]:
        """The files of which a change, that is no undo, has reached this state."""
        where = f"state = {quoted(state)} AND kind NOT IN ('undo', {quoted(_BATCH)})"
        return {row["target"] for row in self._lance.rows(_TABLE, ("target",), where)}

    def copies(self) -> dict[str, str]:
        """The files of the tree that are copies which we made, each with its photo."""
        return dict(self._lance.tuples(_TABLE, ("target", "image_id"), "state = 'done' AND kind = 'copy'"))

    def order(self, ids: Iterable[str]) -> dict[str, int]:
        """A number for each entry that grows with the time at which it began."""
        return {
            row["id"]: row["seq"]
            for some in _chunks(ids)
            for row in self._lance.rows(_TABLE, ("id", "seq"), one_of("id", some))
        }

    def batches(self) -> list[BatchSummary]:
        """Every command that changed files, the oldest first."""
        counts: dict[str, Counter[str]] = {}
        named: dict[str, tuple[int, str, str]] = {}
        for row in self._lance.rows(_TABLE, ("batch", "state", "seq", "at"), f"kind <> {quoted(_BATCH)}"):
            counts.setdefault(row["batch"], Counter())[row["state"]] += 1
            seq, at, _ = named.get(row["batch"], (row["seq"], row["at"], ""))
            named[row["batch"]] = (min(seq, row["seq"]), min(at, row["at"]), "")
        for row in self._lance.rows(_TABLE, ("batch", "target", "seq", "at"), f"kind = {quoted(_BATCH)}"):
            named[row["batch"]] = (row["seq"], row["at"], row["target"])
        return [
            BatchSummary(batch, at, command, dict(counts.get(batch, {})))
            for batch, (_, at, command) in sorted(named.items(), key=lambda pair: pair[1])
        ]

    # ---- keeping up

    def replay(self) -> None:
        """Take over what the journal says beyond what was taken over before."""
        size, start = self._log.size(), self._offset()
        if start > size:  # another journal: a copy of an older day was put back
            self._lance.delete(_TABLE, "true")
            start = 0
        if start == size:
            return
        lines: dict[str, list[tuple[dict[str, Any], int]]] = {}
        end = start
        for line, end in self._log.read(start, _LINES):
            name = line.get("id", line.get("batch"))
            if isinstance(name, str) and isinstance(line.get("change", {}), dict):
                lines.setdefault(name, []).append((line, end))
            if len(lines) >= _TOGETHER:
                self._take(lines)
                self._note(end)
                lines = {}
        self._take(lines)
        self._note(max(end, size))

    def _take(self, lines: Mapping[str, list[tuple[dict[str, Any], int]]]) -> None:
        """Fold the lines into rows, on top of what the table knows of their entries."""
        if not lines:
            return
        began_earlier = [name for name, said in lines.items() if "change" not in said[0][0]]
        known = {
            row["id"]: row
            for some in _chunks(began_earlier)
            for row in self._lance.rows(_TABLE, schema(_TABLE).names, one_of("id", some))
        }
        self._lance.merge(_TABLE, [_row(name, said, known.get(name)) for name, said in lines.items()])

    def _offset(self) -> int:
        """Up to where the journal is in the table; 0 where that is not known for sure."""
        try:
            content = json.loads((self._lance.folder / _NOTE).read_bytes())
            offset, table_needed = int(content["offset"]), bool(content["rows"])
        except (OSError, ValueError, TypeError, KeyError):  # absent or cut: taking all over again does no harm
            return 0
        return offset if self._lance.exists(_TABLE) or not table_needed else 0

    def _note(self, offset: int) -> None:
        content = {"offset": offset, "rows": self._lance.exists(_TABLE)}
        replace_file(self._lance.folder / _NOTE, json.dumps(content).encode(), durable=False)

    def _done(self, where: str) -> list[str]:
        where = f"{where} AND state = 'done' AND kind NOT IN ('undo', {quoted(_BATCH)})"
        return [row["id"] for row in self._lance.rows(_TABLE, ("id",), where)]

    def _by(self, column: str, values: Iterable[str]) -> dict[str, list[Entry]]:
        grouped: dict[str, list[Entry]] = {}
        for some in _chunks(values):
            for entry in self._where(one_of(column, some)):
                value = getattr(entry, column, "") or str(entry.change.get(column, ""))
                grouped.setdefault(value, []).append(entry)
        return grouped

    def _where(self, condition: str) -> list[Entry]:
        rows = self._lance.rows(_TABLE, ("seq", "entry"), f"{condition} AND kind <> {quoted(_BATCH)}")
        return [Entry(**json.loads(row["entry"])) for row in sorted(rows, key=lambda row: int(row["seq"]))]


def _row(name: str, said: list[tuple[dict[str, Any], int]], known: dict[str, Any] | None) -> dict[str, Any]:
    first, seq = said[0]
    if "id" not in first:  # the line with which a batch begins
        words = {column: clean(str(first.get(column, ""))) for column in ("command", "at")}
        empty = {"image_id": "", "kind": _BATCH, "state": "", "entry": "{}"}
        return {"id": name, "batch": name, "target": words["command"], "at": words["at"], "seq": seq} | empty
    parts = json.loads(known["entry"]) if known else {"id": name, "batch": "", "state": ""}
    for line, _ in said:
        parts |= {column: value for column, value in line.items() if column in _FIELDS}
    entry = Entry(**parts)
    columns = {column: clean(str(entry.change.get(column, ""))) for column in ("target", "image_id", "kind")}
    return columns | {
        "id": entry.id,
        "batch": entry.batch,
        "state": entry.state,
        "at": entry.at,
        "seq": known["seq"] if known else seq,
        "entry": clean(json.dumps(parts, ensure_ascii=False)),
    }


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    every = list(dict.fromkeys(values))
    for start in range(0, len(every), _CHUNK):
        yield every[start : start + _CHUNK]
