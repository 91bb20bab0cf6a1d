"""The part of `phototag.api` for what was found: a contact sheet, copies, links, an album.

The decision here: these take a `Found` and touch no photo, but for an album, which is a keyword of the person's and
goes the way of every keyword: into the journal, then through the writer. Refused: albums in a table of ours, which no
other program could see.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from phototag.api_opening import Flags, Stop, never
from phototag.errors import Interrupted, NoLibrary, Unreadable, UsageError
from phototag.report import Report, shown
from phototag.search.listing import located
from phototag.search.nouns import Found
from phototag.store import place
from phototag.store.log import cannot_write, replace_file

if TYPE_CHECKING:
    from phototag.change.gathering import Gathered
    from phototag.search.page import Card
    from phototag.tagging import Agree, Show, Tagged

SIDE = 320  # pixels of a thumbnail's long side
_AHEAD = 4  # thumbnails in the making, for each thread
_SEPARATORS = frozenset(",;|/\\")


@dataclass
class Sheet:
    """A contact sheet that was written."""

    file: Path
    photos: int = 0
    without: list[tuple[str, str]] = field(default_factory=list)  # photos without a picture on it: path, reason


def libraries_for(named: Sequence[Path], folder: Path | str = ".") -> list[Path]:
    """The roots of the libraries to search: those named, else the one that holds the folder, else the last used."""
    if named:
        return [(place.here(real) or place.existing(real)).root for real in map(_real, named)]
    if found := place.find(_real(folder)):
        return [found.root]
    if last := place.last():
        return [last.root]
    raise NoLibrary(
        f"There is no phototag library in {shown(str(_real(folder)))} or above it, and none was used before.",
        "Make one with: phototag look ~/Pictures   or name one: --library DIR",
    )


def contact_sheet(found: Found, file: Path | str, *, report: Report | None = None, stop: Stop = never) -> Sheet:
    """Write what was found as one HTML page; over an older contact sheet, never over anything else."""
    from phototag.search.page import page

    report = report or Report(quiet=True)
    target = _sheet_file(Path(file), found)
    sheet = Sheet(target)
    paths = located(found)
    with report.progress("thumbnails", len(paths)) as bar:

        def counted() -> Iterator[Card]:
            for card in _cards(paths, stop):
                if card.why_not:
                    sheet.without.append((card.path, card.why_not))
                sheet.photos += 1
                bar.step()
                yield card

        text = "".join(page(found, counted(), f"{datetime.now():%Y-%m-%d}"))
    replace_file(target, text.encode())
    return sheet


def gather(
    found: Found, folder: Path | str, *, links: bool = False, report: Report | None = None, stop: Stop = never
) -> Gathered:
    """Copy the photos that were found into a folder, or link them there; nothing is ever written over."""
    from phototag.change.gathering import Gathering

    gathering = Gathering(Path(folder), links=links)
    paths = located(found)
    with (report or Report(quiet=True)).progress("linking" if links else "copying", len(paths)) as bar:
        for path in paths:
            if stop():
                raise Interrupted("Stopped on request.", "Run the same command again: what is there stays there.")
            gathering.bring(path)
            bar.step()
    return gathering.done


def album(
    found: Found,
    name: str,
    *,
    agree: Agree | None = None,
    show: Show | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> list[Tagged]:
    """Give the photos that were found a keyword, as the person's own word, and write it into their files.

    One run for each library. `agree` is asked once in each run, after the whole plan was shown; None: write at once.
    """
    from phototag.api_people import say
    from phototag.api_writing import tag

    word = album_name(name)
    runs = []
    for root, paths in _by_root(found).items():
        say(paths, add=(word,), library=root, flags=flags, report=report)
        only: Flags = {"write.only": "keywords"} | dict(flags or {})
        runs.append(tag(paths, library=root, agree=agree, show=show, flags=only, report=report, stop=stop))
        if runs[-1].interrupted:
            break
    return runs


def album_name(name: str) -> str:
    """The name as a keyword; UsageError for one that no list of keywords can hold."""
    word = " ".join(name.split())
    if not word or not word.isprintable() or _SEPARATORS & set(word) or word.startswith(("+", "-")):
        raise UsageError(
            f"{shown(name)!r} is no name for an album.",
            "It becomes a keyword: letters, figures and spaces, such as 'Summer in Rome'.",
        )
    return word


def _by_root(found: Found) -> dict[Path, list[str]]:
    """The photos by the library that they are in."""
    groups: dict[Path, list[str]] = {}
    roots = sorted(found.roots, key=len, reverse=True)  # a library inside of another one comes first
    for path in located(found):
        root = next((one for one in roots if path.startswith(f"{one.rstrip('/')}/")), found.roots[0])
        groups.setdefault(Path(root), []).append(path)
    return groups


def _sheet_file(file: Path, found: Found) -> Path:
    from phototag.exporting import output_file
    from phototag.search.page import MARK
    from phototag.store.library import open_library

    real = Path(os.path.realpath(file))
    if real.is_file() and not _begins_with(real, MARK):
        raise UsageError(
            f"{shown(str(file))} is there already and is no contact sheet.", "Name another file: --contact-sheet FILE"
        )
    return output_file(open_library(Path(found.roots[0]), Path(found.roots[0])), file, force=True)


def _begins_with(file: Path, mark: bytes) -> bool:
    try:
        with file.open("rb") as there:
            return mark in there.read(200)
    except OSError as trouble:
        raise cannot_write(file, trouble) from trouble


def _cards(paths: Sequence[str], stop: Stop) -> Iterator[Card]:
    """Thumbnails in the order of the paths, some made ahead by threads, for decoders let go of the interpreter."""
    threads = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        rest = iter(paths)
        made = [pool.submit(_card, path) for path in islice(rest, threads * _AHEAD)]
        while made:
            if stop():
                raise Interrupted("Stopped on request: no contact sheet was written.", "Run the same command again.")
            yield made.pop(0).result()
            made += [pool.submit(_card, path) for path in islice(rest, 1)]


def _card(path: str) -> Card:
    from phototag.read import thumbnail
    from phototag.search.page import Card

    try:
        small = thumbnail.jpeg(path, SIDE)
    except Unreadable as trouble:
        return Card(path, why_not=trouble.sentence)
    return Card(path, small.content, small.width, small.height)


def _real(folder: Path | str) -> Path:
    return Path(os.path.realpath(folder))
