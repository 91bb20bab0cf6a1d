"""`phototag organize`: copies of all photos in a tree of events, with their tags; the originals are only read."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli import tree
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
from phototag.report import folded, many, out, out_json, rows, size

if TYPE_CHECKING:
    from phototag.organizing.content import Contents
    from phototag.organizing.copying import Organized
    from phototag.organizing.planning import Plan


@click.command("organize")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The folder in which the tree shall stand.")
@click.option("--dry-run", is_flag=True, help="Show the tree that would be made, and copy nothing.")
@click.option("--explain", is_flag=True, help="Say of every event why it begins, with both scores of likeness.")
@click.option("--plan", type=click.Path(path_type=Path), help="Write the plan to this file instead of copying.")
@click.option("--from-plan", type=click.Path(path_type=Path), help="Carry exactly this plan out.")
@click.option("--template", metavar="TEXT", help="How folders are named (see above).")
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
@click.option("--vocab", type=click.Path(exists=True, dir_okay=False), help="A file with terms of your own.")
@asks_a_model
@shared
def command(source: Path, to: Path, both: Shared, **given: Any) -> None:
    """Copy photos into a tree of events, with keywords, captions and places written into the copies.

    Photos that were taken together are one event: a pause, another place, other things to see or a new month begin
    the next one. RAW and JPEG, live photos and sidecars travel together; RAW files and videos get their tags in a
    sidecar. Beside the copies lies a folder metadata/ with all facts of each photo as JSON.

    The originals are only read, and nothing is written to their folder. Run it again at any time: only what is new
    is copied, into the events that are there; a copy that you changed, renamed, moved or deleted stays as you left
    it. phototag undo takes a run back. What is known of the photos is kept in TO/.phototag, also by --dry-run and
    --plan, which make nothing else. It only reads the originals.

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

    asked = click.get_current_context().get_parameter_source("library")
    if asked == click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--library does not go with organize: the library lies in the tree. Name that one: --to")
    if given["from_plan"] and any(given[name] for name in ("plan", "dry_run", "again", "explain")):
        raise click.UsageError("--from-plan goes without --plan, --dry-run, --again and --explain: it is the plan.")
    flags = both.flags | given["models"] | _flags(given)
    check_asked(to, both, flags, below=False)
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
            flags=flags,
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
    list_failures(done.unread, "Cannot be read, and are not in the tree")
    if done.looked:
        list_not_looked(done.looked.failed)
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
        "to_renew": [copy.target for copy in done.plan.renewals],
        "there_already": passed.there,
        "same_picture_again": passed.twins,
        "changed_since": passed.changed,
        "deleted_since": passed.deleted,
        "changed_on_both": passed.outdated,
        "left_behind": passed.left,
        "untagged": [{"path": path, "reason": why} for path, why in done.untagged],
        "refused": [{"path": path, "reason": why} for path, why in done.refused],
        "unreadable": [{"path": path, "reason": why} for path, why in done.unread],
        "failed": [{"path": p, "reason": why} for p, why in (done.looked.failed if done.looked else ())],
        "interrupted": done.interrupted,
    }


def _summary(done: Organized, both: Shared, *, copies: bool, plan: Path | None) -> list[tuple[str, str]]:
    if done.interrupted and not done.batch and not done.plan.photos:
        return [("stopped", "before it was planned what to copy; what was looked at is kept")]
    planned = done.plan
    photos, files = many(len({copy.image_id for copy in planned.copies}), "photo"), many(len(planned.copies), "file")
    where = f"into {many(len(planned.groups), 'folder')}"
    told = [("new", f"{photos} ({files}, {size(planned.size)}) {where}" if planned.copies else "nothing")]
    told += _passed_over(done, copies=copies)
    if plan:
        told.append(("plan", f"written to {plan}; carry it out with --from-plan"))
    elif not copies:
        told.append(("copied", "nothing: this was a rehearsal"))
    else:
        told.append(("copied", _copied(done)))
    if done.copied["renewed"]:
        told.append(("renewed", f"{many(done.copied['renewed'], 'copy', 'copies')} whose originals were changed"))
    if done.copied["updated"]:
        told.append(("updated", f"the tags of {many(done.copied['updated'], 'file')} of earlier runs"))
    if done.refused:
        told.append(("not copied", f"{many(len(done.refused), 'file')}, named above"))
    if any(done.copied.values()):
        root = done.library.place.root
        elsewhere = "" if Path.cwd().is_relative_to(root) else f" --library {shlex.quote(str(root))}"
        told.append(("take it back", f"phototag undo {done.batch}{elsewhere}"))
    told.append(("time", both.report.spent()))
    return told


def _passed_over(done: Organized, *, copies: bool) -> list[tuple[str, str]]:
    """What is not copied, and why."""
    passed, told = done.plan.passed, []
    if passed.there:
        told.append(("there already", many(passed.there, "file")))
    if passed.twins:
        told.append(("same picture", f"{many(passed.twins, 'more file')} of the source; one of each picture is copied"))
    if passed.changed:
        told.append(("changed by you", f"{many(len(passed.changed), 'copy', 'copies')}, left as they are"))
    if passed.deleted:
        told.append(("deleted by you", f"{many(len(passed.deleted), 'copy', 'copies')}, not made again (but: --again)"))
    if passed.outdated:
        told.append(("changed on both", f"{many(len(passed.outdated), 'copy', 'copies')}, and so are left as they are"))
    if passed.left:
        told.append(("left behind", f"{many(len(passed.left), 'sidecar')} that say something else of the same picture"))
    if not copies and done.plan.renewals:
        told.append(
            ("to be renewed", f"{many(len(done.plan.renewals), 'copy', 'copies')} whose originals were changed")
        )
    if not copies and done.plan.pending:
        told.append(("to be updated", f"the tags of {many(len(done.plan.pending), 'photo')} in the tree"))
    return told


def _copied(done: Organized) -> str:
    counts = done.copied
    if not done.photos and not counts["json"]:
        return "nothing"
    parts = [f"{many(done.photos, 'photo')}, {size(done.size)}: {many(counts['tagged'], 'file')} with tags in them"]
    parts += [f"{counts['plain']:,} as they are"] if counts["plain"] else []
    parts += [many(counts["sidecar"], "new sidecar")] if counts["sidecar"] else []
    parts += [f"{counts['json']:,} JSON"] if counts["json"] else []
    return ", ".join(parts)
