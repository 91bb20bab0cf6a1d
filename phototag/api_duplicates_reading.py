"""What a library knows of the files that may be one picture: put together for `phototag duplicates`.

The decision here: files that lie together under one name are one print, sidecars and all; whole files are summed, and
ExifTool is asked for marks, only where a photo has another like it. Refused: summing a whole library.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from phototag.api_duplicates_marks import Marks, marks, saved_by_us
from phototag.decide.keeper import Print
from phototag.read.beside import Beside
from phototag.read.identity import whole_file_digest
from phototag.records import Facts, File, family
from phototag.store.lance import quoted
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.editor import Editor
    from phototag.decide.alike import Group


_CLOCKS = ("exif", "xmp", "gps")  # that tell the second in which a picture was taken


@dataclass
class Shelf:
    """The prints of photos that may be one picture, and everything that is known of their files."""

    prints: dict[str, list[Print]] = field(default_factory=dict)  # photo -> its prints
    files: dict[str, File] = field(default_factory=dict)  # stored path -> row
    beside: Beside = field(default_factory=Beside)
    digests: dict[str, str] = field(default_factory=dict)  # stored path -> of the whole file, where it was read

    def digest(self, library: Library, path: str) -> str:
        """Of the whole file as it is now; "" where it cannot be read."""
        if path not in self.digests:
            try:
                self.digests[path] = whole_file_digest(library.place.actual(path))
            except OSError:  # it is named as one that stays
                return ""
        return self.digests[path]

    def facts(self, one: Print) -> list[Facts]:
        return [self.files[path].facts for path in (*one.files, *one.sidecars) if path in self.files]

    def rows(self, one: Print) -> list[File]:
        return [self.files[path] for path in (*one.files, *one.sidecars) if path in self.files]


def near_groups(library: Library, measured_by: str, tagged_by: str, bits: int, apart: Collection[str]) -> list[Group]:
    """Groups of photos whose pictures are nearly the same: by both hashes, confirmed by their vectors."""
    import numpy as np

    from phototag.decide import alike
    from phototag.search import alike_reading
    from phototag.search.alike_cosines import cosines

    hashes = hashes_of(library, measured_by)
    known = alike_reading.photos(library)
    vectors = alike_reading.Vectors(library, "visual", tagged_by, known)
    number = {image_id: at for at, image_id in enumerate(known.ids)}
    ids = [image_id for image_id in known.ids if image_id in hashes]
    places = np.array([number[image_id] for image_id in ids], np.int64)
    words = np.array([hashes[image_id] for image_id in ids], np.uint64).reshape(-1, 2)

    def likeness(first: Any, second: Any) -> Any:
        one, other = places[first], places[second]
        found = np.full(len(one), np.nan, np.float32)
        both = np.flatnonzero(vectors.there[one] & vectors.there[other])
        one, other = np.minimum(one, other)[both], np.maximum(one, other)[both]
        found[both] = cosines(vectors.read, vectors.width, one, other, lambda: False)
        return found

    return alike.near(ids, words[:, 0], min(bits, 10), likeness, second=words[:, 1], apart=apart)


def hashes_of(library: Library, measured_by: str) -> dict[str, tuple[int, int]]:
    """The two hashes of each picture that was measured."""
    where = f"step = 'measure' AND error = '' AND maker = {quoted(measured_by)}"
    rows = library.lance.tuples("evidence", ("image_id", "value"), where)
    told = ((image_id, json.loads(value or "{}")) for image_id, value in rows)
    return {image_id: (int(one["phash"], 16), int(one["dhash"], 16)) for image_id, one in told if one.get("phash")}


def twice_there(library: Library, below: Callable[[str], bool]) -> list[str]:
    """The photos of which more than one print lies there."""
    found: dict[str, set[str]] = defaultdict(set)
    for photo_id, path, kind in library.lance.tuples("files", ("photo_id", "path", "kind"), "status = 'present'"):
        if photo_id and family(kind) not in ("sidecar", "other") and below(path):
            found[photo_id].add(_stem(path))
    return sorted(photo_id for photo_id, stems in found.items() if len(stems) > 1)


def shelf(
    library: Library, editor: Editor, ids: Sequence[str], hashes: Mapping[str, Any], below: Callable[[str], bool]
) -> Shelf:
    """The prints of these photos, as far as they lie there."""
    found, groups = Shelf(), defaultdict[str, list[File]](list)
    for file in library.files("photo_id", ids):
        if file.status == "present" and below(file.path):
            found.files[file.path] = file
            groups[file.photo_id].append(file)
    sets = {photo_id: list(_sets(files)) for photo_id, files in groups.items()}
    _sum(found, library, [file for each in sets.values() if len(each) > 1 for files in each for file in files])
    every = [file for each in sets.values() for files in each for file in files]
    said, ours = marks(library, editor, every), saved_by_us(library, every)
    for photo_id, each in sets.items():
        found.prints[photo_id] = [_print(photo_id, files, found, hashes, said, ours, library) for files in each]
    return found


def _sets(files: Iterable[File]) -> Iterator[list[File]]:
    """The files of one photo by folder and name; a sidecar lies with what it is named after."""
    by_stem: dict[str, list[File]] = defaultdict(list)
    ordered = sorted(files, key=lambda file: (family(file.kind) == "sidecar", family(file.kind) == "raw", file.path))
    for file in ordered:
        stem = _stem(file.path)
        if family(file.kind) == "sidecar":
            named = next((key for key, own in by_stem.items() if any(one.path.casefold() == stem for one in own)), stem)
            if named in by_stem:
                by_stem[named].append(file)
        elif family(file.kind) != "other":
            by_stem[stem].append(file)
    yield from by_stem.values()


def _sum(found: Shelf, library: Library, files: Iterable[File]) -> None:
    """Sum the files that may be equal to another one: of one picture, and of one size."""
    alike: dict[tuple[str, int], list[str]] = defaultdict(list)
    for file in files:
        if family(file.kind) != "sidecar":
            alike[file.image_id, file.size].append(file.path)
    for paths in alike.values():
        for path in paths if len(paths) > 1 else ():
            try:
                found.digests[path] = whole_file_digest(library.place.actual(path))
            except (
                OSError
            ):  # it has gone or cannot be read: then it is equal to none, and a guard says so if it shall go
                continue


# ---- prints


def _print(
    photo_id: str,
    files: Sequence[File],
    found: Shelf,
    hashes: Mapping[str, Any],
    said: Mapping[str, Marks],
    ours: Collection[str],
    library: Library,
) -> Print:
    own = [file for file in files if family(file.kind) != "sidecar"]
    extra = tuple(dict.fromkeys(_beside(found, library, own)))
    folder = own[0].path.rpartition("/")[0]  # what a program keeps in a folder of its own stays there
    sidecars = tuple(file.path for file in files if family(file.kind) == "sidecar")
    sidecars += tuple(path for path in extra if path.rpartition("/")[0] == folder)
    sums = [found.digests.get(file.path, "") for file in own]
    first = own[0].facts
    settings = sorted(filter(None, (said[file.path].develop for file in files)))
    stated = [f.facts.moment for f in own if f.facts.moment and f.facts.moment.source in _CLOCKS]
    moment = min(stated, key=lambda one: one.source == "gps", default=None)
    sizes = [(file.facts.width or 0, file.facts.height or 0) for file in own]
    return Print(
        photo_id,
        tuple(file.path for file in own),
        sidecars,
        frozenset(file.image_id for file in own),
        frozenset(sums) if all(sums) else frozenset(),
        frozenset("video" if file.kind == "gif" else family(file.kind) for file in own),
        next(filter(None, (said[file.path].edited for file in own)), ""),
        "\n".join((*settings, *extra)),
        max(sizes, key=lambda pair: pair[0] * pair[1]),
        sum(file.size for file in own),
        max(_says(file.facts) for file in files),
        min(0 if file.path in ours else file.mtime_ns for file in own),
        " ".join(filter(None, (first.make, first.model))),
        moment.local if moment else None,
        "gps" if moment and moment.source == "gps" else "camera",
        tuple(hashes.get(photo_id, ())),
        frozenset(one for file in files for one in said[file.path].own),
    )


def _beside(found: Shelf, library: Library, own: Sequence[File]) -> Iterator[str]:
    """What other programs have put beside the files of a print, and no scan knows."""
    for file in own:
        path = library.place.actual(file.path)
        yield from map(library.place.stored, (*found.beside.of(path), *found.beside.of_stem(path)))


def _says(facts: Facts) -> int:
    told = (facts.caption, facts.title, facts.rating, facts.label, facts.gps, facts.lens, facts.model)
    return len(facts.keywords) + sum(one not in (None, "", 0) for one in told) + len(facts.regions) + len(facts.place)


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return (folder + slash + (name.rpartition(".")[0] or name)).casefold()
