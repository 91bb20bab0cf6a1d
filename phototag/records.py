"""The nouns, as frozen dataclasses without I/O. Everything else in phototag talks in these.

The decision here: facts that a file states about itself belong to the `File` (two copies of one
picture may carry different keywords), what makers say belongs to the `Photo` as `Evidence`.
Refused: one big mutable "item" that every step scribbles on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

# Kinds are what the content is, whatever the name says.
PICTURES = frozenset({"jpeg", "png", "webp", "tiff", "gif", "bmp", "heic", "avif"})
# fmt: off
RAWS = frozenset((
    "cr2", "cr3", "crw", "nef", "nrw", "arw", "sr2", "srf", "raf", "orf", "rw2", "dng", "pef", "srw", "3fr", "fff",
    "iiq", "x3f", "mrw", "kdc", "dcr", "erf", "mef", "mos", "rwl",
))
# fmt: on
VIDEOS = frozenset({"mp4", "mov", "m4v", "3gp", "avi", "mkv", "webm"})
SIDECARS = frozenset({"xmp", "aae", "thm"})


# Steps whose answers cost model time: what another model or prompt said stands until somebody asks anew.
LASTING = frozenset({"describe", "choose", "translate", "verdict"})


def family(kind: str) -> str:
    """picture, raw, video, sidecar or other."""
    for name, kinds in (("picture", PICTURES), ("raw", RAWS), ("video", VIDEOS), ("sidecar", SIDECARS)):
        if kind in kinds:
            return name
    return "other"


@dataclass(frozen=True, slots=True)
class Moment:
    """When: the wall clock at the place, its distance from UTC as far as known, and who said so."""

    local: datetime  # naive: what a clock on the wall there showed
    offset: int | None  # minutes east of UTC
    zone: str | None  # "Europe/Berlin", if a GPS point told us
    source: str  # exif | xmp | quicktime | gps | name | modified


@dataclass(frozen=True, slots=True)
class Gps:
    """A point from a sensor, in signed decimal degrees and metres."""

    lat: float
    lon: float
    alt: float | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A named rectangle somebody drew: centre and size as shares of the stored (unrotated) picture."""

    name: str
    kind: str
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file says about itself. Nothing in here is a guess of ours."""

    moment: Moment | None = None
    gps: Gps | None = None
    width: int | None = None  # as stored, before orientation
    height: int | None = None
    orientation: int = 1
    make: str | None = None
    model: str | None = None
    lens: str | None = None
    exposure_s: float | None = None
    exposure_bias: float | None = None
    aperture: float | None = None
    iso: float | None = None
    focal_mm: float | None = None
    focal_35mm: float | None = None
    flash: bool | None = None
    duration_s: float | None = None
    keywords: tuple[str, ...] = ()  # people's: the union of the lists below, each word once, without ours
    ours: tuple[str, ...] = ()  # keywords in the lists that phototag chose, as the file itself records
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)  # subject, hierarchy, tagslist, iptc
    title: str | None = None
    headline: str | None = None
    caption: str | None = None
    captions: dict[str, str] = field(default_factory=dict)  # by language, where the file has several
    rating: int | None = None
    label: str | None = None
    place: dict[str, str] = field(default_factory=dict)  # city, state, country, country_code, location
    regions: tuple[Region, ...] = ()
    burst_id: str | None = None
    bracket: str | None = None
    live_id: str | None = None
    sequence: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One path. `status` is present, missing or unreadable (then `error` says why)."""

    path: str  # as stored: relative to the library's root in POSIX form, or absolute
    size: int
    mtime_ns: int
    inode: int
    kind: str
    image_id: str  # of this file's own image data; "" when unreadable
    photo_id: str  # image_id of the Photo it belongs to; "" when it belongs to none
    status: str = "present"
    error: str = ""
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture, however many copies: RAW+JPEG pairs and live-photo pairs are one Photo."""

    image_id: str
    kind: str  # picture | raw | video
    files: tuple[str, ...]  # stored paths, the one to look at first
    facts: Facts
    status: str = "present"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one maker said of one photo. `value` is JSON; exactly one of `value` and `error` is set."""

    image_id: str
    step: str
    maker: str
    value: Any = None
    error: str = ""
    made_at: str = ""
    space: str = ""  # embedders only: which vectors this one may be compared with
    vector: Any = None

    @property
    def key(self) -> str:
        return f"{self.image_id}|{self.step}|{self.maker}"


@dataclass(frozen=True, slots=True)
class Tag:
    """A vocabulary term for a photo, how sure we are of it, and the evidence behind it."""

    term: str
    score: float
    because: tuple[str, ...]  # "labels dog 0.93", "objects dog 0.81", "human"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a photo is tagged with. A person's word always wins over the policy's."""

    image_id: str
    tags: tuple[Tag, ...] = ()
    queued: tuple[Tag, ...] = ()  # too doubtful to be written: a person decides
    proposed: tuple[Tag, ...] = ()  # words outside the vocabulary
    caption: Mapping[str, str] = field(default_factory=dict)  # by language
    place: Mapping[str, str] = field(default_factory=dict)
    rating: int | None = None
    pick: str = ""
    by: str = "policy"  # | "human"
    policy: str = ""  # which policy, vocabulary and settings decided


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of one photo, as one line of the journal. Later lines win."""

    image_id: str
    accept: tuple[str, ...] = ()  # terms that were queued and are right
    reject: tuple[str, ...] = ()  # terms that are wrong
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    caption: Mapping[str, str] = field(default_factory=dict)  # by language; "" takes an own caption back
    at: str = ""


Values = tuple[
    str, ...
]  # of one ExifTool tag: the items of a list, the one text of a single tag, () where it is absent


@dataclass(frozen=True, slots=True)
class Base:
    """What we last left in one file: the base of the three-way merge."""

    lists: Mapping[str, Values] = field(default_factory=dict)  # keyword tag -> all its items after our write
    added: Mapping[str, Values] = field(default_factory=dict)  # keyword tag -> those that stand there through us
    ours: Values = ()  # keywords that a machine chose; people's words that we only brought along are not ours
    single: Mapping[str, Values] = field(default_factory=dict)  # single tag -> what we wrote there
    gone: Mapping[str, str] = field(default_factory=dict)  # keyword that a person deleted -> when we saw that


@dataclass(frozen=True, slots=True)
class Change:
    """One wish for one file: what its tags shall say instead of what they say now. A wish, not a deed."""

    kind: str  # embed | sidecar | copy | json | undo
    target: str  # stored path of the file that is written
    source: str  # stored path of the photo's file that it speaks of; the target itself where tags are embedded
    image_id: str  # the photo
    container: str  # what the target is: jpeg, tiff, png, webp, dng, heic, avif, xmp
    expect: str  # whole_file_digest of the target when this was planned; "" where it does not exist yet
    fields: Mapping[str, tuple[Values, Values]] = field(default_factory=dict)  # ExifTool tag -> before, after
    base: Base = Base()  # what is ours in the target afterwards
    iptc: str = ""  # utf8 | latin: how IPTC text of undeclared charset has to be read while it is converted
    stale: bool = False  # somebody changed the IPTC after the XMP: XMP is brought in line first
    of: str = ""  # of an undo: the entry that it takes back
    instead: bool = False  # a sidecar because the source itself could not be written without loss
    origin: str = ""  # of a copy, or of a new sidecar beside one: stored path of the original, which is only read
    original: str = ""  # of a copy: whole_file_digest of the original when this was planned; "" where nobody looked
    seen: tuple[int, int] = (0, 0)  # of a copy: size and mtime_ns of the original when it was scanned
    folders: tuple[str, ...] = ()  # stored folders that the run made for this file, outermost first
    text: str = ""  # of a json: what it shall say; made again from the tables, so the journal does not keep it

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Change:
        """The change as the journal has it; what a newer version wrote beside it is passed over."""
        known = {spec.name: parts[spec.name] for spec in fields(cls) if spec.name in parts}
        base = dict(known.get("base") or {})
        for name in ("lists", "added", "single"):
            base[name] = {tag: tuple(items) for tag, items in base.get(name, {}).items()}
        base["ours"] = tuple(base.get("ours", ()))
        pairs = {tag: (tuple(before), tuple(after)) for tag, (before, after) in known.get("fields", {}).items()}
        known |= {name: tuple(known[name]) for name in ("seen", "folders") if name in known}
        return cls(**(known | {"base": Base(**base), "fields": pairs}))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: a state that a change has reached."""

    id: str
    batch: str
    state: str  # begun | ready | done | aborted | undone | unknown
    change: dict[str, Any] = field(default_factory=dict)
    before: str = ""  # xxh3-128 of the whole file before and after
    after: str = ""
    keep: dict[str, Any] = field(default_factory=dict)  # what undo needs
    at: str = ""
