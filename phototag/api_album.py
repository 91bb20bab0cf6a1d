"""The part of `phototag.api` that puts photos into an album: a keyword of the person's in their files.

The decision here: the plan is made from the files, shown, agreed to and carried out by the one writer, and an album is
in the files or nowhere, so that undo takes back all of it. Refused: the keyword in the journal as well, which brought
it back with the next `tag`; and albums in a table of ours, which no other program could see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    from phototag.change.album import AlbumWording
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

        write = self._using.write
        rehearsal = Rehearsal(self._library, settle_seconds=write.settle_seconds, break_links=write.break_links)
        with self._tagging() as tagging:
            tagging.rehearse(self._ids(paths), self._below(paths), self._seen_by(show), rehearsal)
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
