"""Takes changes back: byte for byte where nobody has touched the file since, else our fields alone.

The decision here: an undo is a change like any other, with its journal lines, its pre-image and its proofs; of a
keyword list only the words go that we brought, and what a person has edited since is theirs. Refused: putting the old
file over work that was done after us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from phototag.change import fields, folders
from phototag.change.guards import Limits
from phototag.change.job import Job
from phototag.change.merge_words import deleted
from phototag.change.preimage import Packs
from phototag.change.quarantine import Quarantine
from phototag.change.steps import Steps
from phototag.change.writer import Stop, groups, never
from phototag.errors import Unreadable
from phototag.read.identity import whole_file_digest
from phototag.records import Base, Change, Entry, Values
from phototag.report import Report
from phototag.store.library import Library
from phototag.store.tables import now as now_

if TYPE_CHECKING:
    from phototag.change.editor import Editor

_OWN = "XMP-phototag:"
_LISTS = frozenset((*fields.LISTS.values(), f"{_OWN}MachineKeywords", f"{_OWN}MachineFields"))
_YOURS = "it was changed since and is yours"
_TOGETHER = 256  # entries whose files are looked at, at a time


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one entry."""

    id: str  # of the entry
    path: str  # stored: the file
    how: str  # bytes | fields | refused | gone
    why: str = ""  # of a refusal: a sentence without a full stop
    fields: tuple[str, ...] = ()  # tags that went back, where not the whole file did
    kept: tuple[str, ...] = ()  # tags of ours that were edited since and stay as they are


class Undo:
    """Takes entries back, the newest first. The library's lock is held, as for the writer."""

    def __init__(
        self,
        library: Library,
        editor: Editor,
        report: Report,
        *,
        settle_seconds: float = 0.0,
        break_links: bool = False,
        threads: int = 4,
    ) -> None:
        self._library, self._editor = library, editor
        self._steps = Steps(library, editor, report, Limits(settle_seconds, break_links), threads)
        self._packs = Packs(library.place.state)
        self._quarantine = Quarantine(library, report, threads=threads)

    def run(self, ids: Iterable[str], stop: Stop = never, *, command: str = "undo") -> list[Undone]:
        """What became of each entry, the newest first; shorter when `stop` said so between two groups of files."""
        self._library.changes.replay()
        batch = self._steps.journal.begin(command)
        results: list[Undone] = []
        for some in _waves(self._library.changes.newest_first(ids)):
            if stop():
                break
            results += self._wave(some, batch)
            self._steps.keep_up()
        return results

    def _wave(self, entries: Sequence[Entry], batch: str) -> list[Undone]:
        """Entries of different files: what has to be done is settled first, then done."""
        histories = self._library.changes.of_targets([_target(entry) for entry in entries])
        results: dict[str, Undone] = {}
        jobs: dict[str, Job] = {}
        edited: list[tuple[Entry, str]] = []  # with the digest of the file as it is
        away: list[Entry] = []  # files that went into the quarantine
        for entry in entries:
            now = self._digest(entry)
            if why := _no_undo(entry, histories.get(_target(entry), [])):
                results[entry.id] = Undone(entry.id, _target(entry), "refused", why)
            elif entry.change.get("kind") == "move":
                away.append(entry)
            elif not now:
                results[entry.id] = _out_of_reach(entry, now)
            elif now == entry.after and (not entry.before or self._packs.has(entry.keep)):
                jobs[entry.id] = self._back(entry, now, histories[_target(entry)])
                results[entry.id] = Undone(entry.id, _target(entry), "bytes")
            elif _is_whole(entry):
                why = _why_it_stays(entry, now, histories[_target(entry)])
                results[entry.id] = Undone(entry.id, _target(entry), "refused", why)
            else:
                edited.append((entry, now))
        for entry, job, result in self._by_fields(edited, histories):
            results[entry.id] = result
            if job:
                jobs[entry.id] = job
        results |= self._brought_back(away, batch)
        for group in groups(list(jobs.values())):
            self._steps.run(group, batch)
        for id, job in jobs.items():
            if job.state == "refused":
                results[id] = replace(results[id], how="refused", why=job.why)
        gone = (Change.from_json(entry.change) for entry in entries if results[entry.id].how == "gone")
        folders.drop(self._library.place, (name for change in gone for name in change.folders))
        return [results[entry.id] for entry in entries]

    def _brought_back(self, away: Sequence[Entry], batch: str) -> dict[str, Undone]:
        """What became of files that went into the quarantine, by entry."""
        moves = self._quarantine.back(away, batch) if away else []
        ends = {"done": "bytes"}
        return {
            one.change.of: Undone(one.change.of, one.change.target, ends.get(one.state, "refused"), one.why)
            for one in moves
        }

    def _back(self, entry: Entry, now: str, history: Sequence[Entry]) -> Job:
        """The job that puts old bytes back, or removes a file that we made; a copy only while its original stays."""
        change = _undoing(entry, now, history)
        original = str(entry.keep.get("original") or "not known") if entry.change.get("kind") == "copy" else ""
        restores = entry if entry.before else None
        return self._steps.job(change, restores=restores, removes=not entry.before, original=original)

    def _by_fields(
        self, edited: Sequence[tuple[Entry, str]], histories: Mapping[str, Sequence[Entry]]
    ) -> list[tuple[Entry, Job | None, Undone]]:
        """For files that were changed since: which fields of ours can go back, and the job that does it."""
        found: list[tuple[Entry, Job | None, Undone]] = []
        answers = self._editor.read([self._library.place.actual(_target(entry)) for entry, _ in edited])
        for (entry, now), answer in zip(edited, answers, strict=True):
            if isinstance(answer, Unreadable):
                found.append((entry, None, Undone(entry.id, _target(entry), "refused", answer.sentence)))
                continue
            back, kept = way_back(Change.from_json(entry.change).fields, fields.held(answer))
            edited_by_a_person = f"edited since, and left as they are: {', '.join(kept)}" if kept else ""
            if not any(not tag.startswith(_OWN) for tag in back):
                why = edited_by_a_person or "nothing that was written is in the file any more"
                found.append((entry, None, Undone(entry.id, _target(entry), "refused", why, kept=kept)))
                continue
            change = replace(
                _undoing(entry, now, histories[_target(entry)]),
                fields=back,
                iptc=fields.undeclared(answer),
                stale=fields.stale(answer),
            )
            was = Change.from_json(entry.change).base
            seen = dict.fromkeys(deleted(fields.held(answer), was), now_())
            change = replace(change, base=replace(change.base, gone={**seen, **change.base.gone}))
            forgotten = "" if now != entry.after else "the bytes of before were dropped by phototag forget"
            why = edited_by_a_person or forgotten or "the file was changed since"
            result = Undone(entry.id, _target(entry), "fields", why, tuple(sorted(back)), kept)
            found.append((entry, self._steps.job(change), result))
        return found

    def _digest(self, entry: Entry) -> str | None:
        """Of the file as it is: "" where it has gone, None where it cannot be read."""
        try:
            return whole_file_digest(self._library.place.actual(_target(entry)))
        except FileNotFoundError:
            return ""
        except OSError:
            return None


def way_back(
    written: Mapping[str, tuple[Values, Values]], held: Mapping[str, Values]
) -> tuple[dict[str, tuple[Values, Values]], tuple[str, ...]]:
    """Which tags go back, from what to what, and which a person has edited so that they stay."""
    back: dict[str, tuple[Values, Values]] = {}
    kept: list[str] = []
    for tag, (before, after) in written.items():
        now = held.get(tag, ())
        if now == after:
            wanted = before
        elif tag in _LISTS:
            wanted = tuple(word for word in now if word in before or word not in after)
            wanted += tuple(word for word in before if word not in after and word not in now)
        elif now == before:  # somebody was faster
            continue
        else:
            kept.append(tag)
            continue
        if wanted != now:
            back[tag] = (now, wanted)
    return back, tuple(sorted(kept))


def _undoing(entry: Entry, now: str, history: Sequence[Entry]) -> Change:
    """The change that takes an entry back; what is ours afterwards is what was ours before it."""
    taken_back = Change.from_json(entry.change)
    earlier = [one for one in history[: [one.id for one in history].index(entry.id)] if _counts(one)]
    base = Change.from_json(earlier[-1].change).base if earlier else Base()
    gone = {**base.gone, **taken_back.base.gone}  # a person's deletion outlives our undo
    return replace(taken_back, kind="undo", expect=now, fields={}, base=replace(base, gone=gone), of=entry.id)


def _no_undo(entry: Entry, history: Sequence[Entry]) -> str:
    """Why the entry cannot be taken back whatever the file says; by what the journal says of it now."""
    state = next((one.state for one in history if one.id == entry.id), "")
    if entry.change.get("kind") == "undo":
        return "it is an undo itself"
    if entry.change.get("kind") == "purge":
        return "it was purged for good"
    return {"done": "", "undone": "it was taken back already"}.get(state, "it was never done")


def _out_of_reach(entry: Entry, now: str | None) -> Undone:
    if now is None:
        return Undone(entry.id, _target(entry), "refused", "the file cannot be read now")
    return Undone(entry.id, _target(entry), "gone", "the file is not there any more")


def _is_whole(entry: Entry) -> bool:
    """Does its file go as a whole or not at all? A copy, and what holds no tags."""
    return entry.change.get("kind") == "copy" or entry.change.get("container") == "json"


def _why_it_stays(entry: Entry, now: str, history: Sequence[Entry]) -> str:
    if now == entry.after:
        return "the bytes of before were dropped by phototag forget"
    later = history[[one.id for one in history].index(entry.id) + 1 :]
    ours = [one.batch for one in later if _counts(one)]
    return f"the run {ours[-1]} changed it since; take that one back first" if ours else _YOURS


def _counts(entry: Entry) -> bool:
    return entry.state == "done" and entry.change.get("kind") != "undo"


def _target(entry: Entry) -> str:
    return str(entry.change.get("target", ""))


def _waves(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in their order, cut before a file comes a second time."""
    wave: dict[str, Entry] = {}
    for entry in entries:
        if _target(entry) in wave or len(wave) == _TOGETHER:
            yield list(wave.values())
            wave = {}
        wave[_target(entry)] = entry
    if wave:
        yield list(wave.values())
