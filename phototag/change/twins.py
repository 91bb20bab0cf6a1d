"""IPTC and XMP tags that say the same: what XMP must learn from IPTC before programs look at XMP alone.

The decision here: where IPTC was edited last its words win, but what IPTC only had no room for is no edit; a sidecar
that is made anew starts with everything that the file says, XMP first. Refused: ExifTool's own list of copies, which
cannot tell a word that was cut from one that was changed.
"""

from __future__ import annotations

from phototag.change.fields import LISTS
from phototag.read.exiftool import decoded
from phototag.read.values import Tags, each, unique
from phototag.records import Values

# IPTC tag, the bytes that it has room for, XMP tag. Dates are left alone: one in a sidecar overrides the camera's.
_TWINS = (
    ("IPTC:By-line", 32, "XMP-dc:Creator"),
    ("IPTC:Caption-Abstract", 2000, "XMP-dc:Description"),
    ("IPTC:CopyrightNotice", 128, "XMP-dc:Rights"),
    (LISTS["iptc"], 64, LISTS["subject"]),
    ("IPTC:ObjectName", 64, "XMP-dc:Title"),
    ("IPTC:By-lineTitle", 32, "XMP-photoshop:AuthorsPosition"),
    ("IPTC:Writer-Editor", 32, "XMP-photoshop:CaptionWriter"),
    ("IPTC:Category", 3, "XMP-photoshop:Category"),
    ("IPTC:City", 32, "XMP-photoshop:City"),
    ("IPTC:Country-PrimaryLocationName", 64, "XMP-photoshop:Country"),
    ("IPTC:Credit", 32, "XMP-photoshop:Credit"),
    ("IPTC:Headline", 256, "XMP-photoshop:Headline"),
    ("IPTC:SpecialInstructions", 256, "XMP-photoshop:Instructions"),
    ("IPTC:Source", 32, "XMP-photoshop:Source"),
    ("IPTC:Province-State", 32, "XMP-photoshop:State"),
    ("IPTC:SupplementalCategories", 32, "XMP-photoshop:SupplementalCategories"),
    ("IPTC:OriginalTransmissionReference", 32, "XMP-photoshop:TransmissionReference"),
    ("IPTC:Country-PrimaryLocationCode", 3, "XMP-iptcCore:CountryCode"),
    ("IPTC:Sub-location", 32, "XMP-iptcCore:Location"),
)
_CAMERAS = (("IFD0:Artist", "XMP-dc:Creator"), ("IFD0:Copyright", "XMP-dc:Rights"))
TWINS = ("IPTC:all", *(xmp for _, _, xmp in _TWINS), *(camera for camera, _ in _CAMERAS))  # what `seeded` looks at
_GROWING = frozenset({LISTS["subject"], "XMP-photoshop:SupplementalCategories"})  # lists that lose no word
_CUT_OFF = 3  # bytes of a letter that did not fit


def reconciled(tags: Tags) -> dict[str, Values]:
    """What XMP has to say in a file whose IPTC was edited last, as far as it does not say so."""
    right = decoded(tags)
    found: dict[str, Values] = {}
    for iptc, room, xmp in _TWINS:
        said, known = _texts(right.get(iptc)), _texts(right.get(xmp))
        if all(any(_same(text, other, room) for other in known) for text in said):
            continue
        found[xmp] = unique((*known, *said)) if xmp in _GROWING else said
    return found


def seeded(tags: Tags) -> dict[str, Values]:
    """What a new sidecar says beside all the XMP of its file: what the file says in IPTC or EXIF alone."""
    right = decoded(tags)
    found: dict[str, Values] = {}
    for other, xmp in (*((iptc, xmp) for iptc, _, xmp in _TWINS), *_CAMERAS):
        if (said := _texts(right.get(other))) and not _texts(right.get(xmp)):
            found.setdefault(xmp, said)
    return found


def rewritten(tags: Tags) -> dict[str, Values]:
    """The IPTC texts that have to be written again when IPTC is declared to be UTF-8: all that is not plain ASCII."""
    right = decoded(tags)
    kept = {tag: tuple(map(str, each(value))) for tag, value in right.items() if tag.startswith("IPTC:")}
    return {tag: values for tag, values in kept.items() if not all(text.isascii() for text in values)}


def _texts(value: object) -> Values:
    return tuple(text for text in each(value) if isinstance(text, str) and text.strip())


def _same(text: str, other: str, room: int) -> bool:
    """Do both say the same, as far as IPTC has room?"""
    text, other = text.strip(), other.strip()
    cut = len(text.encode("utf-8", "replace")) > room - _CUT_OFF and other.startswith(text.rstrip(".\ufffd"))
    return text == other or cut
