"""The part of `phototag.api` for what was culled: a page, stars and labels in the files, folders, the quarantine.

The decision here: each takes a `Culled` and does what it says; only writing and the quarantine touch the photos, each
by the way that `tag` and `duplicates` go. Refused: deleting, for which nobody asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, words_of
from phototag.api_writing import command_line, read_again
from phototag.errors import Interrupted, NoSpace, Unreadable, UsageError
from phototag.report import Report, shown
from phototag.settings import Settings
from phototag.store.log import cannot_write, replace_file

if TYPE_CHECKING:
    from phototag.api_quarantine import Gone
    from phototag.change.gathering_groups import Exported
    from phototag.change.merge import Culled as Wanted
    from phototag.change.plan import Planned
    from phototag.culling.nouns import Culled, Member
    from phototag.culling.page import Card
    from phototag.records import Entry
    from phototag.tagging import Agree, Show, Tagged, Tagging

_SIDE = 320  # pixels of a thumbnail's long side
_AHEAD = 4  # thumbnails in the making, for each thread


def cull_page(culled: Culled, file: Path | str, *, report: Report | None = None, stop: Stop = never) -> Path:
    """Write the groups as one HTML page; over an older one, never over anything else."""
    from phototag.culling.page import page

    target = _page_file(culled, Path(file))
    members = list(culled.members())
    with (report or Report(quiet=True)).progress("thumbnails", len(members)) as bar:

        def counted() -> Iterator[Card]:
            for card in _cards(culled, members, stop):
                bar.step()
                yield card

        text = "".join(page(culled, counted(), f"{datetime.now():%Y-%m-%d}"))
    try:
        replace_file(target, text.encode())
    except NoSpace as trouble:
        raise NoSpace(trouble.sentence, "Name a file elsewhere: --page FILE") from trouble
    return target


def cull_export(culled: Culled, folder: Path | str, *, report: Report | None = None, stop: Stop = never) -> Exported:
    """Copy each group into a folder of its own: originals, the best ones, and the reasons. Originals are only read."""
    from phototag.change.gathering_groups import Group, export
    from phototag.culling.listing import text_of

    actual = culled.library.place.actual
    real = Path(os.path.realpath(folder))
    if real == Path(culled.folder) or Path(culled.folder) in real.parents:
        raise UsageError(
            f"{shown(str(folder))} lies among the photos that are culled.", "Name a folder elsewhere: --export DIR"
        )
    groups = [
        Group(
            group.number,
            tuple(actual(path) for member in group.members for path in pictures_of(member)),
            tuple(actual(member.known.path) for member in group.members if member.judged.verdict == "pick"),
            text_of(group),
        )
        for group in culled.groups
        if group.number
    ]
    return export(real, groups, stop)


def rejected(culled: Culled) -> list[str]:
    """Every file that goes with the rejects, by absolute path: copies in the folder and their sidecars, too."""
    from phototag.api_quarantine import sidecars_of

    actual = culled.library.place.actual
    pictures = _rejected(culled)
    stored = [culled.library.place.stored(path) for path in pictures]
    return list(dict.fromkeys([*pictures, *map(actual, sidecars_of(culled.library, stored))]))


def _rejected(culled: Culled) -> list[str]:
    """The pictures of rejects in the folder that was culled, without those elsewhere."""
    inside, actual = _is_in(culled.library.place.stored(culled.folder)), culled.library.place.actual
    return [actual(path) for member in culled.of("reject") for path in pictures_of(member) if inside(path)]


def cull_move(culled: Culled, *, flags: Flags | None = None, report: Report | None = None, stop: Stop = never) -> Gone:
    """Move the rejects with their sidecars into the quarantine, from which `undo` brings them back."""
    from phototag.api_quarantine import quarantine

    using = settings_.load(culled.library.place.settings_file, flags)
    reasons = {
        path: f"culled: {member.judged.because}" for member in culled.of("reject") for path in pictures_of(member)
    }
    paths = _rejected(culled)
    return quarantine(culled.library, paths, "culled", using=using, report=report, stop=stop, reasons=reasons)


def pictures_of(member: Member) -> list[str]:
    """The files of a photo but its sidecars, which go where their photo goes."""
    from phototag.read.sniff import sidecar_kind

    return [path for path in member.known.files if not sidecar_kind(path.rpartition("/")[2])]


def cull_write(
    culled: Culled,
    *,
    dry_run: bool = False,
    agree: Agree | None = None,
    show: Show | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Tagged:
    """Write the verdicts into the files, as `tag` writes keywords. `agree` is asked once; None: write at once."""
    from phototag.change.merge import Culled as Wanted
    from phototag.change.writer import Rehearsal
    from phototag.culling.decisions import kept
    from phototag.culling.wording import wanted
    from phototag.tagging import Tagged

    report, library = report or Report(quiet=True), culled.library
    using = settings_.load(library.place.settings_file, flags)
    people = kept(library)
    wishes = {member.judged.image_id: wanted(member, people, using.cull) for member in culled.members()}
    touched = library.changes.of_images(list(wishes))
    ids = [one for one, wish in wishes.items() if wish != Wanted() or touched.get(one)]
    chosen = ids, _is_in(library.place.stored(culled.folder)), show or _silent
    done = Tagged(library)
    with _tagging(done, using, wishes, touched, report, stop) as tagging:
        if dry_run:
            write = using.write
            rehearsal = Rehearsal(library, settle_seconds=write.settle_seconds, break_links=write.break_links)
            tagging.rehearse(*chosen, rehearsal)
        else:
            tagging.run(*chosen, agree)
    if done.batch:
        read_again(library, [culled.folder], using, report)
    done.interrupted = stop()
    return done


@contextmanager
def _tagging(
    done: Tagged,
    using: Settings,
    wishes: Mapping[str, Wanted],
    touched: Mapping[str, Sequence[Entry]],
    report: Report,
    stop: Stop,
) -> Iterator[Tagging]:
    """What plans, asks and writes, as in `tag`, with verdicts for words; closed afterwards."""
    from phototag.change.editor import Editor
    from phototag.change.journal import Journal, new_batch
    from phototag.change.plan import Planner
    from phototag.change.where import Where
    from phototag.change.writer import Writer
    from phototag.culling.wording import MODES, CullWording, stars_of_ours
    from phototag.tagging import Tagging

    library, write, batch = done.library, using.write, new_batch()
    journal = Journal(library.journal)
    words = words_of(using, library.place.vocabulary_file)
    wording = CullWording(words, batch, wishes, stars_of_ours(touched))
    with Editor(using.read.processes, using.read.timeout_s * 2) as editor:
        planner = Planner(library, editor, Where(library.place, write.where, write.sidecar), wording, MODES, {})
        settle, links = write.settle_seconds, write.break_links
        writer = Writer(library, editor, settle_seconds=settle, report=report, break_links=links)
        try:
            yield Tagging(
                done,
                planner,
                writer,
                lambda: journal.begin(command_line(), batch),
                lambda: held(library, report),
                report,
                stop,
            )
        finally:
            planner.close()


def _is_in(folder: str) -> Callable[[str], bool]:
    """Asks of a stored path whether it lies in this folder; "" is the library's root."""
    return lambda path: path.startswith(f"{folder}/") if folder else not path.startswith("/")


def _silent(planned: Planned) -> None:
    """Nobody watches."""


# ---- the page


def _page_file(culled: Culled, file: Path) -> Path:
    from phototag.culling.page import MARK
    from phototag.exporting import output_file

    real = Path(os.path.realpath(file))
    if real.is_file() and not _begins_with(real, MARK):
        raise UsageError(
            f"{shown(str(file))} is there already and is no page of ours.", "Name another file: --page FILE"
        )
    return output_file(culled.library, file, force=True)


def _begins_with(file: Path, mark: bytes) -> bool:
    try:
        with file.open("rb") as there:
            return mark in there.read(200)
    except OSError as trouble:
        raise cannot_write(file, trouble) from trouble


def _cards(culled: Culled, members: Sequence[Member], stop: Stop) -> Iterator[Card]:
    """Thumbnails in order, some made ahead by threads, for decoders let go of the interpreter."""
    threads = min(8, os.cpu_count() or 1)
    actual = culled.library.place.actual
    with ThreadPoolExecutor(threads) as pool:
        rest = (actual(member.known.picture or member.known.path) for member in members)
        made = [pool.submit(_card, path) for path in islice(rest, threads * _AHEAD)]
        while made:
            if stop():
                raise Interrupted("Stopped on request: no page was written.", "Run the same command again.")
            yield made.pop(0).result()
            made += [pool.submit(_card, path) for path in islice(rest, 1)]


def _card(path: str) -> Card:
    from phototag.culling.page import Card
    from phototag.read import thumbnail

    try:
        small = thumbnail.jpeg(path, _SIDE)
    except Unreadable as trouble:
        return Card(path, why_not=trouble.sentence)
    return Card(path, small.content, small.width, small.height)
