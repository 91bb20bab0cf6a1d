"""The part of `phototag.api` that opens a library for a command.

The decision here: every writing command holds the library first and brings half-done changes to an
end, and one list says which looks there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import resources
from phototag.errors import NoBackend, UsageError
from phototag.report import Report
from phototag.settings import Settings
from phototag.store import place
from phototag.store.library import Library, open_library

if TYPE_CHECKING:
    from phototag.look.step import Step
    from phototag.vocabulary import Vocabulary

Stop = Callable[[], bool]
Flags = Mapping[str, object]


def never() -> bool:
    """The answer of a run that nobody stops."""
    return False


def open(folder: Path | str = ".", library: Path | None = None) -> Library:
    """The library that holds `folder` (or lies in `library`), for reading; NoLibrary if there is none."""
    return open_library(Path(folder), library)


def library_at(folder: Path | str, library: Path | None, report: Report) -> tuple[Library, str]:
    """The library for a folder of photos, made if there is none, and the folder's real path."""
    root = os.path.realpath(folder)
    if not Path(root).is_dir():
        raise UsageError(f"{folder} is not a folder.", "Name a folder that holds photos.")
    if not os.access(root, os.R_OK | os.X_OK):
        raise UsageError(f"The folder {folder} cannot be opened: permission denied.", "Give yourself access to it.")
    opened = open_library(Path(root), library, make=True)
    if opened.place.is_shadow:
        report.say(f"{opened.place.root} is read-only: its library is kept in {opened.place.state}")
    return opened, root


@contextmanager
def held(library: Library, report: Report, *, afresh: bool = False) -> Iterator[dict[str, int]]:
    """The library held for writing, with its half-done changes brought to an end."""
    from phototag.change.journal import Journal
    from phototag.change.journal import recover as end_changes

    with library.writing(afresh=afresh):
        place.remember(library.place)
        report.log_to(library.place.state / "log" / "phototag.log")
        ended = dict(end_changes(Journal(library.journal), library.place, report))
        if ended:
            library.changes.replay()
            report.say("Brought to an end after a crash: " + ", ".join(f"{n} {state}" for state, n in ended.items()))
        yield ended


def words_of(using: Settings, of_library: Path | None = None) -> Vocabulary:
    """The vocabulary: ours, the one that the settings name, and the words that a library has adopted."""
    from phototag import vocabulary

    own = [Path(using.policy.vocabulary).expanduser()] if using.policy.vocabulary else []
    own += [of_library] if of_library and of_library.exists() else []
    return vocabulary.load(resources.vocabulary_file(), own)


def steps_there(using: Settings) -> list[Step]:
    """The same without what cannot work now: for commands that ask no model, but want to know whose word counts."""
    try:
        return steps_of(using)
    except (NoBackend, UsageError):
        look = replace(using.look, describer="", embedder="")
        return steps_of(replace(using, look=look))


def makers_of(using: Settings) -> dict[str, str]:
    """Whose word counts today, by step."""
    return {step.name: step.maker for step in steps_there(using)}


def steps_of(using: Settings, opened: Library | None = None, report: Report | None = None) -> list[Step]:
    """The looks that the settings name, in the order in which they build on each other.

    A look that asks a server does so only where the library and the report of a run are given.
    """
    from phototag.api_asking import asking_steps
    from phototag.backends import registry
    from phototag.look.faces import Faces
    from phototag.look.labels import Labels
    from phototag.look.light import Light
    from phototag.look.measure import Measure
    from phototag.look.objects import Objects
    from phototag.look.people import People
    from phototag.look.place import Place
    from phototag.look.search_vector import SearchVector
    from phototag.look.technique import Technique
    from phototag.look.vectors import Embed

    side = using.look.side
    labels, objects, faces = Labels(side), Objects(side), Faces(side)
    steps: list[Step] = [Measure(side), labels, objects, faces]
    steps += [People(objects, faces), SearchVector(labels, objects), Place(), Light(), Technique()]
    if using.online.places:
        from phototag.look import address

        steps.append(address.step(using, opened.place.state if opened else None, report))
    if using.look.describer:
        file = opened.place.vocabulary_file if opened else None
        steps += asking_steps(using, opened, lambda: words_of(using, file))
    if using.look.embedder:
        steps.append(Embed(registry.embedder(using.look.embedder, {"download": using.look.download}), side))
    return steps
