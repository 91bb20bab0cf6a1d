"""The directories of a TIFF and of the RAW and DNG files built like one: which there are, and what their tags say.

The decision here: directories are walked with a list of those seen, a limit on their number and on what is read of
them, and every offset is held against the file's size, because loops and absurd counts do occur. Refused: ExifTool's
view, which costs a process, and Pillow's, which sees the pages but not the pictures below them.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from phototag.read.identity_bytes import NotUnderstood

_MOST_DIRECTORIES = 10_000  # a scanned book has hundreds of pages
_MOST_ENTRIES = 4096  # of one directory; cameras need a hundred
_MOST_BYTES = 32 << 20  # read for all directories and values together, so that a hostile file costs seconds at most
_SUBDIRECTORIES = 330
# Bytes of each type of value, and for whole numbers how struct reads them.
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


class Layout(NamedTuple):
    """How one of the two generations of TIFF spells its directories."""

    header: int  # where the offset of the first directory stands
    counter: str
    entry: int
    word: str  # of offsets and counts


_CLASSIC, _BIG = Layout(4, "H", 12, "I"), Layout(8, "Q", 20, "Q")


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: the raw entries by tag, the first of each. `place` is 0 for the file's first one."""

    place: int
    entries: dict[int, tuple[int, int, bytes]]  # type, count, and the field that holds the values or their offset


class Directories:
    """The directories of one open file, in their order: each page, and below it its sub-pictures."""

    def __init__(self, file: BinaryIO, size: int, versions: Collection[int] = (42, 43)) -> None:
        """NotUnderstood if the file does not begin as a TIFF of one of these versions does."""
        self._file, self._size = file, size
        file.seek(0)
        head = file.read(16)
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if len(head) < 16 or not self.order or (version := self._word("H", head, 2)) not in versions:
            raise NotUnderstood
        self._layout = _BIG if version == 43 else _CLASSIC
        self._first = self._word(self._layout.word, head, self._layout.header)
        self._left = _MOST_BYTES
        self.count = 0  # directories found so far
        self.lost = False  # was an offset met that leads out of the file?

    def __iter__(self) -> Iterator[Directory]:
        """Every directory that can be read, once. Those of EXIF, GPS and makers are metadata and not among them."""
        waiting, seen = [self._first], {0}
        while waiting:
            if (at := waiting.pop()) in seen:
                continue
            seen.add(at)
            if len(seen) > _MOST_DIRECTORIES:
                raise NotUnderstood("damaged: it has more directories than a picture can have")
            if (found := self._directory(at)) is None:
                continue
            directory, following = found
            self.count += 1
            yield directory
            waiting += [following, *reversed(self.numbers(directory, _SUBDIRECTORIES))]

    def at(self, offset: int) -> Directory | None:
        """The directory that a tag of another one leads to; None if there is none."""
        found = self._directory(offset)
        return found[0] if found else None

    def numbers(self, directory: Directory, tag: int) -> tuple[int, ...]:
        """The values of a tag as whole numbers; () where it is absent, no number, or leads out of the file."""
        entry = directory.entries.get(tag)
        value = self.value(directory, tag)
        if entry is None or not value or (code := _NUMBERS.get(entry[0])) is None:
            return ()
        return struct.unpack(f"{self.order}{entry[1]}{code}", value)

    def value(self, directory: Directory, tag: int) -> bytes:
        """The bytes of a tag's values; b"" where it is absent or leads out of the file."""
        if (entry := directory.entries.get(tag)) is None:
            return b""
        form, count, field = entry
        length = _WIDTHS.get(form, 0) * count
        if length <= len(field):
            return field[:length]
        at = self._word(self._layout.word, field, 0)
        if at + length > self._size:
            self.lost = True
            return b""
        return self._read(at, length)

    def _directory(self, at: int) -> tuple[Directory, int] | None:
        """The directory at an offset and the offset of the next; None if there is none."""
        counter, width = struct.calcsize("=" + self._layout.counter), self._layout.entry
        word = struct.calcsize("=" + self._layout.word)
        head = self._read(at, counter)
        count = self._word(self._layout.counter, head, 0) if head else 0
        self.lost = self.lost or not head or at + counter + count * width > self._size
        if not 0 < count <= _MOST_ENTRIES:
            return None
        block = self._read(at + counter, count * width, word)
        if not block:
            return None
        entries: dict[int, tuple[int, int, bytes]] = {}
        for start in range(0, count * width, width):
            tag, form = struct.unpack_from(self.order + "HH", block, start)
            field = block[start + 4 + word : start + width]
            entries.setdefault(tag, (form, self._word(self._layout.word, block, start + 4), field))
        if not any(form in _WIDTHS for form, _, _ in entries.values()):
            return None  # an old Sony has its sensor's data where others have a directory
        # At the very end of a file the offset of the next directory may be missing.
        following = self._word(self._layout.word, block, count * width) if len(block) == count * width + word else 0
        return Directory(self.count, entries), following

    def _read(self, at: int, length: int, more: int = 0) -> bytes:
        """These bytes, or none if the file has not all of them; and `more` if it has them too."""
        if at + length > self._size:
            return b""
        self._left -= length
        if self._left < 0:
            raise NotUnderstood("damaged: it has more directories and tags than a picture can have")
        self._file.seek(at)
        found = self._file.read(length + more)
        return found if len(found) >= length else b""

    def _word(self, code: str, content: bytes, at: int) -> int:
        number: int = struct.unpack_from(self.order + code, content, at)[0]
        return number
