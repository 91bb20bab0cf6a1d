"""The part of `phototag.api` that finds the best of many alike.

The decision here: culling looks as `look` does, without a describer, groups and judges; a describer is asked in a
second look, and only about photos of which nobody knows yet. Refused: asking a model about a photo that is picked
already.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, steps_of
from phototag.api_reading import look
from phototag.errors import UsageError
from phototag.report import Report, shown
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.culling.nouns import Culled
    from phototag.look.step import Step
    from phototag.pipeline import Selection


def cull(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    decisions: Path | str | None = None,
    ask_model: bool = False,
    models: Flags | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Culled:
    """Look at the photos of a folder, group them, and judge each: pick, maybe or reject.

    `decisions` is a file from the page, applied first. With `ask_model` the describer of `models` is asked about the
    doubtful ones. No photo is changed.
    """
    from phototag.culling.nouns import Culled

    report = report or Report(quiet=True)
    asking: Flags = {**(flags or {}), **(models or {})}
    if ask_model:
        _prompt(asking)  # what cannot be asked is said before anything is looked at
    local: Flags = {**(flags or {}), "look.describer": ""}
    opened, scanned, looked = look(folder, library=library, flags=local, report=report, stop=stop)
    using = settings_.load(opened.place.settings_file, local)
    done = Culled(opened, os.path.realpath(folder), scanned=scanned, looked=looked, profile=using.cull.profile)
    steps = _crafted(opened, done.folder, using, report, stop)
    done.interrupted = looked.interrupted or stop()
    if done.interrupted:
        return done
    makers = {step.name: step.maker for step in steps}
    if decisions is not None:
        done.applied, done.left_out = _applied(opened, done.folder, Path(decisions), report)
    _sorted(done, using, makers)
    if ask_model:
        _asked(done, asking, report, stop)
        _sorted(done, using, makers)
    return done


def _crafted(opened: Library, root: str, using: Settings, report: Report, stop: Stop) -> Sequence[Step]:
    """The local looks, the craft among them; made here where `look` does not make it."""
    from phototag.look.craft import Craft
    from phototag.pipeline import Run, Selection

    steps = steps_of(using)
    names = {step.name: step for step in steps}
    if "craft" not in names:
        steps.append(Craft(using.look.side, names["faces"], names["objects"], names["measure"]))
        with held(opened, report):
            chosen: Selection = Selection(below=(opened.place.stored(root),))
            Run(opened, steps, using, report, stop).run(chosen)
    return steps


def _sorted(done: Culled, using: Settings, makers: Mapping[str, str]) -> None:
    """Groups and verdicts, from what the tables and the journal say now."""
    from phototag.culling.decisions import kept
    from phototag.culling.grouping import Grouping
    from phototag.culling.reading import known
    from phototag.culling.sorting import sort
    from phototag.decide.cull import Rules
    from phototag.decide.cull_weighing import weights_of

    people = {image_id: one.verdict for image_id, one in kept(done.library).items()}
    photos = known(done.library, _ids(done.library, done.folder), makers, people)
    near_bits = min(using.hashes.distance, 10)
    rules = Rules(using.cull.keep, weights_of(using.cull.profile, using.cull.weights), near_bits)
    groups = Grouping(done.library, photos, makers["labels"]).groups(using.burst.window_s, near_bits)
    done.groups = sort(groups, photos, rules)


def _asked(done: Culled, flags: Flags, report: Report, stop: Stop) -> None:
    """Ask a describer about the doubtful ones; what it says is evidence like any other."""
    from phototag.culling.sorting import doubtful

    paths = [done.library.place.actual(member.known.path) for member in doubtful(done.groups)]
    using = settings_.load(done.library.place.settings_file, flags)
    if paths:
        asking: Flags = {**flags, "look.prompt": _prompt(flags), "look.describer": using.look.describer or "ollama"}
        where = done.library.place.root
        # What that look stored is seen through its own tables; ours are those of before.
        done.library, _, done.asked = look(
            done.folder, only=paths, library=where, flags=asking, report=report, stop=stop
        )
        done.interrupted = done.asked.interrupted


def _prompt(flags: Flags) -> str:
    """The question for a verdict: ours, or one of the person's that asks for verdicts too."""
    from phototag.look.prompts import named

    prompt = str(flags.get("look.prompt") or "cull")
    if named(prompt).schema != "cull":
        raise UsageError(f"The prompt {shown(prompt)} asks for no verdict.", "Name one with the schema cull, or none.")
    return prompt


def _applied(opened: Library, folder: str, file: Path, report: Report) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """How many decisions were taken over by verdict, and the photos that are not there to be decided upon."""
    from phototag.culling import decisions

    found, others = decisions.read(file, set(_ids(opened, folder)))
    with held(opened, report):
        return dict(decisions.keep(opened, found)), decisions.whereabouts(opened, others)


def _ids(opened: Library, folder: str) -> list[str]:
    from phototag.review import ids_below

    return ids_below(opened, opened.place.stored(folder))
