"""What is known of one photo, as one JSON object: what an export has a row of, and what lies beside a copy.

The decision here: every record has every key, in this order, whatever is known, so that records make a table. null
says that nobody knows; an empty list or object says that it was looked for and there is none. Refused: a value that
stands for "unknown" (0, "", "none"), and a fact of ours where the files or a person say nothing.

    path, original   of the file that stands for the photo; where phototag copied it from (else null)
    files            all its files: copies, RAW and JPEG, sidecars
    image_id, kind   picture | raw | video
    date             ISO 8601 by the clock on the wall, with the offset from UTC where it is known
    date_source      exif | xmp | iptc | quicktime | gps | name | modified
    camera           make, model, lens
    lat, lon         from a sensor, in degrees
    address          name, road, city, state, postcode, country, country_code; a person's words in the files win
    caption          by language: a person's, else a describer's, else a composed one
    keywords         by language: the tags; a person's words as that person spelled them in the files
    scores           tag -> how sure; 1 for a person's
    human            the tags that a person said
    queued, proposed terms too doubtful to be tags, words outside the vocabulary -> how sure; null: undecided yet
    people           count, faces (how many), names (that somebody put to faces)
    rating, label, pick
    sharpness        of the whole picture at 256 x 256: below 100 it may be blurred
    sharpest_tiles   of its sharpest parts, which does not punish a blurred background
    makers           step -> who made what is known
    width, height    of the picture held upright
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta, timezone
from types import MappingProxyType
from typing import Any

from phototag.decide import captions, labels
from phototag.records import Decision, Facts, File, Moment, Photo, Tag
from phototag.vocabulary import Vocabulary

LANGUAGES = ("en", "de")
_HUMAN = "human"
_COMPARED = ("city", "state", "country", "country_code")
_ADDRESS = ("name", "road", "city", "state", "postcode", "country", "country_code")
_TURNED = frozenset((5, 6, 7, 8))  # orientations that lay a picture on its side
_NOTHING: Mapping[str, str] = MappingProxyType({})

Shape = Mapping[str, "str | Mapping[str, str]"]


def shape(languages: Sequence[str] = LANGUAGES) -> Shape:
    """What each key of a record holds: text, whole, figure, texts (a list), scores or words (by name), or parts."""
    return {
        **dict.fromkeys(("path", "original"), "text"),
        "files": "texts",
        **dict.fromkeys(("image_id", "kind", "date", "date_source"), "text"),
        "camera": dict.fromkeys(("make", "model", "lens"), "text"),
        **dict.fromkeys(("lat", "lon"), "figure"),
        "address": dict.fromkeys(_ADDRESS, "text"),
        "caption": dict.fromkeys(languages, "text"),
        "keywords": dict.fromkeys(languages, "texts"),
        "scores": "scores",
        "human": "texts",
        **dict.fromkeys(("queued", "proposed"), "scores"),
        "people": {"count": "whole", "faces": "whole", "names": "texts"},
        "rating": "whole",
        **dict.fromkeys(("label", "pick"), "text"),
        **dict.fromkeys(("sharpness", "sharpest_tiles"), "figure"),
        "makers": "words",
        **dict.fromkeys(("width", "height"), "whole"),
    }


def record(
    photo: Photo,
    files: Sequence[File],
    decision: Decision | None,
    evidence: Mapping[str, Any],
    vocabulary: Vocabulary,
    languages: Sequence[str] = LANGUAGES,
    *,
    path: str = "",
    original: str = "",
    makers: Mapping[str, str] = _NOTHING,
) -> dict[str, Any]:
    """The record of one photo; `evidence` and `makers` are by step, paths are stored ones."""
    facts, measure = photo.facts, evidence.get("measure") or {}
    tags = decision.tags if decision else _of_people(facts, vocabulary)
    place = {path: number for number, path in enumerate(photo.files)}
    ordered = sorted(files, key=lambda file: (place.get(file.path, len(place)), file.path))
    found = {
        "path": _readable(path or photo.files[0]),
        "original": _readable(original) or None,
        "files": [_readable(file.path) for file in ordered if file.status != "missing"],
        "image_id": photo.image_id,
        "kind": photo.kind,
        "date": _date(facts.moment),
        "date_source": facts.moment.source if facts.moment else None,
        "camera": {"make": facts.make, "model": facts.model, "lens": facts.lens},
        "lat": facts.gps.lat if facts.gps else None,
        "lon": facts.gps.lon if facts.gps else None,
        "address": _address(evidence, facts),
        "caption": _captions(decision, evidence, facts, tags, vocabulary, languages),
        "keywords": _keywords(tags, facts, vocabulary, languages),
        "scores": _scores(tags),
        "human": [tag.term for tag in tags if _is_human(tag)],
        "queued": _scores(decision.queued) if decision else None,
        "proposed": _scores(decision.proposed) if decision else None,
        "people": _people(evidence, facts),
        **_opinions(decision, facts),
        **{name: _figure(measure.get(name)) for name in ("sharpness", "sharpest_tiles")},
        "makers": dict(sorted(makers.items())),
    }
    return found | _sides(facts)


def _readable(path: str) -> str:
    r"""A stored path as text that every program takes: a byte that is no UTF-8 becomes `\xff`."""
    return path.replace("\0", "\\x")


def _date(moment: Moment | None) -> str | None:
    if moment is None:
        return None
    if moment.offset is None or abs(moment.offset) >= 24 * 60:
        return moment.local.isoformat()
    return moment.local.replace(tzinfo=timezone(timedelta(minutes=moment.offset))).isoformat()


def _sides(facts: Facts) -> dict[str, int | None]:
    """Of the upright picture. What a damaged header claims may be no size at all."""
    sides = [side if side and 0 < side < 2**31 else None for side in (facts.width, facts.height)]
    width, height = reversed(sides) if facts.orientation in _TURNED else sides
    return {"width": width, "height": height}


def _figure(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


# ---- where


def _address(evidence: Mapping[str, Any], facts: Facts) -> dict[str, str | None]:
    """The place as it is decided; the road and the postcode of a server's answer only where that has a part in it."""
    found: dict[str, str] = labels.place(evidence, facts)
    asked, near = (evidence.get(step) or {} for step in ("address", "place"))
    if "location" in found:
        found["name"] = found.pop("location")
    if _belongs(asked, near, found):
        found |= {part: str(asked[part]) for part in ("road", "postcode") if asked.get(part)}
    return {part: found.get(part) or None for part in _ADDRESS}


def _belongs(asked: Mapping[str, Any], near: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    """Is the server's answer about the decided place, and not about another than a person's or beyond a border?"""
    for part in _COMPARED:
        names = {str(seen[part]).casefold() for seen in (asked, near) if seen.get(part)}
        if names and found.get(part) and found[part].casefold() not in names:
            return False
    return not asked.get("country_code") or asked["country_code"] == found.get("country_code")


# ---- what it shows


def _captions(
    decision: Decision | None,
    evidence: Mapping[str, Any],
    facts: Facts,
    tags: Sequence[Tag],
    vocabulary: Vocabulary,
    languages: Sequence[str],
) -> dict[str, str | None]:
    """The decided ones, and for the other languages what would be decided.

    The languages of the decision come first: a caption of a file that names no language is in the first one.
    """
    decided = decision.caption if decision else _NOTHING
    every = list(dict.fromkeys((*decided, *languages)))
    found = captions.chosen(evidence, facts, tags, every, vocabulary, decided)
    return {language: found.get(language) for language in languages}


def _keywords(
    tags: Sequence[Tag], facts: Facts, vocabulary: Vocabulary, languages: Sequence[str]
) -> dict[str, list[str]]:
    spelled: dict[str, str] = {}
    for word in facts.keywords:
        spelled.setdefault(vocabulary.key(word), word)
    found = {}
    for language in languages:
        words: dict[str, str] = {}
        for tag in tags:
            own = spelled.get(vocabulary.key(tag.term)) if _is_human(tag) else None
            word = own or vocabulary.label(tag.term, language)
            words.setdefault(word.casefold(), word)
        found[language] = list(words.values())
    return found


def _of_people(facts: Facts, vocabulary: Vocabulary) -> tuple[Tag, ...]:
    """The tags of a photo that nobody has decided upon yet: what people wrote into its files."""
    found: dict[str, Tag] = {}
    for word in filter(str.strip, facts.keywords):
        term = vocabulary.canonical(word)
        found.setdefault(vocabulary.key(word), Tag(term.name if term else word, 1.0, (_HUMAN,)))
    return tuple(found.values())


def _is_human(tag: Tag) -> bool:
    return tag.because[:1] == (_HUMAN,)


def _scores(tags: Iterable[Tag]) -> dict[str, float]:
    return {tag.term: tag.score for tag in tags}


def _people(evidence: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    counted, faces = evidence.get("people"), evidence.get("faces")
    return {
        "count": counted.get("count") if counted else None,
        "faces": len(faces.get("faces") or ()) if faces else None,
        "names": list(dict.fromkeys(one.name for one in facts.regions if one.kind == "Face" and one.name)),
    }


def _opinions(decision: Decision | None, facts: Facts) -> dict[str, Any]:
    own = decision or Decision("")
    return {
        "rating": facts.rating if own.rating is None else own.rating,
        "label": facts.label or None,
        "pick": own.pick or None,
    }
