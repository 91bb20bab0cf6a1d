"""The part of `phototag.api` that asks a model what else a search may have meant.

The decision here: a person's words are searched for first and their conditions hold for every other phrase; the model
is the one of the settings, on this machine, and it is told the words alone. Refused: expansion that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from phototag import settings as settings_
from phototag.api_asking import describer_of, translator_of
from phototag.api_opening import Flags, open
from phototag.api_searching import search
from phototag.api_searching_answers import widened
from phototag.report import Report
from phototag.search.nouns import Found


def search_widely(
    text: str,
    *,
    folder: Path | str = ".",
    libraries: Sequence[Path] = (),
    limit: int = 50,
    flags: Flags | None = None,
    report: Report | None = None,
    **like: Any,
) -> Found:
    """`search`, and the same with other phrases for what the picture shows, by the text model of the settings."""
    from phototag.look.expand import expanded

    report = report or Report(quiet=True)
    given = {"libraries": libraries, "limit": limit, "flags": flags, "report": report, **like}
    first = search(text, folder=folder, **given)
    if not first.query.picture:
        return first
    opened = open(libraries[0], libraries[0]) if libraries else open(folder)
    using = settings_.load(opened.place.settings_file, flags)
    look = replace(using.look, describer=using.look.describer or "ollama")
    using = replace(using, look=look)
    phrases = expanded(translator_of(using, describer_of(using)), first.query.picture)
    conditions = " ".join(part.text for part in first.query.parts)
    others = [search(f"{phrase} {conditions}".strip(), folder=folder, **given) for phrase in phrases]
    return widened(first, others, limit)
