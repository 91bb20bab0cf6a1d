"""The part of `phototag.api` that finds photos that look alike.

The decision here: hashes find the same picture and vectors what hashes miss; vectors are those of the embedder that the
settings name, else the built-in ones. It only reads, holds no lock and makes nothing that is kept. Refused: looking at
pictures while somebody waits for a list.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, makers_of, never, open
from phototag.errors import Interrupted, NoBackend, UsageError
from phototag.report import Report, many, shown
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.search.alike import Likenesses, Similar
    from phototag.search.alike_reading import Photos, Vectors


def similar(
    path: Path | str | None = None,
    *,
    least: float | None = None,
    bits: int | None = None,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Similar:
    """The pairs of photos that look alike, nearest first: of a folder (one of the two lies in it), or of a photo.

    Without a path those of the whole library that holds the current folder. `least` is the cosine from which vectors
    count (0.8 in the built-in space, 0.9 in others); with `bits`, only pairs whose hashes differ in at most so many.
    """
    if least is not None and not 0.0 < least <= 1.0:
        raise UsageError(f"{least:g} is no likeness.", "Name one from 0.5, alike at a glance, to 1: --least 0.9")
    if bits is not None and not 0 <= bits <= 10:
        raise UsageError(f"Hashes are compared up to 10 bits, not {bits}.", "Name a number from 0 to 10: --bits 6")
    if path is not None and not os.path.lexists(path):
        raise UsageError(f"There is no {shown(str(path))}.", "Name a folder of photos, or a photo.")
    opened = open(path or ".", library)
    one = _Comparing(opened, settings_.load(opened.place.settings_file, flags), report or Report(quiet=True), stop)
    return one.similar(path, least, -1 if bits is None else bits)


class _Comparing:
    """One library, with its photos numbered."""

    def __init__(self, library: Library, using: Settings, report: Report, stop: Stop) -> None:
        from phototag.search import alike_reading
        from phototag.search.alike import empty

        self._library, self._stop, self._report = library, stop, report
        self.notes: list[str] = []
        makers = makers_of(using)
        with report.clock("read"):
            self.photos: Photos = alike_reading.photos(library)
            self.vectors: Vectors = self._vectors(using, makers)
            self.hashes, self.hashed = alike_reading.hashes(library, self.photos, makers.get("measure", ""))
            self._empty = self.hashed & empty(self.hashes)  # pictures of one colour

    def similar(self, path: Path | str | None, given: float | None, most: int) -> Similar:
        """The answer for a path."""
        from phototag.search.alike import LEAST, LEAST_ELSEWHERE, Similar

        least = given or (LEAST if self.vectors.space == "visual" else LEAST_ELSEWHERE)
        photo, wanted = self._asked(path)
        found = self._of_many(wanted, least, most) if photo is None else self._of_one(photo, least, most)
        if self._stop():
            raise Interrupted("Stopped on request.", "Run the same command again: it only reads.")
        known = self.vectors.there
        actual = self._library.place.actual
        return Similar(
            str(self._library.place.root),
            [actual(one) for one in self.photos.paths],
            self.photos.ids,
            self.photos.files,
            found,
            self.vectors.space if self.vectors.maker else "",
            self.vectors.maker,
            int((known | self.hashed).sum()),
            int((~known).sum()),
            tuple(self.notes),
        )

    def _asked(self, path: Path | str | None) -> tuple[int | None, Any]:
        """The photo that is named, or which photos lie below the folder; None and None for all."""
        import numpy as np

        from phototag.review import ids_below, photo_ids

        if not self.photos.ids:
            root = self._library.place.root
            self.notes.append(f"The library in {shown(str(root))} has no photos yet: phototag look {shown(str(root))}")
            return None, None
        if path is None:
            return None, None
        if not Path(path).is_dir():
            number = self.photos.number(photo_ids(self._library, [path])[0])
            if number is None:
                raise UsageError(f"{shown(str(path))} is missing.", "Scan its folder again: phototag scan")
            if self.photos.files[number] > 1:
                self.notes.append(f"{shown(str(path))} is one photo of {self.photos.files[number]} files.")
            return number, None
        stored = self._library.place.stored(os.path.realpath(path))
        below = set(ids_below(self._library, stored))
        if not below:
            self.notes.append(f"No photo in {shown(str(path))} is known: phototag look {shown(str(path))}")
        return None, np.array([image_id in below for image_id in self.photos.ids], bool)

    def _of_one(self, photo: int, least: float, most: int) -> Likenesses:
        """Everything is compared with one photo: nothing can be missed."""
        import numpy as np

        from phototag.decide.pairs import ones
        from phototag.search.alike import judged

        count = len(self.photos.ids)
        cosine, there = np.full(count, np.nan, np.float32), self.vectors.there
        if there[photo]:
            own, places = self.vectors.read(np.array([photo]))[0], np.flatnonzero(there)
            for some, vectors in self.vectors.blocks(places):
                cosine[places[some]] = (vectors @ own).clip(-1, 1)
        apart = np.full(count, -1, np.int16)
        if self.hashed[photo]:
            apart[self.hashed] = ones(self.hashes[self.hashed] ^ self.hashes[photo])
        second = np.flatnonzero((np.arange(count) != photo) & ~self._empty & ~self._empty[photo])
        first = np.full(len(second), photo)
        return judged(first, second, apart[second], cosine[second], self._plain(first, second), least, most)

    def _of_many(self, wanted: Any, least: float, most: int) -> Likenesses:
        """Those that hashes or codes propose are compared by their vectors."""
        import numpy as np

        from phototag.search.alike import judged
        from phototag.search.alike_codes import by_hashes
        from phototag.search.alike_cosines import cosines

        with self._report.clock("compare"):
            hashed = np.flatnonzero(self.hashed)
            asked = None if wanted is None else wanted[hashed]
            (one, two, _), left = by_hashes(self.hashes[hashed], 10 if most < 0 else most, asked)
            first, second = hashed[one], hashed[two]
            if most < 0:
                more, others, also = self._by_vectors(wanted, least)
                first, second, left = np.concatenate([first, more]), np.concatenate([second, others]), left + also
            key = np.unique(first * len(self.photos.ids) + second)
            first, second = np.divmod(key, max(1, len(self.photos.ids)))
            said = ~(self._empty[first] | self._empty[second])
            first, second = first[said], second[said]
            there = self.vectors.there
            both = np.flatnonzero(there[first] & there[second])
            cosine = np.full(len(first), np.nan, np.float32)
            cosine[both] = cosines(self.vectors.read, self.vectors.width, first[both], second[both], self._stop)
        if left:
            self.notes.append(f"{many(left, 'more pair')} looked alike and were left out: the nearest were kept.")
        return judged(first, second, self._apart(first, second), cosine, self._plain(first, second), least, most)

    def _by_vectors(self, wanted: Any, least: float) -> tuple[Any, Any, int]:
        """The pairs that the vectors alone propose."""
        import numpy as np

        from phototag.search import alike_codes, alike_cosines

        places = np.flatnonzero(self.vectors.there)
        asked = None if wanted is None else wanted[places]
        if len(places) <= alike_cosines.FEW:
            (one, two, _), left = alike_cosines.every(self.vectors.read(places), least, asked)
            return places[one], places[two], left
        sides = alike_codes.planes(self.vectors.width)
        sample = places[np.linspace(0, len(places) - 1, alike_codes.SAMPLE).astype(np.int64)]
        middle = self.vectors.read(sample).mean(axis=0)
        codes = np.zeros((len(places), alike_codes.CODES), np.uint64)
        with self._report.progress("comparing", len(places)) as bar:
            for some, vectors in self.vectors.blocks(places):
                codes[some] = alike_codes.coded(vectors, sides, middle)
                bar.step(len(some))
                if self._stop():
                    break
        (one, two, _), left = alike_codes.by_codes(codes, least, middle, asked, self._stop)
        self.notes.append("In so large a library not every pair with a cosine below 0.9 is found.")
        return places[one], places[two], left

    def _apart(self, first: Any, second: Any) -> Any:
        import numpy as np

        from phototag.decide.pairs import ones

        apart = ones(self.hashes[first] ^ self.hashes[second]).astype(np.int16)
        return np.where(self.hashed[first] & self.hashed[second], apart, -1)

    def _plain(self, first: Any, second: Any) -> Any:
        from phototag.search.alike import plain

        found = plain(self.hashes)
        return found[first] | found[second]

    def _vectors(self, using: Settings, makers: dict[str, str]) -> Vectors:
        """The vectors of the embedder that the settings name, if there are any, else the built-in ones."""
        from phototag.backends import registry
        from phototag.search.alike_reading import Vectors

        if using.look.embedder:
            try:
                space = registry.embedder(using.look.embedder).space
                found = Vectors(self._library, space, makers.get("embed", ""), self.photos)
            except (NoBackend, UsageError) as trouble:
                self.notes.append(trouble.sentence)
            else:
                if found.maker:
                    return found
                self.notes.append(f"There are no vectors of {using.look.embedder} yet: phototag embed makes them.")
        return Vectors(self._library, "visual", makers.get("labels", ""), self.photos)
