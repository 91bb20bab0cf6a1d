"""One photo out of all its files.

The decision here: the photos table is a pure function of the files table, made anew for whatever a
scan touched, so that no order of scanning and no crash can change it. Refused: updating photos in
place while files come in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import groupby
from typing import Any

from phototag.read import words
from phototag.read.metadata import with_sidecar
from phototag.records import Facts, File, Photo, family
from phototag.store.library import Library

_LOOK_FIRST = {"picture": 0, "raw": 1, "video": 2, "sidecar": 3, "other": 4}
_TRUST = {source: rank for rank, source in enumerate(("exif", "xmp", "iptc", "quicktime", "gps", "name", "modified"))}
_AT_ONCE = 1_000  # photos composed from one read of the files table


def settle(library: Library, touched: Collection[str] | None) -> int:
    """Bring the photos table up to the files table, for the touched photos or (None) for all; returns their number."""
    touched = _join_lone_copies(library, touched)
    known = library.photo_ids()
    everything = touched is None or len(touched) * 4 > len(known)
    if everything:
        library.drop_photos()
        for first, last in _spans(known):
            library.put_photos(composed(library.files_between(first, last)), fresh=True)
    elif touched:
        library.put_photos(composed(library.files("photo_id", sorted(touched))))
        library.drop_photos(set(touched).difference(known))
    library.undecide(known if touched is None else sorted(touched))
    return len(known)


def _join_lone_copies(library: Library, touched: Collection[str] | None) -> Collection[str] | None:
    """A copy of the JPEG of a pair, lying alone elsewhere, belongs to the photo of the pair."""
    owners = library.pairs()
    near = None if touched is None else set(touched)
    concerned = {own: owner for own, owner in owners.items() if near is None or own in near or owner in near}
    lone = list(library.files("photo_id", concerned))
    library.put_files([], [replace(file, photo_id=owners[file.photo_id]) for file in lone])
    return touched if touched is None else {*touched, *(owners[file.photo_id] for file in lone)}


def composed(files: Iterable[File]) -> Iterator[tuple[Photo, list[File]]]:
    """Every photo among the files, with its own files, the one to look at first in front."""
    ordered = sorted(files, key=lambda file: (file.photo_id, *_rank(file)))
    for photo_id, members in groupby(ordered, key=lambda file: file.photo_id):
        if photo_id:
            own = list(members)
            yield _compose(photo_id, own), own


def _compose(photo_id: str, members: list[File]) -> Photo:
    here = {member.path.rpartition("/")[0] for member in members if member.status == "present"}
    told = [member for member in members if not _was_deleted(member, here)] or members
    facts = told[0].facts
    for member in told[1:]:
        join = with_sidecar if family(member.kind) == "sidecar" else united
        facts = join(facts, member.facts)
    named = next((member for member in members if member.image_id == photo_id), members[0])
    pictures = [member for member in members if family(member.kind) != "sidecar"]
    status = "present" if any(member.status == "present" for member in pictures) else "missing"
    return Photo(photo_id, family(named.kind), tuple(member.path for member in members), facts, status)


def _was_deleted(file: File, here: set[str]) -> bool:
    """A sidecar that is gone while its folder is there: what it said is taken back. A copy may be on another disk."""
    return file.status == "missing" and family(file.kind) == "sidecar" and file.path.rpartition("/")[0] in here


def _rank(file: File) -> tuple[bool, int, bool, str]:
    """What is there, what can be decoded, what lies in the library itself, then by path."""
    return (file.status != "present", _LOOK_FIRST[family(file.kind)], file.path.startswith("/"), file.path)


def united(first: Facts, other: Facts) -> Facts:
    """What two copies say together: the first one is asked first, nobody's keyword, caption or region is lost."""
    own = {spec.name: getattr(first, spec.name) for spec in fields(Facts)}
    others = {spec.name: getattr(other, spec.name) for spec in fields(Facts)}
    gaps = {name: others[name] for name, value in own.items() if _says_nothing(value)}
    if first.moment and other.moment and _TRUST[other.moment.source] < _TRUST[first.moment.source]:
        gaps["moment"] = other.moment
    return replace(first, **(gaps | words.united(others, own)))


def _says_nothing(value: Any) -> bool:
    return value is None or value in ((), {}, "")


def _spans(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        yield part[0], part[-1]
