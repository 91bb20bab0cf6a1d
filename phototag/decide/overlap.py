"""How far the view moved between two shots, from their small grey pictures: what a panorama is known by.

The decision here: edges are compared and not brightness, for sky above and ground below fit each other wherever they
lie; and the best place must beat the rest clearly, else there is no answer. Refused: features and homographies, which
a panorama program needs and a yes or no does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SIDE = 96  # points of the long side that are enough
_LEAST_SHARE = 0.12  # of the frame must overlap
_LEAST_FIT = 0.3  # correlation of the edges where they lie best
_CLEAR = 1.6  # times as good as the best place elsewhere


def moved(one: Any, other: Any) -> tuple[float, float] | None:
    """By which share of the frame the view went to the right and down; None where the pictures do not overlap.

    Both are grey pictures of one size, long side about `SIDE`.
    """
    if one.shape != other.shape or min(one.shape) < 16:
        return None
    fits = _fits(_edges(one), _edges(other))
    height, width = one.shape
    down, across = np.unravel_index(int(fits.argmax()), fits.shape)
    best = float(fits[down, across])
    aside = max(3, SIDE // 16)
    elsewhere = fits.copy()
    elsewhere[max(0, down - aside) : down + aside + 1, max(0, across - aside) : across + aside + 1] = 0
    if best < _LEAST_FIT or best < _CLEAR * float(elsewhere.max()):
        return None
    return float(across - width) / width, float(down - height) / height


def _edges(grey: Any) -> Any:
    """What is finer than the light, of even strength all over the picture."""
    picture = np.asarray(grey, np.float64)
    fine = picture - _blurred(picture, 3)
    return fine / (np.sqrt(_blurred(fine**2, 7)) + 2.0)


def _blurred(picture: Any, reach: int) -> Any:
    """The mean over a square, by running sums."""
    for axis in (0, 1):
        sums = np.cumsum(
            np.pad(picture, [(reach + 1, reach) if side == axis else (0, 0) for side in (0, 1)], "edge"), axis
        )
        first, last = [slice(None)] * 2, [slice(None)] * 2
        first[axis], last[axis] = slice(0, -2 * reach - 1), slice(2 * reach + 1, None)
        picture = (sums[tuple(last)] - sums[tuple(first)]) / (2 * reach + 1)
    return picture


def _fits(one: Any, other: Any) -> Any:
    """The correlation of two pictures at every shift, over what both cover; no shift stands in the middle."""
    height, width = one.shape
    size = (2 * height, 2 * width)
    whole = np.ones_like(one)

    def summed(a: Any, b: Any) -> Any:
        product = np.fft.irfft2(np.fft.rfft2(a, size) * np.conj(np.fft.rfft2(b, size)), size)
        return np.roll(product, (height, width), (0, 1))

    count = np.round(summed(whole, whole)).clip(1)
    mean_one, mean_other = summed(one, whole) / count, summed(whole, other) / count
    both = summed(one, other) / count - mean_one * mean_other
    spread_one = summed(one**2, whole) / count - mean_one**2
    spread_other = summed(whole, other**2) / count - mean_other**2
    fits = both / np.sqrt((spread_one.clip(1e-3)) * spread_other.clip(1e-3))
    return np.where(count >= _LEAST_SHARE * one.size, fits, 0.0)
