"""Rows as CSV, JSON or Parquet, into a stream or into a file of the user's that is there as a whole or not at all.

The decision here: rows pass through, some at a time. JSON and Parquet say exactly what the rows say; CSV is what
spreadsheets read: parts become columns (`address.city`), lists are joined with "; ", and a text that a spreadsheet
would run as a formula gets an apostrophe in front. A CSV file begins with the mark by which Excel knows UTF-8, a CSV
stream does not, for the next program in a pipe would take it for a part of the first name. Refused: a library for
tables that wants them whole.
"""

from __future__ import annotations

import codecs
import csv
import errno
import io
import json
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from phototag.errors import NoSpace, UsageError
from phototag.report import shown
from phototag.store.log import synced

Row = Mapping[str, Any]
Shape = Mapping[str, "str | Mapping[str, str]"]  # column -> text, whole, figure, texts, scores or words, or its parts

_AT_ONCE = 1_000
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # spreadsheets take the wide ones too
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.EMLINK)


def write(stream: BinaryIO, form: str, rows: Iterable[Row], shape: Shape) -> int:
    """Write all rows as csv, json or parquet; returns their number."""
    return _FORMS[form](stream, rows, shape)


def write_file(path: Path, form: str, rows: Iterable[Row], shape: Shape, *, force: bool = False) -> int:
    """The same into a file: durably, and over one that is there only with `force`."""
    temp = path.with_name(f".phototag-{uuid.uuid4().hex}.tmp")
    try:
        with temp.open("xb") as file:
            if form == "csv":
                file.write(codecs.BOM_UTF8)
            count = write(file, form, rows, shape)
            file.flush()
            os.fsync(file.fileno())
        _publish(temp, path, force)
        synced(path.parent)
    except OSError as trouble:
        raise _cannot_write(path, trouble) from trouble
    finally:
        temp.unlink(missing_ok=True)
    return count


def _publish(temp: Path, path: Path, force: bool) -> None:
    """Give the finished file its name; one that came into being meanwhile stays."""
    if force:
        if path.exists():  # who could not read the old file may not read the new one either
            temp.chmod(stat.S_IMODE(path.stat().st_mode))
        temp.replace(path)
        return
    try:
        path.hardlink_to(temp)
    except FileExistsError as trouble:
        raise _taken(path) from trouble
    except OSError as trouble:
        if trouble.errno not in _NO_LINKS:
            raise
        if path.exists():  # no links here (FAT): a moment is left in which it could appear
            raise _taken(path) from trouble
        temp.replace(path)


def _taken(path: Path) -> UsageError:
    return UsageError(f"{path} is there already.", "Write over it with --force, or name another file.")


def _cannot_write(path: Path, trouble: OSError) -> NoSpace:
    if trouble.errno in (errno.ENOSPC, errno.EDQUOT) or "No space" in str(trouble):
        return NoSpace(f"No space left on the disk for {path}.", "Free some, or name a file elsewhere: --output FILE")
    return NoSpace(f"{path} cannot be written ({trouble.strerror or trouble}).", "Name another file: --output FILE")


def arrow(rows: Iterable[Row], shape: Shape) -> Any:
    """All rows as an Arrow table, for notebooks; a text that is no UTF-8 shows its escapes."""
    import pyarrow as pa

    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in shape.items()])
    return pa.Table.from_pylist([{n: _utf8(v) for n, v in _arrow_row(row, shape).items()} for row in rows], schema)


def _utf8(value: Any) -> Any:
    return shown(value) if isinstance(value, str) else value


# ---- the forms


def _csv(stream: BinaryIO, rows: Iterable[Row], shape: Shape) -> int:
    columns = list(_columns(shape))
    stream.write(_csv_text([[".".join(column) for column in columns]]))
    count = 0
    for some in _some(rows):
        stream.write(_csv_text([_cell(_at(row, column)) for column in columns] for row in some))
        count += len(some)
    return count


def _columns(shape: Shape) -> Iterator[tuple[str, ...]]:
    """The columns of a flat table, each as the way to its value."""
    for name, kind in shape.items():
        if isinstance(kind, str):
            yield (name,)
        else:
            yield from ((name, part) for part in kind)


def _at(row: Row, column: Sequence[str]) -> Any:
    value: Any = row
    for name in column:
        value = value.get(name) if value is not None else None
    return value


def _cell(value: Any) -> Any:
    """One cell: nothing for what is not known, a number as it is, a text that no spreadsheet runs."""
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def _csv_text(lines: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _json(stream: BinaryIO, rows: Iterable[Row], shape: Shape) -> int:
    """An array, one row on a line."""
    count = 0
    stream.write(b"[")
    for some in _some(rows):
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in some)
        start = ",\n" if count else "\n"
        # Half an emoji, which no UTF-8 can hold, is written with the escape that JSON has for it.
        stream.write(f"{start}{lines}".encode("utf-8", "backslashreplace"))
        count += len(some)
    stream.write(b"\n]\n")
    return count


def _parquet(stream: BinaryIO, rows: Iterable[Row], shape: Shape) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in shape.items()])
    count = 0
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for some in _some(rows):
            writer.write_table(pa.Table.from_pylist([_arrow_row(row, shape) for row in some], schema=schema))
            count += len(some)
    return count


def _arrow_type(kind: str | Mapping[str, str]) -> Any:
    import pyarrow as pa

    if not isinstance(kind, str):
        return pa.struct([(name, _arrow_type(part)) for name, part in kind.items()])
    text, figure = pa.string(), pa.float64()
    types = {"text": text, "whole": pa.int64(), "figure": figure, "texts": pa.list_(text)}
    return (types | {"scores": pa.map_(text, figure), "words": pa.map_(text, text)})[kind]


def _arrow_row(row: Row, shape: Shape) -> dict[str, Any]:
    """Arrow takes what has no fixed names as pairs."""
    named = {name for name, kind in shape.items() if kind in ("scores", "words")}
    return {name: list(value.items()) if name in named and value is not None else value for name, value in row.items()}


_FORMS: Mapping[str, Callable[[BinaryIO, Iterable[Row], Shape], int]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}


def _some(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield some
