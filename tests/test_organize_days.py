"""Which folder a photo gets whose time nobody knows, and which one an event keeps, whatever people and rules do.

The decision: most of it is asked of a library of rows without pixels, in which a tree and its histories are a few
lines; one story is told from the command line. Refused: a run with models for every border case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.decide.events import Limits, Taken, events
from phototag.decide.naming import Rules, Template
from phototag.organizing.names import common_place, standing_folder
from phototag.organizing.planning import Group, Plan, Planning, Style, with_days
from phototag.organizing.stock import Stock
from phototag.records import Decision, Facts, File, Moment, Photo, Tag
from phototag.settings import Settings
from phototag.store.decided import Sketch
from phototag.store.library import open_library
from phototag.vocabulary import Term, Vocabulary
from tests.organizing import Tell, found, picture, teller, tree

WORDS = Vocabulary([Term("birthday", kind="events")])
JUNE = "2021/06 Jun"
NOON = "05T12:00:00"
BERLIN = {"city": "Berlin", "country": "Germany", "country_code": "DE"}


class Tree:
    """A library whose photos nobody has taken: what lies in the source, and what stands in the tree."""

    def __init__(self, folder: Path) -> None:
        self.library = open_library(folder, folder, make=True)
        self._at = folder

    def add(
        self,
        *names: str,
        at: str,
        by: str = "exif",
        standing: str = "",
        source: str = "/s",
        tags: Sequence[str] = (),
        place: dict[str, str] | None = None,
    ) -> None:
        """Photos of June 2021, a minute apart where they have a time; with `standing` they are copied there already."""
        files, photos, decisions = [], [], []
        for number, name in enumerate(names):
            local = datetime.fromisoformat(f"2021-06-{at}")
            local += timedelta(minutes=0 if by == "name" else number)
            facts = Facts(moment=Moment(local, None, None, by))
            paths = [f"{source}/{name}.jpg", *([f"{standing}/{name}.jpg".lstrip("/")] if standing else [])]
            own = [File(path, 5, 5, 5, "jpeg", f"id-{name}", f"id-{name}", facts=facts) for path in paths]
            files += own
            photos.append((Photo(f"id-{name}", "picture", tuple(paths), facts), own))
            words = tuple(Tag(tag, 0.9, ("human",)) for tag in tags)
            decisions.append(Decision(f"id-{name}", words, place=place or {}))
        with self.library.writing():
            self.library.put_files(files)
            self.library.put_photos(photos)
            self.library.put_decisions(decisions)

    def plan(self, *, rules: Sequence[str] = (), template: str = "", source: str = "/s") -> Plan:
        using = Settings(rules=tuple(rules))
        style = Style(Template(template or using.names.template), Rules(rules, WORDS), WORDS, using)
        return Planning(self.library, source, style, None, again=False).plan()

    def folders(self, **given: Sequence[str]) -> dict[str, str]:
        """Where each new photo goes."""
        plan = self.plan(**given)  # type: ignore[arg-type]
        return {Path(copy.original).stem: copy.target.rpartition("/")[0] for copy in plan.copies}


@pytest.fixture
def to(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


# ---- days without a time


def test_a_photo_of_a_day_joins_the_largest_event_of_that_day(to: Tree) -> None:
    to.add("a", "b", "c", at="05T09:00:00")
    to.add("d", "e", at="05T20:00:00")
    to.add("f", "g", "h", "i", at="06T10:00:00")
    to.add("whatsapp", at=NOON, by="name")
    folders = to.folders()
    assert folders["whatsapp"] == folders["a"] == f"{JUNE}/2021-06-05T0900 - 05T0902"
    assert folders["d"] == f"{JUNE}/2021-06-05T2000 - 05T2001"


def test_of_events_of_one_size_the_one_nearest_to_noon_is_joined(to: Tree) -> None:
    to.add("a", "b", at="05T07:00:00")
    to.add("c", "d", at="05T15:00:00")
    to.add("e", "f", at="05T22:00:00")
    to.add("whatsapp", at=NOON, by="name")
    folders = to.folders()
    assert folders["whatsapp"] == folders["c"]


def test_days_without_events_are_named_by_the_day(to: Tree) -> None:
    to.add("a", "b", at=NOON, by="name", place=BERLIN)
    to.add("c", at="06T12:00:00", by="name")
    plan = to.plan()
    folders = {Path(copy.original).stem: copy.target.rpartition("/")[0] for copy in plan.copies}
    assert folders == {"a": f"{JUNE}/2021-06-05 Berlin", "b": f"{JUNE}/2021-06-05 Berlin", "c": f"{JUNE}/2021-06-06"}
    assert [(group.photos, group.start, group.end, group.borders) for group in plan.groups] == [
        (2, None, None, []),
        (1, None, None, []),
    ]


def test_noon_neither_joins_nor_stretches_what_clocks_part(to: Tree) -> None:
    to.add("a", at="05T10:50:00")
    to.add("b", at="05T13:00:00")
    to.add("w1", "w2", "w3", at=NOON, by="name")
    plan = to.plan()
    assert [(group.folder, group.start, group.end) for group in plan.groups] == [
        (f"{JUNE}/2021-06-05T1050", datetime(2021, 6, 5, 10, 50), datetime(2021, 6, 5, 10, 50)),
        (f"{JUNE}/2021-06-05T1300", datetime(2021, 6, 5, 13), datetime(2021, 6, 5, 13)),
    ]
    assert [group.photos for group in plan.groups] == [1, 4]


def test_a_night_takes_the_photos_of_both_its_days(to: Tree) -> None:
    to.add("a", "b", at="05T23:59:00")
    to.add("w5", at=NOON, by="name")
    to.add("w6", at="06T12:00:00", by="name")
    assert set(to.folders().values()) == {f"{JUNE}/2021-06-05T2359 - 06T0000"}


def test_a_camera_that_says_noon_is_believed(to: Tree) -> None:
    to.add("a", at=NOON)
    to.add("b", at="05T12:00:00.5", by="name")
    assert set(to.folders().values()) == {f"{JUNE}/2021-06-05T1200"}


def test_a_photo_of_a_day_finds_the_event_that_stands(to: Tree) -> None:
    to.add("a", "b", at="05T09:00:00", standing="Omas 80.")
    to.add("c", at="05T18:00:00", standing="Evening")
    to.add("whatsapp", at=NOON, by="name")
    plan = to.plan()
    assert [copy.target for copy in plan.copies] == ["Omas 80./whatsapp.jpg"]
    assert [(group.folder, group.photos, group.standing) for group in plan.groups] == [("Omas 80.", 1, 2)]


def test_what_comes_later_joins_the_photos_of_the_day_that_stand(to: Tree) -> None:
    to.add("w1", "w2", at=NOON, by="name", standing=f"{JUNE}/2021-06-05")
    to.add("a", "b", at="05T09:00:00")
    to.add("w3", at=NOON, by="name")
    assert set(to.folders().values()) == {f"{JUNE}/2021-06-05"}


def test_a_larger_event_of_the_same_day_does_not_follow_a_photo_that_stands_with_another(to: Tree) -> None:
    to.add("a", at="05T09:00:00", standing="Morning")
    to.add("w1", "w2", at=NOON, by="name", standing="Morning")
    to.add("b", "c", "d", at="05T20:00:00")
    assert set(to.folders().values()) == {f"{JUNE}/2021-06-05T2000 - 05T2002"}


def test_photos_whose_time_is_known_decide_where_the_event_stands(to: Tree) -> None:
    to.add("w1", "w2", "w3", at=NOON, by="name", standing="Best of")
    to.add("a", at="05T09:00:00", standing="Here")
    to.add("b", at="05T09:10:00")
    to.add("w4", at=NOON, by="name")
    assert to.folders() == {"b": "Here", "w4": "Here"}


MOMENTS = st.lists(st.tuples(st.integers(0, 3 * 24 * 60 - 1), st.booleans()), max_size=25)


@given(MOMENTS)
def test_photos_of_a_day_change_no_event_and_each_is_in_one_of_its_day(moments: list[tuple[int, bool]]) -> None:
    stocks = []
    for number, (minute, of_day) in enumerate(moments):
        at = datetime(2021, 6, 29) + timedelta(minutes=minute)
        at = at.replace(hour=12, minute=0) if of_day else at
        stocks.append(Stock(Taken(f"id{number}", at, path=f"{number}"), dated=True, of_day=of_day))
    timed = {one.image_id: one for one in stocks if not one.of_day}
    days = [one for one in stocks if one.of_day]
    before = events((one.taken for one in timed.values()), Limits())
    after = with_days(before, days, timed)
    assert [tuple(photo for photo in event.photos if photo.image_id in timed) for event in after] == [
        *(event.photos for event in before),
        *[()] * (len(after) - len(before)),
    ]
    assert Counter(photo.image_id for event in after for photo in event.photos) == Counter(
        one.image_id for one in stocks
    )
    assert with_days(before, days[::-1], timed) == after
    for event in after:
        own = {photo.at.date() for photo in event.photos if photo.image_id in timed}
        others = {photo.at.date() for photo in event.photos if photo.image_id not in timed}
        assert others <= own if own else len(others) == 1
    clocked = {one.taken.at.date() for one in timed.values()}
    alone = [event.photos[0].at.date() for event in after[len(before) :]]
    assert len(set(alone)) == len(alone) and clocked.isdisjoint(alone)


# ---- where an event stands


def test_what_a_person_took_elsewhere_does_not_move_the_event(to: Tree) -> None:
    to.add(*"abcdefgh", at="05T09:00:00", standing=f"{JUNE}/the event")
    to.add("i", "j", at="05T09:10:00", standing="Best of")
    to.add("new", at="05T09:20:00")
    plan = to.plan()
    assert [copy.target for copy in plan.copies] == [f"{JUNE}/the event/new.jpg"]
    assert [group.standing for group in plan.groups] == [8]


def test_the_folder_of_a_third_decides() -> None:
    assert standing_folder(["A/1", "A/2", "B/1", "C/1", "D/1", "E/1"]) == "A"
    assert standing_folder(["A/1", "A/2", "B/1", "C/1", "D/1", "E/1", "F/1"]) == ""
    assert standing_folder(["B/1", "A/1"]) == standing_folder(["A/1", "B/1"]) == "A"
    assert standing_folder(["", "", "", "a/b/1"]) == "a/b"
    assert standing_folder([]) == standing_folder(["1", "2"]) == ""


def test_neither_undated_nor_the_root_is_where_an_event_stands(to: Tree) -> None:
    to.add("a", "b", "c", at="05T09:00:00", standing="undated")
    to.add("d", at="05T09:10:00", standing="Here")
    to.add("e", "f", at="06T09:00:00", standing="undated")
    to.add("g", at="07T09:00:00", standing="/")
    to.add("new5", at="05T09:30:00")
    to.add("new6", at="06T09:30:00")
    to.add("new7", at="07T09:30:00")
    assert to.folders() == {
        "new5": "Here",
        "new6": f"{JUNE}/2021-06-06T0900 - 06T0930",
        "new7": f"{JUNE}/2021-06-07T0900 - 07T0930",
    }


def test_photos_that_a_rule_sent_away_do_not_take_the_event_along(to: Tree) -> None:
    rules = ("birthday -> {year}/Birthday",)
    to.add("a", "b", at="05T09:00:00", standing="2021/Birthday", tags=["birthday"])
    to.add("c", at="05T09:10:00", standing="Here")
    to.add("d", at="05T09:20:00")
    to.add("e", at="05T09:25:00", tags=["birthday"])
    to.add("f", at="06T09:00:00", standing="2021/Birthday", tags=["birthday"])
    to.add("g", at="06T09:10:00")
    assert to.folders(rules=rules) == {"d": "Here", "e": "2021/Birthday", "g": f"{JUNE}/2021-06-06T0910"}


def test_a_rule_that_is_made_later_leaves_the_event_where_it_stands(to: Tree) -> None:
    to.add("a", "b", at="05T09:00:00", standing="Here", tags=["birthday"])
    to.add("c", at="05T09:10:00")
    to.add("d", at="05T09:20:00", tags=["birthday"])
    assert to.folders(rules=("birthday -> {year}/Birthday",)) == {"c": "Here", "d": "2021/Birthday"}


def test_another_source_joins_the_events_of_the_first(to: Tree) -> None:
    to.add("a", "b", at="05T09:00:00", standing="Here")
    to.add("IMG_1", at="05T09:30:00", source="/other")
    to.add("IMG_2", at=NOON, by="name", source="/other")
    to.add("not asked", at="05T09:40:00", source="/third")
    assert to.folders(source="/other") == {"IMG_1": "Here", "IMG_2": "Here"}


def test_a_month_ends_where_it_ends(to: Tree) -> None:
    to.add("a", "b", at="30T23:50:00", standing="June")
    to.add("c", at="30T23:58:00")
    assert to.folders() == {"c": "June"}
    to.add("d", "e", "f", at="30T23:59:00")
    assert to.folders()["d"] == "June"
    assert to.folders()["e"] == to.folders()["f"] == "2021/07 Jul/2021-07-01T0000 - 01T0001"


def test_events_that_share_a_folder_are_all_explained_once(to: Tree) -> None:
    for day in ("05", "06", "07"):
        to.add(f"a{day}", f"b{day}", at=f"{day}T09:00:00")
    (group,) = to.plan(template="{year}").groups
    assert isinstance(group, Group)
    assert (group.photos, len(group.borders)) == (6, 2)
    assert (group.start, group.end) == (datetime(2021, 6, 5, 9), datetime(2021, 6, 7, 9, 1))


PLACES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "country": st.sampled_from(("Italy", "Malta")),
            "country_code": st.sampled_from(("IT", "MT")),
            "city": st.sampled_from(("Rome", "Milan")),
        },
    ),
    max_size=5,
)


@given(PLACES)
def test_the_place_of_an_event_does_not_depend_on_the_order_of_its_photos(places: list[dict[str, str]]) -> None:
    decisions = [Sketch(str(number), place=place) for number, place in enumerate(places)]
    place = common_place(decisions)
    assert common_place(decisions[::-1]) == place
    named = {key: value for key, value in place.items() if key != "country_code"}
    shares = [one for one in places if all(one.get(key) == value for key, value in named.items())]
    assert not named or len(shares) >= 0.4 * len([one for one in places if one])


# ---- the whole way


def test_days_and_a_file_in_the_way_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell: Tell = teller(capsys, monkeypatch)
    heap, to = tmp_path / "heap", tmp_path / "tree"
    to.mkdir()
    (to / "2021").write_text("mine")
    picture(heap / "IMG-20210605-WA0001.jpg", 60)
    picture(heap / "IMG-20210606-WA0002.jpg", 61)
    picture(heap / "DSC_1.jpg", 62, "-DateTimeOriginal=2021:06:06 15:20:00")
    assert tell("organize", heap, "--to", to).code == 0
    assert (to / "2021").read_text() == "mine"
    day, event = found(to, "IMG-20210605-WA0001.jpg").parent, found(to, "DSC_1.jpg").parent
    assert day.name == "2021-06-05" and event.name == "2021-06-06T1520"
    assert found(to, "IMG-20210606-WA0002.jpg").parent == event
    assert day.parent.parent.name.startswith("2021 ~")
    before = tree(to)
    picture(heap / "IMG-20210605-WA0009.jpg", 63)
    picture(heap / "DSC_2.jpg", 64, "-DateTimeOriginal=2021:06:07 15:20:00")
    assert tell("organize", heap, "--to", to).code == 0
    assert found(to, "IMG-20210605-WA0009.jpg").parent == day
    assert found(to, "DSC_2.jpg").parent.parent == event.parent
    assert tell("organize", heap, "--to", to, "--json").json["copied"] == {} and set(before) < set(tree(to))
