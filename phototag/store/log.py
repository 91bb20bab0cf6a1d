"""Append-only files of JSON lines: the form of everything that must not be lost.

The decision here: one line is one fact, a batch is one write and one fsync, and a line that a crash
cut off is skipped by every reader. Refused: a database for what must survive a database.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from phototag.errors import NoSpace


class Log:
    """One append-only file. Reading never needs a lock, appending needs the library's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, lines: Iterable[dict[str, Any]]) -> int:
        """Add the lines and make them durable; returns the size of the file afterwards."""
        texts = (json.dumps(line, ensure_ascii=False) for line in lines)
        block = b"".join(text.encode("utf-8", "surrogatepass") + b"\n" for text in texts)
        if not block:
            return self.size()
        new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b", buffering=0) as file:
            start = file.seek(0, os.SEEK_END)
            if start and self._last_byte(file) != b"\n":
                block = b"\n" + block  # a crash cut the last line: keep it apart from ours
            self._write_or_take_back(file, block, start)
            os.fsync(file.fileno())
            end = file.tell()
        if new:
            synced(self.path.parent)
        return end

    def read(self, start: int = 0, only: bytes | tuple[bytes, ...] = b"") -> Iterator[tuple[dict[str, Any], int]]:
        """Every whole line from byte `start` on, each with the offset behind it; cut lines are skipped.

        With `only`, just the lines that begin so: the others are not even parsed, which costs a hundred times as much.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            offset = file.seek(start)
            for raw in file:
                offset += len(raw)
                line = _parsed(raw) if raw.startswith(only) else None
                if line is not None:
                    yield line, offset

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @staticmethod
    def _last_byte(file: Any) -> bytes:
        file.seek(-1, os.SEEK_END)
        return bytes(file.read(1))

    def _write_or_take_back(self, file: Any, block: bytes, start: int) -> None:
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError as trouble:
            os.ftruncate(file.fileno(), start)
            raise cannot_write(self.path, trouble) from trouble


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(raw.decode("utf-8", "surrogatepass"))
    except ValueError:  # a cut line, or the blank line that sets one apart
        return None
    return value if isinstance(value, dict) else None


def cannot_write(path: Path, trouble: OSError, hint: str = "") -> NoSpace:
    """The sentence for whatever kept us from writing; without a hint it is the library that cannot be written."""
    if trouble.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(path)
    hint = hint or "Make it writable, or keep the library elsewhere: --library DIR"
    return NoSpace(f"{path} cannot be written ({trouble.strerror}).", hint)


def no_space(path: Path) -> NoSpace:
    return NoSpace(
        f"No space left on the disk that holds {path}.",
        "Free some space and run the same command again: it goes on where it stopped.",
    )


def synced(path: Path) -> None:
    """What stands in a file, or the names in a folder, survive a power cut when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write `path` as a whole or not at all."""
    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temp.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temp.replace(path)
    except OSError as trouble:
        with suppress(OSError):  # where nothing can be written, nothing can be removed
            temp.unlink(missing_ok=True)
        raise cannot_write(path, trouble) from trouble
    if durable:
        synced(path.parent)
