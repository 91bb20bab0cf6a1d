"""The nearest vectors of a table, held against numpy: whatever was written, deleted, compacted or broken meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.errors import Damaged
from phototag.store.lance import Lance, one_of
from phototag.store.near import Near, build

WIDTH, MAKER, OLDER = 32, "clip:tiny/2", "clip:tiny/1"


def name(number: int) -> str:
    return f"j1-{number * 7919 + 1:032x}"


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


class Written:
    """A table and, beside it, what must be in it."""

    def __init__(self, folder: Path, width: int = WIDTH) -> None:
        self.folder, self.width = folder, width
        self.lance = Lance(folder, folder)
        self.truth: dict[tuple[str, str], Any] = {}
        self.chance = np.random.default_rng(5)

    def put(self, ids: Collection[str], maker: str = MAKER, vectors: Any = None) -> None:
        made = unit(self.chance.standard_normal((len(ids), self.width))) if vectors is None else vectors
        rows = [{"image_id": one, "maker": maker, "vector": vector} for one, vector in zip(ids, made, strict=True)]
        self.lance.merge("vectors_s", rows, self.width)
        self.truth |= {(one, maker): vector for one, vector in zip(ids, made, strict=True)}

    def delete(self, ids: Collection[str]) -> None:
        self.lance.delete("vectors_s", one_of("image_id", ids))
        self.truth = {key: vector for key, vector in self.truth.items() if key[0] not in ids}

    def nearest(self, query: Any, maker: str, k: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        likeness = {
            one: float(vector @ query)
            for (one, by), vector in self.truth.items()
            if by == maker and (among is None or one in among)
        }
        return sorted(likeness.items(), key=lambda one: -one[1])[:k]

    def holds(self, near: Near, *, among: Collection[str] | None = None) -> None:
        """The search says what numpy says, for each maker."""
        query = unit(self.chance.standard_normal(self.width))
        for maker in (MAKER, OLDER):
            found, right = near.nearest(query, maker, 10, among), self.nearest(query, maker, 10, among)
            assert [one for one, _ in found] == [one for one, _ in right]
            assert [one for _, one in found] == pytest.approx([one for _, one in right], abs=1e-5)

    def pieces(self) -> set[str]:
        return {path.name for path in (self.folder / "near" / "s").glob("*.vectors.npy")}


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path / "lance")


@pytest.fixture(scope="module")
def five_thousand(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Only read by the tests that take it."""
    made = Written(tmp_path_factory.mktemp("five") / "lance")
    made.put([name(number) for number in range(5_000)])
    made.put([name(number) for number in range(1_000, 2_000)], OLDER)
    build(made.folder, "s", tell=lambda said: None)
    return made


@pytest.mark.parametrize(
    "among",
    [
        None,
        [],
        [name(7)],
        [name(7), name(7), "no such photo"],
        ["no such photo", "' OR 1=1 --", ""],
        {name(number) for number in range(0, 5_000, 2)},
        frozenset(name(number) for number in range(4_990, 6_000)),
        [name(number) for number in range(0, 5_000, 50)],
    ],
    ids=["all", "none", "one", "one twice", "unknown", "half", "the last", "some"],
)
def test_it_finds_what_numpy_finds(five_thousand: Written, among: Collection[str] | None) -> None:
    near = Near(five_thousand.folder, "s")
    for _ in range(5):
        five_thousand.holds(near, among=among)


def test_it_gives_as_many_as_there_are_and_no_more(five_thousand: Written) -> None:
    near, query = Near(five_thousand.folder, "s"), unit(np.ones(WIDTH))
    assert near.makers() == {MAKER: 5_000, OLDER: 1_000}
    assert len(near.nearest(query, MAKER, 6_000)) == 5_000
    assert len(near.nearest(query, OLDER, 6_000, [name(1), name(1_001)])) == 1
    assert near.nearest(query, MAKER, 0) == near.nearest(query, "another", 5) == []
    assert near.nearest(np.zeros(WIDTH), MAKER, 5) == near.nearest(np.full(WIDTH, np.nan), MAKER, 5) == []


def test_the_length_of_a_query_does_not_matter(five_thousand: Written) -> None:
    near, query = Near(five_thousand.folder, "s"), unit(five_thousand.chance.standard_normal(WIDTH))
    for (first, one), (second, other) in zip(
        near.nearest(query, MAKER, 5), near.nearest((query * 40).tolist(), MAKER, 5), strict=True
    ):
        assert first == second
        assert one == pytest.approx(other, abs=1e-5)


def test_vectors_come_back_as_they_were_stored(five_thousand: Written) -> None:
    ids = [name(number) for number in range(1_500, 1_600)]
    found = Near(five_thousand.folder, "s").vectors([*ids, "no such photo"], OLDER)
    assert sorted(found) == sorted(ids)
    assert all(np.array_equal(found[one], five_thousand.truth[one, OLDER]) for one in ids)


def test_the_background_is_that_of_the_library(five_thousand: Written) -> None:
    near, query = Near(five_thousand.folder, "s"), unit(np.ones(WIDTH))
    all_of_them = [one for _, one in near.nearest(query, OLDER, 1_000)]
    usual = near.background(query, OLDER)
    assert usual.rows == 1_000
    assert usual.mean == pytest.approx(np.mean(all_of_them), abs=1e-5)
    assert usual.deviation == pytest.approx(np.std(all_of_them), abs=1e-5)
    assert usual.quantiles[0.99] == pytest.approx(np.quantile(all_of_them, 0.99), abs=1e-5)
    assert usual.above(usual.mean + 3 * usual.deviation) == pytest.approx(3)
    sampled = near.background(query, MAKER)
    assert sampled.rows == 4_096
    assert sampled == Near(five_thousand.folder, "s").background(query, MAKER), "the sample is the same every time"
    assert near.background(query, "another").rows == 0


def test_every_step_of_a_writer_shows_at_once(written: Written) -> None:
    lasting = Near(written.folder, "s")

    def both() -> None:
        for near in (lasting, Near(written.folder, "s")):
            written.holds(near)
            written.holds(near, among=[name(number) for number in range(0, 3_000, 3)])

    both()
    written.put([name(number) for number in range(1_200)])
    both()
    written.put([name(number) for number in range(1_200, 1_260)])
    both()
    written.put([name(number) for number in range(100, 130)])
    both()
    written.put([name(number) for number in range(500)], OLDER)
    both()
    written.delete([name(number) for number in range(95, 105)])
    both()
    written.put([name(97)])
    both()
    written.lance.compact()
    both()
    written.lance.forget()
    written.truth.clear()
    both()


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 60), st.integers(1, 40), st.sampled_from((MAKER, OLDER))),
    st.tuples(st.just("delete"), st.integers(0, 60), st.integers(1, 40)),
    st.tuples(st.just("compact")),
    st.tuples(st.just("look")),
    st.tuples(st.just("lose the copy")),
)


@given(st.lists(STEPS, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_no_order_of_steps_gives_a_stale_answer(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as temp:
        written = Written(Path(temp) / "lance", 8)
        written.put([name(number) for number in range(50)])
        lasting = Near(written.folder, "s")
        written.holds(lasting)
        for step, *rest in steps:
            if step == "put":
                written.put([name(number) for number in range(rest[0], rest[0] + rest[1])], rest[2])
            elif step == "delete":
                written.delete([name(number) for number in range(rest[0], rest[0] + rest[1])])
            elif step == "compact":
                written.lance.compact()
            elif step == "look":
                written.holds(Near(written.folder, "s"))
            else:
                shutil.rmtree(written.folder / "near", ignore_errors=True)
        written.holds(Near(written.folder, "s"))
        written.holds(lasting)
        assert sum(lasting.makers().values()) == len(written.truth)


def test_compaction_alone_copies_no_vector(written: Written) -> None:
    for start in range(0, 1_000, 100):
        written.put([name(number) for number in range(start, start + 100)])
    written.put([name(number) for number in range(50)])
    written.holds(Near(written.folder, "s"))
    before = written.pieces()
    written.lance.compact()
    written.holds(Near(written.folder, "s"))
    assert written.pieces() == before


def test_few_new_photos_copy_few_vectors_even_after_compaction(written: Written) -> None:
    written.put([name(number) for number in range(1_000)])
    written.holds(Near(written.folder, "s"))
    before = written.pieces()
    written.put([name(number) for number in range(995, 1_010)])
    written.lance.compact()
    written.holds(Near(written.folder, "s"))
    added = [np.load(written.folder / "near" / "s" / one).shape for one in written.pieces() - before]
    assert before < written.pieces()
    assert added == [(15, WIDTH)]


def test_many_small_steps_do_not_leave_many_pieces(written: Written) -> None:
    for start in range(0, 400, 10):
        written.put([name(number) for number in range(start, start + 10)])
        Near(written.folder, "s").refresh()
    written.holds(Near(written.folder, "s"))
    assert len(written.pieces()) <= 8


def test_a_search_of_a_known_table_loads_no_database(five_thousand: Written) -> None:
    program = (
        "import sys, json; from pathlib import Path; from phototag.store.near import Near; "
        f"found = Near(Path(sys.argv[1]), 's').nearest([1.0] * {WIDTH}, {MAKER!r}, 3); "
        "print(json.dumps([found, sorted({'lance', 'lancedb', 'pyarrow', 'pandas', 'torch'} & set(sys.modules))]))"
    )
    Near(five_thousand.folder, "s").refresh()
    said = subprocess.run(
        [sys.executable, "-c", program, str(five_thousand.folder)], capture_output=True, text=True, check=True
    ).stdout
    found, loaded = json.loads(said)
    assert [one for one, _ in found] == [one for one, _ in five_thousand.nearest(unit(np.ones(WIDTH)), MAKER, 3)]
    assert loaded == []


def test_a_changed_table_is_read_without_lancedb(written: Written) -> None:
    written.put([name(1), name(2)])
    program = (
        "import sys; from pathlib import Path; from phototag.store.near import Near; "
        f"assert len(Near(Path(sys.argv[1]), 's').nearest([1.0] * {WIDTH}, {MAKER!r}, 3)) == 2; "
        "assert 'lancedb' not in sys.modules and 'pandas' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(written.folder)], check=True)


def test_readers_see_every_batch_that_was_written_before_they_asked(written: Written) -> None:
    aim = unit(np.ones(WIDTH))
    written.put([name(number) for number in range(300)])
    done: list[str] = [name(0)]
    ended = threading.Event()

    def write() -> None:
        try:
            for number in range(1_000, 1_024):
                nearer = unit(aim + written.chance.standard_normal(WIDTH) / (number - 980) / 10)
                written.put([name(number)], vectors=nearer[None])
                if number % 8 == 0:
                    written.lance.compact()
                done.append(name(number))
        finally:
            ended.set()

    written.put([name(0)], vectors=unit(aim + 0.5 * np.eye(WIDTH)[0])[None])
    writer = threading.Thread(target=write)
    writer.start()
    asked = 0
    lasting = Near(written.folder, "s")
    while not ended.is_set():
        for near in (lasting, Near(written.folder, "s")):
            before = list(done)
            found = {one for one, _ in near.nearest(aim, MAKER, 100)}
            assert set(before) <= found
            asked += 1
    writer.join()
    assert len(done) == 25
    assert asked > 4
    written.holds(lasting)


def test_where_nothing_may_be_written_it_searches_all_the_same(written: Written) -> None:
    written.put([name(number) for number in range(200)])
    (written.folder / "near").write_text("in the way of the copy's folder")
    near = Near(written.folder, "s")
    written.holds(near)
    written.put([name(number) for number in range(190, 230)])
    written.delete([name(3)])
    written.holds(near)
    written.holds(Near(written.folder, "s"))
    assert (written.folder / "near").is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_library_without_write_permission(written: Written) -> None:
    written.put([name(number) for number in range(200)])
    written.folder.chmod(0o555)
    try:
        written.holds(Near(written.folder, "s"))
    finally:
        written.folder.chmod(0o755)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _zeros(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:128] + bytes(len(content) - 128))


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY but not quite" * 9)


@pytest.mark.parametrize("harm", [_cut, _zeros, _garbage, Path.unlink], ids=["cut", "zeros", "garbage", "gone"])
@pytest.mark.parametrize("part", ["vectors.npy", "ids.npy", "sketch.npy", "dead.npy", "head.json"])
def test_a_damaged_copy_is_made_again(written: Written, harm: Any, part: str) -> None:
    written.put([name(number) for number in range(300)])
    Near(written.folder, "s", exact=200).refresh()
    written.delete([name(number) for number in range(10)])
    written.holds(Near(written.folder, "s", exact=200))
    (path,) = (written.folder / "near" / "s").glob(f"*{part}")
    harm(path)
    for _ in range(2):
        near = Near(written.folder, "s", exact=200)
        written.holds(near)
    assert near.makers() == {MAKER: 290}


@pytest.mark.parametrize("page", ["[]", "{}", "null", '{"format": 99}', '{"format": 1, "pieces": 3}'])
def test_a_page_of_another_form_is_replaced(written: Written, page: str) -> None:
    written.put([name(number) for number in range(30)])
    Near(written.folder, "s").refresh()
    (written.folder / "near" / "s" / "head.json").write_text(page)
    written.holds(Near(written.folder, "s"))


def test_a_table_that_was_made_anew_with_the_same_version_number(written: Written) -> None:
    written.put([name(number) for number in range(40)])
    lasting = Near(written.folder, "s")
    written.holds(lasting)
    kept = written.folder.parent / "kept"
    shutil.copytree(written.folder / "near", kept)
    written.lance.forget()
    written.truth.clear()
    written.put([name(number) for number in range(20, 60)])
    shutil.copytree(kept, written.folder / "near")
    written.holds(Near(written.folder, "s"))
    written.holds(lasting)


def test_a_library_that_was_copied_elsewhere(written: Written) -> None:
    written.put([name(number) for number in range(40)])
    written.holds(Near(written.folder, "s"))
    elsewhere = written.folder.parent / "elsewhere"
    shutil.copytree(written.folder, elsewhere, copy_function=shutil.copyfile)
    pieces = written.pieces()
    written.holds(Near(elsewhere, "s"))
    assert {path.name for path in (elsewhere / "near" / "s").glob("*.vectors.npy")} == pieces


def test_ids_of_every_form(written: Written) -> None:
    ids = ["a", "ab", "it's", "Größe", "日本" * 20, "j1-" + "0" * 32, "x" * 200]
    written.put(ids)
    near = Near(written.folder, "s")
    written.holds(near)
    for one in ids:
        assert [found for found, _ in near.nearest(np.ones(WIDTH), MAKER, 5, [one])] == [one]


def test_a_broken_vector_is_no_hit(written: Written) -> None:
    written.put([name(number) for number in range(50)])
    written.put([name(60)], vectors=np.full((1, WIDTH), np.inf, np.float32))
    near, query = Near(written.folder, "s"), unit(np.ones(WIDTH))
    del written.truth[name(60), MAKER]
    right = [one for one, likeness in written.nearest(query, MAKER, 5) if likeness > 0]
    assert right == [one for one, _ in near.nearest(query, MAKER, 5)][: len(right)]


def test_a_query_of_another_width_is_a_sentence(five_thousand: Written) -> None:
    near = Near(five_thousand.folder, "s")
    for ask in (lambda: near.nearest(np.ones(7), MAKER, 3), lambda: near.background(np.ones(7), MAKER)):
        with pytest.raises(Damaged, match="have 32 numbers each, the query has 7") as said:
            ask()
        assert "phototag rebuild" in said.value.hint


def test_a_damaged_table_is_a_sentence(written: Written) -> None:
    written.put([name(number) for number in range(40)])
    newest = min((written.folder / "vectors_s.lance" / "_versions").glob("*.manifest"))
    newest.write_bytes(b"nothing that Lance has written")
    with pytest.raises(Damaged, match=r"'vectors_s'.*cannot be used") as said:
        Near(written.folder, "s").nearest(np.ones(WIDTH), MAKER, 3)
    assert "phototag rebuild" in said.value.hint


def test_no_table_is_no_hit(tmp_path: Path) -> None:
    said: list[str] = []
    near = Near(tmp_path / "lance", "s")
    assert near.makers() == {}
    assert near.nearest(np.ones(9), MAKER, 3) == []
    assert near.vectors(["a"], MAKER) == {}
    assert near.background(np.ones(9), MAKER).rows == 0
    build(tmp_path / "lance", "s", tell=said.append)
    assert said == []
    assert not (tmp_path / "lance").exists()


# ---- the sketch of a large table


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Written, Any]]:
    """30,000 vectors like those of photos, with a sketch, and what makes more of them."""
    made = Written(tmp_path_factory.mktemp("many") / "lance", 64)
    falling = np.arange(1, 65) ** -0.5
    centres, middle = made.chance.standard_normal((600, 64)) * falling, made.chance.standard_normal(64) * falling

    def some(count: int) -> Any:
        apart = made.chance.standard_normal((count, 64)) * falling
        return unit(centres[made.chance.integers(0, 600, count)] + 0.6 * apart + middle)

    ids = [name(number) for number in range(30_000)]
    vectors = some(len(ids))
    rows = [{"image_id": one, "maker": MAKER, "vector": vector} for one, vector in zip(ids, vectors, strict=True)]
    made.lance.add("vectors_s", rows, 64)
    made.truth = {(one, MAKER): vector for one, vector in zip(ids, vectors, strict=True)}
    Near(made.folder, "s", exact=5_000).refresh()
    yield made, some


@pytest.mark.parametrize("words", [False, True], ids=["pictures", "words"])
@pytest.mark.parametrize("every", [1, 1.4, 10], ids=["all", "most", "some"])
def test_a_sketch_misses_next_to_nothing(clusters: tuple[Written, Any], words: bool, every: float) -> None:
    made, some = clusters
    near = Near(made.folder, "s", exact=5_000)
    ids = [name(int(number * every)) for number in range(int(30_000 / every))]
    vectors = np.array([made.truth[one, MAKER] for one in ids])
    among = None if every == 1 else frozenset(ids)
    queries = some(40)
    if words:  # far from all pictures, and little of it is about them
        queries = unit(
            0.4 * queries + unit(made.chance.standard_normal(64)) + 0.3 * made.chance.standard_normal(64) / 8
        )
    hits = 0
    for query in queries:
        right = {ids[row] for row in np.argsort(-(vectors @ query))[:10]}
        hits += len(right & {one for one, _ in near.nearest(query, MAKER, 10, among)})
    assert hits >= 0.99 * 400


def test_a_sketch_passes_over_what_was_deleted(clusters: tuple[Written, Any], tmp_path: Path) -> None:
    made, _ = clusters
    copied = Written(tmp_path / "lance", 64)
    shutil.copytree(made.folder, copied.folder)
    copied.truth = dict(made.truth)
    near = Near(copied.folder, "s", exact=5_000)
    query = made.truth[name(5), MAKER]
    gone = [one for one, _ in near.nearest(query, MAKER, 50)]
    copied.delete(gone)
    assert {one for one, _ in near.nearest(query, MAKER, 10)} == {one for one, _ in copied.nearest(query, MAKER, 10)}
