"""The page of facts that lies beside each photo's copies: everything that is known of it, as JSON.

The decision here: a page is made from the tables when its copies are made, and again when another decision reaches
them. Refused: pages that are kept up by whoever changes something.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from phototag.decide.layout import METADATA
from phototag.decide.record import record
from phototag.organizing.stock import without_suffix
from phototag.records import Change, File, family
from phototag.store.known import known
from phototag.store.library import Library
from phototag.vocabulary import Vocabulary


class Lead(NamedTuple):
    """The copy that stands for a photo in the tree, its original, and all its copies."""

    path: str
    original: str
    copies: tuple[str, ...]


class Pages:
    """Makes the JSON page that lies beside a photo's copies."""

    def __init__(self, library: Library, vocabulary: Vocabulary, languages: Sequence[str], makers: Mapping[str, str]):
        self._library, self._vocabulary, self._languages, self._makers = library, vocabulary, languages, makers

    def pages(self, leads: Mapping[str, Lead]) -> Iterator[Change]:
        """The changes that make the pages of these photos."""
        for photo, files, decision, values, said_by in known(self._library, list(leads), self._makers):
            path, original, copies = leads[photo.image_id]
            words, languages = self._vocabulary, self._languages
            said = record(
                photo, files, decision, values, words, languages, path=path, original=original, makers=said_by
            )
            text = json.dumps(said | {"files": list(copies)}, ensure_ascii=False, indent=1) + "\n"
            yield Change("json", page_of(path), path, photo.image_id, "json", "", text=text)


def page_of(path: str) -> str:
    """Where the page of facts of a copy lies."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{METADATA}/{name}.json"


def leads_of(library: Library, ours: Mapping[str, Collection[str]]) -> dict[str, Lead]:
    """Of photos that stand in the tree (photo -> its copies), the copies that lead, and their originals if known."""
    copies: dict[str, list[File]] = {}
    originals: dict[str, str] = {}
    for file in library.files("photo_id", ours):
        if file.status == "present" and file.path.startswith("/"):
            originals.setdefault(file.image_id, file.path)
        elif file.status == "present":
            copies.setdefault(file.photo_id, []).append(file)
    found = {}
    for image_id, files in copies.items():
        pictures = [file for file in files if file.path in ours[image_id] and family(file.kind) != "sidecar"]
        if pictures:
            lead = min(pictures, key=lambda file: (without_suffix(file.path), family(file.kind) != "raw", file.path))
            own = tuple(sorted(file.path for file in files))
            found[image_id] = Lead(lead.path, originals.get(lead.image_id, ""), own)
    return found
