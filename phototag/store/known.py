"""Everything that is known of some photos, put together: rows, decision, and the evidence that counts.

The decision here: evidence counts if it is of the maker that would be asked today; of a step that nobody asks now, the
last word does, and so it does where today's maker is silent and an answer cost model time. Of an answer with parts,
each part counts until another answer has it too. Refused: each reader choosing for itself whom to believe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from phototag.records import LASTING, Decision, Evidence, File, Photo
from phototag.store.library import Library

# What belongs together in an answer that may have several parts; the first of them says whether the part is there.
_BY_PARTS = {"describe": (("keywords", "again"), ("description", "language"), ("category",))}
_APART = frozenset({"compare"})  # what `diff` was answered: nothing is made of it


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
    said: dict[tuple[str, str], list[Evidence]] = {}
    for one in made:
        today = makers.get(one.step, one.maker) == one.maker
        if (one.error and not failed) or not (today or one.step in LASTING) or one.step in _APART:
            continue
        if one.step in _BY_PARTS and not one.error:
            said.setdefault((one.image_id, one.step), []).append(one)
        steps = found.setdefault(one.image_id, {})
        other = steps.get(one.step)
        if other is None or _rank(one, makers) >= _rank(other, makers):
            steps[one.step] = one
    for (image_id, step), several in said.items():
        if len(several) > 1 and not found[image_id][step].error:
            several.sort(key=lambda one: _rank(one, makers))
            found[image_id][step] = replace(found[image_id][step], value=_together(several))
    return found


def _together(several: Sequence[Evidence]) -> dict[str, Any]:
    """Of each part the last word: a question for captions alone leaves the keywords that an earlier one brought."""
    parts: dict[str, Any] = {}
    for one in several:
        for group in _BY_PARTS[one.step]:
            if group[0] in one.value:
                parts |= dict.fromkeys(group) | {name: one.value[name] for name in group if name in one.value}
        if "from" not in one.value:
            parts.pop("from", None)
        else:
            parts["from"] = one.value["from"]
    return {name: value for name, value in parts.items() if value is not None}


def _rank(one: Evidence, makers: Mapping[str, str]) -> tuple[bool, bool, str]:
    return makers.get(one.step) == one.maker, not one.error, one.made_at
