"""`phototag embed`: make the vectors by which photos are found."""

from __future__ import annotations

from pathlib import Path

import click

from phototag.cli.common import Shared, interrupted, list_failures, shared, stopping
from phototag.cli.look import as_json, summary_of
from phototag.cli.scan import as_json as scan_as_json
from phototag.report import out, out_json, rows


@click.command("embed")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--embedder", metavar="SPEC", help="Vectors by CLIP too, such as clip:ViT-B-32/openai.")
@click.option("--download", is_flag=True, help="The weights may be fetched from their hub, once. No photo is sent.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="The first N photos only.")
@click.option("--retry-failed", is_flag=True, help="Also once more those that failed before.")
@shared
def command(
    folder: Path, embedder: str | None, download: bool, limit: int | None, retry_failed: bool, both: Shared
) -> None:
    """Make a library ready to be searched.

    The vectors of the built-in models always, and those of CLIP where --embedder (or the setting look.embedder) names
    a model; photos that have them are passed over, and another model is another space: vectors of two are never
    compared. For large libraries it also makes the index. search works without it, on what look and organize have made.

    It never changes a photo. It writes only into the library's folder .phototag.

    \b
    Examples:
      phototag embed ~/Pictures
      phototag embed ~/Pictures --embedder clip:ViT-B-32/openai --download
    """
    from phototag import api
    from phototag.pipeline import Selection

    given = {"look.embedder": embedder, "look.download": "true" if download else None}
    flags = both.flags | {key: value for key, value in given.items() if value is not None}
    selection = Selection(limit=limit or 0, retry_failed=retry_failed)
    with stopping() as stop:
        library, scanned, looked = api.embed(
            folder, library=both.library, selection=selection, flags=flags, report=both.report, stop=stop
        )
    if both.json:
        out_json({"scan": scan_as_json(library, scanned, {}), **as_json(looked), "seconds": both.report.seconds})
    else:
        list_failures(scanned.unreadable, "Could not be read")
        list_failures(looked.failed, "Could not be looked at")
        out(rows(summary_of(looked, both.report)))
    if looked.interrupted or scanned.interrupted:
        raise interrupted()
    raise SystemExit(1 if looked.failed or scanned.unreadable else 0)
