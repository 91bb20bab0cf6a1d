"""`phototag undo`: take back what was written."""

from __future__ import annotations

from collections import Counter

import click

from phototag.cli.common import Shared, interrupted, shared, stopping
from phototag.report import out, out_json, rows, shown

_TOLD = {
    "bytes": "as before, byte for byte (what phototag had made is gone)",
    "fields": "our fields only",
    "refused": "left alone",
    "gone": "not there any more",
}


@click.command("undo")
@click.argument("what", nargs=-1, metavar="[RUN | PATH]...")
@click.option("--last", is_flag=True, help="The newest run; with a PATH, what the newest run wrote there.")
@shared
def command(what: tuple[str, ...], last: bool, both: Shared) -> None:
    """Take back what phototag wrote into files.

    RUN is the name of a run, as `phototag tag` and `phototag history` show it. PATH is a photo or a folder:
    everything that was ever written there is taken back, the newest first.

    It changes photos: a file that nobody has touched since becomes what it was, byte for byte. Where
    somebody has edited other fields since, only ours go back, and the run says so; where our own fields
    were edited they are left alone, and named.

    \b
    Examples:
      phototag undo --last
      phototag undo ~/Pictures/DSC00042.jpg
    """
    from phototag import api

    if not what and not last:
        raise click.UsageError("Say what: --last, the name of a run (phototag history lists them), or a photo.")
    with stopping() as stop:
        _, undone = api.undo(what, last=last, library=both.library, flags=both.flags, report=both.report, stop=stop)
        stopped = stop()
    counts = Counter(one.how for one in undone)
    if both.json:
        files = [
            {
                "path": one.path,
                "how": one.how,
                "why": one.why,
                "fields": list(one.fields),
            }
            for one in undone
        ]
        out_json({"files": files, **counts})
    else:
        for one in undone:
            if one.how != "bytes":
                why = f": {one.why}" if one.why else ""
                out(f"{shown(one.path)}: {_TOLD[one.how]}{why}")
        told = [(how, f"{counts[how]:,} files {text}") for how, text in _TOLD.items() if counts[how]]
        out(rows(told) if told else "There is nothing to take back.")
    if stopped:
        raise interrupted()
    raise SystemExit(1 if counts["refused"] or counts["gone"] else 0)
