"""`phototag history`: what was written, run by run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json, shown

if TYPE_CHECKING:
    from phototag.records import Entry
    from phototag.store.changes import BatchSummary


@click.command("history")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@shared
def command(path: Path | None, both: Shared) -> None:
    """Show the runs that wrote into files, the newest first.

    With the PATH of a photo, also everything that was written into it and beside it.

    It only reads.

    \b
    Examples:
      phototag history
      phototag history ~/Pictures/DSC00042.jpg --json
    """
    from phototag import api

    runs, entries = api.history(path, library=both.library)
    if both.json:
        out_json({"runs": [_as_json(run) for run in runs], "entries": [_entry(entry) for entry in entries]})
        return
    for run in runs:
        out(f"{run.id}  {_counts(run)}  {shown(run.command)}".rstrip())
    for entry in entries:
        out(f"\n{entry.at}  {entry.state}  {shown(str(entry.change.get('target', '')))}  (run {entry.batch})")
        for tag, (before, after) in dict(entry.change.get("fields", {})).items():
            out(f"    {tag}: {_said(before)} -> {_said(after)}")
    if not runs:
        out("Nothing was written yet.")


def _as_json(run: BatchSummary) -> dict[str, object]:
    return {"run": run.id, "at": run.at, "command": run.command, "files": dict(run.counts)}


def _entry(entry: Entry) -> dict[str, object]:
    change = entry.change
    return {
        "run": entry.batch,
        "at": entry.at,
        "state": entry.state,
        "path": change.get("target", ""),
        "kind": change.get("kind", ""),
        "fields": change.get("fields", {}),
    }


def _counts(run: BatchSummary) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in run.counts.items()) or "nothing"


def _said(values: list[str]) -> str:
    return shown(", ".join(values)) or "nothing"
