"""Which decision of a photo its copies already say: why a second `organize` reads no file that it has written.

The decision here: this is a cache in the tables; without it a run only reads more. Refused: asking every copy what it
says, at five milliseconds each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xxhash import xxh3_64_hexdigest

from phototag.store.lance import Lance, one_of
from phototag.store.library import chunks

_TABLE = "settled"


class Settled:
    """Photo -> digest of the decision (and of how it is put into words) that its copies were brought to."""

    def __init__(self, lance: Lance, wording: str = "") -> None:
        self._lance, self._wording = lance, wording

    def pending(self, ids: Iterable[str]) -> list[str]:
        """Those whose decision is not in their copies yet."""
        waiting: list[str] = []
        for some in chunks(ids):
            decided = self._decided(some)
            done = {
                row["image_id"]: row["digest"]
                for row in self._lance.rows(_TABLE, ("image_id", "digest"), one_of("image_id", some))
            }
            waiting += [image_id for image_id in some if done.get(image_id) != decided.get(image_id)]
        return waiting

    def note(self, ids: Iterable[str]) -> None:
        """The copies of these photos say what is decided now."""
        for some in chunks(ids):
            self._lance.merge(_TABLE, [{"image_id": id, "digest": d} for id, d in self._decided(some).items()])

    def forget(self, ids: Iterable[str]) -> None:
        """Look at the copies of these photos again: something was taken back."""
        for some in chunks(ids):
            self._lance.delete(_TABLE, one_of("image_id", some))

    def _decided(self, ids: Iterable[str]) -> Mapping[str, str]:
        rows = self._lance.rows("decisions", ("image_id", "value"), one_of("image_id", ids))
        return {row["image_id"]: _digest(self._wording, row["value"]) for row in rows}


def _digest(wording: str, decision: str) -> str:
    return str(xxh3_64_hexdigest(f"{wording}\n{decision}".encode()))
