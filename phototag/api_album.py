"""The part of `phototag.api` that puts photos into an album: a keyword of the person's in their files.

The decision here: the plan is made from the files, shown, agreed to and carried out by the one writer, and an album is
in the files or nowhere, so that undo takes back all of it. Refused: the keyword in the journal as well, which brought
it back with the next `tag`; and albums in a table of ours, which no other program could see.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, open
from phototag.api_people import deciding, say
from phototag.api_writing import by_folder, command_line, read_again
from phototag.errors import UsageError
from phototag.report import Report, shown
from phototag.review import photo_ids
from phototag.search.listing import located
from phototag.search.nouns import Found
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.change.plan import Planned
    from phototag.change.wish import Spoken
    from phototag.tagging import Agree, Show, Tagged, Tagging

_SEPARATORS = frozenset(",;|/\\")


def album(
    found: Found,
    name: str,
    *,
    dry_run: bool = False,
    agree: Agree | None = None,
    show: Show | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> list[Tagged]:
    """Write a keyword into the files of the photos that were found, and nothing else.

    One run for each library. `agree` is asked once in each run, after the whole plan was shown; None: write at once.
    """
    word, runs = album_name(name), []
    for root, paths in _by_root(found).items():
        one = _Album(open(root, root), word, flags, report or Report(quiet=True), stop)
        runs.append(one.rehearsed(paths, show) if dry_run else one.written(paths, show, agree))
        if runs[-1].interrupted:
            break
    return runs


def album_name(name: str) -> str:
    """The name as a keyword; UsageError for one that no list of keywords can hold."""
    word = " ".join(name.split())
    if not word or not word.isprintable() or _SEPARATORS & set(word) or word.startswith(("+", "-")):
        raise UsageError(
            f"{shown(name)!r} is no name for an album.",
            "It becomes a keyword: letters, figures and spaces, such as 'Summer in Rome'.",
        )
    return word


class _Album:
    """One album in one library."""

    def __init__(self, library: Library, word: str, flags: Flags | None, report: Report, stop: Stop) -> None:
        from phototag.change.journal import new_batch
        from phototag.tagging import Tagged

        self._library, self._word, self._flags, self._report, self._stop = library, word, flags, report, stop
        self._using: Settings = settings_.load(library.place.settings_file, flags)
        self._batch, self._done = new_batch(), Tagged(library)
        self._gone: dict[str, set[str]] = {}  # photo -> keys of words that a person deleted from its files
        self._barred: set[str] = set()

    def rehearsed(self, paths: Sequence[str], show: Show | None) -> Tagged:
        """What would be written, and which files would be refused."""
        from phototag.change.writer import Rehearsal

        ids, write = self._ids(paths), self._using.write
        rehearsal = Rehearsal(self._library, settle_seconds=write.settle_seconds, break_links=write.break_links)
        with self._tagging() as tagging:
            tagging.rehearse(ids, self._below(paths), self._seen_by(show), rehearsal)
        return self._done

    def written(self, paths: Sequence[str], show: Show | None, agree: Agree | None) -> Tagged:
        """Write; then the library reads the files again and decides upon their new keyword."""
        ids = self._ids(paths)
        with self._tagging() as tagging:
            tagging.run(ids, self._below(paths), self._seen_by(show), agree)
        if self._done.batch:
            read_again(self._library, list(by_folder(paths)), self._using, self._report)
            with held(self._library, self._report):
                deciding(self._library, self._using).run(ids, ids, self._report, never)
            self._say_again()
        self._done.interrupted = self._stop()
        return self._done

    @contextmanager
    def _tagging(self) -> Iterator[Tagging]:
        from phototag.change.album import MODES, AlbumWording, barred_before
        from phototag.change.editor import Editor
        from phototag.change.journal import Journal
        from phototag.change.plan import Planner
        from phototag.change.where import Where
        from phototag.change.wish import spoken
        from phototag.change.writer import Writer
        from phototag.tagging import Tagging

        library, write, read = self._library, self._using.write, self._using.read
        words = deciding(library, self._using).vocabulary
        wording = AlbumWording(words, self._using.languages.keywords, self._word, self._batch)
        journal = Journal(library.journal)
        said: dict[str, Spoken] = spoken(journal.said(), words)
        with Editor(read.processes, read.timeout_s * 2) as editor:
            planner = Planner(library, editor, Where(library.place, write.where, write.sidecar), wording, MODES, said)
            writer = Writer(
                library,
                editor,
                settle_seconds=write.settle_seconds,
                report=self._report,
                break_links=write.break_links,
            )
            try:
                yield Tagging(
                    self._done,
                    planner,
                    writer,
                    lambda: journal.begin(command_line(), self._batch),
                    lambda: held(library, self._report),
                    self._report,
                    self._stop,
                )
            finally:
                planner.close()
        self._barred = barred_before(wording, self._word, said, self._gone)

    def _ids(self, paths: Sequence[str]) -> list[str]:
        """The photos, each decided upon, for nothing is planned for others; half-done changes have come to an end."""
        with held(self._library, self._report):
            ids = photo_ids(self._library, paths)
            deciding(self._library, self._using).run(ids, (), self._report, never)
            return ids

    def _below(self, paths: Sequence[str]) -> Callable[[str], bool]:
        """Only the files that were found are written, not others of the same photos in other folders."""
        stored = {self._library.place.stored(os.path.realpath(path)) for path in paths}
        return stored.__contains__

    def _seen_by(self, show: Show | None) -> Show:
        def seen(planned: Planned) -> None:
            if planned.change:
                self._gone.setdefault(planned.image_id, set()).update(planned.change.base.gone)
            if show:
                show(planned)

        return seen

    def _say_again(self) -> None:
        """What a person took away once and now asks for has to be said: the older word is in the journal for good."""
        entries = self._library.changes.newest_first(self._library.changes.ids_of_batch(self._done.batch))
        written = {str(entry.change.get("source")) for entry in entries if entry.state == "done"}
        files = [file for file in self._library.files("path", written) if file.photo_id in self._barred]
        if files:
            paths = [self._library.place.actual(file.path) for file in files]
            root = self._library.place.root
            say(paths, add=(self._word,), library=root, flags=self._flags, report=self._report)


def _by_root(found: Found) -> dict[Path, list[str]]:
    """The photos by the library that they are in."""
    groups: dict[Path, list[str]] = {}
    roots = sorted(found.roots, key=len, reverse=True)  # a library inside of another one comes first
    for path in located(found):
        root = next((one for one in roots if path.startswith(f"{one.rstrip('/')}/")), found.roots[0])
        groups.setdefault(Path(root), []).append(path)
    return groups
