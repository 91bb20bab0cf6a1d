"""Which photos are of one event: a walk, a feast, a day at the sea.

The decision here: clock and map come first, and what the pictures show may only divide further what they left
together, where the cameras paused; its windows do not depend on each other, so that a model is asked about hundreds of
borders at once. Refused: clustering by likeness, which puts two birthdays into one event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from phototag.decide.events_nouns import WINDOW, Limits, Point, Taken
from phototag.decide.events_streams import Draft, known, metres, order, streams

__all__ = ["WINDOW", "Border", "Differ", "Event", "Limits", "Pair", "Taken", "events", "metres"]

_BATCH = 256  # pairs that are asked about at once

Pair = tuple[tuple[str, ...], tuple[str, ...]]
Differ = Callable[[Sequence[Pair]], Sequence[float | None]]  # for each pair how unlike its sides are; None: not known


@dataclass(frozen=True, slots=True)
class Border:
    """Why an event begins, and what lies on both sides."""

    rule: str  # month | gap | distance | content; the first of them that holds
    before: tuple[str, ...]  # of the event that ended, or from which a camera went away; the nearest last
    after: tuple[str, ...]  # the nearest first
    pause_s: float  # 0 where the other event still went on
    distance_m: float | None  # between the nearest known points; None where a side has none
    difference: float | None  # as the differ said, where it was asked


@dataclass(frozen=True, slots=True)
class Event:
    """Photos of one event in order of time, and why it begins; the very first one has no border."""

    photos: tuple[Taken, ...]
    border: Border | None


@dataclass(frozen=True, slots=True)
class _Cut:
    """A place within a draft where it may be divided."""

    draft: int
    at: int  # the first photo behind it
    pause_s: float


def events(photos: Iterable[Taken], limits: Limits, differ: Differ | None = None) -> list[Event]:
    """Every photo in exactly one event, and the events by their first photo; the order of the input decides nothing."""
    drafts = streams(photos, limits)
    cuts: defaultdict[int, list[tuple[_Cut, float]]] = defaultdict(list)
    if differ is not None:
        for cut, difference in _differing(drafts, limits, differ):
            cuts[cut.draft].append((cut, difference))
    found = [event for number, draft in enumerate(drafts) for event in _parts(draft, cuts.get(number, ()))]
    return sorted(found, key=lambda event: order(event.photos[0]))


def _parts(draft: Draft, cuts: Sequence[tuple[_Cut, float]]) -> Iterator[Event]:
    """A draft's events, in order of time."""
    photos = tuple(draft.photos)
    ends = [*(cut.at for cut, _ in cuts), len(photos)]
    yield Event(photos[: ends[0]], _first_border(draft))
    for (cut, difference), end in zip(cuts, ends[1:], strict=True):
        before, after = _sides(draft, cut)
        away = _away(_nearest_point(reversed(before)), _nearest_point(after))
        yield Event(photos[cut.at : end], Border("content", _ids(before), _ids(after), cut.pause_s, away, difference))


def _first_border(draft: Draft) -> Border | None:
    if not draft.rule:
        return None
    away = _away(draft.point_before, draft.first_point)
    return Border(draft.rule, draft.before, _ids(draft.photos[:WINDOW]), draft.pause_s, away, None)


# ---- what the pictures show


def _differing(drafts: Sequence[Draft], limits: Limits, differ: Differ) -> Iterator[tuple[_Cut, float]]:
    """The cuts whose sides differ by more than the limit, in order."""
    cuts = (cut for number, draft in enumerate(drafts) for cut in _cuts(number, draft, _pause_s(limits)))
    while batch := list(islice(cuts, _BATCH)):
        pairs = [(_ids(before), _ids(after)) for before, after in (_sides(drafts[cut.draft], cut) for cut in batch)]
        for cut, difference in zip(batch, differ(pairs), strict=True):
            if difference is not None and difference > limits.difference:
                yield cut, difference


def _pause_s(limits: Limits) -> float:
    return max(limits.pause_minutes, limits.content_minutes) * 60


def _cuts(number: int, draft: Draft, pause_s: float) -> Iterator[_Cut]:
    """Where a draft may be divided: at a pause, and never within a run."""
    run_ends = {photo.run: at for at, photo in enumerate(draft.photos) if photo.run}
    reach = -1  # the last photo of the runs that have begun
    for at, (one, other) in enumerate(pairwise(draft.photos), 1):
        reach = max(reach, run_ends.get(one.run, -1))
        pause = (other.at - one.at).total_seconds()
        if reach < at and pause >= pause_s:
            yield _Cut(number, at, pause)


def _sides(draft: Draft, cut: _Cut) -> tuple[list[Taken], list[Taken]]:
    """The photos on both sides, up to WINDOW each, whatever other cuts there are."""
    return draft.photos[max(0, cut.at - WINDOW) : cut.at], draft.photos[cut.at : cut.at + WINDOW]


def _ids(photos: Iterable[Taken]) -> tuple[str, ...]:
    return tuple(photo.image_id for photo in photos)


def _nearest_point(photos: Iterable[Taken]) -> Point | None:
    return next((point for photo in photos if (point := known(photo.gps))), None)


def _away(one: Point | None, other: Point | None) -> float | None:
    return metres(one, other) if one and other else None
