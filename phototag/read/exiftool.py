"""A pool of ExifTool processes that stay open: whatever a file does to one of them, the run goes on.

The decision here: we speak to ExifTool over pipes ourselves, with a time-out on every answer. Refused:
a process per file (its start costs as much as twenty reads), and the usual wrappers of `-stay_open`,
which wait for ever on one bad file and leave the error stream to fill up.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from phototag.errors import Interrupted, MissingTool, Unreadable
from phototag.read.metadata import TAGS
from phototag.read.stay_open import INSTALL, Failed, StayOpen, run_once

# Before 12.38 a file name that ends in "|" was run as a shell command.
_OLDEST = (12, 38)
_QUOTES_ALL = (12, 64)  # from here on ExifTool can be told not to turn the keyword True into a JSON boolean
_BATCH = 100
# Text without a declared encoding is asked for as Latin, which loses no byte: `_rightly_decoded` looks again.
_OPTIONS = ("-j", "-G1", "-struct", "-fast")
_CHARSETS = ("-charset", "filename=utf8", "-charset", "iptc=latin", "-charset", "exif=latin")
_EXIF_GROUPS = ("IFD0", "ExifIFD", "SubIFD")


class ExifTool:
    """Reads tags, from any number of threads at once; processes start when they are first needed.

    Use it as a context manager. A file that ExifTool cannot finish becomes an `Unreadable` in the answer.
    """

    def __init__(self, processes: int = 2, timeout_s: float = 30.0, executable: str | None = None) -> None:
        found = shutil.which(executable or "exiftool")
        if found is None:
            raise MissingTool(f"{executable or 'ExifTool'} is not installed, or not on the PATH.", INSTALL)
        self._executable, self._timeout_s, self._places = found, timeout_s, processes
        self._free: queue.LifoQueue[StayOpen | None] = queue.LifoQueue()  # None: a place whose process has to start
        for _ in range(processes):
            self._free.put(None)
        self._running: set[StayOpen] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._version = ""

    def __enter__(self) -> ExifTool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def version(self) -> str:
        """The version of ExifTool, asked for once; `MissingTool` if it is too old or no ExifTool at all."""
        with self._lock:
            if not self._version:
                self._version = _proven_version(self._executable, self._timeout_s)
            return self._version

    def read(self, paths: Sequence[str | bytes], tags: Sequence[str] = TAGS) -> list[dict[str, Any] | Unreadable]:
        """The named tags of each file, in the order of the paths."""
        self._check_open()
        wanted = [*_OPTIONS, *_CHARSETS, *(f"-{tag}" for tag in (*tags, "IPTC:CodedCharacterSet"))]
        if _number(self.version) >= _QUOTES_ALL:
            wanted += ["-api", "StructFormat=JSONQ"]
        options = [os.fsencode(option) for option in wanted]
        files = [os.path.abspath(os.fsencode(path)) for path in paths]  # noqa: PTH100 - bytes
        answers: dict[int, dict[str, Any] | Unreadable] = {
            place: refusal for place, file in enumerate(files) if (refusal := _refusal(file))
        }
        together = [place for place, file in enumerate(files) if place not in answers and _is_a_line(file)]
        apart = [place for place, file in enumerate(files) if place not in answers and not _is_a_line(file)]
        count = max(-(-len(together) // _BATCH), min(self._places, 2 * len(together) // _BATCH), 1)
        parts = [together[start::count] for start in range(count) if together] + [[place] for place in apart]

        def ask(part: list[int]) -> list[dict[str, Any] | Unreadable]:
            return self._together([files[place] for place in part], options)

        with ThreadPoolExecutor(self._places, "exiftool") as threads:
            for part, found in zip(parts, (threads.map if len(parts) > 1 else map)(ask, parts), strict=True):
                answers |= zip(part, found, strict=True)
        return [answers[place] for place in range(len(files))]

    def close(self) -> None:
        """End all processes; a `read` that is still under way in another thread ends as `Interrupted`."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            process.kill()
        with contextlib.suppress(queue.Empty):
            while True:
                if process_at_rest := self._free.get_nowait():
                    process_at_rest.discard()
        for _ in range(self._places):  # those who wait for a process must learn that there is none
            self._free.put(None)

    def _together(self, files: list[bytes], options: list[bytes]) -> list[dict[str, Any] | Unreadable]:
        """One command for all; if that goes wrong, one for each, so that only the guilty file is blamed."""
        if len(files) > 1:
            with contextlib.suppress(Failed):
                return [*self._answered(files, options)]
        return [self._alone(file, options) for file in files]

    def _alone(self, file: bytes, options: list[bytes]) -> dict[str, Any] | Unreadable:
        for attempt in (1, 2):
            try:
                return self._answered([file], options)[0]
            except Failed as failure:
                if failure.hung or attempt == 2:  # one that ended may have been ended from outside
                    hint = "The file is probably damaged; if the disk is slow, raise `timeout_s` in the settings."
                    return _refusal(file) or Unreadable(str(failure), hint)  # it may have gone meanwhile
        raise AssertionError("the second attempt answers or fails")

    def _answered(self, files: list[bytes], options: list[bytes]) -> list[dict[str, Any]]:
        if not _is_a_line(files[0]):
            return _parsed(run_once(self._executable, [*options, *files], self._timeout_s), files)
        with self._leased() as process:
            printed = process.ask([*options, *files], self._timeout_s)
        return _parsed(printed, files)

    @contextlib.contextmanager
    def _leased(self) -> Iterator[StayOpen]:
        """A process for one command; it goes back only after a whole answer, else a fresh one takes its place."""
        process = self._free.get()
        whole = False
        try:
            self._check_open()
            if process is None:
                process = StayOpen(self._executable)
            with self._lock:
                self._running.add(process)
            self._check_open()  # `close` does not see a process that starts at the same time
            yield process
            whole = True
        finally:
            if process is not None and not whole:
                process.discard()
                with self._lock:
                    self._running.discard(process)
            self._free.put(process if whole else None)

    def _check_open(self) -> None:
        if self._closed:
            raise Interrupted("ExifTool was stopped before it had read every file.", "Run the command again.")


def _proven_version(executable: str, timeout_s: float) -> str:
    try:
        said = run_once(executable, ["-ver"], timeout_s).decode("utf-8", "replace")
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


def _is_a_line(file: bytes) -> bool:
    """Can the name stand on one line of an argument file?"""
    return b"\n" not in file and b"\r" not in file


def _refusal(file: bytes) -> Unreadable | None:
    """Why ExifTool is not even asked: it would list a folder, and wait for ever on a named pipe."""
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116 - the path is bytes
            return Unreadable("this is not a file", "Name photos, not folders or devices.")
    except OSError as trouble:
        return Unreadable(f"the file cannot be opened ({trouble.strerror})", "Check the path and its permissions.")
    if not os.access(file, os.R_OK):
        return Unreadable("the file cannot be opened (Permission denied)", "Give yourself the right to read it.")
    return None


def _parsed(printed: bytes, files: Sequence[bytes]) -> list[dict[str, Any]]:
    """One dictionary per file, every value as text; `Failed` unless each file has answered, in order."""
    try:
        # Numbers stay as they were written: the keywords 007, 1e3 and 2024 are words.
        found = json.loads(printed.decode("utf-8", "replace"), parse_int=str, parse_float=str, strict=False)
    except ValueError as trouble:
        raise Failed("ExifTool gave no answer that can be read") from trouble
    answers = [answer for answer in found if isinstance(answer, dict)] if isinstance(found, list) else []
    if len(answers) != len(files):
        raise Failed("ExifTool gave no answer for this file")
    for answer, file in zip(answers, files, strict=True):
        # A name that is no UTF-8 comes back with "?" in it: there the order has to do.
        if (name := file.decode("utf-8", "replace")).encode("utf-8") == file and answer.get("SourceFile") != name:
            raise Failed("ExifTool answered for another file")
    return [_rightly_decoded(_as_text(answer)) for answer in answers]


def _as_text(value: Any) -> Any:
    """The keyword `true` is a word, too."""
    if isinstance(value, dict):
        return {name: _as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value if isinstance(value, str) else json.dumps(value)


def _rightly_decoded(tags: dict[str, Any]) -> dict[str, Any]:
    """Undeclared text as UTF-8 where its bytes are UTF-8, else as Latin; nobody writes such bytes by chance."""
    undeclared = tags.get("IPTC:CodedCharacterSet") != "UTF8"

    def right(key: str, value: Any) -> Any:
        group, _, tag = key.partition(":")
        if (group == "IPTC" and undeclared) or (group in _EXIF_GROUPS and not tag.startswith("XP")):  # XP* is UTF-16
            return [_looked_at_again(word) for word in value] if isinstance(value, list) else _looked_at_again(value)
        return value

    return {key: right(key, value) for key, value in tags.items()}


def _looked_at_again(text: Any) -> Any:
    if not isinstance(text, str) or text.isascii():
        return text
    try:
        return bytes(_LATIN[letter] for letter in text).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return text


def _latin() -> dict[str, int]:
    """Which byte a letter was, where ExifTool has read cp1252 and left alone what cp1252 does not define."""
    letters = {chr(byte): byte for byte in range(256)}
    return letters | {letter: byte for byte in range(256) if (letter := bytes([byte]).decode("cp1252", "ignore"))}


_LATIN = _latin()
