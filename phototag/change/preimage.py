"""What undo needs of a file's bytes, and the proof that it is enough.

The decision here: a pre-image is a splice, the bytes between what the old and the new file have in common at both
ends, and it counts only after the old file was put together again from the new one and from what stands in the pack.
Refused: a copy of every file, which doubles a library; a splice that nobody has tried.
"""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy
from xxhash import xxh3_128

from phototag.change.journal import BATCH_TIME, Journal
from phototag.store.library import Library
from phototag.store.log import cannot_write, synced

_CHUNK = 1 << 20
_PIECE = 1 << 18  # compared at once: small enough for the cache of a processor
_SMALL = 32 << 20  # larger files are mapped; a mapped file that another program cuts short would end this one
_FEW = 4 << 20  # bytes up to which every way to store the middle is tried; above, its beginning is a sample
FOLDER = "preimages"
AnyPath = str | os.PathLike[str]
Bytes = memoryview


class NoWayBack(Exception):
    """The old file cannot be made from the new one and from what was kept."""


@dataclass(frozen=True, slots=True)
class Splice:
    """How the old file differs from the new one: `prefix` and `suffix` bytes are the same at both ends."""

    prefix: int
    suffix: int
    how: str  # raw | zlib | xor: the middle as it is, compressed, or compressed as its difference from the new one


@contextmanager
def mapped(path: AnyPath) -> Iterator[Bytes]:
    """The bytes of a file, read where they are needed."""
    with open(path, "rb") as file:  # noqa: PTH123 - the path may hold undecodable bytes
        if os.fstat(file.fileno()).st_size <= _SMALL:
            yield memoryview(file.read())
            return
        # Neither the view nor the map is closed by hand: numpy may still look at it, and then closing would fail.
        yield memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def common_ends(old: Bytes, new: Bytes) -> tuple[int, int]:
    """How many bytes are the same at the beginning, and how many of the others at the end."""
    shorter = min(len(old), len(new))
    prefix = 0
    while prefix < shorter:
        some = min(_CHUNK, shorter - prefix)
        if not _all_alike(old, prefix, new, prefix, some):
            prefix += int((_array(old, prefix, some) != _array(new, prefix, some)).argmax())
            break
        prefix += some
    suffix = 0
    while suffix < shorter - prefix:
        some = min(_CHUNK, shorter - prefix - suffix)
        if not _all_alike(old, len(old) - suffix - some, new, len(new) - suffix - some, some):
            differ = _array(old, len(old) - suffix - some, some) != _array(new, len(new) - suffix - some, some)
            suffix += int(differ[::-1].argmax())
            break
        suffix += some
    return prefix, suffix


def _all_alike(old: Bytes, start: int, new: Bytes, other: int, length: int) -> bool:
    """Compared in words of eight bytes, a piece at a time that stays in the processor's cache."""
    for at in range(0, length, _PIECE):
        some = min(_PIECE, length - at)
        kind = numpy.uint64 if some == _PIECE else numpy.uint8
        count = some // numpy.dtype(kind).itemsize
        one = numpy.frombuffer(old, kind, count, start + at)
        if (one != numpy.frombuffer(new, kind, count, other + at)).any():
            return False
    return True


def splice(old: Bytes, new: Bytes) -> Splice:
    """The cheapest way back from new to old; the whole old file where that takes more than half of it."""
    prefix, suffix = common_ends(old, new)
    found = _cheapest(old, new, prefix, suffix)
    if found[0] * 2 > len(old) and (prefix or suffix or found[1] == "xor"):
        return Splice(0, 0, _cheapest(old, new, 0, 0, ("raw", "zlib"))[1])
    return Splice(prefix, suffix, found[1])


def _cheapest(
    old: Bytes, new: Bytes, prefix: int, suffix: int, ways: Sequence[str] = ("raw", "zlib", "xor")
) -> tuple[int, str]:
    """About how many bytes the middle takes, and stored in which way."""
    length = len(old) - prefix - suffix
    sample = length if length <= _FEW else _CHUNK
    sizes = []
    for way in ways:
        part = Splice(prefix, len(old) - prefix - sample, way)
        sizes.append((sum(map(len, _packed(old, new, part))) * length // max(sample, 1), ways.index(way), way))
    size, _, way = min(sizes)
    return size, way


def _packed(old: Bytes, new: Bytes, cut: Splice) -> Iterator[bytes]:
    """The middle of the old file as it is stored, piece by piece."""
    press = None if cut.how == "raw" else zlib.compressobj(6)
    end = len(old) - cut.suffix
    for start in range(cut.prefix, end, _CHUNK):
        stop = min(start + _CHUNK, end)
        piece = bytes(old[start:stop]) if cut.how != "xor" else _difference(old[start:stop], new[start:stop])
        yield press.compress(piece) if press else piece
    if press:
        yield press.flush()


def old_pieces(new: Bytes, cut: Splice, kept: BinaryIO, length: int) -> Iterator[bytes]:
    """The old file again, piece by piece, from the new one and the stored middle at which `kept` stands."""
    if cut.prefix + cut.suffix > len(new):
        raise NoWayBack("the file is shorter than what it had in common with the old one")
    yield from _in_pieces(new[: cut.prefix])
    at = cut.prefix
    for piece in _unpacked(kept, length, cut.how):
        yield piece if cut.how != "xor" else _difference(piece, new[at : at + len(piece)])
        at += len(piece)
    yield from _in_pieces(new[len(new) - cut.suffix :])


def _unpacked(kept: BinaryIO, length: int, how: str) -> Iterator[bytes]:
    press = None if how == "raw" else zlib.decompressobj()
    left = length
    try:
        while left and (stored := kept.read(min(left, _CHUNK))):
            left -= len(stored)
            while press and stored:
                if piece := press.decompress(stored, _CHUNK):
                    yield piece
                stored = press.unconsumed_tail
            if stored:
                yield stored
        if press and (rest := press.flush()):
            yield rest
    except zlib.error as trouble:
        raise NoWayBack("what was kept is damaged") from trouble
    if left or (press and not press.eof):
        raise NoWayBack("what was kept is cut short")


def _difference(one: Any, other: Any) -> bytes:
    """Byte by byte; what the other one lacks counts as zero."""
    result = numpy.frombuffer(one, numpy.uint8).copy()
    beside = numpy.frombuffer(other, numpy.uint8)
    result[: len(beside)] ^= beside
    return result.tobytes()


def _in_pieces(content: Bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _CHUNK):
        yield bytes(content[start : start + _CHUNK])


def _array(content: Bytes, start: int, length: int) -> Any:
    return numpy.frombuffer(content, numpy.uint8, length, start)


class Packs:
    """The packs of a library, one for each batch: pre-images one behind the other."""

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER

    def put(self, batch: str, pairs: Sequence[tuple[AnyPath, AnyPath, str]]) -> list[dict[str, Any]]:
        """Keep what leads from each new file (second) back to the old one (first, with its digest), durably.

        Returns what the journal has to remember of each; {} where the way back could not be proved.
        """
        path = self.folder / f"{batch}.pack"
        is_new = not path.exists()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as pack:
                kept = [self._put(pack, *pair) | {"pack": path.name} for pair in pairs]
                pack.flush()
                os.fsync(pack.fileno())
            if is_new:
                synced(self.folder)
        except OSError as trouble:
            raise cannot_write(path, trouble) from trouble
        return [keep if "how" in keep else {} for keep in kept]

    def restored(self, keep: dict[str, Any], new: AnyPath, to: AnyPath) -> str:
        """Write the old file to the fresh path `to`, and return its digest; NoWayBack or OSError where that fails."""
        try:
            cut = Splice(keep["prefix"], keep["suffix"], keep["how"])
            pack, offset, length = self.folder / keep["pack"], int(keep["offset"]), int(keep["length"])
        except (KeyError, TypeError, ValueError) as trouble:
            raise NoWayBack("the journal does not say what was kept") from trouble
        digest = xxh3_128()
        with pack.open("rb") as kept, mapped(new) as content, open(to, "xb") as file:  # noqa: PTH123
            kept.seek(offset)
            for piece in old_pieces(content, cut, kept, length):
                digest.update(piece)
                file.write(piece)
        return str(digest.hexdigest())

    def has(self, keep: dict[str, Any]) -> bool:
        """Is the pack still there, or was it forgotten?"""
        return bool(keep.get("pack")) and (self.folder / str(keep["pack"])).exists()

    def _put(self, pack: Any, old: AnyPath, new: AnyPath, expected: str) -> dict[str, Any]:
        with mapped(old) as before, mapped(new) as after:
            cut = splice(before, after)
            start = pack.seek(0, os.SEEK_END)
            for piece in _packed(before, after, cut):
                pack.write(piece)
            pack.flush()
            length = pack.tell() - start
            pack.seek(start)
            digest = xxh3_128()
            try:
                for piece in old_pieces(after, cut, pack, length):
                    digest.update(piece)
            except NoWayBack:
                return {}
        if digest.hexdigest() != expected:
            return {}
        return {"offset": start, "length": length, "prefix": cut.prefix, "suffix": cut.suffix, "how": cut.how}


def forgettable(library: Library, older_than: timedelta) -> dict[str, int]:
    """The batches that are older and can still be taken back byte for byte, and the space that each of them takes."""
    before = (datetime.now(UTC) - older_than).strftime(BATCH_TIME)
    packs = sorted((library.place.state / FOLDER).glob("*.pack"))
    return {pack.stem: pack.stat().st_size for pack in packs if pack.stem[: len(before)] <= before}


def forget(library: Library, journal: Journal, older_than: timedelta) -> tuple[int, int]:
    """Drop their pre-images for good; returns how many packs and bytes. What has been done stays done."""
    half_done = {entry.batch for entry in journal.open_ends()}
    old = {batch: size for batch, size in forgettable(library, older_than).items() if batch not in half_done}
    if not old:
        return 0, 0
    journal.forgotten(list(old))
    for batch in old:
        pack = library.place.state / FOLDER / f"{batch}.pack"
        try:
            pack.unlink(missing_ok=True)
        except OSError as trouble:
            raise cannot_write(pack, trouble) from trouble
    return len(old), sum(old.values())
