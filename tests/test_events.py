"""Events: what clock, map and pictures tell apart, whatever the order of the photos and however many cameras."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, pairwise
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.decide.events import WINDOW, Event, Limits, Pair, Taken, events, metres

DAY = datetime(2025, 1, 15)
HOTEL, BEACH = (43.5804, 7.1251), (43.5512, 7.0174)  # 9 km from each other
BERLIN, MUNICH = (52.5163, 13.3777), (48.1374, 11.5755)
LIMITS = Limits(content_minutes=0)  # the pause alone protects; the tests of contents say so themselves
Point = tuple[float, float]


def at(clock: str, gps: Point | None = None, camera: str = "phone", run: str = "", day: datetime = DAY) -> Taken:
    """A photo by the time of day; its id is camera and time."""
    hour, minute, *second = map(int, clock.split(":"))
    moment = day + timedelta(hours=hour, minutes=minute, seconds=second[0] if second else 0)
    return Taken(f"{camera} {clock}", moment, camera, gps, run)


def every(minutes: float, count: int, start: str, gps: Point | None = None, camera: str = "phone") -> list[Taken]:
    first = at(start).at
    moments = [first + timedelta(minutes=minutes * n) for n in range(count)]
    return [Taken(f"{camera} {moment:%H:%M:%S}", moment, camera, gps) for moment in moments]


def ids(found: Sequence[Event]) -> list[list[str]]:
    return [[photo.image_id for photo in event.photos] for event in found]


def rules(found: Sequence[Event]) -> list[str]:
    return [event.border.rule if event.border else "" for event in found]


def cameras(found: Sequence[Event]) -> list[set[str]]:
    return [{photo.camera for photo in event.photos} for event in found]


# ---- the clock


def test_nothing_is_no_event_and_one_photo_is_one() -> None:
    assert events([], LIMITS) == []
    assert events([at("9:00")], LIMITS) == [Event((at("9:00"),), None)]


def test_a_pause_longer_than_the_gap_begins_an_event_and_one_as_long_does_not() -> None:
    found = events([at("9:00"), at("11:00"), at("13:00:01")], LIMITS)
    assert ids(found) == [["phone 9:00", "phone 11:00"], ["phone 13:00:01"]]
    border = found[1].border
    assert border is not None
    assert (border.rule, border.before, border.after) == ("gap", ("phone 9:00", "phone 11:00"), ("phone 13:00:01",))
    assert (border.pause_s, border.distance_m, border.difference) == (7201, None, None)


def test_the_gap_is_a_setting() -> None:
    photos = [at("9:00"), at("9:31"), at("10:10")]
    assert len(events(photos, Limits(gap_minutes=30))) == 3
    assert len(events(photos, Limits(gap_minutes=40))) == 1


def test_another_camera_bridges_the_gap() -> None:
    photos = [at("9:00"), at("10:30", camera="other"), at("12:00")]
    assert len(events(photos, LIMITS)) == 1


def test_a_new_month_begins_an_event_at_midnight() -> None:
    eve = datetime(2025, 1, 31)
    photos = [at("23:59", BERLIN, day=eve), at("24:01", BERLIN, day=eve), at("24:02", BERLIN, day=eve)]
    found = events(photos, LIMITS)
    assert ids(found) == [["phone 23:59"], ["phone 24:01", "phone 24:02"]]
    assert rules(found) == ["", "month"]
    assert found[1].border is not None and found[1].border.distance_m == 0


def test_the_same_month_of_another_year_is_another_month_even_with_an_endless_gap() -> None:
    photos = [at("9:00"), at("9:00", day=DAY.replace(year=2026), camera="other")]
    assert rules(events(photos, Limits(gap_minutes=10**9))) == ["", "month"]


def test_a_border_shows_five_photos_of_each_side_the_nearest_to_it_in_the_middle() -> None:
    found = events([*every(1, 8, "9:00"), *every(1, 8, "14:00")], LIMITS)
    border = found[1].border
    assert border is not None
    assert border.before == tuple(f"phone 09:0{n}:00" for n in range(3, 8))
    assert border.after == tuple(f"phone 14:0{n}:00" for n in range(WINDOW))


# ---- runs


def test_a_run_over_midnight_belongs_to_the_month_of_its_first_shot() -> None:
    eve = datetime(2025, 1, 31)
    clock = ("23:59:58", "23:59:59", "24:00:00", "24:00:01")
    photos = [*(at(time, run="fireworks", day=eve) for time in clock), at("24:00:02", day=eve)]
    assert [len(event.photos) for event in events(photos, LIMITS)] == [4, 1]


def test_no_rule_divides_a_run() -> None:
    photos = [at("9:00", BERLIN, run="r"), at("9:30", MUNICH, run="r"), at("15:00", BERLIN, run="r")]
    assert len(events(photos, LIMITS, lambda pairs: [2.0] * len(pairs))) == 1


def test_photos_during_a_run_do_not_divide_it_and_stay_in_order() -> None:
    photos = [at("9:00", run="r"), at("9:10", run="r"), at("9:05", camera="other"), at("9:20")]
    found = events(photos, LIMITS, lambda pairs: [2.0] * len(pairs))
    assert ids(found) == [["phone 9:00", "other 9:05", "phone 9:10"], ["phone 9:20"]]


def test_a_run_is_where_any_of_its_photos_is() -> None:
    photos = [at("9:00", run="r"), at("9:00:01", HOTEL, run="r"), at("9:20", BEACH)]
    assert len(events(photos, LIMITS)) == 2


def test_the_gap_counts_from_the_end_of_a_run() -> None:
    photos = [at("9:00", run="r"), at("10:30", run="r"), at("9:10", camera="other"), at("12:30")]
    assert len(events(photos, LIMITS)) == 1


# ---- places


def test_a_way_after_a_pause_begins_an_event() -> None:
    found = events([at("9:00", HOTEL), at("9:20", BEACH)], LIMITS)
    assert rules(found) == ["", "distance"]
    border = found[1].border
    assert border is not None and border.distance_m == pytest.approx(metres(HOTEL, BEACH))
    assert border.pause_s == 1200


def test_a_short_way_or_a_short_pause_does_not() -> None:
    near = (HOTEL[0] + 0.013, HOTEL[1])  # 1446 m
    assert len(events([at("9:00", HOTEL), at("9:20", near)], LIMITS)) == 1
    assert len(events([at("9:00", HOTEL), at("9:20", near)], Limits(distance_m=1400))) == 2
    assert len(events([at("9:00", HOTEL), at("9:04:59", BEACH)], LIMITS)) == 1
    assert len(events([at("9:00", HOTEL), at("9:05", BEACH)], LIMITS)) == 2


def test_a_place_is_compared_with_the_last_known_point() -> None:
    photos = [at("9:00", HOTEL), at("9:20"), at("9:40"), at("10:00", BEACH), at("10:20"), at("10:40", BEACH)]
    found = events(photos, LIMITS)
    assert [len(event.photos) for event in found] == [3, 3]


def test_hotel_beach_hotel_are_three_events() -> None:
    photos = [*every(6, 3, "9:00", HOTEL), *every(6, 3, "9:40", BEACH), *every(6, 3, "10:20", HOTEL)]
    found = events(photos, LIMITS)
    assert [len(event.photos) for event in found] == [3, 3, 3]
    assert rules(found) == ["", "distance", "distance"]


@pytest.mark.parametrize("camera", ["phone", ""])
def test_one_photo_elsewhere_is_an_event_where_there_was_time_to_go(camera: str) -> None:
    photos = [at("9:00", HOTEL, camera), at("9:30", BEACH, camera), at("10:00", HOTEL, camera)]
    assert len(events(photos, LIMITS)) == 3


@pytest.mark.parametrize("camera", ["phone", ""])
def test_photos_from_a_train_are_one_event(camera: str) -> None:
    photos = [at(f"9:{n}", (50 + n * 0.03, 10), camera) for n in range(60)]  # 200 km/h
    assert len(events(photos, LIMITS)) == 1


def test_two_cameras_in_a_train_are_one_event() -> None:
    photos = [at(f"9:{n}", (50 + n * 0.03, 10), "phone" if n % 2 or n < 5 else "other") for n in range(60)]
    assert len(events(photos, LIMITS)) == 1


def test_points_that_waver_are_no_travel() -> None:
    wavering = [at(f"9:00:{n:02}", (HOTEL[0] + n % 2 * 0.001, HOTEL[1])) for n in range(30)]
    assert len(events([*wavering, at("9:04", BEACH, "other")], LIMITS)) == 2


def test_a_journey_does_not_reach_beyond_a_pause() -> None:
    train = [at(f"9:{n}", (50 + n * 0.03, 10)) for n in range(10)]
    assert len(events([*train, at("9:14", (50.4, 10))], LIMITS)) == 2


def test_who_stays_is_not_divided_by_one_who_goes_by_train() -> None:
    stays = every(10, 6, "9:00", BERLIN, "mum")
    goes = [at(f"9:{n}", (52.5163 + n * 0.03, 13.3777), "dad") for n in range(50)]
    assert sum("mum" in some for some in cameras(events([*stays, *goes], LIMITS))) == 1


@pytest.mark.parametrize(("before", "after"), [(1, 1), (1, 10), (10, 1), (4, 4)])
def test_a_bad_fix_divides_nothing(before: float, after: float) -> None:
    first = every(1, 5, "9:00", HOTEL)
    bad = Taken("bad", first[-1].at + timedelta(minutes=before), "phone", BEACH)
    rest = [Taken(f"rest{n}", bad.at + timedelta(minutes=after * (n + 1)), "phone", HOTEL) for n in range(5)]
    assert len(events([*first, bad, *rest], LIMITS)) == 1


def test_a_fix_too_far_to_get_there_is_bad_whatever_the_pause() -> None:
    assert len(events([at("9:00", BERLIN), at("9:20", MUNICH), at("9:40", BERLIN)], LIMITS)) == 1


@pytest.mark.parametrize("nowhere", [(nan, 7.0), (91.0, 7.0), (43.0, -181.0), (43.0, nan), (0.0, 0.0)])
def test_what_is_no_point_on_the_globe_is_no_point(nowhere: Point) -> None:
    found = events([at("9:00", HOTEL), at("9:20", nowhere)], LIMITS)
    assert len(found) == 1


def test_the_way_across_the_date_line_is_short() -> None:
    assert metres((-17, 179.999), (-17, -179.999)) < 250
    assert metres(BERLIN, BERLIN) == 0
    assert metres(BERLIN, MUNICH) == pytest.approx(504_000, rel=0.01)
    assert metres((90, 0), (-90, 0)) == pytest.approx(20_015_087, rel=0.001)


# ---- several cameras


def test_two_people_in_two_towns_have_an_event_each() -> None:
    mum, dad = every(2, 60, "9:00", BERLIN, "mum"), every(2, 60, "9:01", MUNICH, "dad")
    found = events([*mum, *dad], LIMITS)
    assert cameras(found) == [{"mum"}, {"dad"}]
    assert rules(found) == ["", "distance"]
    assert found[1].border is not None and found[1].border.before == ("mum 09:00:00",)


def test_two_people_part_and_meet_again() -> None:
    together = [*every(10, 4, "9:00", HOTEL, "mum"), *every(10, 4, "9:05", HOTEL, "dad")]
    apart = [*every(10, 6, "10:00", HOTEL, "mum"), *every(10, 6, "10:05", BEACH, "dad")]
    again = [*every(10, 4, "11:20", HOTEL, "mum"), *every(10, 4, "11:25", HOTEL, "dad")]
    found = events([*together, *apart, *again], LIMITS)
    assert [len(event.photos) for event in found] == [22, 6]
    assert cameras(found) == [{"mum", "dad"}, {"dad"}]


def test_who_comes_back_to_where_nobody_was_meanwhile_begins_anew() -> None:
    photos = [at("9:00", HOTEL, "mum"), at("9:05", HOTEL), at("9:30", BEACH), at("10:00", HOTEL)]
    assert len(events(photos, LIMITS)) == 3


def test_cameras_of_one_person_go_along() -> None:
    both = [
        *every(10, 3, "9:00", HOTEL, "phone"),
        *every(10, 3, "9:05", HOTEL, "camera"),
        *every(10, 3, "10:00", BEACH, "phone"),
        *every(10, 3, "10:05", BEACH, "camera"),
    ]
    assert [len(event.photos) for event in events(both, LIMITS)] == [6, 6]


def test_a_third_camera_finds_the_event_that_is_near() -> None:
    photos = [*every(5, 12, "9:00", BERLIN, "mum"), *every(5, 12, "9:01", MUNICH, "dad")]
    found = events([*photos, at("9:32", BERLIN, "aunt"), at("9:34", MUNICH, "")], LIMITS)
    assert cameras(found) == [{"mum", "aunt"}, {"dad", ""}]


def test_a_camera_without_gps_stays_with_its_own_event() -> None:
    old = [at("9:00:30", camera="old"), *every(7, 8, "9:02", camera="old")]
    photos = [*every(5, 12, "9:00", BERLIN, "mum"), *every(5, 12, "9:01", MUNICH, "dad"), *old]
    assert cameras(events(photos, LIMITS)) == [{"mum", "old"}, {"dad"}]


def test_a_camera_without_gps_goes_along_with_the_one_beside_it() -> None:
    phone = [*every(10, 3, "9:00", HOTEL), *every(10, 3, "10:00", BEACH), *every(10, 3, "11:00", HOTEL)]
    old = [*every(10, 3, "9:05", camera="old"), *every(10, 3, "10:05", camera="old"), at("11:30", camera="old")]
    found = events([*phone, *old], LIMITS)
    assert [len(event.photos) for event in found] == [6, 6, 4]
    assert all(one.photos[-1].at < other.photos[0].at for one, other in pairwise(found))


def test_an_unknown_camera_without_gps_follows_the_latest_event() -> None:
    photos = [at("9:00", BERLIN, "mum"), at("9:01", MUNICH, "dad"), at("9:02", camera=""), at("9:10", BERLIN, "mum")]
    found = events([*photos, at("9:11", camera="")], LIMITS)
    assert ids(found) == [["mum 9:00", "mum 9:10", " 9:11"], ["dad 9:01", " 9:02"]]


def test_a_phone_that_finds_its_place_late_was_there_all_the_time() -> None:
    photos = [*every(2, 10, "9:00", BERLIN, "mum"), at("9:01", camera="dad"), *every(2, 10, "9:03", MUNICH, "dad")]
    assert cameras(events(photos, LIMITS)) == [{"mum"}, {"dad"}]


def test_more_places_at_a_time_than_are_kept_open_lose_no_photo() -> None:
    photos = [photo for n in range(80) for photo in every(100, 3, f"9:{n}", (n, n + 1), f"c{n}")]
    found = events(photos, LIMITS)
    assert sorted(chain.from_iterable(ids(found))) == sorted(photo.image_id for photo in photos)
    assert all(len(some) == 1 for some in cameras(found))


# ---- contents


def by_id(unlike: Callable[[str, str], float | None]) -> tuple[list[list[Pair]], Callable[..., list[float | None]]]:
    """A differ that looks at the two photos nearest to the border, and what it was asked."""
    asked: list[list[Pair]] = []

    def differ(pairs: Sequence[Pair]) -> list[float | None]:
        asked.append(list(pairs))
        return [unlike(before[-1], after[0]) for before, after in pairs]

    return asked, differ


def test_unlike_pictures_begin_an_event_after_a_pause() -> None:
    photos = [at("9:00", HOTEL), at("9:10", HOTEL), at("9:14", HOTEL), at("9:24", HOTEL)]
    asked, differ = by_id(lambda before, after: 0.7 if after in ("phone 9:10", "phone 9:14") else 0.5)
    found = events(photos, LIMITS, differ)
    assert ids(found) == [["phone 9:00"], ["phone 9:10", "phone 9:14", "phone 9:24"]]
    border = found[1].border
    assert border is not None
    assert (border.rule, border.pause_s, border.distance_m, border.difference) == ("content", 600, 0, 0.7)
    assert (border.before, border.after) == (("phone 9:00",), ("phone 9:10", "phone 9:14", "phone 9:24"))
    assert len(asked[0]) == 2


def test_at_the_limit_or_where_nothing_is_known_nothing_begins() -> None:
    photos = every(10, 4, "9:00")
    answers: list[float | None] = [0.58, None, nan]
    assert len(events(photos, LIMITS, lambda pairs: answers)) == 1
    assert len(events(photos, Limits(difference=0.5, content_minutes=0), lambda pairs: answers)) == 2


def test_windows_end_at_the_events_of_clock_and_map_and_not_at_those_of_contents() -> None:
    asked, differ = by_id(lambda before, after: 2.0)
    found = events([*every(10, 8, "9:00"), *every(10, 2, "15:00")], LIMITS, differ)
    assert [len(event.photos) for event in found] == [1] * 10
    assert rules(found)[8] == "gap"
    morning = [f"phone {moment.at:%H:%M:%S}" for moment in every(10, 8, "9:00")]
    expected = [(tuple(morning[max(0, n - 5) : n]), tuple(morning[n : n + 5])) for n in range(1, 8)]
    assert asked == [[*expected, (("phone 15:00:00",), ("phone 15:10:00",))]]
    assert [event.border.before for event in found[1:8] if event.border] == [before for before, _ in expected]


def test_a_differ_is_asked_about_hundreds_at_once_and_not_at_all_where_nothing_is_open() -> None:
    photos = [Taken(f"{n:05}", DAY + timedelta(minutes=6 * n), "phone") for n in range(1000)]
    asked, differ = by_id(lambda before, after: 1.0 if after == "00700" else 0.0)
    assert [len(event.photos) for event in events(photos, LIMITS, differ)] == [700, 300]
    assert sum(map(len, asked)) == 999
    assert len(asked) <= 10
    asked.clear()
    events([at("9:00"), at("9:01"), at("15:00")], LIMITS, differ)
    assert asked == []


def test_a_pause_is_as_long_as_the_limit_or_longer() -> None:
    photos = [at("9:00"), at("9:05"), at("9:09:59")]
    assert [len(event.photos) for event in events(photos, LIMITS, lambda pairs: [2.0] * len(pairs))] == [1, 2]


def test_the_way_over_a_border_of_contents_is_between_the_points_nearest_to_it() -> None:
    one, two, three = HOTEL, (HOTEL[0] + 0.004, HOTEL[1]), (HOTEL[0] + 0.006, HOTEL[1])
    photos = [at("9:00", one), at("9:01", two), at("9:02"), at("9:10"), at("9:16", three), at("9:17", one)]
    _, differ = by_id(lambda before, after: 1.0 if after == "phone 9:10" else 0.0)
    border = events(photos, LIMITS, differ)[1].border
    assert border is not None and border.distance_m == pytest.approx(metres(two, three))


def test_a_differ_that_loses_an_answer_is_an_error() -> None:
    with pytest.raises(ValueError):
        events(every(10, 3, "9:00"), LIMITS, lambda pairs: [])


# ---- what always holds

PLACES = (None, HOTEL, BEACH, (HOTEL[0] + 0.01, HOTEL[1]), BERLIN, MUNICH, (nan, 1.0))
MONTHS_END = datetime(2025, 1, 31, 12)

many = st.lists(
    st.builds(
        Taken,
        image_id=st.just(""),
        at=st.one_of(st.integers(0, 1500), st.integers(0, 30)).map(lambda n: MONTHS_END + timedelta(minutes=n)),
        camera=st.sampled_from(("", "mum", "dad", "old")),
        gps=st.sampled_from(PLACES),
        run=st.sampled_from(("", "", "", "", "r1", "r2")),
        path=st.sampled_from(("", "a", "b")),
    ),
    max_size=60,
).map(lambda photos: [replace(photo, image_id=f"id{n}") for n, photo in enumerate(photos)])


def unlike(pairs: Sequence[Pair]) -> list[float | None]:
    """An answer that depends on nothing but the pair."""
    return [(None, 0.2, 0.6, 0.9)[sum(map(len, before + after)) % 4] for before, after in pairs]


@given(many, st.randoms(use_true_random=False))
def test_every_photo_is_in_one_event_and_the_order_of_the_input_decides_nothing(
    photos: list[Taken], dice: random.Random
) -> None:
    found = events(photos, LIMITS, unlike)
    assert sorted(chain.from_iterable(ids(found))) == sorted(photo.image_id for photo in photos)
    shuffled = photos[:]
    dice.shuffle(shuffled)
    # By text: nan is not equal to itself.
    assert repr(events(iter(shuffled), LIMITS, unlike)) == repr(found)
    for event in found:
        assert list(event.photos) == sorted(event.photos, key=lambda photo: (photo.at, photo.path, photo.image_id))
    firsts = [event.photos[0].at for event in found]
    assert firsts == sorted(firsts)
    assert [event.border is None for event in found] == [number == 0 for number in range(len(found))]


@given(many)
def test_runs_stay_whole_and_without_them_no_event_has_two_months_or_a_gap(photos: list[Taken]) -> None:
    found = events(photos, LIMITS, unlike)
    for run in ("r1", "r2"):
        assert sum(any(photo.run == run for photo in event.photos) for event in found) <= 1
    for event in found:
        runs: dict[str, list[datetime]] = {}
        for photo in event.photos:
            runs.setdefault(photo.run or photo.image_id, []).append(photo.at)
        assert len({min(moments).month for moments in runs.values()}) == 1
        for one, other in pairwise(event.photos):
            bridged = any(min(moments) <= one.at and other.at <= max(moments) for moments in runs.values())
            assert bridged or other.at - one.at <= timedelta(hours=2)


@given(many)
def test_what_clock_and_map_tell_apart_is_only_divided_further(photos: list[Taken]) -> None:
    coarse = {photo.image_id: n for n, event in enumerate(events(photos, LIMITS)) for photo in event.photos}
    for event in events(photos, LIMITS, unlike):
        assert len({coarse[photo.image_id] for photo in event.photos}) == 1


@given(many)
def test_a_known_camera_alone_never_has_two_events_at_a_time(photos: list[Taken]) -> None:
    found = events([replace(photo, camera="mum", run="") for photo in photos], LIMITS)
    for one, other in pairwise(found):
        assert one.photos[-1].at <= other.photos[0].at


@given(many)
def test_a_border_says_what_it_stands_on(photos: list[Taken]) -> None:
    for event in events(photos, LIMITS, unlike):
        border = event.border
        if border is None:
            continue
        assert 1 <= len(border.before) <= WINDOW and 1 <= len(border.after) <= WINDOW
        assert border.after[0] == event.photos[0].image_id
        assert (border.difference is not None) == (border.rule == "content")
        if border.rule == "gap":
            assert border.pause_s > 7200
        elif border.rule == "distance":
            assert border.distance_m is not None and border.distance_m > LIMITS.distance_m
        elif border.rule == "content":
            assert border.difference is not None and border.difference > LIMITS.difference
            assert border.pause_s >= 300


def test_what_is_to_be_seen_divides_an_afternoon_only_after_an_hour() -> None:
    """A cake, then a cat, half an hour later at one party: still one party."""
    photos = [at("15:00"), at("15:39"), at("16:40")]
    found = events(photos, Limits(), lambda pairs: [0.9] * len(pairs))
    assert ids(found) == [["phone 15:00", "phone 15:39"], ["phone 16:40"]]
    assert rules(found) == ["", "content"]
