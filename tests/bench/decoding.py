"""T7 to T9: from a camera's JPEG to a small picture, on one thread and on two, and how often for one photo.

The decision here: the naive way converts before it shrinks and so decodes every pixel; the limit is libjpeg's smallest
scale, which has to undo the same Huffman code and does next to nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image
from rounds import Side, interleaved
from table import Row, compared, limited

_DECODED = 9  # photos a round
_LOOKED_AT = 9
_ROUNDS = 5
_ZEROS = bytes(64 << 20)


def shrinking(photos: Sequence[Path]) -> Iterator[Row]:
    """T7 and T8, and the size that models get by default."""
    from phototag.read.picture import decode
    from phototag.settings import Settings

    some = photos[:_DECODED]

    def ours(side: int) -> Side:
        return Side(f"decode to {side}", lambda: [decode(photo, "jpeg", side) for photo in some], len(some))

    def naive(side: int) -> Side:
        return Side("convert, then thumbnail", lambda: [_naive(photo, side) for photo in some], len(some))

    limit = Side("entropy decoding only", lambda: [_entropy_only(photo) for photo in some], len(some))
    small, slow, least = interleaved(_ROUNDS, ours(384), naive(384), limit)
    yield compared("T7", "decode to 384 px", "s", small, slow, goal=3.3, by="cpu")
    yield compared("T7", "decode to 384 px", "s", small, least, goal=0.88, by="cpu")
    yield compared("", "  the limit", "s", least, slow)
    usual = Settings().look.side
    middle, by_default, slow = interleaved(_ROUNDS, ours(896), ours(usual), naive(896))
    yield compared("T8", "decode to 896 px", "s", middle, slow, goal=2.9, by="cpu")
    yield compared("", f"  {usual} px, the default", "s", by_default, slow)


def sharing(photos: Sequence[Path], temp: Path) -> Iterator[Row]:
    """T9."""
    from phototag.read.picture import decode

    some = photos[:_DECODED]

    def on(threads: int, work: Callable[[Path], object], name: str) -> Side:
        def all_of_them() -> object:
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(work, some))

        return Side(name, all_of_them, len(some))

    def small(photo: Path) -> object:
        return decode(photo, "jpeg", 896)

    two, one, two_sums, one_sum = interleaved(
        _ROUNDS,
        on(2, small, "two threads"),
        on(1, small, "one thread"),
        on(2, _sum, "two threads"),
        on(1, _sum, "one thread"),
    )
    yield compared("T9", "decode on two threads", "/s", two, one, goal=1.6)
    yield compared("", "  sha256, to compare", "/s", two_sums, one_sum)
    decodes = _decodes_of_a_look(photos[:_LOOKED_AT], temp / "looked-at")
    most = max(decodes.values())
    yield limited("T9", "decodes per photo, look", "", most, 1, "photos looked at", len(decodes))


def _naive(photo: Path, side: int) -> Image.Image:
    with Image.open(photo) as image:
        picture = image.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture


def _entropy_only(photo: Path) -> Image.Image:
    with Image.open(photo) as image:
        image.draft(None, (image.width // 8, image.height // 8))
        image.load()
        return image


def _sum(photo: Path) -> bytes:
    """Work that shares nothing, so that what two threads gain by it is what the machine had to give."""
    return hashlib.sha256(_ZEROS).digest()


def _decodes_of_a_look(photos: Sequence[Path], folder: Path) -> Counter[str]:
    """How often each picture was decoded while it was measured, described and embedded."""
    from phototag import api
    from phototag.read import picture

    folder.mkdir()
    for photo in photos:
        (folder / photo.name).symlink_to(photo)
    decode, count = picture.decode, Counter[str]()

    def counted(path: str, *rest: Any) -> picture.Picture:
        count[os.fsdecode(path)] += 1
        return decode(path, *rest)

    picture.decode = counted  # type: ignore[assignment]
    try:
        _, _, looked = api.look(folder, flags={"look.describer": "fake", "look.embedder": "fake"})
    finally:
        picture.decode = decode
    made = dict(looked.made)
    if len(made) != 3 or set(made.values()) != {len(photos)}:
        raise RuntimeError(f"three steps should have looked at {len(photos)} photos each: {made}")
    return count
