"""What phototag can do, as functions: the command line calls nothing that is not here.

The decision here: a function takes folders and options and returns what it found; it neither prints
results nor ends the process. Refused: logic in the command line that a script could not reach.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_comparing import diff
from phototag.api_culling import cull
from phototag.api_culling_deeds import cull_export, cull_move, cull_page, cull_write, rejected
from phototag.api_duplicates import duplicates
from phototag.api_embedding import embed
from phototag.api_export import export, export_records
from phototag.api_found import album, contact_sheet, gather
from phototag.api_models import pull_model, vision_models
from phototag.api_opening import Flags, Stop, held, never, open, steps_there
from phototag.api_organizing import organize
from phototag.api_people import adopt, answer, decide, proposed, review, say, show
from phototag.api_quarantine import purge, purgeable, quarantine, quarantined, restore
from phototag.api_reading import look, scan, scanned
from phototag.api_searching import evaluate, search
from phototag.api_similar import similar
from phototag.api_undoing import forget, forgettable, history, undo
from phototag.api_writing import tag
from phototag.report import Report
from phototag.settings import Settings
from phototag.store import place
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.overview import Status
    from phototag.read.scan import Scanned

__all__ = [
    "adopt",
    "album",
    "answer",
    "contact_sheet",
    "cull",
    "cull_export",
    "cull_move",
    "cull_page",
    "cull_write",
    "decide",
    "diff",
    "duplicates",
    "embed",
    "evaluate",
    "export",
    "export_records",
    "forget",
    "forgettable",
    "gather",
    "history",
    "look",
    "open",
    "organize",
    "proposed",
    "pull_model",
    "purge",
    "purgeable",
    "quarantine",
    "quarantined",
    "rebuild",
    "recover",
    "rejected",
    "restore",
    "review",
    "say",
    "scan",
    "search",
    "settings",
    "show",
    "similar",
    "status",
    "tag",
    "undo",
    "vision_models",
]


def settings(library: Path | str | None = None, flags: Flags | None = None) -> Settings:
    """The settings that hold in a library (of the current folder, if none is named)."""
    found = place.here(Path(os.path.realpath(library))) if library else place.find(Path.cwd())
    return settings_.load(found.settings_file if found else None, flags)


def status(folder: Path | str = ".", *, library: Path | None = None, flags: Flags | None = None) -> Status:
    """What the library holds, what is pending and what failed. Reads only."""
    from phototag.change.journal import Journal
    from phototag.overview import overview

    opened = open(folder, library)
    found = overview(opened, steps_there(settings_.load(opened.place.settings_file, flags)))
    found.half_done = sum(1 for _ in Journal(opened.journal).open_ends())
    return found


def rebuild(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> tuple[Library, dict[str, Scanned]]:
    """Make the tables again from the files, the evidence log and the journal. No model is asked."""
    from phototag.read.scan import Options

    report = report or Report(quiet=True)
    opened = open(folder, library)
    using = settings_.load(opened.place.settings_file, flags)
    scans: dict[str, Scanned] = {}
    with held(opened, report, afresh=True):
        for root in map(opened.place.actual, opened.place.roots):
            if Path(root).is_dir():
                scans[root] = scanned(opened, root, using, report, Options(decode=False), stop)
            else:
                report.warn(f"{root} is not there now. Its photos come back when it is scanned again.")
    return opened, scans


def recover(folder: Path | str = ".", *, library: Path | None = None, report: Report | None = None) -> dict[str, int]:
    """Bring changes that a crash left half done to an end, as every writing command does by itself first."""
    opened = open(folder, library)
    with held(opened, report or Report(quiet=True)) as ended:
        return ended
