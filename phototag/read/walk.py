"""Which files a folder holds, at the speed of the file system.

The decision here: `os.scandir` and what it knows for free; folders are compared by one digest of
names, sizes, times and inodes, so an unchanged tree is never opened. Refused: `Path.rglob`, three
times slower [BASELINES section 1].
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xxhash

from phototag.errors import UsageError

SYSTEM = frozenset({"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__macosx"})
SYSTEM_ENDINGS = (".lrdata", ".lrcat-data", ".lrlibrary", ".cocatalogdb", ".photoslibrary", ".photolibrary")
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "icon\r", "ehthumbs.db"})
IGNORE_FILE = ".phototagignore"


# Name, size, mtime_ns, inode: a plain tuple, for a walk makes one for every file.
Listed = tuple[str, int, int, int]


@dataclass(slots=True)
class Folder:
    """One folder of the walk: absolute path, its files by name, and their digest."""

    path: str
    entries: list[Listed]
    digest: str


@dataclass(slots=True)
class Walk:
    """Walks a tree: symlink loops end, hidden and system folders are skipped, unreadable ones are remembered."""

    root: str
    patterns: tuple[str, ...] = ()
    hidden: bool = False
    follow_links: bool = True
    unreadable: dict[str, str] = field(default_factory=dict)  # folders and links, with the reason
    _visited: set[tuple[int, int]] = field(default_factory=set)

    def folders(self) -> Iterator[Folder]:
        """Every folder below the root, each before its sub-folders, in the order of names."""
        stack: list[tuple[str, tuple[Ignore, ...]]] = [(self.root, self._first_rules())]
        while stack:
            path, rules = stack.pop()
            if not self._first_visit(path):
                continue
            listed = self._list(path, rules)
            if listed is None:
                continue
            entries, below, rules = listed
            entries.sort()
            yield Folder(path, entries, _digest(entries))
            # Linked folders come last: what lies here and is linked too keeps its own name.
            stack.extend((child, rules) for child in sorted(below, key=_link_and_name, reverse=True))

    def folder(self, path: str) -> Folder | None:
        """The folder once more, as it is now; None when it has gone or can no longer be opened."""
        if not os.path.isdir(path):  # noqa: PTH112 - as bytes-safe and quick as scandir
            return None
        rules = self._first_rules()
        for ancestor in _ancestors(self.root, path):
            rules = _with_file(ancestor, rules)
        listed = self._list(path, rules)
        if listed is None:
            return None
        entries = sorted(listed[0])
        return Folder(path, entries, _digest(entries))

    def _list(self, path: str, rules: tuple[Ignore, ...]) -> tuple[list[Listed], list[str], tuple[Ignore, ...]] | None:
        files: list[Listed] = []
        below: list[str] = []
        try:
            with os.scandir(path) as listing:
                found = list(listing)
        except OSError as trouble:
            self.unreadable[path] = f"the folder cannot be opened ({trouble.strerror})"
            return None
        if any(entry.name == IGNORE_FILE for entry in found):
            rules = _with_file(path, rules)
        for entry in found:
            name = entry.name
            if name[0] == "." and not self._wanted_though_hidden(name):
                continue
            if rules and _ignored(entry, rules):
                continue
            try:
                if entry.is_file(follow_symlinks=self.follow_links):
                    if name.lower() not in SYSTEM_FILES:
                        files.append(_listed(name, entry.stat(follow_symlinks=self.follow_links)))
                elif self._is_folder(entry):
                    below.append(entry.path)
            except OSError as trouble:
                self.unreadable[entry.path] = f"the folder's entry cannot be read ({trouble.strerror})"
        return files, below, rules

    def _wanted_though_hidden(self, name: str) -> bool:
        return self.hidden and not name.startswith("._") and name not in (".phototag", IGNORE_FILE)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        """True for a folder to walk; sockets, devices and links that we do not follow go nowhere."""
        if entry.is_dir(follow_symlinks=self.follow_links):
            lower = entry.name.lower()
            return lower not in SYSTEM and not lower.endswith(SYSTEM_ENDINGS)
        if entry.is_symlink() and self.follow_links:
            self.unreadable[entry.path] = "the link leads nowhere"
        return False

    def _first_visit(self, path: str) -> bool:
        """False for a folder that a symlink brought us to before."""
        if not self.follow_links:
            return True
        try:
            stat = os.stat(path)  # noqa: PTH116 - as bytes-safe and quick as scandir
        except OSError:
            return True  # listing it will say why
        known = (stat.st_dev, stat.st_ino) in self._visited
        self._visited.add((stat.st_dev, stat.st_ino))
        return not known

    def _first_rules(self) -> tuple[Ignore, ...]:
        return (_matcher(self.root, list(self.patterns)),) if self.patterns else ()


Ignore = Callable[["os.DirEntry[str]"], bool | None]  # yes, no, or nothing said
_MOST = 2**63 - 1  # what a column of whole numbers holds


def _listed(name: str, stat: os.stat_result) -> Listed:
    mtime_ns, inode = stat.st_mtime_ns, stat.st_ino
    if inode > _MOST:  # some network file systems use all 64 bits
        inode -= 2**64
    if not -_MOST <= mtime_ns <= _MOST:  # beyond the year 2262
        mtime_ns = _MOST if mtime_ns > 0 else -_MOST
    return (name, stat.st_size, mtime_ns, inode)


def _link_and_name(path: str) -> tuple[bool, str]:
    return os.path.islink(path), path  # noqa: PTH114


def _ignored(entry: os.DirEntry[str], rules: tuple[Ignore, ...]) -> bool:
    """What the deepest .phototagignore says that says anything, as with .gitignore."""
    return next((said for rule in reversed(rules) if (said := rule(entry)) is not None), False)


def _with_file(folder: str, rules: tuple[Ignore, ...]) -> tuple[Ignore, ...]:
    try:
        with open(os.path.join(folder, IGNORE_FILE), encoding="utf-8", errors="replace") as file:  # noqa: PTH118, PTH123
            return (*rules, _matcher(folder, file.read().splitlines(), file.name))
    except OSError:  # no such file in this folder
        return rules


def _matcher(base: str, lines: list[str], source: str = "scan.ignore") -> Ignore:
    """Whether an entry below `base` is named by patterns that mean what they mean in a .gitignore."""
    import pathspec

    for number, line in enumerate(lines, 1):
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error) as trouble:
            hint = "Correct the pattern; it is written as in a .gitignore."
            raise UsageError(f"{source}:{number}: {line!r} is no pattern.", hint) from trouble
    spec: Any = pathspec.GitIgnoreSpec.from_lines(lines)
    start = len(base.rstrip(os.sep)) + 1

    def ignored(entry: os.DirEntry[str]) -> bool | None:
        below = entry.path[start:]
        said: bool | None = spec.check_file(below + "/" if entry.is_dir() else below).include
        return said

    return ignored


def _ancestors(root: str, path: str) -> Iterator[str]:
    """root, …, down to the parent of `path`."""
    if path == root:
        return
    inner = Path(path).relative_to(root).parts
    for depth in range(len(inner)):
        yield os.path.join(root, *inner[:depth])  # noqa: PTH118


def _digest(entries: list[Listed]) -> str:
    text = "\0".join([f"{name}\0{size}\0{mtime_ns}\0{inode}" for name, size, mtime_ns, inode in entries])
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogateescape"))
