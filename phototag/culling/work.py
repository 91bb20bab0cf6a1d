"""How large the files of a photo are, and what of a person's work is in them.

The decision here: stars, a label, keywords and develop settings that no culling wrote are work, and what has work in it
is never rejected. Refused: believing a mark of ours for a person's, so that a second run took back what the first said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from phototag.culling.wording import label_of_ours, stars_of_ours
from phototag.read.packet import packet
from phototag.records import File, family
from phototag.store.library import Library

_DEVELOPED = re.compile(rb"crs:HasSettings(=[\"']|>)True|darktable:history\b", re.IGNORECASE)
_EXPORTED = re.compile(rb"crs:AlreadyApplied(=[\"']|>)True", re.IGNORECASE)  # what was developed has become the picture
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


def work(library: Library, ids: Sequence[str]) -> dict[str, Work]:
    """The work in the files of each of these photos."""
    files: dict[str, list[File]] = {}
    for file in library.files("photo_id", ids):
        if file.status == "present":
            files.setdefault(file.photo_id, []).append(file)
    touched = library.changes.of_images(ids)
    ours = Ours(stars_of_ours(touched), label_of_ours(touched), _common(files.values()))
    return {image_id: _of(library, some, ours) for image_id, some in files.items()}


def _common(photos: Collection[Sequence[File]]) -> frozenset[str]:
    """Keywords that came with the import, as the name of a client does: on more than a fifth of the photos."""
    seen = Counter(word for files in photos for word in {word for file in files for word in file.facts.keywords})
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
    if any(_is_developed(library, file) for file in files):
        yield "was developed by you"


def _is_developed(library: Library, file: File) -> bool:
    path = Path(library.place.actual(file.path))
    try:
        if family(file.kind) == "sidecar":
            with path.open("rb") as there:
                text = there.read(_MOST_BYTES)
        else:
            text = packet(path, file.kind)
    except OSError:  # it may hold work: then nothing is given up for it
        return True
    return bool(_DEVELOPED.search(text)) and not _EXPORTED.search(text)
