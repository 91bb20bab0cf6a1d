"""One library at a glance: what it holds, what is pending, what failed.

The decision here: the same set differences that decide what a run does also say what is left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from phototag.look.step import Step
from phototag.look.translate import FAILED
from phototag.records import LASTING
from phototag.store.lance import quoted
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
    makers: dict[str, dict[str, int]] = field(default_factory=dict)  # step that asks a model -> maker -> photos
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # path, reason
    failed: list[tuple[str, str, str]] = field(default_factory=list)  # path, step, reason
    half_done: int = 0  # changes that the next writing command brings to an end
    tagged: int = 0  # files and sidecars that say what phototag wrote last
    unknown: list[str] = field(
        default_factory=list
    )  # files that a crash left neither as before a change nor as after it

    def parted(self) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
        """The failures: those to look at a photo, and those to translate what was seen."""
        looks = [one for one in self.failed if one[1] != "translate"]
        translations = [
            (path, step, why.removeprefix(FAILED)) for path, step, why in self.failed if step == "translate"
        ]
        return looks, translations


def overview(library: Library, steps: Sequence[Step]) -> Status:
    """The status of a library, with what is pending for each of the steps. Reads only."""
    place = library.place
    found = Status(str(place.root), str(place.state), [place.actual(root) for root in place.roots])
    photos, with_picture = _count_photos(library, found)
    _count_files(library, found)
    for step in steps:
        asked = with_picture if step.needs_picture else photos.keys()
        made = library.made(step.name, step.maker)
        good = library.made(step.name, step.maker, failed=False)
        others = library.made(step.name, failed=False) - good if step.name in LASTING else set()
        found.steps[step.name] = {
            "made": len(good & asked),
            "failed": len((made - good - others) & asked),
            "pending": len(asked - made - others),
        }
    _count_makers(library, photos.keys(), found)
    current = {(step.name, step.maker) for step in steps}
    names = {step.name for step in steps}
    answered = {name: library.made(name, failed=False) for name in LASTING - names}
    for row in library.lance.rows("evidence", ("image_id", "step", "maker", "error"), "error <> ''"):
        image_id, name = row["image_id"], row["step"]
        # What no setting asks for was asked by an option once: it failed unless somebody answered since.
        asked_once = name in answered and image_id not in answered[name]
        if image_id in photos and ((name, row["maker"]) in current or asked_once):
            found.failed.append((photos[image_id], name, row["error"]))
    found.failed = list(dict.fromkeys(found.failed))
    found.tagged = len(library.changes.targets("done"))
    found.unknown = sorted(library.changes.targets("unknown"))
    return found


def _count_photos(library: Library, found: Status) -> tuple[dict[str, str], set[str]]:
    """Fills the counts of photos; returns the path to name of each, and which ones have a picture to look at."""
    photos: dict[str, str] = {}
    with_picture: set[str] = set()
    columns = ("image_id", "kind", "status", "path", "picture", "date_source", "lat", "keywords")
    for row in library.photo_rows(columns):
        if row["status"] == "missing":
            found.missing += 1
            continue
        found.photos[row["kind"]] += 1
        found.dates[row["date_source"] or "none"] += 1
        found.placed += row["lat"] is not None
        found.keyworded += bool(row["keywords"])
        photos[row["image_id"]] = row["path"]
        if row["picture"]:
            with_picture.add(row["image_id"])
    return photos, with_picture


def _count_makers(library: Library, photos: Collection[str], found: Status) -> None:
    """Whose answers stand: of each photo the last one."""
    for name in sorted(LASTING):
        last: dict[str, tuple[str, str]] = {}
        where = f"step = {quoted(name)} AND error = ''"
        for image_id, maker, made_at in library.lance.tuples("evidence", ("image_id", "maker", "made_at"), where):
            if image_id in photos and last.get(image_id, ("", ""))[0] <= made_at:
                last[image_id] = made_at, maker
        if last:
            found.makers[name] = dict(Counter(maker for _, maker in last.values()).most_common())


def _count_files(library: Library, found: Status) -> None:
    for row in library.lance.rows("files", ("path", "kind", "status", "error")):
        found.files[row["status"]] += 1
        if row["status"] == "unreadable":
            found.unreadable.append((row["path"], row["error"]))
        elif row["status"] == "present":
            found.kinds[row["kind"]] += 1
