"""The tags that we manage: what they are called, where they may stand, and what a file's answer says they hold.

The decision here: a tag goes by the name that ExifTool gives it and holds texts, in a file as in the journal, so that
"before" and "after" are the same kind of thing; a point and the regions count as one tag each. Refused: a type for
every kind of tag, and a second set of names that has to be translated at every door.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from phototag.read.exiftool import decoded, looked_at_again
from phototag.read.values import Tags, as_number, each, text_of
from phototag.read.words import HALVES, WINDOWS
from phototag.records import Region, Values

# The lists in which programs look for keywords; each of them is complete.
LISTS = {
    "subject": "XMP-dc:Subject",
    "hierarchy": "XMP-lr:HierarchicalSubject",
    "tagslist": "XMP-digiKam:TagsList",
    "iptc": "IPTC:Keywords",
}
DESCRIPTION = "XMP-dc:Description"  # its x-default; other languages are never touched
SIDECAR_DESCRIPTION = "XMP-tiff:ImageDescription"
GPS = "GPS"  # "lat,lon" in degrees, wherever the container has it
FACES = "XMP-mwg-rs:RegionInfo"  # the whole struct as JSON, every number as the text that it was
COUNTRY_CODE = "IPTC:Country-PrimaryLocationCode"

_OWN_LISTS = ("XMP-phototag:MachineKeywords", "XMP-phototag:MachineFields")
_OWN = (*_OWN_LISTS, "XMP-phototag:Model", "XMP-phototag:PromptVersion", "XMP-phototag:RunId")
_IPTC = (
    *(LISTS["iptc"], "IPTC:Caption-Abstract", "IPTC:City", "IPTC:Province-State"),
    *("IPTC:Country-PrimaryLocationName", COUNTRY_CODE, "IPTC:Sub-location"),
)
_EXIF = ("IFD0:ImageDescription", "IFD0:Rating", "IFD0:RatingPercent")
_XMP = (
    *(LISTS["subject"], LISTS["hierarchy"], LISTS["tagslist"], DESCRIPTION),
    *("XMP-photoshop:City", "XMP-photoshop:State", "XMP-photoshop:Country"),
    *("XMP-iptcCore:CountryCode", "XMP-iptcCore:Location"),
    *("XMP-xmp:Rating", "XMP-microsoft:RatingPercent", "XMP-xmp:Label", "XMP-digiKam:PickLabel", "XMP-xmpDM:Pick"),
    *_OWN,
)
# Kept in line where somebody has them, never made.
_ONLY_IF_PRESENT = ("XMP-microsoft:LastKeywordXMP", "IFD0:XPKeywords", "XMP-digiKam:ColorLabel")
_MANY = frozenset((*LISTS.values(), *_OWN_LISTS, "XMP-microsoft:LastKeywordXMP"))  # the others hold one text
_PLAIN = (*_XMP, SIDECAR_DESCRIPTION, *_IPTC, *_EXIF, *_ONLY_IF_PRESENT)

_IN_XMP = frozenset((*_XMP, GPS, FACES))
_ALLOWED = {
    **dict.fromkeys(("jpeg", "tiff"), _IN_XMP | {*_IPTC, *_EXIF}),
    "dng": _IN_XMP | {*_EXIF},
    **dict.fromkeys(("png", "webp", "avif", "heic"), _IN_XMP),
    "xmp": _IN_XMP | {SIDECAR_DESCRIPTION},
}
POINTS_IN_EXIF = frozenset({"jpeg", "tiff", "dng", "heic"})

_POINT = (
    *("GPS:GPSLatitude#", "GPS:GPSLatitudeRef#", "GPS:GPSLongitude#", "GPS:GPSLongitudeRef#"),
    *("XMP-exif:GPSLatitude#", "XMP-exif:GPSLongitude#"),
)

# What to ask ExifTool for. Of IPTC everything, to see in which encoding it is; `twins` needs the lines below it.
TAGS = (
    *_PLAIN,
    *(FACES, *_POINT),
    *("IPTC:all", "Photoshop:IPTCDigest", "File:CurrentIPTCDigest", "Error"),
    *("XMP-dc:Title", "XMP-dc:Creator", "XMP-dc:Rights", "IFD0:Artist", "IFD0:Copyright"),
    *("XMP-photoshop:AuthorsPosition", "XMP-photoshop:CaptionWriter", "XMP-photoshop:Category"),
    *("XMP-photoshop:Credit", "XMP-photoshop:Headline", "XMP-photoshop:Instructions", "XMP-photoshop:Source"),
    *("XMP-photoshop:SupplementalCategories", "XMP-photoshop:TransmissionReference"),
)

XMP = ("XMP:all", "Error")  # a whole group costs ExifTool less than its tags by their names


def asked(names: Iterable[str]) -> tuple[str, ...]:
    """What to ask ExifTool for, to learn what these managed tags hold and nothing else."""
    wanted = dict.fromkeys((*names, "Error"))
    if all(name.startswith("XMP-") for name in wanted if name != "Error"):
        return XMP
    return tuple(tag for name in wanted for tag in (_POINT if name == GPS else (name,)))


def allowed(container: str) -> frozenset[str]:
    """The tags that may be made in such a file; what is there already may be kept in line wherever it stands."""
    return _ALLOWED.get(container, frozenset())


def held(tags: Tags) -> dict[str, Values]:
    """What the managed tags hold, exactly as it is in the file; a tag that is absent or empty is not named."""
    right = decoded(tags)
    found = {tag: values for tag in _PLAIN if (values := _values(tag, right.get(tag)))}
    if point_held := _point(right):
        found[GPS] = point_held
    if isinstance(regions := right.get(FACES), dict):
        found[FACES] = regions_as_text(regions)
    return found


def undeclared(tags: Tags) -> str:
    """How IPTC text that does not say its encoding is to be read: "utf8", "latin", or "" where that is no matter."""
    if tags.get("IPTC:CodedCharacterSet") == "UTF8":
        return ""
    texts = [text for text in iptc_texts(tags) if not text.isascii()]
    if not texts:
        return ""
    return "utf8" if all(looked_at_again(text) != text for text in texts) else "latin"


def iptc_texts(tags: Tags) -> list[str]:
    """Every text in the IPTC of a file, whichever tag it stands in."""
    return [str(text) for tag, value in tags.items() if tag.startswith("IPTC:") for text in each(value)]


def stale(tags: Tags) -> bool:
    """Has somebody changed the IPTC since a program that keeps XMP and IPTC in step wrote the file?"""
    noted, now = text_of(tags.get("Photoshop:IPTCDigest")), text_of(tags.get("File:CurrentIPTCDigest"))
    return bool(noted and now.strip("0")) and noted != now


def point(lat: float, lon: float) -> Values:
    """A point as the tag GPS holds it; a hundred-millionth of a degree is a millimetre."""
    return (",".join(f"{round(side, 8) + 0.0:.8f}" for side in (lat, lon)),)


def _values(tag: str, value: Any) -> Values:
    texts = [text for text in each(value) if isinstance(text, str) and text]
    if tag == WINDOWS and any(HALVES in text for text in texts):
        return ()  # left as it is: it holds more than we would write back
    if tag == COUNTRY_CODE:  # IPTC has room for three letters and fills up two with a space
        texts = [text.rstrip() for text in texts]
    return tuple(texts) if tag in _MANY else tuple(texts[:1])


def _point(tags: Tags) -> Values:
    sides = [_signed(tags, f"GPS:GPS{side}") for side in ("Latitude", "Longitude")]
    if None in sides:
        sides = [as_number(tags.get(f"XMP-exif:GPS{side}")) for side in ("Latitude", "Longitude")]
    lat, lon = sides
    return () if lat is None or lon is None else point(lat, lon)


def _signed(tags: Tags, tag: str) -> float | None:
    degrees = as_number(tags.get(tag))
    return -degrees if degrees and text_of(tags.get(f"{tag}Ref"))[:1] in ("S", "W") else degrees


# ---- regions


def regions_as_text(regions: Mapping[str, Any]) -> Values:
    """The struct as the tag FACES holds it: one text, the same for the same regions."""
    return (json.dumps(regions, ensure_ascii=False, sort_keys=True, separators=(",", ":")),)


def faces_with(before: Values, faces: Sequence[Region], width: int, height: int) -> Values:
    """The regions with these faces behind them; a face that lies where a region is already is left out."""
    regions: dict[str, Any] = json.loads(before[0]) if before else {}
    there = [area for region in each(regions.get("RegionList")) if (area := _area(region))]
    new = [face for face in faces if not any(_is_same(_box(face), area) for area in there)]
    if not new:
        return before
    if not before and width and height:
        regions["AppliedToDimensions"] = {"H": str(height), "Unit": "pixel", "W": str(width)}
    regions["RegionList"] = [*each(regions.get("RegionList")), *map(_region, new)]
    return regions_as_text(regions)


_Box = tuple[float, float, float, float]  # centre and size, as shares of the picture


def _region(face: Region) -> dict[str, Any]:
    sides = {name: _share(side) for name, side in zip("XYWH", _box(face), strict=True)}
    named = {"Name": face.name} if face.name else {}
    return {"Area": {**sides, "Unit": "normalized"}, **named, "Type": face.kind}


def _share(side: float) -> str:
    return f"{side:.6f}".rstrip("0").rstrip(".")


def _box(face: Region) -> _Box:
    return face.x, face.y, face.w, face.h


def _area(region: Any) -> _Box | None:
    area = region.get("Area") if isinstance(region, dict) else None
    sides = [as_number(area.get(side)) for side in "XYWH"] if isinstance(area, dict) else []
    x, y, w, h = sides if len(sides) == 4 else (None, None, None, None)
    return None if x is None or y is None else (x, y, w or 0.0, h or 0.0)


def _is_same(face: _Box, other: _Box) -> bool:
    """Does either lie around the middle of the other?"""
    return any(
        abs(one[0] - two[0]) <= one[2] / 2 and abs(one[1] - two[1]) <= one[3] / 2
        for one, two in ((face, other), (other, face))
    )
