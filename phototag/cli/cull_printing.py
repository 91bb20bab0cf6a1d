"""How a run of `phototag cull` ends: the table, the rows for programs, and what was done with the verdicts.

The decision here: results are a table on a terminal and rows in a pipe, and every deed says in one line what it did.
Refused: a summary that hides which photos failed.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag.cli.common import Shared, list_failures
from phototag.report import many, out, rows, shown

if TYPE_CHECKING:
    from phototag.api_quarantine import Gone
    from phototag.change.gathering_groups import Exported
    from phototag.culling.nouns import Culled
    from phototag.tagging import Tagged

_WIDTH = 80  # where there is no terminal to ask


def table(culled: Culled, everything: bool) -> None:
    """The groups, and how many of what."""
    from phototag.culling import listing

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
    for line in listing.table(culled, max(_WIDTH, width), everything=everything):
        out(line)
    out(rows(listing.totals(culled)))


def as_tsv(culled: Culled) -> None:
    """Every photo, with tabs between."""
    from phototag.culling import listing

    for line in listing.tsv(culled):
        out(line)


def applied(culled: Culled, both: Shared) -> None:
    """Which decisions of a person's were taken over."""
    if culled.applied:
        parts = [f"{count:,} {verdict}" for verdict, count in sorted(culled.applied.items())]
        both.report.say(f"Applied your decisions: {', '.join(parts)}. They win over whatever is measured.")
    if culled.left_out:
        both.report.say(f"Not applied to {many(len(culled.left_out), 'photo')} not in this folder:")
        for path, why in culled.left_out:
            both.report.say(f"  {shown(path)} {why}")


def failures(culled: Culled) -> None:
    """The photos that could not be read or looked at."""
    list_failures(culled.scanned.unreadable, "Could not be read")
    list_failures(culled.looked.failed, "Could not be looked at")
    if culled.asked:
        list_failures(culled.asked.failed, "Could not be asked about")


def exported(done: Exported, both: Shared) -> dict[str, Any]:
    """What an export copied."""
    if not both.json:
        there = f"; {done.there:,} were there already" if done.there else ""
        out(f"{many(done.copied, 'file')} of {many(done.groups, 'group')} copied to {shown(str(done.folder))}{there}")
        list_failures(done.failed, "Not copied")
    return {
        "folder": str(done.folder),
        "groups": done.groups,
        "copied": done.copied,
        "there_already": done.there,
        "failed": [{"path": path, "reason": why} for path, why in done.failed],
    }


def written(done: Tagged, dry_run: bool, both: Shared, plan: list[dict[str, Any]]) -> dict[str, Any]:
    """What was written into the files, and how it is taken back."""
    if not both.json:
        list_failures(done.instead, "Into a sidecar instead, for the file itself cannot be written without loss")
        list_failures(done.refused, "Would not be written" if dry_run else "Not written")
        out(rows(_written(done, dry_run)))
    return {
        "run": done.batch,
        "plan": plan,
        "planned": done.plan.files,
        "unchanged": done.plan.unchanged,
        "written": dict(done.written),
        "refused": [{"path": path, "reason": why} for path, why in done.refused],
    }


def moved(gone: Gone, culled: Culled, both: Shared) -> tuple[dict[str, Any], bool]:
    """What went into the quarantine, and whether anything could not."""
    if not both.json:
        list_failures(gone.refused, "Not moved")
        back = f" Take it back: phototag undo {gone.batch}{_elsewhere(culled.library.place.root)}" if gone.moved else ""
        out(f"{many(len(gone.moved), 'file')} moved into the quarantine.{back}")
    found = {
        "run": gone.batch,
        "moved": [{"path": path, "lies": lies} for path, lies in gone.moved],
        "refused": [{"path": path, "reason": why} for path, why in gone.refused],
    }
    return found, bool(gone.refused)


def _elsewhere(root: Path) -> str:
    """How a command names the library from a folder that is not in it."""
    return "" if Path.cwd().is_relative_to(root) else f" --library {shlex.quote(str(root))}"


def _written(done: Tagged, dry_run: bool) -> list[tuple[str, str]]:
    told = [("planned", f"{done.plan.files:,} files to write, {done.plan.unchanged:,} stay as they are")]
    if not done.written:
        return [*told, ("written", "nothing: this was a rehearsal" if dry_run else "nothing")]
    elsewhere = _elsewhere(done.library.place.root)
    told.append(("written", f"{done.written['embed']:,} inside the files, {done.written['sidecar']:,} beside them"))
    return [*told, ("take it back", f"phototag undo {done.batch}{elsewhere}")]
