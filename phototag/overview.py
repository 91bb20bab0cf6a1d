"""One library at a glance: what it holds, what is pending, what failed.

The decision here: the same set differences that decide what a run does also say what is left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from phototag.look.step import Step
from phototag.store.library import Library


@dataclass
class Status:
    """What `phototag status` shows."""

    root: str
    state: str
    scanned: list[str] = field(default_factory=list)  # the folders that were scanned into it
    photos: Counter[str] = field(default_factory=Counter)  # by kind
    missing: int = 0
    files: Counter[str] = field(default_factory=Counter)  # by status
    kinds: Counter[str] = field(default_factory=Counter)  # readable files by kind
    dates: Counter[str] = field(default_factory=Counter)  # photos by source of their date
    placed: int = 0
    keyworded: int = 0
    steps: dict[str, dict[str, int]] = field(default_factory=dict)  # step -> made, failed, pending
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # path, reason
    failed: list[tuple[str, str, str]] = field(default_factory=list)  # path, step, reason
    half_done: int = 0  # changes that the next writing command brings to an end


def overview(library: Library, steps: Sequence[Step]) -> Status:
    """The status of a library, with what is pending for each of the steps. Reads only."""
    place = library.place
    found = Status(str(place.root), str(place.state), [place.actual(root) for root in place.roots])
    looked_at = _count_photos(library, found)
    _count_files(library, found)
    for step in steps:
        made = library.made(step.name, step.maker)
        good = library.made(step.name, step.maker, failed=False)
        found.steps[step.name] = {
            "made": len(good & looked_at.keys()),
            "failed": len((made - good) & looked_at.keys()),
            "pending": len(looked_at.keys() - made),
        }
    current = {(step.name, step.maker) for step in steps}
    for row in library.lance.rows("evidence", ("image_id", "step", "maker", "error"), "error <> ''"):
        if row["image_id"] in looked_at and (row["step"], row["maker"]) in current:
            found.failed.append((looked_at[row["image_id"]], row["step"], row["error"]))
    return found


def _count_photos(library: Library, found: Status) -> dict[str, str]:
    """Fills the counts of photos; returns those that models can look at, by id, with the path to name."""
    looked_at: dict[str, str] = {}
    columns = ("image_id", "kind", "status", "path", "picture", "date_source", "lat", "keywords")
    for row in library.photo_rows(columns):
        if row["status"] == "missing":
            found.missing += 1
            continue
        found.photos[row["kind"]] += 1
        found.dates[row["date_source"] or "none"] += 1
        found.placed += row["lat"] is not None
        found.keyworded += bool(row["keywords"])
        if row["picture"]:
            looked_at[row["image_id"]] = row["path"]
    return looked_at


def _count_files(library: Library, found: Status) -> None:
    for row in library.lance.rows("files", ("path", "kind", "status", "error")):
        found.files[row["status"]] += 1
        if row["status"] == "unreadable":
            found.unreadable.append((row["path"], row["error"]))
        elif row["status"] == "present":
            found.kinds[row["kind"]] += 1
