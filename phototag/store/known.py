"""Everything that is known of some photos, put together: rows, decision, and the evidence that counts.

The decision here: evidence counts if it is of the maker that would be asked today; of a step that nobody asks now, the
last word does, and so it does where today's maker is silent and an answer cost model time. Refused: each reader
choosing for itself whom to believe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from phototag.records import LASTING, Decision, Evidence, File, Photo
from phototag.store.library import Library


class Known(NamedTuple):
    """One photo with its files, its decision, and by step who said what."""

    photo: Photo
    files: list[File]
    decision: Decision | None
    values: dict[str, Any]
    makers: dict[str, str]


def known(library: Library, ids: Sequence[str], makers: Mapping[str, str]) -> Iterator[Known]:
    """The photos in the order of the ids; one that was forgotten since they were asked for is left out."""
    photos = {photo.image_id: photo for photo in library.photos(ids)}
    decisions = {decision.image_id: decision for decision in library.decisions(ids)}
    files: dict[str, list[File]] = {image_id: [] for image_id in ids}
    for file in library.files("photo_id", ids):
        files[file.photo_id].append(file)
    evidence = counting(library.evidence(ids), makers)
    for image_id in ids:
        if photo := photos.get(image_id):
            made = evidence.get(image_id, {})
            values, said_by = {step: one.value for step, one in made.items()}, {s: one.maker for s, one in made.items()}
            yield Known(photo, files[image_id], decisions.get(image_id), values, said_by)


def counting(
    made: Iterable[Evidence], makers: Mapping[str, str], *, failed: bool = False
) -> dict[str, dict[str, Evidence]]:
    """Photo -> step -> the evidence that counts, of what was made; with `failed`, errors count too."""
    found: dict[str, dict[str, Evidence]] = {}
    for one in made:
        today = makers.get(one.step, one.maker) == one.maker
        if (one.error and not failed) or not (today or one.step in LASTING):
            continue
        steps = found.setdefault(one.image_id, {})
        other = steps.get(one.step)
        if other is None or _rank(one, makers) >= _rank(other, makers):
            steps[one.step] = one
    return found


def _rank(one: Evidence, makers: Mapping[str, str]) -> tuple[bool, bool, str]:
    return makers.get(one.step) == one.maker, not one.error, one.made_at
