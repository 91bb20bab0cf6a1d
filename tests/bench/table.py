"""What was measured, as lines of one table or as JSON.

The decision here: a row holds numbers with their unit and the target as a number, so that "met" is computed in one
place, and a slow machine is told, never punished. Refused: an exit code that depends on speed.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from operator import ge, le

from rounds import Timing

_COLUMNS = (("", 3), ("what", 23), ("ours", 9), ("beside it", 23), ("", 9), ("wall", 6), ("cpu", 6), ("target", 8))
_VERDICTS = {True: "met", False: "not met", None: ""}
_AT_LEAST, _AT_MOST = ">=", "<="


@dataclass(frozen=True)
class Row:
    """One comparison. `decided_by` names the figure that the target is about: wall, cpu or ours."""

    target: str
    what: str
    ours: float
    unit: str
    beside: str = ""
    theirs: float | None = None
    wall: float | None = None  # times as fast as what stands beside it
    cpu: float | None = None
    goal: float | None = None
    sign: str = _AT_LEAST
    decided_by: str = "wall"

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None for a row that is there to compare with."""
        figure = getattr(self, self.decided_by)
        if self.goal is None or figure is None:
            return None
        return bool((ge if self.sign == _AT_LEAST else le)(figure, self.goal))


def compared(
    target: str,
    what: str,
    unit: str,
    ours: Timing,
    theirs: Timing,
    *,
    goal: float | None = None,
    by: str = "wall",
) -> Row:
    """A row of two timings: ours must be `goal` times as fast, by wall or by CPU time."""
    wall, cpu = ours.times_faster(theirs)
    figures = [seconds if unit == "s" else 1 / seconds for seconds in (ours.seconds, theirs.seconds)]
    return Row(target, what, figures[0], unit, theirs.name, figures[1], wall, cpu, goal, decided_by=by)


def limited(target: str, what: str, unit: str, ours: float, most: float, beside: str = "", theirs: float = 0.0) -> Row:
    """A row about one figure that must not exceed `most`."""
    return Row(target, what, ours, unit, beside, theirs if beside else None, None, None, most, _AT_MOST, "ours")


def heading() -> str:
    return _line([name for name, _ in _COLUMNS])


def line(row: Row) -> str:
    """At most 100 columns; the figure that decides has a star."""
    wall, cpu = (
        "" if value is None else f"{_short(value)}x{'*' if row.goal is not None and row.decided_by == name else ''}"
        for name, value in (("wall", row.wall), ("cpu", row.cpu))
    )
    goal = "" if row.goal is None else f"{row.sign} {_goal(row)}"
    theirs = "" if row.theirs is None else with_unit(row.theirs, row.unit)
    cells = [row.target, row.what, with_unit(row.ours, row.unit), row.beside, theirs, wall, cpu, goal]
    return f"{_line(cells)} {_VERDICTS[row.met]}".rstrip()


def machine(load_before: float) -> str:
    """What ran beside us: figures of a loaded machine are worth less, ratios much the same."""
    load = f"load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
    return f"{os.cpu_count()} cores, {load}, {platform.system()}, Python {platform.python_version()}"


def as_json(rows: Iterable[Row], machine: str) -> str:
    told = [asdict(row) | {"met": row.met} for row in rows]
    return json.dumps({"machine": machine, "rows": told}, indent=1)


def with_unit(value: float, unit: str) -> str:
    """A figure in nine columns: a rate, seconds, megabytes or a count."""
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"
    if unit == "MB":
        return f"{value:,.0f} MB"
    if unit == "B/s":
        return f"{value / 1e9:.2f} GB/s"
    if unit == "/s":
        return f"{_short(value / 1e3)} k/s" if value >= 1e4 else f"{value:,.0f}/s" if value >= 100 else f"{value:.1f}/s"
    return f"{value:,.0f}"


def _goal(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"{row.goal:g}x" if row.decided_by != "ours" else with_unit(row.goal, row.unit)


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _line(cells: Sequence[str]) -> str:
    return " ".join(_fitted(cells)).rstrip()


def _fitted(cells: Sequence[str]) -> Iterator[str]:
    for (name, width), cell in zip(_COLUMNS, cells, strict=True):
        left = name in ("what", "beside it", "target") or width == 3
        yield cell.ljust(width) if left else cell.rjust(width)
