"""The part of `phototag.api` for what was found: a contact sheet, copies, links; and whether it is still there.

The decision here: these take a `Found` and touch no photo. Copies do not go among the photos that were searched, for
the next scan would take them for photos of their own. Refused: showing what has gone since the last scan.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_album import album as album
from phototag.api_album import album_name as album_name
from phototag.api_opening import Flags, Stop, never
from phototag.errors import Interrupted, NoLibrary, NoSpace, Unreadable, UsageError
from phototag.read.walk import Walk
from phototag.records import family
from phototag.report import Report, many, shown
from phototag.search.listing import located
from phototag.search.nouns import Found
from phototag.store import place
from phototag.store.lance import quoted
from phototag.store.log import cannot_write, replace_file

if TYPE_CHECKING:
    from phototag.change.gathering import Gathered
    from phototag.search.page import Card

SIDE = 320  # pixels of a thumbnail's long side
_AHEAD = 4  # thumbnails in the making, for each thread


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


def still_there(found: Found) -> Found:
    """The finds without those whose files have gone since the last scan; a library that is not there keeps all."""
    kept = [_stays(path, found.roots) for path in located(found)]
    gone = len(kept) - sum(kept)
    if not gone:
        return found
    note = f"{many(gone, 'photo')} {'has' if gone == 1 else 'have'} gone since the last scan: phototag scan"
    hits = tuple(hit for hit, stays in zip(found.hits, kept, strict=True) if stays)
    return replace(found, hits=hits, notes=(*found.notes, note))


def _stays(path: str, roots: Sequence[str]) -> bool:
    """Is it there, or is nothing there, as of a disk that is not plugged in?"""
    if os.path.lexists(path):
        return True
    root = next((one for one in roots if path.startswith(f"{one.rstrip('/')}/")), "")
    folder = Path(root) if root else Path(path).parent  # originals lie outside of their library
    return not folder.is_dir() or not any(one.name != place.FOLDER for one in folder.iterdir())


def can_be_liked(photos: Sequence[Path], roots: Sequence[Path]) -> None:
    """UsageError that says why nothing can be found that is like one of these files."""
    for photo in photos:
        if not os.path.lexists(photo):
            continue  # a name below the library's root, perhaps: search itself looks for it
        if photo.is_dir():
            raise UsageError(f"{shown(str(photo))} is a folder.", "Name a photo: --like PHOTO")
        trouble = list(filter(None, (_why_not_liked(photo, root) for root in roots)))
        if len(trouble) == len(roots):
            sentence, hint = trouble[0]
            raise UsageError(f"{shown(str(photo))} {sentence}.", hint)


def _why_not_liked(photo: Path, root: Path) -> tuple[str, str] | None:
    """The rest of a sentence about the photo, and a hint; None where nothing is in the way."""
    from phototag.store.library import open_library
    from phototag.store.searchable import Searchable, version

    library, real = open_library(root, root), os.path.realpath(photo)
    table = Searchable(library.lance.folder, root)
    where = f"path = {quoted(library.place.stored(real))}"
    columns = ("photo_id", "status", "error", "kind")
    file = next(iter(table.every(columns, where, "files")), None) if version(table.folder, "files") else None
    if file is None and not _is_below(real, library.place.root):
        return f"lies outside of the library in {shown(str(root))}", "Name a photo of that library."
    if file is None:
        scan = f"Scan its folder first: phototag scan {shown(str(photo.parent))}"
        return f"is no photo of the library in {shown(str(root))}", scan
    if file["status"] == "unreadable" or not file["photo_id"]:
        why = f" ({shown(file['error'])})" if file["error"] else ""
        return f"cannot be read as a photo{why}", "Name another one."
    seen = f"image_id = {quoted(file['photo_id'])}"
    vectors = version(table.folder, "vectors_visual") and any(table.every(("image_id",), seen, "vectors_visual"))
    if family(file["kind"]) == "video" and not vectors:
        return "is a film, and films are not compared yet", "Name a photo."
    return None


def _is_below(path: str, folder: Path) -> bool:
    return folder in Path(path).parents


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
    try:
        replace_file(target, text.encode())
    except NoSpace as trouble:
        raise NoSpace(trouble.sentence, "Name a file elsewhere: --contact-sheet FILE") from trouble
    return sheet


def gather(
    found: Found,
    folder: Path | str,
    *,
    links: bool = False,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Gathered:
    """Copy the photos that were found into a folder, or link them there; nothing is ever written over."""
    from phototag.change.gathering import Gathering

    _outside(found, folder, links, flags)
    gathering = Gathering(Path(folder), links=links)
    paths = located(found)
    with (report or Report(quiet=True)).progress("linking" if links else "copying", len(paths)) as bar:
        for path in paths:
            if stop():
                raise Interrupted("Stopped on request.", "Run the same command again: what is there stays there.")
            gathering.bring(path)
            bar.step()
    return gathering.done


# ---- shared


def _sheet_file(file: Path, found: Found) -> Path:
    from phototag.exporting import output_file
    from phototag.search.page import MARK
    from phototag.store.library import open_library

    real = Path(os.path.realpath(file))
    if real.is_file() and not _begins_with(real, MARK):
        raise UsageError(
            f"{shown(str(file))} is there already and is no contact sheet.", "Name another file: --contact-sheet FILE"
        )
    try:
        return output_file(open_library(Path(found.roots[0]), Path(found.roots[0])), file, force=True)
    except UsageError as trouble:
        raise UsageError(trouble.sentence, "Name a file of its own: --contact-sheet FILE.html") from trouble


def _outside(found: Found, folder: Path | str, links: bool, flags: Flags | None) -> None:
    """UsageError for a folder in which the next scan would take the copies for photos of the library."""
    from phototag.store.library import open_library

    real = _real(folder)
    for root in map(Path, found.roots):
        there = open_library(root, root).place
        at = settings_.load(there.settings_file, flags).scan
        if links and not at.follow_links:  # a scan passes over them
            continue
        for top in map(there.actual, there.roots or ("",)):
            inside = real == Path(top) or Path(top) in real.parents
            if inside and _Way(top, tuple(at.ignore), hidden=at.hidden).leads_to(real):
                raise UsageError(
                    f"{shown(str(folder))} lies in the library that was searched: copies would become photos of it.",
                    "Name a folder elsewhere, or one that is there and that .phototagignore names.",
                )


class _Way(Walk):
    """The way of a scan down to one folder."""

    def leads_to(self, folder: Path) -> bool:
        """Would a scan come there? A folder that is yet to be made is passed over only for its hidden name."""
        here, rules = Path(self.root), self._first_rules()
        for name in folder.relative_to(here).parts:
            if name.startswith(".") and not self.hidden:
                return False
            listed = self._list(str(here), rules)
            here /= name
            if listed is None or not here.is_dir():
                continue
            if str(here) not in listed[1]:
                return False
            rules = listed[2]
        return True


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
