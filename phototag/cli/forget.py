"""`phototag forget`: let go of what undo needs, for good."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


@click.command("forget")
@click.option("--older-than", "age", required=True, metavar="AGE", help="Such as 90d, 12w, 6m or 2y.")
@click.option("--folder", type=click.Path(path_type=Path), default=".", help="A folder of the library.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@shared
def command(age: str, folder: Path, yes: bool, both: Shared) -> None:
    """Drop what undo needs of old runs, for good, to free its space.

    What older runs wrote can then not be taken back byte for byte any more, only field by field. The
    history stays. This is one of the two commands of phototag that cannot be undone, so it asks.

    It never changes a photo.

    \b
    Examples:
      phototag forget --older-than 90d
      phototag forget --older-than 1y --folder ~/Pictures --yes
    """
    from phototag import api

    old = _age(age)
    runs, size = api.forgettable(old, folder, library=both.library)
    if runs and not yes:
        if both.json or not sys.stdin.isatty():
            raise click.UsageError("Nobody can be asked here: add --yes.")
        sentence = f"Drop the way back of {runs:,} runs ({size / 1e6:,.1f} MB) for good?"
        runs = runs if click.confirm(sentence, default=False, err=True) else 0
    if runs:
        runs, size = api.forget(old, folder, library=both.library, report=both.report)
    if both.json:
        out_json({"runs": runs, "bytes": size if runs else 0})
    else:
        out(f"Dropped what undo needs of {runs:,} runs: {size / 1e6:,.1f} MB." if runs else "Nothing was dropped.")


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([dwmy])", text.strip().lower())
    if not found:
        raise click.UsageError(f"--older-than {text}: write a number of days, weeks, months or years, such as 90d.")
    return timedelta(days=min(int(found[1]) * _DAYS[found[2]], 36_500))
