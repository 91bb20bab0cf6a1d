"""What was found, as lines of text: a table, the reasons, the query as it was understood; and as rows for programs.

The decision here: a table fits the width that it is given, and of a path that is too long the end stays, for the name
is what people know a photo by. Refused: a table that wraps, and paths cut where only a column ended.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from phototag.report import many, shown
from phototag.search.nouns import Area, Count, Days, Found, Hit, Part, Query
from phototag.store import place

COLUMNS = {
    "score": "figure",
    "weak": "text",
    "date": "text",
    "place": "text",
    "keywords": "texts",
    "caption": "text",
    "rating": "whole",
    "path": "text",
    "alike": "whole",
}
WEAK = "weak: may not show what you asked for"
_HELD = frozenset(("landscape orientation", "portrait orientation", "querformat", "hochformat"))  # said of every photo
_GAP = "  "
_HEADS = ("score", "date", "place", "keywords", "path")
_WIDEST = (6, 10, 20, 44)  # score, date, place, keywords where nobody limits the width
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# ---- where the photos are


def located(found: Found) -> list[str]:
    """The absolute path of each hit, in their order."""
    return [_located(hit, found.roots) for hit in found.hits]


def _located(hit: Hit, roots: Sequence[str]) -> str:
    """With several libraries the hit says whose it is, or else it is the one that has such a file."""
    path = place.unescape(hit.path)
    if Path(path).is_absolute():
        return path
    named = str(hit.shown.get("root") or "")
    tried = [os.path.normpath(str(Path(root, path))) for root in ([named] if named else roots)]
    return next((one for one in tried if os.path.lexists(one)), tried[0] if tried else path)


def nearby(path: str, here: str) -> str:
    """The path as seen from a folder, where that is shorter."""
    relative = os.path.relpath(path, here)
    return relative if len(relative) < len(path) else path


# ---- one hit in words


def text_of(hit: Hit, name: str) -> str:
    """What a hit shows under a name, as a person reads it; empty where nothing is known."""
    value = hit.shown.get(name)
    if name == "date" and isinstance(value, int) and value > 0:
        return day(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part)
    return "" if value is None else str(value)


def date_of(hit: Hit) -> str:
    """The day of a photo, if it is known."""
    return text_of(hit, "date")[:10]


def keywords_of(hit: Hit) -> list[str]:
    """The keywords of a photo, those first for which it was found, and last those that say how it is held."""
    words = hit.shown.get("keywords") or ()
    every = [words] if isinstance(words, str) else [str(word) for word in words]
    because = "\n".join(why.said for why in hit.why).casefold()
    return sorted(every, key=lambda word: (word.casefold() in _HELD, word.casefold() not in because))


def row(hit: Hit, path: str) -> dict[str, Any]:
    """One hit for a program that reads tables; its keys are those of COLUMNS."""
    return {
        "score": round(hit.score, 4),
        "weak": "weak" if hit.weak else "",
        "date": text_of(hit, "date"),
        "place": text_of(hit, "place"),
        "keywords": keywords_of(hit),
        "caption": text_of(hit, "caption"),
        "rating": hit.shown.get("rating"),
        "path": path,
        "alike": len(hit.folded),
    }


def as_json(found: Found) -> dict[str, Any]:
    """Everything that was found, for programs; paths are absolute."""
    return {
        "query": asdict(found.query),
        "libraries": list(found.roots),
        "matching": found.matching,
        "seconds": round(found.seconds, 3),
        "notes": list(found.notes),
        "hits": [
            row(hit, path)
            | {
                "weak": hit.weak,
                "photo": hit.image_id,
                "alike": list(hit.folded),
                "why": [asdict(why) for why in hit.why],
            }
            for hit, path in zip(found.hits, located(found), strict=True)
        ],
    }


# ---- the table


def table(found: Found, paths: Sequence[str], width: int = 0, *, explain: bool = False) -> Iterator[str]:
    """The lines of the table; `width` 0 limits nothing but keywords. `explain` puts the reasons under each hit."""
    cells = [_cells(hit, path) for hit, path in zip(found.hits, paths, strict=True)]
    widths = _widths(cells, width)
    yield _line(_HEADS, widths)
    for hit, line in zip(found.hits, cells, strict=True):
        yield _line(line, widths)
        if explain:
            yield from (clipped(text, width) for text in _reasons(hit))


def after(found: Found, limit: int) -> Iterator[str]:
    """What a person should know who has read the table."""
    if weak := sum(hit.weak for hit in found.hits):
        yield f"? {WEAK}" + (" (all of them)" if weak == len(found.hits) else "")
    if alike := sum(len(hit.folded) for hit in found.hits):
        yield f"+ {many(alike, 'photo')} nearly the same {'is' if alike == 1 else 'are'} not listed: --all"
    if len(found.hits) >= limit > 1:
        yield f"These are the best {limit:,}. More: --limit {limit * 5}"


def understood(query: Query) -> Iterator[tuple[str, str]]:
    """How the query was understood, part by part, as pairs of words."""
    for part in query.parts:
        yield ("not " if part.without else "") + part.field, _meant(part)
    if query.picture:
        yield "picture", f'"{shown(query.picture)}"'
    for word in query.without:
        yield "not shown", f'"{shown(word)}"'


def _meant(part: Part) -> str:
    meaning = shown(said(part.value))
    typed = shown(part.text)
    return f'"{typed}"' + (f": {meaning}" if meaning and meaning.casefold() != typed.casefold() else "")


def said(value: Any) -> str:
    """The value of a part in words."""
    if isinstance(value, Days):
        return ", ".join(_days(value))
    if isinstance(value, Count):
        if value.least == value.most:
            return "unknown" if value.least is None else str(value.least)
        if value.most is None:
            return f"at least {value.least}"
        return f"at most {value.most}" if value.least is None else f"{value.least} to {value.most}"
    if isinstance(value, Area):
        circle = f"up to {value.radius_km:g} km from {value.lat:.2f}, {value.lon:.2f}" if value.lat is not None else ""
        return ", ".join(part for part in ("/".join(value.names), circle) if part)
    return str(value)


def _days(days: Days) -> Iterator[str]:
    if days.first or days.last:
        first, last = (day(one) if one else "" for one in (days.first, days.last))
        yield first if first == last else f"{first or '…'} to {last or '…'}"
    if days.months:
        yield "/".join(_MONTHS[month - 1] for month in days.months)
    if days.weekdays:
        yield "/".join(_WEEKDAYS[weekday] for weekday in days.weekdays)
    if days.hours:
        yield f"{days.hours[0]:02}:00 to {days.hours[1]:02}:00"


def day(number: int) -> str:
    """20230714 as 2023-07-14."""
    return f"{number // 10_000:04}-{number // 100 % 100:02}-{number % 100:02}"


def _reasons(hit: Hit) -> Iterator[str]:
    by = max((len(why.by) for why in hit.why), default=0)
    for why in sorted(hit.why, key=lambda why: -why.strength):
        part = f' for "{shown(why.part)}"' if why.part else ""
        yield f"       {why.by:<{by}}  {why.strength:.2f}  {shown(why.said)}{part}"


def _cells(hit: Hit, path: str) -> tuple[str, ...]:
    alike = f" +{len(hit.folded)}" if hit.folded else ""
    score = f"{hit.score:.2f}{'?' if hit.weak else ''}{alike}"
    return score, date_of(hit), shown(text_of(hit, "place")), shown(", ".join(keywords_of(hit))), shown(path)


def _widths(cells: Iterable[tuple[str, ...]], width: int) -> list[int]:
    """As wide as what stands in them; where there is too little room, place, keywords and path share what is left."""
    lines = list(cells)
    widths = [max(cell_width(text) for text in column) for column in zip(_HEADS, *lines, strict=True)]
    for at, widest in enumerate(_WIDEST[2:], 2):
        widths[at] = min(widths[at], widest)
    for at in (1, 2, 3):  # a column in which nothing stands takes no room
        if not any(line[at] for line in lines):
            widths[at] = 0
    if not width:
        return widths
    room = width - sum(widths[:2]) - len(_GAP) * (sum(map(bool, widths)) - 1)
    if sum(widths[2:]) > room:
        widths[2] = min(widths[2], room // 6)
        path = min(widths[4], max(room * 9 // 20, room - widths[2] - widths[3]))
        widths[3] = min(widths[3], max(0, room - widths[2] - path))
        widths[4] = max(1, room - widths[2] - widths[3])
    return widths


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    score, *middle, path = (
        shortened(text, room) if at == len(widths) - 1 else clipped(text, room)
        for at, (text, room) in enumerate(zip(cells, widths, strict=True))
    )
    kept = [padded(score, widths[0]), *(padded(t, w) for t, w in zip(middle, widths[1:-1], strict=True) if w), path]
    return _GAP.join(kept).rstrip()


# ---- widths, as a terminal counts them


def cell_width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or letter in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))


def clipped(text: str, width: int) -> str:
    """The beginning of a text that is too long, with an ellipsis; width 0 limits nothing."""
    if not width or cell_width(text) <= width:
        return text
    kept = ""
    for letter in text:
        if cell_width(kept + letter) > width - 1:
            break
        kept += letter
    return kept.rstrip(" ,") + "…"


def shortened(path: str, width: int) -> str:
    """The end of a path that is too long, from a folder's name on if one is in reach."""
    if not width or cell_width(path) <= width:
        return path
    kept = ""
    for letter in reversed(path):
        if cell_width(letter + kept) > width - 1:
            break
        kept = letter + kept
    slash = kept.find("/")
    return "…" + (kept[slash:] if 0 <= slash < len(kept) - 1 else kept)
