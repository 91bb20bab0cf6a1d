"""Which bytes of a HEIC or AVIF decide its pixels: the extents of its pictures and tiles, and how they are coded.

The decision here: all items but metadata and thumbnails are summed in the order of the file's list, wherever their
bytes lie; of their properties only those that a decoder needs. The turn and the mirror stay out: the orientation is an
input of the makers, not of the identity. Refused: summing the `mdat` box, into which cameras put metadata too.
"""

from __future__ import annotations

from collections import defaultdict
from io import FileIO
from typing import Any

from xxhash import xxh3_128_hexdigest

from phototag.errors import Unreadable
from phototag.read.boxes import Tables, missing, outer_boxes, tables_of
from phototag.read.identity_bytes import NotUnderstood, no_picture, sum_extents

_METADATA = frozenset((b"Exif", b"mime", b"uri "))
# Made of other items: these may be without bytes of their own.
_DERIVED = frozenset((b"grid", b"iovl", b"iden", b"tmap"))
_CODING = frozenset(
    b"hvcC lhvC av1C avcC vvcC evcC jpgC j2kH uncC cmpd cmpC icef cpat a1op lsel oinf ispe pixi clap iscl auxC".split()
)
_TELLS_NOTHING = frozenset((b"cdsc", b"thmb"))  # references from metadata and thumbnails

# A film beside the pictures (an animation), or the short form of the tables: no reader of ours yet.
_OTHER_FORMS = frozenset((b"moov", b"mini"))


def sum_heif(file: FileIO, size: int, digest: Any) -> str:
    """The pictures' bytes, and their tables as far as they decide the pixels."""
    boxes = list(outer_boxes(file, size))
    if not boxes or boxes[0].name != b"ftyp":
        raise Unreadable("it does not begin as a HEIC or AVIF does")
    lacking = missing(boxes, size)
    if any(box.name in _OTHER_FORMS for box in boxes):
        raise NotUnderstood(lacking)
    meta = next((box for box in boxes if box.name == b"meta"), None)
    if lacking and (meta is None or meta.end > size):
        raise no_picture()
    tables = tables_of(file, meta, size)
    thumbnails = {source for kind, source, _ in tables.references if kind == b"thmb"}
    pictures = [
        number for number, each in tables.items.items() if each.kind not in _METADATA and number not in thumbnails
    ]
    if not pictures:
        raise Unreadable("there is no picture in it")
    digest.update(_described(tables, pictures).encode())
    extents = [extent for number in pictures for extent in tables.extents.get(number, ())]
    cut = sum_extents(file, size, extents, digest)
    return lacking or cut


def _described(tables: Tables, pictures: list[int]) -> str:
    """One line for each picture: its kind and length, its coding, and the pictures that it is made of.

    Pictures are numbered by their places in the list, so that a program may number its items anew.
    """
    places = {number: place for place, number in enumerate(pictures)}
    coding = [_coded(name, content) for name, content in tables.properties]
    made_of = defaultdict(list)
    for kind, source, targets in sorted(tables.references):
        parts = [str(places[to]) for to in targets if to in places]
        if parts and kind not in _TELLS_NOTHING:
            made_of[source].append(f"{kind.hex()}:{','.join(parts)}")
    lines = [f"first {places.get(tables.primary, -1)}"]
    for number in pictures:
        kind, length = tables.items[number].kind, sum(extent.length for extent in tables.extents.get(number, ()))
        if number in tables.elsewhere or (not length and kind not in _DERIVED):
            raise NotUnderstood()
        described = [coding[place] for place in tables.described_by.get(number, ()) if 0 <= place < len(coding)]
        lines.append(" ".join([kind.hex(), str(length), *filter(None, described), *made_of[number]]))
    return "\n".join(lines)


def _coded(name: bytes, content: bytes) -> str:
    """A property as far as it decides the pixels: of the colour only how to make RGB of it, never an ICC profile."""
    if name in _CODING or (name == b"colr" and content[:4] == b"nclx"):
        return f"{name.hex()}={xxh3_128_hexdigest(content)}"
    return ""
