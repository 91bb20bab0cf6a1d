"""From a path to a `File`: what it is, whether it can be read, and what it says about itself.

The decision here: a file's bytes are read for its identity, its picture is decoded small to prove
that it can be, and ExifTool reads a whole batch beside that. Every failure is a reason on the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from phototag.errors import Unreadable
from phototag.read import picture
from phototag.read.exiftool import ExifTool
from phototag.read.identity import identify
from phototag.read.metadata import facts_from
from phototag.read.sniff import HEAD, PHOTO_SUFFIXES, kind_of, sidecar_kind, what_is
from phototag.records import PICTURES, Facts, File, family
from phototag.report import Report

NOT_OPENED = "the file cannot be opened"
_PROOF_SIDE = 64  # long side of the decode that proves a picture: the smallest scale libjpeg has


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file to read: where it is, how it is stored, and what the folder says of it."""

    actual: str
    stored: str
    name: str
    size: int
    mtime_ns: int
    inode: int

    @property
    def claims_to_be_a_photo(self) -> bool:
        return "." + self.name.rpartition(".")[2].lower() in PHOTO_SUFFIXES


@dataclass(frozen=True, slots=True)
class _Seen:
    kind: str
    image_id: str = ""
    error: str = ""


class Intake:
    """Reads batches of files. Two batches may be under way at once, so that ExifTool and hashing overlap."""

    def __init__(self, exiftool: ExifTool, report: Report, *, threads: int, decode: bool, max_megapixels: int) -> None:
        self._exiftool, self._report = exiftool, report
        self._decode, self._max_pixels = decode, max_megapixels * 1_000_000
        self._threads = ThreadPoolExecutor(threads, "intake")
        self._batches = ThreadPoolExecutor(2, "batch")

    def start(self, arrivals: Sequence[Arrival]) -> Future[list[File | None]]:
        """Begin to read a batch. The answer has None for what is no photo and claims to be none."""
        return self._batches.submit(self._read, arrivals)

    def close(self) -> None:
        self._batches.shutdown(cancel_futures=True)
        self._threads.shutdown(cancel_futures=True)

    def _read(self, arrivals: Sequence[Arrival]) -> list[File | None]:
        looks = list(self._threads.map(self._look, arrivals))
        asked = [(a, seen) for a, seen in zip(arrivals, looks, strict=True) if seen and seen.kind]
        with self._report.clock("metadata"):
            answers = iter(self._exiftool.read([arrival.actual for arrival, _ in asked]) if asked else [])
        return [
            _file(a, seen, next(answers) if seen and seen.kind else {}) for a, seen in zip(arrivals, looks, strict=True)
        ]

    def _look(self, arrival: Arrival) -> _Seen | None:
        kind = sidecar_kind(arrival.name)
        try:
            if kind is None:
                with self._report.clock("identity"):
                    kind = _kind(arrival)
                    if kind is None:
                        return None
                    found = identify(arrival.actual, kind)
                return _Seen(kind, found.image_id, self._proof(arrival, kind) if kind in PICTURES else found.trouble)
            return _Seen(kind)
        except Unreadable as trouble:
            return _Seen(kind or "", error=trouble.sentence)
        except OSError as trouble:
            return _Seen("", error=f"{NOT_OPENED} ({trouble.strerror or trouble})")

    def _proof(self, arrival: Arrival, kind: str) -> str:
        """Why the picture cannot be decoded, or nothing (also where the decode is left to the looks)."""
        if not self._decode:
            return ""
        with self._report.clock("decode"):
            try:
                picture.decode(arrival.actual, kind, _PROOF_SIDE, self._max_pixels)
            except Unreadable as trouble:
                return trouble.sentence
        return ""


def _kind(arrival: Arrival) -> str | None:
    """The kind by content; None for a file that neither is nor claims to be a photo."""
    with open(arrival.actual, "rb", buffering=0) as file:  # noqa: PTH123 - a str path may hold undecodable bytes
        head = file.read(HEAD)
    kind = kind_of(head, arrival.name)
    if kind is None and arrival.claims_to_be_a_photo:
        raise Unreadable(f"this is {what_is(head)}, not a photo" if head else "the file is empty")
    return kind


def _file(arrival: Arrival, seen: _Seen | None, tags: dict[str, Any] | Unreadable) -> File | None:
    if seen is None:
        return None
    if isinstance(tags, Unreadable):
        facts = Facts(warnings=(tags.sentence,))
    else:
        facts = facts_from(tags, name=arrival.name, mtime_ns=arrival.mtime_ns, kind=seen.kind) if seen.kind else Facts()
    lost = bool(seen.error)
    return File(
        arrival.stored,
        arrival.size,
        arrival.mtime_ns,
        arrival.inode,
        seen.kind or "unknown",
        "" if lost or family(seen.kind) == "sidecar" else seen.image_id,
        "",
        "unreadable" if lost else "present",
        seen.error,
        facts,
    )
