"""How a photo was made, in photographers' terms, from what the camera wrote down.

The decision here: a term stands only where the numbers alone prove it. Where the size of the sensor is unknown, the
size that speaks against the term is assumed. Refused: terms that every photo of a phone would get (its lens is always
wide), and guesses at the distance of the subject, which no common tag states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence, Facts

LONG_S = 1.0  # nobody holds that still, and what moves is a streak
LONGEST_S = 86_400.0  # a camera that says more than a day does not know
LENSES_F = (0.5, 128.0)  # a file with another aperture is damaged, and its other numbers are no better
HIGH_ISO = 3_200.0
TELE_MM = 135.0  # as on 35 mm film, like all focal lengths here
WIDE_MM = 28.0
ULTRA_WIDE_MM = 20.0  # what a sensor smaller than Four Thirds must reach: their usual lens has 23 to 28 mm
SMALL_CROP = 2.2
PANORAMA = 2.25  # wider than the screens of phones, which some of them photograph in (20:9)
SQUARE = 0.02  # that much of a difference is still a square
_SIDEWAYS = frozenset({5, 6, 7, 8})
_NUMBERS = ("exposure_s", "aperture", "iso", "focal_mm", "focal_35mm", "flash")

# Shallow: as fast as f/2.8 on 35 mm film, and so much behind the subject blurred that at 5 m less than 1.25 m is sharp.
# That is a hyperfocal distance (focal length times pupil over the blur that is still seen as sharp) of 40 m.
SHALLOW_F = 2.8
HYPERFOCAL_MM = 40_000.0
_BLUR_MM = 43.27 / 1_500  # on 35 mm film: a fifteen-hundredth of the diagonal
_USUAL_CROPS = (1.0, 1.6)  # of cameras with such lenses that do not state one: the better and the worse case

# A macro lens can take portraits too; stopped down so far it hardly does.
MACRO_F = 11.0
_MACRO = re.compile(r"\bmacro\b|\bmicro[- ]?nikkor\b|\bmakro\b", re.IGNORECASE)
_ZOOM = re.compile(r"\d\s*(mm)?\s*-\s*\d", re.IGNORECASE)
_VERSION = 1


class Technique(LocalLook):
    """The step `technique`."""

    name = "technique"
    needs_picture = False
    after: tuple[str, ...] = ("measure",)

    def __init__(self) -> None:
        self.maker = f"technique/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [
            Evidence(s.image_id, self.name, self.maker, {"terms": terms(s.facts, s.earlier.get("measure") or {})})
            for s in batch
        ]


def terms(facts: Facts, measured: Mapping[str, Any]) -> list[str]:
    """The terms that hold, in a fixed order."""
    if facts.aperture and not LENSES_F[0] <= facts.aperture <= LENSES_F[1]:
        unknown: dict[str, Any] = dict.fromkeys(_NUMBERS)
        facts = replace(facts, **unknown)
    tests = {
        "long exposure": LONG_S <= (facts.exposure_s or 0) <= LONGEST_S,
        "shallow depth of field": _is_shallow(facts),
        "telephoto": (facts.focal_35mm or facts.focal_mm or 0) >= TELE_MM,
        "wide angle": _is_wide(facts),
        "macro": _is_macro(facts),
        "high iso": (facts.iso or 0) >= HIGH_ISO,
        "flash": facts.flash is True,
        "black and white": measured.get("monochrome") is True,
    }
    return [term for term, holds in tests.items() if holds] + _shapes(facts)


def _crop(facts: Facts) -> float | None:
    """How many times smaller than 35 mm film the sensor is."""
    return facts.focal_35mm / facts.focal_mm if facts.focal_35mm and facts.focal_mm else None


def _is_shallow(facts: Facts) -> bool:
    if not facts.aperture or not facts.focal_mm:
        return False
    crop = _crop(facts)
    larger, smaller = (crop, crop) if crop else _USUAL_CROPS
    hyperfocal = facts.focal_mm**2 / facts.aperture / (_BLUR_MM / larger)
    return facts.aperture * smaller <= SHALLOW_F and hyperfocal >= HYPERFOCAL_MM


def _is_wide(facts: Facts) -> bool:
    crop = _crop(facts)
    if crop is None or facts.focal_35mm is None:
        return False
    return facts.focal_35mm <= (ULTRA_WIDE_MM if crop > SMALL_CROP else WIDE_MM)


def _is_macro(facts: Facts) -> bool:
    """A macro lens of one focal length, stopped down; many zooms have the word in their name and no such distance."""
    lens = facts.lens or ""
    return bool(_MACRO.search(lens)) and not _ZOOM.search(lens) and (facts.aperture or 0) >= MACRO_F


def _shapes(facts: Facts) -> list[str]:
    if not facts.width or not facts.height:
        return []
    turned = facts.orientation in _SIDEWAYS
    width, height = (facts.height, facts.width) if turned else (facts.width, facts.height)
    by_camera = facts.make or facts.model or facts.exposure_s  # else a banner or a screenshot may be as long
    long = ["panorama"] if by_camera and max(width, height) >= PANORAMA * min(width, height) else []
    if abs(width - height) <= SQUARE * max(width, height):
        return [*long, "square"]
    return [*long, "landscape orientation" if width > height else "portrait orientation"]
