"""What a photo can be found by: one row of columns that conditions ask, and the text that words are looked for in.

The decision here: a row is a pure function of the photo, its decision and the evidence that counts, so it can be made
again at any time. What is not known is marked as unknown in its column (0, -1, null), because a condition must not
hold where nobody knows. The text has one line for each source, in the order of LINES, so that a hit can say where its
word stood. Refused: a guess in a column, and one text in which a folder's name counts as much as a keyword.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from phototag.decide.labels import place
from phototag.records import Decision, Facts, Moment, Photo, Tag, family
from phototag.vocabulary import Term, Vocabulary, folded

LINES = ("caption", "keyword", "broader keyword", "place", "name", "seen")  # what each line of the text is
LANGUAGES = ("en", "de")
# What the sun's light is called, with what it is too.
_SUNS = {
    "noon": ("noon", "day"),
    "day": ("day",),
    "golden hour": ("golden hour",),
    "blue hour": ("blue hour",),
    "twilight": ("twilight",),
    "night": ("night",),
}
_LANDMARK = ("location", "city", "state", "country")
_NO_TIME = frozenset(((0, 0, 0, 0), (12, 0, 0, 0)))  # what stands where only the day is known
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ł": "l",
                          "œ": "oe", "ʻ": "'", "’": "'", "‘": "'", "–": "-"})  # fmt: skip
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])")


def row(
    photo: Photo,
    files: Mapping[str, str],
    decision: Decision | None,
    evidence: Mapping[str, Any],
    vocabulary: Vocabulary,
    modified_ns: int = 0,
) -> dict[str, Any]:
    """The row of one photo; `files` are those that are there, path -> kind, `evidence` is by step."""
    facts = photo.facts
    tags = _tags(facts, decision, vocabulary)
    where = dict(decision.place) if decision and decision.place else place(evidence, facts)
    return {
        "image_id": photo.image_id,
        "path": photo.files[0],
        "status": photo.status,
        "decided": decision is not None,
        "modified_ns": modified_ns,
        **_when(facts.moment),
        **_sensed(evidence, tags, vocabulary),
        "camera": folded(_camera(facts)),
        "lens": folded(facts.lens or ""),
        "lat": facts.gps.lat if facts.gps else None,
        "lon": facts.gps.lon if facts.gps else None,
        "country_code": str(where.get("country_code") or "").upper(),
        "places": _unique(bare(str(where[part])) for part in _LANDMARK if where.get(part)),
        "rating": _rating(decision, facts),
        "kinds": sorted({*files.values(), *map(family, files.values()), photo.kind}),
        "keywords": _keys(tags, vocabulary),
        "phash": _hash(evidence),
        "text": text(facts, files or photo.files[:1], decision, tags, where, vocabulary),
        "caption": next(iter(decision.caption.values()), "") if decision else facts.caption or "",
        "place": str(where.get("city") or where.get("location") or where.get("state") or where.get("country") or ""),
        "words": [tag.term for tag in tags],
    }


def bare(name: str) -> str:
    """A name in small letters without marks, hyphens and points, by which places are compared."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.replace("-", " ").replace(".", " ").replace(",", " ").split())


def tokens(text: str) -> list[str]:
    """The words of a text as full text compares them: small, without marks."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))


# ---- columns


def _when(moment: Moment | None) -> dict[str, Any]:
    """Day and minute by the clock on the wall there. The date of a file is not when the photo was taken."""
    if moment is None or moment.source == "modified":
        return {"day": 0, "month": 0, "weekday": -1, "minute": -1}
    local = moment.local
    is_time = (local.hour, local.minute, local.second, local.microsecond) not in _NO_TIME
    return {
        "day": local.year * 10_000 + local.month * 100 + local.day,
        "month": local.month,
        "weekday": local.weekday(),
        "minute": local.hour * 60 + local.minute if is_time else -1,
    }


def _sensed(evidence: Mapping[str, Any], tags: Sequence[Tag], vocabulary: Vocabulary) -> dict[str, Any]:
    """What sensors say, and what people said of the same; null is what nobody knows."""
    sun, technique, counted = (evidence.get(step) or {} for step in ("light", "technique", "people"))
    lights = [*_SUNS.get(str(sun.get("light")), ()), *_said(tags, "light", vocabulary)]
    terms = [*map(str, technique.get("terms") or ()), *_said(tags, "technique", vocabulary)]
    if (evidence.get("measure") or {}).get("monochrome"):
        terms.append("black and white")
    count = counted.get("count")
    return {
        "season": str(sun.get("season") or ""),
        "light": _unique(lights) or None,
        "technique": _unique(terms) if terms or "technique" in evidence else None,
        "people": count if isinstance(count, int) and not isinstance(count, bool) else -1,
    }


def _said(tags: Sequence[Tag], kind: str, vocabulary: Vocabulary) -> Iterator[str]:
    """The terms of one kind that a person said."""
    for tag in tags:
        term = vocabulary.terms.get(tag.term)
        if term and term.kind == kind and tag.because[:1] == ("human",):
            yield term.name


def _camera(facts: Facts) -> str:
    """Make and model, the make once."""
    make, model = facts.make or "", facts.model or ""
    return model if make and model.casefold().startswith(make.casefold()) else f"{make} {model}".strip()


def _rating(decision: Decision | None, facts: Facts) -> int:
    """The stars; -1 where nobody gave any."""
    found = decision.rating if decision and decision.rating is not None else facts.rating
    return -1 if found is None else max(-1, min(found, 5))


def _keys(tags: Sequence[Tag], vocabulary: Vocabulary) -> list[str]:
    """Every tag and its broader terms, as keys."""
    found = [vocabulary.key(tag.term) for tag in tags]
    above = (folded(name) for tag in tags for name in vocabulary.ancestors(tag.term))
    return _unique((*found, *above))


def _hash(evidence: Mapping[str, Any]) -> int | None:
    """The 64 bits of what the picture looks like, as a signed number."""
    text = (evidence.get("measure") or {}).get("phash")
    try:
        bits = int(str(text), 16) if text else None
    except ValueError:
        return None
    return None if bits is None or bits >= 2**64 else bits - 2**64 if bits >= 2**63 else bits


def _tags(facts: Facts, decision: Decision | None, vocabulary: Vocabulary) -> tuple[Tag, ...]:
    """What was decided, with what people have written into the files or taken out of them since.

    Where a person decided here, the decision stands as it is: a word that was taken away may still be in the files.
    """
    on_file = _of_people(facts, vocabulary)
    if decision is None or decision.by == "human":
        return decision.tags if decision else on_file
    there = {vocabulary.key(tag.term) for tag in on_file}
    kept = [tag for tag in decision.tags if tag.because != ("human",) or vocabulary.key(tag.term) in there]
    known = {vocabulary.key(tag.term) for tag in kept}
    return (*(tag for tag in on_file if vocabulary.key(tag.term) not in known), *kept)


def _of_people(facts: Facts, vocabulary: Vocabulary) -> tuple[Tag, ...]:
    """The tags of a photo that nobody has decided upon yet: what people wrote into its files."""
    found = {vocabulary.key(word): word for word in reversed(facts.keywords) if word.strip()}
    return tuple(Tag(word, 1.0, ("human",)) for word in reversed(found.values()))


# ---- the text


def text(
    facts: Facts,
    files: Iterable[str],
    decision: Decision | None,
    tags: Sequence[Tag],
    where: Mapping[str, str],
    vocabulary: Vocabulary,
) -> str:
    """What full text searches, a line for each of LINES."""
    named = {tag.term for tag in tags}
    above = dict.fromkeys(name for tag in tags for name in vocabulary.ancestors(tag.term) if name not in named)
    captions = [*(decision.caption.values() if decision else ()), *facts.captions.values()]
    captions += [word for word in (facts.title, facts.headline, facts.caption) if word]
    seen = [tag.term for tag in (*decision.queued, *decision.proposed)] if decision else []
    parts: tuple[Iterable[str], ...] = (
        captions,
        (*_called((tag.term for tag in tags), vocabulary), *(region.name for region in facts.regions)),
        _called(above, vocabulary),
        (str(name) for part, name in where.items() if name and part != "country_code"),
        _names(files),
        _called(seen, vocabulary),
    )
    return "\n".join(_line(part) for part in parts)


def _called(terms: Iterable[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Each term by its name, labels and aliases."""
    for name in terms:
        term: Term | None = vocabulary.canonical(name)
        yield name
        if term:
            yield from (term.name, *(term.labels[one] for one in LANGUAGES if one in term.labels), *term.aliases)


def _names(paths: Iterable[str]) -> Iterator[str]:
    """Names of files and folders, in words; without what every file's name ends in."""
    for path in paths:
        *folders, name = path.replace("\0", " ").split("/")
        for part in (*folders, name.rpartition(".")[0] or name):
            yield part
            yield _CAMEL.sub(" ", part)


def _line(parts: Iterable[str]) -> str:
    """The parts on one line, each once, with umlauts also as keyboards without them spell them."""
    found = _unique(map(_tidy, parts))
    return " · ".join(_unique((*found, *map(_without_umlauts, found))))


@lru_cache(maxsize=20_000)
def _tidy(part: str) -> str:
    return " ".join(unicodedata.normalize("NFC", part).split())


@lru_cache(maxsize=20_000)
def _without_umlauts(part: str) -> str:
    """As a keyboard without umlauts spells it; "" if there are none."""
    low = part.casefold()
    spelled = low.translate(_UMLAUTS)
    return spelled if spelled != low else ""


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))
