"""One sensor's word for a photo, on the scale that all sensors share, and what is known around it.

The decision here: a claim carries what is needed to judge it again once its term is known, so that words become terms
in one place only. Refused: sensors that look into the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LINE = 0.6  # the score of a claim that stands exactly at its sensor's line


@dataclass(frozen=True, slots=True)
class Around:
    """What else there is to hear about a photo that a describer speaks of."""

    twice: bool = False  # the describer was asked the same question a second time, and answered
    looked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # local sensor -> all the words it reports
    photos: int = 0  # answers of their own for the photos beside it
    near: int = 0  # of these, for photos of the same burst
    said: Mapping[str, float] = field(default_factory=dict)  # term -> share of those answers that have it
    caption: str = ""  # the sentence that came with the keywords


@dataclass(frozen=True, slots=True)
class Claim:
    """One sensor's word for a photo, on the common scale, and in its own figures as `said`."""

    sensor: str  # labels | objects | faces | light | technique | describe
    word: str
    score: float
    said: str
    doubt: str = ""  # why this claim decides nothing without a second witness
    single: bool = False  # an unsure class of the tagger: believed only where its broader photo word is
    unknown_too: bool = False  # may be proposed if the vocabulary does not know it
    question: str = ""  # of a describer: describe | again | choose | category
    rank: int = 0  # its place in that answer
    is_agreed: bool = False  # a second answer, or one for a photo beside it, has it too
    weight: float = 1.0  # what `score` was already multiplied with because of what stands around this very word
    around: Around | None = None  # of a describer
    more: tuple[str, ...] = ()  # further reasons behind the score, in words


def calibrated(raw: float, line: float) -> float:
    """The raw score on the common scale: 0 stays 0, the sensor's line becomes LINE, 1 stays 1."""
    raw = min(1.0, max(0.0, raw))
    bent = LINE * raw / line if raw < line else LINE + (1 - LINE) * (raw - line) / (1 - line)
    return round(bent, 4)
