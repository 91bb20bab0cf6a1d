"""Pictures as vectors of one space, for search and likeness.

The decision here: a vector is kept under its space and its maker; vectors of two models are never
compared. They are cheap to make again and live in the tables alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from phototag.backends.protocols import Embedder
from phototag.errors import NoBackend, PhototagError
from phototag.look.step import LocalLook, Subject
from phototag.records import Evidence

_VERSION = 1


class Embed(LocalLook):
    """The step `embed`: one embedder."""

    name = "embed"

    def __init__(self, embedder: Embedder, side: int) -> None:
        self._embedder = embedder
        self.space = embedder.space
        self.parallel = embedder.parallel
        self.maker = f"{embedder.name}/{embedder.space}{embedder.width}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        try:
            vectors = self._embedder.embed_pictures([subject.pixels for subject in batch])
        except NoBackend:  # wrong for every photo: the run stops
            raise
        except (PhototagError, OSError, RuntimeError, ValueError) as trouble:  # what clients of servers raise
            return [Evidence(subject.image_id, self.name, self.maker, error=str(trouble)) for subject in batch]
        value = {"space": self.space, "width": self._embedder.width}
        return [
            Evidence(subject.image_id, self.name, self.maker, value, space=self.space, vector=vector)
            for subject, vector in zip(batch, vectors, strict=True)
        ]
