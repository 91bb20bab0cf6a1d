"""The part of `phototag.api` that builds the organised tree.

The decision here: the library of the tree lies in the tree, and the source is only ever read: what a library beside
the originals knows of people's words is taken over, and nothing is left there. Refused: moving photos.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from phototag.api_opening import Flags, Stop, held, makers_of, never
from phototag.api_organizing_parts import (
    contents_of,
    everything,
    folders,
    our_copies,
    place_of_plan,
    settings_of,
    settled_of,
    style_of,
    take_over,
    tree_at,
    unread,
)
from phototag.api_people import deciding
from phototag.api_reading import look, scanned
from phototag.api_writing import command_line, tools
from phototag.report import Report, size
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.organizing.content import Contents
    from phototag.organizing.copying import Organized
    from phototag.organizing.planning import Plan

Show = Callable[["Plan", "Contents | None"], None]


def organize(
    source: Path | str,
    to: Path | str,
    *,
    dry_run: bool = False,
    plan: Path | None = None,
    from_plan: Path | None = None,
    again: bool = False,
    pages: bool = True,
    show: Show | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Organized:
    """Copy the photos of `source` into a tree of events below `to`, with their tags. The source is only read.

    With `dry_run` nothing is copied; with `plan` what would be copied is written to that file instead; `from_plan`
    carries exactly such a file out. `again` copies once more what was deleted from the tree; without `pages` no JSON
    is written beside the copies. `show` is given the plan before anything is copied.
    """
    from phototag.organizing.copying import Organized

    report = report or Report(quiet=True)
    origin, root = folders(source, to)
    using = settings_of(root, flags)
    style_of(root, using)  # a wrong template or rule is said before anything is made
    if plan is not None:
        place_of_plan(plan, origin)
    tree = tree_at(root)
    take_over(tree, origin, report)
    if from_plan is not None:
        done = _from_file(from_plan, tree, origin, using, report)
    else:
        tree, found, looked = look(origin, library=Path(root), flags=flags, report=report, stop=stop)
        done = Organized(tree, scanned=found, looked=looked, unread=unread(tree, origin))
        done.interrupted = looked.interrupted or found.interrupted
        if done.interrupted:
            return done
        contents = contents_of(tree, using)
        _plan(done, origin, using, contents, report, again=again)
        if show:
            show(done.plan, contents)
    if plan is not None:
        from phototag.organizing.file import write

        write(plan, done.plan, origin, tree)
    elif not dry_run:
        _carry_out(done, using, report, stop, pages=pages)
    done.interrupted = stop()
    return done


def _from_file(path: Path, tree: Library, origin: str, using: Settings, report: Report) -> Organized:
    """What a plan file says, if it was made for these two folders; without what is done already."""
    from phototag.organizing.copying import Organized
    from phototag.organizing.file import groups, read, still_to_do
    from phototag.organizing.planning import Plan

    copies = read(path, tree, tree.place.stored(origin), using.names.forbidden)
    with held(tree, report):
        _learn(tree, using, report)
    left = still_to_do(copies, tree)
    done = Organized(tree, Plan(left, groups(left), photos=len({copy.image_id for copy in copies})))
    done.plan.passed.there = len(copies) - len(left)
    return done


def _plan(done: Organized, origin: str, using: Settings, contents: Contents, report: Report, *, again: bool) -> None:
    """See what the tree holds, and plan what is new."""
    from phototag.organizing.planning import Planning

    tree = done.library
    with held(tree, report):
        _learn(tree, using, report)
    differ = {"captions": contents.by_captions, "pixels": contents.by_pixels}.get(using.event.content)
    with report.clock("plan"):
        style = style_of(str(tree.place.root), using)
        done.plan = Planning(tree, tree.place.stored(origin), style, differ, again=again).plan()
        new = {copy.image_id for copy in (*done.plan.copies, *done.plan.renewals)}
        waiting = settled_of(tree, using).pending(our_copies(tree))
        done.plan.pending = [image_id for image_id in waiting if image_id not in new]


def _carry_out(done: Organized, using: Settings, report: Report, stop: Stop, *, pages: bool) -> None:
    """Copy what is new, bring up to date what stands, and learn what the tree says then."""
    from phototag.change.journal import Journal, new_batch
    from phototag.organizing.copying import Copying
    from phototag.organizing.pages import Pages, leads_of

    tree, batch = done.library, new_batch()
    free, root = shutil.disk_usage(tree.place.root).free, str(tree.place.root)
    if free < done.plan.size:
        report.warn(
            f"The copies take {size(done.plan.size)}, {size(free)} are free: it will stop where the disk is full."
        )
    journal, languages = Journal(tree.journal), using.languages.pages
    writes = Pages(tree, style_of(root, using).vocabulary, languages, makers_of(using)) if pages else None
    with held(tree, report), tools(tree, using, report, batch, anywhere=True) as (planner, writer):
        copying = Copying(done, planner, writer, writes, lambda: journal.begin(command_line(), batch), report, stop)
        copying.run(done.plan.copies)
        copying.run(done.plan.renewals)
        renewed = {copy.image_id for copy in done.plan.renewals}
        if renewed:
            _learn(tree, using, report)
        ours = our_copies(tree) if renewed or done.plan.pending else {}
        waiting = frozenset(done.plan.pending)
        copying.update({image_id: own for image_id, own in ours.items() if image_id in waiting})
        waiting |= renewed
        copying.refresh(leads_of(tree, {image_id: own for image_id, own in ours.items() if image_id in waiting}))
    with held(tree, report):
        if done.batch:
            _learn(tree, using, report)
        settled_of(tree, using).note(done.brought)


def _learn(tree: Library, using: Settings, report: Report) -> None:
    """Read what the tree holds, and decide again upon what says something else now."""
    from phototag.read.scan import Options

    root, options = str(tree.place.root), Options(decode=False, empty_is_gone=True)
    with report.clock("tree"):
        scanned(tree, root, using, Report(quiet=True), options, never)
        deciding(tree, using).run(everything(tree), (), Report(quiet=True), never)
