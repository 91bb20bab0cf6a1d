"""What the photo that is kept takes over from those that go: the words of people, and nothing else.

The decision here: keywords with their trees, the highest rating, a caption and a point where it has none go through the
one writer, each tag planned against what the file says now. Refused: merging develop settings, which would change how
the kept picture looks; taking over what machines said, which they can say again; our mark on a word of a person's, for
the next run would take it for ours and replace it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from phototag.change import fields, merge
from phototag.change.merge import Merged, Modes, Wish, merged, tombstones
from phototag.change.merge_words import Wanted, Word
from phototag.change.plan import Planned, base_of
from phototag.change.where import Target, Where
from phototag.errors import Unreadable
from phototag.read.identity import whole_file_digest
from phototag.read.words import is_cameras
from phototag.records import Base, Change, File, Gps, Values
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.editor import Editor

_PERCENT = {"1": "1", "2": "25", "3": "50", "4": "75", "5": "99"}
_TWINS = {"IFD0:Rating": {}, "IFD0:RatingPercent": _PERCENT, "XMP-microsoft:RatingPercent": _PERCENT}
_MARKS = "XMP-phototag:MachineFields"
_MARKED = {
    "caption": merge.CAPTION,
    "rating": (merge.RATING, *_TWINS),
    "culled_rating": (merge.RATING,),
}
_MODES = Modes(frozenset({"keywords", "caption", "rating", "gps"}), "append", "replace-ours")


class Inheritance(Protocol):
    """What is taken over, as far as it is not there."""

    @property
    def keywords(self) -> Sequence[tuple[str, ...]]:
        """Each with its broader words, the broadest first."""

    @property
    def caption(self) -> str: ...

    @property
    def rating(self) -> int: ...

    @property
    def gps(self) -> Gps | None: ...


class Heirs:
    """Plans what the files of kept photos shall say."""

    def __init__(self, library: Library, editor: Editor, where: Where) -> None:
        self._library, self._editor, self._where = library, editor, where

    def plan(self, files: Sequence[File], inheritance: Inheritance) -> list[Planned]:
        """The changes to a kept photo's files, which lie together; none where they say everything already."""
        return [self._planned(target, inheritance) for target in self._where.targets(files)]

    def _planned(self, target: Target, inheritance: Inheritance) -> Planned:
        source = target.source
        empty = Planned(source.photo_id, target.path, source.path)
        if target.why_not:
            return replace(empty, why=target.why_not)
        place = self._library.place
        asked = place.actual(target.path if target.exists else source.path)
        answer = self._editor.read([asked], fields.TAGS if target.exists else fields.XMP)[0]
        if isinstance(answer, Unreadable):
            return replace(empty, why=answer.sentence)
        try:
            digest = whole_file_digest(place.actual(target.path)) if target.exists else ""
        except OSError as trouble:
            return replace(empty, why=f"the file cannot be opened ({trouble.strerror or trouble})")
        held = fields.held(answer)
        if not target.exists:
            held = {tag: values for tag, values in held.items() if tag.startswith("XMP-")}
        known = self._library.changes.of_targets([target.path]).get(target.path, [])
        base = base_of(known, digest) if target.exists else None
        gone = tombstones(held, base, datetime.now(UTC).isoformat(timespec="milliseconds"))
        allowed = fields.allowed(target.container)
        result = merged(_wish(inheritance), held, base, _MODES, allowed, gone, is_cameras)
        result = _unmarked(_raised(result, held, inheritance.rating), held)
        if lost := _not_taken(result, held, inheritance):
            return replace(empty, why=f"{target.path} cannot take the {lost}")
        if not result.fields:
            return empty
        return replace(empty, change=_change(target, digest, result, answer), notes=result.notes)


def _change(target: Target, digest: str, result: Merged, answer: Mapping[str, Any]) -> Change:
    source = target.source
    return Change(
        kind=target.kind,
        target=target.path,
        source=source.path,
        image_id=source.photo_id,
        container=target.container,
        expect=digest,
        fields=result.fields,
        base=result.base or Base(),
        iptc=fields.undeclared(answer) if target.exists else "",
        stale=fields.stale(answer) if target.exists else False,
    )


def _wish(inheritance: Inheritance) -> Wish:
    gps = inheritance.gps
    return Wish(
        keywords=Wanted(words=tuple(Word(path, human=True) for path in inheritance.keywords)),
        caption=inheritance.caption,
        rating=inheritance.rating or None,
        gps=fields.point(gps.lat, gps.lon)[0] if gps else "",
    )


def _raised(result: Merged, held: Mapping[str, Values], stars: int) -> Merged:
    """The same with more stars where a person gave fewer: `merged` leaves a person's alone, whatever it is told."""
    said = next((held[tag][0] for tag in (merge.RATING, "IFD0:Rating") if held.get(tag)), "")
    if merge.RATING in result.fields or not said.lstrip("-").isdigit() or not 0 < int(said) < stars:
        return result
    return replace(result, fields={**result.fields, **dict(_ratings(held, stars))})


def _ratings(held: Mapping[str, Values], stars: int) -> Iterator[tuple[str, tuple[Values, Values]]]:
    """The rating and those of its twins that are there."""
    yield merge.RATING, (held.get(merge.RATING, ()), (str(stars),))
    for tag, scale in _TWINS.items():
        if held.get(tag):
            yield tag, (held[tag], (scale.get(str(stars), "0") if scale else str(stars),))


def _unmarked(result: Merged, held: Mapping[str, Values]) -> Merged:
    """The same without our mark on caption and rating: what is taken over stays a person's."""
    written = {name for name, tags in _MARKED.items() if any(tag in result.fields for tag in tags)}
    tags = {tag for name in written for tag in _MARKED[name]}
    before = held.get(_MARKS, ())
    marks = tuple(one for one in result.fields.get(_MARKS, ((), before))[1] if one.partition("=")[0] not in written)
    changed = {tag: pair for tag, pair in result.fields.items() if tag != _MARKS}
    if set(marks) != set(before):
        changed[_MARKS] = (before, marks)
    single = {tag: values for tag, values in result.base.single.items() if tag not in tags}
    return replace(result, fields=changed, base=replace(result.base, single=single))


def _not_taken(result: Merged, held: Mapping[str, Values], inheritance: Inheritance) -> str:
    """What the file would not say afterwards, for something stands in its way there."""

    def after(tag: str) -> str:
        return "".join(result.fields.get(tag, ((), held.get(tag, ())))[1][:1])

    if inheritance.caption and after(merge.CAPTION[0]) != inheritance.caption:
        return "caption"
    if inheritance.rating and after(merge.RATING) != str(inheritance.rating):
        return "rating"
    return "GPS" if inheritance.gps and fields.GPS not in result.fields else ""
