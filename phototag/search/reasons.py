"""Why a photo was found, part by part, and what a list shows of it.

The decision here: each part of a query tells what its own sensor found, in words that a person can check. Refused: a
reason that is only a figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, radians
from typing import Any

from phototag.decide.findable import LINES, tokens
from phototag.search.conditions import DEGREE_KM, HUMANS
from phototag.search.nouns import Area, Count, Part, Query, Why
from phototag.search.ranking import Sight

Row = Mapping[str, Any]


def why(query: Query, image_id: str, row: Row, sight: Sight) -> tuple[Why, ...]:
    """The reasons for a hit: its conditions, then the words and the spaces."""
    found = []
    for part in query.parts:
        km = distance_km(part.value, row)
        found.append(Why(part.text, part.field, closeness(part, km), said(part, row, near_km=km)))
    if stands_there := sight.text.get(image_id):
        found.append(Why(query.picture, "text", round(min(1.0, stands_there.worth), 3), stands_there.said))
    for name, near in sight.near.items():
        if one := near.get(image_id):
            found.append(Why(query.picture, name, one.strength, one.said))
    return tuple(found)


def shown(row: Row) -> dict[str, Any]:
    """What a list shows of a photo."""
    return {
        "date": shown_day(row),
        "place": row["place"],
        "keywords": list(row["words"]),
        "caption": row["caption"],
        "rating": row["rating"] if row["rating"] >= 0 else None,
    }


def said(part: Part, row: Mapping[str, Any], *, near_km: float | None = None) -> str:
    """What was found for a part, in words."""
    if part.field == "date":
        return shown_day(row)
    if part.field == "place":
        name = str(row["place"] or row["country_code"] or f"{row['lat']:.3f}, {row['lon']:.3f}")
        return name if near_km is None else f"{name}, {near_km:.0f} km away"
    if part.field == "people":
        return f"{row['people']} in sight" if row["people"] >= 0 else "somebody"
    if part.field == "rating":
        return f"{row['rating']} stars" if row["rating"] > 0 else "unrated"
    if part.field == "keyword":
        return f"{'no ' if part.without else ''}keyword {part.value}"
    if part.field == "path":
        return f"{part.value} in the name of a file or folder"
    if part.field == "season" and not row["season"]:
        return f"by its month, {shown_day(row)[:7]}" if row["day"] > 0 else f"keyword {part.value}"
    column = {"kind": "kinds"}.get(part.field, part.field)
    value = row[column] or f"keyword {part.value}"
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def loosely(part: Part, row: Mapping[str, Any]) -> bool:
    """Whether a photo passes the part only because counting people is not exact."""
    if part.field != "people" or part.without or not isinstance(part.value, Count):
        return False
    least, most = part.value.least, part.value.most
    if most == 0:
        lines = str(row["text"]).split("\n")
        seen = lines[LINES.index("seen")] if len(lines) == len(LINES) else ""
        return not set(HUMANS).isdisjoint(tokens(seen))
    return not (least or 0) <= row["people"] <= (row["people"] if most is None else most)


def closeness(part: Part, km: float | None) -> float:
    """How well a part holds, 0 to 1: by the way to a place, else wholly."""
    reach = part.value.radius_km if isinstance(part.value, Area) else 0.0
    return 1.0 if km is None or part.without or reach <= 0 else round(max(0.1, 1.0 - 0.5 * km / reach), 3)


def shown_day(row: Mapping[str, Any]) -> str:
    """The date of a row, with the time where it is known; "" without."""
    day, minute = row["day"], row["minute"]
    if day <= 0:
        return ""
    date = f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"
    return f"{date} {minute // 60:02}:{minute % 60:02}" if minute >= 0 else date


def distance_km(area: Any, row: Mapping[str, Any]) -> float | None:
    """How far the photo's point is from the middle of an area."""
    if not isinstance(area, Area) or area.lat is None or area.lon is None or row["lat"] is None:
        return None
    north = (row["lat"] - area.lat) * DEGREE_KM
    east = ((row["lon"] - area.lon + 180) % 360 - 180) * DEGREE_KM * cos(radians(area.lat))
    return float((north**2 + east**2) ** 0.5)
