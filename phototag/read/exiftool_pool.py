"""A pool of ExifTool processes that stay open: whatever a file does to one of them, the run goes on.

The decision here: we speak to ExifTool over pipes ourselves, with a time-out on every answer. Refused:
a process per file (its start costs as much as twenty reads), and the usual wrappers of `-stay_open`,
which wait for ever on one bad file and leave the error stream to fill up.
"""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import threading
from collections.abc import Iterator, Sequence

from phototag.errors import Interrupted, MissingTool
from phototag.read.stay_open import INSTALL, Answer, Failed, StayOpen, run_once

# Before 12.38 a file name that ends in "|" was run as a shell command.
_OLDEST = (12, 38)


class Pool:
    """Lends processes to commands, from any number of threads at once; each starts when it is first needed."""

    def __init__(
        self, processes: int = 2, timeout_s: float = 30.0, executable: str | None = None, config: str = ""
    ) -> None:
        found = shutil.which(executable or "exiftool")
        if found is None:
            raise MissingTool(f"{executable or 'ExifTool'} is not installed, or not on the PATH.", INSTALL)
        self.places = processes
        self._executable, self._timeout_s, self._config = found, timeout_s, config
        self._free: queue.LifoQueue[StayOpen | None] = queue.LifoQueue()  # None: a place whose process has to start
        for _ in range(processes):
            self._free.put(None)
        self._running: set[StayOpen] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._version = ""

    @property
    def version(self) -> str:
        """The version of ExifTool, asked for once; `MissingTool` if it is too old or no ExifTool at all."""
        with self._lock:
            if not self._version:
                self._version = _proven_version(self._executable, self._timeout_s)
            return self._version

    @property
    def numbered(self) -> tuple[int, ...]:
        """The version, to compare with others."""
        return _number(self.version)

    def ask(self, arguments: Sequence[bytes]) -> Answer:
        """What ExifTool says to one command; `Failed` if it hangs or ends, `Interrupted` if the pool is closed."""
        self.check_open()
        if not all(map(is_a_line, arguments)):
            return run_once(self._executable, arguments, self._timeout_s, self._config)
        with self._leased() as process:
            return process.ask(arguments, self._timeout_s)

    def check_open(self) -> None:
        """`Interrupted` if the pool was closed."""
        if self._closed:
            raise Interrupted("ExifTool was stopped before it was done with every file.", "Run the command again.")

    def close(self) -> None:
        """End all processes; what is still under way in another thread ends as `Interrupted`."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            process.kill()
        with contextlib.suppress(queue.Empty):
            while True:
                if process_at_rest := self._free.get_nowait():
                    process_at_rest.discard()
        for _ in range(self.places):  # those who wait for a process must learn that there is none
            self._free.put(None)

    @contextlib.contextmanager
    def _leased(self) -> Iterator[StayOpen]:
        """A process for one command; it goes back only after a whole answer, else a fresh one takes its place."""
        process = self._free.get()
        whole = False
        try:
            self.check_open()
            if process is None:
                process = StayOpen(self._executable, self._config)
            with self._lock:
                self._running.add(process)
            self.check_open()  # `close` does not see a process that starts at the same time
            yield process
            whole = True
        finally:
            if process is not None and not whole:
                process.discard()
                with self._lock:
                    self._running.discard(process)
            self._free.put(process if whole else None)


def is_a_line(argument: bytes) -> bool:
    """Can the argument stand on one line of an argument file?"""
    return b"\n" not in argument and b"\r" not in argument


def _proven_version(executable: str, timeout_s: float) -> str:
    try:
        said = run_once(executable, ["-ver"], timeout_s).printed.decode("utf-8", "replace")
    except Failed as failure:
        raise MissingTool(f"{executable} does not answer: {failure}.", INSTALL) from failure
    found = re.match(r"\d+\.\d+", said)
    if found is None:
        raise MissingTool(f"{executable} is no working ExifTool: asked for its version it said {said[:80]!r}.", INSTALL)
    if _number(found[0]) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise MissingTool(f"ExifTool {found[0]} is too old: {oldest} or newer is needed.", INSTALL)
    return found[0]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
