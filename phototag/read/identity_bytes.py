"""The bytes of a file and their sum, for every reader of identities.

The decision here: reads go through one buffer for each thread, in pieces that are still in the processor's cache when
they are summed. Refused: `file.read()`, whose fresh memory costs more than the hash, and mapping every file, which
costs more than reading the small ones.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Sequence
from io import FileIO
from typing import Any, NamedTuple

from xxhash import xxh3_128

from phototag.errors import Unreadable

CHUNK = 1 << 20
_PAGE = 4096  # reads that begin within one cost twice as much
_BUFFERED = 64 << 20  # larger files are mapped, so that one panorama does not stay in every thread's memory
_OFTEN = 4  # parts may share their bytes; a file that names them more often than this was not made by a camera


class NotUnderstood(Exception):
    """Raised where a reader meets what it cannot vouch for: the file is then summed whole. `trouble` may be ""."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Extent(NamedTuple):
    """A run of bytes of a file, as the file's own tables state it."""

    start: int
    length: int


def no_picture() -> Unreadable:
    """The error for a file of which too little is there."""
    return Unreadable("cut short: the file ends before its picture begins", "Copy it again from where it came from.")


_own = threading.local()


def _buffer(size: int) -> bytearray:
    """This thread's buffer, kept from file to file: fresh memory costs more than the hash."""
    buffer: bytearray | None = getattr(_own, "buffer", None)
    if buffer is None or len(buffer) < size:
        _own.buffer = buffer = bytearray(max(size, CHUNK))
    return buffer


def sum_whole(file: FileIO) -> str:
    """xxh3-128 of all bytes, in hex."""
    sum_from(file, 0, digest := xxh3_128())
    return str(digest.hexdigest())


def sum_from(file: FileIO, start: int, digest: Any) -> None:
    """Sum to the end of the file."""
    before = start % _PAGE
    file.seek(start - before)
    room = memoryview(_buffer(CHUNK))[:CHUNK]
    while got := file.readinto(room):
        digest.update(room[before:got])
        before = 0


def sum_extents(file: FileIO, size: int, extents: Sequence[Extent], digest: Any) -> str:
    """Sum these runs one after the other, as far as the file has them. Says what it lacks of them, or ""."""
    there = [Extent(start, min(length, size - start)) for start, length in extents if start < size]
    if not sum(extent.length for extent in there):
        raise no_picture()
    if sum(extent.length for extent in there) > _OFTEN * size:
        raise NotUnderstood("damaged: its tables name the same bytes over and over")
    _sum_runs(file, _joined(there), digest)
    end = max(start + length for start, length in extents)
    return f"cut short: {size} of at least {end} bytes" if end > size else ""


def _sum_runs(file: FileIO, runs: Sequence[Extent], digest: Any) -> None:
    """Reads ahead where nothing has been read yet, as a strip may be shorter than the call that reads it costs."""
    room = memoryview(_buffer(CHUNK))[:CHUNK]
    first = last = furthest = 0  # the bytes in the room, and the end of all that ever was in it
    for start, length in runs:
        end = start + length
        while start < end:
            if not first <= start < last:
                ahead = start >= furthest
                first = start - start % _PAGE if ahead else start
                file.seek(first)
                last = first + (file.readinto(room if ahead else room[: end - start]) or 0)
                if last <= start:
                    return
                furthest = max(furthest, last)
            stop = min(end, last)
            digest.update(room[start - first : stop - first])
            start = stop


def _joined(extents: Sequence[Extent]) -> list[Extent]:
    """The same bytes in the same order, with neighbours as one run: a TIFF may have a strip for each row."""
    runs: list[Extent] = []
    for start, length in extents:
        if runs and runs[-1].start + runs[-1].length == start:
            runs[-1] = Extent(runs[-1].start, runs[-1].length + length)
        else:
            runs.append(Extent(start, length))
    return runs


def content_of(file: FileIO, size: int) -> memoryview:
    """The first `size` bytes, good until this thread reads again."""
    if size > _BUFFERED:
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
    file.seek(0)
    room = memoryview(_buffer(1 << (size - 1).bit_length()))
    filled = 0
    while filled < size and (got := file.readinto(room[filled:size])):
        filled += got
    return room[:filled]
