"""How well search finds the captioned photos: every space, full text, and all together, with intervals.

The decision: captions are the queries and each one's own photo is what it should find; the photos get names that say
nothing, so that no caption is found by a file's name. Weights are chosen on every other query and judged on the rest.

    python tests/bench/search_quality.py [--photos ../shared/photos] [--weights]
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phototag import api
from phototag.api_searching import Searching, evaluate
from phototag.search import evaluating, ranking
from phototag.search.evaluating import FUSED, Asked, Quality

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = frozenset((".jpg", ".jpeg", ".png", ".heic", ".webp", ".gif", ".bmp", ".avif", ".tif", ".tiff"))


def prepared(photos: Path, work: Path) -> tuple[dict[str, Path], list[dict[str, Any]]]:
    """The photos copied under names without a meaning and looked at; files of queries by name, and queries_marked."""
    folder, named = work / "photos", {}
    folder.mkdir()
    found = sorted(path for path in photos.rglob("*") if path.is_file() and path.suffix.lower() in PICTURES)
    for number, path in enumerate(found):
        named[path.relative_to(photos).as_posix()] = f"photos/p{number:03}{path.suffix.lower()}"
        shutil.copy2(path, work / named[path.relative_to(photos).as_posix()])
    api.look(folder)
    captions = [json.loads(line) for line in (photos / "captions.jsonl").read_text("utf-8").splitlines()]
    files = {"captions": [(said, [one["file"]]) for one in captions for said in one["captions"]]}
    short = json.loads((Path(__file__).parent / "queries.json").read_text("utf-8"))
    for language in ("en", "de", "fr"):
        files[f"short queries, {language}"] = [(one[language], one["photos"]) for one in short]
    marked = json.loads((Path(__file__).parent / "queries_marked.json").read_text("utf-8"))
    for one in marked:
        one["photos"], one["also"] = ({named[path] for path in one[part]} for part in ("photos", "also"))
    return {name: _written(work / f"{name}.jsonl", queries, named) for name, queries in files.items()}, marked


def _written(file: Path, queries: Sequence[tuple[str, list[str]]], named: dict[str, str]) -> Path:
    lines = [{"query": query, "relevant": [named[path] for path in paths]} for query, paths in queries]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return file


def told(name: str, found: Quality) -> None:
    print(f"\n{name}: {found.queries} queries")
    print("\n".join(found.lines()))
    for score in found.scores:
        if score.name != FUSED:
            more = found.better(score.name)
            print(f"{FUSED} is better than {score.name} by mAP {more.mean:+.3f} [{more.low:+.3f}, {more.high:+.3f}]")


def marks(queries: Sequence[dict[str, Any]], folder: Path) -> None:
    """How many of the first eight hits are shown as good and are not; some of these things no photo shows."""
    one = Searching(api.open(folder))
    right = wrong = weak = 0
    for each in queries:
        for hit in one.find(each["query"], 8).hits:
            rows = one.table.rows([hit.image_id, *hit.folded], ("path",), "photos")
            paths = {f"{folder.name}/{row['path']}" for row in rows.values()}
            weak += hit.weak
            right += not hit.weak and not paths.isdisjoint(each["photos"])
            wrong += not hit.weak and paths.isdisjoint(each["photos"] | each["also"])
    print(f"\n{len(queries)} queries: shown as good {right} right and {wrong} wrong hits, {weak} marked weak")


def weights(files: dict[str, Path], folder: Path) -> None:
    """Which weights are best on every other query, and what they and ours give on the rest."""
    one = Searching(api.open(folder))
    queries = {
        name: evaluating.asked(file, lambda path: one.photo(path, folder.parent)) for name, file in files.items()
    }
    ours = (ranking.RANK, ranking.TEXT, ranking.SOME_WORDS)

    def judged(tried: tuple[float, ...], half: int) -> float:
        ranking.RANK, ranking.TEXT, ranking.SOME_WORDS = tried  # type: ignore[misc]
        means = [_mean_precision(one, some[half::2]) for some in queries.values()]
        return sum(means) / len(means)

    tried = list(itertools.product((3, 10, 30), (1.0, 2.5, 5.0), (0.3, 0.6, 1.5)))
    best = max(tried, key=lambda each: judged(each, 0))
    print("\nrank, text, some words (a space counts 1.5)")
    for name, each in (("best on the first half", best), ("ours", ours)):
        print(f"{name:<24} {each}: mAP {judged(each, 0):.3f} there, {judged(each, 1):.3f} on the other half")
    ranking.RANK, ranking.TEXT, ranking.SOME_WORDS = ours


def _mean_precision(one: Searching, queries: Sequence[Asked]) -> float:
    hits = [[hit.image_id for hit in one.find(each.query, 300, every=True).hits] for each in queries]
    found = [evaluating.precision(some, each.relevant) for some, each in zip(hits, queries, strict=True)]
    return sum(found) / len(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "photos")
    parser.add_argument("--weights", action="store_true", help="also try other weights")
    given = parser.parse_args()
    if not (given.photos / "captions.jsonl").is_file():
        print(f"no captioned photos in {given.photos}")
        return 0
    with tempfile.TemporaryDirectory(prefix="phototag-quality-") as work:
        files, marked = prepared(given.photos, Path(work))
        marks(marked, Path(work) / "photos")
        for name, file in files.items():
            told(name, evaluate(file, folder=Path(work) / "photos"))
        if given.weights:
            weights(files, Path(work) / "photos")
    return 0


if __name__ == "__main__":
    sys.exit(main())
