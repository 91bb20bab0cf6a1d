"""What one file shall say: the three-way merge of what we left there, what it says now, and what was decided.

The decision here: a person's word is never replaced, whichever program wrote it and whenever; ours is, where nobody
has edited it. A field that a person emptied stays empty. Refused: "overwrite" and "skip existing", which both lose
something on the second run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from phototag.change import merge_words
from phototag.change.fields import FACES, GPS, faces_with
from phototag.change.merge_words import MACHINE, Wanted
from phototag.change.texts import place_part
from phototag.read.values import sum_of
from phototag.records import Base, Region, Values

CAPTION = ("XMP-dc:Description", "IPTC:Caption-Abstract", "IFD0:ImageDescription", "XMP-tiff:ImageDescription")
# part -> its tag in XMP, its twin in IPTC and the bytes that the twin has room for
PLACES = {
    "city": ("XMP-photoshop:City", "IPTC:City", 32),
    "state": ("XMP-photoshop:State", "IPTC:Province-State", 32),
    "country": ("XMP-photoshop:Country", "IPTC:Country-PrimaryLocationName", 64),
    "country_code": ("XMP-iptcCore:CountryCode", "IPTC:Country-PrimaryLocationCode", 3),
    "location": ("XMP-iptcCore:Location", "IPTC:Sub-location", 32),
}
RATING, LABEL, COLOUR = "XMP-xmp:Rating", "XMP-xmp:Label", "XMP-digiKam:ColorLabel"
PICK = "XMP-xmpDM:Pick"  # Lightroom's flag: 1 picked, -1 rejected
FLAG = "XMP-digiKam:PickLabel"  # 1: rejected, 3: accepted
LABELS = {"Red": "1", "Yellow": "3", "Green": "4", "Blue": "5", "Purple": "6"}  # with digiKam's number for it
_PERCENT = {"0": "0", "1": "1", "2": "25", "3": "50", "4": "75", "5": "99"}
_RATING_TWINS = {"IFD0:Rating": None, "IFD0:RatingPercent": _PERCENT, "XMP-microsoft:RatingPercent": _PERCENT}
_OWN_FIELDS = "XMP-phototag:MachineFields"
_STAMPS = {"model": "XMP-phototag:Model", "prompt": "XMP-phototag:PromptVersion", "run": "XMP-phototag:RunId"}

FIELDS = ("keywords", "caption", "place", "rating", "label", "gps", "faces")
CULLED = "culled"  # written by `cull` alone: no field that a person names


@dataclass(frozen=True, slots=True)
class Modes:
    """Which fields are written, and what becomes of ours that are there."""

    only: frozenset[str] = frozenset({"keywords", "caption", "place"})
    keywords: str = "replace-ours"  # append | replace-ours | off
    caption: str = "replace-ours"  # empty | replace-ours | off

    def writes(self, name: str) -> bool:
        return name in self.only and getattr(self, name, "") != "off"


@dataclass(frozen=True, slots=True)
class Culled:
    """What culling wants a file to say: "" is nothing, and takes back what an earlier culling wrote."""

    rating: str | None = ""  # None: the photo has stars of a person's, and all stay as they are
    label: str = ""
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was decided for a photo, in the words in which it is to be written."""

    keywords: Wanted = field(default_factory=Wanted)
    caption: str = ""
    place: Mapping[str, str] = field(default_factory=dict)
    rating: int | None = None
    label: str = ""
    gps: str = ""  # "lat,lon" of a sensor
    faces: tuple[Region, ...] = ()
    picture: tuple[int, int] = (0, 0)  # width and height as stored, which the faces are measured in
    model: str = ""
    prompt: str = ""
    run: str = ""
    culled: Culled | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The tags to be changed, each with what it said before; and what is ours in the file afterwards."""

    fields: Mapping[str, tuple[Values, Values]]
    base: Base
    notes: tuple[str, ...] = ()


def merged(
    wish: Wish,
    tags: Mapping[str, Values],
    base: Base | None,
    modes: Modes,
    allowed: Iterable[str],
    gone: Mapping[str, str],
    is_cameras: Callable[[str], bool],
) -> Merged:
    """What has to change in a file that holds `tags`, so that it says what it shall; no fields where nothing has.

    `gone` are the words that a person deleted, and when.
    """
    merge = _Merge(tags, base or Base(), frozenset(allowed), is_cameras)
    if modes.writes("keywords"):
        merge.keywords(replace(wish.keywords, replace=modes.keywords == "replace-ours"), base, gone)
    if modes.writes("caption"):
        merge.caption(wish.caption, may_replace=modes.caption == "replace-ours")
    if modes.writes("place"):
        merge.place(wish.place)
    if modes.writes("rating") and wish.rating is not None:
        merge.rating(wish.rating)
    if modes.writes("label") and wish.label in LABELS:
        merge.label(wish.label)
    if modes.writes(CULLED) and wish.culled:
        merge.culled(wish.culled)
    if modes.writes("gps") and wish.gps and not merge.held(GPS):
        merge.put(GPS, (wish.gps,))
    if modes.writes("faces") and wish.faces:
        merge.put(FACES, faces_with(merge.held(FACES), wish.faces, *wish.picture))
    return merge.result(wish)


class _Merge:
    """The changes to one file as they come together."""

    def __init__(
        self, tags: Mapping[str, Values], base: Base, allowed: frozenset[str], is_cameras: Callable[[str], bool]
    ) -> None:
        self._tags, self._allowed, self._is_cameras = tags, allowed, is_cameras
        self.base = base
        self._after: dict[str, Values] = {}
        self._own = dict(part.split("=", 1) for part in tags.get(_OWN_FIELDS, ()) if "=" in part)
        self._notes: list[str] = []

    def held(self, tag: str) -> Values:
        return self._tags.get(tag, ())

    def put(self, tag: str, values: Values) -> None:
        self._after[tag] = values

    def keywords(self, wanted: Wanted, base: Base | None, gone: Mapping[str, str]) -> None:
        tags = self._split_windows()
        found = merge_words.lists(tags, self._allowed, base, wanted, gone)
        for tag, items in found.after.items():
            self._after[tag] = (";".join(items),) if tag == merge_words.WINDOWS[1] and items else items
        self._after[MACHINE] = found.ours
        self.base = replace(self.base, lists=found.after, added=found.added, ours=found.ours, gone=dict(gone))

    def caption(self, text: str, *, may_replace: bool) -> None:
        """Into all its places; nowhere while one of them holds a person's words, or a person has emptied them."""
        held = {tag: text_held for tag in CAPTION for text_held in self.held(tag)[:1]}
        people = [said for tag, said in held.items() if not (self._is_cameras(said) or self._is_ours(tag, "caption"))]
        ours = [tag for tag in held if self._is_ours(tag, "caption")]
        was_emptied = CAPTION[0] not in held and ("caption" in self._own or CAPTION[0] in self.base.single)
        if not text or people or was_emptied or (ours and not may_replace):
            self._notes += ["the caption in the file is a person's"] * bool(people and text)
            return
        for tag in CAPTION:
            if tag in self._allowed or tag in held:
                self._write(tag, text)
        self._own["caption"] = sum_of(text)

    def place(self, names: Mapping[str, str]) -> None:
        """Only into gaps; what we wrote there earlier may change."""
        for part, (xmp, iptc, room) in PLACES.items():
            name = names.get(part, "")
            held = [tag for tag in (xmp, iptc) if self.held(tag)]
            ours = [tag for tag in held if self._is_ours(tag, part)]
            was_emptied = xmp not in held and (part in self._own or xmp in self.base.single)
            if not name or len(ours) < len(held) or was_emptied:
                continue
            self._write(xmp, place_part(name, 1000))
            if iptc in self._allowed or iptc in held:
                self._write(iptc, place_part(name, room))
            self._own[part] = sum_of(place_part(name, 1000))

    def rating(self, stars: int) -> None:
        """Where there is none yet, or ours."""
        tags = (RATING, *_RATING_TWINS)
        if any(self.held(tag) not in ((), ("0",)) and not self._is_ours(tag, "rating") for tag in tags):
            return
        was_written = "rating" in self._own or RATING in self.base.single
        if was_written and not self._is_ours(RATING, "rating"):
            return  # a person took ours away
        self._write(RATING, str(stars))
        for tag, value in _twins_of(str(stars)).items():
            if self.held(tag):
                self._write(tag, value)
        self._own["rating"] = sum_of(str(stars))

    def label(self, colour: str) -> None:
        if self.held(LABEL) and not self._is_ours(LABEL, "label"):
            return
        if not self.held(LABEL) and ("label" in self._own or LABEL in self.base.single):
            return  # a person took ours away
        self._write(LABEL, colour)
        if self.held(COLOUR):
            self._write(COLOUR, LABELS[colour])
        self._own["label"] = sum_of(colour)

    def culled(self, wanted: Culled) -> None:
        """Only where nothing stands, or what an earlier culling wrote; whatever a person took away stays away.

        Marked by names of their own, for stars that `tag` brought from another file of the photo are a person's.
        """
        if wanted.rating is not None:
            self._cull("culled_rating", RATING, wanted.rating, _twins_of(wanted.rating))
        self._cull("culled_label", LABEL, wanted.label, {COLOUR: LABELS.get(wanted.label, "0")})
        self._cull("culled_flag", FLAG, wanted.flag, {})
        self._cull("culled_pick", PICK, {"3": "1", "1": "-1"}.get(wanted.flag, ""), {})

    def _cull(self, name: str, tag: str, text: str, twins: Mapping[str, str]) -> None:
        held, unset = self.held(tag), ((), ("0",))
        mine = bool(held) and self._own.get(name) == sum_of(held[0])
        others = [twin for twin in twins if self.held(twin) not in unset]
        if not mine and (name in self._own or held not in unset or others):
            if text and (held or others) and held != (text,):
                self._notes.append(f"the {name.removeprefix('culled_')} in the file is a person's")
            return
        if not text and not mine:
            return
        self._after[tag] = (text,) if text else ()
        self._after |= {twin: (value,) for twin, value in twins.items() if self.held(twin)}
        self._own.pop(name, None)
        if text:
            self._own[name] = sum_of(text)

    def result(self, wish: Wish) -> Merged:
        """What differs from what is held. A new stamp alone is no reason to write."""
        self._after[_OWN_FIELDS] = tuple(f"{name}={digest}" for name, digest in sorted(self._own.items()))
        if self._same_set(_OWN_FIELDS):
            del self._after[_OWN_FIELDS]
        if MACHINE in self._after and self._same_set(MACHINE):
            del self._after[MACHINE]
        changed = {tag: (self.held(tag), after) for tag, after in self._after.items() if after != self.held(tag)}
        if changed:
            stamps = {tag: getattr(wish, name) for name, tag in _STAMPS.items()}
            for tag, text in stamps.items():
                if text and self.held(tag) != (text,):
                    changed[tag] = (self.held(tag), (text,))
        return Merged(changed, self.base, tuple(self._notes))

    def _same_set(self, tag: str) -> bool:
        return set(self._after[tag]) == set(self.held(tag))

    def _write(self, tag: str, text: str) -> None:
        self._after[tag] = (text,)
        self.base = replace(self.base, single={**self.base.single, tag: (text,)})

    def _is_ours(self, tag: str, name: str) -> bool:
        """Does the tag say what we wrote there?"""
        held = self.held(tag)
        return bool(held) and (self.base.single.get(tag) == held or self._own.get(name) == sum_of(held[0]))

    def _split_windows(self) -> dict[str, Values]:
        """The keywords of Windows, which are one text, as a list like the others."""
        tag = merge_words.WINDOWS[1]
        words = tuple(word.strip() for text in self.held(tag) for word in text.split(";") if word.strip())
        return {**self._tags, tag: words} if words else {name: v for name, v in self._tags.items() if name != tag}


def _twins_of(stars: str) -> dict[str, str]:
    """What the other places for stars say to so many; they have no word for a reject."""
    plain = stars if stars in _PERCENT else "0"
    return {tag: scale[plain] if scale else plain for tag, scale in _RATING_TWINS.items()}


def tombstones(tags: Mapping[str, Values], base: Base | None, saved: str) -> dict[str, str]:
    """Every word that a person deleted from this file, and when: no later than the file was saved."""
    before = dict(base.gone) if base else {}
    machine_knows = base is not None or tags.get(MACHINE)
    seen = merge_words.deleted(tags, base) if machine_knows else frozenset()
    return {**before, **dict.fromkeys(seen, saved)}
