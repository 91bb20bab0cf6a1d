"""What there is to do in one folder: the difference between its entries and its rows.

The decision here: the unit of work is all files of one stem, because whether they are one photo is
decided together; a unit in which nothing has changed is not touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from phototag.read.intake import Arrival
from phototag.read.units import stem
from phototag.read.walk import Folder
from phototag.store.place import escape

Row = dict[str, Any]


@dataclass
class Unit:
    """The files of one stem in one folder: which to read, and the stored paths of the others by what became of them."""

    folder: FolderWork
    arrivals: list[Arrival] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    long_gone: list[str] = field(default_factory=list)  # still say which photo the others belong to

    @property
    def is_idle(self) -> bool:
        return not (self.arrivals or self.returned or self.gone)

    @property
    def standing(self) -> list[str]:
        """The paths whose rows are needed beside what is read."""
        return [*self.known, *self.returned, *self.gone, *self.long_gone]


@dataclass
class FolderWork:
    """One folder on its way into the library, until its last unit is stored."""

    stored: str
    digest: str
    rows: dict[str, Row]  # by stored path, kept up while units are stored
    units_left: int = 0
    complete: bool = True

    @property
    def present(self) -> list[Row]:
        return [row for row in self.rows.values() if row["status"] != "missing"]


def units_of(folder: Folder, work: FolderWork, again: Callable[[Row], bool]) -> tuple[list[Unit], list[str]]:
    """The units to do, and the stored paths that stand as they are; `again` asks for a row to be read anew."""
    stems: dict[str, Unit] = {}

    def unit(name: str) -> Unit:
        return stems.setdefault(stem(name), Unit(work))

    present = set()
    base = folder.path.rstrip(os.sep) + os.sep
    for name, size, mtime_ns, inode in folder.entries:
        path = f"{work.stored}/{escape(name)}" if work.stored else escape(name)
        present.add(path)
        row = work.rows.get(path)
        if row is None or (row["size"], row["mtime_ns"], row["inode"]) != (size, mtime_ns, inode) or again(row):
            unit(name).arrivals.append(Arrival(base + name, path, name, size, mtime_ns, inode))
        elif row["status"] == "missing":
            unit(name).returned.append(path)
        else:
            unit(name).known.append(path)
    for path in work.rows.keys() - present:
        absent = unit(path.rpartition("/")[2])
        (absent.long_gone if work.rows[path]["status"] == "missing" else absent.gone).append(path)
    wanted = [unit for unit in stems.values() if not unit.is_idle]
    work.units_left = len(wanted)
    return wanted, [path for unit in stems.values() if unit.is_idle for path in unit.known]
