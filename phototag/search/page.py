"""The contact sheet: what was found as one HTML page that needs nothing but itself.

The decision here: the page is `sheet.html` beside this file with our words put in, each escaped, and its own policy
lets no script run but ours, by its sum, and lets nothing be fetched; a file name is text whatever stands in it.
Refused: a template language, and a page that looks different where there is no network.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

from phototag.report import many, shown
from phototag.search.listing import date_of, keywords_of, located, text_of, understood
from phototag.search.nouns import FIELDS, Found, Hit, Why

MARK = b"<!-- phototag contact sheet -->"  # near the beginning of every sheet: ours may be written over
_TEMPLATE = Path(__file__).with_name("sheet.html")
_SLOT = re.compile("@([A-Z_]+)@")
_BREAKS = re.compile(r"[ \t\r\n]+")
_MOST_WORDS = 8
_OUT = re.compile(r"-?[\d.]+, (-?[\d.]+) deviations above the rest")
_STRONGLY, _WELL = 4.0, 2.5  # deviations
_ALT = 250  # characters: more is too much to be read aloud for one picture


class Card(NamedTuple):
    """What the page shows of one hit: its picture (a JPEG) or why there is none."""

    path: str  # absolute
    content: bytes = b""
    width: int = 0
    height: int = 0
    why_not: str = ""


def page(found: Found, cards: Iterable[Card], made: str) -> Iterator[str]:
    """The page, piece by piece; `cards` are taken one after the other, in the order of the hits."""
    template = _TEMPLATE.read_text("utf-8")
    typed = _line(found.query.text) or "Photos like these"
    words = {
        "STYLE_SUM": _sum(template, "style"),
        "SCRIPT_SUM": _sum(template, "script"),
        "TITLE": f"{escape(typed)} – {many(len(found.hits), 'photo')}",
        "HEADING": escape(typed),
        "SUMMARY": escape(_summary(found)),
        "UNDERSTOOD": _understood(found),
        "FOOTER": escape(f"Made {made} by phototag from {', '.join(map(_line, found.roots)) or 'a library'}."),
    }
    before, after = template.split("@HITS@")
    yield _filled(before, words)
    if found.hits:
        yield '<ol aria-label="Photos, best first">\n'
        names = _names(located(found))
        yield from (_hit(hit, card, names) for hit, card in zip(found.hits, cards, strict=True))
        yield "</ol>"
    else:
        yield '<p class="nothing">Nothing found.</p>'
    yield _filled(after, words)


def _filled(template: str, words: dict[str, str]) -> str:
    """In one pass, so that what is put in is never looked at again."""
    return _SLOT.sub(lambda slot: words[slot[1]], template)


def _sum(template: str, element: str) -> str:
    """The sum by which the page's policy knows its only script and its only style."""
    inside = template.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
    return "sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()


def _summary(found: Found) -> str:
    weak = sum(hit.weak for hit in found.hits)
    parts = [many(len(found.hits), "photo"), "best first"]
    return ", ".join(parts) + (f"; {weak:,} weak: may not show what was asked for" if weak else "")


def _understood(found: Found) -> str:
    parts = [f"{name} {meaning}" for name, meaning in understood(found.query)]
    if len(parts) <= 1 and not found.query.parts:  # the picture part alone says what the heading says
        return ""
    return f'<p class="understood">{escape(_line("; ".join(parts)))}</p>'


def _names(paths: Iterable[str]) -> dict[str, str]:
    """What each file is called: its name, with as many folders before it as tell it from others of that name."""
    left, names, parts = set(paths), dict[str, str](), 0
    while left:
        parts += 1
        called = {path: "/".join(path.split("/")[-parts:]) for path in left}
        times = Counter(called.values())
        clear = {path: name for path, name in called.items() if times[name] == 1 or name == path}
        names |= clear
        left -= clear.keys()
    return names


def _hit(hit: Hit, card: Card, names: Mapping[str, str]) -> str:
    name = _line(shown(names.get(card.path) or card.path.rpartition("/")[2]))
    marks = '<span class="mark weak">weak</span>' if hit.weak else ""
    marks += f'<span class="mark">+{len(hit.folded)} alike</span>' if hit.folded else ""
    score = f'<b><span class="away">score </span>{hit.score:.2f}</b>'
    meter = f'<meter min="0" max="1" value="{min(max(hit.score, 0.0), 1.0):.3f}" aria-hidden="true"></meter>'
    said = filter(None, (date_of(hit) or "no date", text_of(hit, "place")))
    when = "".join(f"<span>{escape(_line(text))}</span>" for text in said)
    words = "".join(f"<span>{escape(_line(word))}</span>" for word in keywords_of(hit)[:_MOST_WORDS])
    return (
        f'<li class="hit"><a href="{escape(_address(card.path))}" target="_blank" rel="noopener noreferrer">'
        f'<span class="frame">{_picture(hit, card, name)}</span>{_why(hit)}<span class="said">'
        f'<span class="score">{score}{meter}{marks}</span>'
        + f'<span class="when">{when}</span>'
        + (f'<span class="words-on">{words}</span>' if words else "")
        + f'<span class="name" title="{escape(_line(shown(card.path)))}">{escape(name)}</span></span></a></li>\n'
    )


def _picture(hit: Hit, card: Card, name: str) -> str:
    if not card.content:
        return f'<span class="none">No picture: {escape(_line(card.why_not))}</span>'
    alt = _line(text_of(hit, "caption") or text_of(hit, "keywords") or name)[:_ALT]
    source = base64.b64encode(card.content).decode()
    size = f'width="{card.width}" height="{card.height}"'
    return f'<img src="data:image/jpeg;base64,{source}" {size} loading="lazy" decoding="async" alt="{escape(alt)}">'


def _why(hit: Hit) -> str:
    reasons = "".join(map(_reason, sorted(hit.why, key=lambda why: -why.strength)))
    return f'<span class="why">{reasons}</span>' if reasons else ""


def _reason(why: Why) -> str:
    """One reason in plain words; its figures show where a mouse rests on it."""
    figures = f"{why.by}: {why.said}, strength {why.strength:.2f}"
    by = "words" if why.by == "text" else why.by if why.by in FIELDS else "what it shows"
    part = f"“{escape(_line(why.part))}”" if why.part else ""
    plainly = f"<b>{escape(_line(by))}</b> {escape(_line(_plainly(why.said)))} <i>{part}</i>"
    return f'<span title="{escape(_line(figures))}">{plainly}</span>'


def _plainly(said: str) -> str:
    """How far a picture stands out from the others, in words."""
    found = _OUT.fullmatch(said)
    if not found:
        return said
    out = float(found[1])
    return "stands out strongly" if out >= _STRONGLY else "stands out" if out >= _WELL else "stands out a little"


def _address(path: str) -> str:
    return Path(path).absolute().as_uri()


def _line(text: str) -> str:
    """A text as one line that UTF-8 can hold: whatever no page should hold shows as its escape.

    What steers the direction of writing is escaped too: it could make a name read as another one.
    """
    text = _BREAKS.sub(" ", text)
    joined = (letter if letter.isprintable() or letter == "\u200d" else repr(letter)[1:-1] for letter in text)
    return "".join(joined).encode("utf-8", "backslashreplace").decode()
