"""The heat guard: a fake `nvidia-smi` whose answer a file holds, and a server that rests while the GPU is hot.

The decision: the program is a real one on the PATH, started as the real one is, which refuses fields that its driver
does not know; refused: a guard whose thermometer is replaced.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from phototag.backends.heat import Guard, Reading, Rest, Thermometer, can_be_asked
from phototag.backends.protocols import Question
from tests.ollama_stand_in import StandIn, model

pytest.importorskip("ollama")

from phototag.backends.ollama import Ollama

COOL, ACTIVE = "60, Not Active, Not Active", "84, Not Active, Active"
FAKE = """#!{python}
import sys, time
from pathlib import Path
here = Path({here!r})
with open(here / "asked", "a") as asked:
    asked.write(sys.argv[1] + "\\n")
answer = (here / "answer").read_text()
fields = sys.argv[1].partition("=")[2].split(",")
for field in fields:
    if "reasons" in field and not field.startswith((here / "group").read_text()):
        print(f'Field "{{field}}" is not a valid field to query.')
        sys.exit(2)
if answer == "hangs":
    time.sleep(60)
if answer == "fails":
    print("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")
    sys.exit(9)
for line in answer.splitlines():
    print(", ".join(line.split(", ")[: len(fields)]))
"""


class Gpu:
    """What the fake program says, and what it was asked."""

    def __init__(self, here: Path) -> None:
        self.here = here
        self.says(COOL)
        self.knows("clocks_event_reasons")
        (here / "bin").mkdir()
        program = here / "bin" / "nvidia-smi"
        program.write_text(FAKE.format(python=sys.executable, here=str(here)))
        program.chmod(0o755)

    def says(self, answer: str) -> None:
        (self.here / "new").write_text(answer)
        os.replace(self.here / "new", self.here / "answer")

    def gone(self) -> None:
        """The program is no more: whoever asks gives up after a few times."""
        (self.here / "bin" / "nvidia-smi").unlink()

    def knows(self, group: str) -> None:
        (self.here / "group").write_text(group)

    @property
    def asked(self) -> list[str]:
        path = self.here / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gpu]:
    made = Gpu(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    before = set(threading.enumerate())
    yield made
    # A guard watches for minutes: it would ask the next test's program too, and tests count how often that is asked.
    made.gone()
    until(lambda: not any(thread.name == "heat" for thread in set(threading.enumerate()) - before))


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def guard(hottest: int = 0) -> tuple[Guard, list[str]]:
    said: list[str] = []
    made = Guard(hottest, said.append, lambda: None, every_s=0.02)
    made.needed()
    return made, said


# The thermometer


def test_new_and_old_drivers_are_asked_in_their_own_words(gpu: Gpu) -> None:
    for group in ("clocks_event_reasons", "clocks_throttle_reasons"):
        gpu.knows(group)
        gpu.says(ACTIVE)
        thermometer = Thermometer(with_degrees=False)
        assert thermometer.read() == Reading(84, True)
        before = len(gpu.asked)
        assert thermometer.read() == Reading(84, True)
        assert len(gpu.asked) == before + 1 and group in gpu.asked[-1]  # what was found is not looked for again


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (COOL, Reading(60, False)),
        ("84, Active, Not Active", Reading(84, True)),
        ("50, Not Active, Not Active\n91, Not Active, Not Active", Reading(91, False)),
        ("50, Not Active, Not Active\n60, Not Active, Active", Reading(60, True)),
        ("[N/A], [N/A], [N/A]", Reading(0, False)),
        ("55, [Not Supported], [Not Supported]", Reading(55, False)),
        ("hot", None),
        ("", None),
        ("fails", None),
    ],
)
def test_what_the_program_says_is_read(gpu: Gpu, answer: str, reading: Reading | None) -> None:
    gpu.says(answer)
    assert Thermometer(with_degrees=False).read() == reading


def test_a_driver_that_knows_no_reasons_still_tells_degrees_where_they_matter(gpu: Gpu) -> None:
    gpu.knows("none")
    assert Thermometer(with_degrees=True).read() == Reading(60, False)
    assert Thermometer(with_degrees=False).read() is None


def test_without_the_program_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not can_be_asked() and Thermometer(with_degrees=True).read() is None


# The guard


def test_a_slowdown_is_told_once_and_its_seconds_are_counted(gpu: Gpu) -> None:
    watched, said = guard()
    until(lambda: gpu.asked)
    assert not watched.hot and said == []
    began = time.monotonic()
    gpu.says(ACTIVE)
    until(lambda: watched.hot)
    time.sleep(0.3)
    gpu.says(COOL)
    until(lambda: not watched.hot and len(said) == 2)
    assert said[0].startswith("The GPU is too hot (84 degrees)") and "cooled down" in said[1]
    seconds = watched.seconds
    assert 0.2 < seconds < time.monotonic() - began
    for _ in range(2):
        gpu.says(ACTIVE)
        until(lambda: watched.hot)
        gpu.says(COOL)
        until(lambda: not watched.hot)
    assert len(said) == 2 and watched.seconds > seconds


def test_a_limit_of_a_person_counts_and_ends_five_degrees_below(gpu: Gpu) -> None:
    watched, _ = guard(hottest=75)
    for degrees, hot in ((74, False), (75, True), (71, True), (70, False), (74, False), (90, True)):
        gpu.says(f"{degrees}, Not Active, Not Active")
        before = len(gpu.asked)
        until(lambda: len(gpu.asked) >= before + 3)  # noqa: B023  (asked at once)
        assert watched.hot is hot, degrees
    gpu.says("60, Active, Not Active")  # cool by degrees, and yet slowed down
    before = len(gpu.asked)
    until(lambda: len(gpu.asked) >= before + 3)
    assert watched.hot


def test_degrees_alone_slow_nothing_down_where_nobody_set_a_limit(gpu: Gpu) -> None:
    gpu.says("99, Not Active, Not Active")
    watched, said = guard()
    until(lambda: len(gpu.asked) >= 3)
    assert not watched.hot and said == []


@pytest.mark.parametrize("hottest", [0, 80])
def test_a_program_that_fails_is_soon_left_alone(gpu: Gpu, hottest: int) -> None:
    gpu.says("fails")
    watched, said = guard(hottest)
    until(lambda: not any(thread.name == "heat" for thread in threading.enumerate()))
    asked = len(gpu.asked)
    watched.needed()
    time.sleep(0.2)
    assert len(gpu.asked) == asked and not watched.hot
    assert len(said) == (1 if hottest else 0)  # who set a limit is told that nobody keeps it


def test_a_guard_that_loses_its_thermometer_lets_the_work_go_on(gpu: Gpu) -> None:
    gpu.says(ACTIVE)
    watched, said = guard()
    until(lambda: watched.hot)
    gpu.says("fails")
    until(lambda: not watched.hot)
    until(lambda: len(said) == 2)
    assert "tells no more how hot the GPU is" in said[1]


def test_pauses_grow_up_to_the_time_of_the_last_request() -> None:
    rest, pauses = Rest(), []
    for _ in range(6):
        rest.after(8.0, 100.0)
        pauses.append(rest.until - 100)
    assert pauses == [2, 4, 6, 8, 8, 8]
    rest.after(500.0, 100.0)
    assert rest.until - 100 == 60
    rest.over()
    rest.after(8.0, 100.0)
    assert rest.until - 100 == 2


# With a server


def run(backend: Ollama, count: int) -> list[bool]:
    """Photos one by one from as many threads as it wants."""
    seen = [np.full((64, 80, 3), shade, np.uint8) for shade in range(count)]
    with ThreadPoolExecutor(backend.parallel) as pool:
        futures = [pool.submit(backend.describe, [one], [Question("What?", {})]) for one in seen]
        return [isinstance(future.result()[0], str) for future in futures]


def hot_describer(server: StandIn, **options: object) -> Ollama:
    return Ollama("", {"hosts": [server.url], "parallel": 3, "heat_every_s": 0.05, "timeout_s": 5, **options})


@pytest.mark.server
def test_a_hot_gpu_gets_one_request_at_a_time_with_pauses_and_then_its_old_pace(gpu: Gpu) -> None:
    with StandIn([model("gemma3:4b")], parallel=4, seconds_per_image=0.06) as server:
        backend, said = hot_describer(server), list[str]()
        backend.begin(said.append)
        assert all(run(backend, 9)) and server.max_running == 3
        loading = len(said)
        gpu.says(ACTIVE)
        until(lambda: len(said) > loading)
        begin = len(server.asked())
        assert all(run(backend, 8))
        hot = server.asked()[begin:]
        gaps = [later.at - former.ended for former, later in pairwise(hot)]
        assert min(gaps) > 0.01  # never two at once, and a pause before each
        assert min(gaps[3:]) > 0.05 and max(gaps) < 0.4  # as long as a request takes, once it has grown
        gpu.says(COOL)
        until(lambda: len(said) > loading + 1)
        begin = len(server.asked())
        assert all(run(backend, 12))
        cool = server.asked()[begin:]
        assert any(later.at < former.ended for former, later in pairwise(cool))
        assert "slowed down for" in backend.told() and "by a hot GPU" in backend.told()
        assert [line.split(" ")[0:3] for line in said[loading:]] == [["The", "GPU", "is"], ["The", "GPU", "has"]]


@pytest.mark.server
def test_who_waits_for_a_hot_gpu_goes_on_as_soon_as_it_is_cool(gpu: Gpu) -> None:
    with StandIn([model("gemma3:4b")], seconds_per_image=1.0, parallel=4) as server:
        backend = hot_describer(server)
        gpu.says(ACTIVE)
        assert all(run(backend, 1))  # loads and starts the guard
        until(lambda: any("too hot" in notice for notice in backend.notices))
        server.seconds_per_image = 0.01
        for host in backend._met().present():
            host.rest.after(50.0, time.monotonic())  # a long pause
        began = time.monotonic()
        threading.Timer(0.3, gpu.says, [COOL]).start()
        assert all(run(backend, 3))
        assert 0.2 < time.monotonic() - began < 4


@pytest.mark.server
def test_a_limit_that_nobody_can_watch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with StandIn(["llava:7b"]) as server:
        silent, asked = hot_describer(server), hot_describer(server, hottest=70)
        assert all(run(silent, 1)) and all(run(asked, 1))
        assert silent.notices == [] and len(asked.notices) == 1 and "nvidia-smi" in asked.notices[0]
