"""A plan on disk, while a person reads it.

The decision here: a plan may be as long as a library, so it waits in a file beside the journal and not in memory; it
is thrown away afterwards, for a plan is worth nothing once the files have moved on. Refused: planning twice, which
could carry out another plan than the one that was shown.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from phototag.records import Change


class Spool:
    """The changes of one plan, in their order. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass", dir=folder)  # noqa: SIM115
        self.count = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._file.write(json.dumps(asdict(change), ensure_ascii=False) + "\n")
        self.count += len(changes)

    def changes(self, at_once: int) -> Iterator[list[Change]]:
        """Everything that was added, a few changes at a time."""
        self._file.seek(0)
        some: list[Change] = []
        for line in self._file:
            some.append(Change.from_json(json.loads(line)))
            if len(some) == at_once:
                yield some
                some = []
        if some:
            yield some
