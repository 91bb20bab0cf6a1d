"""How sure we are of a describer's word: what raises it, what lowers it, and what the photos beside it add.

The decision: every rule is seen in a decision, as a person would see it, and the neighbours in a library with photos of
its own. Refused: tests of the figures, which are to be changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from phototag import api, resources, vocabulary
from phototag.decide.meaning import Meant
from phototag.decide.policy import Rules, decide
from phototag.deciding import Deciding, Timeline
from phototag.records import Decision, Evidence, Facts, Moment, Tag
from phototag.report import Report
from phototag.store.library import Library

WORDS = vocabulary.load(resources.vocabulary_file())
# Words that neither detector nor tagger has a name for, most important first.
PLAIN = ["bride", "wedding", "bouquet", "garden", "island", "river", "forest", "meadow", "village", "market"]
PLAIN += ["festival", "fireworks", "concert", "parade", "graduation"]
NOBODY: dict[str, Any] = {"objects": {"objects": []}, "labels": {"labels": [], "groups": {}}, "faces": {"faces": []}}


def describe(*words: str, again: list[str] | None = None, **more: Any) -> dict[str, Any]:
    value = {"keywords": list(words), "description": "A photo."} | more
    return {"describe": value | ({} if again is None else {"again": again})}


def choose(*words: str) -> dict[str, Any]:
    return {"choose": {"keywords": list(words)}}


def beside(photos: int, near: int = 0, **said: float) -> dict[str, Any]:
    return {"neighbours": {"photos": photos, "near": near, "said": said}}


def thing(label: str, score: float) -> dict[str, Any]:
    return {"objects": {"objects": [{"label": label, "score": score, "box": [0.1, 0.1, 0.5, 0.5]}]}}


def of(evidence: dict[str, Any], **rules: Any) -> Decision:
    return decide("a" * 32, evidence, Facts(), WORDS, Rules(most=100, **rules))


def score(evidence: dict[str, Any], term: str) -> float:
    return found(evidence, term).score


def found(evidence: dict[str, Any], term: str) -> Tag:
    decision = of(evidence)
    return next(tag for tag in (*decision.tags, *decision.queued) if tag.term == term)


def written(evidence: dict[str, Any]) -> set[str]:
    return {tag.term for tag in of(evidence).tags}


def queued(evidence: dict[str, Any]) -> set[str]:
    return {tag.term for tag in of(evidence).queued}


# ---- the place in the answer


def test_early_words_with_nobody_against_them_are_written_alone_and_the_last_ones_wait() -> None:
    assert all(WORDS.canonical(word) for word in PLAIN)
    told = describe(*PLAIN) | NOBODY | thing("person", 0.9)
    assert set(PLAIN[:8]) <= written(told)
    assert set(PLAIN[8:]) <= queued(told) and not set(PLAIN[8:]) & written(told)
    assert "but nobody else says so" in found(told, PLAIN[8]).because
    scores = [score(told, word) for word in PLAIN]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == len(PLAIN)


def test_a_bride_is_written_where_the_detector_sees_a_person_and_where_nobody_looked() -> None:
    assert "bride" in written(describe("bride") | NOBODY | thing("person", 0.9))
    assert "bride" in written(describe("bride"))
    assert "bride" in queued(describe("bride") | NOBODY) and not written(describe("bride") | NOBODY)
    assert "but nobody was detected" in found(describe("bride") | NOBODY, "bride").because


def test_how_many_first_words_are_believed_alone_is_a_rule() -> None:
    told = describe(*PLAIN)
    assert {tag.term for tag in of(told, alone=2).tags} >= set(PLAIN[:2])
    assert not {tag.term for tag in of(told, alone=2).tags} & set(PLAIN[2:])
    assert of(told, alone=0).tags == () and len(of(told, alone=0).queued) == 10
    assert set(PLAIN[:10]) <= {tag.term for tag in of(told, alone=15).tags}
    assert Rules(alone=0).digest != Rules().digest


def test_with_nothing_believed_alone_any_second_witness_is_enough() -> None:
    for witness in (
        thing("car", 0.5),
        choose("car"),
        beside(2, car=1.0),
        {"labels": {"labels": [], "groups": {"car": 0.3}}},
    ):
        assert [tag.term for tag in of(describe("car") | witness, alone=0).tags][:1] == ["car"], witness
    assert "car" in {tag.term for tag in of(describe("car", again=["car"]), alone=0).tags}
    assert of(describe("car", again=["river"]), alone=0).tags == ()


# ---- asked twice


def test_what_is_said_twice_is_surer_and_what_is_said_once_waits() -> None:
    told = describe("bride", "garden", again=["market", "Bride"])
    assert score(told, "bride") > score(describe("bride"), "bride")
    assert "said twice" in found(told, "bride").because
    assert "bride" in written(told) and {"garden", "market"} <= queued(told)
    assert "but asked twice, said once" in found(told, "garden").because


def test_a_word_under_another_name_is_the_same_word() -> None:
    told = describe("garden", "automobile", again=["car"])
    assert "said twice" in found(told, "car").because


def test_a_late_word_is_written_once_it_is_said_twice() -> None:
    assert "parade" in queued(describe(*PLAIN))
    assert "parade" in written(describe(*PLAIN, again=["parade"]))


def test_a_second_answer_that_failed_takes_nothing_away() -> None:
    assert score(describe("bride", again=[]), "bride") < score(describe("bride"), "bride")
    assert of(describe("bride")).tags == of({"describe": {"keywords": ["bride"], "description": "A photo."}}).tags


def test_an_unknown_word_that_is_said_only_once_is_not_proposed() -> None:
    told = describe("old bridgehouse", "tin soldier", again=["Tin  Soldier"])
    assert [tag.term.casefold() for tag in of(told).proposed] == ["tin soldier"]
    assert len(of(describe("old bridgehouse", "tin soldier")).proposed) == 2


# ---- chosen from a list


def test_a_choice_from_a_list_is_the_same_witness_asked_in_another_way() -> None:
    both = describe("bride", description="She stands at a river.") | choose("bride", "river")
    assert score(both, "bride") == score(describe("bride", again=["bride"]), "bride")
    assert score(both, "bride") > score(both, "river")
    assert {"bride", "river"} <= written(both)
    assert found(both, "river").because[0] == "choose river"


def test_the_last_choices_from_a_list_wait() -> None:
    told = choose(*PLAIN[:6])
    assert not written(told) and set(PLAIN[:6]) <= queued(told)
    assert "but it was only chosen from a list" in found(told, "bride").because


def test_a_choice_is_written_where_the_description_or_a_sensor_agrees() -> None:
    def told(text: str, *terms: str) -> dict[str, Any]:
        return choose(*terms) | {"describe": {"keywords": [], "description": text}}

    assert "river" in written(told("Two boats on the rivers of Franconia.", "river"))
    assert "river" in queued(told("A driver waits.", "river"))
    for absent in ("There is no river here.", "A valley without a river.", "Ein Tal ohne River."):
        assert "river" not in written(told(absent, "river")), absent
    assert "car" in written(choose("car") | thing("car", 0.7))


# ---- what sensors decide

NOON = {"light": {"light": "day", "season": "winter"}}
GOLDEN = {"light": {"light": "golden hour", "season": "summer"}}


def at(hour: int, minute: int = 5, source: str = "exif") -> Facts:
    return Facts(moment=Moment(datetime(2024, 5, 1, hour, minute), 60, None, source))


def judged(told: dict[str, Any], facts: Facts | None = None) -> tuple[set[str], dict[str, str]]:
    """The terms that are written, and the last reason of those that wait."""
    decision = decide("a" * 32, told, facts or Facts(), WORDS, Rules(most=100))
    return {tag.term for tag in decision.tags}, {tag.term: tag.because[-1] for tag in decision.queued}


SENSED = ["day", "night", "golden hour", "sunset", "morning", "summer", "HDR", "black and white", "long exposure"]
SENSED += ["macro", "panorama", "high ISO", "noisy", "blurred", "scan", "screenshot", "light trails", "fisheye"]
SENSED += ["person", "people", "group", "crowd", "portrait", "couple", "family"]


@pytest.mark.parametrize("word", SENSED)
def test_what_a_sensor_decides_is_never_written_on_a_describers_word_however_often_it_is_asked(word: str) -> None:
    term = WORDS.canonical(word)
    assert term is not None
    for told in (describe(word), describe(word, again=[word]), describe(word) | choose(word), choose(word)):
        tags, waits = judged(told | beside(8, near=8, **{word.casefold(): 1.0}))
        assert not tags and waits == {term.name: "but no sensor says so"}


def test_the_suns_height_agrees_with_a_word_or_contradicts_it() -> None:
    assert judged(describe("golden hour") | NOON)[1]["golden hour"] == "but the sun says day"
    assert judged(describe("night") | NOON)[1]["night"] == "but the sun says day"
    assert judged(describe("starry sky") | NOON)[1]["starry sky"] == "but the sun says day"
    assert judged(describe("winter") | GOLDEN)[1]["winter"] == "but the date says summer"
    assert {"day", "winter"} <= judged(describe("day", "winter") | NOON)[0]
    assert "starry sky" in judged(describe("starry sky"))[0]


def test_sunset_needs_a_low_sun_and_an_afternoon() -> None:
    told = describe("sunset") | GOLDEN
    assert "sunset" in judged(told, at(20))[0]
    assert judged(told, at(6))[1]["sunset"] == "but the clock says 6:05"
    assert judged(describe("sunset") | NOON, at(14))[1]["sunset"] == "but the sun says day"
    for unknown in (at(20, source="name"), at(12, 0), Facts()):
        assert judged(told, unknown)[1]["sunset"] == "but no sensor says so"
    assert "evening" in judged(describe("evening"), at(20))[0]
    assert judged(describe("morning"), at(15, 0))[1]["morning"] == "but the clock says 15:00"


def test_the_cameras_word_makes_a_technique_true() -> None:
    assert "macro" in judged(describe("macro") | {"technique": {"terms": ["macro"]}})[0]
    assert "black and white" in judged(describe("monochrome") | {"measure": {"monochrome": True}})[0]
    waits = judged(describe("monochrome") | {"measure": {"monochrome": False}})[1]
    assert waits["black and white"] == "but the picture has colours"


def test_words_for_people_need_as_many_in_sight() -> None:
    def seen(count: int) -> dict[str, Any]:
        persons = [{"label": "person", "score": 0.56, "box": [0.1, 0.1, 0.3, 0.3]}] * count
        return {"objects": {"objects": persons}, "faces": {"faces": []}, "people": {"count": count}}

    told = describe("couple", "group", "crowd", "family", "woman", "portrait")
    assert judged(told | seen(0))[0] == set()
    assert set(judged(told | seen(0))[1].values()) == {"but nobody was detected"}
    assert judged(told | seen(1))[0] >= {"woman", "portrait"} and judged(told | seen(1))[0].isdisjoint({"couple"})
    assert judged(told | seen(2))[0] >= {"couple", "woman", "portrait"}
    assert judged(told | seen(2))[1] == {
        "crowd": "but 2 people were detected",
        "family": "but 2 people were detected",
        "group": "but 2 people were detected",
    }
    assert judged(told | seen(12))[0] >= {"group", "crowd", "woman"}
    assert judged(told | seen(12))[1]["couple"] == "but 12 people were detected"


def test_a_name_of_a_place_is_written_where_the_place_is_known(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("city > Barcelona\ncity > Paris\ncity > old town\n")
    words = vocabulary.load(resources.vocabulary_file(), [own])
    assert words.terms["Paris"].kind == "places"
    told = describe("Paris", "Barcelona", "old town", "Christmas market")
    near = {"place": {"city": "Barcelona", "country": "Spain"}}
    decision = decide("a" * 32, told | near, Facts(), words, Rules())
    tags, waits = {tag.term for tag in decision.tags}, {tag.term: tag.because[-1] for tag in decision.queued}
    assert {"Barcelona", "old town", "Christmas market"} <= tags and waits == {"Paris": "but no sensor says so"}
    decision = decide("a" * 32, describe("Paris"), Facts(), words, Rules())
    assert decision.tags == ()  # nor does its broader term, city, come with a doubted one


def test_a_person_may_say_what_no_sensor_does() -> None:
    decision = decide("a" * 32, describe("night") | NOON, Facts(keywords=("night",)), WORDS, Rules())
    assert [tag.term for tag in decision.tags if tag.because[0] == "human"] == ["night"]


# ---- those who could have seen it


def test_what_detector_and_tagger_deny_waits_even_as_the_first_word() -> None:
    told = describe("dog") | NOBODY
    assert "dog" in queued(told) and "dog" not in written(told)
    assert "but objects and labels see none" in found(told, "dog").because


def test_the_same_model_asked_again_does_not_outvote_detector_and_tagger() -> None:
    told = describe("dog", again=["dog"]) | choose("dog") | NOBODY
    assert "dog" in queued(told) and not written(told)
    assert "dog" in written(told | {"labels": {"labels": [], "groups": {"dog": 0.11}}})


def test_a_narrower_word_does_not_walk_round_the_doubt() -> None:
    assert {"wading bird", "bird"} <= set(WORDS.ancestors("stork"))
    told = describe("stork") | NOBODY
    assert not written(told) and queued(told) == {"stork"}
    assert "but objects and labels see none" in found(told, "stork").because
    for kin in (thing("bird", 0.4), {"labels": {"labels": [], "groups": {"goose": 0.2}}}):
        assert {"stork", "bird"} <= written(told | kin), kin
    assert "stork" not in written(told | thing("dog", 0.9))  # an animal, but no bird
    assert "but objects see none" in found(describe("woman") | NOBODY, "woman").because


def test_what_one_of_them_denies_is_less_sure_and_waits_only_further_down() -> None:
    told = describe("skateboard", *PLAIN[1:7], "suitcase") | NOBODY
    assert "skateboard" in written(told) and "suitcase" in queued(told)
    assert "but objects see none" in found(told, "suitcase").because
    assert "but labels see none" in found(describe("wolf") | NOBODY, "wolf").because


@pytest.mark.parametrize(
    "trace",
    [
        thing("dog", 0.36),
        {"labels": {"labels": [[207, "Golden Retriever", 0.02]], "groups": {"dog": 0.11}}},
        {"labels": {"labels": [], "groups": {"dog": 0.11}}},
    ],
)
def test_any_trace_of_it_ends_the_doubt(trace: dict[str, Any]) -> None:
    assert "dog" in written(describe("dog") | NOBODY | trace)
    assert not any("see none" in why for why in found(describe("dog") | NOBODY | trace, "dog").because)


def test_a_trace_of_its_kin_ends_the_doubt_too() -> None:
    assert "vehicle" in WORDS.ancestors("truck")
    kin = {"labels": {"labels": [], "groups": {"vehicle": 0.2}}}
    assert "truck" in written(describe("truck") | NOBODY | kin)
    assert "truck" in queued(describe("truck") | NOBODY)


def test_a_face_is_a_trace_of_a_person() -> None:
    seen = {"faces": {"faces": [{"box": [0.3, 0.3, 0.4, 0.4], "score": 0.2, "smile": None}]}}
    assert not any("see none" in why for why in found(describe("person") | NOBODY | seen, "person").because)
    assert "but objects see none" in found(describe("person") | NOBODY, "person").because


def test_nobody_denies_who_did_not_look_or_has_no_word_for_it() -> None:
    assert found(describe("dog"), "dog").because == ("describe dog",)
    assert found(describe("flower") | NOBODY, "flower").because == ("describe flower",)  # the tagger knows four of all
    assert found(describe("church") | NOBODY, "church").because == ("describe church",)  # its classes are loose kin


def test_another_sensor_that_agrees_counts_as_an_independent_witness() -> None:
    once = describe("umbrella", again=["bride"])
    assert "umbrella" in queued(once)
    assert "umbrella" in written(once | thing("umbrella", 0.5))


def test_a_category_still_decides_nothing_alone() -> None:
    assert written(describe("bride", category="landscape")) == written(describe("bride"))
    supported = describe("bride", "wedding", category="wedding")
    assert score(supported, "wedding") == score(describe("bride", "wedding"), "wedding")


# ---- photos beside it


def test_what_is_said_of_the_photos_beside_it_is_surer() -> None:
    told = describe(*PLAIN)
    some, all_ = told | beside(4, parade=0.5), told | beside(4, parade=1.0)
    assert score(told, "parade") < score(some, "parade") < score(all_, "parade")
    assert "parade" in written(all_) and "said of 4 of 4 photos beside it" in found(all_, "parade").because
    assert score(told | beside(1, parade=1.0), "parade") < score(all_, "parade")


def test_only_the_silence_of_its_own_burst_speaks_against_a_word() -> None:
    told = describe("bride")
    assert score(told | beside(8, near=0), "bride") == score(told | beside(2, near=2), "bride") == score(told, "bride")
    silent = told | beside(4, near=3)
    assert score(silent, "bride") < score(told, "bride")
    assert "but of none of 3 photos beside it" in found(silent, "bride").because


SCORES = st.lists(st.sampled_from([*PLAIN, "dog", "car"]), max_size=15, unique=True)


@given(SCORES, st.none() | SCORES, SCORES, st.integers(0, 8), st.integers(0, 100))
def test_whatever_is_said_a_share_of_the_neighbours_never_lowers_a_word(
    words: list[str], again: list[str] | None, chosen: list[str], photos: int, percent: int
) -> None:
    told = describe(*words, again=again) | choose(*chosen) | NOBODY
    alone = {tag.term: tag.score for tag in (*of(told).tags, *of(told).queued)}
    said = of(told | beside(photos, **dict.fromkeys([*PLAIN, "dog", "car"], percent / 100)))
    scores = {tag.term: tag.score for tag in (*said.tags, *said.queued)}
    kept = {term for term, value in alone.items() if value >= 0.6}
    assert all(scores[term] >= alone[term] for term in kept)
    assert all(0 < value < 1 for value in scores.values())


# ---- in a library

START = datetime(2024, 5, 1, 12)


def photo(folder: Path, number: int, minutes: float, camera: str = "Alpha") -> None:
    """A small picture of its own, taken so many minutes after the start."""
    picture = Image.new("RGB", (24, 24), (20 * number % 256, 90, 200 - 9 * number))
    exif = picture.getexif()
    exif[0x0110] = camera
    exif.get_ifd(0x8769)[0x9003] = (START + timedelta(minutes=minutes)).strftime("%Y:%m:%d %H:%M:%S")
    picture.save(folder / f"{number:02}.jpg", exif=exif)


class Shelf:
    """A library of small photos, with answers that are put there by hand."""

    def __init__(self, folder: Path) -> None:
        api.scan(folder)
        self.library = Library(api.open(folder).place)
        photos = self.library.photos(self.library.photo_ids())
        self.ids = {int(Path(one.files[0]).stem): one.image_id for one in photos}

    def put(self, number: int, *words: str, maker: str = "old", at: str = "1", **more: Any) -> None:
        value = {"keywords": list(words), "description": "A photo."} | more
        self.library.put([Evidence(self.ids[number], "describe", maker, value, made_at=at)])

    def judge(self, *steps: Any, **more: Any) -> Deciding:
        return Deciding(self.library, steps, WORDS, Rules(), iter(()), **more)

    def because(self, number: int, term: str) -> tuple[str, ...]:
        (decision,) = self.library.decisions([self.ids[number]])
        return next(tag.because for tag in (*decision.tags, *decision.queued) if tag.term == term)

    def run(self, *touched: int, ids: list[int] | None = None, **more: Any) -> int:
        chosen = [self.ids[number] for number in (self.ids if ids is None else ids)]
        new = [self.ids[number] for number in touched]
        return self.judge(**more).run(chosen, new, Report(quiet=True), lambda: False).photos


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Twelve photos of one camera, ten minutes apart, one of another camera, and one of the next day."""
    for number in range(12):
        photo(tmp_path, number, 10 * number)
    photo(tmp_path, 12, 55, "Beta")
    photo(tmp_path, 13, 24 * 60)
    made = Shelf(tmp_path)
    with made.library.writing():
        yield made


def test_photos_next_in_time_of_the_same_camera_are_asked_and_no_others(shelf: Shelf) -> None:
    for number in shelf.ids:
        shelf.put(number, "bride")
    assert shelf.run() == 14
    assert "said of 8 of 8 photos beside it" in shelf.because(5, "bride")
    assert "said of 4 of 4 photos beside it" in shelf.because(0, "bride")
    assert "said of 5 of 5 photos beside it" in shelf.because(10, "bride")
    assert shelf.because(12, "bride") == shelf.because(13, "bride") == ("describe bride",)


def test_a_new_answer_decides_its_neighbours_again_and_nobody_else(shelf: Shelf) -> None:
    for number in range(11):
        shelf.put(number, "bride")
    shelf.run()
    shelf.put(11, "bride")
    assert shelf.run(11, ids=[11]) == 5  # itself and four before it, though only it was asked for
    assert "said of 8 of 8 photos beside it" in shelf.because(7, "bride")
    shelf.library.forget("describe", "old", [shelf.ids[11]])
    assert shelf.run(11) == 5
    assert "said of 7 of 7 photos beside it" in shelf.because(7, "bride")
    assert shelf.run() == 0


def test_an_answer_that_was_given_to_siblings_is_one_answer(shelf: Shelf) -> None:
    shelf.put(5, "bride")
    for number in (4, 6, 7):
        shelf.put(number, "bride", **{"from": shelf.ids[5]})
    shelf.put(3, "bride")
    shelf.run()
    for number in (4, 5, 6, 7):
        assert "said of 1 of 1 photos beside it" in shelf.because(number, "bride")
    assert "said of 1 of 1 photos beside it" in shelf.because(3, "bride")


def test_a_photo_that_nobody_described_is_no_neighbour(shelf: Shelf) -> None:
    shelf.put(5, "bride")
    shelf.put(6, "river")
    shelf.run()
    assert shelf.because(5, "bride") == ("describe bride",)


def test_a_burst_that_is_silent_is_told_from_an_event_that_is(tmp_path: Path) -> None:
    for number in range(4):
        photo(tmp_path, number, number / 60)
    shelf = Shelf(tmp_path)
    with shelf.library.writing():
        shelf.put(0, "bride")
        for number in (1, 2, 3):
            shelf.put(number, "river")
        shelf.run()
        assert "but of none of 3 photos beside it" in shelf.because(0, "bride")


def test_an_older_models_answer_counts_until_todays_has_one(shelf: Shelf) -> None:
    class Today:
        name, maker = "describe", "new"

    def tags(number: int) -> set[str]:
        (decision,) = shelf.judge(Today()).decide([shelf.ids[number]])
        return {tag.term for tag in decision.tags}

    shelf.put(1, "river", maker="oldest", at="1")
    shelf.put(1, "bride", maker="old", at="2")
    assert "bride" in tags(1) and "river" not in tags(1)
    shelf.put(1, "market", maker="new", at="0")
    assert "market" in tags(1) and not {"bride", "river"} & tags(1)


def test_neighbours_agree_by_meaning_where_meanings_are_known(shelf: Shelf) -> None:
    class Known:
        def __init__(self) -> None:
            self.learned: list[str] = []

        def learn(self, words: list[str]) -> None:
            self.learned += words

        def __call__(self, word: str) -> Meant | None:
            return Meant("bride", "likeness", 0.9) if word == "lady in white" else None

    shelf.put(5, "bride")
    shelf.put(6, "lady in white")
    meanings = Known()
    (decision,) = shelf.judge(meanings=meanings).decide([shelf.ids[5]])
    assert "said of 1 of 1 photos beside it" in decision.tags[0].because
    assert {"bride", "lady in white"} == set(meanings.learned)


# ---- the order in time

SHOTS = st.lists(st.tuples(st.sampled_from(["", "Alpha", "Beta"]), st.integers(0, 40)), max_size=30)


@given(SHOTS)
def test_neighbours_are_near_of_the_same_camera_and_see_each_other(shots: list[tuple[str, int]]) -> None:
    rows = [(camera, START + timedelta(minutes=late), f"{at:02}") for at, (camera, late) in enumerate(shots)]
    timeline = Timeline(rows, 600, 60)
    for camera, moment, one in rows:
        others = timeline.beside(one)
        assert len(others) <= 8 and one not in [other for other, _ in others]
        for other, near in others:
            its_camera, its_moment, _ = rows[int(other)]
            assert its_camera == camera and abs(its_moment - moment) <= timedelta(minutes=10)
            assert not near or camera
            assert (one, near) in timeline.beside(other)
