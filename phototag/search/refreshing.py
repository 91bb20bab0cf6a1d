"""The rows of search brought up to what the library knows.

The decision here: rows are stored when a photo is decided upon; what other commands change (a path, a photo that nobody
has decided upon yet, a keyword that another program wrote) is found by comparing, and only when a table has another
version than at the last comparison.
Refused: a search that must be told to make its table first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from phototag.decide.findable import row
from phototag.report import Report
from phototag.store import searchable
from phototag.store.known import known
from phototag.store.library import Library, chunks
from phototag.store.searchable import Searchable, version
from phototag.vocabulary import Vocabulary

_WATCHED = ("photos", "decisions")
_MOST_POINTS = 8  # of one place that are remembered


def behind(table: Searchable, key: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """The photos whose row is missing or old, and those that have a row and are gone; `key` folds keywords."""
    if table.exists and table.seen() == versions(table):
        return [], []
    columns = ("image_id", "path", "status", "modified_ns", "keywords")
    rows = {one["image_id"]: one for one in table.every((*columns, "decided"))}
    decided = {one["image_id"]: one["by"] for one in table.every(("image_id", "by"), table="decisions")}
    old, there = [], set[str]()
    for photo in table.every(columns, table="photos"):
        image_id = photo["image_id"]
        there.add(image_id)
        mine, by = rows.get(image_id), decided.get(image_id)
        if mine is None or _differs(photo, mine, by) or _lacks(photo, mine, by, key):
            old.append(image_id)
    return old, [image_id for image_id in rows if image_id not in there]


def _differs(photo: Mapping[str, Any], mine: Mapping[str, Any], by: str | None) -> bool:
    if (photo["path"], photo["status"]) != (mine["path"], mine["status"]) or (by is not None) != mine["decided"]:
        return True
    # A row that was made by a decision does not know when its file was written: its keywords are compared.
    return bool(photo["modified_ns"] != mine["modified_ns"] and (by is None or mine["modified_ns"]))


def _lacks(photo: Mapping[str, Any], mine: Mapping[str, Any], by: str | None, key: Callable[[str], str]) -> bool:
    """Whether a file has a keyword that the row has not; where a person decided, what is missing may be unwanted."""
    if by == "human":
        return False
    return not {key(word) for word in photo["keywords"] or () if word.strip()} <= set(mine["keywords"] or ())


def versions(table: Searchable) -> dict[str, str]:
    """Of the tables that rows are made from."""
    return {name: version(table.folder, name) for name in _WATCHED}


def note_compared(table: Searchable) -> None:
    """Remember that the rows are as new as the other tables."""
    if table.exists and table.seen() != (now := versions(table)):
        table.note_seen(now)


def refresh(
    library: Library,
    table: Searchable,
    old: Sequence[str],
    gone: Sequence[str],
    vocabulary: Vocabulary,
    makers: Mapping[str, str],
    report: Report,
) -> None:
    """Make these rows anew. The library must be held."""
    at = versions(table)
    with report.clock("search"), report.progress("preparing search", len(old)) as bar:
        for some in chunks(old):
            rows = list(rows_of(library, some, vocabulary, makers))
            searchable.put(library.lance, rows)
            bar.step(len(some))
    searchable.drop(library.lance, gone)
    library.lance.indexed(searchable.TABLE)
    table.note_seen(at)


def rows_of(
    library: Library, ids: Sequence[str], vocabulary: Vocabulary, makers: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The rows of these photos, as far as they are there."""
    modified = {
        one["image_id"]: one["modified_ns"] for one in library.photo_rows(("image_id", "modified_ns"), _of(ids))
    }
    for photo, files, decision, evidence, _ in known(library, ids, makers):
        there = {file.path: file.kind for file in files if file.status != "missing"}
        yield row(photo, there, decision, evidence, vocabulary, modified.get(photo.image_id, 0))


def _of(ids: Sequence[str]) -> str:
    from phototag.store.lance import one_of

    return one_of("image_id", ids)


def gathered(table: Searchable) -> dict[str, Any]:
    """The names that a query may use: cameras, lenses, and places with some of their points."""
    cameras, lenses, places = set[str](), set[str](), dict[str, list[list[float]]]()
    southern = 0  # photos there, less those of the north
    for one in table.every(("camera", "lens", "places", "lat", "lon")):
        cameras.add(one["camera"])
        lenses.add(one["lens"])
        southern += 0 if one["lat"] is None else 1 if one["lat"] < 0 else -1
        for name in (one["places"] or [])[:2]:
            points = places.setdefault(name, [])
            if one["lat"] is not None and len(points) < _MOST_POINTS:
                points.append([one["lat"], one["lon"]])
    named = {"cameras": sorted(cameras - {""}), "lenses": sorted(lenses - {""})}
    return {**named, "places": places, "south": southern > 0}
