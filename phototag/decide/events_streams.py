"""The events that clock and map tell apart: months, pauses and places, with every camera on a way of its own.

The decision here: a camera stays in its own event, and where it goes on, what has no GPS goes with it; so two people
in two towns make two events side by side, and one who comes back makes a third. Only a few open events are looked at.
Refused: one line of time for all cameras (every photo of two people would begin an event), and clustering of all points
(neither linear nor in order of time).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import asin, cos, inf, radians, sin, sqrt

from phototag.decide.events_nouns import WINDOW, Limits, Point, Taken

_MOST_OPEN = 32  # events side by side; the one that got no photo for longest is closed
_FASTEST = 70.0  # metres a second; no road or rail is faster
_NOISE_M = 200.0  # so far a standing camera's points may lie apart
_EARTH_M = 6_371_008.8
_EPOCH = datetime(1970, 1, 1)


@dataclass(slots=True)
class _Visit:
    """One camera's stay in one event."""

    first: float
    last: float
    point: Point | None


@dataclass(slots=True, eq=False)
class Draft:
    """An event that is being gathered, and what stood in front of it when it began."""

    rule: str  # why it began; "" for the very first one
    before: tuple[str, ...] = ()
    pause_s: float = 0.0
    point_before: Point | None = None
    photos: list[Taken] = field(default_factory=list)
    last: float = -inf
    first_point: Point | None = None
    point: Point | None = None
    point_at: float = 0.0
    speed: float = 0.0  # metres a second, of the camera that gave the last point
    visits: dict[str, _Visit] = field(default_factory=dict)
    guides: set[str] = field(default_factory=set)  # cameras with GPS that are here and nowhere else
    heir: Draft | None = None  # where a guide went when it left

    @property
    def is_left(self) -> bool:
        return self.heir is not None and not self.guides


@dataclass(slots=True)
class _Unit:
    """A photo, or all photos of one run: what is never split."""

    photos: list[Taken]
    start: float
    end: float
    point: Point | None

    @property
    def camera(self) -> str:
        return self.photos[0].camera

    @property
    def month(self) -> tuple[int, int]:
        return self.photos[0].at.year, self.photos[0].at.month


def streams(photos: Iterable[Taken], limits: Limits) -> list[Draft]:
    """The events that clock and map tell apart, by their first photo, each in order of time."""
    units = _units(photos)
    _correct(units, limits)
    ways = _Ways(limits)
    for unit in units:
        ways.put(unit)
    for draft in ways.drafts:
        draft.photos.sort(key=order)
    return ways.drafts


def order(photo: Taken) -> tuple[datetime, str, str]:
    """The one order of photos."""
    return photo.at, photo.path, photo.image_id


def known(gps: Point | None) -> Point | None:
    """The point, if it is one on the globe; 0, 0 is what is written where there was none."""
    on_globe = gps is not None and -90 <= gps[0] <= 90 and -180 <= gps[1] <= 180 and gps != (0, 0)
    return gps if on_globe else None


def metres(one: Point, other: Point) -> float:
    """How far two points are from each other, along the globe."""
    if one == other:
        return 0.0
    north, south = radians(one[0]), radians(other[0])
    half = sin((north - south) / 2) ** 2
    half += cos(north) * cos(south) * sin(radians(one[1] - other[1]) / 2) ** 2
    return 2 * _EARTH_M * asin(min(1.0, sqrt(half)))


def _units(photos: Iterable[Taken]) -> list[_Unit]:
    """Photos and runs, by their first shot."""
    found: list[_Unit] = []
    runs: dict[str, _Unit] = {}
    for photo in sorted(photos, key=order):
        seconds = (photo.at - _EPOCH).total_seconds()
        unit = runs.get(photo.run) if photo.run else None
        if unit is None:
            unit = _Unit([photo], seconds, seconds, known(photo.gps))
            found.append(unit)
            if photo.run:
                runs[photo.run] = unit
        else:
            unit.photos.append(photo)
            unit.end = seconds
            unit.point = unit.point or known(photo.gps)
    return found


# ---- which points are believed


def _correct(units: Sequence[_Unit], limits: Limits) -> None:
    """Forget bad fixes, and let a camera that has no fix yet have the one that it finds shortly after."""
    by_camera: defaultdict[str, list[_Unit]] = defaultdict(list)
    for unit in units:
        if unit.camera:
            by_camera[unit.camera].append(unit)
    for some in by_camera.values():
        if located := [unit for unit in some if unit.point]:
            _forget_strays(located, limits)
            _lend(some, limits.pause_minutes * 60)


def _forget_strays(located: Sequence[_Unit], limits: Limits) -> None:
    good = located[0]
    for unit, following in pairwise(located[1:]):
        if _is_stray(good, unit, following, limits):
            unit.point = None
        else:
            good = unit


def _lend(some: Sequence[_Unit], within_s: float) -> None:
    lender: _Unit | None = None
    for unit in reversed(some):
        if unit.point:
            lender = unit
        elif lender and lender.start - unit.start < within_s:
            unit.point = lender.point


def _is_stray(before: _Unit, unit: _Unit, after: _Unit, limits: Limits) -> bool:
    """Whether the camera would have been elsewhere for just this one, and got there or back sooner than one can."""
    if before.point is None or unit.point is None or after.point is None:
        return False
    out = metres(before.point, unit.point)
    if out <= limits.distance_m or metres(before.point, after.point) > limits.distance_m:
        return False
    back = metres(unit.point, after.point)

    def hasty(way: float, seconds: float) -> bool:
        return seconds < limits.pause_minutes * 60 or way > _FASTEST * seconds

    return back > limits.distance_m and (hasty(out, unit.start - before.end) or hasty(back, after.start - unit.end))


# ---- which way each camera goes


class _Ways:
    """Puts one unit after the other, in order of time, into the event to which it belongs."""

    def __init__(self, limits: Limits) -> None:
        self.drafts: list[Draft] = []
        self._open: list[Draft] = []  # the one that got a photo last stands last
        self._home: dict[str, Draft] = {}  # the event in which each camera is
        self._latest: Draft | None = None
        self._month: tuple[int, int] | None = None
        self._distance = limits.distance_m
        self._gap_s, self._pause_s = limits.gap_minutes * 60, limits.pause_minutes * 60

    def put(self, unit: _Unit) -> None:
        is_new_month = unit.month != self._month
        self._open = [d for d in self._open if not is_new_month and unit.start - d.last <= self._gap_s]
        own = self._own(unit)
        draft = self._fitting(unit, own) if self._open else None
        if draft is None:
            rule = "month" if is_new_month else "distance" if self._open else "gap"
            draft = self._begun(rule, unit, own or (self._open[-1] if self._open else self._latest))
        self._month = unit.month
        self._join(draft, unit)

    def _own(self, unit: _Unit) -> Draft | None:
        """The open event in which this camera is; without GPS, the one to which those with GPS went on."""
        draft = self._home.get(unit.camera) if unit.camera else None
        if draft not in self._open:
            return None
        while unit.point is None and draft and draft.is_left:
            draft = draft.heir
        return draft if draft in self._open else None

    def _fitting(self, unit: _Unit, own: Draft | None) -> Draft | None:
        """The open event to which the unit belongs: its camera's, else a near one, else the latest if no place speaks
        against it. An event that its cameras left is over, and one camera takes up an earlier event only if others
        were there in the meantime."""
        latest = self._open[-1]
        if unit.point is None:
            return own or latest
        if own and self._may_stay(own, unit):
            return own
        since = own.visits[unit.camera].first if own and unit.camera in own.visits else -inf
        others = (draft for draft in reversed(self._open) if draft is not own and not draft.is_left)
        near = next((draft for draft in others if draft.last >= since and self._is_near(draft, unit)), None)
        if near or own:
            return near
        return latest if self._may_stay(latest, unit) else None

    def _may_stay(self, draft: Draft, unit: _Unit) -> bool:
        """Whether the unit goes on with this event: shortly after another of its camera, however far; or near."""
        visit = draft.visits.get(unit.camera)
        if draft.point is None or unit.point is None or (visit and unit.start - visit.last < self._pause_s):
            return True
        # Where others moved on by train, a camera that stayed is still where it was.
        stood = visit is not None and visit.point is not None and metres(visit.point, unit.point) <= self._distance
        return stood or self._is_near(draft, unit)

    def _is_near(self, draft: Draft, unit: _Unit) -> bool:
        """Whether a unit is near the event's last point, or no farther than its camera moves on meanwhile."""
        if draft.point is None or unit.point is None:
            return False
        meanwhile = unit.start - draft.point_at
        moved = draft.speed * meanwhile if 0 < meanwhile < self._pause_s else 0.0
        return metres(draft.point, unit.point) <= self._distance + moved

    def _begun(self, rule: str, unit: _Unit, before: Draft | None) -> Draft:
        if before is None:
            draft = Draft("")
        else:
            ids = tuple(photo.image_id for photo in sorted(before.photos[-WINDOW:], key=order))
            draft = Draft(rule, ids, max(0.0, unit.start - before.last), before.point)
        self.drafts.append(draft)
        del self._open[: max(0, len(self._open) - _MOST_OPEN + 1)]
        return draft

    def _join(self, draft: Draft, unit: _Unit) -> None:
        camera, home = unit.camera, self._home.get(unit.camera)
        if home is not None and home is not draft and camera in home.guides:
            home.guides.discard(camera)
            home.heir = draft
        self._home[camera] = self._latest = draft
        self._open = [*(other for other in self._open if other is not draft), draft]
        draft.photos += unit.photos
        draft.last = max(draft.last, unit.end)
        visit = draft.visits.setdefault(camera, _Visit(unit.start, unit.end, None))
        if unit.point:
            draft.guides.add(camera)
            draft.speed = self._speed(visit, unit.point, unit.start)
            draft.first_point = draft.first_point or unit.point
            draft.point, draft.point_at, visit.point = unit.point, unit.end, unit.point
        visit.last = max(visit.last, unit.end)

    def _speed(self, visit: _Visit, point: Point, start: float) -> float:
        """How fast the camera is on its way; 0 where it stands, or was silent for a pause."""
        seconds = start - visit.last
        if visit.point is None or not 0 < seconds < self._pause_s:
            return 0.0
        return max(0.0, metres(visit.point, point) - _NOISE_M) / seconds
