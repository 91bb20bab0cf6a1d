"""What a file says about itself: ExifTool's tags as `Facts`, the same whichever program wrote them.

The decision here: every fact has a fixed order of tags to ask; a value that cannot be true (0,0 on the
globe, a rating of 7, an aperture of nothing) is no value, and the next tag is asked. Refused: mending or
guessing a value.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace

from phototag.read.dates import DATE_TAGS, at_place, capture_moment, date_in_name
from phototag.read.values import Tags, as_number, first, number, positive, text_of, unique
from phototag.read.words import WORD_TAGS, united, written
from phototag.records import Facts, Gps, Moment, family

__all__ = ["TAGS", "date_in_name", "facts_from", "with_sidecar"]

_BURST = ("Apple:BurstUUID", "XMP-GCamera:BurstID", "XMP-GCreations:CameraBurstID", "Nikon:BurstGroupID")
_LIVE = ("Apple:ContentIdentifier", "Apple:MediaGroupUUID", "Keys:ContentIdentifier", "QuickTime:ContentIdentifier")
_BRACKET_MODES = ("Canon:BracketMode", "Canon:AutoExposureBracketing", "FujiFilm:AutoBracketing")
_DRIVE_MODES = (
    *(
        "Nikon:ShootingMode",
        "Panasonic:BurstMode",
        "Panasonic:BracketSettings",
        "Olympus:DriveMode",
        "Pentax:DriveMode",
    ),
    *("Sony:DriveMode", "Sony:ReleaseMode", "Sony:ReleaseMode2", "Sony:ReleaseMode3", "ExifIFD:ExposureMode"),
)
_BRACKET_STEPS = ("Canon:AEBBracketValue", "Nikon:ExposureBracketValue")
_SIZED = ("File", "PNG", "GIF", "RIFF", "Composite", "ExifIFD", "IFD0", "SubIFD", "SubIFD1", "SubIFD2", "SubIFD3")

# A "#" asks for the number instead of the text that ExifTool makes of it.
TAGS: tuple[str, ...] = (
    *DATE_TAGS,
    *WORD_TAGS,
    *("Make", "Model", "LensModel", "LensID", "Lens"),
    *("ExposureTime#", "ShutterSpeed#", "ExposureCompensation#", "FNumber#", "Aperture#", "ISO#", "Flash#"),
    *("FocalLength#", "FocalLengthIn35mmFormat#", "ExposureMode"),
    *("GPSLatitude#", "GPSLongitude#", "GPSAltitude#", "GPSAltitudeRef#"),
    *("ImageWidth#", "ImageHeight#", "ExifImageWidth#", "ExifImageHeight#", "ImageSize#", "Orientation#", "Rotation#"),
    *("*Burst*", "*Bracket*", "ShootingMode", "DriveMode", "ReleaseMode*", "SequenceNumber#"),
    *("MediaGroupUUID", "ContentIdentifier", "Duration#", "Warning", "Error"),
)

_BRACKETS = re.compile(r"On\b.*|AEB|FEB|ISO|WB|No flash.*")
_NO_LENS = re.compile(r"[\d. -]*|(0\.0|-+) ?mm.*|unknown.*|none|n/?a|undef.*", re.IGNORECASE | re.ASCII)
_TURNED = {0: 1, 90: 6, 180: 3, 270: 8}  # clockwise degrees until upright, as the EXIF orientation


def facts_from(tags: Tags, *, name: str, mtime_ns: int, kind: str) -> Facts:
    """Everything that these tags say of a file with this name."""
    gps = _gps(tags)
    width, height = _size(tags, kind)
    return Facts(
        moment=capture_moment(tags, name=name, mtime_ns=mtime_ns, kind=kind, gps=gps),
        gps=gps,
        width=width,
        height=height,
        orientation=_orientation(tags),
        make=_device(tags, "Make"),
        model=_device(tags, "Model"),
        lens=_lens(tags),
        exposure_s=positive(tags, *_either("ExposureTime"), "Composite:ShutterSpeed"),
        exposure_bias=number(tags, *_either("ExposureCompensation")),
        aperture=positive(tags, *_either("FNumber"), "Composite:Aperture"),
        iso=positive(tags, *_either("ISO"), "Composite:ISO"),
        focal_mm=positive(tags, *_either("FocalLength")),
        focal_35mm=positive(tags, *_either("FocalLengthIn35mmFormat")),
        flash=_flash(tags),
        duration_s=_duration(tags) if family(kind) == "video" else None,
        **written(tags),
        burst_id=next((text for key in _BURST if (text := first(tags, key)) not in (None, "0")), None),
        bracket=_bracket(tags),
        live_id=first(tags, *_LIVE),
        sequence=_sequence(tags),
        warnings=unique(text_of(tags[key]) for key in tags if key.endswith((":Warning", ":Error"))),
    )


def with_sidecar(facts: Facts, sidecar: Facts) -> Facts:
    """What a file and its sidecar say together: the sidecar is asked first, and nobody's keyword or region is lost."""
    said = {spec.name: getattr(sidecar, spec.name) for spec in fields(Facts)}
    own = {spec.name: getattr(facts, spec.name) for spec in fields(Facts)}
    gps = sidecar.gps or facts.gps
    moment = _later_word(facts.moment, sidecar.moment)
    return replace(
        facts,
        **{name: value for name, value in said.items() if value is not None}
        | united(own, said)
        | {
            "moment": at_place(moment, gps) if moment else None,
            "width": facts.width or sidecar.width,
            "height": facts.height or sidecar.height,
            # A sidecar that says nothing cannot be told from one that says 1.
            "orientation": sidecar.orientation if sidecar.orientation != 1 else facts.orientation,
        },
    )


def _later_word(own: Moment | None, other: Moment | None) -> Moment | None:
    """The sidecar's date, unless it is only that of the sidecar itself or the same time with less around it."""
    if other is None or other.source in ("name", "modified"):
        return own
    if own and other.offset is None and own.local.replace(microsecond=0) == other.local.replace(microsecond=0):
        return own
    return other


def _either(tag: str) -> tuple[str, ...]:
    return f"ExifIFD:{tag}", f"IFD0:{tag}", f"SubIFD:{tag}", f"XMP-exif:{tag}", f"XMP-exifEX:{tag}"


def _device(tags: Tags, tag: str) -> str | None:
    others = (key for key in tags if key.endswith(f":{tag}") and not key.startswith("XMP-phototag:"))
    return first(tags, f"IFD0:{tag}", f"XMP-tiff:{tag}", f"Keys:{tag}", *others)


def _lens(tags: Tags) -> str | None:
    named = ("ExifIFD:LensModel", "IFD0:LensModel", "XMP-exifEX:LensModel", "Composite:LensID", "XMP-aux:Lens")
    found = [text for key in named if (text := first(tags, key)) and not _NO_LENS.fullmatch(text)]
    # ExifTool lists all lenses that share a number: another tag may know which one it was.
    return next((text for text in found if " or " not in text), found[0] if found else None)


def _flash(tags: Tags) -> bool | None:
    bits = number(tags, "ExifIFD:Flash", "IFD0:Flash", "SubIFD:Flash")
    if bits is not None:
        return bool(int(bits) & 1)
    stated = tags.get("XMP-exif:Flash")
    fired = text_of(str(stated.get("Fired", ""))).lower() if isinstance(stated, dict) else ""
    return fired == "true" if fired else None


def _gps(tags: Tags) -> Gps | None:
    """A point on the globe; a latitude whose hemisphere nobody named is none."""
    for group in ("Composite", "XMP-exif"):
        lat, lon = (number(tags, f"{group}:GPS{axis}") for axis in ("Latitude", "Longitude"))
        if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or lat == lon == 0:
            continue  # a sensor without a fix writes zeros, and some write what is on no globe
        height = number(tags, "Composite:GPSAltitude")
        if height is None and (height := number(tags, "XMP-exif:GPSAltitude")) is not None:
            height = -abs(height) if number(tags, "XMP-exif:GPSAltitudeRef") == 1 else height
        return Gps(lat, lon, height)
    return None


def _orientation(tags: Tags) -> int:
    for key in ("IFD0:Orientation", "XMP-tiff:Orientation"):
        if (stated := number(tags, key)) in range(1, 9):
            return int(stated or 1)
    # Videos are turned clockwise, HEIC counter-clockwise.
    against, along = number(tags, "QuickTime:Rotation"), number(tags, "Composite:Rotation")
    degrees = along if along is not None else -against if against is not None else 0
    return _TURNED.get(int(degrees) % 360, 1)


def _size(tags: Tags, kind: str) -> tuple[int | None, int | None]:
    """The size of the image data as stored; of a raw file the most trusted size that is no preview's."""
    found = [size for group in _SIZED if (size := _size_in(tags, group))]
    if not found or family(kind) == "sidecar":
        return None, None
    if family(kind) == "raw":
        largest = max(width * height for width, height in found)
        found = [size for size in found if size[0] * size[1] * 2 > largest]
    return found[0]


def _size_in(tags: Tags, group: str) -> tuple[int, int] | None:
    if group == "Composite":
        stated = [as_number(side) for side in re.split(r"[ x]", text_of(tags.get("Composite:ImageSize")))]
    else:
        tag = "ExifImage" if group == "ExifIFD" else "Image"
        stated = [as_number(tags.get(f"{group}:{tag}{side}")) for side in ("Width", "Height")]
    sides = [int(side) for side in stated if side and side >= 1]
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _duration(tags: Tags) -> float | None:
    others = (key for key in tags if key.endswith(":Duration") and not key.startswith("Track"))
    return positive(tags, "QuickTime:Duration", "Composite:Duration", *others)


def _bracket(tags: Tags) -> str | None:
    """What the camera calls its bracketing and this picture's step in it; None where it was off."""
    modes = ((key.partition(":")[2], first(tags, key) or "") for key in _BRACKET_MODES)
    said = [f"{tag} {text}" for tag, text in modes if _BRACKETS.fullmatch(text)]
    drives = (part.strip() for key in _DRIVE_MODES for part in (first(tags, key) or "").split(","))
    said += [part for part in drives if "bracket" in part.lower() and not part.lower().startswith("no ")]
    step = first(tags, *_BRACKET_STEPS) or ""
    return (f"{said[0]}, {step} EV" if step[-1:].isdigit() else said[0]) if said else None


def _sequence(tags: Tags) -> int | None:
    """Which shot of a burst this is; cameras write 0 for a single shot."""
    found = (as_number(tags[key]) for key in tags if key.endswith(":SequenceNumber") and not key.startswith("GIF"))
    return next((int(shot) for shot in found if shot and 0 < shot < 65535), None)
