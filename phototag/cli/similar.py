"""`phototag similar`: which photos look alike, and how much.

The decision here: on a terminal the table fits its width, into a pipe go whole paths; CSV and JSON have everything.
Refused: deleting what is found, for a likeness is no reason.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import Shared, shared, stopping
from phototag.report import folded, many, out, out_json, shown

if TYPE_CHECKING:
    from phototag.search.alike import Group, Pair, Similar

_LISTED = 100  # in a table, unless --limit says otherwise
_LEAST_ROOM = 20
_GAP = "  "


@click.command("similar")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--least", type=float, metavar="COSINE", help="Likeness from which vectors count: 0.8, with CLIP 0.9.")
@click.option("--bits", type=int, metavar="N", help="Only pairs whose hashes differ in at most N of 64 bits, 0 to 10.")
@click.option("--groups", is_flag=True, help="Groups, not pairs: a photo and all that are like it.")
@click.option("--limit", "-n", type=click.IntRange(1), help=f"At most so many; a table has {_LISTED} without it.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets.")
@shared
def command(
    path: Path | None,
    least: float | None,
    bits: int | None,
    groups: bool,
    limit: int | None,
    as_csv: bool,
    both: Shared,
) -> None:
    """List pairs of photos that look alike, the nearest first.

    PATH is a folder (pairs of which at least one photo lies in it) or a photo (those like it); without it the
    library that holds the current folder. A pair has two figures: in how many of 64 bits the hashes of both pictures
    differ, and the cosine of their vectors, 1 for the same and about 0.2 for two photos of nothing in common.

    \b
    same picture      0 to 3 bits: saved again, resized, sharpened
    nearly the same   4 to 6 bits: edited, or the next frame of a burst
    similar           7 to 10 bits with vectors that agree, or the vectors alone

    Files of one photo (copies, RAW and JPEG) are one photo and never a pair. It compares what look and embed have
    made, looks at no picture, and never changes a photo. It only reads.

    \b
    Examples:
      phototag similar ~/Pictures/2024 --groups
      phototag similar DSC00042.jpg --least 0.7 --limit 10
    """
    if as_csv and both.json:
        raise click.UsageError("Choose one of --json and --csv.")
    from phototag import api

    with stopping() as stop:
        found = api.similar(
            path, least=least, bits=bits, library=both.library, flags=both.flags, report=both.report, stop=stop
        )
    if both.json:
        out_json(_as_json(found, groups, limit or 0))
    elif as_csv:
        _csv(found, groups, limit or 0)
    else:
        _table(found, groups, limit or _LISTED)
    if not both.json:
        for note in _notes(found):
            both.report.say(folded(shown(note), 2))


def _notes(found: Similar) -> Iterator[str]:
    """What was compared, and what was not."""
    if found.space:
        yield f"Compared {many(found.compared, 'photo')} by hashes and by vectors of {found.space} ({found.maker})."
    elif found.compared:
        yield f"Compared {many(found.compared, 'photo')} by hashes alone."
    if found.ids and found.without_vectors:
        have = "has" if found.without_vectors == 1 else "have"
        yield f"{many(found.without_vectors, 'photo')} {have} no vectors: phototag embed makes them, where it can."
    yield from found.notes


# ---- for programs


def _as_json(found: Similar, groups: bool, limit: int) -> dict[str, Any]:
    shared_ = {
        "library": found.root,
        "space": found.space,
        "maker": found.maker,
        "compared": found.compared,
        "without_vectors": found.without_vectors,
        "notes": list(found.notes),
        "found": len(found),
    }
    if groups:
        return shared_ | {"groups": [_group(group) for group in found.grouped(limit)]}
    return shared_ | {"pairs": [pair._asdict() for pair in found.listed(limit)]}


def _group(group: Group) -> dict[str, Any]:
    return {"path": group.photo, "alike": [pair._asdict() for pair in group.pairs]}


def _csv(found: Similar, groups: bool, limit: int) -> None:
    from phototag.search import alike
    from phototag.store import sheets

    rows = found.rows_of_groups(limit) if groups else map(alike.pair_row, found.listed(limit))
    try:
        sheets.write(sys.stdout.buffer, "csv", rows, alike.GROUP_COLUMNS if groups else alike.COLUMNS)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader has gone, as `| head` does: nobody is left to tell
        os._exit(0)


# ---- the table


def _table(found: Similar, groups: bool, limit: int) -> None:
    if not len(found):
        out("No similar photos found." if found.ids else "No photos.")
        return
    here = os.getcwd()  # noqa: PTH109 - texts all the way
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if groups:
        listed = list(found.grouped(limit + 1))
        lines = _of_groups(listed[:limit], here, width)
        more = len(listed) > limit
    else:
        lines = _of_pairs(found.listed(limit), here, width)
        more = len(found) > limit
    for line in lines:
        out(line)
    if more:
        which = "The largest groups" if groups else f"The nearest of {many(len(found), 'pair')}"
        out()
        out(f"{which} are shown. More: --limit {limit * 5}, or --csv")


def _of_pairs(pairs: Iterable[Pair], here: str, width: int) -> Iterator[str]:
    yield _line(("kind", "bits", "cosine", "photo", "and photo"), width)
    for pair in pairs:
        paths = (_file(path, files, here) for path, files in zip((pair.one, pair.two), pair.files, strict=True))
        yield _line((pair.kind, *_figures(pair), *paths), width)


def _of_groups(groups: Iterable[Group], here: str, width: int) -> Iterator[str]:
    yield _line(("kind", "bits", "cosine", "photo"), width)
    for group in groups:
        alike = f"{len(group.pairs) + 1} alike"
        yield _line((alike, "", "", _file(group.photo, group.pairs[0].files[0], here)), width)
        for pair in group.pairs:
            yield _line((f"  {pair.kind}", *_figures(pair), _file(pair.two, pair.files[1], here)), width)


def _figures(pair: Pair) -> tuple[str, str]:
    bits = "" if pair.bits is None else str(pair.bits)
    return bits, "" if pair.cosine is None else f"{pair.cosine:.3f}"


def _file(path: str, files: int, here: str) -> str:
    """A path as seen from here, and how many more files that photo has."""
    from phototag.search.listing import nearby

    return shown(nearby(path, here)) + (f" +{files - 1}" if files > 1 else "")


def _line(cells: tuple[str, ...], width: int) -> str:
    """Kind and figures in columns; the paths share what is left of the width, and keep their ends."""
    from phototag.search.listing import padded, shortened

    kind, bits, cosine, *paths = cells
    start = _GAP.join((f"{kind:<17}", f"{bits:>4}", f"{cosine:>6}"))
    room = max(_LEAST_ROOM, (width - len(start)) // len(paths) - len(_GAP)) if width else 0
    texts = [shortened(path, room) for path in paths]
    if room:
        texts[:-1] = [padded(text, room) for text in texts[:-1]]
    return _GAP.join((start, *texts)).rstrip()


__all__ = ["command"]
