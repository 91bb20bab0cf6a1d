"""Makes a changed copy of a file with ExifTool, and says whether that went well.

The decision here: the user's file is only ever read; ExifTool writes a new file beside it, and a copy about which it
complained is no copy. Refused: letting ExifTool replace files, and its switches that call an error minor.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

from phototag.change.editor_args import OPTIONS, arguments, is_plain, output
from phototag.change.fields import TAGS, iptc_texts, stale
from phototag.change.twins import TWINS, reconciled, rewritten, seeded
from phototag.errors import Unreadable
from phototag.read.exiftool import ExifTool
from phototag.read.exiftool_pool import Pool
from phototag.read.stay_open import Answer, Failed
from phototag.read.values import text_of
from phototag.records import Change, Values

_CONFIG = Path(__file__).with_name("exiftool.config")
_STATUS = re.compile(rb"\{status (\d+)\}")
_MADE = re.compile(rb"^\s*1 image files (created|updated|copied)$", re.MULTILINE)
_COMPLAINT = re.compile(r"(?P<grade>Error|Warning): (?P<minor>\[[Mm]inor\] )?(?P<what>.*?)(?P<file> - /.*)?$")
# A warning after which the copy does not say what it should, or not all that the original says.
_WRONG = re.compile(
    r"not defined|truncated|doesn't exist|not writable|isn't writable|not a structure|sorry|can't|not converted|invalid"
    r"|error|illegal|malformed",
    re.IGNORECASE,
)
_MAKER = re.compile(r"maker ?notes?|offset|preview", re.IGNORECASE)
_NO_WRITER = re.compile(r"not support writing|can't (currently )?write", re.IGNORECASE)  # BigTIFF, for one
_HARMLESS = re.compile(r"\(padded\)")  # IPTC has country codes of three letters and takes two
_PARTS = "XMP-xmpNote:HasExtendedXMP"  # the XMP of a JPEG that did not fit into one segment
_SEED = (*TWINS, "XMP", _PARTS)
_SHIFTED = "\x1b"  # text that switches between character sets, which ExifTool cannot read


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a copy: it is there, or why it is not. `minor`: without loss only a sidecar can be written."""

    ok: bool
    said: str = ""
    minor: bool = False


class Editor:
    """Reads managed tags and makes changed copies, from any number of threads at once. Use it as a context manager."""

    def __init__(self, processes: int = 2, timeout_s: float = 60.0, executable: str | None = None) -> None:
        self._pool = Pool(processes, timeout_s, executable, str(_CONFIG))
        self._reader = ExifTool(pool=self._pool)
        self._starts: dict[str, dict[str, Any]] = {}  # of sidecars that are to be made soon: what their files say

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End ExifTool; what is under way in another thread ends as `Interrupted` and leaves no copy."""
        self._pool.close()

    def read(self, paths: Sequence[str], tags: Sequence[str] = TAGS) -> list[dict[str, Any] | Unreadable]:
        """ExifTool's answer for each file, for `fields.held` and its neighbours."""
        answers = self._reader.read_undecoded(paths, tags)
        doubtful = [place for place, held in enumerate(answers) if isinstance(held, dict) and stale(held)]
        blocks = self._reader.read_undecoded([paths[place] for place in doubtful], ("IPTC",), "-b")
        for place, block in zip(doubtful, blocks, strict=True):
            if isinstance(held := answers[place], dict) and isinstance(block, dict):
                held["File:CurrentIPTCDigest"] = _digest_unpadded(held, _block(block.get("IPTC:IPTC")))
        return answers

    def look_ahead(self, seeds: Sequence[str]) -> None:
        """Read together what new sidecars will start with; one that cannot be read is asked again in its turn."""
        answers = self._reader.read_undecoded(seeds, _SEED, "-b")
        self._starts = {seed: tags for seed, tags in zip(seeds, answers, strict=True) if isinstance(tags, dict)}

    def write_copy(self, source: str | None, temp: str, change: Change, *, seed: str = "") -> Written:
        """Make `temp`: `source` with the change, or a new sidecar that starts with what `seed` says.

        If that fails, whatever way, there is no `temp` afterwards; a file that was there before stays.
        """
        if os.path.lexists(temp):
            return Written(False, "another file is in the way of the copy")
        done = None
        try:
            done = self._copy(source, temp, change) if source else self._new_sidecar(seed, temp, change)
        except (Failed, Unreadable) as trouble:
            done = Written(False, str(trouble))
        except OSError as trouble:
            done = Written(False, f"the copy cannot be written ({trouble.strerror or trouble})")
        finally:
            if not (done and done.ok):
                with suppress(OSError):  # where the folder may not be written any more, recovery drops it later
                    Path(temp).unlink(missing_ok=True)
        return done

    def _copy(self, source: str, temp: str, change: Change) -> Written:
        also: dict[str, Values] = {}
        if change.iptc or change.stale:
            tags = self._tags(source, TAGS)
            if change.iptc and (_SHIFTED in "".join(iptc_texts(tags)) or "%" in _charset(tags)):
                return Written(False, "its IPTC text is in a character set that cannot be converted")
            also = (reconciled(tags) if change.stale else {}) | (rewritten(tags) if change.iptc else {})
        return self._made(temp, arguments(change, also), _absolute(source))

    def _new_sidecar(self, seed: str, temp: str, change: Change) -> Written:
        tags = self._starts.pop(seed, {}) or self._tags(seed, _SEED, "-b") if seed else {}
        wanted = arguments(change, seeded(tags))
        packet = _block(tags.get("XMP:XMP"))
        if _PARTS in tags and is_plain(_absolute(seed)):
            return self._made(temp, [b"-tagsfromfile", _absolute(seed), b"-all:all<xmp:all", *wanted])
        if not packet:
            return self._made(temp, wanted)
        # The packet is taken over as it is, for it may say more than ExifTool can write.
        with tempfile.TemporaryDirectory(prefix="phototag-") as scratch:
            start = Path(scratch, "seed.xmp")
            start.write_bytes(packet)
            return self._made(temp, wanted, os.fsencode(start))

    def _tags(self, path: str, tags: Sequence[str], *options: str) -> dict[str, Any]:
        (answer,) = self._reader.read_undecoded([path], tags, *options)
        if isinstance(answer, Unreadable):
            raise answer
        return answer

    def _made(self, temp: str, wanted: Sequence[bytes], *source: bytes) -> Written:
        if all(map(is_plain, (_absolute(temp), *source))):
            return self._asked(output(_absolute(temp)), temp, wanted, *source)
        with tempfile.TemporaryDirectory(prefix="phototag-") as scratch:
            copy = Path(scratch, "copy" if source else "copy.xmp")
            done = self._asked(os.fsencode(copy), str(copy), wanted, *source)
            if done.ok:
                shutil.copyfile(copy, temp)
            return done

    def _asked(self, out: bytes, copy: str, wanted: Sequence[bytes], *source: bytes) -> Written:
        status = (b"-echo4", b"{status ${status}}")
        command = [*(option.encode() for option in OPTIONS), *wanted, b"-o", out, *source, *status]
        try:
            return _judged(self._pool.ask(command), copy)
        except Failed as failure:
            if failure.hung:
                raise
            Path(copy).unlink(missing_ok=True)  # it may have been ended from outside: once more
            return _judged(self._pool.ask(command), copy)


def _judged(answer: Answer, temp: str) -> Written:
    """Believed only if ExifTool says that it made one file, and says nothing that makes us doubt it."""
    lines = answer.complained.decode("utf-8", "replace").splitlines()
    complaints = [found for line in lines if (found := _COMPLAINT.match(line))]
    if found := next(filter(_is_serious, complaints), None):
        for_the_maker = found["minor"] and (found["grade"] == "Error" or _MAKER.search(found["what"]))
        beside = bool(for_the_maker or _NO_WRITER.search(found["what"]))
        return Written(False, f"ExifTool: {found['what']}", minor=beside)
    status = _STATUS.search(answer.complained)
    if not (status and status[1] == b"0" and _MADE.search(answer.printed) and Path(temp).exists()):
        said = answer.printed.decode("utf-8", "replace").strip() or "nothing"
        return Written(False, f"ExifTool made no copy; it said: {said}")
    return Written(True, complaints[0]["what"] if complaints else "")


def _is_serious(complaint: re.Match[str]) -> bool:
    if complaint["grade"] == "Error":
        return True
    of_the_wish = not complaint["file"]  # what is said of no file is said of our values
    of_the_maker = complaint["minor"] and _MAKER.search(complaint["what"])
    wrong = of_the_wish or of_the_maker or _WRONG.search(complaint["what"])
    return bool(wrong) and not _HARMLESS.search(complaint["what"])


def _block(value: Any) -> bytes:
    """A block of metadata as it stands in the file."""
    text = value if isinstance(value, str) else ""
    return base64.b64decode(text.removeprefix("base64:")) if text.startswith("base64:") else text.encode()


def _digest_unpadded(tags: Mapping[str, Any], block: bytes) -> str:
    """The digest of the IPTC; where a TIFF fills it up with zeros, the one that was taken before that, if any."""
    noted = text_of(tags.get("Photoshop:IPTCDigest"))
    padding = len(block) - len(block.rstrip(b"\0"))
    digests = (
        md5(block[: len(block) - fill], usedforsecurity=False).hexdigest() for fill in range(min(padding, 3) + 1)
    )
    return noted if noted in digests else text_of(tags.get("File:CurrentIPTCDigest"))


def _absolute(path: str) -> bytes:
    return os.path.abspath(os.fsencode(path))  # noqa: PTH100 - bytes


def _charset(tags: Mapping[str, Any]) -> str:
    return text_of(tags.get("IPTC:CodedCharacterSet"))
