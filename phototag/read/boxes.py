"""The boxes of HEIC and AVIF files: which items there are, where their bytes lie, and what describes them.

The decision here: the few boxes that place and describe items are read by hand, each count held against the bytes that
are there. Refused: asking libheif, which shows neither the extents nor the width of the base offset.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from phototag.read.identity_bytes import Extent, NotUnderstood

_LARGEST_TABLES = 16 << 20  # of one `meta` box; phones write a few kilobytes
_MOST_EXTENTS = 100_000
_MOST_BOXES = 10_000
_WIDTHS = frozenset((0, 4, 8))
_XMP = b"application/rdf+xml"

_FRAME = frozenset((b"ftyp", b"moov", b"mdat", b"meta", b"moof", b"free", b"skip", b"wide", b"uuid", b"idat"))

AnyPath = str | bytes | os.PathLike[str]


class Box(NamedTuple):
    """A box without its header. The outermost ones may state an end beyond the file's."""

    name: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the list of items: a picture, a tile, a thumbnail, or metadata."""

    number: int
    kind: bytes
    content_type: bytes = b""


@dataclass(slots=True)
class Tables:
    """What the `meta` box says, in the file's own order. Extents count from the start of the file."""

    items: dict[int, Item] = field(default_factory=dict)
    primary: int = 0
    extents: dict[int, list[Extent]] = field(default_factory=dict)
    elsewhere: set[int] = field(default_factory=set)  # items whose bytes we cannot find: in another file or item
    references: list[tuple[bytes, int, list[int]]] = field(default_factory=list)  # kind, from, to
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)  # name, content
    described_by: dict[int, list[int]] = field(default_factory=dict)  # item -> places in `properties`
    base_offset_width: int = 0


def takes_new_xmp(path: AnyPath) -> bool:
    """Would all readers see an XMP packet that ExifTool adds to this file? Only an HEIC or AVIF can say no.

    Where the table of extents has base offsets, exiv2 (so digiKam and darktable) misses items added later; one that is
    there already may be changed. A file whose tables cannot be read takes nothing.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (a path may be bytes)
        size = os.fstat(file.fileno()).st_size
        is_boxed = file.read(8)[4:] == b"ftyp"
        meta = next((box for box in outer_boxes(file, size) if box.name == b"meta"), None) if is_boxed else None
        if meta is None:
            return True
        try:
            tables = tables_of(file, meta, size)
        except NotUnderstood:
            return False
    has_xmp = any(item.kind == b"mime" and item.content_type == _XMP for item in tables.items.values())
    return has_xmp or not tables.base_offset_width


def outer_boxes(file: BinaryIO, size: int, at: int = 0) -> Iterator[Box]:
    """The outermost boxes (or those from `at` on), until the file ends or something stands there that is no box."""
    for _ in range(_MOST_BOXES):
        if at >= size:
            return
        file.seek(at)
        head = file.read(16)
        length, start = int.from_bytes(head[:4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), at + 16
        end = at + length if length else size
        if len(head) < 8 or end < start:
            return
        yield Box(head[4:8], start, end)
        at = end


def missing(boxes: Iterable[Box], size: int) -> str:
    """What these outermost boxes say is not there any more, or "". Makers hang things behind them that are no boxes."""
    for box in boxes:
        if box.name not in _FRAME:
            return ""
        if box.end > size:
            return f"cut short: {size} of {box.end} bytes"
    return ""


def tables_of(file: BinaryIO, meta: Box | None, size: int) -> Tables:
    """What this `meta` box says. NotUnderstood where it is absent, cut, or contradicts itself."""
    if meta is None or meta.end > size or meta.end - meta.start > _LARGEST_TABLES:
        raise NotUnderstood("damaged: the list of its pictures is missing")
    file.seek(meta.start)
    content = file.read(meta.end - meta.start)
    tables = Tables()
    boxes = list(_boxes(content, 4, len(content)))
    stored = next((meta.start + box.start for box in boxes if box.name == b"idat"), None)
    for box in boxes:
        fields = _Fields(content, box.start, box.end)
        if box.name == b"iinf":
            _read_items(fields, tables)
        elif box.name == b"pitm":
            tables.primary = fields.number(4 if fields.version() else 2)
        elif box.name == b"iloc":
            _read_extents(fields, tables, stored)
        elif box.name == b"iref":
            _read_references(fields, tables)
        elif box.name == b"iprp":
            _read_properties(content, box, tables)
    return tables


class _Fields:
    """Reads numbers one after the other out of one box, and never beyond it."""

    def __init__(self, content: bytes, start: int, end: int) -> None:
        self.content, self.at, self.end = content, start, end

    def number(self, width: int) -> int:
        start, self.at = self.at, self.at + width
        if self.at > self.end:
            raise NotUnderstood("damaged: a table of its pictures ends too early")
        return int.from_bytes(self.content[start : self.at], "big")

    def version(self) -> int:
        """The version of a full box; its flags are left in `flags`."""
        word = self.number(4)
        self.flags = word & 0xFFFFFF
        return word >> 24

    def text(self) -> bytes:
        """Up to the next zero byte, or the end."""
        start, stop = self.at, self.content.find(b"\x00", self.at, self.end)
        self.at = stop + 1 if stop >= 0 else self.end
        return self.content[start : stop if stop >= 0 else self.end]

    def boxes(self) -> Iterator[Box]:
        return _boxes(self.content, self.at, self.end)


def _boxes(content: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        length, start = int.from_bytes(content[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(content[start : start + 8], "big"), at + 16
        stop = at + length if length else end
        if stop < start or stop > end:
            raise NotUnderstood("damaged: a box is longer than the one around it")
        yield Box(content[at + 4 : at + 8], start, stop)
        at = stop


def _read_items(fields: _Fields, tables: Tables) -> None:
    fields.number(4 if fields.version() else 2)  # how many: the boxes themselves say it
    for box in fields.boxes():
        entry = _Fields(fields.content, box.start, box.end)
        version = entry.version()
        if box.name != b"infe" or version < 2:  # older entries have no kind: they are no pictures
            continue
        number = entry.number(4 if version > 2 else 2)
        entry.number(2)
        kind = entry.number(4).to_bytes(4, "big")
        entry.text()  # its name
        tables.items.setdefault(number, Item(number, kind, entry.text() if kind == b"mime" else b""))


def _read_extents(fields: _Fields, tables: Tables, stored: int | None) -> None:
    """`stored` is where the `idat` box has its bytes, if there is one."""
    version, widths = fields.version(), fields.number(2)
    offset_width, length_width, base_width = widths >> 12, widths >> 8 & 15, widths >> 4 & 15
    index_width = widths & 15 if version else 0
    if version > 2 or not {offset_width, length_width, base_width, index_width} <= _WIDTHS:
        raise NotUnderstood("damaged: the table of its extents has no known form")
    tables.base_offset_width, left = base_width, _MOST_EXTENTS
    for _ in range(fields.number(4 if version == 2 else 2)):
        number = fields.number(4 if version == 2 else 2)
        method = fields.number(2) & 15 if version else 0
        other_file = fields.number(2)
        base, count = fields.number(base_width), fields.number(2)
        if (left := left - count) < 0:
            raise NotUnderstood("damaged: it has more extents than a picture can have")
        if other_file or method > 1 or (method == 1 and stored is None):
            tables.elsewhere.add(number)
        base += (stored or 0) if method == 1 else 0
        extents = []
        for _ in range(count):
            fields.number(index_width)
            offset = fields.number(offset_width)
            extents.append(Extent(base + offset, fields.number(length_width)))
        tables.extents.setdefault(number, extents)


def _read_references(fields: _Fields, tables: Tables) -> None:
    width = 4 if fields.version() else 2
    for box in fields.boxes():
        entry = _Fields(fields.content, box.start, box.end)
        source = entry.number(width)
        tables.references.append((box.name, source, [entry.number(width) for _ in range(entry.number(2))]))


def _read_properties(content: bytes, box: Box, tables: Tables) -> None:
    for inner in _boxes(content, box.start, box.end):
        if inner.name == b"ipco":
            found = _boxes(content, inner.start, inner.end)
            tables.properties.extend((each.name, content[each.start : each.end]) for each in found)
        elif inner.name == b"ipma":
            _read_associations(_Fields(content, inner.start, inner.end), tables)


def _read_associations(fields: _Fields, tables: Tables) -> None:
    width = 4 if fields.version() else 2
    wide = fields.flags & 1
    for _ in range(fields.number(4)):
        places = tables.described_by.setdefault(fields.number(width), [])
        for _ in range(fields.number(1)):  # the top bit says whether a reader must know the property
            places.append((fields.number(2) & 0x7FFF if wide else fields.number(1) & 0x7F) - 1)
