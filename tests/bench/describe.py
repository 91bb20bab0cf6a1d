"""How busy `phototag look` keeps a vision model, and what --strict lets through: python describe.py [PHOTOS]

The decision here: the whole command in a process of its own against a stand-in server in another one, which takes 0.2 s
a picture in each slot; the ideal is a server that never waits. Beside it a script that does one photo after the other.
What the shipped models see is made before and is not timed. Refused: a client in this process, which would share our
time.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import table
from PIL import Image
from table import Row

ROOT = Path(__file__).parents[2]
_SECONDS, _SIDE = 0.2, (2048, 1536)
_GOALS = {1: 97, 2: 94, 4: 90}  # percent
_ONE_BY_ONE = 32  # photos of the script: it is slow and even


def main() -> int:
    if "--serve" in sys.argv:
        serve(int(sys.argv[-2]), sys.argv[-1])
        return 0
    count, load = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000, os.getloadavg()[0]
    print(table.heading())
    with tempfile.TemporaryDirectory() as folder:
        photos = made(count, Path(folder))
        run("look", photos, "--quiet")
        for row in rows(count, photos):
            print(table.line(row), flush=True)
    print(table.machine(load))
    return 0


def rows(count: int, photos: Path) -> Iterator[Row]:
    for slots, goal in _GOALS.items():
        with server(slots, "tame") as url:
            start = time.perf_counter()
            run("look", photos, "--ollama", url, "--quiet", "--every-photo", "--retag", "--style", f"slots {slots}")
            spent = time.perf_counter() - start
            few = sorted(photos.glob("*.jpg"))[:_ONE_BY_ONE]
            start = time.perf_counter()
            for path in few:
                one_by_one(path, url)
            script = (time.perf_counter() - start) / len(few)
        ideal = _SECONDS / slots
        ours, theirs = 100 * ideal / (spent / count), 100 * ideal / script
        yield Row("", f"of ideal, {slots} slots", ours, "%", "one by one", theirs, goal=goal, decided_by="ours")
    with server(4, "hostile") as url:
        run("look", photos, "--ollama", url, "--quiet", "--every-photo", "--strict", "--retag")
    outside = words_outside(photos)
    yield Row("", "strict: words outside", outside, "", f"{count} photos", goal=0, sign="<=", decided_by="ours")


def made(count: int, folder: Path) -> Path:
    """So many different photos, each a window of one of ours."""
    photos, chance = folder / "photos", random.Random(7)
    photos.mkdir()
    sources = [Image.open(path).convert("RGB") for path in sorted((ROOT / "tests" / "photos").rglob("*.jpg"))]
    for number in range(count):
        source = sources[number % len(sources)]
        width, height = (round(side * chance.uniform(0.7, 0.95)) for side in source.size)
        left, top = chance.randint(0, source.width - width), chance.randint(0, source.height - height)
        window = source.resize(_SIDE, Image.Resampling.BILINEAR, (left, top, left + width, top + height))
        window.save(photos / f"IMG_{number:05}.jpg", "JPEG", quality=88)
    return photos


def run(*words: object) -> None:
    """The command as a person types it."""
    done = subprocess.run([sys.executable, "-m", "phototag", *map(str, words)], capture_output=True, text=True)
    if done.returncode > 1:  # 1: photos that failed, as with a hostile server some do
        raise RuntimeError(done.stderr)


@contextlib.contextmanager
def server(slots: int, manner: str) -> Iterator[str]:
    """A stand-in in a process of its own."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--serve", str(slots), manner]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


def serve(slots: int, manner: str) -> None:
    from tests.ollama_stand_in import StandIn

    with StandIn(["gemma3:4b"], seconds_per_image=_SECONDS, parallel=slots, manner=manner) as found:
        print(found.url, flush=True)
        sys.stdin.read()


def one_by_one(path: Path, url: str) -> None:
    """What an obvious script does: decode, shrink, ask, wait."""
    with Image.open(path) as image:
        image.load()
        image.thumbnail((1024, 1024))
        sent = io.BytesIO()
        image.save(sent, "JPEG", quality=88)
    body = {
        "model": "gemma3:4b",
        "stream": False,
        "messages": [{"role": "user", "content": "?", "images": [base64.b64encode(sent.getvalue()).decode()]}],
    }
    request = urllib.request.Request(f"{url}/api/chat", json.dumps(body).encode())
    with urllib.request.urlopen(request) as reply:
        reply.read()


def words_outside(photos: Path) -> int:
    """Tags, queued and proposed words of the library that the vocabulary does not have."""
    from phototag import resources, vocabulary
    from phototag.store.library import open_library

    words = vocabulary.load(resources.vocabulary_file())
    library = open_library(photos)
    said = (tag.term for one in library.decisions() for tag in (*one.tags, *one.queued, *one.proposed))
    return sum(words.canonical(word) is None for word in said)


if __name__ == "__main__":
    raise SystemExit(main())
