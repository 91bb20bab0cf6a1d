"""Asks ExifTool for tags: every file gets its own answer, and text is text, whoever wrote it in which encoding.

The decision here: many files share one command, and when that goes wrong each is asked for alone, so that only
the guilty one is blamed; undeclared text is looked at byte by byte. Refused: believing ExifTool's idea of types
and of encodings.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from phototag.errors import Unreadable
from phototag.read.exiftool_pool import Pool, is_a_line
from phototag.read.metadata import TAGS
from phototag.read.stay_open import Failed

_QUOTES_ALL = (12, 64)  # from here on ExifTool can be told not to turn the keyword True into a JSON boolean
_BATCH = 100
_SHARE = 12  # files that are worth a process of their own while others wait
# Text without a declared encoding is asked for as Latin, which loses no byte: `decoded` looks again.
_OPTIONS = ("-j", "-G1", "-struct", "-fast")
_CHARSETS = ("-charset", "filename=utf8", "-charset", "iptc=latin", "-charset", "exif=latin")
_EXIF_GROUPS = ("IFD0", "ExifIFD", "SubIFD")


class ExifTool:
    """Reads tags, from any number of threads at once; processes start when they are first needed.

    Use it as a context manager. A file that ExifTool cannot finish becomes an `Unreadable` in the answer.
    """

    def __init__(
        self, processes: int = 2, timeout_s: float = 30.0, executable: str | None = None, *, pool: Pool | None = None
    ) -> None:
        self._pool = pool or Pool(processes, timeout_s, executable)

    def __enter__(self) -> ExifTool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def version(self) -> str:
        """The version of ExifTool; `MissingTool` if it is too old or no ExifTool at all."""
        return self._pool.version

    def close(self) -> None:
        """End all processes; a `read` that is still under way in another thread ends as `Interrupted`."""
        self._pool.close()

    def read(self, paths: Sequence[str | bytes], tags: Sequence[str] = TAGS) -> list[dict[str, Any] | Unreadable]:
        """The named tags of each file, in the order of the paths."""
        found = self.read_undecoded(paths, tags)
        return [answer if isinstance(answer, Unreadable) else decoded(answer) for answer in found]

    def read_undecoded(
        self, paths: Sequence[str | bytes], tags: Sequence[str], *more: str
    ) -> list[dict[str, Any] | Unreadable]:
        """The same before undeclared text is `decoded`, for who must know how it was encoded; `more` are options."""
        self._pool.check_open()
        wanted = [*_OPTIONS, *_CHARSETS, *more, *(f"-{tag}" for tag in (*tags, "IPTC:CodedCharacterSet"))]
        if self._pool.numbered >= _QUOTES_ALL:
            wanted += ["-api", "StructFormat=JSONQ"]
        options = [os.fsencode(option) for option in wanted]
        files = [os.path.abspath(os.fsencode(path)) for path in paths]  # noqa: PTH100 - bytes
        answers: dict[int, dict[str, Any] | Unreadable] = {
            place: refusal for place, file in enumerate(files) if (refusal := _refusal(file))
        }
        together = [place for place, file in enumerate(files) if place not in answers and is_a_line(file)]
        apart = [place for place, file in enumerate(files) if place not in answers and not is_a_line(file)]
        count = max(-(-len(together) // _BATCH), min(self._pool.places, len(together) // _SHARE), 1)
        parts = [together[start::count] for start in range(count) if together] + [[place] for place in apart]

        def ask(part: list[int]) -> list[dict[str, Any] | Unreadable]:
            return self._together([files[place] for place in part], options)

        with ThreadPoolExecutor(self._pool.places, "exiftool") as threads:
            for part, found in zip(parts, (threads.map if len(parts) > 1 else map)(ask, parts), strict=True):
                answers |= zip(part, found, strict=True)
        return [answers[place] for place in range(len(files))]

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
        return _parsed(self._pool.ask([*options, *files]).printed, files)


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
    return [_as_text(answer) for answer in answers]


def _as_text(value: Any) -> Any:
    """The keyword `true` is a word, too."""
    if isinstance(value, dict):
        return {name: _as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value if isinstance(value, str) else json.dumps(value)


def decoded(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Undeclared text as UTF-8 where its bytes are UTF-8, else as Latin; nobody writes such bytes by chance."""
    undeclared = tags.get("IPTC:CodedCharacterSet") != "UTF8"

    def right(key: str, value: Any) -> Any:
        group, _, tag = key.partition(":")
        if (group == "IPTC" and undeclared) or (group in _EXIF_GROUPS and not tag.startswith("XP")):  # XP* is UTF-16
            return [looked_at_again(word) for word in value] if isinstance(value, list) else looked_at_again(value)
        return value

    return {key: right(key, value) for key, value in tags.items()}


def looked_at_again(text: Any) -> Any:
    """Text that ExifTool read as Latin, as UTF-8 if that is what its bytes are."""
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
