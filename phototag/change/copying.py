"""What the steps do differently for the files of the copy tree: copies of originals, and what we put beside them.

The decision here: an original is opened for reading and nothing else, and a copy counts only where the original was the
same before and after it was read and the bytes on the disk are those that were read. A copy is taken back only while
the original is there as it was, and replaced only while it is the very file that we left there. Refused: a link out of
the library's root, whoever made it; trusting a copy because no call failed.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from phototag.change import clone, publish
from phototag.change.folders import nearest
from phototag.change.guards import Limits, Refusal, guard, look_at, picture_in, writable
from phototag.change.job import Job
from phototag.read.identity import whole_file_digest
from phototag.report import shown
from phototag.store.log import no_space
from phototag.store.place import FOLDER, Place

_ROOM = 1 << 20  # bytes beside the copy: the journal, folders, tags
_CHANGED = "the original has changed since it was read; run the command again"
_YOURS = "it was changed since and is yours"
_LAST = "its original {} is not there any more: this copy may be the only one"
_OTHER = "its original {} was changed since: this copy may be the only one that has what it held"


def inside(place: Place, job: Job) -> None:
    """Refusal unless the target lies in the library's root, whatever links lead there, and is no link itself."""
    root, target = Path(os.path.realpath(place.root)), job.target
    if not target.is_relative_to(root) or Path(os.path.realpath(target.parent)) != target.parent:
        raise Refusal(f"its folder {shown(str(target.parent))} lies outside of the library; a link leads there")
    if any(part.casefold() == FOLDER for part in target.relative_to(root).parts):
        raise Refusal(f"it lies in {FOLDER}, which is phototag's own folder")
    if target.is_symlink() and job.change.expect:
        raise Refusal(f"a link stands in its place; {_YOURS}")
    if target.is_symlink():
        raise Refusal("it appeared after this was planned; plan again")


# ---- copies


def examine(job: Job, limits: Limits | None = None, *, ours: bool = False) -> None:
    """Refusal unless the original is as it was seen and its copy may take its place; NoSpace on a full disk.

    The place is free, or what stands there is the copy of before, as we left it and within the `limits`. Where only its
    tags stand in the way, the refusal is `plain`.
    """
    job.found = look_at(job.target, expected=bool(job.change.expect))
    job.origin_found = found = _original(job)
    folder = nearest(job.target.parent)
    writable(folder)
    if shutil.disk_usage(folder).free < found.st_size + _ROOM:
        raise no_space(job.target)
    if job.found:
        _replaceable(job, limits or Limits(), ours)
    if not job.is_edited:
        return
    job.original = whole_file_digest(job.origin)
    if job.change.original not in ("", job.original):
        raise Refusal(_CHANGED)
    try:
        job.picture = picture_in(job.origin, job.change)
    except Refusal as refusal:
        raise Refusal(refusal.why, plain=job.found is None) from refusal  # no whole copy gives way to a damaged file


def _replaceable(job: Job, limits: Limits, ours: bool) -> None:
    """Refusal unless the copy of before is ours from end to end, and a file of its own."""
    guard(job.target, job.found, limits, ours=ours)
    if job.target.samefile(job.origin):
        raise Refusal("the copy and the original are one file now")
    if whole_file_digest(job.target) != job.change.expect:
        raise Refusal(_YOURS)


def _original(job: Job) -> os.stat_result:
    try:
        found = job.origin.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Refusal("the original is not a regular file")
        with job.origin.open("rb"):
            pass
    except FileNotFoundError as trouble:
        raise Refusal("the original has gone since it was scanned") from trouble
    except OSError as trouble:
        raise Refusal(f"the original cannot be opened ({trouble.strerror})") from trouble
    if job.change.seen not in ((0, 0), (found.st_size, found.st_mtime_ns)):
        raise Refusal(_CHANGED)
    return found


def plain_copy(job: Job) -> str:
    """The temp file with the original's bytes; returns their digest."""
    job.original = clone.copied(job.origin, job.temp)
    if job.change.original not in ("", job.original):
        raise Refusal(_CHANGED)
    unchanged(job)
    return job.original


def unchanged(job: Job) -> None:
    """Refusal unless the original is, by size, time and number, the file that was looked at first."""
    if not _is_same(job):
        raise Refusal("the original was changed while it was being copied; run the command again")


def finish(job: Job) -> None:
    """The copy has the original's mode, attributes and times, and is on the disk as it was read.

    What a person gave the copy of before (mode, owner, attributes) the new one has, too.
    """
    found = job.origin_found
    assert found
    publish.like_original(job.origin, found, job.temp)
    if job.found:
        publish.carried_over(job.target, job.found, job.temp)
        os.utime(job.temp, ns=(found.st_atime_ns, found.st_mtime_ns))
    publish.made_durable(job.temp)
    if not job.is_edited:  # an edited copy was read again already
        if whole_file_digest(job.temp) != job.original:
            raise Refusal("what was written is not what was read; nothing was copied")
        os.utime(job.temp, ns=(found.st_atime_ns, found.st_mtime_ns))  # reading may have moved its time of access


def stands_beside(place: Place, job: Job) -> None:
    """Refusal for a sidecar whose copy was refused: it would lie there alone."""
    if job.change.kind == "sidecar" and job.change.origin and not os.path.lexists(place.actual(job.change.source)):
        raise Refusal("the copy that it speaks of is not there")


# ---- taking a copy back


def original_stays(job: Job) -> None:
    """Refusal unless the original is there with what it held then, and is another file than the copy."""
    try:
        job.origin_found = job.origin.stat()
        same = whole_file_digest(job.origin) == job.original
        apart = not job.origin.samefile(job.target)
    except OSError as trouble:
        raise Refusal(_LAST.format(shown(str(job.origin)))) from trouble
    if not same:
        raise Refusal(_OTHER.format(shown(str(job.origin))))
    if not apart:
        raise Refusal("the copy and the original are one file now: this copy may be the only one")


def still_there(job: Job) -> None:
    """Refusal unless the original is what `original_stays` saw; asked just before the copy goes."""
    if not _is_same(job):
        raise Refusal(_OTHER.format(shown(str(job.origin))))


def _is_same(job: Job) -> bool:
    before = job.origin_found
    try:
        now = job.origin.stat()
    except OSError:  # it has gone, or its disk has
        return False
    parts = ("st_size", "st_mtime_ns", "st_ino", "st_dev")
    return before is not None and all(getattr(now, part) == getattr(before, part) for part in parts)


# ---- a small file of ours


def says_it_already(job: Job) -> bool:
    """Is the text that shall be in the file of ours there already?"""
    content = _content(job)
    try:
        found = job.target.stat()
        return stat.S_ISREG(found.st_mode) and found.st_size == len(content) and job.target.read_bytes() == content
    except OSError:  # absent or out of reach: the guards say so
        return False


def written_text(job: Job) -> str:
    """The temp file with the text, read back; returns its digest."""
    content = _content(job)
    with job.temp.open("xb") as file:
        file.write(content)
    if job.temp.read_bytes() != content:
        raise Refusal("what was written was not read back as planned; nothing was changed")
    return whole_file_digest(job.temp)


def _content(job: Job) -> bytes:
    """In UTF-8; half a character, of a name that is none, as JSON writes it."""
    return job.change.text.encode("utf-8", "backslashreplace")
