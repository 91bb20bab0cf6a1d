"""How a planned tree looks: its folders, what would come into each, and why each event begins.

The decision here: a folder is one line under its parents, as a file manager shows it, with photos and size behind the
name; files are not listed. Refused: a list of ten thousand paths that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from phototag.report import duration, many, shown, size

if TYPE_CHECKING:
    from phototag.decide.events import Border
    from phototag.organizing.content import Contents
    from phototag.organizing.planning import Group, Plan

_RULES = {
    "month": "a new month",
    "gap": "a long pause",
    "distance": "another place",
    "content": "other things to see",
}


def lines(plan: Plan, contents: Contents | None = None) -> Iterator[str]:
    """The tree; with `contents` every border is explained."""
    above: list[str] = []
    scores = _scores(plan, contents) if contents else {}
    for group in sorted(plan.groups, key=lambda group: group.folder.split("/")):
        parts = group.folder.split("/")
        known = next((at for at, (a, b) in enumerate(zip(parts, above, strict=False)) if a != b), len(above))
        for depth in range(min(known, len(parts) - 1), len(parts) - 1):
            yield f"{'  ' * depth}{shown(parts[depth])}/"
        yield f"{'  ' * (len(parts) - 1)}{shown(parts[-1])}/  ({_counted(group)})"
        above = parts[:-1]
        for border in group.borders if contents else ():
            yield f"{'  ' * len(parts)}begins with {_explained(border, *scores[id(border)])}"


def as_json(plan: Plan, contents: Contents | None = None) -> dict[str, Any]:
    """The same for programs."""
    scores = _scores(plan, contents) if contents else {}
    return {
        "photos": len({copy.image_id for copy in plan.copies}),
        "files": len(plan.copies),
        "bytes": plan.size,
        "folders": [
            {
                "folder": group.folder,
                "photos": group.photos,
                "files": group.files,
                "bytes": group.size,
                "standing": group.standing,
            }
            | ({"borders": [_told(border, *scores[id(border)]) for border in group.borders]} if contents else {})
            for group in plan.groups
        ],
    }


def _counted(group: Group) -> str:
    files = f" in {group.files:,} files" if group.files != group.photos else ""
    there = f"; {group.standing:,} there already" if group.standing else ""
    return f"{many(group.photos, 'photo')}{files}, {size(group.size)}{there}"


def _scores(plan: Plan, contents: Contents | None) -> dict[int, tuple[float | None, float | None]]:
    """Of every border, how unlike its sides are: by captions and by pixels."""
    borders = [border for group in plan.groups for border in group.borders]
    if contents is None:
        return {}
    pairs = [(border.before, border.after) for border in borders]
    both = zip(contents.by_captions(pairs), contents.by_pixels(pairs), strict=True)
    return {id(border): found for border, found in zip(borders, both, strict=True)}


def _explained(border: Border, captions: float | None, pixels: float | None) -> str:
    way = "" if border.distance_m is None else f", {_way(border.distance_m)} away"
    looks = [f"{name} {score:.2f}" for name, score in (("captions", captions), ("pixels", pixels)) if score is not None]
    unlike = f"; unlike by {', '.join(looks)}" if looks else ""
    return f"{_RULES.get(border.rule, border.rule)}: {_pause(border.pause_s)} later{way}{unlike}"


def _told(border: Border, captions: float | None, pixels: float | None) -> dict[str, Any]:
    return {
        "rule": border.rule,
        "pause_s": border.pause_s,
        "distance_m": border.distance_m,
        "captions": captions,
        "pixels": pixels,
    }


def _pause(seconds: float) -> str:
    days = round(seconds / 86_400)
    return f"{days:,} days" if seconds >= 2 * 86_400 else duration(seconds)


def _way(metres: float) -> str:
    return f"{metres / 1000:,.1f} km" if metres >= 1000 else f"{metres:.0f} m"
