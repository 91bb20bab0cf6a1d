"""What a person has put into a file and the kept one neither says nor takes over: then the file stays.

The decision here: an album, a title, a name, a mark are compared as words; what the kept one has too is nothing, and of
captions one fills a gap. Refused: choosing between two titles; taking what a camera writes for a person's word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from phototag.read.values import Tags, each, key_of, sum_of, text_of, words
from phototag.records import Facts

Own = tuple[str, str]  # what it is, and what it says
CAPTION = "caption"

# What to ask ExifTool for, besides what is in `Facts`.
_TEXTS = {
    "album": ("XMP-expressionmedia:CatalogSets", "XMP-acdsee:Collections"),
    "name": ("XMP-iptcExt:PersonInImage",),
    "instruction": ("XMP-photoshop:Instructions", "IPTC:SpecialInstructions"),
    "creator": ("XMP-dc:Creator", "IPTC:By-line", "IFD0:Artist"),
    "copyright": ("XMP-dc:Rights", "IPTC:CopyrightNotice", "IFD0:Copyright"),
    "credit": ("XMP-photoshop:Credit", "IPTC:Credit"),
    "source": ("XMP-photoshop:Source", "IPTC:Source"),
    "rule of use": ("XMP-xmpRights:UsageTerms",),
    "comment": ("IFD0:XPComment",),
}
_ALBUMS = "XMP-mwg-coll:Collections"
_PEOPLE = "XMP-MP:RegionInfoMP"
_OURS = "XMP-phototag:MachineFields"
_COLOUR = "XMP-digiKam:ColorLabel"
_COLOURS = {"1": "Red", "2": "Orange", "3": "Yellow", "4": "Green", "5": "Blue", "6": "Purple"}
_FLAGS = {
    "XMP-xmpDM:Pick": {"1": "picked", "-1": "rejected"},
    "XMP-digiKam:PickLabel": {"1": "rejected", "2": "pending", "3": "picked"},
}
_MARKS = {
    "label": ("label", "culled_label"),
    "flag": ("culled_flag", "culled_pick"),
    "rating": ("rating", "culled_rating"),
}
TAGS = (
    *(tag for tags in _TEXTS.values() for tag in tags),
    *("XMP-dc:Title-*", "XMP-dc:Rights-*", _ALBUMS, _PEOPLE, _OURS, _COLOUR, *(f"{tag}#" for tag in _FLAGS)),
)

_WHY = {
    "album": "it is in the album {}, and the kept one is not",
    "name": "it names {}, and the kept one does not",
    "flag": "it is flagged as {}, and the kept one is not",
    "rating": "it is rated as a reject, and the kept one is not",
    "unread": "ExifTool cannot tell what is in it",
}
_LONGEST = 60


def own(facts: Facts, tags: Tags) -> Iterator[Own]:
    """What a person may have put into a file, as far as words do not tell it; `tags` answer to TAGS."""
    yield from _told(facts)
    for kind, asked in _TEXTS.items():
        yield from ((kind, text) for tag in asked for text in _texts(kind, tags.get(tag)))
    for kind, tag in (("title", "XMP-dc:Title-"), ("copyright", "XMP-dc:Rights-")):
        yield from ((kind, text_of(value)) for key, value in tags.items() if key.startswith(tag))
    yield from (("album", name) for one in each(tags.get(_ALBUMS)) if (name := _name(one, "CollectionName")))
    people = tags.get(_PEOPLE)
    regions = each(people.get("Regions")) if isinstance(people, dict) else ()
    yield from (("name", name) for one in regions if (name := _name(one, "PersonDisplayName")))
    yield from _marks(facts, tags)


def _told(facts: Facts) -> Iterator[Own]:
    yield from ((kind, text) for kind, text in (("title", facts.title), ("headline", facts.headline)) if text)
    yield from ((CAPTION, text) for text in (facts.caption, *facts.captions.values()) if text)
    yield from (("place", text) for text in facts.place.values() if text)
    yield from (("name", region.name) for region in facts.regions if region.name)


def _texts(kind: str, value: Any) -> Iterator[str]:
    """The texts of a tag; EXIF has several creators in one."""
    for text in words(value):
        yield from filter(None, map(str.strip, text.split(";") if kind == "creator" else (text,)))


def _name(struct: Any, member: str) -> str:
    return text_of(struct.get(member)) if isinstance(struct, dict) else ""


def _marks(facts: Facts, tags: Tags) -> Iterator[Own]:
    """Label, flags and rejection, unless `tag` or `cull` wrote them."""
    ours = frozenset(words(tags.get(_OURS)))

    def is_ours(kind: str, said: str) -> bool:
        return any(f"{name}={sum_of(said)}" in ours for name in _MARKS[kind])

    label = facts.label or _COLOURS.get(text_of(tags.get(_COLOUR)), "")
    if label and not is_ours("label", label):
        yield "label", label
    if facts.rating == -1 and not is_ours("rating", "-1"):
        yield "rating", "reject"
    for tag, meaning in _FLAGS.items():
        said = text_of(tags.get(tag))
        if said in meaning and not is_ours("flag", said):
            yield "flag", meaning[said]


def unsaid(mine: Collection[Own], kept: Collection[Own]) -> list[Own]:
    """What the kept one does not say, in a fixed order."""
    known = {(kind, key_of(text)) for kind, text in kept}
    return [one for one in sorted(mine) if (one[0], key_of(one[1])) not in known]


def fits(missing: Collection[Own], kept: Collection[Own]) -> bool:
    """Is it nothing, or one caption, for which the kept one has a gap?"""
    if not missing:
        return True
    said = {key_of(text) for kind, text in missing if kind == CAPTION}
    return all(kind == CAPTION for kind, _ in missing) and len(said) <= 1 and all(kind != CAPTION for kind, _ in kept)


def why_stays(missing: Collection[Own]) -> str:
    """The reason, by the first that is missing."""
    kind, text = next(iter(missing))
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return _WHY.get(kind, f"its {kind} is not that of the kept one: {{}}").replace("{}", " ".join(short.split()))
