"""`phototag quarantine`: what was put away; bring it back, or let go of it for good."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import Shared, interrupted, list_failures, shared, stopping
from phototag.report import many, out, out_json, shown, size

if TYPE_CHECKING:
    from phototag.api_quarantine import Gone, Quarantined

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_FOLDER = click.option("--folder", type=click.Path(path_type=Path), default=".", help="A folder of the library.")


@click.group("quarantine")
def command() -> None:
    """What was put away, by `duplicates` and `cull`: list it, bring it back, or let go of it.

    Files in the quarantine lie in .phototag/quarantine, as they were, and are not scanned, searched or organised. It
    never changes a photo; only purge deletes, after asking, and nothing younger than seven days.

    \b
    Examples:
      phototag quarantine list
      phototag quarantine restore 2024/IMG_1.jpg
    """


@command.command("list")
@_FOLDER
@shared
def listed(folder: Path, both: Shared) -> None:
    """List what lies in the quarantine, the newest first. It changes nothing.

    \b
    Examples:
      phototag quarantine list
      phototag quarantine list --folder ~/Pictures --json
    """
    from phototag import api

    found = api.quarantined(folder, library=both.library)
    if both.json:
        out_json({"files": [_as_json(one) for one in found]})
        return
    run = ""
    for one in found:
        if one.batch != run:
            run = one.batch
            out(f"{one.at.astimezone():%Y-%m-%d %H:%M}  {many(one.age.days, 'day')} ago  (run {run})")
        out(f"  {size(one.size):>9}  {shown(one.path)}")
        out(f"             {shown(one.why)}")
    total = sum(one.size for one in found)
    out(f"{many(len(found), 'file')}, {size(total)}." if found else "The quarantine is empty.")


@command.command("restore")
@click.argument("names", nargs=-1, metavar="[PATH | RUN]...")
@click.option("--all", "everything", is_flag=True, help="Everything that lies there.")
@_FOLDER
@shared
def restored(names: tuple[str, ...], everything: bool, folder: Path, both: Shared) -> None:
    """Bring files back to where they were, byte for byte.

    PATH is where a file was, or a folder of such files; RUN is the name of a run, as list shows it. A file whose
    place is taken by another one stays where it is, and is named. Tags that the kept photo took over stay there:
    phototag undo takes a whole run back, with these.

    \b
    Examples:
      phototag quarantine restore 2024/IMG_1.jpg
      phototag quarantine restore --all --folder ~/Pictures
    """
    from phototag import api

    if not names and not everything:
        raise click.UsageError("Say what: a file or folder, the name of a run, or --all.")
    with stopping() as stop:
        gone = api.restore(
            names,
            folder,
            everything=everything,
            library=both.library,
            flags=both.flags,
            report=both.report,
            stop=stop,
        )
        stopped = stop()
    _told(gone, "brought back", both)
    if stopped:
        raise interrupted()
    raise SystemExit(1 if gone.refused else 0)


@command.command("purge")
@click.option("--older-than", "age", default="7d", metavar="AGE", help="Such as 30d, 12w or 1y; never less than 7d.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_FOLDER
@shared
def purged(age: str, yes: bool, folder: Path, both: Shared) -> None:
    """Delete for good what has been in the quarantine for more than seven days.

    This is one of the two commands of phototag that cannot be undone, so it asks. A duplicate whose kept copy is
    not there any more is left, and named.

    \b
    Examples:
      phototag quarantine purge
      phototag quarantine purge --older-than 30d --yes
    """
    from phototag import api

    old = api.purgeable(_age(age), folder, library=both.library)
    room = size(sum(one.size for one in old))
    if old and not yes:
        if both.json or not sys.stdin.isatty():
            raise click.UsageError("Nobody can be asked here: add --yes.")
        sentence = f"Delete {many(len(old), 'file')} ({room}) for good? Nothing brings them back."
        old = old if click.confirm(sentence, default=False, err=True) else []
    with stopping() as stop:
        gone = api.purge(old, folder, library=both.library, report=both.report, stop=stop) if old else None
    if gone is None:
        _still_there(api.quarantined(folder, library=both.library), _age(age), both)
        return
    _told(gone, "deleted for good", both)
    raise SystemExit(1 if gone.refused else 0)


def _still_there(left: Sequence[Quarantined], age: timedelta, both: Shared) -> None:
    """Says what lies there, and when the oldest of it will be old enough."""
    room = sum(one.size for one in left)
    first = min((one.at for one in left), default=None)
    may_go = (first + age).astimezone() if first else None
    if both.json:
        there = {"files": len(left), "bytes": room, "from": may_go.isoformat() if may_go else None}
        out_json({"run": "", "files": [], "refused": [], "bytes": 0, "left": there})
    elif may_go is None:
        out("Nothing was deleted: the quarantine is empty.")
    else:
        verb = "lies" if len(left) == 1 else "lie"
        out(f"Nothing was deleted. {many(len(left), 'file')} ({size(room)}) {verb} in the quarantine.")
        if may_go > datetime.now(UTC):
            out(f"The oldest may go from {may_go:%Y-%m-%d %H:%M} on.")


def _told(gone: Gone, did: str, both: Shared) -> None:
    if both.json:
        refused = [{"path": path, "reason": why} for path, why in gone.refused]
        paths = [path for path, _ in gone.moved]
        out_json({"run": gone.batch, "files": paths, "refused": refused, "bytes": gone.bytes})
        return
    list_failures(gone.refused, "Left where it is")
    nothing = f"Nothing was {did.removesuffix(' for good')}."
    out(f"{many(len(gone.moved), 'file')} {did}, {size(gone.bytes)}." if gone.moved else nothing)


def _as_json(one: Quarantined) -> dict[str, Any]:
    return {
        "path": one.path,
        "lies": one.lies,
        "why": one.why,
        "run": one.batch,
        "at": one.at.isoformat(),
        "days": one.age.days,
        "bytes": one.size,
    }


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([dwmy])", text.strip().lower())
    if not found:
        raise click.UsageError(f"--older-than {text}: write a number of days, weeks, months or years, such as 30d.")
    return timedelta(days=min(int(found[1]) * _DAYS[found[2]], 36_500))
