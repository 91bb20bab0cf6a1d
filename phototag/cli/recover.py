"""`phototag recover`: bring half-done changes to an end."""

from __future__ import annotations

from pathlib import Path

import click

from phototag.cli.common import Shared, shared
from phototag.report import out, out_json


@click.command("recover")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@shared
def command(folder: Path, both: Shared) -> None:
    """End changes that a crash left half done.

    Every command that writes does this first; this one does nothing else. A file that is neither as
    it was before our change nor as after it is shown and left alone.

    It removes temporary files of ours and writes the journal. It never changes a photo.

    \b
    Examples:
      phototag recover ~/Pictures
      phototag recover --json
    """
    from phototag import api

    ended = api.recover(folder, library=both.library, report=both.report)
    if both.json:
        out_json(ended)
    else:
        out("Nothing was half done." if not ended else ", ".join(f"{n} {state}" for state, n in ended.items()))
