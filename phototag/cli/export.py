"""`phototag export`: what is known of a library, for other programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from phototag.cli.common import Shared, shared, stopping
from phototag.errors import NoSpace
from phototag.report import out, out_json, shown


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets: one row a photo.")
@click.option("--parquet", is_flag=True, help="A table for pandas, DuckDB and their kin; needs --output.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write this file, not stdout.")
@click.option("--force", is_flag=True, help="Write over the file if it is there already.")
@click.option(
    "--language", default="en,de", show_default=True, metavar="CODES", help="The languages of captions and keywords."
)
@shared
def command(
    folder: Path | None,
    as_csv: bool,
    parquet: bool,
    output: Path | None,
    force: bool,
    language: str,
    both: Shared,
) -> None:
    """Write what is known of the photos in FOLDER as a table or as JSON: --csv, --json or --parquet.

    One photo is one row, by path: dates, camera, place, captions and keywords, scores, people, rating, sharpness and
    who made what. JSON is an array with one photo a line. Without FOLDER: the current one, or with --library all.

    It only reads the library, and never changes a photo. It writes nothing but the file that you name, as a whole or
    not at all, and never over a photo.

    \b
    Examples:
      phototag export ~/Pictures --csv --output ~/photos.csv
      phototag export ~/Pictures/2024 --json --language en
    """
    forms = [form for form, wanted in (("csv", as_csv), ("json", both.json), ("parquet", parquet)) if wanted]
    if len(forms) != 1:
        raise click.UsageError("Choose one of --csv, --json and --parquet.")
    if str(output) == "-":  # as other programs call stdout
        output = None
    if parquet and output is None:
        raise click.UsageError("--parquet needs a file: --output FILE")
    count = _exported(forms[0], folder, output, force, language.split(","), both)
    if output and both.json:
        out_json({"photos": count, "file": str(output)})
    elif output:
        out(f"{count:,} photos in {shown(str(output))}")
    elif not count:
        both.report.say("There are no photos here.")


def _exported(
    form: str, folder: Path | None, output: Path | None, force: bool, languages: list[str], both: Shared
) -> int:
    from phototag import api

    target = output or sys.stdout.buffer
    with stopping() as stop:
        try:
            count = api.export(
                target,
                form,
                folder,
                force=force,
                languages=languages,
                library=both.library,
                flags=both.flags,
                stop=stop,
            )
            if not isinstance(target, Path):
                target.flush()
        except BrokenPipeError:  # the reader has gone, as `| head` does: nobody is left to tell
            os._exit(0)
        except OSError as trouble:
            raise NoSpace(f"stdout cannot be written ({trouble.strerror}).", "Free some space there.") from trouble
    return count
