"""The page on which a person goes through the groups and decides.

The decision here: the page is `sheet.html` beside this file with our words put in, each escaped; its own policy lets no
script run but ours and nothing be fetched, and what a person decides leaves it as a file that they save. Refused: a
server for what a file can do, and decisions that hang on the names of files.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from phototag.culling.nouns import Culled, Member, Sorted
from phototag.decide.cull import SINGLE
from phototag.report import many, shown

MARK = b"<!-- phototag cull page -->"  # near the beginning of every page: ours may be written over
_TEMPLATE = Path(__file__).with_name("sheet.html")
_SLOT = re.compile("@([A-Z_]+)@")
_SAID = {"pick": "Pick", "maybe": "Maybe", "reject": "Reject"}
_KEYS = {"pick": "p", "maybe": "m", "reject": "r"}


class Card(NamedTuple):
    """What the page shows of one photo: its picture (a JPEG) or why there is none."""

    path: str  # absolute
    content: bytes = b""
    width: int = 0
    height: int = 0
    why_not: str = ""


def page(culled: Culled, cards: Iterable[Card], made: str) -> Iterator[str]:
    """The page, piece by piece; `cards` are taken one after the other, in the order of the photos."""
    template = _TEMPLATE.read_text("utf-8")
    counts = culled.counts
    folder = _line(shown(culled.folder))
    words = {
        "STYLE_SUM": _sum(template, "style"),
        "SCRIPT_SUM": _sum(template, "script"),
        "TITLE": escape(f"{folder.rpartition('/')[2] or folder} – {many(counts['photos'], 'photo')} to cull"),
        "HEADING": escape(folder.rpartition("/")[2] or folder),
        "FOOTER": escape(f"Made {made} by phototag from {folder} (profile {culled.profile})."),
    }
    before, after = template.split("@GROUPS@")
    yield _filled(before, words)
    taken = iter(cards)
    alone: list[str] = []
    for group in culled.groups:
        items = "".join(_photo(member, next(taken)) for member in group.members)
        if group.kind == SINGLE:
            alone.append(items)
        else:
            yield _section(f"{group.number}", _kind(group), group.why, items, series=group.is_series)
    if alone:
        yield _section("", "alone", "not like any other photo: nothing is picked", "".join(alone), series=False)
    if not culled.groups:
        yield '<p class="nothing">No photos.</p>'
    yield _filled(after, words)


def _kind(group: Sorted) -> str:
    return f"{group.kind}, never culled" if group.is_series else group.kind


def _section(number: str, kind: str, why: str, items: str, *, series: bool) -> str:
    head = f"{f'<b>{number}</b> ' if number else ''}{escape(kind)}"
    said = f' <span class="soft">{escape(_line(why))}</span>' if why else ""
    return f"<section{' class=series' if series else ''}><h2>{head}{said}</h2><ol>\n{items}</ol></section>\n"


def _photo(member: Member, card: Card) -> str:
    judged, name = member.judged, _line(shown(card.path.rpartition("/")[2]))
    craft = member.known.frame.craft or {}
    tiles = ",".join(str(int(tile)) for tile in craft.get("tiles") or ())
    own = judged.verdict if judged.by == "person" else ""
    buttons = "".join(
        f'<button type="button" tabindex="-1" data-say="{say}" aria-keyshortcuts="{_KEYS[say]}">{text}</button>'
        for say, text in _SAID.items()
    )
    score = "" if judged.score is None else f'<span class="score">{judged.score:.2f}</span>'
    return (
        f'<li class="photo" tabindex="-1" data-id="{escape(judged.image_id)}" data-verdict="{judged.verdict}" '
        f'data-own="{own}" data-tiles="{tiles}" data-across="{int(craft.get("tiles_across") or 0)}">'
        f'<div class="frame">{_picture(card)}<span class="badge" aria-hidden="true"></span></div>'
        f'<div class="said"><div class="name" title="{escape(_line(shown(card.path)))}">{escape(name)}{score}</div>'
        f'<div class="why">{escape(_line(judged.because))}</div>'
        f'<div class="says">{buttons}<span class="stars" aria-hidden="true"></span></div></div></li>\n'
    )


def _picture(card: Card) -> str:
    if not card.content:
        return f'<span class="none">No picture: {escape(_line(card.why_not))}</span>'
    source = base64.b64encode(card.content).decode()
    size = f'width="{card.width}" height="{card.height}"'
    return f'<img src="data:image/jpeg;base64,{source}" {size} loading="lazy" decoding="async" alt="">'


def _filled(template: str, words: dict[str, str]) -> str:
    """In one pass, so that what is put in is never looked at again."""
    return _SLOT.sub(lambda slot: words[slot[1]], template)


def _sum(template: str, element: str) -> str:
    """The sum by which the page's policy knows its only script and its only style."""
    inside = template.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
    return "sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()


def _line(text: str) -> str:
    """A text as one line that UTF-8 can hold: whatever no page should hold shows as its escape."""
    joined = (letter if letter.isprintable() or letter == "\u200d" else repr(letter)[1:-1] for letter in text)
    return "".join(joined).encode("utf-8", "backslashreplace").decode()
