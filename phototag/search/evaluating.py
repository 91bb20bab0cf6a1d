"""How good a search is: what people would want to find, and how much of it comes first.

The decision here: every source is judged alone beside all together, and every figure has an interval, for fifty queries
prove little. Refused: one number.

A file of queries has a JSON object on each line, {"query": "a dog on a beach", "relevant": ["IMG_1.jpg"]}; paths are
relative to the file or to the library's folder, or ids of photos.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from phototag.errors import UsageError
from phototag.search import conditions
from phototag.search.finding import Finder
from phototag.search.nouns import Query
from phototag.search.spaces import Space

Source = Callable[[Query], Sequence[str]]
AT = (1, 5, 10)
FUSED = "fused"
TEXT = "full text"
_DEEP = 300
_DRAWS = 1_000
_HINT = 'Each line is like {"query": "a dog on a beach", "relevant": ["IMG_1.jpg"]}.'


@dataclass(frozen=True)
class Asked:
    """One query, and the photos that it should find."""

    query: str
    relevant: frozenset[str]


@dataclass(frozen=True)
class Figure:
    """A mean, with the interval that nineteen of twenty draws lie in."""

    mean: float
    low: float
    high: float


@dataclass
class Score:
    """One source: recall at so many hits, mAP, and milliseconds a query."""

    name: str
    recall: dict[int, Figure] = field(default_factory=dict)
    map: Figure = Figure(0, 0, 0)
    milliseconds: float = 0.0  # the median
    precisions: list[float] = field(default_factory=list)  # query by query


@dataclass
class Quality:
    """All sources, and what could not be judged."""

    queries: int
    scores: list[Score]
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The figures as a table."""
        heads = [*(f"recall@{at}" for at in AT), "mAP"]
        yield " ".join([f"{'source':<12}", *(f"{head:>19}" for head in heads), f"{'ms':>7}"])
        for score in self.scores:
            figures = [*(score.recall[at] for at in AT), score.map]
            cells = (f"{one.mean:.3f} [{one.low:.2f}, {one.high:.2f}]" for one in figures)
            yield " ".join([f"{score.name:<12}", *(f"{cell:>19}" for cell in cells), f"{score.milliseconds:>7.1f}"])
        yield from self.notes

    def better(self, other: str) -> Figure:
        """By how much mAP all together are better than one of them (below zero: worse), query by query."""
        by_name = {score.name: score.precisions for score in self.scores}
        return figure([a - b for a, b in zip(by_name[FUSED], by_name[other], strict=True)])


def asked(file: Path, photo: Callable[[str], str]) -> list[Asked]:
    """The queries of a file; `photo` gives the id of a path or id, or "". UsageError names the line."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        raise UsageError(f"{file} cannot be read: {trouble}.", _HINT) from trouble
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        query, relevant = _line(line, f"{file}:{number}")
        ids = {path: photo(path) for path in relevant}
        if unknown := [path for path, image_id in ids.items() if not image_id]:
            raise UsageError(f"{file}:{number}: {unknown[0]} is no photo of this library.", "Scan it first.")
        found.append(Asked(query, frozenset(ids.values())))
    if not found:
        raise UsageError(f"{file} has no queries.", _HINT)
    return found


def _line(line: str, where: str) -> tuple[str, list[str]]:
    try:
        said = json.loads(line)
    except ValueError as trouble:
        raise UsageError(f"{where}: this is no JSON ({trouble}).", _HINT) from trouble
    relevant = said.get("relevant") if isinstance(said, dict) else None
    query = said.get("query") if isinstance(said, dict) else None
    good = isinstance(query, str) and isinstance(relevant, list) and relevant
    if not good or not all(isinstance(path, str) for path in relevant or ()):
        raise UsageError(f"{where}: a query and its relevant files are needed.", _HINT)
    return str(query), list(relevant or ())


def quality(queries: Sequence[Asked], finder: Finder, understood: Callable[[str], Query]) -> Quality:
    """Every source alone, and all together, on these queries."""
    sources = dict(_sources(finder))
    next(iter(sources.values()))(understood(queries[0].query))  # what is loaded on first use is not the query's time
    for space in finder.spaces:
        finder.near(space, "warm")
    meant = {one.query: understood(one.query) for one in queries}
    return Quality(len(queries), [judged(name, queries, find, meant) for name, find in sources.items()])


def _sources(finder: Finder) -> Iterator[tuple[str, Source]]:
    def where(query: Query) -> str:
        return conditions.where(query.parts, finder.vocabulary, finder.gear)

    def by(space: Space) -> Source:
        def near(query: Query) -> list[str]:
            if not query.picture:
                return []
            among = finder.among(query.parts, where(query), finder.table.count(where(query)))
            text = f"{query.picture} "  # the encoder remembers texts: this one it shall encode for this source too
            return [one.image_id for one in finder.near(space, text, among)]

        return near

    yield TEXT, lambda query: list(finder.text(query.picture, where(query)))
    for space in finder.spaces:
        if space.embed:
            yield space.name, by(space)
    yield FUSED, lambda query: [hit.image_id for hit in finder.find(query, _DEEP, every=True).hits]


def judged(name: str, queries: Sequence[Asked], find: Source, meant: Mapping[str, Query]) -> Score:
    """One source on all queries."""
    found, times = [], []
    for one in queries:
        begun = time.perf_counter()
        found.append(list(find(meant[one.query])))
        times.append((time.perf_counter() - begun) * 1000)
    recall = {at: figure([_recall(hits[:at], one) for hits, one in zip(found, queries, strict=True)]) for at in AT}
    precisions = [precision(hits, one.relevant) for hits, one in zip(found, queries, strict=True)]
    return Score(name, recall, figure(precisions), sorted(times)[len(times) // 2], precisions)


def _recall(hits: Sequence[str], one: Asked) -> float:
    """The share of what is relevant that is among the hits."""
    return len(one.relevant.intersection(hits)) / len(one.relevant)


def precision(hits: Sequence[str], relevant: frozenset[str]) -> float:
    """The average precision: the mean share of right hits down to each right one."""
    right, total = 0, 0.0
    for rank, image_id in enumerate(hits, 1):
        if image_id in relevant:
            right += 1
            total += right / rank
    return total / len(relevant) if relevant else 0.0


def figure(values: Sequence[float]) -> Figure:
    """The mean and its 95 % interval by bootstrap, the same in every run."""
    import numpy as np

    if not values:
        return Figure(0, 0, 0)
    every = np.asarray(values, np.float64)
    draws = np.random.default_rng(0).integers(0, len(every), (_DRAWS, len(every)))
    low, high = np.quantile(every[draws].mean(axis=1), (0.025, 0.975))
    return Figure(round(float(every.mean()), 4), round(float(low), 4), round(float(high), 4))
