"""`phototag organize`: copies of all photos in a tree of events, with their tags; the originals are only read."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli import tree
from phototag.cli.common import Shared, interrupted, list_failures, shared, stopping
from phototag.cli.decide import vocabulary_flags
from phototag.report import folded, out, out_json, rows, size

if TYPE_CHECKING:
    from phototag.organizing import Plan
    from phototag.organizing_content import Contents
    from phototag.organizing_copying import Organized


@click.command("organize")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The folder in which the tree shall stand.")
@click.option("--dry-run", is_flag=True, help="Show the tree that would be made, and copy nothing.")
@click.option("--explain", is_flag=True, help="Say of every event why it begins, with both scores of likeness.")
@click.option("--plan", type=click.Path(path_type=Path), help="Write the plan to this file instead of copying.")
@click.option("--from-plan", type=click.Path(path_type=Path), help="Carry exactly this plan out.")
@click.option("--template", metavar="TEXT", help="How folders are named (see below).")
@click.option("--folder-language", metavar="CODE", help="Language of months, countries and keywords in names.")
@click.option("--content", type=click.Choice(["captions", "pixels", "off"]), help="By what photos are unlike.")
@click.option("--gap", type=click.IntRange(1), metavar="MINUTES", help="A longer pause begins an event (default 120).")
@click.option("--distance", type=click.IntRange(1), metavar="METRES", help="So does a longer way (default 1500).")
@click.option("--no-json", is_flag=True, help="No folder metadata/ with the facts of each photo.")
@click.option(
    "--online", is_flag=True, help="Ask Nominatim for the names of places; it learns where photos were taken."
)
@click.option("--again", is_flag=True, help="Copy once more what was deleted from the tree.")
@click.option("--language", metavar="CODE", help="Language of the keywords: en, de.")
@click.option("--describer", metavar="NAME", help="Who writes captions and keywords: fake (setting look.describer).")
@click.option("--vocab", type=click.Path(exists=True, dir_okay=False), help="A file with terms of your own.")
@shared
def command(source: Path, to: Path, both: Shared, **given: Any) -> None:
    """Copy photos into a tree of events, with keywords, captions and places written into the copies.

    Photos that were taken together are one event: a pause, another place, other things to see or a new month begin
    the next one. RAW and JPEG, live photos and sidecars travel together; RAW files and videos get their tags in a
    sidecar. Beside the copies lies a folder metadata/ with all facts of each photo as JSON.

    The originals are only read, and nothing is written to their folder. Run it again at any time: only what is new
    is copied, into the events that are there; a copy that you changed, renamed, moved or deleted stays as you left
    it. phototag undo takes a run back. --dry-run and --plan only read.

    \b
    Fields of --template: year month month_name month_full day date start end place city state
    country country_code landmark keywords camera count; "/" begins a folder within the folder.
    Default: {year}/{month:02} {month_name}/{start} - {end} {place} {keywords}

    \b
    Examples:
      phototag organize ~/Pictures --to ~/Organized --dry-run --explain
      phototag organize ~/Pictures --to ~/Organized --template "{year}/{month:02}/{date} {place}"
    """
    from phototag import api

    if given["from_plan"] and any(given[name] for name in ("plan", "dry_run", "again", "explain")):
        raise click.UsageError("--from-plan goes without --plan, --dry-run, --again and --explain: it is the plan.")
    shows = _Shows(both, explain=given["explain"], always=given["dry_run"] or given["explain"])
    with stopping() as stop:
        done = api.organize(
            source,
            to,
            dry_run=given["dry_run"],
            plan=given["plan"],
            from_plan=given["from_plan"],
            again=given["again"],
            pages=not given["no_json"],
            show=shows.show,
            flags=both.flags | _flags(given),
            report=both.report,
            stop=stop,
        )
    _tell(done, shows, both, copies=not (given["dry_run"] or given["plan"]), plan=given["plan"])
    if done.interrupted:
        raise interrupted()
    raise SystemExit(done.exit_code)


def _tell(done: Organized, shows: _Shows, both: Shared, *, copies: bool, plan: Path | None) -> None:
    """What failed, by name, and the end summary."""
    if both.json:
        out_json({**shows.plan, **_as_json(done)})
        return
    if done.scanned:
        list_failures(done.scanned.unreadable, "Could not be read, and are not in the tree")
    if done.looked:
        list_failures(done.looked.failed, "Could not be looked at")
    list_failures(done.untagged, "Copied as they are, for tags cannot be written into them without loss")
    list_failures(done.refused, "Not copied or not brought up to date")
    out(rows(_summary(done, both, copies=copies, plan=plan)))


class _Shows:
    """The plan before it is carried out: printed where it was asked for, or kept for JSON."""

    def __init__(self, both: Shared, *, explain: bool, always: bool) -> None:
        self._both, self._explain, self._always = both, explain, always
        self.plan: dict[str, Any] = {}

    def show(self, plan: Plan, contents: Contents | None) -> None:
        asked = contents if self._explain else None
        if self._both.json:
            self.plan = tree.as_json(plan, asked)
        elif self._always and not self._both.report.quiet:
            for line in tree.lines(plan, asked):
                out(folded(line, len(line) - len(line.lstrip()) + 4))


def _flags(given: dict[str, Any]) -> dict[str, str]:
    """The settings behind the options."""
    named = {
        "names.template": given["template"],
        "languages.folders": given["folder_language"],
        "languages.keywords": given["language"],
        "event.content": given["content"],
        "event.gap_minutes": given["gap"],
        "event.distance_m": given["distance"],
        "look.describer": given["describer"],
        "online.places": "true" if given["online"] else None,
    }
    return vocabulary_flags(given["vocab"], None) | {
        key: str(value) for key, value in named.items() if value is not None
    }


def _as_json(done: Organized) -> dict[str, Any]:
    passed = done.plan.passed
    return {
        "run": done.batch,
        "copied": dict(done.copied),
        "copied_photos": done.photos,
        "copied_bytes": done.size,
        "there_already": passed.there,
        "same_picture_again": passed.twins,
        "changed_since": passed.changed,
        "deleted_since": passed.deleted,
        "untagged": [{"path": path, "reason": why} for path, why in done.untagged],
        "refused": [{"path": path, "reason": why} for path, why in done.refused],
        "unreadable": [{"path": p, "reason": why} for p, why in (done.scanned.unreadable if done.scanned else ())],
        "failed": [{"path": p, "reason": why} for p, why in (done.looked.failed if done.looked else ())],
        "interrupted": done.interrupted,
    }


def _summary(done: Organized, both: Shared, *, copies: bool, plan: Path | None) -> list[tuple[str, str]]:
    planned = done.plan
    photos = len({copy.image_id for copy in planned.copies})
    new = (
        f"{photos:,} photos ({len(planned.copies):,} files, {size(planned.size)}) into {len(planned.groups):,} folders"
    )
    told = [("new", new if photos else "nothing")]
    told += _passed_over(done)
    if plan:
        told.append(("plan", f"written to {plan}; carry it out with --from-plan"))
    elif not copies:
        told.append(("copied", "nothing: this was a rehearsal"))
    else:
        told.append(("copied", _copied(done)))
    if done.copied["updated"]:
        told.append(("updated", f"{done.copied['updated']:,} files of earlier runs"))
    if done.refused:
        told.append(("not copied", f"{len(done.refused):,}, named above"))
    if done.batch:
        root = done.library.place.root
        elsewhere = "" if Path.cwd().is_relative_to(root) else f" --library {shlex.quote(str(root))}"
        told.append(("take it back", f"phototag undo {done.batch}{elsewhere}"))
    told.append(("time", both.report.spent()))
    return told


def _passed_over(done: Organized) -> list[tuple[str, str]]:
    passed, told = done.plan.passed, []
    if passed.there:
        told.append(("there already", f"{passed.there:,} files"))
    if passed.twins:
        told.append(("same picture", f"{passed.twins:,} more files of the source show a picture that is copied once"))
    if passed.changed:
        told.append(("changed by you", f"{len(passed.changed):,} copies, left as they are"))
    if passed.deleted:
        told.append(("deleted by you", f"{len(passed.deleted):,} copies, not made again (--again makes them)"))
    if done.plan.pending and not done.copied["updated"] and not done.brought:
        told.append(("to be updated", f"the tags of {len(done.plan.pending):,} photos that stand there"))
    return told


def _copied(done: Organized) -> str:
    counts = done.copied
    if not done.photos:
        return "nothing"
    parts = [f"{done.photos:,} photos, {size(done.size)}: {counts['tagged']:,} files with tags in them"]
    parts += [f"{counts['plain']:,} as they are"] if counts["plain"] else []
    parts += [f"{counts['sidecar']:,} new sidecars"] if counts["sidecar"] else []
    parts += [f"{counts['json']:,} JSON"] if counts["json"] else []
    return ", ".join(parts)
