"""The part of `phototag.api` that gives away what is known: as records for a script, as files for other programs.

The decision here: both are the same records, read while they are asked for; no lock is taken and nothing of the
library is written. Refused: a format of our own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, makers_of, never, open, words_of
from phototag.errors import UsageError
from phototag.report import shown
from phototag.settings_schema import CODE, CODE_LOOKS
from phototag.store.library import Library

FORMS = ("csv", "json", "parquet")


def export_records(
    folder: Path | str | None = None,
    *,
    languages: Sequence[str] = ("en", "de"),
    library: Path | None = None,
    flags: Flags | None = None,
    stop: Stop = never,
) -> Iterator[dict[str, Any]]:
    """The record of every photo in a folder and below, by path; without a folder, of the library's (else of the
    current folder). What is in a record: `phototag.decide.record`.
    """
    opened = _opened(folder, library)
    return _records(opened, folder, languages, library, flags, stop)


def export(
    target: Path | str | BinaryIO,
    form: str,
    folder: Path | str | None = None,
    *,
    force: bool = False,
    languages: Sequence[str] = ("en", "de"),
    library: Path | None = None,
    flags: Flags | None = None,
    stop: Stop = never,
) -> int:
    """Write these records to a file, whole or not at all, or to a binary stream; returns the number of photos.

    `form` is csv, json or parquet. A file that is there already is written over only with `force`.
    """
    from phototag.decide.record import shape
    from phototag.exporting import output_file
    from phototag.store import sheets

    if form not in FORMS:
        raise UsageError(f"There is no export as {form!r}.", f"Choose one of: {', '.join(FORMS)}")
    opened = _opened(folder, library)
    columns = shape(_checked(languages))
    if isinstance(target, str | Path):
        target = output_file(opened, Path(target), force=force)
        rows = _records(opened, folder, languages, library, flags, stop)
        return sheets.write_file(target, form, rows, columns, force=force)
    return sheets.write(target, form, _records(opened, folder, languages, library, flags, stop), columns)


def _opened(folder: Path | str | None, library: Path | None) -> Library:
    if folder is not None and not os.path.lexists(folder):
        raise UsageError(f"There is no {shown(str(folder))}.", "Name a folder of photos, or a photo.")
    return open(folder or ".", library)


def _records(
    opened: Library,
    folder: Path | str | None,
    languages: Sequence[str],
    library: Path | None,
    flags: Flags | None,
    stop: Stop,
) -> Iterator[dict[str, Any]]:
    from phototag.exporting import records
    from phototag.review import ids_below

    using = settings_.load(opened.place.settings_file, flags)
    whole = folder is None and library is not None
    ids = ids_below(opened, *(() if whole else [opened.place.stored(os.path.realpath(folder or "."))]))
    return records(
        opened, ids, words_of(using, opened.place.vocabulary_file), _checked(languages), makers_of(using), stop
    )


def _checked(languages: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(language.strip() for language in languages))
    wrong = next((language for language in found if not re.fullmatch(CODE, language)), None)
    if wrong is not None or not found:
        raise UsageError(f"{wrong or ''!r} is no language.", f"Name {CODE_LOOKS}, several with commas: en,de")
    return found
