"""The part of `phototag.api` that holds two models against each other.

The decision here: what they say is kept as evidence of a step of its own, so that a comparison neither changes a tag
nor asks twice. Refused: comparing on photos that a person has to pick: they are drawn by lot, the same for both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import settings as settings_
from phototag.api_asking import describer_of
from phototag.api_opening import Flags, Stop, held, library_at, never, words_of
from phototag.api_reading import scanned
from phototag.errors import UsageError
from phototag.records import Evidence
from phototag.report import Report, many
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.comparing import Answers, Compared
    from phototag.look.caption import Describe
    from phototag.pipeline import Selection

_STEP = "compare"


def diff(
    one: str,
    other: str,
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    sample: int = 200,
    seed: int = 0,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Compared:
    """Ask two describers about the same photos of a folder, drawn by lot, and compare what they say."""
    from phototag.comparing import compared
    from phototag.pipeline import Selection
    from phototag.pipeline_choice import chosen
    from phototag.read.scan import Options

    report = report or Report(quiet=True)
    opened, root = library_at(folder, library, report)
    using = settings_.load(opened.place.settings_file, flags)
    if _spec(one) == _spec(other):
        raise _same(one)
    steps = [_step(using, spec) for spec in (one, other)]
    if steps[0].maker == steps[1].maker:
        raise _same(one)
    vocabulary = words_of(using, opened.place.vocabulary_file)
    with held(opened, report):
        scanned(opened, root, using, report, Options(decode=False), stop)
        below = (opened.place.stored(os.path.realpath(folder)),)
        selection = Selection(below, sample=sample, seed=seed, retry_failed=True)
        ids = [image_id for image_id, has in chosen(opened, selection) if has]
        if not ids and not stop():
            raise UsageError(f"There is no photo in {folder} to ask about.", "Name a folder that holds photos.")
        first, second = (_asked(opened, step, ids, selection, using, report, stop) for step in steps)
        paths = {photo.image_id: photo.files[0] for photo in opened.photos(ids)}
    ordered = {image_id: paths[image_id] for image_id in ids}

    def is_known(word: str) -> bool:
        return vocabulary.canonical(word) is not None

    return compared(first, second, ordered, vocabulary.key, is_known, _sentences_alike)


def _spec(model: str) -> str:
    """The describer behind the name of a model, written in one way."""
    from phototag.backends import registry

    word, _, rest = model.strip().partition(":")
    if word in registry.names():
        return f"{word}:{rest}" if rest else word
    return f"ollama:{model.strip().removesuffix(':latest')}"


def _same(model: str) -> UsageError:
    return UsageError(f"Both are the same model: {model}.", "Name two: phototag models lists those that are there.")


def _step(using: Settings, model: str) -> Describe:
    from phototag.look.caption import Describe
    from phototag.look.prompts import named

    look, prompt = replace(using.look, describer=_spec(model)), named(using.look.prompt)
    if prompt.schema == "cull":
        hint = "Name a prompt that asks for them: catalog, caption, keywords, or a file of yours."
        raise UsageError("What is compared are captions and keywords, and this prompt asks for verdicts.", hint)
    step = Describe(describer_of(replace(using, look=look)), prompt, look.side, look.style)
    step.name = _STEP
    return step


def _asked(
    opened: Library,
    step: Describe,
    ids: Sequence[str],
    selection: Selection,
    using: Settings,
    report: Report,
    stop: Stop,
) -> Answers:
    """What one describer says of the photos; what it has said before, of these very photos, is not asked again."""
    from phototag.comparing import Answers
    from phototag.pipeline import Run

    made = opened.made(_STEP, step.maker)
    known = [one for one in opened.evidence(ids) if one.step == "describe" and one.maker == step.maker]
    opened.put(
        [
            Evidence(one.image_id, _STEP, one.maker, one.value, made_at=one.made_at)
            for one in known
            if not one.error and "from" not in one.value and one.image_id not in made
        ],
        {_STEP},
    )
    report.say(f"asking {step.maker.partition('@')[0]} about {many(len(ids), 'photo')}")
    began = time.monotonic()
    looked = Run(opened, [step], using, report, stop).run(selection)
    seconds = time.monotonic() - began
    found = Answers(step.maker)
    if count := looked.made[_STEP]:
        found.seconds = seconds / count
    for one in opened.evidence(ids):
        if one.step == _STEP and one.maker == step.maker:
            if one.error:
                found.failed += 1
            else:
                found.values[one.image_id] = one.value
    return found


def _sentences_alike(pairs: Sequence[tuple[str, str]]) -> list[float]:
    from phototag.backends.sentences import Sentences

    sentences = Sentences(os.cpu_count() or 1)
    vectors = sentences.embed_texts([text for pair in pairs for text in pair])
    return [float(one @ other) for one, other in zip(vectors[::2], vectors[1::2], strict=True)]
