"""What the splitting into events speaks of: photos as far as time and place go, and what is too much for one event.

The decision here: a photo is what a clock, a map and a camera say of it. Refused: whole photos, which would hold a
library in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WINDOW = 5  # photos that are shown, or compared, on each side of a border

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a photo tells to which event it belongs."""

    image_id: str
    at: datetime  # naive: the wall clock where it was taken
    camera: str = ""  # "" is unknown
    gps: Point | None = None
    run: str = ""  # photos of one burst or bracket share a name: they are never split
    path: str = ""  # breaks ties of time, so that the order in which photos arrive decides nothing


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too long, too far or too unlike for one event."""

    gap_minutes: float = 120
    distance_m: float = 1500
    difference: float = 0.58
    pause_minutes: float = 5
    content_minutes: float = 60  # with a shorter pause, other things to see are part of the same event
