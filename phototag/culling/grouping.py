"""Which photos are culled together: series first, then bursts, then near duplicates; what is left stands alone.

The decision here: each photo is in one group, and a series takes its photos before a burst can, for those are never
culled. A view that did not move by the hashes is not decoded to see whether it did. Refused: groups by likeness across
cameras and days, of which nobody keeps the best one.
Frames of one moment are copies of one picture and no burst, if all of the run are: a camera changes neither the size of
its pictures within a burst nor takes two at once. Where it wrote no fraction of the second, copies must differ in size,
or look the same by hashes and vectors beside one that does; a burst of one second has frames of one size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from phototag.culling.nouns import Known
from phototag.decide import alike, overlap
from phototag.decide.cull import BURST, NEAR, SINGLE
from phototag.decide.cull_sharp import STEPS
from phototag.decide.groups import Shot, are_copies, bursts, by_time, within
from phototag.decide.series import series
from phototag.errors import Unreadable
from phototag.report import many
from phototag.store.library import Library
from phototag.store.vectors import vectors

SAME_VIEW_BITS = 20  # of 64: frames of one burst, one of them moved or blurred
_STAYED_BITS = 10  # of 64: a view that moved on by an eighth differs by more


class Group(NamedTuple):
    """Photos that belong together, in order of time."""

    kind: str
    why: str
    ids: tuple[str, ...]


class Grouping:
    """Finds the groups among some photos of a library."""

    def __init__(self, library: Library, photos: Mapping[str, Known], labels_maker: str) -> None:
        self._library, self._photos, self._maker = library, photos, labels_maker
        self._greys: dict[str, Any] = {}

    def groups(self, window_s: float, near_bits: int) -> list[Group]:
        """All groups and all that stand alone, in order of time."""
        shots = [known.shot for known in self._photos.values()]
        whole = series(shots, self._moved, self._tiles)
        found = [Group(one.kind, one.why, tuple(shot.image_id for shot in one.shots)) for one in whole]
        taken = {image_id for group in found for image_id in group.ids}
        for run in bursts(shots, window_s, within(SAME_VIEW_BITS if window_s else _STAYED_BITS), taken):
            ids = tuple(shot.image_id for shot in run)
            copies = Group(NEAR, f"{many(len(ids), 'copy', 'copies')} of one moment", ids)
            found.append(copies if self._are_copies(run) else Group(BURST, _over(run), ids))
        taken = {image_id for group in found for image_id in group.ids}
        found += self._near([one for one in self._photos if one not in taken], near_bits)
        taken = {image_id for group in found for image_id in group.ids}
        found += [Group(SINGLE, "", (one,)) for one in self._photos if one not in taken]
        return sorted(found, key=lambda group: (by_time(self._photos[group.ids[0]].shot), group.ids))

    def _near(self, ids: Sequence[str], bits: int) -> Iterator[Group]:
        import numpy as np

        measured = [one for one in ids if self._photos[one].shot.phash is not None]
        phashes = np.array([self._photos[one].shot.phash or 0 for one in measured], np.uint64)
        dhashes = np.array([self._photos[one].dhash or 0 for one in measured], np.uint64)
        if len(measured) < 2:
            return
        for group in alike.near(measured, phashes, bits, self._likeness(measured), second=dhashes):
            members = sorted(group.members, key=lambda one: by_time(self._photos[one].shot))
            most = max(group.distances)
            seen = ", and alike by what they show" if most > bits else ""
            apart = f"{many(most, 'bit')} of 64 apart at most" if most else "hashes of 64 bits are equal"
            yield Group(NEAR, f"{apart}{seen}", tuple(members))

    def _are_copies(self, run: Sequence[Shot]) -> bool:
        """Is all of this run one picture, kept in several files?"""
        pixels = [self._photos[shot.image_id].frame.pixels for shot in run]
        likeness = self._likeness([shot.image_id for shot in run])
        return are_copies(run, pixels, lambda one, other: float(likeness([one], [other])[0]))

    def _likeness(self, ids: Sequence[str]) -> Callable[[Any, Any], Any]:
        """The cosines of pairs of photos; only the vectors that are asked for are read."""
        import numpy as np

        def cosines(first: Any, second: Any) -> Any:
            asked = np.unique(np.concatenate([first, second]))
            found = vectors(self._library, "visual", self._maker, [ids[at] for at in asked.tolist()])
            width = max((len(vector) for vector in found.values()), default=1)
            rows = np.zeros((len(asked), width), np.float32)
            for place, at in enumerate(asked.tolist()):
                if (vector := found.get(ids[at])) is not None:
                    rows[place] = vector / max(float(np.linalg.norm(vector)), 1e-9)
            where = np.searchsorted(asked, first), np.searchsorted(asked, second)
            return alike.by_vectors(rows)(*where)

        return cosines

    # ---- what series are proved by

    def _tiles(self, shot: Shot) -> Sequence[float] | None:
        """How fine each tile is, as a factor: logarithms would hide how much sharper one became."""
        tiles = (self._photos[shot.image_id].frame.craft or {}).get("tiles_fine")
        return None if tiles is None else [2 ** (tile / STEPS) for tile in tiles]

    def _moved(self, one: Shot, other: Shot) -> tuple[float, float] | None:
        if within(_STAYED_BITS, unknown=False)(one, other):
            return 0.0, 0.0
        first, second = self._grey(one.image_id), self._grey(other.image_id)
        return None if first is None or second is None else overlap.moved(first, second)

    def _grey(self, image_id: str) -> Any:
        """A small grey picture; None where there is none. Only the last few are kept: neighbours are compared."""
        if image_id not in self._greys:
            while len(self._greys) >= 4:
                del self._greys[next(iter(self._greys))]
            self._greys[image_id] = self._decoded(self._photos[image_id])
        return self._greys[image_id]

    def _decoded(self, known: Known) -> Any:
        from phototag.read import picture

        actual = self._library.place.actual(known.picture)
        if not known.picture or not os.path.lexists(actual):
            return None
        try:
            return picture.decode(actual, known.kind, overlap.SIDE).pixels.mean(axis=2)
        except Unreadable:
            return None


def _over(run: Iterable[Shot]) -> str:
    """How many frames in which time."""
    shots = list(run)
    moments = [shot.moment for shot in shots if shot.moment is not None]
    spent = max(moments) - min(moments) if moments else 0.0
    return many(len(shots), "frame") + (f" in {spent:.1f} s" if spent else "")
