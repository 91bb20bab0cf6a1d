"""What culling knows of one photo.

The decision here: measures, what the files tell and what a person decided stand side by side, and none is worked into
another before they are weighed. Refused: reading the tables while judging.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """What culling knows of one photo. `craft` holds what look/craft.py measured; None: nobody could."""

    image_id: str
    craft: Mapping[str, Any] | None = None
    phash: int | None = None
    night: bool = False  # taken in the dark, of no people and without a flash
    shallow: bool = False  # a shallow depth of field, by what the camera wrote down
    model: Mapping[str, str] = field(default_factory=dict)  # a describer's verdict, if one was asked
    person: str = ""  # what a person decided: pick, maybe or reject
    pixels: int = 0  # of its largest file; 0: nobody knows
    master: int = 0  # 2 for a RAW, 1 for a picture that a person worked on
    size: int = 0  # bytes of its largest file
    moment: float | None = None
    owned: str = ""  # what of a person's work is in it: "has stars of yours"

    def figure(self, name: str) -> float | None:
        """A measured figure; None where there is none."""
        value = (self.craft or {}).get(name)
        return float(value) if isinstance(value, int | float) else None

    def word(self, name: str) -> str:
        return str((self.craft or {}).get(name) or "")
