"""One question for a burst: which photos wait for another one's answer, and which of them get it.

The decision here: the answer goes to a sibling only where the pictures agree, by their vectors and by the number of
people in them; every other photo is asked about itself. Refused: one caption for whatever was taken within a second,
and answers that hide that they were given to another picture (`from` names it).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from phototag.decide import groups
from phototag.decide.groups import Shot
from phototag.look.step import Step
from phototag.records import Evidence
from phototag.store.known import counting
from phototag.store.library import Library, chunks
from phototag.store.tables import facts_of
from phototag.store.vectors import vectors

_ALIKE = {"clip": 0.95, "search": 0.93}  # the cosine from which two pictures show the same, by space; the best first
_COLUMNS = ("image_id", "path", "camera", "taken_utc", "facts")


def scenes(library: Library, ids: Sequence[str], answered: Collection[str], window_s: float) -> dict[str, str]:
    """Sibling -> leader of its burst or bracket among these photos: one that is answered, else the middle one."""
    leaders: dict[str, str] = {}
    shots = list(_shots(library, set(ids)))
    for burst in [*groups.bursts(shots, window_s), *groups.brackets(shots)]:
        members = [shot.image_id for shot in burst]
        first = next((one for one in members if one in answered), members[len(members) // 2])
        leaders |= {one: first for one in members if one != first}
    return leaders


def _shots(library: Library, wanted: set[str]) -> Iterator[Shot]:
    for row in library.photo_rows(_COLUMNS, "status = 'present'"):
        if row["image_id"] not in wanted:
            continue
        yield groups.shot(row, facts_of(row["facts"]))


def given(
    library: Library, pairs: Mapping[str, str], steps: Sequence[Step], lacks: Callable[[str, Step], bool], *, anew: bool
) -> Iterator[list[Evidence]]:
    """For siblings that agree with their leader, the leader's answers as theirs; in batches to store.

    `anew`: only what today's makers said is worth giving.
    """
    makers = {step.name: step.maker for step in steps}
    spaces = {step.space.partition("_")[0]: step for step in steps if step.space}
    kind = next((kind for kind in _ALIKE if kind in spaces), None)
    if kind is None:
        return
    space = spaces[kind]
    for some in chunks(pairs):
        every = list(dict.fromkeys((*some, *map(pairs.__getitem__, some))))
        known = counting(library.evidence(every), makers)
        points = vectors(library, space.space, space.maker, every)
        made = []
        for one, leader in ((one, pairs[one]) for one in some):
            same_people = _people(known, one) == _people(known, leader)
            if same_people and _agree(points.get(one), points.get(leader), _ALIKE[kind]):
                said = [known.get(leader, {}).get(step.name) for step in steps if lacks(one, step)]
                made += [_copied(one, leader, each) for each in said if each and not (anew and _is_old(each, makers))]
        yield made


def _agree(one: Any, other: Any, line: float) -> bool:
    return one is not None and other is not None and float(one @ other) >= line


def _people(known: Mapping[str, Mapping[str, Evidence]], image_id: str) -> Any:
    counted = known.get(image_id, {}).get("people")
    return counted.value.get("count") if counted else None


def _is_old(one: Evidence, makers: Mapping[str, str]) -> bool:
    return makers[one.step] != one.maker


def _copied(sibling: str, leader: str, said: Evidence) -> Evidence:
    return Evidence(sibling, said.step, said.maker, {**said.value, "from": said.value.get("from", leader)})
