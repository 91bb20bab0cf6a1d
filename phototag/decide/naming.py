"""How the folder of an event is called: a template with fields, filled in.

The decision here: a template is checked when it is read, its slashes make folders and no value's ever do, and a field
that is empty takes its separator with it. Refused: Python's whole format language, which reaches into objects, and a
gap or a lone dash in every name that lacks a place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter

from phototag.decide import tongues
from phototag.decide.legal import clean, legal
from phototag.errors import UsageError
from phototag.settings_schema import plain
from phototag.vocabulary import Term, Vocabulary

ROOM = 120  # bytes of one folder's name, so that paths stay short
LEAST = 40  # a name is cut between words, but not to less than this
NAMELESS = "unnamed"
FIELDS: Mapping[str, str] = {
    "year": "2025",
    "month": "1; {month:02} is 01",
    "month_name": "Jan, in the language of the folders",
    "month_full": "January, in the language of the folders",
    "day": "5; {day:02} is 05",
    "date": "2025-01-05",
    "start": "when it begins: 2025-01-05T1430; the day alone where no time is known",
    "end": "day and time of its end: 05T1645; empty where it ends in the minute in which it begins",
    "place": "the landmark, else the city, else the state, else the country",
    "city": "the city or town",
    "state": "the state or region",
    "country": "the country, in the language of the folders",
    "country_code": "the country's ISO code: DE",
    "landmark": "the landmark, where one is known",
    "keywords": "the words that fit most of its photos",
    "camera": "the camera",
    "count": "how many photos there are",
}
_NUMBERS = frozenset(("year", "month", "day", "count"))
_ALL = "The fields are: " + ", ".join(f"{{{name}}}" for name in FIELDS) + "."
_CLOSING = {"(": ")", "[": "]"}
_TOKEN = re.compile(r"[^\W_]+|[()\[\]]|(?:[^\w()\[\]]|_)+")


@dataclass(frozen=True, slots=True)
class Named:
    """What an event, or a single photo, gives to a name."""

    start: datetime
    end: datetime
    city: str = ""
    state: str = ""
    country: str = ""
    country_code: str = ""
    landmark: str = ""
    keywords: tuple[str, ...] = ()
    camera: str = ""
    count: int = 0
    by_day: bool = False  # the day is known, but no time of it


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of one folder's name."""

    kind: str  # word | separator | open | close | field
    text: str
    spec: str = ""


class Template:
    """A checked template. UsageError says what is wrong with it and where."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._segments = list(_segments(text))
        for parts in self._segments:
            if "".join(part.text for part in parts).strip() in (".", ".."):
                raise _wrong(text, 'has a folder "." or ".."', "Name folders below the target only.")

    def folder(self, named: Named, language: str, forbidden: str) -> str:
        """The folder, relative and in POSIX form, of names that are legal everywhere; never empty."""
        values = _values(named, language, forbidden)
        said = (_cut(_Filled(parts, values).text, forbidden) for parts in self._segments)
        return "/".join(filter(None, said)) or NAMELESS


class Rules:
    """Which tags send a photo to a folder of its own; checked when made."""

    def __init__(self, texts: Sequence[str], vocabulary: Vocabulary) -> None:
        self._rules: list[tuple[str, Template]] = []
        for text in texts:
            word, arrow, template = (part.strip() for part in text.partition("->"))
            if not (word and arrow and template):
                raise UsageError(f'"{plain(text)}" is no rule.', "Write a rule as: birthday -> {year}/Birthday")
            self._rules.append((_term(word, vocabulary).name, Template(template)))

    def folder_for(self, tags: Collection[str]) -> Template | None:
        """Where the first rule that fits sends a photo with these terms; None where none fits."""
        return next((template for term, template in self._rules if term in tags), None)


def check(text: str) -> None:
    """UsageError unless the text is a template."""
    Template(text)


# ---- reading a template


def _segments(text: str) -> Iterator[list[_Part]]:
    """The pieces of each folder's name, outermost folder first."""
    if not text.strip(" /"):
        raise UsageError("A template for names is empty.", _ALL)
    if "\\" in text:
        raise _wrong(text, "has a backslash", "Folders are parted by / on every system.")
    if text.lstrip().startswith("/"):
        raise _wrong(text, "begins with /", "It names a folder below the target: leave the first / out.")
    parts: list[_Part] = []
    for literal, name, spec, conversion in _parsed(text):
        for number, piece in enumerate(literal.split("/")):
            if number:
                yield from filter(None, [parts])
                parts = []
            parts.extend(map(_literal, _TOKEN.findall(piece)))
        if name is not None:
            parts.append(_field(text, name, spec or "", conversion))
    yield from filter(None, [parts])


def _parsed(text: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(text))
    except ValueError as trouble:
        hint = "Each { needs a }, as in {year}; write {{ or }} for a brace itself."
        raise _wrong(text, "has a brace too many or too few", hint) from trouble


def _literal(token: str) -> _Part:
    if token in _CLOSING:
        return _Part("open", token)
    if token in _CLOSING.values():
        return _Part("close", token)
    return _Part("word" if token[0].isalnum() else "separator", token)


def _field(text: str, name: str, spec: str, conversion: str | None) -> _Part:
    if name not in FIELDS:
        near = difflib.get_close_matches(name, FIELDS, n=1)
        asks = f"Did you mean {{{near[0]}}}? " if near else ""
        where = f"has {{{plain(name)}}} at character {max(text.find('{' + name), 0) + 1}, which is no field"
        raise _wrong(text, where, asks + _ALL)
    if conversion or (spec and not (name in _NUMBERS and re.fullmatch("0[1-9]", spec))):
        shown = f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
        hint = f"Write {{{name}}}." if name not in _NUMBERS else f"Write {{{name}}}, or {{{name}:02}} for two digits."
        raise _wrong(text, f"has {plain(shown)}, which cannot be filled in", hint)
    return _Part("field", name, spec)


def _wrong(text: str, what: str, hint: str) -> UsageError:
    return UsageError(f'The template "{plain(text)}" {what}.', hint)


def _term(word: str, vocabulary: Vocabulary) -> Term:
    term = vocabulary.canonical(word)
    if term is None:
        near = difflib.get_close_matches(word.casefold(), vocabulary.terms, n=1)
        asks = f'Did you mean "{near[0]}"? ' if near else ""
        sentence = f'A rule speaks of "{plain(word)}", which is no term of the vocabulary.'
        raise UsageError(sentence, f'{asks}Or add it: phototag vocab add "{plain(word)}"')
    return term


# ---- filling it in


def _values(named: Named, language: str, forbidden: str) -> dict[str, str]:
    """What each field says, without characters that a name may not hold; numbers as they are."""
    start, end = named.start, named.end
    country = tongues.country_name(named.country_code, language, named.country)
    lasts = not named.by_day and end.replace(second=0, microsecond=0) != start.replace(second=0, microsecond=0)
    texts = {
        "year": f"{start.year:04}",
        "month": str(start.month),
        "month_name": tongues.month(start.month, language, short=True),
        "month_full": tongues.month(start.month, language),
        "day": str(start.day),
        "date": start.date().isoformat(),
        "start": start.date().isoformat() + ("" if named.by_day else f"T{start:%H%M}"),
        "end": f"{end:%dT%H%M}" if lasts else "",
        "city": named.city,
        "state": named.state,
        "country": country,
        "country_code": named.country_code,
        "landmark": named.landmark,
        "keywords": " ".join(named.keywords),
        "camera": named.camera,
        "count": str(named.count) if named.count > 0 else "",
    }
    values = {name: clean(text, forbidden).strip(" .") for name, text in texts.items()}
    values["place"] = values["landmark"] or values["city"] or values["state"] or values["country"]
    return values


class _Filled:
    """One folder's name: what stands between two texts is kept whole, or parted by one separator over a gap."""

    def __init__(self, parts: Sequence[_Part], values: Mapping[str, str]) -> None:
        self._parts, self._values, self._at = parts, values, 0
        self.text = self._until("")

    def _until(self, closing: str) -> str:
        """What the parts say up to that bracket, or to the end."""
        said, between, gap = "", [""], False
        while self._at < len(self._parts):
            part = self._parts[self._at]
            self._at += 1
            if part.kind == "close" and part.text == closing:
                break
            if part.kind == "separator":
                between.append(part.text)
                continue
            text = self._text(part)
            if text:
                said += (between[-1] if said else "") if gap else "".join(between)
                said += text
                between, gap = [""], False
            else:
                gap = True
        return said if gap else said + "".join(between)

    def _text(self, part: _Part) -> str:
        """A word, a field's value, or what stands in brackets; "" for a field without value and for empty brackets."""
        if part.kind == "field":
            value = self._values[part.text]
            return value.zfill(int(part.spec)) if value and part.spec else value
        if part.kind == "open" and self._closes_later(_CLOSING[part.text]):
            inner = self._until(_CLOSING[part.text])
            return f"{part.text}{inner}{_CLOSING[part.text]}" if inner else ""
        return part.text

    def _closes_later(self, closing: str) -> bool:
        return any(part.kind == "close" and part.text == closing for part in self._parts[self._at :])


def _cut(text: str, forbidden: str) -> str:
    """A legal name of at most ROOM bytes, cut between two words where there are words."""
    whole = legal(text, forbidden)
    short = legal(whole, forbidden, ROOM)
    if short == whole or not whole.startswith(short) or whole[len(short)] == " ":
        return short
    words = short.rpartition(" ")[0]
    return legal(words, forbidden, ROOM) if len(words.encode()) >= LEAST else short
