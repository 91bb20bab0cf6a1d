"""When a picture was taken: the first source that names a possible date, and who that was.

The decision here: the camera is asked first, then what people and programs wrote, then the file name,
then the modification time; an impossible date is no date, and the next source is asked. A clock whose
distance from UTC nobody stated gets it from GPS time, else from the zone at the GPS point, else none.
Refused: the zone of the machine that happens to read the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzfpy

from phototag.records import Gps, Moment, family

# Without groups and with stars: what ExifTool takes for a request grows with the number of names in it.
DATE_TAGS = ("*Creat*", "DateTime*", "SubSecTime*", "OffsetTime*", "ModifyDate", "GPSDateTime")

_EXIF = ("ExifIFD", "IFD0", "SubIFD")
_ORIGINAL = ("DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal")
_DIGITIZED = ("CreateDate", "SubSecTimeDigitized", "OffsetTimeDigitized")
_MODIFIED = ("ModifyDate", "SubSecTime", "OffsetTime")
_XMP = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "exif:DateTimeDigitized")
_GPS_TIME = ("Composite:GPSDateTime", "XMP-exif:GPSDateTime")
_VIDEO = (
    *("Keys:CreationDate", "ItemList:ContentCreateDate", "UserData:DateTimeOriginal"),
    *("QuickTime:DateTimeOriginal", "QuickTime:CreationDate", "QuickTime:ContentCreateDate", "QuickTime:CreateDate"),
)
_OWN = (":DateTimeOriginal", ":CreateDate", ":CreationDate", ":CreationTime")
_LATER = ("System", "Composite", "XMP", "IPTC", *_EXIF)  # groups of which every date that counts is asked for by name

_OLDEST_YEAR = 1826  # of the oldest photograph that is left
_REAL_OFFSETS = {60 * hours for hours in range(-12, 15)} | {
    *(-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825)
}
_MINUTES_OFF = 3  # how far a camera's clock may be from GPS time and still tell its offset
_NOON = 12  # where only the day is known: at noon, no zone makes it another day

_STATED = re.compile(
    r"\s*(\d{4})(?:[-:/.](\d\d?)(?:[-:/.](\d\d?)(?:[T ]\s*(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?)?)?"
    r"\s*([AaPp][Mm]\b)?\s*(Z|UTC|[-+]\d\d?:?\d\d)?(?![\d:])",
    re.ASCII,
)
_DAY = r"(?<!\d)((?:19|20)\d\d)"
_IN_NAMES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # IMG_20240810_132532.jpg, PXL_20240810_132532123.jpg, IMG20240810132532.jpg
        _DAY + r"(\d\d)(\d\d)[-_ T.]?(\d\d)(\d\d)(\d\d)(?:\.?(\d{3}))?(?!\d)",
        # 2024-01-28 10.54.20.jpg, Screenshot_2024-08-10-13-25-32.png, Screenshot 2024-08-10 at 1.25.32 PM.png
        _DAY + r"[-._](\d\d)[-._](\d\d)(?:[-_ T.,]+|[ _]at[ _])(\d\d?)[-.:_h](\d\d)[-.:_m](\d\d)(?:[-.](\d{3}))?(?!\d)"
        r"(?:[ \u202f]?([AaPp][Mm])\b)?",
        # signal-2024-08-10-132532.jpg
        _DAY + r"[-._](\d\d)[-._](\d\d)[-_ T.]+(\d\d)(\d\d)(\d\d)(?:[-.](\d{3}))?(?!\d)",
        # 2024-08-10 Wedding.jpg, IMG-20240810-WA0007.jpg, 20240810_0012.jpg
        _DAY + r"[-._](\d\d)[-._](\d\d)(?!\d)",
        r"(?:^|(?<=[-_ .]))((?:19|20)\d\d)(\d\d)(\d\d)(?=[-_ .]|$)",
    )
)
_MILLISECONDS = re.compile(r"(?<!\d)1\d{12}(?!\d)", re.ASCII)  # since 1970, as some chat programs name their files


def capture_moment(tags: Mapping[str, Any], *, name: str, mtime_ns: int, kind: str, gps: Gps | None) -> Moment:
    """When the picture was taken, from the best source that has a possible date."""
    for moment in chain(_stated_moments(tags, kind), [date_in_name(name)]):
        if moment is None:
            continue
        if moment.offset is None:
            moment = replace(moment, offset=_offset_by_gps_time(tags, moment.local))
        return at_place(moment, gps) if gps else _as_named(moment, name)
    return Moment(datetime(1970, 1, 1) + timedelta(microseconds=mtime_ns // 1000), 0, None, "modified")


def date_in_name(name: str) -> Moment | None:
    """The date that a camera, phone or chat program put into the file name; noon where it is only a day."""
    utc = 0 if name.upper().startswith("PXL_") else None  # Pixel phones name their files in UTC
    for pattern in _IN_NAMES:
        for found in pattern.finditer(name):
            if local := _possible(*[*found.groups(), *[None] * 5][:8]):
                return Moment(local, utc, None, "name")
    for found in _MILLISECONDS.finditer(name):
        local = datetime(1970, 1, 1) + timedelta(milliseconds=int(found[0]))
        if local < _tomorrow():
            return Moment(local, 0, None, "name")
    return None


def at_place(moment: Moment, gps: Gps | None) -> Moment:
    """The moment as a clock at the GPS point showed it, as far as the sources leave that open."""
    if gps is None or moment.zone is not None or moment.source == "modified":
        return moment
    zone = _zone(gps.lat, gps.lon)
    if zone is None:
        return moment
    if moment.offset == 0 and moment.source in ("quicktime", "gps", "name"):  # they count in UTC, wherever they are
        there = moment.local.replace(tzinfo=UTC).astimezone(zone)
        return Moment(there.replace(tzinfo=None), _minutes(there), zone.key, moment.source)
    if moment.offset is None:
        # In the hour that occurs twice the first is meant, in the one that does not exist a clock not yet put forward.
        moment = replace(moment, offset=_minutes(moment.local.replace(tzinfo=zone, fold=0)))
    return replace(moment, zone=zone.key)


def stated(text: Any) -> tuple[datetime, int | None] | None:
    """The wall clock and the offset that a tag's text states; None where it states no possible date."""
    if isinstance(text, list) and text:
        text = text[0]
    found = _STATED.match(text.replace("\0", " ")) if isinstance(text, str) else None
    if found is None:
        return None
    *parts, zone = found.groups()
    local = _possible(*parts)
    return (local, _offset(zone)) if local else None


def _stated_moments(tags: Mapping[str, Any], kind: str) -> Iterator[Moment | None]:
    yield _exif(tags, _ORIGINAL)
    yield _exif(tags, _DIGITIZED)
    for tag in _XMP:
        yield _moment(tags.get(f"XMP-{tag}"), "xmp")
    for day, time in (("DateCreated", "TimeCreated"), ("DigitalCreationDate", "DigitalCreationTime")):
        yield _iptc(tags.get(f"IPTC:{day}"), tags.get(f"IPTC:{time}"))
    for key in _VIDEO:
        yield _moment(tags.get(key), "quicktime", otherwise=0)
    # Matroska, RIFF, PNG, maker notes: what the container or the camera says under a name of its own.
    own = "quicktime" if family(kind) == "video" else "exif"
    for key, value in tags.items():
        if key.endswith(_OWN) and not key.startswith(_LATER):
            yield _moment(value, own)
    for key in _GPS_TIME:
        yield _moment(tags.get(key), "gps", otherwise=0)
    yield _exif(tags, _MODIFIED)  # scanners write nothing else; after all others, since editing changes it


def _moment(text: Any, source: str, otherwise: int | None = None) -> Moment | None:
    found = stated(text)
    return Moment(found[0], otherwise if found[1] is None else found[1], None, source) if found else None


def _exif(tags: Mapping[str, Any], names: tuple[str, str, str]) -> Moment | None:
    moment = next((found for group in _EXIF if (found := _moment(tags.get(f"{group}:{names[0]}"), "exif"))), None)
    if moment is None:
        return None
    if not moment.local.microsecond:
        moment = replace(moment, local=moment.local.replace(microsecond=_fraction(_exif_text(tags, names[1]))))
    if moment.offset is None:
        moment = replace(moment, offset=_exif_offset(tags, moment.local, names))
    return moment


def _exif_offset(tags: Mapping[str, Any], local: datetime, names: tuple[str, str, str]) -> int | None:
    """The offset beside this date, else one beside another date that shows the same time."""
    for date, _, offset in (names, _ORIGINAL, _DIGITIZED, _MODIFIED):
        other = stated(_exif_text(tags, date))
        if other and other[0].replace(microsecond=0) == local.replace(microsecond=0):
            minutes = _offset(_exif_text(tags, offset).strip())
            if minutes is not None:
                return minutes
    return None


def _exif_text(tags: Mapping[str, Any], tag: str) -> str:
    return next((str(tags[key]) for group in _EXIF if (key := f"{group}:{tag}") in tags), "")


def _iptc(day: Any, time: Any) -> Moment | None:
    moment = _moment(f"{day} {time}" if time else day, "iptc") or _moment(day, "iptc")
    # IPTC demands an offset: a program that knows none writes +00:00.
    return replace(moment, offset=moment.offset or None) if moment else None


def _possible(*parts: str | None) -> datetime | None:
    """The date, if there is such a day and it lies between the first photograph and tomorrow."""
    year, month, day, hour, minute, second, fraction, half = parts
    hours = _NOON if hour is None else int(hour)
    if half and hours <= 12:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    seconds = 59 if second == "60" else int(second or 0)  # a leap second
    try:
        first = datetime(int(year or 0), int(month or 1), int(day or 1))
        local = first.replace(hour=hours, minute=int(minute or 0), second=seconds, microsecond=_fraction(fraction))
    except ValueError:
        return None
    return local if local.year >= _OLDEST_YEAR and local < _tomorrow() else None


def _tomorrow() -> datetime:
    # A day on top of what a clock can be ahead of UTC.
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1, hours=14)


def _fraction(text: str | None) -> int:
    """Microseconds from the digits behind the point."""
    digits = re.match(r"\s*(\d+)", text or "", re.ASCII)
    return int(digits[1][:6].ljust(6, "0")) if digits else 0


def _offset(text: str | None) -> int | None:
    """Minutes east of UTC."""
    if text in ("Z", "UTC"):
        return 0
    found = re.fullmatch(r"([-+])(\d\d?):?(\d\d)", text or "", re.ASCII)
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return (-minutes if found[1] == "-" else minutes) if minutes <= 15 * 60 else None


def _offset_by_gps_time(tags: Mapping[str, Any], local: datetime) -> int | None:
    for key in _GPS_TIME:
        utc = stated(tags.get(key))
        if utc and not utc[1]:
            return _distance(local, utc[0])
    return None


def _as_named(moment: Moment, name: str) -> Moment:
    """Videos count in UTC, but phones name them by the clock on the wall: together they tell the offset."""
    named = date_in_name(name) if moment.source == "quicktime" and moment.offset == 0 else None
    offset = _distance(named.local, moment.local) if named and named.offset is None else None
    return replace(moment, local=moment.local + timedelta(minutes=offset), offset=offset) if offset else moment


def _distance(local: datetime, utc: datetime) -> int | None:
    """The offset of a clock that shows `local` at `utc`, if there is a zone with that offset."""
    apart = (local - utc).total_seconds() / 60
    return next((offset for offset in _REAL_OFFSETS if abs(apart - offset) <= _MINUTES_OFF), None)


def _minutes(there: datetime) -> int:
    return round((there.utcoffset() or timedelta()).total_seconds() / 60)


def _zone(lat: float, lon: float) -> ZoneInfo | None:
    try:
        return ZoneInfo(tzfpy.get_tz(lon, lat))
    except (ZoneInfoNotFoundError, ValueError):  # a place without a zone, or one that this zone database lacks
        return None
