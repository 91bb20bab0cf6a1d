"""T18: rows into the library, and into how many pieces a table falls.

The decision here: our way is the one that a run takes, batches of 256 with the compaction at its end; the other is the
obvious one, a row for each call. Both write the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rounds import Side, interleaved
from table import Row, compared, limited

if TYPE_CHECKING:
    from phototag.records import Evidence, File
    from phototag.store.library import Library

_BATCH, _BATCHES = 256, 40
_ROWS = _BATCH * _BATCHES
_ONE_BY_ONE = 100
_ROUNDS = 3


def storing(temp: Path) -> Iterator[Row]:
    """T18, for the two tables that get most rows."""
    from phototag.store import tables

    files, evidence = [_file(number) for number in range(_ROWS)], [_evidence(number) for number in range(_ROWS)]
    fresh = _libraries(temp)
    kept: list[Library] = []

    def all_files() -> None:
        kept.append(library := next(fresh))
        for start in range(0, _ROWS, _BATCH):
            library.put_files(files[start : start + _BATCH])
        library.compact()

    def all_evidence() -> None:
        kept.append(library := next(fresh))
        for start in range(0, _ROWS, _BATCH):
            library.put(evidence[start : start + _BATCH])
        library.compact()

    def one_by_one(name: str, rows: Callable[[int], dict[str, object]]) -> Side:
        def work() -> None:
            table = next(fresh).lance.table(name)
            for number in range(_ONE_BY_ONE):
                table.add([rows(number)])

        return Side("a row per add", work, _ONE_BY_ONE)

    for name, work, rows in (
        ("files", all_files, lambda number: tables.file_row(files[number])),
        ("evidence", all_evidence, lambda number: tables.evidence_row(evidence[number])),
    ):
        ours, theirs = interleaved(_ROUNDS, Side("batches of 256", work, _ROWS), one_by_one(name, rows))
        yield compared("T18", f"{_ROWS:,} rows of {name}", "/s", ours, theirs, goal=100)
        pieces = kept[-1].lance.table(name).stats()["fragment_stats"]["num_fragments"]
        yield limited("T18", "  fragments afterwards", "", pieces, _ROWS // 500)


def _libraries(temp: Path) -> Iterator[Library]:
    """Empty ones, as many as are asked for."""
    from phototag.store.library import open_library

    number = 0
    while True:
        folder = temp / f"library-{number}"
        folder.mkdir()
        yield open_library(folder, make=True)
        number += 1


def _file(number: int) -> File:
    from phototag.records import Facts, File

    facts = Facts(width=4000, height=3000, make="Canon", model="Canon EOS R6", keywords=("Berlin", "street", "night"))
    image_id = f"j1-{number:032x}"
    path = f"2024/{number // 100:04d}/IMG_{number:06d}.JPG"
    return File(path, 5_000_000 + number, number, number, "jpeg", image_id, image_id, facts=facts)


def _evidence(number: int) -> Evidence:
    from phototag.records import Evidence
    from phototag.store.tables import now

    value = {"description": f"A bright street with {number} people.", "keywords": ["street", "people", "bright"]}
    return Evidence(f"j1-{number:032x}", "describe", "fake/catalog@01234567/1", value, made_at=now())
