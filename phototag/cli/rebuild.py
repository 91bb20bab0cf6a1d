"""`phototag rebuild`: the tables again, from what must not be lost."""

from __future__ import annotations

from pathlib import Path

import click

from phototag.cli.common import Shared, interrupted, list_failures, shared, stopping
from phototag.cli.scan import as_json
from phototag.report import out, out_json


@click.command("rebuild")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@shared
def command(folder: Path, both: Shared) -> None:
    """Make a damaged library's tables again.

    They are made from the files, the evidence log and the journal, for a library that is damaged or
    whose folder .phototag/lance was deleted. No model is asked again: answers are kept in
    .phototag/evidence. Measures and vectors are made anew by the next look, in minutes.

    It never changes a photo. It throws away and writes .phototag/lance only.

    \b
    Examples:
      phototag rebuild ~/Pictures
      phototag rebuild --library ~/Organized
    """
    from phototag import api

    with stopping() as stop:
        library, scans = api.rebuild(folder, library=both.library, flags=both.flags, report=both.report, stop=stop)
    if both.json:
        out_json({root: as_json(library, found, {}) for root, found in scans.items()})
    else:
        for found in scans.values():
            list_failures(found.unreadable, "Could not be read")
        photos = max((found.photos for found in scans.values()), default=0)
        kept = library.lance.count("evidence")
        out(f"Made again: {photos:,} photos and {kept:,} answers of models, in {library.place.state}")
    if any(found.interrupted for found in scans.values()):
        raise interrupted()
