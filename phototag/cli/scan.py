"""`phototag scan`: a folder of photos into the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from phototag.cli.common import Shared, interrupted, list_failures, shared, stopping
from phototag.report import Report, out, out_json, rows

if TYPE_CHECKING:
    from phototag.read.scan import Scanned
    from phototag.store.library import Library


@click.command("scan")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--no-decode", is_flag=True, help="Believe that pictures decode; several times faster the first time.")
@click.option("--retry-failed", is_flag=True, help="Read the files once more that could not be read.")
@click.option("--fresh", is_flag=True, help="Read every file anew, changed or not.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Read at most this many new photos.")
@click.option("--threads", type=click.IntRange(min=1), default=None, help="Threads for reading (default: one a core).")
@shared
def command(
    folder: Path,
    no_decode: bool,
    retry_failed: bool,
    fresh: bool,
    limit: int | None,
    threads: int | None,
    both: Shared,
) -> None:
    """Read a folder of photos into its library.

    For every file in FOLDER and below, finds out what it is, when and where it was taken and what is
    already written in it, and names every file that cannot be read. A second scan looks only at what
    has changed.

    It never changes a photo. It writes only into the folder .phototag in FOLDER (or in the library
    that FOLDER lies in, or in --library).

    \b
    Examples:
      phototag scan ~/Pictures
      phototag scan /media/card --library ~/Pictures --no-decode
    """
    from phototag import api
    from phototag.read.scan import Options

    options = Options(decode=not no_decode, fresh=fresh, retry_failed=retry_failed, limit=limit or 0)
    flags = both.flags | ({"threads": str(threads)} if threads else {})
    with stopping() as stop:
        library, found = api.scan(
            folder, library=both.library, options=options, flags=flags, report=both.report, stop=stop
        )
    if both.json:
        out_json(as_json(library, found, both.report.seconds))
    else:
        show(library, found, both.report)
    if found.interrupted:
        raise interrupted()
    raise SystemExit(1 if found.unreadable else 0)


def as_json(library: Library, found: Scanned, spent: dict[str, float]) -> dict[str, object]:
    return {
        "library": str(library.place.state),
        "photos": found.photos,
        "files": found.files,
        **{state: found.states[state] for state in ("new", "changed", "unchanged", "returned", "missing")},
        "sidecars_without_photo": found.orphans,
        "opened": found.opened,
        "unreadable": [{"path": path, "reason": reason} for path, reason in found.unreadable],
        "unreadable_before": found.unreadable_before,
        "interrupted": found.interrupted,
        "seconds": {stage: round(value, 3) for stage, value in spent.items()},
    }


def show(library: Library, found: Scanned, report: Report) -> None:
    """The end summary."""
    list_failures(found.unreadable, "Could not be read")
    states = ", ".join(f"{found.states[state]:,} {state}" for state in _STATES if found.states[state])
    summary = [("photos", f"{found.photos:,} in the library"), ("files", f"{found.files:,} ({states or 'none'})")]
    if found.unreadable or found.unreadable_before:
        before = f", {found.unreadable_before:,} known from before (phototag status)" if found.unreadable_before else ""
        summary.append(("unreadable", f"{len(found.unreadable):,}{before}"))
    if found.orphans:
        summary.append(("sidecars", f"{found.orphans:,} without a photo beside them"))
    summary.append(("time", report.spent()))
    summary.append(("library", str(library.place.state)))
    out(rows(summary))


_STATES = ("new", "changed", "unchanged", "returned", "missing")
