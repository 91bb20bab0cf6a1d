"""What was found out about the meaning of words, kept so that nobody has to load an encoder for it again.

The decision here: one file of vectors and one of answers for the vocabulary and encoder of today; those of others are
thrown away when they change. All of it can be made again in seconds. Refused: the tables, which are for photos.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phototag.store.log import Log, cannot_write, replace_file

Found = tuple[str, float] | None
_ONE_WRITER = threading.Lock()  # two steps of one run may want the same vectors at the same time


class Words:
    """The nearest terms of words, and the vectors of terms. Reading needs no lock, keeping needs the library's."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key
        self._log = Log(folder / f"{key}.jsonl")
        self._known: dict[str, Found] | None = None

    def known(self) -> Mapping[str, Found]:
        """Word -> nearest term and likeness, or None for a word that is like none."""
        if self._known is None:
            self._known = {line["word"]: _found(line) for line, _ in self._log.read() if _is_whole(line)}
        return self._known

    def keep(self, found: Mapping[str, Found]) -> None:
        """The answers are on the disk when this returns."""
        known = {**self.known(), **found}
        self._log.append(
            {"word": word, "term": one[0] if one else None, "likeness": round(one[1], 4) if one else None}
            for word, one in found.items()
        )
        self._known = known
        self._forget_others()

    def vectors(self) -> Any:
        """The matrix that was kept, or None: there is none, or it cannot be read."""
        import numpy as np

        try:
            return np.load(io.BytesIO(self._vectors.read_bytes()), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None  # it is made again

    def keep_vectors(self, vectors: Any) -> None:
        import numpy as np

        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        with _ONE_WRITER:
            replace_file(self._vectors, content.getvalue(), durable=False)

    @property
    def _vectors(self) -> Path:
        return self._folder / f"{self._key}.npy"

    def _forget_others(self) -> None:
        """Throw away what belongs to another vocabulary or encoder."""
        others = (file for file in self._folder.iterdir() if file.stem != self._key)
        try:
            for file in others:
                if file.suffix in (".npy", ".jsonl"):
                    file.unlink(missing_ok=True)
        except OSError as trouble:
            raise cannot_write(self._folder, trouble) from trouble


def _is_whole(line: Mapping[str, Any]) -> bool:
    term, likeness = line.get("term"), line.get("likeness")
    told = isinstance(term, str) and isinstance(likeness, float | int)
    return isinstance(line.get("word"), str) and (told or term is None)


def _found(line: Mapping[str, Any]) -> Found:
    return (line["term"], float(line["likeness"])) if line["term"] is not None else None
