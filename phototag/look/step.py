"""The one shape of every look: pictures in, evidence out.

The decision here: a step says who it is (`name`, `maker`) and makes evidence of a batch; what is
pending, what is stored and when to stop is the pipeline's. Refused: steps that know the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from phototag.records import Evidence


@dataclass(frozen=True, slots=True)
class Subject:
    """One photo as a step sees it: its identity and its shared, reduced, upright picture."""

    image_id: str
    pixels: Any


class Step(Protocol):
    """What the pipeline runs. `maker` holds every input that would change the answer."""

    name: str
    maker: str
    space: str  # "" unless the evidence is a vector
    logged: bool  # whether the answers cost enough to be kept in a log of their own
    parallel: int

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        """Exactly one evidence per subject: a value or an error."""
