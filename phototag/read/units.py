"""Which files of a folder are one photo.

The decision here: files with one stem belong together if nothing they say speaks against it (RAW and
JPEG taken at the same second, a still and a short video with the same id, a sidecar by its name).
Refused: joining by name alone: counters roll over and two cameras share a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from phototag.read.sniff import PHOTO_SUFFIXES, sidecar_kind
from phototag.records import Facts, File, Moment, family

_SAME_SHOT = timedelta(seconds=2)
_LIVE_SECONDS = 10.0  # the moving part of a live photo lasts 3 s, of a motion photo up to 5
_LIVE_APART = timedelta(seconds=15)
_FROM_CAMERA = frozenset({"exif", "xmp", "iptc", "quicktime", "gps"})


def stem(name: str) -> str:
    """What the members of a photo have in common: `IMG_1` for IMG_1.JPG, img_1.CR2, IMG_1.xmp and IMG_1.CR2.xmp."""
    base = name.casefold()
    if sidecar_kind(name):
        base = base.rpartition(".")[0]
        return (
            base.rpartition(".")[0]
            if base.rpartition(".")[1] and "." + base.rpartition(".")[2] in PHOTO_SUFFIXES
            else base
        )
    return base.rpartition(".")[0] or base


def with_photo_ids(members: Iterable[File]) -> list[File]:
    """The files of one stem, each with the photo that it belongs to."""
    files = sorted(members, key=lambda file: file.path)
    readable = [file for file in files if file.image_id]
    raws = [file for file in readable if family(file.kind) == "raw"]
    stills = [file for file in readable if family(file.kind) == "picture"]
    owner = {file.path: file.image_id for file in raws}
    for still in stills:
        twin = next((raw for raw in raws if _same_shot(raw.facts, still.facts)), still)
        owner[still.path] = twin.image_id
    for video in (file for file in readable if family(file.kind) == "video"):
        still_of = next((still for still in stills if _is_live(still.facts, video.facts)), None)
        owner[video.path] = owner[still_of.path] if still_of else video.image_id
    for sidecar in (file for file in files if family(file.kind) == "sidecar"):
        owner[sidecar.path] = _owner_of_sidecar(sidecar, [*raws, *stills, *readable], owner)
    return [replace(file, photo_id=owner.get(file.path, "")) for file in files]


def _owner_of_sidecar(sidecar: File, candidates: Sequence[File], owner: dict[str, str]) -> str:
    """`IMG.CR2.xmp` speaks of IMG.CR2; `IMG.xmp` of the RAW, else the picture, else the video."""
    named = sidecar.path.rpartition(".")[0].casefold()
    exact = next((file for file in candidates if file.path.casefold() == named), None)
    chosen = exact or next(iter(candidates), None)
    return owner[chosen.path] if chosen else ""


def _same_shot(one: Facts, other: Facts) -> bool:
    apart = _apart(one.moment, other.moment)
    return apart is None or apart <= _SAME_SHOT


def _is_live(still: Facts, video: Facts) -> bool:
    if still.live_id and video.live_id:
        return still.live_id == video.live_id
    if video.duration_s is None or video.duration_s > _LIVE_SECONDS:
        return False
    apart = _apart(still.moment, video.moment)
    return apart is None or apart <= _LIVE_APART


def _apart(one: Moment | None, other: Moment | None) -> timedelta | None:
    """How far apart two moments are; None where they cannot be compared."""
    if one is None or other is None or {one.source, other.source} - _FROM_CAMERA:
        return None
    if one.offset is not None and other.offset is not None:
        return abs((one.local - timedelta(minutes=one.offset)) - (other.local - timedelta(minutes=other.offset)))
    if "quicktime" in (one.source, other.source):
        return None  # UTC against a wall clock of unknown zone
    return abs(one.local - other.local)
