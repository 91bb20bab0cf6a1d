"""The part of `phototag.api` in which people see decisions and have their say.

The decision here: what a person says is in the journal before anything is decided about it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from phototag import resources, vocabulary
from phototag import settings as settings_
from phototag.api_opening import Flags, Stop, held, never, open, steps_there, words_of
from phototag.errors import UsageError
from phototag.records import Said
from phototag.report import Report
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.deciding import Decided, Deciding
    from phototag.review import Queue, Shown


def decide(
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
    stop: Stop = never,
) -> Decided:
    """Decide again for the photos of a folder, from evidence that is there. No model is loaded."""
    from phototag.review import ids_below

    report = report or Report(quiet=True)
    opened = open(folder, library)
    using = settings_.load(opened.place.settings_file, flags)
    with held(opened, report):
        ids = ids_below(opened, *([opened.place.stored(os.path.realpath(folder))] if library is None else ()))
        return deciding(opened, using).run(ids, (), report, stop)


def show(photos: Sequence[Path | str], *, library: Path | None = None) -> list[Shown]:
    """Everything that is known of some photos."""
    from phototag import review

    opened = open(_folder_of(photos[0]), library)
    return list(review.show(opened, review.photo_ids(opened, photos)))


def review(path: Path | str = ".", *, library: Path | None = None) -> Queue:
    """The queued terms of a photo, or of all photos in a folder."""
    from phototag import review as review_

    opened = open(_folder_of(path), library)
    return review_.queue(opened, _ids_at(opened, path))


def answer(
    path: Path | str,
    *,
    accept: Sequence[str] = (),
    reject: Sequence[str] = (),
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
) -> int:
    """Accept and reject queued terms for a photo or for all in a folder; returns the number of photos."""
    from phototag import review as review_

    opened = open(_folder_of(path), library)
    words = review_.answers(review_.queue(opened, _ids_at(opened, path)), accept, reject)
    _say(opened, words, flags, report or Report(quiet=True))
    return len(words)


def say(
    photos: Sequence[Path | str],
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    caption: Mapping[str, str] | None = None,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
) -> None:
    """Keep a person's own keywords and captions for photos, and decide again for these."""
    from phototag import review as review_

    opened = open(_folder_of(photos[0]), library)
    words = [
        Said(image_id, add=tuple(add), remove=tuple(remove), caption=caption or {})
        for image_id in review_.photo_ids(opened, photos)
    ]
    _say(opened, words, flags, report or Report(quiet=True))


def proposed(folder: Path | str = ".", *, library: Path | None = None) -> list[tuple[str, int, float]]:
    """The words outside the vocabulary that makers proposed: word, number of photos, best score."""
    from phototag import review as review_

    return review_.proposed(open(folder, library))


def adopt(
    words: Sequence[str],
    parent: str = "",
    folder: Path | str = ".",
    *,
    library: Path | None = None,
    flags: Flags | None = None,
    report: Report | None = None,
) -> tuple[Path, Decided]:
    """Add words to the library's own vocabulary, and decide again."""
    opened = open(folder, library)
    with opened.writing():
        file = _adopted(opened, words, parent)
    return file, decide(opened.place.root, library=library, flags=flags, report=report)


# ---- shared


def deciding(opened: Library, using: Settings) -> Deciding:
    """Who decides in this library: its vocabulary, the rules of the settings, and what people said."""
    from phototag.api_nearness import meanings_of
    from phototag.change.journal import Journal
    from phototag.decide.policy import Rules
    from phototag.deciding import Deciding

    words = words_of(using, opened.place.vocabulary_file)
    meanings, meant_by = meanings_of(words, using.policy.likeness, opened.place.state / "words")
    rules = Rules(
        min_confidence=using.policy.min_confidence,
        least=using.policy.least,
        most=using.policy.most,
        thresholds=dict(map(_threshold, using.policy.thresholds)),
        languages=(using.languages.keywords,),
        strict=using.policy.strict,
        alone=using.policy.alone,
        meanings=meant_by,
    )
    said = Journal(opened.journal).said()
    pauses = {"gap_minutes": using.event.gap_minutes, "window_s": using.burst.window_s}
    return Deciding(opened, steps_there(using), words, rules, said, meanings, **pauses)


def _threshold(text: str) -> tuple[str, float]:
    """`people=0.8` as a kind of term and its threshold."""
    kind, _, number = (part.strip() for part in text.partition("="))
    try:
        line = float(number)
    except ValueError:
        line = -1
    if kind not in vocabulary.KINDS or not 0 <= line <= 1:
        kinds = ", ".join(sorted(vocabulary.KINDS))
        raise UsageError(f"policy.thresholds: {text!r} is not understood.", f"Write KIND=0.8, with a kind of: {kinds}")
    return kind, line


def _say(opened: Library, words: Sequence[Said], flags: Flags | None, report: Report) -> None:
    """Into the journal first; then the photos are decided again."""
    from phototag.change.journal import Journal

    using = settings_.load(opened.place.settings_file, flags)
    with held(opened, report):
        Journal(opened.journal).say(words)
        ids = list(dict.fromkeys(word.image_id for word in words))
        deciding(opened, using).run(ids, ids, report, never)


def _adopted(opened: Library, words: Sequence[str], parent: str) -> Path:
    """The library's own vocabulary with the words in it; it must load before it takes the old one's place."""
    file = opened.place.vocabulary_file
    before = file.read_text("utf-8").splitlines() if file.exists() else []
    lines = [*before, *(vocabulary.text_line(vocabulary.Term(word.strip(), parent)) for word in words)]
    text = "".join(f"{line}\n" for line in lines)
    return opened.put_vocabulary(text, lambda draft: vocabulary.load(resources.vocabulary_file(), [draft]))


def _folder_of(path: Path | str) -> Path:
    """The folder from which the library of a photo or folder is looked for."""
    real = Path(os.path.realpath(path))
    return real if real.is_dir() else real.parent


def _ids_at(opened: Library, path: Path | str) -> list[str]:
    """The photos at a path: of one photo, or of a folder and all below it."""
    from phototag import review

    real = os.path.realpath(path)
    return (
        review.ids_below(opened, opened.place.stored(real)) if Path(real).is_dir() else review.photo_ids(opened, [path])
    )
