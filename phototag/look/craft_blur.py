"""Whether a picture, or its subject, is sharp, was moved or is out of focus.

The decision here: fine detail is held against coarse detail of the same place in every direction. Out of focus, the
fine is missing all round; where the camera or the subject moved, along one direction only, and in many tiles along the
same. That edges lie one way says nothing, for then both the fine and the coarse do. A doubt is "unknown": this
may one day reject a photo. Refused: the strongest direction of the gradients alone, which takes every fence for a
moved one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phototag.look.craft_cells import Cells

# All in powers of two of energy, fine over coarse; measured on real photos blurred by known amounts (tests/bench).
_SHARP = -2.0  # so much is left in the best direction: of most sharp photos, of few that are blurred by 1.5 pixels
_SOFT = -3.1  # so little: of most photos blurred by 2 pixels or more, hardly of a sharp one
_GAP = 0.6  # between the best direction and the worst, of what moved
_EVEN = 0.2  # the most between them of what is only out of focus
_MOVED = -2.1  # so little is left along the worst one
_NOTHING = -4.2  # even in the best direction: nobody sees which way it moved
_AGREED = 0.8  # of one: how much the tiles are of one mind about the direction
_APART = 15.0  # degrees that the whole and its tiles may differ
_FEWEST, _MOST = 4, 12  # tiles that have a say
_MIXED_IN, _NEXT_TO_NOTHING = 0.003, 0.01
_PLAIN = 1.0  # coarse energy below which there is nothing that could be blurred
_BURIED = 0.5  # of the noise: fine energy below, in the direction with the least, is a guess


@dataclass(frozen=True, slots=True)
class Blur:
    """sharp | motion | defocus | unknown, how sure from 0 to 1, and for motion the way it went.

    The way is in degrees from 0 to 180, clockwise from level as one sees the picture.
    """

    kind: str = "unknown"
    sure: float = 0.0
    angle: float | None = None


def blur(cells: Cells, weights: Any) -> Blur:
    """What happened where the weights are."""
    whole = _matrices((cells.energy * weights[None, ..., None]).sum(axis=(1, 2)) / max(float(weights.sum()), 1e-9))
    if float(np.trace(whole[3])) < _PLAIN:
        return Blur()
    (left,), (most,), (way,) = _left(whole[None, 0], whole[None, 2])
    best = float(_left(whole[None, 0], whole[None, 3])[1][0])
    gap = float(most - left)
    tiles = _tiles(cells, weights)
    angle, agreed = _direction(tiles)
    one_way = agreed >= _AGREED and abs((way - angle + 90) % 180 - 90) <= _APART
    if one_way and gap >= _GAP and left <= _MOVED and best >= _NOTHING:
        return Blur("motion", _sure(gap - _GAP, 1.0), round(float(way), 1) % 180)
    if best <= _SOFT and gap < _EVEN:
        return Blur("defocus", _sure(_SOFT - best, 2.0))
    seen = float(np.linalg.eigvalsh(whole[0])[0]) >= _BURIED * float(cells.floor[0])
    if best >= _SHARP and left > _MOVED and seen and not (one_way and gap >= _GAP):
        return Blur("sharp", _sure(best - _SHARP, 2.0))
    return Blur()


def strongest(cells: Cells, share: float) -> Any:
    """Equal weights for the cells with the most detail: so many of the picture's."""
    strength = np.log2(1 + cells.detail / _PLAIN).mean(axis=0)
    chosen = strength >= np.quantile(strength, 1 - share)
    return chosen / np.float32(chosen.sum())


def _sure(margin: float, full: float) -> float:
    """From a half at the threshold to one."""
    return round(0.5 + 0.5 * min(1.0, margin / full), 2)


def _matrices(energy: Any) -> Any:
    """Energies across, down and between the two as symmetric matrices: v·M·v is the energy in the direction v."""
    across, down, between = np.moveaxis(energy, -1, 0)
    return np.stack([np.stack([across, between], -1), np.stack([between, down], -1)], -2).astype(np.float64)


def _left(fine: Any, coarse: Any) -> tuple[Any, Any, Any]:
    """What is left of the fine for the coarse in the worst and the best direction, and which the worst is, for each.

    The directions are those of the generalised eigenvectors. A little of the mean of all directions is mixed into each,
    so that one without any detail, as along the stripes of a shirt, counts as having lost no more than the others.
    """
    values, vectors = np.linalg.eig(np.linalg.solve(_mixed(coarse), _mixed(fine)))
    values, vectors = values.real, vectors.real
    each, worst = np.arange(len(values)), np.argmin(values, axis=1)
    x, y = vectors[each, 0, worst], vectors[each, 1, worst]
    logs = np.log2(np.maximum(values, 1e-6))
    return logs[each, worst], logs[each, 1 - worst], np.degrees(np.arctan2(y, x)) % 180


def _mixed(matrices: Any) -> Any:
    """Each with a little of all directions in it, and not quite nothing."""
    traces = np.trace(matrices, axis1=1, axis2=2)[:, None, None]
    return matrices + np.eye(2) * (_MIXED_IN * traces + _NEXT_TO_NOTHING)


def _tiles(cells: Cells, weights: Any) -> Any:
    """The strongest tiles of some cells each way: tiles x levels x 3."""
    side = 4 if 1 / max(float((weights**2).sum()), 1e-9) >= 100 else 2
    rows, columns = weights.shape[0] // side, weights.shape[1] // side
    weighed = cells.energy * weights[None, ..., None]
    parts = weighed[:, : rows * side, : columns * side].reshape(len(weighed), rows, side, columns, side, 3)
    tiles = parts.sum(axis=(2, 4)).reshape(len(weighed), rows * columns, 3).transpose(1, 0, 2)
    strength = tiles[:, 3, 0] + tiles[:, 3, 1]
    order = np.argsort(-strength)[:_MOST]
    return tiles[order[strength[order] > 0]] / max(float(weights.sum()), 1e-9)


def _direction(tiles: Any) -> tuple[float, float]:
    """The direction in which the tiles have lost most, and how far they agree on it, from 0 to 1."""
    if len(tiles) < _FEWEST:
        return 0.0, 0.0
    scale = len(tiles)  # the shares of the tiles are small; so they count against the floor like the whole
    worst, best, ways = _left(_matrices(tiles[:, 0] * scale), _matrices(tiles[:, 3] * scale))
    votes = (best - worst) * np.exp(2j * np.radians(ways))
    return float(np.degrees(np.angle(votes.sum())) / 2 % 180), float(abs(votes.sum()) / (abs(votes).sum() + 1e-9))
