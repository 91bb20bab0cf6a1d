"""What `organize` works with: its folders, its library, and the parts that settings choose.

The decision here: everything that can be wrong with a command line is found before the first photo is looked at.
Refused: a target inside the source or the other way round, by whatever name it is reached.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, held, steps_there, words_of
from phototag.api_writing import modes_of
from phototag.errors import NoSpace, UsageError
from phototag.report import Report, shown
from phototag.settings import Settings
from phototag.store import place
from phototag.store.library import Library, open_library

if TYPE_CHECKING:
    from phototag.organizing.content import Contents
    from phototag.organizing.names import Style
    from phototag.store.settled import Settled


def folders(source: Path | str, to: Path | str) -> tuple[str, str]:
    """The real paths of source and target; UsageError where one lies in the other."""
    origin, root = os.path.realpath(source), os.path.realpath(to)
    if not Path(origin).is_dir():
        raise UsageError(f"{shown(str(source))} is not a folder.", "Name a folder that holds photos.")
    if not os.access(origin, os.R_OK | os.X_OK):
        raise UsageError(
            f"The folder {shown(str(source))} cannot be opened: permission denied.", "Give yourself access."
        )
    if Path(root).exists() and not Path(root).is_dir():
        raise UsageError(f"{shown(str(to))} is not a folder.", "Name the folder in which the tree shall stand: --to")
    if _is_in(root, origin):
        raise UsageError(
            f"{shown(str(to))} lies in the source {shown(str(source))}, which is never written to.",
            "Name a folder outside of it: --to",
        )
    if _is_in(origin, root):
        raise UsageError(
            f"The source {shown(str(source))} lies in the target {shown(str(to))}.",
            "Name another target: --to. Photos that stand in a tree are organised already.",
        )
    return origin, root


def _is_in(inner: str, outer: str) -> bool:
    """Whether a folder is another one or lies in it, by whatever names: links, mounts, other case."""
    if inner == outer or inner.startswith(outer.rstrip(os.sep) + os.sep):
        return True
    if not Path(outer).exists():
        return False
    above = (one for one in (Path(inner), *Path(inner).parents) if one.exists())
    return any(one.samefile(outer) for one in above)


def place_of_plan(path: Path, origin: str) -> None:
    """UsageError unless a plan may be written there."""
    from phototag.organizing.file import is_plan

    real = Path(os.path.realpath(path))
    if _is_in(str(real.parent), origin):
        raise UsageError(f"{shown(str(path))} lies in the source, which is never written to.", "Name a file elsewhere.")
    if not real.parent.is_dir() or not os.access(real.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{shown(str(path))} cannot be written.", "Name a file in a folder that is there: --plan")
    if real.exists() and not is_plan(real):
        raise UsageError(f"{shown(str(path))} is there already and is no plan.", "Name another file.")


def tree_at(root: str) -> Library:
    """The library of the tree, made if there is none."""
    tree = open_library(Path(root), Path(root), make=True)
    if tree.place.is_shadow or not os.access(root, os.W_OK | os.X_OK):
        raise NoSpace(f"{shown(root)} cannot be written.", "Name a folder that can be: --to")
    return tree


def take_over(tree: Library, origin: str, report: Report) -> None:
    """What people said of these photos in a library of the originals goes into the journal of the tree."""
    from phototag.change.journal import Journal

    found = place.find(Path(origin))
    if found is None or found.state == tree.place.state:
        return
    journal = Journal(tree.journal)
    known = {_key(word) for word in journal.said()}
    words = [word for word in Journal(Library(found).journal).said() if _key(word) not in known]
    if words:
        with held(tree, report):
            journal.say(words)
            tree.undecide({word.image_id for word in words})
        report.say(f"Taken over from {shown(str(found.state))}: {len(words):,} decisions of people.")


def _key(word: object) -> str:
    return json.dumps(asdict(word), sort_keys=True)  # type: ignore[call-overload]


def settings_of(root: str, flags: Flags | None) -> Settings:
    """The settings of the library that is there, or will be; nothing is made."""
    found = place.here(Path(root))
    return settings_.load(found.settings_file if found else None, flags)


def style_of(root: str, using: Settings) -> Style:
    """How folders are named; UsageError for a template, a rule or a language that cannot be."""
    from phototag.decide import tongues
    from phototag.decide.naming import Rules, Template
    from phototag.organizing.names import Style

    tongues.check(using.languages.folders)
    found = place.here(Path(root))
    words = words_of(using, found.vocabulary_file if found else None)
    return Style(Template(using.names.template), Rules(using.rules, words), words, using)


def contents_of(tree: Library, using: Settings) -> Contents:
    """The scores of likeness for photos of the tree's library; by CLIP where the settings name such an embedder."""
    from phototag.organizing.content import Contents

    steps = {step.name: step for step in steps_there(using)}
    embed = steps.get("embed")
    chosen = (embed.space, embed.maker) if embed and embed.space.startswith("clip_") else None
    return Contents(tree, steps["labels"].maker, chosen)


def settled_of(tree: Library, using: Settings) -> Settled:
    """What is known of the copies' decisions, as these settings put them into words."""
    from phototag.store.settled import Settled

    write, modes = using.write, modes_of(using)
    ways = (sorted(modes.only), modes.keywords, modes.caption, write.where, write.sidecar, using.languages.keywords)
    return Settled(tree.lance, json.dumps([*ways, using.languages.pages]))


def everything(tree: Library) -> list[str]:
    """Every photo that is there, in the source or in the tree."""
    return [row["image_id"] for row in tree.photo_rows(("image_id",), "status = 'present'")]


def our_copies(tree: Library) -> dict[str, list[str]]:
    """Photo -> its files in the tree that are copies which we made: another picture in such a place is a person's."""
    ours = tree.changes.copies()
    found: dict[str, list[str]] = {}
    for image_id, files in tree.lance.tuples("photos", ("image_id", "files"), "status = 'present'") if ours else ():
        if own := [path for path in files if ours.get(path) == image_id]:
            found[image_id] = own
    return found


def unread(tree: Library, origin: str) -> list[tuple[str, str]]:
    """The files of the source that cannot be read, whenever that was found out: path, reason."""
    start = f"{tree.place.stored(origin)}/"
    rows = tree.lance.tuples("files", ("path", "error"), "status = 'unreadable'")
    return sorted((path, why) for path, why in rows if path.startswith(start))
