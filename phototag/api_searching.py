"""The part of `phototag.api` that finds photos.

The decision here: searching only reads, but for its own rows: where they are behind and nobody holds the library, they
are brought up to date first, and else a note says how many are old. What costs time is loaded when a query needs it:
the text encoder for a picture part, the gazetteer for a word that may be a place. Refused: a step that a person has to
remember.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag import settings as settings_
from phototag.api_opening import Flags, held, makers_of, open, words_of
from phototag.api_searching_answers import after, as_keyword, merged
from phototag.errors import Busy, Damaged, NoBackend, NoSpace, UsageError
from phototag.report import Report, many
from phototag.search.conditions import Gear
from phototag.search.finding import Finder
from phototag.search.nouns import Area, Found, Query
from phototag.search.query import understood
from phototag.search.refreshing import behind, gathered, note_compared, refresh
from phototag.search.spaces import Space
from phototag.store.lance import quoted
from phototag.store.library import Library
from phototag.store.searchable import Searchable, version

if TYPE_CHECKING:
    from phototag.backends.sentences import Sentences
    from phototag.search.evaluating import Quality
    from phototag.search.places import Atlas, Places
    from phototag.store.near import Near
    from phototag.vocabulary import Vocabulary

_ATLAS = "places.bin"  # the table of towns, sorted, beside the tables
_VOCABULARIES: dict[tuple[tuple[str, int], ...], Vocabulary] = {}  # the last one that was read
_SAY = 'Say what: phototag search "beach at sunset, summer 2023"'
_PATIENCE = 0.4  # seconds in which another search may have brought the rows up
_OPEN = 8  # libraries that stay open in this process
SEARCH_LEAST, SEARCH_SURE = 0.45, 0.60  # what likenesses of ConSE vectors mean


def search(
    text: str,
    *,
    folder: Path | str = ".",
    libraries: Sequence[Path] = (),
    limit: int = 50,
    like: Sequence[Any] = (),
    unlike: Sequence[Any] = (),
    every: bool = False,
    flags: Flags | None = None,
    report: Report | None = None,
) -> Found:
    """The photos that a query finds, best first, in the library that holds `folder` or in all of these.

    `like` and `unlike` are photos (paths or ids) or vectors; `every` shows near duplicates one by one.
    """
    if not text.strip() and not like and not unlike:
        raise UsageError("There is nothing to search for.", _SAY)
    report = report or Report(quiet=True)
    opened = [open(root, root) for root in libraries] or [open(folder)]
    found = []
    for library in opened:
        one = Searching(library, flags, report)
        wished, unwished = (one.photos(some, alone=len(opened) == 1) for some in (like, unlike))
        if wished or unwished or text.strip():
            found.append((library, one.find(text, limit, wished, unwished, every=every)))
    return merged(found, limit) if len(found) != 1 else found[0][1]


def evaluate(
    file: Path | str,
    *,
    folder: Path | str = ".",
    libraries: Sequence[Path] = (),
    flags: Flags | None = None,
    report: Report | None = None,
) -> Quality:
    """How well the library's search finds what a file of queries says that it should; see `search.evaluating`."""
    from phototag.search.evaluating import asked, quality

    if len(libraries) > 1:
        raise UsageError("Queries are judged in one library at a time.", "Name one: --library DIR")
    opened = open(libraries[0], libraries[0]) if libraries else open(folder)
    one = Searching(opened, flags, report or Report(quiet=True))
    queries = asked(Path(file), lambda path: one.photo(path, Path(file).parent))
    return quality(queries, one.finder, one.understood)


class Searching:
    """One library, ready to be searched; many queries may be asked of it."""

    def __init__(self, library: Library, flags: Flags | None = None, report: Report | None = None) -> None:
        self.library, self._report = library, report or Report(quiet=True)
        self.using = settings_.load(library.place.settings_file, flags)
        self.table = _table(library.lance.folder, library.place.root)
        self.notes: list[str] = []
        self._bring_up()
        names = self.table.known(lambda: gathered(self.table))
        self.known = _Known(self.vocabulary, names, library.lance.folder)
        gear = Gear(names["cameras"], names["lenses"], bool(names.get("south")), self.table.of_path)
        self.finder = Finder(self.table, self._spaces, self.vocabulary, gear)

    def find(
        self, text: str, limit: int, like: Sequence[Any] = (), unlike: Sequence[Any] = (), *, every: bool = False
    ) -> Found:
        """The answer of this library."""
        query = self.understood(text)
        if not (query.parts or query.picture or query.without or like or unlike):
            raise UsageError(f"There is nothing to search for in: {text.strip()}", _SAY)
        found = self.finder.find(query, limit, like=like, unlike=unlike, every=every)
        if query.parts and not (like or unlike) and (typed := as_keyword(text, self.table, self.vocabulary)):
            first = self.finder.find(self.understood(typed), limit, every=every)
            found = after(first, found, limit) if first.hits else found
        roots = (str(self.library.place.root),)
        return replace(found, notes=tuple(dict.fromkeys((*self.notes, *found.notes))), roots=roots)

    def understood(self, text: str) -> Query:
        """What a query means in this library."""
        return understood(text, date.today(), self.known)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        file, own = self.library.place.vocabulary_file, self.using.policy.vocabulary
        files = [path for path in (file, *([Path(own).expanduser()] if own else [])) if path.exists()]
        key = tuple((str(path), path.stat().st_mtime_ns) for path in files)
        if key not in _VOCABULARIES:
            _VOCABULARIES.clear()
            _VOCABULARIES[key] = words_of(self.using, file)
        return _VOCABULARIES[key]

    # ---- photos that are named

    def photos(self, named: Sequence[Any], *, alone: bool) -> list[Any]:
        """Ids and vectors of photos to be like; with several libraries those of others are left out."""
        found = []
        for one in named:
            if not isinstance(one, str | Path):
                found.append(one)
            elif image_id := self.photo(one):
                found.append(image_id)
            elif alone:
                root = self.library.place.root
                raise UsageError(f"{one} is no photo of the library in {root}.", f"Scan it first: phototag scan {root}")
        return found

    def photo(self, named: str | Path, beside: Path | None = None) -> str:
        """The id of a photo, by its path or id; "" if it is not in this library."""
        if isinstance(named, str) and self.table.rows([named], ("path",), "photos"):
            return named
        tried = [Path(named), *([beside / named] if beside else []), self.library.place.root / named]
        for path in tried:
            stored = self.library.place.stored(os.path.realpath(path))
            where = f"path = {quoted(stored)} AND photo_id <> ''"
            for row in self.table.every(("photo_id",), where, "files"):
                return str(row["photo_id"])
        return ""

    # ---- rows

    def _bring_up(self) -> None:
        """Make rows that are missing or old, if this can be done now."""
        if not version(self.table.folder, "photos"):
            root, journal = self.library.place.root, self.library.place.state / "journal.jsonl"
            if not self.table.folder.is_dir() and journal.is_file() and journal.stat().st_size:
                raise Damaged(
                    f"The library in {root} has lost its tables.",
                    f"Make them again from the files, the journal and the evidence log: phototag rebuild {root}",
                )
            self.notes.append(f"The library in {root} has no photos yet: phototag scan {root}")
            return
        if not self.table.count(table="photos"):
            self.notes.append(f"The library in {self.library.place.root} is empty: phototag scan found no photo there.")
        old, gone = behind(self.table, self.vocabulary.key)
        try:
            if old or gone:
                with held(self.library, self._report):
                    old, gone = behind(self.table, self.vocabulary.key)
                    makers = makers_of(self.using)
                    refresh(self.library, self.table, old, gone, self.vocabulary, makers, self._report)
            else:
                note_compared(self.table)
        except Busy:
            time.sleep(_PATIENCE)
            if late := len(behind(self.table, self.vocabulary.key)[0]):
                self.notes.append(f"Another phototag is at work here: {many(late, 'photo')} may not be found yet.")
        except NoSpace as trouble:
            self.notes.append(f"{many(len(old), 'photo')} changed since search last looked: {trouble.sentence}")

    # ---- spaces

    def _spaces(self) -> list[Space]:
        """What can compare pictures here, the sharpest eye first."""
        found = [*self._embedded(), *self._shipped("visual"), *self._shipped("search")]
        return [space for space in found if space.maker]

    def _shipped(self, name: str) -> Iterable[Space]:
        if not version(self.table.folder, f"vectors_{name}"):
            return
        rows = _near(self.table.folder, name)
        maker = self._maker(rows.makers(), {"visual": "labels"}.get(name, name))
        if name == "visual":
            yield Space(name, maker, rows, alike=0.8)
            return
        sentences = _sentences()
        embed = None if sentences.why_not() else sentences.embed_texts
        yield Space(name, maker, rows, embed, SEARCH_LEAST, SEARCH_SURE)

    def _embedded(self) -> Iterable[Space]:
        """The space of the embedder that the settings name, if the library has vectors of it."""
        if not self.using.look.embedder:
            return
        from phototag.backends import registry

        try:
            embedder = registry.embedder(self.using.look.embedder)
        except (NoBackend, UsageError) as trouble:
            self.notes.append(trouble.sentence)
            return
        if version(self.table.folder, f"vectors_{embedder.space}"):
            rows = _near(self.table.folder, embedder.space)
            yield Space(embedder.space, self._maker(rows.makers(), "embed"), rows, embedder.embed_texts, weight=2.5)

    def _maker(self, makers: dict[str, int], step: str) -> str:
        """Whose vectors count: today's maker, else the one that made most."""
        if len(makers) > 1 and (today := makers_of(self.using).get(step, "")) in makers:
            return today
        return max(makers, key=lambda maker: makers[maker], default="")


class _Known:
    """What a library and the gazetteer know, for understanding queries."""

    def __init__(self, vocabulary: Vocabulary, names: dict[str, Any], folder: Path) -> None:
        self.vocabulary, self._names, self._folder = vocabulary, names, folder
        self.cameras: Sequence[str] = names["cameras"]
        self.lenses: Sequence[str] = names["lenses"]

    def place(self, text: str, least: int = 0) -> Area | None:
        return self._places.place(text, least)

    @cached_property
    def _places(self) -> Places:
        from phototag.search.places import Places

        points = self._names["places"].items()
        return Places({name: [(lat, lon) for lat, lon in some] for name, some in points}, self._atlas)

    def _atlas(self) -> Atlas:
        """The table of towns as it was kept, or as it is read from its package."""
        from phototag.search.places import Atlas
        from phototag.store.searchable import keep

        file = self._folder / _ATLAS
        kept = Atlas.unpacked(file.read_bytes()) if file.is_file() else None
        if kept is None:
            kept = Atlas.read()
            keep(file, kept.packed())
        return kept


@lru_cache(maxsize=_OPEN)
def _table(folder: Path, root: Path) -> Searchable:
    """The table of a library; it looks by itself whether there is a newer version."""
    return Searchable(folder, root)


@lru_cache(maxsize=2 * _OPEN)
def _near(folder: Path, space: str) -> Near:
    """The vectors of a space, mapped once and not for each query; newer ones are seen."""
    from phototag.store.near import Near

    return Near(folder, space)


@cache
def _sentences() -> Sentences:
    """The text encoder, loaded once in a process."""
    from phototag.backends.sentences import Sentences

    return Sentences()
