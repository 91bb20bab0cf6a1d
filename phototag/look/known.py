"""What is known of a photo before a model sees it, as texts for the slots of a prompt.

The decision here: names and counts, each on one line and of a bounded length. Keywords that people wrote stand in
quotes, since they are material and no instruction, and what could hide an instruction (control and invisible
characters) is left out. Coordinates never go in, not even where a person wrote them as a keyword or a place. Refused:
file names and folders, and words of ours, which would make a model agree with what an earlier one said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from phototag.look.step import Subject
from phototag.records import Facts, Moment

USED = ("place", "people", "address")  # the steps whose evidence goes in, where they are there
STYLE_LENGTH = 1000

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_NOT_A_TIME = frozenset({(0, 0, 0), (12, 0, 0)})  # what programs write where they know the day alone
_JOINERS = frozenset("\u200c\u200d")  # inside words of some languages, and of emoji
_COORDINATE = re.compile(
    r"[-+]?\d{1,3}[.,]\d{3,}|\d\s*[°º˚]|geo:|\b(lat|lon|lng)[a-z]*\W{0,3}\d"  # 49.4521, 49° 27', geo:lat=, lat: 49
    r"|\d{1,3}[.,]\d{2,}\s*[,;/ ]\s*[-+]?\d{1,3}[.,]\d{2,}|\d{1,3}[ :]\d{1,2}[ :]\d{1,2}([.,]\d+)?\s*[NSEW]\b"
    r"|\b[2-9CFGHJMPQRVWX]{4,8}\+[2-9CFGHJMPQRVWX]{2,3}\b",  # 8FXJ3F+2Q, a plus code
    re.IGNORECASE,
)
_PATH = re.compile(r"^[~/\\]|^[a-z]:[/\\]|://|/.*/|\\", re.IGNORECASE)
_NAME_LENGTH, _LINE_LENGTH, _KEYWORDS_LENGTH = 60, 160, 600
_MOST_NAMES, _MOST_KEYWORDS = 12, 40


def facts(subject: Subject) -> dict[str, str]:
    """By slot, what is known of the photo in plain words; "" where nothing is."""
    own, earlier = subject.facts, subject.earlier
    return {
        "date": _date(own.moment),
        "place": _place(own, earlier),
        "people": _people(own, earlier.get("people")),
        "camera": _camera(own),
        "keywords": _keywords(own.keywords),
    }


def style(text: str) -> str:
    """A person's style guide as it may stand in a prompt: of any number of lines, but not of any length."""
    lines = (_line(line, STYLE_LENGTH) for line in text.splitlines())
    return "\n".join(lines).strip()[:STYLE_LENGTH].rstrip()


def is_seen(letter: str) -> bool:
    """False of what controls, hides, or is half a letter."""
    return letter in _JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _date(moment: Moment | None) -> str:
    if moment is None or moment.source == "modified":  # when a file was saved says nothing of the photo
        return ""
    local = moment.local
    day = f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    if moment.source == "name" or (local.hour, local.minute, local.second) in _NOT_A_TIME:
        return day
    return f"{day}, {local.hour:02}:{local.minute:02}"


def _place(own: Facts, earlier: Mapping[str, Any]) -> str:
    """A person's words alone, where there are any: what is near the GPS point may be another place than they mean."""
    asked, near = (earlier.get(step) or {} for step in ("address", "place"))
    for source in (own.place, asked, near):
        parts = (source.get(part) for part in ("location", "name", "city", "state", "country"))
        if names := _several(parts, 5):
            return _line(", ".join(names), _LINE_LENGTH)
    return "at sea" if near.get("at_sea") is True else ""


def _people(own: Facts, counted: Any) -> str:
    """How many a detector saw and whom people named; a detector that saw nobody may have missed them."""
    count = counted.get("count") if isinstance(counted, Mapping) else None
    faces = (region.name for region in own.regions if region.kind.casefold() in ("", "face"))
    names = _several(faces, _MOST_NAMES)
    parts = [f"{count} seen by a detector, which may be wrong"] if isinstance(count, int) and count > 0 else []
    return "; ".join(parts + ([f"named by a person: {', '.join(map(_quoted, names))}"] if names else []))


def _camera(own: Facts) -> str:
    make, model, lens = (_line(text or "", _NAME_LENGTH) for text in (own.make, own.model, own.lens))
    body = model if not make or model.casefold().startswith(make.casefold().split()[0]) else f"{make} {model}".strip()
    return ", ".join(part for part in (body, lens) if part)


def _keywords(words: Iterable[str]) -> str:
    """Each in quotes, as many as have room."""
    line = ""
    for word in map(_quoted, _several(words, _MOST_KEYWORDS)):
        longer = f"{line}, {word}" if line else word
        if len(longer) > _KEYWORDS_LENGTH:
            break
        line = longer
    return line


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'


def _several(texts: Iterable[Any], most: int) -> list[str]:
    """The different names among the texts, without paths and coordinates."""
    found: dict[str, str] = {}
    for text in texts:
        name = _line(text, _NAME_LENGTH) if isinstance(text, str) and not _is_private(text) else ""
        if name and name.casefold() not in found:
            found[name.casefold()] = name
    return list(found.values())[:most]


def _is_private(text: str) -> bool:
    flat = _line(text, len(text))
    return bool(_COORDINATE.search(flat) or _PATH.search(flat))


def _line(text: str, most: int) -> str:
    """The text on one line, without what nobody sees, and cut to a length."""
    seen = (letter if is_seen(letter) else " " if letter.isspace() or letter < " " else "" for letter in text)
    flat = " ".join("".join(seen).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
