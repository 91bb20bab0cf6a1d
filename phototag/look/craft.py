"""The craft of a photo: where it is sharp and whether that is its subject, what blurred it, how its people look.

The decision here: every figure stands alone and is told as it was measured; which counts how much is for `cull` to
weigh, and a change of mind there looks at no picture again. Refused: one score for "quality", which nobody can
argue with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from phototag.look import craft_blur, craft_fine, craft_subject, craft_tilt
from phototag.look.craft_cells import LEAST_SIDE, Cells, cells
from phototag.look.makers import after
from phototag.look.step import LocalLook, Step, Subject
from phototag.records import Evidence

_VERSION = 2
_SCALE, _HIGHEST = 5, 99  # of the map: fifths of the figure for sharpness
_STRONG, _MOST_DETAIL = 0.1, 0.2  # shares of the picture: told as its sharpness, asked for what blurred it
_LEAST = 0.05  # energy that nobody sees; fixed, for what depends on the picture would shift its scale
_SHUT = 0.5  # size of a face, in shares of the largest one: from there on, its closed eyes close the photo's

# What `measure` has found and who weighs photos wants beside the rest, and under which name.
_MEASURED = {
    "laplacian_256": "sharpness",
    "brightness": "brightness",
    "contrast": "contrast",
    "clipped_dark": "clipped_dark",
    "clipped_bright": "clipped_bright",
}


class Craft(LocalLook):
    """The step `craft`. Its values are those of `figures`."""

    name = "craft"
    after: tuple[str, ...] = ("faces", "objects", "measure")

    def __init__(self, side: int, faces: Step, objects: Step, measure: Step) -> None:
        self.maker = f"craft/side{side}/{after(faces, objects, measure)}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        return [self._evidence(subject) for subject in batch]

    def _evidence(self, subject: Subject) -> Evidence:
        missing = [step for step in self.after if step not in subject.earlier]
        if missing:
            error = f"the photo's craft cannot be told: there is no evidence of {' and '.join(missing)}"
            return Evidence(subject.image_id, self.name, self.maker, error=error)
        return Evidence(subject.image_id, self.name, self.maker, figures(subject.pixels, subject.earlier))


def figures(pixels: Any, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """All that is told of an RGB picture, with the values of `faces`, `objects` and `measure` for it.

    sharpness           of the strongest tenth of the picture: powers of two of energy, 0 (nothing) to about 17
    subject_sharpness   the same of the subject; compare it within a burst, for what is photographed counts too
    detail              fine detail over coarse of the same tenth, in powers of two: no exposure changes it
    subject_detail      the same of the subject; both tell a blur in frames of one view that got more or less light
    subject_by          faces | objects | saliency: how the subject was known
    subject_cut         the edges of the frame that it touches: "left bottom"; "" if none
    subject_box         where the largest of it is: left, top, right, bottom, in thousandths; None if nobody knows
    subject_brightness  0 to 255; subject_clipped_dark, subject_clipped_bright: shares
    blur                sharp | motion | defocus | unknown, of what is strongest; subject_blur: of the subject;
    blur_sure           0 to 1; blur_angle: which way it moved, in degrees clockwise from level (also subject_...)
    noise               standard deviation in grey levels
    tilt                degrees by which the horizon leans clockwise; None where that is not sure
    tiles               the map, row by row, fifths of sharpness from 0 to 99; tiles_across: how many are a row
    tiles_fine          the same of `detail`, in twentieths; tiles_told: how much a tile has to tell, 0 (clipped) to 15;
                        tiles_subject: how much of the subject is there, to 99
    levels, side        energy by size of detail, the finest first, in twentieths; of what longer side, in pixels
    faces, faces_cut    how many there are, and how many the frame cuts
    eyes                closed | open | unknown; eyes_least: 0 to 1, the least of the faces that can tell, where a small
                        face lowers it less; smile_least: likewise. None where no face can tell
    laplacian_256, brightness, contrast, clipped_dark, clipped_bright: of the whole picture, from `measure`

    A picture with a side under 64 pixels has None for whatever is told from its pixels.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if min(grey.shape) < LEAST_SIDE:
        seen: dict[str, Any] = dict.fromkeys(_SEEN)
    else:
        seen = _seen(grey, earlier)
    measured = {name: earlier["measure"].get(of) for name, of in _MEASURED.items()}
    return {**seen, **_people(earlier["faces"]["faces"]), **measured}


_SEEN = (
    *("sharpness", "subject_sharpness", "detail", "subject_detail", "subject_by", "subject_cut", "subject_box"),
    *("subject_brightness", "subject_clipped_dark", "subject_clipped_bright"),
    *("blur", "blur_sure", "blur_angle", "subject_blur", "subject_blur_sure", "subject_blur_angle"),
    *("noise", "tilt", "tiles", "tiles_across", "tiles_fine", "tiles_told", "tiles_subject", "levels", "side"),
)


def _seen(grey: Any, earlier: Mapping[str, Any]) -> dict[str, Any]:
    grid = cells(grey)
    subject = craft_subject.where(grey, grid.grey.shape, earlier)
    there = (grid.detail * subject.weights).sum(axis=(1, 2))
    strongest = craft_blur.strongest(grid, _STRONG)
    strong = (grid.detail * strongest).sum(axis=(1, 2))
    lit, light = (float((grid.grey * weights).sum()) for weights in (strongest, subject.weights))
    tiles, across = _map(grid, grey.shape)
    bare = {
        "sharpness": _rounded(_sharpness(strong)),
        "subject_sharpness": _rounded(_sharpness(there)),
        "detail": _rounded(craft_fine.fineness(strong, lit)),
        "subject_detail": _rounded(craft_fine.fineness(there, light)),
        "subject_by": subject.by,
        "subject_cut": subject.cut,
        "subject_box": [round(1000 * each) for each in subject.box] if subject.box else None,
        "subject_brightness": _rounded(light),
        "subject_clipped_dark": _rounded((grid.dark * subject.weights).sum(), 4),
        "subject_clipped_bright": _rounded((grid.bright * subject.weights).sum(), 4),
    }
    whole = craft_blur.blur(grid, craft_blur.strongest(grid, _MOST_DETAIL))
    blurred = _blurred("blur", whole) | _blurred("subject_blur", craft_blur.blur(grid, subject.weights))
    rest = {"noise": _rounded(grid.noise), "tilt": craft_tilt.tilt(grey), "tiles": tiles, "tiles_across": across}
    compared = craft_fine.maps(grid, subject.weights, grey.shape)
    return {**bare, **blurred, **rest, **compared, "side": max(grey.shape)}


def _blurred(name: str, found: craft_blur.Blur) -> dict[str, Any]:
    return {name: found.kind, f"{name}_sure": found.sure, f"{name}_angle": found.angle}


def _sharpness(energy: Any) -> Any:
    """Mean over the levels, the last axis but those of place, of their energy in powers of two.

    A sum would be that of the coarse detail, which a blur spares; so each size of detail counts alike.
    """
    return np.log2(1 + energy / _LEAST).mean(axis=0)


def _map(grid: Cells, shape: tuple[int, ...]) -> tuple[list[int], int]:
    """The sharpness of square tiles, row by row, and how many are in a row."""
    across, down = craft_fine.tiles_of(shape, grid.grey.shape)
    levels = [cv2.resize(level, (across, down), interpolation=cv2.INTER_AREA) for level in grid.detail]
    values = np.clip(np.rint(_sharpness(np.stack(levels)) * _SCALE), 0, _HIGHEST)
    return values.astype(int).ravel().tolist(), across


def _people(faces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the faces together; each weighs as much as its size over that of the largest."""
    largest = max((float(face["size"]) for face in faces), default=1.0) or 1.0
    weighed = [(face, float(face["size"]) / largest) for face in faces]
    eyes = [(weight, 0.0 if face["eyes"] == "closed" else 1.0) for face, weight in weighed if face["eyes"] != "unknown"]
    smiles = [(weight, float(face["smile"])) for face, weight in weighed if face["smile"] is not None]
    least = _least(eyes)
    return {
        "faces": len(faces),
        "faces_cut": sum(bool(craft_subject.cut(face["box"])) for face in faces),
        "eyes": "unknown" if least is None else "closed" if least <= 1 - _SHUT else "open",
        "eyes_least": least,
        "smile_least": _least(smiles),
    }


def _least(weighed: Sequence[tuple[float, float]]) -> float | None:
    """The lowest value, where one of little weight cannot come down to its own."""
    return round(min(1 - weight * (1 - value) for weight, value in weighed), 2) if weighed else None


def _rounded(figure: Any, digits: int = 2) -> float:
    return round(float(figure), digits)
