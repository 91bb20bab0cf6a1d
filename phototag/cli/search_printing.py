"""How finds are printed: a table for people, and paths, CSV and JSON for programs.

The decision here: on a terminal the table fits its width; into a pipe go whole paths. What a person should know beside
the finds goes to stderr wherever a program reads stdout. Refused: a pager.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from phototag.cli.common import Shared
from phototag.report import folded, many, out, out_json, rows, shown
from phototag.search import listing

if TYPE_CHECKING:
    from phototag.search.evaluating import Quality
    from phototag.search.nouns import Found


def printed(found: Found, form: str, given: dict[str, Any], both: Shared) -> None:
    """Print the finds as table, paths, print0 or csv."""
    here = os.getcwd()  # noqa: PTH109 - texts all the way
    files = listing.located(found)
    if form == "csv":
        _csv(found, files)
    elif form == "paths":
        _paths(files, both)
    elif form == "print0":
        _bytes(b"".join(os.fsencode(file) + b"\0" for file in files))
    elif found.hits:
        _table(found, files, here, given, both)
    if not found.hits and form == "table":
        _nothing(found, given)
    elif not found.hits:
        both.report.say("Nothing found.")


def room() -> int:
    """The columns that a table may take; 0 in a pipe, which takes any number."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def as_json(found: Found, results: dict[str, dict[str, Any]]) -> None:
    """Print everything as one JSON value, with what was done to the finds."""
    out_json(listing.as_json(found) | results)


def _table(found: Found, files: list[str], here: str, given: dict[str, Any], both: Shared) -> None:
    if given["explain"]:
        _understood(found)
    lines = listing.table(found, [listing.nearby(file, here) for file in files], room(), explain=given["explain"])
    if given["thumbnails"]:
        from phototag.cli import thumbnails

        lines = thumbnails.beside(lines, found, files, both.report)
    for line in lines:
        out(line)
    if notes := list(listing.after(found, given["limit"])):
        out()
        for note in notes:
            out(folded(note, 2))


def _understood(found: Found) -> None:
    out(rows([("understood", ""), *((f"  {name}", meaning) for name, meaning in listing.understood(found.query))]))
    if found.query.parts:
        out(f"{many(found.matching, 'photo')} pass{'es' if found.matching == 1 else ''} the conditions")
    out()


def _nothing(found: Found, given: dict[str, Any]) -> None:
    """That nothing was found is an answer; how it came about helps to ask anew."""
    out("Nothing found.")
    parts, picture = found.query.parts, found.query.picture
    if given["explain"]:
        _understood(found)
    if parts and not found.matching:
        typed = ", ".join(f'"{shown(part.text)}"' for part in parts)
        several = len(parts) > 1
        typed = f"all of {typed}. Leave one out, or ask wider." if several else f"{typed}. Ask wider."
        out(folded(f"No photo passes {typed}", 2))
    elif picture:
        of = f"Of {many(found.matching, 'photo')} none" if parts else "No photo"
        out(folded(f'{of} stands out as "{shown(picture)[:200]}". Try fewer or other words.', 2))
    out(folded("How a query is understood: --explain. What nobody has looked at is not found: phototag status", 2))


def _paths(paths: list[str], both: Shared) -> None:
    """One on a line; a name that would break a line is escaped, and that is said."""
    broken = [path for path in paths if "\n" in path or "\r" in path]
    plain = shown if sys.stdout.isatty() else str
    lines = [shown(path) if path in broken else plain(path) for path in paths]
    _bytes(b"".join(os.fsencode(line) + b"\n" for line in lines))
    if broken:
        names = "1 name has a line break in it and is" if len(broken) == 1 else f"{len(broken)} names have line breaks"
        both.report.warn(f"{names}{'' if len(broken) == 1 else ' in them and are'} escaped. Use --print0.")


def _csv(found: Found, files: list[str]) -> None:
    from phototag.store import sheets

    lines = (listing.row(hit, file) for hit, file in zip(found.hits, files, strict=True))
    try:
        sheets.write(sys.stdout.buffer, "csv", lines, listing.COLUMNS)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader has gone, as `| head` does: nobody is left to tell
        os._exit(0)


def _bytes(content: bytes) -> None:
    """File names as the file system has them, whatever the terminal's encoding."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)


# ---- measuring


def measured(found: Quality, both: Shared) -> None:
    """Print what --eval measured: a line for each source, or all of it as JSON."""
    if both.json:
        out_json(asdict(found))
        return
    for line in found.lines():
        out(line)
    out()
    out(f"{many(found.queries, 'query', 'queries')}; in brackets what 19 of 20 samples of them would give.")
