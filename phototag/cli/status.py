"""`phototag status`: one library at a glance."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import click

from phototag.cli.common import Shared, list_failures, shared
from phototag.report import many, out, out_json, rows, shown


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
        ("photos", _counted(photos, found.photos) + (f", {found.missing:,} missing" if found.missing else "")),
        ("files", _counts(found.kinds) or "none"),
        ("dates", f"from {_counts(found.dates)}" if photos else "none"),
        ("places", f"{many(found.placed, 'photo')} with GPS"),
        ("keywords", f"on {many(found.keyworded, 'photo')}"),
    ]
    for step, count in found.steps.items():
        failed = f", {count['failed']:,} failed" if count["failed"] else ""
        summary.append((step, f"{count['made']:,} made, {count['pending']:,} pending{failed}"))
    for step, makers in found.makers.items():
        said = "; ".join(f"{count:,} by {shown(maker)}" for maker, count in makers.items())
        advice = _by_one(step, next(iter(makers)), folder, both) if len(makers) > 1 else ""
        summary.append((f"{step} by", said + advice))
    if found.tagged:
        summary.append(("written", f"{many(found.tagged, 'file')}; phototag history shows the runs"))
    if found.half_done:
        summary.append(("half done", f"{many(found.half_done, 'change')}; bring to an end with: phototag recover"))
    out(rows(summary))
    list_failures(found.unreadable, "Could not be read")
    list_failures([(path, _UNKNOWN) for path in found.unknown], "Left alone after a crash")
    looks, translations = found.parted()
    list_failures([(path, f"{step}: {error}") for path, step, error in looks], "Could not be looked at")
    list_failures([(path, error) for path, _, error in translations], "Could not be translated")


_UNKNOWN = "it is neither as it was before our change nor as after it; somebody else has written it meanwhile"


_QUESTION = {"choose": ["--strict"], "verdict": ["--prompt", "cull"]}  # what a step is asked for by


def _by_one(step: str, maker: str, folder: Path, both: Shared) -> str:
    """How to have all answers of a step by one model: the command, with the describer of most of them."""
    if step == "translate":  # it follows what it translates
        return ""
    describer = "ollama" if maker.startswith("ollama:") else maker.partition("/")[0]
    library = ["--library", str(both.library)] if both.library else []
    words = ["phototag", "look", str(folder), "--describer", describer, *_QUESTION.get(step, ()), "--retag", *library]
    return f" (to have them all by one: {shown(shlex.join(words))})"


def _counted(whole: int, parts: Counter[str]) -> str:
    return f"{whole:,} ({_counts(parts)})" if whole else "none"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counter.most_common() if count)
