"""What a describer may not decide: light, season, technique, measured quality, names of places and counts of people.

The decision here: where a sensor can tell, its silence is no licence. A describer's word for such a thing waits until
a sensor agrees, and what the sensor says instead is named as the reason. Words for people of any sort need somebody
in sight. Refused: a model's eye for the hour, the city or the number of people, which sound sure and are often wrong.

    said by a describer             it needs                        else it waits, because
    day, night, golden hour …       the sun's height agrees         "but the sun says day"
    morning, evening                the camera's clock agrees       "but the clock says 15:00"
    spring … winter                 date and point agree            "but the date says winter"
    black and white, HDR, macro …   what the camera wrote, measures "but no sensor says so"
    Barcelona, Eiffel Tower         the place found for the point   "but no sensor says so"
    person, couple, group, crowd …  so many people are detected     "but 2 people were detected"
    bride, child, smile …           nobody has seen that none is    "but nobody was detected"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phototag.decide.labels import place
from phototag.records import Facts
from phototag.vocabulary import Term, folded

SILENT = "no sensor says so"
_NOBODY = "nobody was detected"
_SURE_PERSON = 0.55  # as look/people counts
_MANY = 10_000

# Which of the sun's names make the word true.
_LOW_SUN = frozenset(("golden hour", "blue hour"))
_BY_SUN: Mapping[str, frozenset[str]] = {
    "day": frozenset(("day", "noon")),
    "noon": frozenset(("noon",)),
    "golden hour": frozenset(("golden hour",)),
    "blue hour": frozenset(("blue hour",)),
    "twilight": frozenset(("twilight", "blue hour")),
    "night": frozenset(("night",)),
    "sunrise": _LOW_SUN,
    "sunset": _LOW_SUN,
}
# Seen in the picture, but not under any sun.
_DARK = frozenset(("night", "twilight", "blue hour"))
_NOT_BY_DAY = frozenset(("starry sky", "northern lights"))
_HOURS: Mapping[str, range] = {
    "morning": range(4, 12),
    "sunrise": range(12),
    "evening": range(16, 24),
    "sunset": range(12, 24),
}
_NOT_A_TIME = frozenset(((0, 0, 0), (12, 0, 0)))  # what programs write where they know the day alone
_CLOCKS = frozenset(("exif", "xmp", "iptc", "quicktime", "gps"))
_SEASONS = frozenset(("spring", "summer", "autumn", "winter"))
_TECHNIQUE = frozenset(
    (
        *("black and white", "burst", "double exposure", "exposure bracket", "fisheye", "flash", "HDR", "high ISO"),
        *("landscape orientation", "portrait orientation", "square", "long exposure", "macro", "panorama", "scan"),
        *("screenshot", "sepia", "shallow depth of field", "telephoto", "wide angle"),
    )
)
# How many people make the word true. A detector misses some of a crowd.
_PEOPLE: Mapping[str, tuple[int, int]] = {
    "person": (1, _MANY),
    "people": (2, _MANY),
    "portrait": (1, 2),
    "selfie": (1, _MANY),
    "couple": (2, 2),
    "bridal couple": (2, _MANY),
    "friends": (2, _MANY),
    "grandparents": (2, _MANY),
    "family": (3, _MANY),
    "group": (3, _MANY),
    "crowd": (5, _MANY),
}
_NOT_INHERITED = frozenset(("person", "people"))  # a bride is a person, but no count tells a bride


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the sensors know of one photo; "" and None where they do not."""

    light: str = ""
    season: str = ""
    clock: str = ""  # "15:00"
    hour: int | None = None
    monochrome: bool | None = None
    places: frozenset[str] = frozenset()  # folded names
    people: int | None = None
    is_empty: bool = False  # detector and face finder looked and have not even a trace of anybody


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sensors say to a describer's word."""

    is_backed: bool = False
    doubt: str = ""


_BACKED = Verdict(is_backed=True)


def sensed(evidence: Mapping[str, Any], facts: Facts) -> Sensed:
    """What light, clock, camera, place and counting say of one photo."""
    sun, measured = evidence.get("light") or {}, evidence.get("measure") or {}
    clock, hour = _clock(facts)
    people, is_empty = _people(evidence, facts)
    return Sensed(
        sun.get("light") or "",
        sun.get("season") or "",
        clock,
        hour,
        measured.get("monochrome"),
        frozenset(folded(name) for name in place(evidence, facts).values()),
        people,
        is_empty,
    )


def verdict(term: Term, above: Sequence[str], known: Sensed) -> Verdict:
    """Whether sensors back a describer's word for a term, or why it has to wait; neither where it is not theirs."""
    if term.kind == "quality":
        return Verdict(doubt=SILENT)
    for name in (term.name, *above):
        if name in _BY_SUN or name in _HOURS:
            return _by_light(name, known)
        if name in _SEASONS:
            return _of(known.season == name, f"the date says {known.season}" if known.season else SILENT)
        if name in _NOT_BY_DAY:
            return Verdict(doubt=f"the sun says {known.light}" if known.light and known.light not in _DARK else "")
        if name in _TECHNIQUE:
            in_colour = name == "black and white" and known.monochrome is False
            return Verdict(doubt="the picture has colours" if in_colour else SILENT)
        if name in _PEOPLE and (name == term.name or name not in _NOT_INHERITED):
            return _counted(name, known)
    if term.kind == "places" and _is_name(term.name):
        return _of(folded(term.name) in known.places, SILENT)
    return Verdict(doubt=_NOBODY if term.kind == "people" and known.is_empty else "")


def _of(is_true: bool, otherwise: str) -> Verdict:
    return _BACKED if is_true else Verdict(doubt=otherwise)


def _by_light(name: str, known: Sensed) -> Verdict:
    """Sun and clock, as far as the word asks them: both must know and neither may contradict."""
    suns, hours = _BY_SUN.get(name), _HOURS.get(name)
    if suns and known.light and known.light not in suns:
        return Verdict(doubt=f"the sun says {known.light}")
    if hours and known.hour is not None and known.hour not in hours:
        return Verdict(doubt=f"the clock says {known.clock}")
    return _of((not suns or bool(known.light)) and (not hours or known.hour is not None), SILENT)


def _counted(name: str, known: Sensed) -> Verdict:
    if known.people is None:
        return Verdict(doubt=SILENT)
    least, most = _PEOPLE[name]
    if known.people == 0:
        return Verdict(doubt=_NOBODY if known.is_empty else "nobody was detected for sure")
    found = "1 person was detected" if known.people == 1 else f"{known.people} people were detected"
    return _of(least <= known.people <= most, found)


def _people(evidence: Mapping[str, Any], facts: Facts) -> tuple[int | None, bool]:
    """How many people there are, and whether nobody has seen even a trace of one."""
    persons = [one["score"] for one in _part(evidence, "objects") if one["label"] == "person"]
    faces = len(_part(evidence, "faces"))
    named = sum(region.kind.casefold() in ("", "face") for region in facts.regions)
    counted = (evidence.get("people") or {}).get("count")
    looked = counted is not None or ("objects" in evidence and "faces" in evidence)
    count = max(counted or 0, sum(score >= _SURE_PERSON for score in persons), faces, named)
    return (count if count or looked else None), looked and not (count or persons)


def _part(evidence: Mapping[str, Any], step: str) -> list[Any]:
    return list((evidence.get(step) or {}).get(step) or ())


def _clock(facts: Facts) -> tuple[str, int | None]:
    moment = facts.moment
    if moment is None or moment.source not in _CLOCKS:
        return "", None
    local = moment.local
    if (local.hour, local.minute, local.second) in _NOT_A_TIME:
        return "", None
    return f"{local.hour}:{local.minute:02}", local.hour


def _is_name(word: str) -> bool:
    """Is this a proper name? The vocabulary has capitals for nothing else."""
    return all(part[:1].isupper() for part in word.split())
