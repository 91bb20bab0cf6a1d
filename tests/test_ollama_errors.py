"""Every way in which an Ollama server fails, from the command line: what a person reads, and what follows.

The decision: one table, row by row what a real server says (status and text as they come, in the era that says them),
beside it the sentence and the hint to the letter, and the group that a row stands in is what follows from it; each row
is provoked in a server on a socket, `phototag look` runs against it, and once the trouble is over the same command
goes on where it stopped. Refused: the reply of a client that is replaced, and sentences that are asserted by a word.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import phototag
from tests.ollama_stand_in import BUSY, PEG, Entry, Fault, Model, StandIn, model

pytest.importorskip("ollama")

pytestmark = pytest.mark.server

MODEL = "qwen2.5vl:7b"
ANSWER = {"category": "street", "description": "A grey wall.", "keywords": ["wall"]}
NAMES = ("one.jpg", "two.jpg", "three.jpg", "tall.jpg")
TALL = 120  # its width; it is the only photo that stands upright
WIDTHS = {160, 176, 192, TALL}
OURS = "Please report this: it is a mistake of phototag, or a server that it does not know."
PULL = f"Get it: ollama pull {MODEL} (or: phototag models --pull {MODEL})"
VISION = "Choose a model with vision: phototag models"
SMALLER = "Choose a smaller model, or update Ollama: phototag models"
LOCAL = "Choose a model that is on the machine: phototag models"
LEAVES = "photos would leave your machine."


# The photos, and the command


def _photo(width: int, height: int, day: int) -> Image.Image:
    """A picture that looks like no other, taken on a day of its own: no burst, and with a place that must not leave."""
    return Image.linear_gradient("L").rotate(day * 25).convert("RGB").resize((width, height))


def _exif(day: int) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"2024:05:{day:02} 10:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 24.0, 0.0), 3: "E", 4: (13.0, 4.0, 0.0)})
    return exif


_made: dict[str, Path] = {}


@pytest.fixture(name="photos")
def four_photos(home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Any) -> Path:
    """Four photos at which everybody but a describer has looked: what is asked here is all that is lacking."""
    if "photos" not in _made:
        folder = tmp_path_factory.mktemp("looked at") / "photos"
        folder.mkdir()
        for day, (name, width) in enumerate(zip(NAMES, (160, 176, 192, TALL), strict=True), 1):
            _photo(width, 168 if width == TALL else 120, day).save(folder / name, exif=_exif(day))
        assert phototag.run("look", str(folder), "--quiet") == 0
        capsys.readouterr()
        _made["photos"] = folder
    return Path(shutil.copytree(_made["photos"], tmp_path / "photos"))


@dataclass
class Done:
    """What came of a command: exit code, results, and what was said beside them."""

    code: int
    out: str
    err: str

    @property
    def ended(self) -> list[str]:
        """The sentence that ends a run which stopped, the hint, and how to go on if a photo was come to."""
        _, named, after = self.err.rstrip("\n").rpartition("phototag: ")
        return [line.removeprefix("  ") for line in after.split("\n")] if named else []

    @property
    def told(self) -> tuple[str, ...]:
        """Sentence and hint."""
        return tuple(self.ended[:2])

    @property
    def kept(self) -> str:
        """What is said last of a run that stopped; "" where none began."""
        return " ".join(self.ended[2:])

    @property
    def failed(self) -> dict[str, str]:
        """The photos that could not be looked at, and why."""
        _, found, after = self.out.partition("Could not be looked at:\n")
        lines = [line.strip() for line in after.split("\n") if line.startswith("  ")] if found else []
        return dict(line.split(": ", 1) for line in lines)


Look = Callable[..., Done]


@pytest.fixture(name="look")
def looking(photos: Path, capsys: Any) -> Look:
    """Runs `phototag look` over the photos with these servers, one request at a time."""

    def run(*servers: StandIn | str, words: tuple[str, ...] = (), named: str = MODEL) -> Done:
        asked = [word for one in servers for word in ("--ollama", one if isinstance(one, str) else one.url)]
        asked += ["--model", named] if named else []
        capsys.readouterr()
        code = phototag.run("look", str(photos), "--set", "ollama.parallel=1", *asked, *words)
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return Done(code, said.out, said.err)

    return run


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock on which nobody waits long: what should have been waited is kept."""
    waited: list[float] = []
    sleep = time.sleep

    def short(seconds: float) -> None:
        waited.append(seconds)
        sleep(min(seconds, 0.01))

    monkeypatch.setattr(time, "sleep", short)
    return waited


@dataclass
class AtPictures(Fault):
    """A fault that only requests with a picture meet, and only pictures of this width, if one is said."""

    server: StandIn | None = None
    width: int = 0

    def fits(self, path: str, model: str, images: tuple[str, ...]) -> bool:
        assert self.server
        sent = {one.hash: one for entry in self.server.requests for one in entry.pictures}
        meets = any(not self.width or sent[name].width == self.width for name in images)
        return meets and super().fits(path, model, images)


def answered(question: Any) -> dict[str, Any]:
    """What was asked for, and no more."""
    return {name: ANSWER[name] for name in question.schema["properties"]}


def pictures(server: StandIn) -> list[Entry]:
    """The requests that carried a picture."""
    return [entry for entry in server.asked() if entry.pictures]


def widths(server: StandIn) -> Counter[int]:
    """How often each photo was asked about, by its width."""
    return Counter(entry.pictures[0].width for entry in pictures(server))


def nested(code: int, message: str, **more: object) -> str:
    """An error of llama-server in an error of Ollama: JSON in a text."""
    return json.dumps({"error": {"code": code, "message": message, **more}})


@dataclass(frozen=True)
class Row:
    """What a server says, where it is written, and what a person reads of it. {host} and {url} are filled in."""

    row: str  # OLLAMA.md's own words for it, after the number of its section
    said: str
    hint: str = ""
    status: int = 0
    text: str = ""
    kind: str = ""  # of the fault; without one it is the status and the text
    era: str = "B-native"
    more: Mapping[str, Any] = field(default_factory=dict)

    def fault(self, server: StandIn, **conditions: Any) -> AtPictures:
        kind = self.kind or ("status" if self.text else "empty-body")
        told = {"status": self.status, "text": self.text} if self.status else {}
        return AtPictures(kind, server=server, **told, **self.more, **conditions)

    def sentence(self, server: StandIn) -> str:
        return self.said.replace("{host}", server.url)


def ids(row: Row) -> str:
    return f"{row.row} [{row.era}]"


# What is wrong with the model or the server stops the run

GONE = "{host} does not have the model " + MODEL + "."
BUG = "{host} does not understand the request: "
LOAD = "{host} cannot load the model " + MODEL + ": "
BLIND = "The model " + MODEL + " at {host} cannot see pictures."
MUTE = "The model " + MODEL + " at {host} cannot describe pictures: "
LOGIN = "{host} wants a login, which only a cloud or a proxy does."
NO_PROXY = "Choose a model that is on the machine (phototag models), or name the server itself and not its proxy."
MLLAMA = "llama-server process has terminated: error loading model: unknown model architecture: 'mllama'"
OOM = "model requires more system memory (9.1 GiB) than is available (5.3 GiB)"
CUDA = "llama-server process has terminated: cudaMalloc failed: out of memory"
PARSE = 'failed to parse grammar: expecting name at "\\d"'
CONVERT = "JSON schema conversion failed:\nPattern must start with '^' and end with '$'"
MMPROJ = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
NO_SIGHT = "Multimodal data provided, but model does not support multimodal requests."
FORMAT = 'invalid format: "xml"; expected "json" or a valid JSON Schema object'
A, NATIVE, RENDERED = "A", "B-native", "B-rendered"


def bug(row: str, text: str, status: int = 400, era: str = NATIVE, shown: str = "") -> Row:
    return Row(row, f"{BUG}{shown or text}.", OURS, status, text, era=era)


def unloaded(row: str, text: str, hint: str, status: int = 500, era: str = NATIVE) -> Row:
    return Row(row, f"{LOAD}{text}.", hint, status, text, era=era)


def mute(row: str, text: str) -> Row:
    return Row(row, f"{MUTE}{text}.", VISION, 400, text)


STOPS = [
    bug("2: 400 missing request body", "missing request body"),
    bug("2: 400 JSON errors: a letter", "invalid character 'x' looking for beginning of value"),
    bug("2: 400 JSON errors: an end", "unexpected EOF"),
    bug(
        "1: 400 think: another word",
        'invalid think value: "x" (must be "high", "medium", "low", "max", true, or false)',
    ),
    bug("1: 400 think: another type", "think must be a boolean or string"),
    bug("1: 400 a duration that is none", 'time: invalid duration "x"'),
    bug("1: 400 a duration of another unit", 'time: unknown unit "y" in duration "5y"'),
    bug(
        "2: 400 JSON errors: a type",
        "json: cannot unmarshal string into Go struct field ChatRequest.stream of type bool",
    ),
    bug("2: 400 model is required", "model is required"),
    bug("2: 400 invalid model name", "invalid model name"),
    bug("2: 400 top_logprobs must", "top_logprobs must be between 0 and 20"),
    bug("1: 400 illegal base64 data", "illegal base64 data at input byte 4", era=A),
    bug("1: 400 a duration without a unit", 'time: missing unit in duration "300"'),
    bug("1: 500 invalid format", FORMAT, 500, A),
    bug("1: 500 an option of a wrong type", 'option "num_ctx" must be of type integer', 500),
    Row("2: 404 model 'x' not found", GONE, PULL, 404, f"model '{MODEL}' not found"),
    Row("2: 404 model 'x' not found", GONE, PULL, 404, f"model '{MODEL}' not found", era=A),
    Row(
        "2: 404 model not found, try pulling it first",
        GONE,
        PULL,
        404,
        f'model "{MODEL}" not found, try pulling it first',
    ),
    Row("2: 404 model '' not found", GONE, PULL, 404, "model '' not found"),
    mute("2: 400 does not support chat", f'"{MODEL}" does not support chat'),
    mute("2: 400 does not support generate", f'"{MODEL}" does not support generate'),
    mute("2: 400 does not support thinking", f'"{MODEL}" does not support thinking'),
    mute("2: 400 does not support insert", f"registry.ollama.ai/library/{MODEL} does not support insert"),
    Row("2: 500 image input is not supported", BLIND, VISION, 500, nested(500, MMPROJ, type="server_error")),
    Row("2: 400 multimodal not supported", BLIND, VISION, 400, NO_SIGHT, era=RENDERED),
    bug("2: 400 schema conversion errors", nested(400, PARSE), era=RENDERED, shown=PARSE),
    bug("2: 400 schema conversion errors", nested(400, CONVERT), shown=" ".join(CONVERT.split())),
    bug("2: 400 schema conversion errors", "invalid JSON schema in format", 500, A),
    bug(
        "5.4: 400 a grammar",
        nested(400, "error parsing grammar: number of rules"),
        shown="error parsing grammar: number of rules",
    ),
    bug("5.4: 400 an unknown schema", "Unrecognized schema: {}", shown="Unrecognized schema: ()"),
    bug("5.4: 400 an unknown type", "Unsupported type: text"),
    bug("5.4: 400 a pattern", "Pattern must start with '^' and end with '$'"),
    bug(
        "5.4: 400 a dangling reference",
        "Error resolving ref #/$defs/x: $defs not in {}",
        shown="Error resolving ref #/$defs/x: $defs not in ()",
    ),
    bug("5.4: 500 a schema too long for its buffer", "failed to load model vocabulary required for format", 500, A),
    unloaded("2: 500 unknown model architecture", MLLAMA, SMALLER),
    unloaded("2: 500 timed out waiting", "timed out waiting for llama-server to start", SMALLER),
    unloaded("2: 500 failed to load model", "llama-server: failed to load model: incompatible file", SMALLER),
    unloaded("2: 500 out of memory", OOM, SMALLER, era=A),
    unloaded("2: 500 out of memory", CUDA, SMALLER),
    unloaded("2: 500 out of memory", "unable to allocate CUDA0 buffer", SMALLER, era=A),
    unloaded("2: 500 failed to load model", "llama-server startup failed", SMALLER),
    Row(
        "2: 403 an empty body",
        "{host} refuses to be asked under this name.",
        "Its proxy must set Host: localhost.",
        403,
    ),
]
LEAVING = [
    Row(
        "2: 403 ollama cloud is disabled",
        "{host} would ask a cloud for the model " + MODEL + f": {LEAVES}",
        LOCAL,
        403,
        "ollama cloud is disabled: remote model is unavailable",
    ),
    Row("2: 401 unauthorized", LOGIN, NO_PROXY, 401, "unauthorized"),
    Row("2: 401 a proxy's empty body", LOGIN, NO_PROXY, 401),
    Row("7: 307 to elsewhere", "{host} sends us elsewhere.", "Name the server itself.", kind="redirect"),
    Row(
        "6: an answer with remote_host",
        "{host} had the answer made elsewhere: a picture has left your machine.",
        f"Remove the model (ollama rm {MODEL}), and set OLLAMA_NO_CLOUD=1 for the server.",
        kind="remote-host",
    ),
]


@pytest.mark.parametrize("row", STOPS + LEAVING, ids=ids)
def test_what_is_wrong_with_the_server_stops_the_run(row: Row, look: Look) -> None:
    with StandIn([MODEL], era=row.era, answers=answered) as server:
        trouble = server.fault(row.fault(server, nth=2))
        done = look(server)
        assert done.code == 7 and done.told == (row.sentence(server), row.hint)
        assert done.kept == "1 answer kept. Run the same command again: it goes on where it stopped."
        assert len(pictures(server)) == 2  # one was answered; after the trouble nothing more is asked
        assert trouble.used == 1 and server.canary_reached == [] and server.violations == []


def about(rows: list[Row], *beginnings: str) -> list[Row]:
    return [next(row for row in rows if row.row.startswith(beginning)) for beginning in beginnings]


@pytest.mark.parametrize(
    "row", [*about(STOPS, "2: 404 model 'x'", "2: 500 out of", "1: 500 invalid"), *about(LEAVING, "2: 401")], ids=ids
)
def test_the_same_command_goes_on_where_it_stopped(row: Row, look: Look) -> None:
    with StandIn([MODEL], era=row.era, answers=answered) as server:
        server.fault(row.fault(server, nth=2))
        assert look(server).code == 7
        first = pictures(server)[0].pictures[0].width
        again = look(server)
        assert again.code == 0 and again.failed == {}
        assert set(widths(server)) == WIDTHS and widths(server)[first] == 1  # what was answered is asked no more
        assert len(pictures(server)) == 2 + 3 and server.reloads == 0


def test_a_run_that_asks_anew_is_told_how_to_go_on_without_that(look: Look) -> None:
    with StandIn([MODEL], answers=answered) as server:
        server.fault(about(STOPS, "2: 500 out of")[0].fault(server, nth=2))
        done = look(server, words=("--fresh",))
        assert done.kept == "1 answer kept. Run the same command without --fresh again: it goes on where it stopped."


def test_two_servers_that_fail_differently_are_both_named(look: Look) -> None:
    gone, full = about(STOPS, "2: 404 model 'x'", "2: 500 out of")
    with StandIn([MODEL], answers=answered) as one, StandIn([MODEL], answers=answered) as two:
        one.fault(gone.fault(one))
        two.fault(full.fault(two))
        done = look(one, two)
        ends = {(gone.sentence(one), gone.hint), (full.sentence(two), full.hint)}
        assert done.code == 7 and done.told in ends
        (other,) = ends - {done.told}
        assert done.err.count(f"warning: {' '.join(other)}\n") == 1  # and the last one's is said once
        assert done.err.count(done.told[0]) == 1


def test_two_servers_with_which_no_run_begins_are_both_named(look: Look) -> None:
    with StandIn(["llava:7b"]) as one:
        done = look(one, "http://127.0.0.1:9")
        assert done.code == 7
        assert done.ended == [
            f"{GONE} {PULL}".replace("{host}", one.url),
            "No Ollama server answers at http://127.0.0.1:9.",
            "Start it: ollama serve",
            "Or leave --describer (or --ask-model) out: everything else works without.",
        ]


@pytest.mark.parametrize("row", about(STOPS, "2: 404 model 'x'", "2: 500 out of", "2: 403 an empty"), ids=ids)
def test_another_server_does_the_work_of_one_that_cannot(row: Row, look: Look) -> None:
    with StandIn([MODEL], era=row.era, answers=answered) as one, StandIn([MODEL], answers=answered) as two:
        one.fault(row.fault(one))
        done = look(one, two)
        assert done.code == 0 and done.failed == {}
        assert f"{row.sentence(one)} {row.hint}" in done.err
        assert len(pictures(one)) == 1 and set(widths(two)) == WIDTHS


@pytest.mark.parametrize("row", LEAVING, ids=ids)
def test_no_other_server_is_asked_once_something_would_leave(row: Row, look: Look) -> None:
    with StandIn([MODEL], answers=answered) as one, StandIn([MODEL], answers=answered, seconds_per_image=0.2) as two:
        one.fault(row.fault(one))
        done = look(one, two)
        assert done.code == 7 and done.told == (row.sentence(one), row.hint)
        assert len(pictures(one)) == 1 and len(pictures(two)) <= 1  # what was under way there


# What is wrong with one photo costs that photo

SAID = "{host} said: "
UNFIT = "{host} gave no answer that counts: "
ODD = "{host} gave a reply that is none of Ollama's."
TOO_LONG = "request (18037 tokens) exceeds the available context size (4096 tokens), try increasing it"
LONG = "the prompt is longer than the context length currently available"
RUNNING = "an error was encountered while running the model: CUDA error"
ROOM = "Raise ollama.num_ctx, or shorten the prompt."
LOOPED = "prediction aborted, token repeat limit reached"


def stays(row: str, said: str, kind: str, era: str = NATIVE, hint: str = "", **more: Any) -> Row:
    return Row(row, said, hint, kind=kind, era=era, more=more)


FAILS = [
    Row("2: 400 exceeds the available context size", f"The picture does not fit: {TOO_LONG}.", ROOM, 400,
        nested(400, TOO_LONG, type="exceed_context_size_error", n_prompt_tokens=18037, n_ctx=4096)),
    Row("2: 400 the prompt is longer than", f"The picture does not fit: {LONG}.", ROOM, 400, LONG, era=RENDERED),
    Row("2: 400 the input length exceeds", "The picture does not fit: the input length exceeds the context length.",
        ROOM, 400, "the input length exceeds the context length", era=A),
    Row("2: 400 Failed to load image", "{host} cannot read the picture.", "", 400,
        nested(400, "Failed to load image or audio file")),
    Row("4: 500 unknown format", "{host} cannot read the picture.", "", 500,
        "failed to create new sequence: failed to process inputs: image: unknown format", era=A),
    stays("2: 500 model runner has unexpectedly stopped", "The model crashed at this picture.", "crash"),
    stays("2: 500 model runner has unexpectedly stopped", "The model crashed at this picture.", "crash", A),
    Row("2: 500 an error was encountered", f"{SAID}{RUNNING}.", "", 500, RUNNING, era=A),
    stays("2: 500 llama-server chat error", f"{SAID}{PEG}.", "peg"),
    stays("9: a mid-stream error of the rendered path", f"{UNFIT}the answer broke off, as a model's does that repeats "
          "itself.", "peg", RENDERED),
    Row("2: 499 request canceled", f"{SAID}request canceled.", "", 499, "request canceled"),
    Row("2: a text that nobody has seen", f"{SAID}something new.", "", 418, "something new"),
    Row("2: 500 with an empty body", f"{SAID}HTTP 500.", "", 500),
    stays("2: 200 with an error line", f"{SAID}something went wrong.", "error-in-200", text="something went wrong"),
    stays("2: 200 with an error line", f"{SAID}something went wrong.", "error-in-200", A, text="something went wrong"),
    stays("1: 200 done:false", f"{UNFIT}the answer broke off, as a model's does that repeats itself.", "not-done", A),
    stays("1: 200 done_reason length", f"{UNFIT}the answer was too long.", "length"),
    stays("1: 200 empty content", f"{UNFIT}the answer was empty.", "empty-content"),
    stays("5.5: a loop", f"{UNFIT}the answer broke off, as a model's does that repeats itself.", "loop", A),
    stays("5.5: a loop", f"{UNFIT}the answer broke off, as a model's does that repeats itself.", "loop", RENDERED),
    stays("5.5: a loop", f"{UNFIT}the answer was too long.", "loop"),
    Row("5.5: a loop since PR 18374", f"{SAID}{LOOPED}.", "", 500, LOOPED, era=RENDERED),
    stays("7: cut JSON", ODD, "cut-json"),
    stays("7: an odd shape", ODD, "odd-shape"),
    stays("7: a short body", "{host} broke off.", "wrong-length", hint="See the log of the Ollama server."),
    stays("7: a reset before the headers", "{host} broke off.", "reset", hint="See the log of the Ollama server."),
    stays("7: a reset in the body", "{host} broke off.", "reset-mid-body", hint="See the log of the Ollama server."),
]  # fmt: skip


@pytest.mark.parametrize("row", FAILS, ids=ids)
def test_what_is_wrong_with_a_photo_costs_that_photo_and_no_other(row: Row, look: Look) -> None:
    with StandIn([MODEL], era=row.era, answers=answered) as server:
        server.fault(row.fault(server, width=TALL))
        server.fault(row.fault(server, width=160, times=1))  # trouble that passes
        done = look(server)
        assert done.code == 1 and done.failed == {"tall.jpg": f"{row.sentence(server)} {row.hint}".strip()}
        assert widths(server) == {160: 2, 176: 1, 192: 1, TALL: 2}  # once more, and on with the others
        first, second = (entry for entry in pictures(server) if entry.pictures[0].width == TALL)
        assert first.options["seed"] != second.options["seed"]
        assert first.options["temperature"] < second.options["temperature"]
        assert "describe 3" in done.out
        assert server.violations == [] and server.reloads == 0


def test_a_photo_that_failed_is_asked_about_again_only_where_a_person_wants_it(look: Look) -> None:
    with StandIn([MODEL], answers=answered) as server:
        server.fault(AtPictures("crash", server=server, width=TALL, times=2))
        assert look(server).code == 1
        assert look(server).code == 0 and len(pictures(server)) == 5
        again = look(server, words=("--retry-failed",))
        assert again.code == 0 and again.failed == {} and widths(server)[TALL] == 3 and len(pictures(server)) == 6


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("no", "the answer is no JSON"),
        ('{"category": "street", "descr', "the answer is no JSON"),
        ("[]", "the answer does not fit: `it` is no object"),
        ({**ANSWER, "category": "cat"}, "the answer does not fit: `category` is none of the words to choose from"),
        ({**ANSWER, "keywords": "wall"}, "the answer does not fit: `keywords` is no array"),
        ({"category": "street"}, "the answer does not fit: `description` is missing"),
    ],
)
def test_an_answer_that_does_not_fit_is_none_whatever_the_status(answer: Any, said: str, look: Look) -> None:
    def at_the_tall_one(question: Any) -> Any:
        return answer if question.pictures[0].width == TALL else answered(question)

    with StandIn([MODEL], answers=at_the_tall_one) as server:
        done = look(server)
        assert done.code == 1 and done.failed == {"tall.jpg": f"{server.url} gave no answer that counts: {said}."}
        assert widths(server)[TALL] == 2 and len(pictures(server)) == 5


@pytest.mark.parametrize("kind", ["in-thinking", "fenced", "prose"])
def test_an_answer_in_an_odd_place_is_taken(kind: str, look: Look) -> None:
    with StandIn([MODEL], answers=answered) as server:
        server.fault(AtPictures(kind, server=server))
        done = look(server)
        assert done.code == 0 and "describe 4" in done.out and len(pictures(server)) == 4


def test_a_server_that_ignores_the_schema_is_not_believed(look: Look) -> None:
    """5.6: up to 0.31.1 for models that think."""
    with StandIn(["qwen3.5:4b"], version="0.30.1") as server:
        done = look(server, named="qwen3.5:4b")
        assert done.code == 1 and set(done.failed) == set(NAMES)
        assert set(done.failed.values()) == {f"{server.url} gave no answer that counts: the answer is no JSON."}


def test_a_picture_for_which_the_context_is_too_small_is_sent_smaller(photos: Path, look: Look, tmp_path: Path) -> None:
    """2: 400 exceeds the available context size, as the server itself counts: 28 pixels a token, 2048 in all."""
    Image.radial_gradient("L").convert("RGB").resize((1024, 1020)).save(photos / "large.jpg", exif=_exif(9))
    prompt = tmp_path / "long.md"
    prompt.write_text("---\nname: long\nversion: 1\nschema: caption\nlanguage: en\n---\nSay it. " + "Look well. " * 300)
    words = ("--set", "ollama.num_ctx=2048", "--prompt", str(prompt))
    with StandIn([MODEL], answers=answered) as server:
        done = look(server, words=words)
        assert done.code == 0 and done.failed == {}
        assert widths(server)[1024] == widths(server)[768] == 1 and server.reloads == 0


def test_a_picture_that_kills_the_runner_costs_itself_and_the_next_is_answered(photos: Path, look: Look) -> None:
    """4: era A panics at some pictures; here at one that it says it cannot bear, in any size."""
    with StandIn([model(MODEL, least_side=170)], era="A", answers=answered) as server:
        done = look(server)
        assert done.code == 1 and set(done.failed.values()) == {"The model crashed at this picture."}
        assert set(done.failed) == set(NAMES) and len(pictures(server)) == 8


# A busy server is asked later

FULL = "{host} is too busy: server busy, please try again. maximum pending requests exceeded."
LATER = "Ask again when it has time: --retry-failed"
WAITS = [
    Row("2: 503 server busy", FULL, LATER, 503, BUSY),
    Row("2: 503 server busy", FULL, LATER, 503, BUSY, era=A),
    Row("2: 429 rate limit", "{host} is too busy: too many requests.", LATER, 429, "too many requests"),
    Row("2: 502 a proxy's page", "A proxy at {host} does not reach the Ollama server behind it: HTTP 502.",
        "See whether that server runs, then: --retry-failed", 502, kind="html"),
    Row("2: 504 of a proxy", "A proxy at {host} gave up waiting for the Ollama server behind it: HTTP 504.",
        "Let the proxy wait longer, then: --retry-failed", 504),
]  # fmt: skip


@pytest.mark.parametrize("row", about(WAITS, "2: 503", "2: 429", "2: 502"), ids=ids)
def test_a_busy_server_is_asked_later_and_longer_each_time(row: Row, look: Look, no_waiting: list[float]) -> None:
    with StandIn([MODEL], era=row.era, answers=answered) as server:
        server.fault(row.fault(server, width=TALL, times=3))
        done = look(server)
        assert done.code == 0 and done.failed == {} and widths(server)[TALL] == 4
        waited = [seconds for seconds in no_waiting if seconds >= 0.25]
        assert any(one <= 0.75 for one in waited) and any(1.0 <= one <= 3.0 for one in waited)


@pytest.mark.parametrize("row", WAITS, ids=ids)
def test_a_server_that_stays_busy_costs_the_photo_at_last(row: Row, look: Look, no_waiting: list[float]) -> None:
    with StandIn([MODEL], era=row.era, answers=answered) as server:
        server.fault(row.fault(server, width=TALL))
        done = look(server)
        said = f"{row.sentence(server)} It was asked 9 times. {row.hint}"
        assert done.code == 1 and done.failed == {"tall.jpg": said}
        assert widths(server)[TALL] == 9 and len(pictures(server)) == 3 + 9 and max(no_waiting) <= 45


# A server that goes, and one that is slow


@pytest.mark.parametrize("era", ["A", "B-native"])
def test_the_photos_of_a_server_that_dies_go_to_another(era: str, look: Look) -> None:
    with StandIn([MODEL], era=era, answers=answered) as one, StandIn([MODEL], answers=answered) as two:
        one.fault(AtPictures("dies", server=one))
        done = look(one, two)
        assert done.code == 0 and done.failed == {} and "describe 4" in done.out
        assert len(pictures(one)) == 1 and set(widths(two)) == WIDTHS and len(pictures(two)) == 4


def _revived(server: StandIn, dies: Fault) -> None:
    """Brings the server back, half a second after it died."""
    until = time.monotonic() + 30
    while not dies.used and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    server.revive()


def test_a_server_that_comes_back_in_time_goes_on(look: Look) -> None:
    with StandIn([MODEL], answers=answered) as server:
        dies = server.fault(AtPictures("dies", server=server, nth=2))
        back = threading.Thread(target=_revived, args=(server, dies))
        back.start()
        done = look(server)
        back.join()
        assert done.code == 0 and done.failed == {} and "describe 4" in done.out


@pytest.mark.slow
def test_a_server_that_stays_away_is_given_up_and_the_run_goes_on_another_day(look: Look) -> None:
    """Twenty seconds of patience, as a person has them."""
    with StandIn([MODEL], answers=answered) as server:
        server.fault(AtPictures("dies", server=server, nth=2))
        done = look(server)
        assert done.code == 7
        assert done.told == (f"{server.url} is gone: no answer for 20 s.", "Start it: ollama serve")
        assert done.kept == "1 answer kept. Run the same command again: it goes on where it stopped."
        server.faults.clear()
        server.revive()
        assert look(server).code == 0 and set(widths(server)) == WIDTHS and len(pictures(server)) == 5


@pytest.mark.parametrize(("kind", "pause"), [("slow-headers", 9.0), ("drip", 0.05)])
def test_a_slow_server_costs_the_photo_its_time_and_no_more(kind: str, pause: float, look: Look) -> None:
    with StandIn([MODEL], answers=answered) as server:
        server.fault(AtPictures(kind, server=server, width=TALL, seconds=pause))
        done = look(server, words=("--set", "ollama.timeout_s=1"))
        said = f"{server.url} took too long: no answer in 1.0 s. Give it more time: --set ollama.timeout_s=2"
        assert done.code == 1 and done.failed == {"tall.jpg": said}
        assert widths(server)[TALL] == 2 and len(pictures(server)) == 5


# What cannot work is said before a picture is sent

NONE_SEES = "{host} has no model that can see pictures."
GET_ONE = "See which one suits this machine, and get it: phototag models"
NOT_OLLAMA = "{host} does not answer as an Ollama server does."
OLD_FAMILY = "llama3.2-vision:11b"
DOES_NOT_LOAD = (
    "llama-server process has terminated: error loading model: error loading model architecture: "
    "unknown model architecture: 'mllama'"
)


@dataclass(frozen=True)
class Start:
    """A server with which no run begins."""

    row: str
    said: str
    hint: str
    models: tuple[str | Model, ...] = (MODEL,)
    named: str = MODEL
    era: str = NATIVE
    version: str | None = None
    path: str = ""  # that answers with this status
    status: int = 0
    text: str = ""


STARTS = [
    Start("2: 404 a model that is not there", GONE, PULL, ("llava:7b",)),
    Start("2: 404 a model that is not there", GONE, PULL, ("llava:7b",), era=A),
    Start("2: 404 no model that sees", NONE_SEES, GET_ONE, ("llama3.2:3b", "all-minilm"), named=""),
    Start("2: no vision check in the routes", "The model llama3.2:3b at {host} cannot see pictures.",
          "Choose another one: phototag models", ("llama3.2:3b",), "llama3.2:3b", A),
    Start("2: no vision check, and no capabilities", "The model llama3.2:3b at {host} cannot see pictures.",
          "Choose another one: phototag models", ("llama3.2:3b",), "llama3.2:3b", A, "0.6.0"),
    Start("2: image input is not supported", "The model llama3.2:3b at {host} cannot see pictures.",
          "Choose another one: phototag models", ("llama3.2:3b",), "llama3.2:3b", NATIVE),
    Start("2: 403 an empty body", "{host} refuses to be asked under this name.", "Its proxy must set Host: localhost.",
          path="/api/version", status=403),
    Start("2: 401 of a proxy", LOGIN, NO_PROXY, path="/api/tags", status=401, text="unauthorized"),
    Start("1: 404 page not found", NOT_OLLAMA, "Look at its address.", path="/api/version", status=404),
    Start("1: 405 method not allowed", NOT_OLLAMA, "Look at its address.", path="/api/show", status=405),
    Start("before 0.5.0", "The Ollama at {host} is too old (0.4.7).", "Update it to 0.5 or newer.", era=A,
          version="0.4.7"),
]  # fmt: skip
LOADS = [
    Start("2: 500 unknown model architecture", "{host} cannot load the model " + f"{OLD_FAMILY}: {DOES_NOT_LOAD}.",
          SMALLER, (OLD_FAMILY,), OLD_FAMILY),
    Start("2: 500 timed out waiting", f"{LOAD}timed out waiting for llama-server to start.", SMALLER,
          path="/api/chat", status=500, text="timed out waiting for llama-server to start"),
    Start("2: 500 out of memory", f"{LOAD}{OOM}.", SMALLER, path="/api/chat", status=500, text=OOM, era=A),
    Start("7: 307 to elsewhere", "{host} sends us elsewhere.", "Name the server itself.", path="/api/chat", status=307),
]  # fmt: skip


def begin(start: Start) -> str:
    return f"{start.row} [{start.era}]"


@pytest.mark.parametrize("start", STARTS + LOADS, ids=begin)
def test_what_cannot_work_is_said_before_a_picture_is_sent(start: Start, look: Look) -> None:
    with StandIn(start.models, era=start.era, version=start.version, answers=answered) as server:
        if start.path:
            kind = "status" if start.text else "empty-body"
            server.fault(kind, path=start.path, status=start.status, text=start.text)
        done = look(server, named=start.named)
        said = start.said.replace("{host}", server.url)
        assert done.code == 7 and done.told == (said, start.hint)
        begun = "0 answers kept. Run the same command again: it goes on where it stopped."
        assert done.kept == (begun if start in LOADS else "")  # the model is loaded once the run has begun
        assert pictures(server) == [] and server.violations == []


def test_no_server_at_all_is_said_with_what_to_start(look: Look) -> None:
    done = look("http://127.0.0.1:9")
    said = ["No Ollama server answers at http://127.0.0.1:9.", "Start it: ollama serve"]
    said += ["Or leave --describer (or --ask-model) out: everything else works without."]
    assert done.code == 7 and done.ended == said
