"""`phototag tag`: write what was found into the photos' own files, after showing it and asking."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import (
    Shared,
    asks_a_model,
    check_asked,
    interrupted,
    list_failures,
    list_not_looked,
    shared,
    stopping,
)
from phototag.cli.decide import vocabulary_flags
from phototag.cli.plan import as_json, lines
from phototag.report import folded, many, out, out_json, rows

if TYPE_CHECKING:
    from phototag.change.plan import Planned
    from phototag.tagging import Tagged, Totals

_KEYWORDS = ("append", "replace-ours", "off")
_CAPTION = ("empty", "replace-ours", "off")


@click.command("tag")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, metavar="PATH...")
@click.option("--dry-run", is_flag=True, help="Show the plan and write nothing.")
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@click.option(
    "--only", metavar="FIELDS", help="Of keywords,caption,place,rating,label,gps,faces (default: first three)."
)
@click.option("--keywords", type=click.Choice(_KEYWORDS), help="What becomes of phototag's earlier keywords.")
@click.option("--caption", type=click.Choice(_CAPTION), help="Where a caption goes; never over a person's.")
@click.option("--write", type=click.Choice(["auto", "embed", "sidecar", "none"]), help="Into the file, or beside it.")
@click.option("--sidecar", type=click.Choice(["base", "ext", "both"]), help="IMG.xmp, IMG.CR2.xmp, or both.")
@click.option("--break-links", is_flag=True, help="Also write files that have several names (hard links).")
@click.option("--language", metavar="CODE", help="Language of the keywords: en, de.")
@click.option("--vocab", type=click.Path(exists=True, dir_okay=False), help="A file with terms of your own.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), help="What scores less is queued (default 0.6).")
@asks_a_model
@shared
def command(paths: tuple[Path, ...], dry_run: bool, yes: bool, both: Shared, **given: Any) -> None:
    """Find keywords, captions and places, and write them into the photos.

    Looks at the photos (as `phototag look` does), shows for every file what would be added, changed and
    kept, and where it goes; then it asks. JPEG, TIFF, PNG, WebP, DNG, HEIC and AVIF are written into; RAW
    files, videos and all others get an XMP sidecar. What people wrote always stays: a keyword that you
    delete in another program is not added again, one that you add is yours.

    It changes photos, after asking, and only their metadata. Every change is in the journal first, is
    proved to be reversible, and is taken back byte for byte by `phototag undo`. --dry-run only reads.

    \b
    Examples:
      phototag tag ~/Pictures --dry-run
      phototag tag ~/Pictures/2024 --only keywords,place --yes
      phototag tag ~/Pictures/2024 --describer ollama --translate de --dry-run
    """
    from phototag import api

    shows = _Shows(both)
    asks = None if yes or dry_run else _asks(both)
    flags = both.flags | given["models"] | _flags(given)
    check_asked((paths or (Path(),))[0], both, flags)
    with stopping() as stop:
        done = api.tag(
            paths or (Path(),),
            library=both.library,
            dry_run=dry_run,
            agree=asks,
            show=shows.show,
            flags=flags,
            report=both.report,
            stop=stop,
        )
    if both.json:
        out_json({"plan": shows.plan, **_as_json(done)})
    else:
        for scanned, looked in done.looks:
            list_failures(scanned.unreadable, "Could not be read")
            list_not_looked(looked.failed)
        list_failures(done.instead, "Into a sidecar instead, for the file itself cannot be written without loss")
        list_failures(done.refused, "Would not be written" if dry_run else "Not written")
        out(rows(_summary(done, dry_run, both)))
    if done.interrupted:
        raise interrupted()
    failed = any(looked.failed or scanned.unreadable for scanned, looked in done.looks)
    raise SystemExit(1 if failed or done.refused else 0)


class _Shows:
    """The plan as it is made: printed, or kept for JSON."""

    def __init__(self, both: Shared) -> None:
        self._both = both
        self.plan: list[dict[str, Any]] = []

    def show(self, planned: Planned) -> None:
        if self._both.json:
            self.plan.append(as_json(planned))
        elif not self._both.report.quiet:
            for line in lines(planned, everything=self._both.report.verbose):
                out(folded(line, 6))


def _asks(both: Shared) -> Any:
    """Asks whether to go on; where nobody can answer, nothing is written."""
    if both.json or not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes to write, or --dry-run to see the plan.")

    def agree(totals: Totals) -> bool:
        return click.confirm(
            f"Write to {many(totals.files, 'file')}? (phototag undo takes it back)", default=False, err=True
        )

    return agree


def _flags(given: dict[str, Any]) -> dict[str, str]:
    """The settings behind the options."""
    flags = vocabulary_flags(given["vocab"], given["min_confidence"])
    flags |= {"write.break_links": "true"} if given["break_links"] else {}
    named = {
        "write.only": given["only"],
        "write.keywords": given["keywords"],
        "write.caption": given["caption"],
        "write.where": given["write"],
        "write.sidecar": given["sidecar"],
        "languages.keywords": given["language"],
    }
    return flags | {key: value for key, value in named.items() if value is not None}


def _as_json(done: Tagged) -> dict[str, Any]:
    return {
        "run": done.batch,
        "planned": done.plan.files,
        "unchanged": done.plan.unchanged,
        "unreadable": [{"path": path, "reason": why} for scanned, _ in done.looks for path, why in scanned.unreadable],
        "failed": [{"path": path, "reason": why} for _, looked in done.looks for path, why in looked.failed],
        "passed_over": [{"path": path, "reason": why} for path, why in done.plan.passed_over],
        "written": dict(done.written),
        "refused": [{"path": path, "reason": why} for path, why in done.refused],
        "instead": [{"path": path, "reason": why} for path, why in done.instead],
        "interrupted": done.interrupted,
    }


def _summary(done: Tagged, dry_run: bool, both: Shared) -> list[tuple[str, str]]:
    plan = done.plan
    told = list(dict.fromkeys(("model", line) for _, looked in done.looks for line in looked.told))
    told += [("planned", f"{many(plan.files, 'file')} to write, {plan.unchanged:,} with everything already")]
    if plan.passed_over:
        told.append(("passed over", f"{many(len(plan.passed_over), 'file')}, named above"))
    if dry_run:
        told.append(("written", "nothing: this was a rehearsal"))
    elif not done.written:
        told.append(("written", "nothing"))
    if done.refused:
        told.append(("not written", f"{len(done.refused):,}, named above"))
    if done.written:
        embedded, beside = done.written["embed"], done.written["sidecar"]
        told.append(("written", f"{embedded:,} inside the files, {beside:,} beside them"))
        root = done.library.place.root
        elsewhere = "" if Path.cwd().is_relative_to(root) else f" --library {shlex.quote(str(root))}"
        told.append(("take it back", f"phototag undo {done.batch}{elsewhere}"))
        told.append(("Lightroom", "select the photos and choose Metadata > Read Metadata from File"))
    told.append(("time", both.report.spent()))
    return told
