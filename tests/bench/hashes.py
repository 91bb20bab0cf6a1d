"""T10: the two perceptual hashes from the picture that all looks share, beside imagehash on the same pixels.

The decision here: imagehash is no dependency of ours, so where it is not installed the target is told as not measured.
Ours is timed from the colours on, though a look has the small grey picture already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from rounds import Side, interleaved
from table import Row, compared, limited

_HASHED = 9  # photos a round
_ROUNDS = 9
_SHARED = 1024
_MOST_BITS = 2


def hashing(photos: Sequence[Path]) -> Iterator[Row]:
    """T10: how much faster, and how many bits differ from imagehash on the full picture at most."""
    import cv2

    from phototag.look.measure import hashes
    from phototag.read.picture import decode

    try:
        import imagehash  # type: ignore[import-not-found, unused-ignore]
    except ImportError as trouble:
        raise RuntimeError("imagehash is not installed (pip install imagehash)") from trouble

    shared = [decode(photo, "jpeg", _SHARED).pixels for photo in photos[:_HASHED]]

    def ours(pixels: Any) -> tuple[str, str]:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return hashes(cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA))

    def theirs(image: Image.Image) -> tuple[str, str]:
        return str(imagehash.phash(image)), str(imagehash.dhash(image))

    fast, slow = interleaved(
        _ROUNDS,
        Side("ours", lambda: [ours(pixels) for pixels in shared], len(shared)),
        Side("imagehash", lambda: [theirs(Image.fromarray(pixels)) for pixels in shared], len(shared)),
    )
    yield compared("T10", "phash and dhash", "s", fast, slow, goal=3.0, by="cpu")
    differing = 0
    for photo, pixels in zip(photos, shared, strict=False):
        with Image.open(photo) as image:
            full = theirs(ImageOps.exif_transpose(image))
        bits = [(int(one, 16) ^ int(other, 16)).bit_count() for one, other in zip(ours(pixels), full, strict=True)]
        differing = max(differing, *bits)
    yield limited("T10", "bits unlike imagehash on all", "", differing, _MOST_BITS, "photos", len(shared))
