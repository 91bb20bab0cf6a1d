"""How large the files of a photo are, and what of a person's work is in them.

The decision here: stars, a label, a flag, words and develop settings that no culling wrote are work, and what has work
in it is never rejected. Refused: believing a mark of ours for a person's, so that a second run took back what the first
said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from phototag.culling.wording import label_of_ours, stars_of_ours
from phototag.read.beside import Beside
from phototag.read.packet import packet
from phototag.records import File, family
from phototag.store.library import Library

_DEVELOPED = re.compile(rb"crs:HasSettings(=[\"']|>)True|darktable:history\b", re.IGNORECASE)
_EXPORTED = re.compile(rb"crs:AlreadyApplied(=[\"']|>)True", re.IGNORECASE)  # what was developed has become the picture
_ACCEPTED = re.compile(rb"digiKam:PickLabel(=[\"']|>)[23]|xmpDM:pick(=[\"']|>)1", re.IGNORECASE)
_FLAGGED_BY_US = re.compile(rb"culled_(flag|pick)=")
_UNKNOWN = b"cannot be read"
_MOST_BYTES = 4_000_000
_FEW = 3  # photos that may have a keyword in common without its being one for all


class Work(NamedTuple):
    """What culling knows of the files of one photo."""

    pixels: int = 0
    master: int = 0
    size: int = 0
    owned: str = ""


class Ours(NamedTuple):
    """What is no work on one photo: marks of an earlier culling, and keywords that many have."""

    stars: Mapping[str, int]
    labels: Mapping[str, str]
    common: frozenset[str]
    beside: Beside


def work(library: Library, ids: Sequence[str]) -> dict[str, Work]:
    """The work in the files of each of these photos."""
    files: dict[str, list[File]] = {}
    for file in library.files("photo_id", ids):
        if file.status == "present":
            files.setdefault(file.photo_id, []).append(file)
    touched = library.changes.of_images(ids)
    ours = Ours(stars_of_ours(touched), label_of_ours(touched), _common(files.values()), Beside())
    return {image_id: _of(library, some, ours) for image_id, some in files.items()}


def _common(photos: Collection[Sequence[File]]) -> frozenset[str]:
    """Words that came with the import, as the name of a client does: on more than a fifth of the photos."""
    seen = Counter(word for files in photos for word in {word for file in files for word in _words(file)})
    return frozenset(word for word, count in seen.items() if count > max(_FEW, len(photos) / 5))


def _of(library: Library, some: Sequence[File], ours: Ours) -> Work:
    owned = next(_owned(library, some, ours), "")
    pictures = [file for file in some if family(file.kind) != "sidecar"]
    raw = any(family(file.kind) == "raw" for file in pictures)
    return Work(
        max(((file.facts.width or 0) * (file.facts.height or 0) for file in pictures), default=0),
        2 * raw + bool(owned),
        max((file.size for file in pictures), default=0),
        owned,
    )


def _owned(library: Library, files: Sequence[File], ours: Ours) -> Iterator[str]:
    if any((file.facts.rating or 0) >= 1 and ours.stars.get(file.path) != file.facts.rating for file in files):
        yield "has stars of yours"
    if any(file.facts.label and ours.labels.get(file.path) != file.facts.label for file in files):
        yield "has a label of yours"
    if any(word not in ours.common for file in files for word in file.facts.keywords):
        yield "has keywords of yours"
    if any(word not in ours.common for file in files for word in _words(file)):
        yield "has a caption, a title or a name of yours"
    texts = [_text(library, file) for file in files]
    if any(_is_accepted(text) for text in texts):
        yield "has a flag of yours"
    if any(_is_developed(text) for text in texts) or any(_has_beside(library, file, ours) for file in files):
        yield "was developed by you"


def _words(file: File) -> Iterator[str]:
    facts = file.facts
    said = (facts.title, facts.headline, facts.caption, *facts.captions.values(), *(one.name for one in facts.regions))
    yield from facts.keywords
    name = Path(file.path).stem.casefold()  # which an import may have put there
    yield from (word for word in said if word and word.casefold() != name)


def _has_beside(library: Library, file: File, ours: Ours) -> bool:
    path = library.place.actual(file.path)
    return bool(ours.beside.of(path) or ours.beside.of_stem(path))


def _text(library: Library, file: File) -> bytes:
    """The XMP of a file, or a sidecar's whole text; _UNKNOWN where it cannot be read."""
    path = Path(library.place.actual(file.path))
    try:
        if family(file.kind) != "sidecar":
            return packet(path, file.kind)
        with path.open("rb") as there:
            return there.read(_MOST_BYTES)
    except OSError:
        return _UNKNOWN


def _is_accepted(text: bytes) -> bool:
    return _ACCEPTED.search(text) is not None and not _FLAGGED_BY_US.search(text)


def _is_developed(text: bytes) -> bool:
    """Where nobody can read it, it may hold work: then nothing is given up for it."""
    return text is _UNKNOWN or (_DEVELOPED.search(text) is not None and _EXPORTED.search(text) is None)
