"""`phototag status`: one library at a glance."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from phototag.cli.common import Shared, list_failures, shared
from phototag.report import out, out_json, rows, shown


@click.command("status")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@shared
def command(folder: Path, both: Shared) -> None:
    """Show what a library holds, lacks and could not read.

    Photos by kind, where their dates come from, what is pending for each step, and every failure.

    It only reads, also while another phototag is writing.

    \b
    Examples:
      phototag status ~/Pictures
      phototag status --json
    """
    from phototag import api

    found = api.status(folder, library=both.library, flags=both.flags)
    if both.json:
        out_json(vars(found))
        return
    photos = sum(found.photos.values())
    summary = [
        ("library", found.state),
        ("scanned", ", ".join(map(shown, found.scanned))),
        ("photos", f"{photos:,} ({_counts(found.photos)})" + (f", {found.missing:,} missing" if found.missing else "")),
        ("files", _counts(found.kinds) or "none"),
        ("dates", f"from {_counts(found.dates)}" if photos else "none"),
        ("places", f"{found.placed:,} photos with GPS"),
        ("keywords", f"{found.keyworded:,} photos have some"),
    ]
    for step, count in found.steps.items():
        failed = f", {count['failed']:,} failed" if count["failed"] else ""
        summary.append((step, f"{count['made']:,} made, {count['pending']:,} pending{failed}"))
    for step, makers in found.makers.items():
        said = "; ".join(f"{count:,} by {shown(maker)}" for maker, count in makers.items())
        mixed = " (to have them all by one: phototag look --retag)" if len(makers) > 1 else ""
        summary.append((f"{step} by", said + mixed))
    if found.tagged:
        summary.append(("written", f"{found.tagged:,} files; phototag history shows the runs"))
    if found.half_done:
        summary.append(("half done", f"{found.half_done:,} changes; bring them to an end with: phototag recover"))
    out(rows(summary))
    list_failures(found.unreadable, "Could not be read")
    list_failures([(path, _UNKNOWN) for path in found.unknown], "Left alone after a crash")
    list_failures([(path, f"{step}: {error}") for path, step, error in found.failed], "Could not be looked at")


_UNKNOWN = "it is neither as it was before our change nor as after it; somebody else has written it meanwhile"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counter.most_common() if count)
