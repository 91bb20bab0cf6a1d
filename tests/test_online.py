"""Places asked online: once a second at most, once for each spot, only where the user says so, and never believed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from phototag import __version__, api
from phototag.api_opening import steps_of
from phototag.backends import online
from phototag.decide import labels
from phototag.errors import NoBackend, UsageError
from phototag.look import address
from phototag.look.address import FAILURES, Address, Asking, value
from phototag.look.step import Subject
from phototag.pipeline import Run as PipelineRun
from phototag.pipeline import Selection
from phototag.records import Evidence, Facts, Gps
from phototag.report import Report
from phototag.settings import Settings, load
from phototag.store.answers import Answers
from phototag.store.library import Library
from tests.nominatim import GATE, NOTHING, Nominatim, nominatim

pytestmark = pytest.mark.server

BERLIN = Gps(52.51627123, 13.37770456)
FAST = 0.001


@pytest.fixture
def server() -> Iterator[Nominatim]:
    with nominatim() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Nominatim]:
    """One server for all trials of a property."""
    with nominatim() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def geocoder(server: Nominatim, interval: float = FAST, language: str = "en", timeout_s: float = 5) -> online.Nominatim:
    return online.Nominatim(server.address, language, timeout_s, interval)


def step(server: Nominatim, state: Path, language: str = "en", timeout_s: float = 5) -> Address:
    """A step as a new run has it."""
    answers = Answers(state / "answers" / "nominatim.jsonl")
    asked = geocoder(server, language=language, timeout_s=timeout_s)
    return Address(server.address, language, Asking(asked, answers, Report()))


def photo(number: int, gps: Gps | None = None) -> Subject:
    """Each number is a photo at another spot, unless a point is given."""
    return Subject(str(number), facts=Facts(gps=gps or Gps(10 + number / 10, 20)))


# ---- what is asked, and how


def test_the_question_says_who_asks_for_which_point_and_in_which_language(server: Nominatim) -> None:
    assert geocoder(server, language="de").place(BERLIN.lat, -0.000001).found
    (asked,) = server.asked
    assert (asked.path, asked.query["lat"], float(asked.query["lon"])) == ("/reverse", "52.51627", 0)
    assert asked.query["accept-language"] == "de"
    assert asked.headers["User-Agent"].startswith(f"phototag/{__version__} (")


@trials(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180))
def test_no_more_than_five_decimals_of_a_point_are_sent(shared_server: Nominatim, lat: float, lon: float) -> None:
    assert geocoder(shared_server, 0).place(lat, lon).found
    query = shared_server.asked[-1].query
    for name, true in (("lat", lat), ("lon", lon)):
        assert float(query[name]) == round(true, 5)
        assert len(query[name].partition(".")[2].rstrip("0")) <= 5


@pytest.mark.parametrize("point", [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_a_point_that_is_not_on_earth_is_not_asked_about(server: Nominatim, point: tuple[float, float]) -> None:
    reply = geocoder(server).place(*point)
    assert reply.found is None and "no such point" in reply.error
    assert server.asked == []


def test_many_threads_and_several_geocoders_together_keep_the_pause_between_two_questions(server: Nominatim) -> None:
    several = [geocoder(server, 0.1) for _ in range(3)]
    threads = [threading.Thread(target=several[number % 3].place, args=(1, number)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(asked.at for asked in server.asked)
    assert len(times) == 6
    # Six starts with five pauses between them; one question may be on its way for longer than the next one.
    assert times[-1] - times[0] >= 0.45
    assert min(after - before for before, after in pairwise(times)) > 0.05


def test_a_user_waits_a_second_between_two_questions(server: Nominatim) -> None:
    asked = online.Nominatim(server.address, "en", 5)
    asked.place(1, 1)
    asked.place(2, 2)
    assert server.asked[1].at - server.asked[0].at >= 1


# ---- replies are strangers' text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>busy</html>", "no JSON"),
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no text"),
        (b"[" * 90_000, "no JSON"),
        (b"9" * 9_000, "no JSON"),
        (b'{"name": "' + b"x" * 300_000 + b'"}', "too long"),
        ([], "no JSON object"),
        (None, "no JSON object"),
        ("Berlin", "no JSON object"),
        ([GATE], "no JSON object"),
        ({}, "no address"),
        ({"address": ["Berlin"]}, "no address"),
        ({"error": {"code": 400, "message": "bad"}}, "something went wrong"),
        ({"error": "Bandwidth\x1b[31m\nexceeded" + "!" * 1000}, "Bandwidth [31m exceeded!!!"),
    ],
    ids=lambda part: repr(part)[:24],
)
def test_a_reply_that_is_none_is_an_error_with_a_reason(server: Nominatim, body: Any, reason: str) -> None:
    server.says(body)
    reply = geocoder(server).place(1, 2)
    assert reply.found is None and reason in reply.error
    assert reply.error.isprintable() and len(reply.error) < 200


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 403, 404, 429, 500, 503])
def test_a_refusal_is_an_error_that_names_its_number(server: Nominatim, status: int) -> None:
    server.says(GATE, status, Location="/reverse?again")
    reply = geocoder(server).place(1, 2)
    assert reply.found is None and str(status) in reply.error
    assert len(server.asked) == 1


def test_nobody_else_is_asked_when_the_server_sends_us_elsewhere(server: Nominatim) -> None:
    with nominatim() as other:
        server.says({}, 302, Location=f"{other.address}/reverse?lat=1&lon=2")
        assert geocoder(server).place(1, 2).found is None
        assert other.asked == []


def test_a_server_that_is_not_there_is_an_error(server: Nominatim) -> None:
    with nominatim() as gone:
        late = geocoder(gone)
    assert "cannot be reached" in late.place(1, 2).error


@pytest.mark.parametrize("drip", [0.05, 30])
def test_an_answer_that_takes_too_long_is_given_up(server: Nominatim, drip: float) -> None:
    server.drip = drip  # a byte now and then, which keeps the socket itself content; or one byte and then none
    start = time.monotonic()
    assert "too long" in geocoder(server, timeout_s=0.3).place(1, 2).error
    assert time.monotonic() - start < 3


def test_a_server_on_this_machine_is_reached_without_the_proxy(
    server: Nominatim, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nominatim() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        assert geocoder(server).place(1, 2).found
        assert (len(server.asked), len(proxy.asked)) == (1, 0)


def test_the_users_proxy_is_asked_for_a_server_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with nominatim() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        assert online.Nominatim("http://places.invalid", "en", 5, FAST).place(1, 2).found
        assert proxy.asked[0].headers["Host"] == "places.invalid"


@trials(max_examples=200, deadline=None)
@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_words_from_outside_are_short_printable_and_on_one_line(text: Any) -> None:
    found = online.words(text)
    assert found.isprintable() and len(found) <= 100 and found == found.strip()
    assert not found or isinstance(text, str)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_MEMBERS = ("class", "type", "name", "error", "lat", "lon", "display_name", "category")
_ADDRESS = st.dictionaries(st.sampled_from(("road", "city", "state", "country_code", "tourism")), _JSON, max_size=4)


@trials(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_JSON | st.fixed_dictionaries({"address": _ADDRESS}, optional=dict.fromkeys(_MEMBERS, _JSON)))
def test_whatever_json_comes_the_value_is_short_texts_or_there_is_an_error(shared_server: Nominatim, body: Any) -> None:
    shared_server.says(body)
    reply = geocoder(shared_server, 0).place(1, 2)
    shared_server.says(GATE)
    if reply.found is None:
        assert reply.error
    else:
        named = value(reply.found)
        assert set(named) == set(value({}))
        assert all(isinstance(text, str) and text.isprintable() and len(text) <= 100 for text in named.values())


# ---- what a place is called


def test_landmark_road_and_town_are_told_apart() -> None:
    assert value(GATE) == {
        "name": "Brandenburg Gate",
        "kind": "tourism/attraction",
        "road": "Pariser Platz",
        "city": "Berlin",
        "state": "",
        "postcode": "10117",
        "country": "Germany",
        "country_code": "DE",
    }


@pytest.mark.parametrize(
    ("group", "type_", "name", "kind"),
    [
        ("building", "yes", "Rotes Rathaus", "building/yes"),
        ("place", "square", "Marienplatz", "place/square"),
        ("natural", "peak", "Zugspitze", "natural/peak"),
        ("leisure", "park", "Englischer Garten", "leisure/park"),
        ("railway", "station", "Berlin Hauptbahnhof", "railway/station"),
        ("building", "yes", "", ""),
        ("building", "yes", "12", ""),  # a house number is no name
        ("building", "yes", "12a", ""),
        ("building", "house", "Villa Müller", ""),  # whose home it is, is nobody's business
        ("building", "yes", "Main Street", ""),
        ("highway", "residential", "Elm Street", ""),
        ("place", "house", "Elm House", ""),
        ("place", "suburb", "Mitte", ""),
        ("boundary", "administrative", "Berlin", ""),
        ("amenity", "parking", "P7", ""),
        ("amenity", "atm", "Bank of Somewhere", ""),
        ("historic", "memorial", "Anna Beispiel", ""),  # a stone in the pavement, most often
        ("shop", "bakery", "Bäckerei", ""),
        ("", "", "Something", ""),
    ],
)
def test_only_what_a_person_would_call_a_place_is_a_landmark(group: str, type_: str, name: str, kind: str) -> None:
    found = value(
        {"class": group, "type": type_, "name": name, "address": {"road": "Main Street", "house_number": "12a"}}
    )
    assert (found["name"], found["kind"]) == (name if kind else "", kind)
    assert found["road"] == "Main Street"


def test_an_older_server_names_the_landmark_in_the_address_alone() -> None:
    found = value({"address": {"historic": "Old Fort", "village": "Hill", "country_code": "x1"}})
    assert (found["name"], found["kind"], found["city"]) == ("Old Fort", "historic", "Hill")
    assert found["country_code"] == ""


# ---- the step


def test_a_spot_is_asked_about_once_by_two_photos_and_by_the_next_run(server: Nominatim, tmp_path: Path) -> None:
    near = Gps(BERLIN.lat + 0.00001, BERLIN.lon)
    first, second, bare = step(server, tmp_path).make([photo(1, BERLIN), photo(2, near), Subject("3")])
    assert first.value == second.value == value(GATE)
    assert (bare.value, bare.error) == ({}, "")
    assert len(server.asked) == 1
    again = step(server, tmp_path)
    assert [made.value for made in again.make([photo(1, BERLIN), photo(2, near)])] == [value(GATE)] * 2
    assert len(server.asked) == 1
    step(server, tmp_path, language="de").make([photo(1, BERLIN)])
    assert len(server.asked) == 2
    with nominatim() as other:
        step(other, tmp_path).make([photo(1, BERLIN)])
        assert len(other.asked) == 1


def test_the_maker_names_server_and_language(server: Nominatim, tmp_path: Path) -> None:
    makers = {step(server, tmp_path, language=language).maker for language in ("en", "de")}
    assert len(makers) == 2 and all(server.address in maker for maker in makers)


def test_nothing_there_is_kept_and_a_failure_is_not(server: Nominatim, tmp_path: Path) -> None:
    server.says(NOTHING)
    (nothing,) = step(server, tmp_path).make([photo(1)])
    assert nothing.value == value({}) and not nothing.error
    server.says({}, 500)
    (failed,) = step(server, tmp_path).make([photo(2)])
    assert failed.value is None and "500" in failed.error
    server.says(GATE)
    made = step(server, tmp_path).make([photo(1), photo(2)])
    assert [evidence.value for evidence in made] == [value({}), value(GATE)]
    assert len(server.asked) == 3


def test_a_broken_or_foreign_line_among_the_answers_does_no_harm(server: Nominatim, tmp_path: Path) -> None:
    step(server, tmp_path).make([photo(1)])
    file = tmp_path / "answers" / "nominatim.jsonl"
    question = json.loads(file.read_text())["question"]
    strange = [b"{", b"[]", b'{"question": 1, "answer": {}}', json.dumps({"question": question, "answer": []}).encode()]
    file.write_bytes(b"\n".join([*strange, file.read_bytes(), *strange, b'{"question": "cut']))
    assert step(server, tmp_path).make([photo(1)])[0].value == value(GATE)
    assert len(server.asked) == 1
    step(server, tmp_path).make([photo(2)])
    step(server, tmp_path).make([photo(2)])
    assert len(server.asked) == 2


def test_after_five_failures_in_a_row_nobody_is_asked_and_the_rest_stays_pending(
    server: Nominatim, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step(server, tmp_path).make([photo(50)])
    server.says({}, 503)
    run = step(server, tmp_path)
    batches = [[photo(number) for number in range(start, start + 8)] for start in (0, 8, 16)]
    made = [evidence for batch in batches for evidence in run.make(batch)]
    assert [evidence.image_id for evidence in made] == [str(number) for number in range(FAILURES)]
    assert all(evidence.error for evidence in made)
    assert len(server.asked) == 1 + FAILURES
    assert capsys.readouterr().err.count("not asked any more") == 1
    # What is known already, and what needs no question, is still told.
    assert [evidence.image_id for evidence in run.make([photo(50), photo(51), Subject("bare")])] == ["50", "bare"]


def test_a_success_between_failures_starts_the_count_again(server: Nominatim, tmp_path: Path) -> None:
    turns = iter(range(100))
    server.reply = lambda _: (200 if next(turns) % FAILURES == FAILURES - 1 else 500, {}, GATE)
    made = step(server, tmp_path).make([photo(number) for number in range(20)])
    assert len(made) == 20
    assert sum(not evidence.error for evidence in made) == 4


def test_a_server_that_asks_for_a_long_pause_is_left_alone_at_once(
    server: Nominatim, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says({}, 429, Retry_After="3600")
    made = step(server, tmp_path).make([photo(1), photo(2)])
    assert len(made) == len(server.asked) == 1
    assert "too often" in made[0].error and "not asked any more" in capsys.readouterr().err


def test_a_short_pause_that_the_server_asks_for_is_kept(server: Nominatim, tmp_path: Path) -> None:
    server.says({}, 429, Retry_After="1")
    run = step(server, tmp_path)
    run.make([photo(1)])
    server.says(GATE)
    assert run.make([photo(2)])[0].value == value(GATE)
    assert server.asked[1].at - server.asked[0].at >= 0.95


def test_a_run_says_once_who_learns_what_and_only_if_it_asks(
    server: Nominatim, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step(server, tmp_path).make([photo(1), photo(2)])
    said = capsys.readouterr()
    assert said.err == "Asking 127.0.0.1 for the names of places: it learns where these photos were taken.\n"
    assert said.out == ""
    step(server, tmp_path).make([photo(1), Subject("bare")])
    assert capsys.readouterr().err == ""


def looked(library: Library, run: Address, **selection: Any) -> Any:
    with library.writing():
        return PipelineRun(library, [run], Settings(), Report(quiet=True)).run(Selection(**selection))


def test_photos_that_were_not_asked_about_are_pending_and_failed_ones_are_tried_again_on_demand(
    server: Nominatim, photos_dir: Path
) -> None:
    library = api.scan(photos_dir)[0]
    state = library.place.state
    points = [one.facts.gps for one in library.photos(library.photo_ids()) if one.facts.gps]
    spots = len({(gps.lat, gps.lon) for gps in points})
    assert 1 < spots < min(FAILURES, len(points)), "the sample pictures have other GPS points than they had"
    server.says({}, 500)
    first = looked(library, step(server, state))
    assert len(first.failed) == len(server.asked) == spots  # the others at these spots were not asked about
    assert "500" in first.failed[0][1]
    server.says(GATE)
    second = looked(library, step(server, state))
    assert (second.failed, second.made["address"]) == ([], len(points) - spots)
    last = looked(library, step(server, state), retry_failed=True)
    assert last.made["address"] == spots
    assert looked(library, step(server, state), retry_failed=True).photos == 0


# ---- what is decided of it

TOWN = {"city": "Munich", "state": "", "country": "Germany", "country_code": "DE"}
GARDEN = {"name": "Englischer Garten", "city": "München", "state": "Bayern", "country": "Deutschland"}
GARDEN |= {"country_code": "DE", "road": "Am Eisbach", "postcode": "80538", "kind": "leisure/park"}


def decided(said: dict[str, str] | None = None, **evidence: Any) -> dict[str, str]:
    return labels.place(evidence, Facts(place=said or {}))


def test_the_landmark_becomes_the_location_and_the_offline_names_stay() -> None:
    assert decided(place=TOWN) == {"city": "Munich", "country": "Germany", "country_code": "DE"}
    assert decided(place=TOWN, address=GARDEN) == {
        "city": "Munich",
        "state": "Bayern",
        "country": "Germany",
        "country_code": "DE",
        "location": "Englischer Garten",
    }


def test_a_road_is_no_location() -> None:
    assert "location" not in decided(place=TOWN, address=GARDEN | {"name": ""})


def test_a_persons_words_win_over_the_server() -> None:
    said = {"location": "our meadow", "city": "München"}
    found = decided(said, place=TOWN, address=GARDEN)
    assert found["location"] == "our meadow" and found["city"] == "München" and found["country"] == "Germany"


@pytest.mark.parametrize("offline", [TOWN, {}])
def test_where_a_person_names_another_town_no_machine_adds_to_it(offline: dict[str, str]) -> None:
    said = {"city": "Augsburg"}
    assert decided(said, place=offline, address=GARDEN) == said


def test_names_from_two_sides_of_a_border_are_not_mixed() -> None:
    assert decided(place=TOWN, address=GARDEN | {"country_code": "AT"}) == decided(place=TOWN)


# ---- only on request


def settings(**flags: object) -> Settings:
    return load(None, {name.replace("__", "."): text for name, text in flags.items()}, {}, Path("absent"))


def test_the_step_is_there_only_with_the_setting() -> None:
    assert "address" not in [one.name for one in steps_of(settings())]
    using = settings(online__places="true", online__server="https://places.example/")
    assert [one.maker for one in steps_of(using) if one.name == "address"] == [
        Address("https://places.example", "en").maker
    ]


def test_without_a_run_to_belong_to_the_step_asks_nobody(server: Nominatim) -> None:
    using = settings(online__places="true", online__server=server.address)
    assert address.step(using).make([photo(1), Subject("bare")]) == []
    assert server.asked == []


def test_the_step_of_a_run_asks_the_server_of_the_settings(server: Nominatim, photos_dir: Path) -> None:
    library = api.scan(photos_dir)[0]
    using = settings(online__places="true", online__server=server.address + "/", languages__keywords="de")
    run = next(one for one in steps_of(using, library, Report(quiet=True)) if one.name == "address")
    (evidence,) = run.make([photo(1)])
    assert evidence == Evidence("1", "address", run.maker, value(GATE))
    assert server.asked[0].query["accept-language"] == "de"
    assert (library.place.state / "answers" / "nominatim.jsonl").is_file()


def test_without_the_package_a_hint_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "phototag.backends.online")
    for name in [name for name in sys.modules if name.split(".")[0] == "geopy"]:
        monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]
    with pytest.raises(NoBackend) as trouble:
        address.step(settings(online__places="true"), tmp_path, Report(quiet=True))
    assert "geopy" in trouble.value.sentence and 'pip install "phototag[online]"' in trouble.value.hint
    assert address.step(settings(online__places="true")).maker  # other commands go on without it


def test_a_password_in_the_servers_address_is_refused() -> None:
    with pytest.raises(UsageError):
        address.step(settings(online__places="true", online__server="https://me:secret@places.example"))


_WATCHED = """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
from phototag import api
library, _, looked = api.look(sys.argv[1])
assert looked.photos and not looked.failed, looked
# asyncio makes itself a pipe and urllib3 binds to ::1 while it loads; neither reaches anybody.
reached = {event for event in seen if event not in ("socket.__new__", "socket.bind", "socket.gethostname")}
assert not reached, reached
assert not [name for name in sys.modules if name.startswith("geopy") or name == "phototag.backends.online"]
"""


def test_without_the_setting_nobody_is_reached_and_geopy_is_not_even_loaded(photos_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    source = min(photos_dir.rglob("*.jpg"), key=lambda file: file.stat().st_size)
    source.rename(folder / source.name)
    done = subprocess.run([sys.executable, "-c", _WATCHED, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
