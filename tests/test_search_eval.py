"""What --eval says: figures that can be checked by hand, files that are wrong, and that all sources together are no
worse than the best one."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from phototag import api
from phototag.api_searching import evaluate
from phototag.errors import UsageError
from phototag.search.evaluating import FUSED, TEXT, figure, precision

SAMPLES = Path(__file__).parent / "photos"


@pytest.mark.parametrize(
    ("hits", "relevant", "expected"),
    [
        (["a", "b", "c"], {"a"}, 1.0),
        (["b", "a", "c"], {"a"}, 0.5),
        (["a", "b", "c"], {"a", "c"}, (1 + 2 / 3) / 2),
        (["b"], {"a"}, 0.0),
        (["a"], {"a", "z"}, 0.5),
    ],
)
def test_average_precision(hits: list[str], relevant: set[str], expected: float) -> None:
    assert precision(hits, frozenset(relevant)) == pytest.approx(expected)


def test_an_interval_is_the_same_in_every_run_and_holds_the_mean() -> None:
    values = [0.0, 1.0, 0.5, 0.25] * 10
    assert figure(values) == figure(values)
    assert figure(values).low < figure(values).mean < figure(values).high
    assert (figure([1.0] * 9).low, figure([1.0] * 9).high) == (1.0, 1.0)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval")
    for name in ("horse.png", "DSC00042.jpg", "DSC00108.jpg"):
        shutil.copy(SAMPLES / name, folder / name)
    api.look(folder)
    return folder


def queries(folder: Path, *lines: object) -> Path:
    file = folder / "queries.jsonl"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines), "utf-8")
    return file


def test_every_source_is_judged(library: Path) -> None:
    file = queries(
        library, {"query": "horse", "relevant": ["horse.png"]}, "", {"query": "ein Pferd", "relevant": ["horse.png"]}
    )
    found = evaluate(file, folder=library)
    by_name = {score.name: score for score in found.scores}
    assert set(by_name) == {TEXT, "search", FUSED} and found.queries == 2
    assert by_name[FUSED].recall[1].mean == 1 and by_name[FUSED].map.mean == 1
    assert all(score.milliseconds > 0 for score in found.scores)
    table = list(found.lines())
    assert "recall@10" in table[0] and len(table) == 4 and all(len(line) <= 100 for line in table)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "no JSON"),
        ('["a"]', "relevant files are needed"),
        ('{"query": "a"}', "relevant files are needed"),
        ('{"query": "a", "relevant": []}', "relevant files are needed"),
        ('{"query": "a", "relevant": [7]}', "relevant files are needed"),
        ('{"query": "a", "relevant": ["absent.jpg"]}', "absent.jpg is no photo"),
        ("", "has no queries"),
    ],
)
def test_a_wrong_line_is_named(library: Path, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        evaluate(queries(library, line), folder=library)
    assert "queries.jsonl" in caught.value.sentence


def test_a_file_that_is_not_there_is_a_sentence(library: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        evaluate(library / "none.jsonl", folder=library)


def _bench() -> ModuleType:
    path = Path(__file__).parent / "bench" / "search_quality.py"
    spec = importlib.util.spec_from_file_location("search_quality", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_together_the_sources_are_not_worse_than_the_best_one(shared_photos: Path, tmp_path: Path) -> None:
    files, _ = _bench().prepared(shared_photos, tmp_path)
    for name, file in files.items():
        found = evaluate(file, folder=tmp_path / "photos")
        for score in found.scores:
            assert found.better(score.name).high >= 0, (name, score.name)
    captions = evaluate(files["captions"], folder=tmp_path / "photos")
    assert captions.scores[-1].map.mean > 0.5
