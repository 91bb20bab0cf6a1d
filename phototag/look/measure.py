"""How sharp and how well exposed a picture is, in figures that need no model.

The decision here: sharpness is measured twice, over the whole picture at 256 x 256 (the threshold of
100 that people know) and as the strongest tiles of the shared picture, which does not punish a
shallow depth of field [BASELINES section 7]. Refused: one number that calls every portrait blurred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from phototag.look.step import Subject
from phototag.records import Evidence

_TILES = 8


class Measure:
    """The step `measure`."""

    name = "measure"
    space = ""
    logged = False
    parallel = 0
    needs_picture = True
    after: tuple[str, ...] = ()

    def __init__(self, side: int) -> None:
        self.maker = f"measure/side{side}/1"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [Evidence(subject.image_id, self.name, self.maker, measures(subject.pixels)) for subject in batch]


def measures(pixels: Any) -> dict[str, float]:
    """Sharpness, brightness, contrast and clipped shares of an RGB picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA)
    return {
        "sharpness": round(float(cv2.Laplacian(small, cv2.CV_64F).var()), 2),
        "sharpest_tiles": round(_strongest_tiles(grey), 2),
        "brightness": round(float(grey.mean()), 2),
        "contrast": round(float(grey.std()), 2),
        "clipped_dark": round(float((grey <= 2).mean()), 4),
        "clipped_bright": round(float((grey >= 253).mean()), 4),
    }


def _strongest_tiles(grey: Any) -> float:
    """The Laplacian variance that a tenth of the tiles reach."""
    laplacian = cv2.Laplacian(grey, cv2.CV_16S, ksize=1)
    rows = np.array_split(laplacian, min(_TILES, grey.shape[0]), axis=0)
    tiles = [tile for row in rows for tile in np.array_split(row, min(_TILES, grey.shape[1]), axis=1)]
    return float(np.percentile([float(tile.var()) for tile in tiles], 90))
