"""What becomes of finds: a page, copies, links, an album, a program that opens them.

The decision here: each says what it did in one line that names the place, and which photos it left out and why.
Refused: doing one of them when another one failed in a way that a person must see to first.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import Shared, interrupted, list_failures, stopping
from phototag.cli.plan import lines
from phototag.cli.search_printing import room
from phototag.errors import MissingTool, Unreadable
from phototag.report import folded, many, out, shown
from phototag.search import listing

if TYPE_CHECKING:
    from phototag.api_found import Sheet
    from phototag.change.gathering import Gathered
    from phototag.change.plan import Planned
    from phototag.search.nouns import Found
    from phototag.tagging import Tagged

Result = dict[str, Any]
_PATIENCE = 2.0  # seconds in which a program says that it cannot open a file


def done(found: Found, asked: Sequence[str], both: Shared, given: dict[str, Any]) -> dict[str, Result]:
    """Do what was asked for, in this order, and say so; what came of each, for JSON."""
    from phototag import api_found

    results: dict[str, Result] = {}
    if "album" in asked:
        api_found.album_name(given["album"])  # what cannot be is said before anything is made
        if not (given["yes"] or given["dry_run"]):
            _asks(both, given["album"])
    with stopping() as stop:
        if "contact_sheet" in asked:
            sheet = api_found.contact_sheet(found, given["contact_sheet"], report=both.report, stop=stop)
            results["contact_sheet"] = _sheet(sheet, both)
        sure = _sure(found, asked, both, given)
        for option in ("copy_to", "link_to"):
            if option in asked and sure.hits:
                links = option == "link_to"
                gathered = api_found.gather(
                    sure, given[option], links=links, flags=both.flags, report=both.report, stop=stop
                )
                results[option] = _gathered(gathered, "link" if links else "copy", both)
    if "album" in asked and sure.hits:
        results["album"] = _album(sure, both, given)
    return results


def _sure(found: Found, asked: Sequence[str], both: Shared, given: dict[str, Any]) -> Found:
    """The finds that may be taken unseen: not the weak ones, unless these are asked for."""
    hits = tuple(hit for hit in found.hits if given["weak"] or not hit.weak)
    if (left := len(found.hits) - len(hits)) and {"copy_to", "link_to", "album"} & set(asked):
        both.report.say(f"Left out: {many(left, 'weak hit')}, perhaps not what you asked for. --weak takes them too.")
    return replace(found, hits=hits)


def opened(found: Found, sheet: Path | None) -> None:
    """Open the page that was made, or else the best photo, with the system's program for it."""
    file = str(sheet.absolute()) if sheet else listing.located(found)[0]
    if not Path(file).exists():
        raise Unreadable(f"{shown(file)} is not there now, so it cannot be opened.", "Is its disk there?")
    if _launched(file) != 0:
        raise MissingTool(f"No program opened {shown(file)}.", "On Linux xdg-open does that: apt-get install xdg-utils")


def _launched(file: str) -> int:
    """Start the system's program for a file; what that program says to a terminal is not ours to pass on."""
    if not sys.platform.startswith("linux"):
        return click.launch(file)
    silent = subprocess.DEVNULL
    try:
        started = subprocess.Popen(
            ["xdg-open", file], stdin=silent, stdout=silent, stderr=silent, start_new_session=True
        )
        return started.wait(_PATIENCE)
    except subprocess.TimeoutExpired:  # some viewers stay in front until they are closed
        return 0
    except OSError:
        return 1


def _sheet(sheet: Sheet, both: Shared) -> Result:
    _say(both, f"{many(sheet.photos, 'photo')} on {shown(str(sheet.file))}")
    if sheet.without and not both.json:
        list_failures(sheet.without, "Without a picture")
    return {
        "file": str(sheet.file),
        "photos": sheet.photos,
        "without_picture": [{"path": path, "reason": why} for path, why in sheet.without],
    }


def _gathered(done: Gathered, deed: str, both: Shared) -> Result:
    deeds = {"copy": ("copied", "copies"), "link": ("linked", "links")}[deed]
    text = f"{many(len(done.made), 'photo')} {deeds[0]} to {shown(str(done.folder))}"
    text += f", {many(done.sidecars, 'sidecar')} with {'it' if len(done.made) == 1 else 'them'}" * bool(done.sidecars)
    text += f"; {len(done.there):,} {'was' if len(done.there) == 1 else 'were'} there already" * bool(done.there)
    _say(both, text)
    renamed = [(old, new) for old, new in done.made if Path(old).name != Path(new).name]
    if renamed and not both.json and not both.report.quiet:
        out(f"Under another name, for theirs was taken: {', '.join(shown(Path(new).name) for _, new in renamed)}")
    if done.failed and not both.json:
        list_failures(done.failed, f"Not {deeds[0]}")
    return {
        "folder": str(done.folder),
        deeds[1]: [{"from": old, "to": new} for old, new in done.made],
        "sidecars": done.sidecars,
        "there_already": done.there,
        "failed": [{"path": path, "reason": why} for path, why in done.failed],
    }


def _say(both: Shared, text: str) -> None:
    if not both.json:
        out(text)


# ---- an album


def _album(found: Found, both: Shared, given: dict[str, Any]) -> Result:
    """The keyword in the files, after the plan was shown and a person has agreed; a dry run shows the same plan."""
    from phototag import api_found

    name, dry = api_found.album_name(given["album"]), given["dry_run"]
    agree = None if dry or given["yes"] else _asks(both, name)
    if agree:
        _listed(found, both)
    files: list[str] = []

    def show(planned: Planned) -> None:
        files.extend([planned.path] if planned.change else [])
        for line in () if both.json or both.report.quiet else lines(planned):
            out(folded(line, 6))

    with stopping() as stop:
        runs = api_found.album(
            found, name, dry_run=dry, agree=agree, show=show, flags=both.flags, report=both.report, stop=stop
        )
    refused = [one for run in runs for one in (*run.refused, *run.plan.passed_over)]
    if dry:
        count = len(files) - sum(len(run.refused) for run in runs)
        _say(both, f"{many(count, 'file')} would get the keyword {name!r}; nothing was changed.")
    for run in () if dry else runs:
        _say(both, _written(run, name))
    if refused and not both.json:
        list_failures(refused, "Not written")
    if any(run.interrupted for run in runs):
        raise interrupted()
    return {
        "keyword": name,
        "photos": len(found.hits),
        "dry_run": dry,
        "planned": files,
        "runs": [{"run": run.batch, "written": dict(run.written)} for run in runs],
        "failed": [{"path": path, "reason": why} for path, why in refused],
    }


def _written(run: Tagged, name: str) -> str:
    """What became of the album in one library."""
    if count := sum(run.written.values()):
        library = shlex.quote(str(run.library.place.root))
        return f"{name!r} is in {many(count, 'file')} now. Take it back: phototag undo {run.batch} --library {library}"
    if not run.plan.files and not run.plan.passed_over:
        return f"{name!r} is in these files already; nothing was changed."
    return f"No file was written, so nothing is in {name!r}."


def _listed(found: Found, both: Shared) -> None:
    if not both.json and not both.report.quiet:
        paths = [listing.nearby(file, str(Path.cwd())) for file in listing.located(found)]
        for line in listing.table(found, paths, room()):
            out(line)


def _asks(both: Shared, name: str) -> Any:
    """Asks about the plan; where nobody can answer, nothing is written."""
    if both.json or not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: add --yes to write, or --dry-run to change nothing.")

    def agree(totals: Any) -> bool:
        many_ = many(totals.files, "file")
        question = f"Put {name!r} into {many_}? (phototag undo takes it back)"
        return bool(totals.files) and click.confirm(question, default=False, err=True)

    return agree
