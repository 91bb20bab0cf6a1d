"""Several answers to one query as one: of several libraries, and of a keyword beside what its words mean.

The decision here: words that somebody wrote as one keyword ("Katzen 2024") are tried as that keyword too, and what has
it comes first, for a person's own name of a thing is meant before its words are. Refused: a keyword that must be quoted
to be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from phototag.search.nouns import Found, Query
from phototag.store.lance import quoted
from phototag.store.library import Library
from phototag.store.searchable import Searchable
from phototag.vocabulary import Vocabulary

_MOST_WORDS = 10  # of a query in which a keyword of several words is sought


def as_keyword(text: str, table: Searchable, vocabulary: Vocabulary) -> str:
    """The query with its longest run of words in quotes that is a keyword somebody wrote; "" if none is."""
    typed = text.split()
    if not typed or len(typed) > _MOST_WORDS or '"' in text:
        return ""
    spans = [(start, start + size) for size in range(len(typed), 0, -1) for start in range(len(typed) - size + 1)]
    runs = {span: " ".join(typed[slice(*span)]) for span in spans if span[1] - span[0] > 1 or len(typed) == 1}
    runs = {span: run for span, run in runs.items() if vocabulary.canonical(run) is None}
    tests = {span: f"array_has(keywords, {quoted(vocabulary.key(run))})" for span, run in runs.items()}
    if not tests or not table.count(" OR ".join(tests.values())):
        return ""
    start, end = next(span for span, test in tests.items() if table.count(test))
    return " ".join((*typed[:start], f'"{runs[start, end]}"', *typed[end:]))


def after(first: Found, then: Found, limit: int) -> Found:
    """What a keyword found, and after it what the words mean."""
    known = {one for hit in first.hits for one in (hit.image_id, *hit.folded)}
    others = [hit for hit in then.hits if hit.image_id not in known]
    typed = next((part.text for part in first.query.parts if part.field == "keyword"), "")
    notes = (f'"{typed}" is a keyword here: its photos come first.', *(then.notes if others else ()))
    return replace(then, hits=(*first.hits, *others)[:limit], matching=max(first.matching, then.matching), notes=notes)


def widened(first: Found, others: Sequence[Found], limit: int) -> Found:
    """What was asked for, and after it what other phrases for it find; whatever is sure goes before what is weak."""
    known = {one for hit in first.hits for one in (hit.image_id, *hit.folded)}
    hits = list(first.hits)
    for hit in sorted((hit for one in others for hit in one.hits), key=lambda hit: -hit.score):
        if hit.image_id not in known:
            known |= {hit.image_id, *hit.folded}
            hits.append(hit)
    hits.sort(key=lambda hit: hit.weak)  # keeps the order within
    phrases = ", ".join(f'"{one.query.picture}"' for one in others)
    note = f"Also searched for: {phrases}." if others else "No other phrases for it were found."
    kept = first.notes if first.hits or not hits else ()
    seconds = first.seconds + sum(one.seconds for one in others)
    return replace(first, hits=tuple(hits[:limit]), notes=(*kept, note), seconds=seconds)


def merged(found: Sequence[tuple[Library, Found]], limit: int) -> Found:
    """The answers of several libraries as one; each hit says whose it is."""
    hits = [
        replace(hit, shown={**hit.shown, "root": str(library.place.root)}) for library, one in found for hit in one.hits
    ]
    hits.sort(key=lambda hit: (hit.weak, -hit.score))
    answers = [one for _, one in found]
    return Found(
        answers[0].query if answers else Query(""),
        tuple(hits[:limit]),
        sum(one.matching for one in answers),
        tuple(f"{library.place.root}: {note}" for library, one in found for note in one.notes),
        sum(one.seconds for one in answers),
        tuple(str(library.place.root) for library, _ in found),
    )
