"""Searches 100,000 and 1,000,000 vectors, and says what it took: python tests/bench/search.py [FOLDER] [--rows N ...]

The decision here: numpy's flat product and LanceDB, flat and with its index, answer the same queries in the same
rounds, and every answer is held against the exact one. There are two kinds of queries: pictures, which lie among the
vectors, and words, which lie far from all of them and are harder for every index. Refused: a recall of another day.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import table
from rounds import Side, interleaved
from table import Row, compared, limited

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

WIDTH, K, QUERIES, MAKER = 512, 10, 40, "clip:synthetic/1"
_LARGE = 300_001
_ROUNDS = 5
_SHARES = (0.001, 0.01, 0.03, 0.2, 0.6)

Ask = Callable[[Any], list[str]]


def main() -> int:
    asked, load = _arguments(), os.getloadavg()[0]
    if asked.folder is not None:
        asked.folder.mkdir(parents=True, exist_ok=True)
    temp = Path(tempfile.mkdtemp(prefix="phototag-search-", dir=asked.folder))
    try:
        print(table.heading(), flush=True)
        for rows in asked.rows:
            for row in _of_size(temp / str(rows), rows):
                print(table.line(row), flush=True)
            shutil.rmtree(temp / str(rows))
        print(table.machine(load))
    finally:
        shutil.rmtree(temp, ignore_errors=True)
    return 0


class Library:
    """Vectors like those of photos: clusters, a few strong directions, and a mean far from zero."""

    def __init__(self, folder: Path, rows: int) -> None:
        folder.mkdir(parents=True)
        self.folder, self.rows, self._chance = folder / "lance", rows, np.random.default_rng(7)
        falling = (np.arange(1, WIDTH + 1) ** -0.5).astype(np.float32)
        turn = np.linalg.qr(self._normal(WIDTH, WIDTH))[0]
        self._falling, self._turn, self._middle = falling, turn, self._normal(WIDTH) * falling
        self._centres = self._normal(max(1, rows // 50), WIDTH) * falling
        self.matrix = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, WIDTH))
        self.cluster = self._chance.integers(0, len(self._centres), rows)
        for start in range(0, rows, 50_000):
            self.matrix[start : start + 50_000] = self._near(self.cluster[start : start + 50_000])
        self.ids = [f"j1-{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}" for number in range(rows)]
        self.matrix = np.load(folder / "x.npy")  # resident, as for numpy at its best

    def pictures(self) -> Any:
        return self._near(self._chance.integers(0, len(self._centres), QUERIES))

    def words(self) -> Any:
        """Half of a query's direction is shared by all words and by no picture, a quarter says nothing."""
        shared, noise = _unit(self._normal(WIDTH)), _unit(self._normal(QUERIES, WIDTH))
        return _unit(0.5 * _unit(self.pictures() - self.matrix[::97].mean(axis=0)) + 0.8 * shared + 0.25 * noise)

    def store(self) -> None:
        import pyarrow as pa

        from phototag.store.lance import Lance

        lance = Lance(self.folder, self.folder)
        lance_table = lance.table("vectors_s", WIDTH)
        for start in range(0, self.rows, 50_000):
            lance_table.add(self.batch(pa, start, self.matrix[start : start + 50_000]))
        lance.compact()

    def batch(self, pa: Any, start: int, vectors: Any, ids: list[str] | None = None) -> Any:
        ids = ids or self.ids[start : start + len(vectors)]
        column = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(vectors).ravel()), WIDTH)
        return pa.table({"image_id": ids, "maker": [MAKER] * len(ids), "vector": column})

    def _near(self, clusters: Any) -> Any:
        apart = self._normal(len(clusters), WIDTH) * self._falling
        return _unit((self._centres[clusters] + 0.6 * apart + self._middle) @ self._turn)

    def _normal(self, *shape: int) -> Any:
        return self._chance.standard_normal(shape, dtype=np.float32)


def _of_size(temp: Path, rows: int) -> Iterator[Row]:
    from phototag.store.near import Near, build

    tell(f"{rows:,} vectors of {WIDTH} numbers")
    library = Library(temp, rows)
    library.store()
    table_mb = _megabytes(library.folder)
    start = time.perf_counter()
    build(library.folder, "s", tell=tell)
    took, ours_mb = time.perf_counter() - start, _megabytes(library.folder / "near")
    near = Near(library.folder, "s")
    large = rows >= _LARGE
    pictures, words = library.pictures(), library.words()
    yield from _unfiltered(library, near, pictures, words, large)
    yield from _filtered(library, near, pictures, large)
    yield from _memory(library, pictures)
    theirs, theirs_mb = _index(library)
    yield Row("", f"{_short(rows)} build", took, "s", "LanceDB IVF_PQ", theirs)
    yield Row("", "  on disk", ours_mb, "MB", "LanceDB IVF_PQ", theirs_mb)
    yield Row("", "  the table itself", table_mb, "MB")
    yield from _indexed(library, near, pictures, words, large)
    yield from _cold(library, pictures)
    yield from _renewed(library)


def _unfiltered(library: Library, near: Any, pictures: Any, words: Any, large: bool) -> Iterator[Row]:
    ours = _ask(near)
    flat, few = _numpy(library), pictures[:3]
    of = _short(library.rows)
    mine, numpy = interleaved(_ROUNDS, _side("ours", ours, pictures), _side("numpy flat", flat, pictures))
    yield compared("T14" if large else "T13", f"{of} a picture", "s", mine, numpy, goal=5 if large else 0.77)
    mine, numpy = interleaved(_ROUNDS, _side("ours", ours, words), _side("numpy flat", flat, words))
    yield compared("", f"{of} words", "s", mine, numpy, goal=None if large else 0.77)
    lance = _lance(library)
    mine, slow = interleaved(3, _side("ours", ours, few), _side("LanceDB flat", lance, few))
    yield compared("T13", f"{of} a picture", "s", mine, slow, goal=15)
    for what, queries in (("picture", pictures), ("words", words)):
        right = [flat(query) for query in queries]
        yield _hits(f"{of} hits, {what}", ours, queries, right, 0.98 if large else 1)


def _indexed(library: Library, near: Any, pictures: Any, words: Any, large: bool) -> Iterator[Row]:
    """LanceDB with its index, beside ours."""
    flat, ours, indexed = _numpy(library), _ask(near), _lance(library, indexed=True)
    for what, queries in (("picture", pictures), ("words", words)):
        mine, theirs = interleaved(_ROUNDS, _side("ours", ours, queries), _side("LanceDB IVF_PQ", indexed, queries))
        yield compared("", f"{_short(library.rows)} {what}", "s", mine, theirs)
        right = [flat(query) for query in queries]
        found = sum(len({*indexed(query)} & {*best}) for query, best in zip(queries, right, strict=True))
        mine_found = sum(len({*ours(query)} & {*best}) for query, best in zip(queries, right, strict=True))
        yield Row("", f"  hits of {K * len(queries)}", mine_found, "", "LanceDB IVF_PQ", found)


def _filtered(library: Library, near: Any, queries: Any, large: bool) -> Iterator[Row]:
    """T15: filters that have nothing to do with the query, and one that holds whole clusters."""
    chance = np.random.default_rng(3)
    places = [
        (f"{share:.1%} of all", np.sort(chance.permutation(library.rows)[: int(share * library.rows)]))
        for share in _SHARES
    ]
    places.append(("a fifth, clusters", np.flatnonzero(library.cluster % 5 == 0)))
    unfiltered = _ask(near)
    for what, rows in places:
        ids = [library.ids[row] for row in rows]
        one, part = frozenset(ids), library.matrix[rows]
        right = [[ids[row] for row in np.argsort(-(part @ query), kind="stable")[:K]] for query in queries]
        ours = _ask(near, one)
        mine, plain = interleaved(3, _side("ours", ours, queries), _side("without a filter", unfiltered, queries))
        yield compared("T15", what, "s", mine, plain, goal=0.33)
        first, _ = interleaved(3, _side("", _ask_anew(near, ids), queries[:5]), Side("", lambda: None))
        yield Row("", "  its first query", first.seconds, "s")
        yield _hits(f"  hits, {len(ids):,} rows", ours, queries, right, 0.99)


def _cold(library: Library, queries: Any) -> Iterator[Row]:
    """T16: a fresh process with the query at hand."""
    np.save(library.folder.parent / "q.npy", queries[0])
    ours, theirs = (
        Side(name, lambda program=program: _run(program, library))
        for name, program in (("ours", _OURS), ("lancedb + IVF_PQ", _THEIRS))
    )
    bare = Side("import numpy", lambda: _run("import numpy", library))
    mine, lance, numpy = interleaved(_ROUNDS, ours, theirs, bare)
    yield compared("T16", f"{_short(library.rows)} a new process", "s", mine, lance, goal=3.34)
    yield compared("", "  beside the least", "s", mine, numpy)


def _memory(library: Library, queries: Any) -> Iterator[Row]:
    """Private memory of a process that searched, with a filter and without."""
    np.save(library.folder.parent / "q.npy", queries[0])
    said = _run(_OURS + _PRIVATE, library)
    yield limited("", f"{_short(library.rows)} private memory", "MB", int(said) / 1024, 200)


def _renewed(library: Library) -> Iterator[Row]:
    """The first search after fifty new photos, before and after the table was compacted."""
    import pyarrow as pa

    from phototag.store.lance import Lance
    from phototag.store.near import Near

    lance = Lance(library.folder, library.folder)
    vectors = library.matrix[:50] * np.float32(-1)
    for what, work in (
        (
            "  after 50 new",
            lambda: lance.table("vectors_s").add(library.batch(pa, 0, vectors, [f"new-{n:046}" for n in range(50)])),
        ),
        ("  after compaction", lance.compact),
    ):
        work()
        start = time.perf_counter()
        found = Near(library.folder, "s").nearest(vectors[0], MAKER, 1)
        yield Row("", what, time.perf_counter() - start, "s")
        if found[0][0] != f"new-{0:046}":
            raise RuntimeError("a new photo was not found")


_OURS = (
    "import sys; from pathlib import Path; import numpy as np; from phototag.store.near import Near; "
    f"near = Near(Path(sys.argv[1]), 's'); found = near.nearest(np.load(sys.argv[2]), {MAKER!r}, {K}); "
    f"assert len(found) == {K}; "
)
_THEIRS = (
    "import sys, lancedb, numpy as np; "
    "table = lancedb.connect(sys.argv[1]).open_table('vectors_s'); "
    f"found = table.search(np.load(sys.argv[2])).metric('cosine').nprobes(50).refine_factor(10).limit({K})"
    f".select(['image_id', '_distance']).to_arrow(); assert len(found) == {K}; "
)
_PRIVATE = (
    f"near.nearest(np.load(sys.argv[2]), {MAKER!r}, {K}, [one for one, _ in found]); "
    "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('RssAnon')))"
)


def _run(program: str, library: Library) -> str:
    arguments = [sys.executable, "-c", program, str(library.folder), str(library.folder.parent / "q.npy")]
    return subprocess.run(arguments, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()


def _index(library: Library) -> tuple[float, float]:
    """Seconds and megabytes of LanceDB's own index."""
    import lancedb
    from lancedb.index import IvfPq

    before, start = _megabytes(library.folder), time.perf_counter()
    opened = lancedb.connect(str(library.folder)).open_table("vectors_s")
    opened.create_index("vector", config=IvfPq(distance_type="cosine"))
    return time.perf_counter() - start, _megabytes(library.folder) - before


def _ask(near: Any, among: Any = None) -> Ask:
    return lambda query: [one for one, _ in near.nearest(query, MAKER, K, among)]


def _ask_anew(near: Any, ids: list[str]) -> Ask:
    """The same with a filter that was not seen before: its ids become rows first."""
    return lambda query: [one for one, _ in near.nearest(query, MAKER, K, ids)]


def _numpy(library: Library) -> Ask:
    def ask(query: Any) -> list[str]:
        scores = library.matrix @ query
        rows = np.argpartition(scores, -K)[-K:]
        return [library.ids[row] for row in rows[np.argsort(-scores[rows])]]

    return ask


def _lance(library: Library, *, indexed: bool = False) -> Ask:
    import lancedb

    opened = lancedb.connect(str(library.folder)).open_table("vectors_s")

    def ask(query: Any) -> list[str]:
        search = opened.search(query).metric("cosine").limit(K).select(["image_id", "_distance"])
        search = search.nprobes(50).refine_factor(10) if indexed else search
        return list(search.to_arrow()["image_id"].to_pylist())

    return ask


def _side(name: str, ask: Ask, queries: Any) -> Side:
    return Side(name, lambda: [ask(query) for query in queries], len(queries))


def _hits(what: str, ask: Ask, queries: Any, right: list[list[str]], least: float) -> Row:
    found = sum(len({*ask(query)} & {*best}) for query, best in zip(queries, right, strict=True))
    whole = sum(map(len, right))
    return Row("", what, found, "", "exact", whole, goal=least * whole, decided_by="ours")


def _unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _short(rows: int) -> str:
    return f"{rows / 1e6:g} M" if rows >= 1e6 else f"{rows / 1e3:g} k"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="where to put 8 GB for a while (default: the temporary folder)"
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the tables")
    return parser.parse_args()


def tell(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
