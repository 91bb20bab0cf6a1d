"""The nouns of search, without I/O.

The decision here: a query is parts that sensors check (a date, a place, a number of people) and a rest that describes
the picture; each hit carries why it matched, part by part. Refused: one number that mixes everything before anybody
can ask why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a part is about, and of what type its value is.
FIELDS = {
    "date": "Days: from, to, months of any year, days of the week, hours of the day",
    "season": "spring, summer, autumn or winter, by the sun at the place",
    "place": "Area: names of one place, and a circle where the gazetteer knows it",
    "people": "Count: least and most",
    "light": "a term of the vocabulary, such as golden hour",
    "technique": "a term, such as long exposure",
    "camera": "part of make and model, folded",
    "lens": "part of the lens' name, folded",
    "rating": "Count",
    "kind": "raw, video, or a kind of picture such as jpeg",
    "keyword": "a term of the vocabulary, or a word that people wrote, in quotes",
    "path": "part of a file or folder name, folded",
}


@dataclass(frozen=True, slots=True)
class Days:
    """Days of any kind; what is empty says nothing. Numbers as dates have them: Monday is 0."""

    first: int = 0  # yyyymmdd, 0: open
    last: int = 0
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None  # from, to (exclusive), may go over midnight: (22, 5)


@dataclass(frozen=True, slots=True)
class Count:
    """A number between two others, both included; None is open."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """One place by its names (folded), and by a circle if the gazetteer knows where it is."""

    names: tuple[str, ...]
    lat: float | None = None
    lon: float | None = None
    radius_km: float = 0
    country_code: str = ""  # of a whole country


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a query, as it was typed and as it is checked."""

    field: str  # one of FIELDS
    text: str  # as typed
    value: Any
    without: bool = False  # must not hold


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for."""

    text: str  # as typed
    parts: tuple[Part, ...] = ()
    picture: str = ""  # what the picture shows, for vectors and full text
    without: tuple[str, ...] = ()  # words that the picture must not show


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for a hit."""

    part: str  # what of the query, as typed
    by: str  # the sensor: date, place, people, …, text, or the name of a space
    strength: float  # 0 to 1
    said: str  # what was found: "2023-07-14", "Potsdam, 3 km away", "caption, keyword dog", "0.71 (z 4.2)"


@dataclass(frozen=True, slots=True)
class Hit:
    """One photo that was found."""

    image_id: str
    path: str  # as stored
    score: float  # 0 to 1, of this query alone
    why: tuple[Why, ...] = ()
    weak: bool = False
    folded: tuple[str, ...] = ()  # near duplicates behind it
    shown: Mapping[str, Any] = field(default_factory=dict)  # date, place, keywords, caption, rating: what a list shows


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first."""

    query: Query
    hits: tuple[Hit, ...] = ()
    matching: int = 0  # photos that pass the conditions, before what the picture shows is looked at
    notes: tuple[str, ...] = ()  # what a person should know, such as photos that nobody has looked at
    seconds: float = 0.0
    roots: tuple[str, ...] = ()  # of the libraries that were searched
