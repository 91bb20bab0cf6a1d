"""Captions composed from evidence: what can be counted and named, where, when, and nothing else.

The decision here: a caption says only what a decided term, a count, a place or a clock says, so it can be dull
but not wrong; without evidence it is "A photo." Refused: a language model that makes a sentence nicer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from phototag.decide import labels
from phototag.decide.nouns import Noun, known, noun
from phototag.records import Facts, Tag
from phototag.vocabulary import Vocabulary

LANGUAGES = ("en", "de")
SMILE = 0.55  # how much of a smile counts as one
NEAR, AWAY = 10, 40  # km from the town's centre: in it, near it, and beyond: not named
MOST_SUBJECTS = 3
EXACT_PEOPLE, SEVERAL_PEOPLE, EXACT_THINGS = 5, 9, 3  # up to these numbers we trust the counting

_PEOPLE = frozenset(("person", "people", "group", "crowd", "portrait"))
_PLAINER = {"mammal": "animal"}  # what nobody says of a photo
# What a person or an animal may be in or on, with its preposition.
_SCENES = {
    "beach": ("on a beach", "am Strand"),
    "street": ("on a street", "auf einer Straße"),
    "forest": ("in a forest", "im Wald"),
    "garden": ("in a garden", "im Garten"),
    "park": ("in a park", "im Park"),
    "snow": ("in the snow", "im Schnee"),
    "kitchen": ("in a kitchen", "in einer Küche"),
    "underwater": ("under water", "unter Wasser"),
    "playground": ("on a playground", "auf einem Spielplatz"),
    "desert": ("in a desert", "in einer Wüste"),
}
_LIGHTS = {
    "golden hour": ("at golden hour", "zur goldenen Stunde"),
    "blue hour": ("at blue hour", "zur blauen Stunde"),
    "sunrise": ("at sunrise", "bei Sonnenaufgang"),
    "sunset": ("at sunset", "bei Sonnenuntergang"),
    "twilight": ("at twilight", "in der Dämmerung"),
    "night": ("at night", "bei Nacht"),
}
_SEASONS = {
    "spring": ("in spring", "im Frühling"),
    "summer": ("in summer", "im Sommer"),
    "autumn": ("in autumn", "im Herbst"),
    "winter": ("in winter", "im Winter"),
}
_IN_GERMAN = (
    "AR:Argentinien AT:Österreich AU:Australien BE:Belgien BR:Brasilien CA:Kanada CH:Schweiz CN:China CZ:Tschechien",
    "DE:Deutschland DK:Dänemark EG:Ägypten ES:Spanien FI:Finnland FR:Frankreich GB:Großbritannien GR:Griechenland",
    "HR:Kroatien HU:Ungarn IE:Irland IN:Indien IS:Island IT:Italien JP:Japan MA:Marokko MX:Mexiko NL:Niederlande",
    "NO:Norwegen NZ:Neuseeland PL:Polen PT:Portugal SE:Schweden TH:Thailand TR:Türkei US:USA ZA:Südafrika",
)
_COUNTRIES = dict(pair.split(":") for line in _IN_GERMAN for pair in line.split())
_NUMBERS = (("one", "two", "three", "four", "five"), ("eine", "zwei", "drei", "vier", "fünf"))
_MONTHS = [
    line.split()
    for line in (
        "January February March April May June July August September October November December",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    )
]
# Each in English and in German.
_A_PERSON, _PERSONS, _CROWD = ("a person", "eine Person"), ("people", "Personen"), ("a crowd", "eine Menschenmenge")
_A_SMILE, _SMILING, _OF_THEM = (
    ("a smiling person", "eine lächelnde Person"),
    ("smiling", "lächelnde"),
    ("smiling", "lächelnd"),
)
_ANOTHER, _OTHERS = ("another person", "eine weitere Person"), ("other people", "weitere Personen")
_SEVERAL, _MANY, _AND = ("several", "mehrere"), ("many", "viele"), ("and", "und")
_IN, _BY, _AT_SEA = ("in", "in"), ("near", "bei"), ("at sea", "auf See")
_PHOTO, _GREY_PHOTO = ("a photo", "ein Foto"), ("a black-and-white photo", "ein Schwarz-Weiß-Foto")
_GREY = ("black-and-white photo of ", "Schwarz-Weiß-Foto: ")


def compose(
    evidence: Mapping[str, Any],
    facts: Facts,
    tags: Sequence[Tag],
    language: str,
    vocabulary: Vocabulary | None = None,
) -> str:
    """One factual sentence in English or German; "" in a language that we do not write."""
    if language not in LANGUAGES:
        return ""
    return _Composer(evidence, facts, tags, language, vocabulary).sentence()


def chosen(
    evidence: Mapping[str, Any],
    facts: Facts,
    tags: Sequence[Tag],
    languages: Sequence[str],
    vocabulary: Vocabulary,
    said: Mapping[str, str],
) -> dict[str, str]:
    """By language: a person's words, else the file's, else a describer's in its language or translated, else composed.

    None where all that could be said is that it is a photo.
    """
    found = {language: compose(evidence, facts, tags, language, vocabulary) for language in languages}
    found = {language: text for language, text in found.items() if text != compose({}, Facts(), (), language)}
    found |= {language: text for language, text in _described(evidence).items() if language in languages}
    named = {language.partition("-")[0]: text for language, text in facts.captions.items()}
    unnamed = named.pop("x", "") if named else facts.caption  # "x-default"
    if unnamed and languages and languages[0] not in named:
        found[languages[0]] = unnamed
    found |= {language: text for language, text in named.items() if language in languages}
    found |= {language: text for language, text in said.items() if text.strip()}
    return {language: text for language, text in found.items() if text.strip()}


def _described(evidence: Mapping[str, Any]) -> dict[str, str]:
    """By language what a describer said, and its translations unless they are those of another sentence."""
    answer, translated = evidence.get("describe") or {}, dict(evidence.get("translate") or {})
    own = " ".join((answer.get("description") or "").split())
    if not own:
        return {}
    found = translated if translated.pop("source", own) == own else {}
    return found | {(answer.get("language") or "en").partition("-")[0]: own}


class _Composer:
    """The parts of one caption."""

    def __init__(
        self,
        evidence: Mapping[str, Any],
        facts: Facts,
        tags: Sequence[Tag],
        language: str,
        vocabulary: Vocabulary | None,
    ) -> None:
        self.evidence, self.facts, self.language, self.vocabulary = evidence, facts, language, vocabulary
        self.which = LANGUAGES.index(language)
        above = {name for tag in tags for name in self._above(tag.term)}
        self.terms = [tag.term for tag in tags if tag.term not in above]

    def sentence(self) -> str:
        grey = (self.evidence.get("measure") or {}).get("monochrome") or "black and white" in self.terms
        people = self._people()
        things = self._things(alone=not people)
        scene = self._scene() if people or any(self._is_animal(term) for term in things) else ""
        nouns = [self._counted(term) for term in things if not (scene and term in _SCENES)]
        subjects = [*people, *nouns][: max(MOST_SUBJECTS, len(people))]
        if subjects:
            start = (self._say(_GREY) if grey else "") + self._listed(subjects)
        else:
            start = self._say(_GREY_PHOTO if grey else _PHOTO)
        where = " ".join(filter(None, (start, scene, self._place())))
        text = ", ".join(filter(None, (where, self._first(_LIGHTS), self._when())))
        return f"{text[0].upper()}{text[1:]}."

    # ---- people

    def _people(self) -> list[str]:
        """Who is in sight: by the names put to faces, else counted; nobody unless a decided term says people."""
        count = (self.evidence.get("people") or {}).get("count", 0)
        said = list(filter(self._is_person, self.terms))
        names = list(dict.fromkeys(one.name for one in self.facts.regions if one.kind == "Face" and one.name))
        if names:
            return [*names, *self._others(count - len(names))]
        if not said:
            return []
        if "crowd" in said:
            return [self._say(_CROWD)]
        if count > 1:
            return [self._several(count)]
        exact = next(filter(known, said), "")
        if exact:
            return [self._noun(exact).one]
        if any("people" in (term, *self._above(term)) for term in said):
            return [self._say(_PERSONS)]
        return [self._say(_A_SMILE if self._smiles() else _A_PERSON)]

    def _several(self, count: int) -> str:
        smiles, persons = min(self._smiles(), count), self._say(_PERSONS)
        suspected = [one for one in self._objects() if one["label"] == "person"]
        if len(suspected) > count:  # a number would be wrong
            return f"{self._say(_SEVERAL)} {persons}" if count > 2 else persons
        number = self._number(count)
        if smiles == count:
            return f"{number} {self._say(_SMILING)} {persons}"
        if smiles and count <= EXACT_PEOPLE:
            return f"{number} {persons} ({self._number(smiles)} {self._say(_OF_THEM)})"
        return f"{number} {persons}"

    def _others(self, count: int) -> list[str]:
        if count < 1:
            return []
        return [self._say(_ANOTHER) if count == 1 else f"{self._number(count)} {self._say(_OTHERS)}"]

    def _smiles(self) -> int:
        found = (self.evidence.get("faces") or {}).get("faces") or ()
        return sum((face.get("smile") or 0) >= SMILE for face in found)

    def _number(self, count: int) -> str:
        if count <= EXACT_PEOPLE:
            return _NUMBERS[self.which][count - 1]
        return self._say(_SEVERAL if count <= SEVERAL_PEOPLE else _MANY)

    # ---- things

    def _things(self, alone: bool) -> list[str]:
        """Terms for things that one can point at; those of no certain grammar only where all else is lacking."""
        found = list(filter(self._is_thing, self.terms))
        return [term for term in found if known(_PLAINER.get(term, term))] or (found if alone else [])

    def _is_thing(self, term: str) -> bool:
        if self._is_person(term) or term in _LIGHTS or term in _SEASONS:
            return False
        entry = self.vocabulary.terms.get(term) if self.vocabulary else None
        kind = entry.kind if entry else "objects"
        return known(term) if kind != "objects" else known(term) or entry is not None

    def _counted(self, term: str) -> str:
        """ "a dog", "two dogs" where the detector has told them apart, "several dogs"."""
        word, count = self._noun(term), 0
        for label in {one["label"] for one in self._objects()}:
            if self._canonical(labels.meant(label)) == term:
                count = max(count, sum(score >= labels.OBJECT_LINE for score in labels.things(self.evidence, label)))
        if count < 2 or not word.many:
            return word.one
        number = _NUMBERS[self.which][count - 1] if count <= EXACT_THINGS else self._say(_SEVERAL)
        return f"{number} {word.many}"

    def _objects(self) -> Sequence[Mapping[str, Any]]:
        return (self.evidence.get("objects") or {}).get("objects") or ()

    def _noun(self, term: str) -> Noun:
        term = _PLAINER.get(term, term)
        label = (
            self.vocabulary.label(term, self.language) if self.vocabulary and term in self.vocabulary.terms else term
        )
        return noun(term, label, self.language)

    def _is_person(self, term: str) -> bool:
        return not _PEOPLE.isdisjoint((term, *self._above(term)))

    def _is_animal(self, term: str) -> bool:
        return term in labels.SPECIES or "animal" in self._above(term)

    def _above(self, term: str) -> tuple[str, ...]:
        return self.vocabulary.ancestors(term) if self.vocabulary and term in self.vocabulary.terms else ()

    def _canonical(self, word: str) -> str:
        term = self.vocabulary.canonical(word) if self.vocabulary else None
        return term.name if term else word

    # ---- where and when

    def _scene(self) -> str:
        return self._first(_SCENES)

    def _place(self) -> str:
        found, seen = labels.place(self.evidence, self.facts), self.evidence.get("place") or {}
        if seen.get("at_sea") and not self.facts.place:
            return self._say(_AT_SEA)
        country = found.get("country", "")
        if self.language == "de":
            country = _COUNTRIES.get(found.get("country_code", ""), country)
        away = 0 if self.facts.place.get("city") else seen.get("distance_km") or 0
        city = found.get("city", "") if away <= AWAY else ""
        if not city:
            return f"({country})" if country else ""
        return f"{self._say(_IN if away <= NEAR else _BY)} {', '.join(filter(None, (city, country)))}"

    def _when(self) -> str:
        moment = self.facts.moment
        if moment and moment.source != "modified":
            return f"{_MONTHS[self.which][moment.local.month - 1]} {moment.local.year}"
        return self._first(_SEASONS)

    # ---- words

    def _first(self, phrases: Mapping[str, tuple[str, str]]) -> str:
        return next((self._say(phrases[term]) for term in self.terms if term in phrases), "")

    def _say(self, pair: Sequence[str]) -> str:
        return pair[self.which]

    def _listed(self, words: Sequence[str]) -> str:
        if len(words) == 1:
            return words[0]
        return f"{', '.join(words[:-1])} {self._say(_AND)} {words[-1]}"
