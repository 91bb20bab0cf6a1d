"""What people wrote into a file: keywords, captions, ratings, places and the names of faces.

The decision here: all keyword lists count, because every program reads another one first; of texts that
exist once, XMP is asked before IPTC before EXIF; what the file records as written by phototag is nobody's word.
Refused: taking a camera's boilerplate for a caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from phototag.read.values import Tags, as_number, each, first, key_of, number, sum_of, text_of, unique, words
from phototag.records import Region

_LISTS = {
    "subject": "XMP-dc:Subject",
    "hierarchy": "XMP-lr:HierarchicalSubject",
    "tagslist": "XMP-digiKam:TagsList",
    "iptc": "IPTC:Keywords",
}
_PLACES = {
    "city": ("XMP-photoshop:City", "IPTC:City"),
    "state": ("XMP-photoshop:State", "IPTC:Province-State"),
    "country": ("XMP-photoshop:Country", "IPTC:Country-PrimaryLocationName"),
    "country_code": ("XMP-iptcCore:CountryCode", "IPTC:Country-PrimaryLocationCode"),
    "location": ("XMP-iptcCore:Location", "IPTC:Sub-location"),
}
_TITLE = ("XMP-dc:Title", "IPTC:ObjectName", "IFD0:XPTitle")
_HEADLINE = ("XMP-photoshop:Headline", "IPTC:Headline")
_CAPTION = ("XMP-dc:Description", "IPTC:Caption-Abstract", "IFD0:ImageDescription")
_DEFAULT = "x-default"

WORD_TAGS = (
    *("*Subject", "TagsList", "*Keyword*", "*Title", "ObjectName", "Headline", "Label", "Rating*#", "RegionInfo*"),
    *("Description*", "Caption-Abstract", "ImageDescription"),  # Description-de is one of them
    *("City", "*State", "Country*", "*ocation"),
    *("MachineKeywords", "MachineFields"),
)

_CAMERA_SAYS = re.compile(
    r"(?-i:[A-Z .-]*DIGITAL (STILL )?CAMERA)|SONY DSC|DCIM[\\/].*|EXIF[ _]JPEG.*|SAMSUNG CAMERA PICTURES|DIGITAL IMAGE"
    r"|<?(UNTITLED|DEFAULT|IMAGE|USER COMMENTS)>?|LEAD TECHNOLOGIES INC.*|CREATED WITH (THE )?GIMP|CREATOR: GD-JPEG.*"
    r"|(?-i:[A-Z]{3,4}_?\d{4,5})"  # its own name for the file
    r"|(?-i:(oz)?(cof|dav|sdr|rhdr|hdr|hdrpl|edf|nor|btf|mde|ptr|fpt)(CO|_soft|_vivid)?)",
    re.IGNORECASE | re.ASCII,
)
WINDOWS = "IFD0:XPKeywords"
HALVES = "?" * 6  # what ExifTool shows for a letter of more than 16 bits there, which it can neither read nor write
_IPTC_CUTS = range(61, 65)  # bytes: IPTC has room for 64 and cuts at the last whole letter


def written(tags: Tags) -> dict[str, Any]:
    """The fields of `Facts` that people fill in."""
    lists = {name: found for name, tag in _LISTS.items() if (found := words(tags.get(tag)))}
    own = _Own(tags)
    keywords = _keywords(tags, lists)
    place = {part: text for part, asked in _PLACES.items() if (text := first(tags, *asked))}
    rating, label = _rating(tags), first(tags, "XMP-xmp:Label")
    return {
        "lists": lists,
        "keywords": tuple(word for word in keywords if not own.chose(word)),
        "ours": tuple(word for word in keywords if own.chose(word)),
        "title": first(tags, *_TITLE),
        "headline": first(tags, *_HEADLINE),
        **_captions(tags, own),
        "rating": None if own.wrote("rating", str(rating)) else rating,
        "label": None if own.wrote("label", label) else label,
        "place": {part: text for part, text in place.items() if not own.wrote(part, text)},
        "regions": tuple(_regions(tags)),
    }


class _Own:
    """What the file records as written by phototag: keywords by themselves, texts by their sums."""

    def __init__(self, tags: Tags) -> None:
        self._words = {key_of(word) for word in words(tags.get("XMP-phototag:MachineKeywords"))}
        stated = (part.partition("=") for part in words(tags.get("XMP-phototag:MachineFields")))
        self._sums = {name: digest for name, _, digest in stated}

    def chose(self, word: str) -> bool:
        return key_of(word) in self._words

    def wrote(self, name: str, text: str | None) -> bool:
        """Is this still what phototag wrote there? Edited, it is the person's."""
        return name in self._sums and text is not None and self._sums[name] == sum_of(text)


def is_cameras(text: str) -> bool:
    """Does a camera write this where a caption belongs?"""
    return bool(_CAMERA_SAYS.fullmatch(text.strip()))


def united(own: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of which nothing may be lost, from a file's own facts and from others that are asked first."""
    captions = own["captions"] | other["captions"]
    if captions and other["caption"]:
        captions[_DEFAULT] = other["caption"]
    names = other["lists"] | own["lists"]
    spots = {_spot(region): region for region in (*own["regions"], *other["regions"])}
    return {
        "keywords": (people := unique([*other["keywords"], *own["keywords"]])),
        "ours": tuple(word for word in unique([*other["ours"], *own["ours"]]) if word not in people),
        "lists": {name: unique([*other["lists"].get(name, ()), *own["lists"].get(name, ())]) for name in names},
        "captions": captions,
        "place": own["place"] | other["place"],
        "regions": tuple(spots.values()),
        "warnings": unique([*own["warnings"], *other["warnings"]]),
    }


def _keywords(tags: Tags, lists: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every word of every list once; of a path such as Animals|Birds|Owl the last one."""
    whole = [
        *lists.get("subject", ()),
        *(path.rpartition("|")[2] for path in lists.get("hierarchy", ())),
        *(path.rpartition("/")[2] for path in lists.get("tagslist", ())),
    ]
    later = [
        *(word for line in words(tags.get(WINDOWS)) if HALVES not in line for word in line.split(";")),
        *(path.rpartition("/")[2] for path in words(tags.get("XMP-microsoft:LastKeywordXMP"))),
    ]
    iptc = [word for word in lists.get("iptc", ()) if not _is_cut(word, whole)]
    return unique([*whole, *iptc, *later])


def _is_cut(word: str, whole: list[str]) -> bool:
    """Is this what IPTC had room for of a longer keyword?"""
    if len(word.encode("utf-8", "replace")) not in _IPTC_CUTS:
        return False
    return any(len(longer) > len(word) and longer.startswith(word) for longer in whole)


def _captions(tags: Tags, own: _Own) -> dict[str, Any]:
    languages = {
        key.removeprefix(f"{_CAPTION[0]}-"): text
        for key in tags
        if key.startswith(f"{_CAPTION[0]}-") and (text := text_of(tags[key]))
    }
    devices = {first(tags, "IFD0:Make"), first(tags, "IFD0:Model")}
    texts = (said for key in _CAPTION if (said := text_of(tags.get(key))))
    stated = (said for said in texts if not (_is_a_cameras(said, devices) or own.wrote("caption", said)))
    caption = next(stated, None) or next(iter(languages.values()), None)
    default = text_of(tags.get(_CAPTION[0]))
    default = "" if own.wrote("caption", default) else default
    return {"caption": caption, "captions": ({_DEFAULT: default} if default and languages else {}) | languages}


def _is_a_cameras(text: str, devices: Set[str | None]) -> bool:
    return text in devices or is_cameras(text)


def _rating(tags: Tags) -> int | None:
    for key in ("XMP-xmp:Rating", "IFD0:Rating"):
        stars = number(tags, key)
        if stars is not None and stars == int(stars) and -1 <= stars <= 5:
            return int(stars)
    percent = number(tags, "XMP-microsoft:RatingPercent", "IFD0:RatingPercent")
    if percent is None or not 0 <= percent <= 100:
        return None
    return min(5, round(percent / 25) + 1) if percent else 0  # Windows writes 1, 25, 50, 75, 99


def _regions(tags: Tags) -> Iterator[Region]:
    """Faces and other boxes as the Metadata Working Group writes them; only without those, as Microsoft does."""
    stated = tags.get("XMP-mwg-rs:RegionInfo")
    if isinstance(stated, dict) and stated.get("RegionList"):
        for region in each(stated["RegionList"]):
            yield from _mwg_region(region, stated.get("AppliedToDimensions"))
        return
    stated = tags.get("XMP-MP:RegionInfoMP")
    for region in each(stated.get("Regions")) if isinstance(stated, dict) else ():
        sides = [as_number(side) for side in text_of(_member(region, "Rectangle")).split(",")]
        left, top, width, height = [side for side in sides if side is not None] if len(sides) == 4 else [0] * 4
        if width > 0 and height > 0:
            name = text_of(_member(region, "PersonDisplayName"))
            yield Region(name, "Face", left + width / 2, top + height / 2, width, height)


def _mwg_region(region: Any, picture: Any) -> Iterator[Region]:
    area = _member(region, "Area")
    x, y, width, height = (as_number(_member(area, side)) for side in "XYWH")
    if x is None or y is None or not width or not height:
        return  # points and circles have no size
    across = down = 1.0
    if text_of(_member(area, "Unit")) == "pixel":
        across, down = (as_number(_member(picture, side)) or 0.0 for side in "WH")
    if across and down:
        name, kind = text_of(_member(region, "Name")), text_of(_member(region, "Type"))
        yield Region(name, kind, x / across, y / down, width / across, height / down)


def _member(struct: Any, name: str) -> Any:
    return struct.get(name) if isinstance(struct, dict) else None


def _spot(region: Region) -> tuple[float, ...]:
    """Where the box is; another name for the same box is a correction, not another person."""
    return tuple(round(side, 2) for side in (region.x, region.y, region.w, region.h))
