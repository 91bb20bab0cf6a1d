"""One change as the arguments of one ExifTool command, which no text of a photo can turn into another command.

The decision here: every letter that is not plainly harmless goes as a numbered character, a name is always an absolute
path, and a list is written whole. Refused: bare values, in which a line break begins a new argument ("nice", then
"-all="); adding to and taking from lists, which ExifTool does without looking at what is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from phototag.change.fields import DESCRIPTION, FACES, GPS, POINTS_IN_EXIF, SIDECAR_DESCRIPTION
from phototag.read.exiftool_pool import is_a_line
from phototag.records import Change, Values

# -E: a value may hold numbered characters. EXIF text is written as UTF-8; everybody reads it so.
OPTIONS = ("-E", "-charset", "filename=utf8", "-charset", "exif=utf8")

# Tags with a text for each language: only the default is ours.
_LANGUAGES = frozenset({DESCRIPTION, SIDECAR_DESCRIPTION, "XMP-dc:Title", "XMP-dc:Rights"})
_UNSAFE = re.compile(r"[^A-Za-z0-9]")
_STRUCT = re.compile(r"([|,{}\[\]]|^\s)")


def arguments(change: Change, also: Mapping[str, Values]) -> list[bytes]:
    """What makes the change, and `also` where the change says nothing of the same tag."""
    wanted = {tag: after for tag, (_, after) in change.fields.items()}
    lines: Iterator[str] = chain.from_iterable(
        _regions(*change.fields[tag])
        if tag == FACES
        else _point(after, change.container)
        if tag == GPS
        else _assigned(tag, after)
        for tag, after in ({**also, **wanted}).items()
    )
    return [*(line.encode() for line in lines), *_kept_in_step(change), b"-XMP-xmp:MetadataDate=now"]


def touches_iptc(change: Change) -> bool:
    """Does the change write IPTC, or declare how it is encoded?"""
    return bool(change.iptc) or any(tag.startswith("IPTC:") for tag in change.fields)


def is_plain(path: bytes) -> bool:
    """Can ExifTool be told to write to this name? It takes "%" for a pattern, and no pattern knows line breaks."""
    return b"%" not in path and is_a_line(path)


def output(path: bytes) -> bytes:
    """A plain name as ExifTool's pattern for names, so that it does not look at the ending.

    (12.57 refuses `-o x.webp`: it takes the name for that of any RIFF file. "%0f" is nothing of the source's name.)
    """
    return path[:-1] + b"%0f" + path[-1:]


def _kept_in_step(change: Change) -> Iterator[bytes]:
    """IPTC says that it is UTF-8, and the digest that IPTC and XMP belong together."""
    if touches_iptc(change):
        yield b"-IPTC:CodedCharacterSet=UTF8"
    if touches_iptc(change) or change.stale:
        yield b"-Photoshop:IPTCDigest=new"


def _assigned(tag: str, values: Values) -> Iterator[str]:
    name = f"{tag}-x-default" if tag in _LANGUAGES else tag
    yield from (f"-{name}={_encoded(value)}" for value in values or ("",))


def _encoded(text: str) -> str:
    return _UNSAFE.sub(lambda found: f"&#{ord(found[0])};", text)


def _point(values: Values, container: str) -> Iterator[str]:
    """The point in the one place that this container has for it, and not another one elsewhere."""
    lat, lon = values[0].split(",") if values else ("", "")
    in_exif = container in POINTS_IN_EXIF
    if in_exif:
        yield f"-GPSPosition={lat}, {lon}" if values else "-GPSPosition="
    for side, degrees in (("Latitude", lat), ("Longitude", lon)):
        yield f"-XMP-exif:GPS{side}={'' if in_exif else degrees}"
        if not in_exif and container != "xmp":
            yield from (f"-GPS:GPS{side}=", f"-GPS:GPS{side}Ref=")


# ---- regions


def _regions(before: Values, after: Values) -> Iterator[str]:
    """Regions that stay are not written again: they may say more than ExifTool can write."""
    old, new = (json.loads(values[0]) if values else {} for values in (before, after))
    kept, others = _list(old), _list(new)
    gone = [region for region in kept if region not in others]
    added = [region for region in others if region not in kept]
    stay = [region for region in kept if region not in gone]
    if old and new and _without_list(old) == _without_list(new) and stay and stay + added == others:
        yield from (f"-XMP-mwg-rs:RegionList-={_encoded(_struct(region))}" for region in gone)
        yield from (f"-XMP-mwg-rs:RegionList+={_encoded(_struct(region))}" for region in added)
    else:
        yield f"-{FACES}={_encoded(_struct(new)) if new else ''}"


def _list(regions: Mapping[str, Any]) -> list[Any]:
    found = regions.get("RegionList", [])
    return found if isinstance(found, list) else [found]


def _without_list(regions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in regions.items() if name != "RegionList"}


def _struct(value: Any) -> str:
    """A struct as ExifTool writes one in a line."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}={_struct(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_struct, value)) + "]"
    return _STRUCT.sub(r"|\1", str(value))
