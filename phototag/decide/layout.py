"""Which file goes where: every file below the root, every name once, the same whatever came first.

The decision here: what travels together has one stem, and a stem belongs to one photo of a folder; a clash is settled
by a suffix made from the photo's identity, and a folder in which photos stand is right as it is called. Refused:
counting (_1, _2), by which a name depends on what came before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import xxhash

from phototag.decide.legal import LONGEST, fold, is_passed_over, legal, legal_stem, parted

METADATA = "metadata"  # the folder beside copies that holds what is known of them
LONGEST_PATH = 1000  # bytes
RESERVE = 40  # bytes that our temp names add to a name
# What suffixes may take is kept free in every name, so that no stem depends on which files came first.
STEM_ROOM = LONGEST - RESERVE - 40
FOLDER_ROOM = LONGEST_PATH - LONGEST - 5


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that travel together: those of one photo."""

    image_id: str
    files: tuple[str, ...]  # stored paths of originals, the leading one first
    folder: str  # that is wanted, relative; taken as it is where photos stand in it
    standing: str = ""  # folder and stem of the copies that there are; "" if there are none
    origin: str = ""  # stored path of the original that the copies were made of, where it is none of `files`


_Mates = tuple[str, str]  # source folder and folded stem: photos that share both may share a stem


@dataclass(slots=True)
class _Folder:
    """What is taken in one folder, by folded name."""

    path: str
    names: set[str] = field(default_factory=set)  # of this plan's files, of folders, and what is on disk
    placed: set[str] = field(default_factory=set)  # of this plan's files and of folders
    stems: dict[str, set[_Mates | None]] = field(default_factory=lambda: defaultdict(set))  # None: a stranger's
    read: set[str] = field(default_factory=set)  # the spellings that were looked up on disk

    def is_free(self, stem: str, names: Collection[str], mates: _Mates) -> bool:
        held = self.stems.get(fold(stem), set())
        return held <= {mates} and self.names.isdisjoint(names)

    def take(self, stem: str, names: Collection[str], mates: _Mates) -> None:
        self.stems[fold(stem)].add(mates)
        self.names.update(names)
        self.placed.update(names)


class Layout:
    """Gives every file its place below the root, knowing what is there."""

    def __init__(self, forbidden: str, occupied: Callable[[str], Collection[str]]) -> None:
        """`occupied` says what is in a folder on disk; the names of folders end with a slash."""
        self._forbidden = forbidden
        self._occupied = occupied
        self._folders: dict[str, _Folder] = {}  # by folded path
        self._spellings: dict[str, dict[str, str]] = {}  # of the folders in each folder, by folded name

    def place(self, units: Sequence[Unit]) -> dict[str, str]:
        """Where each original goes, whatever the order of the units."""
        ordered = sorted(units, key=lambda unit: (unit.files[:1], unit.image_id, unit.standing, unit.folder))
        standing = [unit for unit in ordered if _is_below(unit.standing)]
        others = [unit for unit in ordered if not _is_below(unit.standing)]
        places = self._places(standing, others)
        targets: dict[str, str] = {}
        later: list[tuple[Unit, _Folder, Sequence[str]]] = []
        for unit in standing:
            folder = places[unit]
            groups = _by_stem(unit.files)
            own = groups.pop(fold(_stem(unit.origin)) if unit.origin else next(iter(groups), ""), [])
            targets |= self._kept(unit, folder, own)
            later.extend((unit, folder, files) for files in groups.values())
        later.extend((unit, places[unit], files) for unit in others for files in _by_stem(unit.files).values())
        for unit, folder, files in later:
            targets |= self._found(unit, folder, files)
        return targets

    def _places(self, standing: Sequence[Unit], others: Sequence[Unit]) -> dict[Unit, _Folder]:
        """The folder of each unit; every folder is known before the first file is placed."""
        paths = {unit: unit.standing.rpartition("/")[0] for unit in standing}
        for path in sorted(set(paths.values())):
            self._spell(path)
        kept = {path for path in paths.values() if METADATA not in _key(path).split("/")}
        folders = {unit.folder for unit in others}
        wanted = {folder: folder if folder in kept else self._legal_folder(folder) for folder in folders}
        spelled = {folder: self._spelled(folder) for folder in sorted(set(wanted.values()))}
        paths |= {unit: spelled[wanted[unit.folder]] for unit in others}
        for path in sorted(set(paths.values())):
            self._open(path)
        return {unit: self._folders[_key(path)] for unit, path in paths.items()}

    # ---- files

    def _kept(self, unit: Unit, folder: _Folder, files: Sequence[str]) -> dict[str, str]:
        """Files beside the copies that there are; those keep what they are called."""
        path, _, stem = unit.standing.rpartition("/")
        lead = unit.origin or next(iter(files), "")
        folder.stems[fold(stem)].discard(None)  # what is on disk with that stem is this photo's
        folder.stems[fold(stem)].add(_mates(lead) if lead else (unit.image_id, ""))
        targets: dict[str, str] = {}
        for file in files:
            name = stem + _suffix(file)
            if fold(name) in folder.placed:  # two photos claim one name: only the first one's can stand there
                targets |= self._found(unit, folder, [file])
            else:
                folder.take(stem, [fold(name)], _mates(lead))
                targets[file] = _joined(path, name)
        return targets

    def _found(self, unit: Unit, folder: _Folder, files: Sequence[str]) -> dict[str, str]:
        """Files of one stem under the first stem that is free."""
        mates = _mates(files[0])
        first: dict[str, str] = {}  # by folded suffix: IMG.JPG and img.jpg cannot share a stem
        for file in files:
            first.setdefault(fold(_suffix(file)), file)
        for stem in self._stems(unit.image_id, files[0]):
            names = {file: stem + _suffix(file) for file in first.values()}
            folded = [fold(name) for name in names.values()]
            if folder.is_free(stem, folded, mates) and not any(map(is_passed_over, names.values())):
                break
        folder.take(stem, folded, mates)
        targets = {file: _joined(folder.path, name) for file, name in names.items()}
        rest = [file for file in files if file not in targets]
        return targets | (self._found(unit, folder, rest) if rest else {})

    def _stems(self, image_id: str, file: str) -> Iterator[str]:
        """The file's own stem, then the same with more and more of the photo's identity."""
        stem = _stem(file)
        yield legal_stem(stem, self._forbidden, STEM_ROOM)
        number, seed = 0, image_id
        while True:
            for tail in self._tails(seed):
                yield legal_stem(stem, self._forbidden, STEM_ROOM - len(tail)) + tail
            seed, number = f"{image_id}\0{file}\0{number}", number + 1

    def _tails(self, seed: str) -> Iterator[str]:
        digest = xxhash.xxh3_64_hexdigest(seed.encode("utf-8", "surrogatepass"))
        for digits in (6, 10, 16):
            yield f"{' ' if '~' in self._forbidden else ' ~'}{digest[:digits]}"

    # ---- folders

    def _legal_folder(self, folder: str) -> str:
        """The folder with every name legal, none that is kept for us, and short enough for a path."""
        found = [self._segment(one, LONGEST - RESERVE) for one in folder.split("/")]
        segments = [one for one in found if one]
        if len("/".join(segments).encode()) > FOLDER_ROOM:
            segments = segments[: FOLDER_ROOM // 20]
            room = max(19, FOLDER_ROOM // len(segments) - 1)
            segments = [one for one in (self._segment(segment, room) for segment in segments) if one]
        return "/".join(segments)

    def _segment(self, text: str, room: int) -> str:
        name = legal(text, self._forbidden, room)
        return name + "_" if fold(name) == METADATA else name

    def _spell(self, folder: str) -> None:
        """Remember how a standing folder is spelled; the first spelling counts."""
        inside = ""
        for segment in filter(None, folder.split("/")):
            self._spellings.setdefault(_key(inside), {}).setdefault(fold(segment), segment)
            inside = _joined(inside, segment)

    def _spelled(self, folder: str) -> str:
        """The folder as it is spelled where it stands already, else as it was first wanted."""
        inside = ""
        for segment in filter(None, folder.split("/")):
            self._open(inside)
            inside = _joined(inside, self._folder_in(inside, segment))
        return inside

    def _folder_in(self, inside: str, segment: str) -> str:
        """The name of a folder in a folder: of one that is there, else the first under which no file stands."""
        folders, taken = self._spellings.setdefault(_key(inside), {}), self._folders[_key(inside)].names
        tails = self._tails(_key(_joined(inside, segment)))
        room = LONGEST - RESERVE
        names = [segment, *(legal(segment, self._forbidden, room - len(tail)) + tail for tail in tails)]
        free = (name for name in names if fold(name) in folders or fold(name) not in taken)
        name = next(free, segment)
        return folders.setdefault(fold(name), name)

    def _open(self, path: str) -> None:
        """Know what is in a folder, on disk and by this plan; each is looked up once."""
        folder = self._folders.setdefault(_key(path), _Folder(path))
        if path in folder.read:
            return
        folder.read.add(path)
        names = self._spellings.setdefault(_key(path), {})
        for entry in sorted(self._occupied(path)):
            name = entry.removesuffix("/")
            folder.names.add(fold(name))
            if name == entry:
                folder.stems[fold(parted(name)[0])].add(None)
            else:  # Berlin.jpg may lie beside a folder Berlin
                names.setdefault(fold(name), name)
        folder.names.add(METADATA)
        if path:
            above, _, own = path.rpartition("/")
            self._open(above)
            parent = self._folders[_key(above)]
            parent.names.add(fold(own))
            parent.placed.add(fold(own))


def _by_stem(files: Sequence[str]) -> dict[str, list[str]]:
    """The files of each folded stem, the leading file's first."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(fold(_stem(file)), []).append(file)
    return found


def _mates(file: str) -> _Mates:
    return file.rpartition("/")[0], fold(_stem(file))


def _stem(path: str) -> str:
    return parted(_name(path))[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _suffix(path: str) -> str:
    return parted(_name(path))[1]


def _key(folder: str) -> str:
    return "/".join(map(fold, folder.split("/")))


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_below(path: str) -> bool:
    """Is this a path that cannot lead out of the root?"""
    return bool(path) and not any(part in ("", ".", "..", ".phototag") for part in path.split("/"))
