"""Runs of moments that keep one interval: the proof of a timelapse.

The decision here: a person never keeps a pace to a tenth for twelve frames, and a camera that fires as fast as it can
does not go on for a minute. Where the clock shows whole seconds, the pace must fit over twelve frames as a whole, and a
short interval needs more frames, for a rounded second says little. Refused: one interval for the whole run, because
long exposures at dusk stretch it slowly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

FRAMES = 12
JITTER = 0.1  # of the interval
MOST_MISSED = 2  # frames in a row that somebody deleted or the camera dropped
MISSED_SHARE = 0.1
LEAST_S, LEAST_SPAN_S = 0.9, 20.0  # a slow burst is over before
FAST_SPAN_S = 60.0  # below that interval: no burst lasts so long
ROUNDED_S = 3.0  # from this interval on, whole seconds tell as much as their fractions
_ROUNDING_S = 0.6  # a time cut to whole seconds lies so far from the line through its neighbours at most


def regular(moments: Sequence[float]) -> Iterator[tuple[int, int, float]]:
    """Start, end and interval of every run of frames that keep one, among moments in order; runs share no frame."""
    coarse = all(moment.is_integer() for moment in moments)
    start, places = 0, [0]
    for number in range(1, len(moments) + 1):
        steps = _steps(moments, places, start, number, coarse) if number < len(moments) else 0
        if steps:
            places.append(places[-1] + steps)
            continue
        if _is_kept(moments[start:number], places, coarse):
            yield start, number, _every(moments, places, start, number)
            start, places = number, [0]
        else:  # the last frame may be the first of the next run
            start, places = number - 1, [0, 1]
            if number < len(moments) and moments[number] <= moments[start]:
                start, places = number, [0]


def _every(moments: Sequence[float], places: Sequence[int], start: int, number: int) -> float:
    """The interval over the last frames before this number."""
    back = min(len(places), FRAMES)
    first = number - back
    return (moments[number - 1] - moments[first]) / max(places[-1] - places[-back], 1)


def _steps(moments: Sequence[float], places: Sequence[int], start: int, number: int, coarse: bool) -> int:
    """How many intervals after the frame before it this one comes; 0 if it does not keep the pace."""
    passed = moments[number] - moments[number - 1]
    if len(places) == 1:
        return int(passed > 0)
    every = _every(moments, places, start, number)
    for steps in range(1, MOST_MISSED + 2):
        slack = 1.0 + steps / min(len(places) - 1, FRAMES) if coarse else 0.0
        if abs(passed - steps * every) <= JITTER * steps * every + slack:
            return steps
    return 0


def _is_kept(moments: Sequence[float], places: Sequence[int], coarse: bool) -> bool:
    span = moments[-1] - moments[0]
    if len(moments) < FRAMES or span <= 0:
        return False
    every = span / places[-1]
    if places[-1] > (1 + MISSED_SHARE) * (len(moments) - 1) + 1:
        return False
    if span < (LEAST_SPAN_S if every >= LEAST_S else FAST_SPAN_S):
        return False
    if not coarse:
        return True
    if every < LEAST_S or len(moments) < FRAMES * max(1.0, ROUNDED_S / every):
        return False
    starts = [*range(0, len(moments) - FRAMES, FRAMES), len(moments) - FRAMES]
    return all(_on_a_line(moments[at : at + FRAMES], places[at : at + FRAMES]) for at in starts)


def _on_a_line(moments: Sequence[float], places: Sequence[int]) -> bool:
    """Do these times lie on one line, as far as rounding and jitter allow?"""
    count = len(moments)
    middle, mean = sum(places) / count, sum(moments) / count
    spread = sum((place - middle) ** 2 for place in places)
    every = sum((place - middle) * (moment - mean) for place, moment in zip(places, moments, strict=True)) / spread
    most = JITTER * every + _ROUNDING_S
    return all(
        abs(moment - mean - every * (place - middle)) <= most for place, moment in zip(places, moments, strict=True)
    )
