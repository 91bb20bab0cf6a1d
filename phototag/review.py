"""What people see of the decisions, and what they say about them.

The decision here: a person's word goes to the journal first and is decided upon like any other fact;
nobody edits a decision in a table. Refused: corrections that a rebuild or a new model would forget.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from phototag.errors import UsageError
from phototag.records import Decision, Evidence, File, Photo, Said, Tag
from phototag.report import shown
from phototag.store.library import Library


@dataclass
class Shown:
    """Everything that is known of one photo."""

    photo: Photo
    files: list[File]
    evidence: list[Evidence]
    decision: Decision | None


@dataclass
class Queue:
    """What waits for a person: queued terms by photo, and how often each term waits."""

    photos: list[tuple[str, str, tuple[Tag, ...]]] = field(default_factory=list)  # image_id, path, terms
    terms: Counter[str] = field(default_factory=Counter)


def photo_ids(library: Library, paths: Sequence[Path | str]) -> list[str]:
    """The photos that the paths name, each once; a path that the library does not know is an error."""
    stored = {library.place.stored(os.path.realpath(path)): str(path) for path in paths}
    found = {file.path: file.photo_id for file in library.files("path", stored)}
    for path, given in stored.items():
        if not found.get(path):
            known = "cannot be read as a photo" if path in found else "is not in the library"
            raise UsageError(
                f"{shown(given)} {known}.",
                f"Scan its folder first: phototag scan {shown(str(Path(given).parent))}",
            )
    return list(dict.fromkeys(found[path] for path in stored))


def ids_below(library: Library, *folders: str) -> list[str]:
    """The photos that have a file in one of some stored folders (or are named themselves), by path; "" is the
    library's root, and no folder at all means every photo, also those that lie elsewhere.
    """
    rows = library.photo_rows(("image_id", "path", "files"), "status = 'present'")
    starts = tuple(f"{folder}/" for folder in folders if folder)

    def lies_below(path: str) -> bool:
        return path in folders or path.startswith(starts) or ("" in folders and not path.startswith("/"))

    chosen = [row for row in rows if not folders or any(map(lies_below, row["files"]))]
    return [row["image_id"] for row in sorted(chosen, key=lambda row: str(row["path"]))]


def show(library: Library, ids: Sequence[str]) -> Iterator[Shown]:
    """Everything that is known of the photos."""
    evidence: dict[str, list[Evidence]] = {image_id: [] for image_id in ids}
    for one in library.evidence(ids):
        evidence[one.image_id].append(one)
    decisions = {decision.image_id: decision for decision in library.decisions(ids)}
    photos = {photo.image_id: photo for photo in library.photos(ids)}
    for image_id in ids:
        photo = photos[image_id]
        files = sorted(library.files("path", photo.files), key=lambda file: photo.files.index(file.path))
        made = sorted(evidence[image_id], key=lambda one: (one.step, one.made_at))
        yield Shown(photo, files, made, decisions.get(image_id))


def queue(library: Library, ids: Sequence[str]) -> Queue:
    """What waits for a person among the photos."""
    paths = {row["image_id"]: row["path"] for row in library.photo_rows(("image_id", "path"))}
    found = Queue()
    for decision in library.decisions(ids):
        if decision.queued:
            found.photos.append((decision.image_id, paths[decision.image_id], decision.queued))
            found.terms.update(tag.term for tag in decision.queued)
    found.photos.sort(key=lambda photo: photo[1])
    return found


def answers(waiting: Queue, accept: Sequence[str], reject: Sequence[str]) -> list[Said]:
    """What a person says by accepting and rejecting queued terms, photo by photo; each must wait somewhere."""
    for term in (*accept, *reject):
        if term not in waiting.terms:
            raise UsageError(f"{term!r} is not queued for any of these photos.", "See what is: phototag review")
    words = []
    for image_id, _, tags in waiting.photos:
        queued = [tag.term for tag in tags]
        word = Said(image_id)
        word = replace(
            word, accept=tuple(t for t in accept if t in queued), reject=tuple(t for t in reject if t in queued)
        )
        if word.accept or word.reject:
            words.append(word)
    return words


def proposed(library: Library) -> list[tuple[str, int, float]]:
    """The words outside the vocabulary, with the number of photos and the best score; most frequent first."""
    counts: Counter[str] = Counter()
    best: dict[str, float] = {}
    for decision in library.decisions():
        for tag in decision.proposed:
            counts[tag.term] += 1
            best[tag.term] = max(best.get(tag.term, 0.0), tag.score)
    return [(term, count, best[term]) for term, count in counts.most_common()]
