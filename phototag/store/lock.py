"""One writer per library, held by the kernel, so that a crash always lets go.

The decision here: `flock` on `.phototag/lock`. Refused: a lock file that means "locked" by being
there, because a kill -9 would lock the library for ever. Readers never ask.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phototag.errors import Busy
from phototag.store.log import cannot_write


@contextmanager
def writing(state: Path, root: Path) -> Iterator[None]:
    """Hold the library for writing, or say who holds it."""
    path = state / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as trouble:
        raise cannot_write(path, trouble) from trouble
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            holder = _holder(handle)
            raise Busy(
                f"Another phototag is writing to the library of {root}{_named(holder)}.",
                "Wait until it is done, or stop it. Reading commands (status, search, config) work meanwhile.",
            ) from held
        _sign(handle, path)
        yield
    finally:
        os.close(handle)  # lets the lock go


def _sign(handle: int, path: Path) -> None:
    text = json.dumps({"pid": os.getpid(), "command": " ".join(sys.argv[1:3])}).encode()
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, text, 0)
    except OSError as trouble:
        raise cannot_write(path, trouble) from trouble


def _holder(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 4096, 0))
    except ValueError:  # the holder has not signed yet
        return {}
    return found if isinstance(found, dict) else {}


def _named(holder: dict[str, Any]) -> str:
    return f" (process {holder['pid']}: phototag {holder['command']})" if {"pid", "command"} <= holder.keys() else ""
