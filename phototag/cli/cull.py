"""`phototag cull`: the best of many alike, with reasons; and what is done with the verdicts, if anything.

The decision here: without an option it shows and changes nothing; each deed has an option of its own, shows its plan
and asks. Refused: a default that writes, moves or deletes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli import cull_printing as printing
from phototag.cli.common import Shared, asks_a_model, interrupted, shared, stopping
from phototag.cli.plan import as_json, lines
from phototag.report import folded, many, out, out_json, shown

if TYPE_CHECKING:
    from phototag.change.plan import Planned
    from phototag.culling.nouns import Culled
    from phototag.tagging import Totals

_PROFILES = ("wedding", "portrait", "wildlife", "sports", "landscape")
_SETTINGS = {"profile": "cull.profile", "keep": "cull.keep", "reject_as": "cull.reject_as", "window": "burst.window_s"}


@click.command("cull")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--profile", type=click.Choice(_PROFILES), help="What counts how much (default wedding).")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Picks of each group (default 1).")
@click.option(
    "--time-window",
    "window",
    type=click.FloatRange(0, 60),
    metavar="S",
    help="Pause in a burst; 0: no limit (default 2).",
)
@click.option("--ask-model", is_flag=True, help="Ask the describer about the doubtful ones, as one more witness.")
@click.option("--all", "everything", is_flag=True, help="List photos that stand alone, too.")
@click.option("--tsv", is_flag=True, help="Every photo as a line with tabs between.")
@click.option("--page", type=click.Path(path_type=Path), metavar="FILE", help="Write a page on which you decide.")
@click.option("--decisions", type=click.Path(path_type=Path), metavar="FILE", help="Apply what the page saved.")
@click.option("--write", is_flag=True, help="Write stars and labels into the files; shows and asks first.")
@click.option(
    "--reject-as", type=click.Choice(["label", "flag", "rating"]), help="Rejects get: label Red, a flag, or rating -1."
)
@click.option("--export", type=click.Path(path_type=Path), metavar="DIR", help="Copy each group into a folder there.")
@click.option("--move-rejects", is_flag=True, help="Move rejects into the quarantine; shows and asks first.")
@click.option("--dry-run", is_flag=True, help="With --write and --move-rejects: only show what would be done.")
@click.option("--yes", "-y", is_flag=True, help="With --write and --move-rejects: without asking.")
@asks_a_model
@shared
def command(folder: Path, both: Shared, **given: Any) -> None:
    """Find the best of each burst and of near duplicates, with a reason for every verdict.

    Looks at the photos (as `phototag look` does), groups them, and says pick, maybe or reject. The best of each group
    are picks; all else is maybe, unless two of these speak against it: clearly less sharp (motion blur is the same
    reason), exposure, closed eyes, cut by the frame, a model's verdict; or it is nearly the same as the pick with less
    than half of its detail, and looks blurred by itself. Nothing is rejected for a picture of fewer pixels, nor if it
    has stars, a label, a flag, words or develop settings of yours, of whatever program. Of near duplicates the largest
    is picked. Brackets, panoramas, focus stacks and timelapses are never culled. What you decide on the page wins for
    good.

    It only reads, and never changes a photo, but for --write (stars and labels; those that are there stay) and
    --move-rejects. Both show their plan and ask, and phototag undo takes them back. --export copies and writes over
    nothing.

    \b
    Examples:
      phototag cull ~/Pictures/wedding --page cull.html
      phototag cull ~/Pictures/wedding --decisions cull-decisions.json --write
    """
    from phototag import api

    _check(both, given)
    flags = both.flags | {key: str(given[name]) for name, key in _SETTINGS.items() if given[name] is not None}
    with stopping() as stop:
        culled = api.cull(
            folder,
            library=both.library,
            decisions=given["decisions"],
            ask_model=given["ask_model"],
            models=given["models"],
            flags=flags,
            report=both.report,
            stop=stop,
        )
        printing.applied(culled, both)
        if culled.interrupted:
            raise interrupted()
        _told(culled, both, given)
        results, failed = _deeds(culled, both, given, flags, stop)
        if stop():
            raise interrupted()
    if both.json:
        from phototag.culling import listing

        out_json(listing.as_json(culled) | results)
    looks = [culled.looked, *([culled.asked] if culled.asked else [])]
    if culled.scanned.unreadable or any(look.failed for look in looks) or failed:
        raise SystemExit(1)


def _check(both: Shared, given: dict[str, Any]) -> None:
    """What cannot be asked for together, said before anything is looked at."""
    if given["tsv"] and both.json:
        raise click.UsageError("Choose one of --json and --tsv.")
    if given["tsv"] and (given["write"] or given["move_rejects"] or given["export"]):
        raise click.UsageError("--tsv prints rows only: write, move or export in a run of its own.")
    deeds = given["write"] or given["move_rejects"]
    if (given["yes"] or given["dry_run"]) and not deeds:
        raise click.UsageError("--yes and --dry-run go with --write or --move-rejects.")
    if deeds and not (given["yes"] or given["dry_run"]) and (both.json or not sys.stdin.isatty()):
        raise click.UsageError("Nobody can be asked here: add --yes to do it, or --dry-run to see the plan.")
    if given["models"] and not given["ask_model"]:
        raise click.UsageError("A model is asked only with --ask-model.")


def _told(culled: Culled, both: Shared, given: dict[str, Any]) -> None:
    if given["tsv"]:
        printing.as_tsv(culled)
    elif not both.json:
        printing.failures(culled)
        printing.table(culled, given["everything"])


def _deeds(
    culled: Culled, both: Shared, given: dict[str, Any], flags: dict[str, str], stop: Any
) -> tuple[dict[str, Any], bool]:
    """Do what was asked for with the verdicts; what came of each, and whether anything failed."""
    from phototag import api

    results: dict[str, Any] = {}
    failed = False
    if given["page"]:
        file = api.cull_page(culled, given["page"], report=both.report, stop=stop)
        results["page"] = str(file)
        if not both.json:
            both.report.say(f"The page is {shown(str(file))}. Open it, decide, save, and apply: --decisions FILE")
    if given["export"]:
        exported = api.cull_export(culled, given["export"], report=both.report, stop=stop)
        results["export"] = printing.exported(exported, both)
        failed |= bool(exported.failed)
    if given["write"]:
        plan: list[dict[str, Any]] = []
        written = api.cull_write(
            culled,
            dry_run=given["dry_run"],
            agree=None if given["yes"] or given["dry_run"] else _agree,
            show=_shows(both, plan),
            flags=flags,
            report=both.report,
            stop=stop,
        )
        results["write"] = printing.written(written, given["dry_run"], both, plan)
        failed |= bool(written.refused)
    if given["move_rejects"]:
        results["move"], refused = _moved(culled, both, given, flags, stop)
        failed |= refused
    return results, failed


def _moved(
    culled: Culled, both: Shared, given: dict[str, Any], flags: dict[str, str], stop: Any
) -> tuple[dict[str, Any], bool]:
    """Into the quarantine, after showing what would go there and asking."""
    from phototag import api

    paths = api.rejected(culled)
    if not both.json and not both.report.quiet:
        for path in paths:
            out(f"{shown(path)}: would go into the quarantine" if given["dry_run"] else shown(path))
    question = f"Move {many(len(paths), 'file')} into the quarantine? (phototag undo brings them back)"
    if given["dry_run"] or not paths or not (given["yes"] or click.confirm(question, default=False, err=True)):
        return {"would_move" if given["dry_run"] else "not_moved": paths}, False
    return printing.moved(api.cull_move(culled, flags=flags, report=both.report, stop=stop), culled, both)


def _shows(both: Shared, plan: list[dict[str, Any]]) -> Any:
    """The plan as it is made: printed, or kept for JSON."""

    def show(planned: Planned) -> None:
        if both.json:
            plan.append(as_json(planned))
        elif not both.report.quiet:
            for line in lines(planned, everything=both.report.verbose):
                out(folded(line, 6))

    return show


def _agree(totals: Totals) -> bool:
    return click.confirm(f"Write to {many(totals.files, 'file')}? (phototag undo takes it back)", err=True)


__all__ = ["command"]
