"""The one shape of every look: pictures in, evidence out.

The decision here: a step says who it is (`name`, `maker`) and makes evidence of a batch; what is
pending, what is stored and when to stop is the pipeline's. Refused: steps that know the library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from phototag.records import Evidence, Facts


@dataclass(frozen=True, slots=True)
class Subject:
    """One photo as a step sees it."""

    image_id: str
    pixels: Any = None  # the shared, reduced, upright picture: uint8, height x width x 3, RGB; None if not needed
    facts: Facts = field(default_factory=Facts)
    earlier: Mapping[str, Any] = field(
        default_factory=dict
    )  # values of the steps named in `after`; absent if they failed


class Step(Protocol):
    """What the pipeline runs. `maker` holds every input that would change the answer."""

    name: str
    maker: str
    space: str  # "" unless the evidence carries a vector
    logged: bool  # whether the answers cost enough to be kept in a log of their own
    parallel: int  # requests under way at a server of its own; 0: local work, one step after the other
    needs_picture: bool
    after: tuple[str, ...]  # the steps whose values it builds on

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        """One evidence per subject, a value or an error; none where nobody was asked: that photo stays pending."""


class LocalLook:
    """What most steps are: local work on the shared picture, without a vector, too cheap for a log of its own."""

    space: str = ""
    logged: bool = False
    parallel: int = 0
    needs_picture: bool = True
    after: tuple[str, ...] = ()
