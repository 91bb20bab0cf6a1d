"""How many people a picture shows.

The decision here: whichever sees more is right, the detector (which misses people cut off by the edge) or the face
finder (which misses people who turn away). Refused: adding the two up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from phototag.look.makers import after
from phototag.look.step import LocalLook, Step, Subject
from phototag.records import Evidence

_VERSION = 1
_SURE = 0.55  # score from which a detected person counts


class People(LocalLook):
    """The step `people`."""

    name = "people"
    needs_picture = True  # through the steps it builds on
    after: tuple[str, ...] = ("objects", "faces")

    def __init__(self, objects: Step, faces: Step) -> None:
        self.maker = f"people/{after(objects, faces)}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [self._evidence(subject) for subject in batch]

    def _evidence(self, subject: Subject) -> Evidence:
        missing = [step for step in self.after if step not in subject.earlier]
        if missing:
            error = f"nothing to count: there is no evidence of {' and '.join(missing)}"
            return Evidence(subject.image_id, self.name, self.maker, error=error)
        return Evidence(subject.image_id, self.name, self.maker, counted(subject.earlier))


def counted(earlier: Mapping[str, Any]) -> dict[str, int]:
    """The number of people by both accounts, and the one that counts."""
    things = earlier["objects"]["objects"]
    persons = sum(thing["label"] == "person" and thing["score"] >= _SURE for thing in things)
    faces = len(earlier["faces"]["faces"])
    return {"count": max(persons, faces), "persons": persons, "faces": faces}
