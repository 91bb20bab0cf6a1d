"""A describer's sentence in other languages, by a model that reads text alone.

The decision here: all languages of a photo are one question; a translation counts if it is a sentence of its own and
has every number of the original, else that language is left out. One good language is an answer: those that it lacks
are not asked for again, but where all is asked anew (--fresh). A photo without any is one whose translation failed,
which --retry-failed tries again; what was seen in it stands. The original is kept beside the translations, so that
they are never taken for those of a later sentence. Refused: translating what people wrote, and asking again and again
until a model agrees.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from phototag.backends.protocols import Describer, Question
from phototag.errors import PhototagError
from phototag.look import schemas
from phototag.look.asking import Asking
from phototag.look.caption import checked, why
from phototag.look.makers import after
from phototag.look.prompts import Prompt, quoted, replies
from phototag.look.step import Step, Subject
from phototag.records import Evidence

FAILED = "could not be translated: "  # the reasons of this step begin so: the photo itself was looked at
SOURCE = "source"  # the sentence that was translated; no language has a code of six letters
_ENGLISH = "en"
_SAME = 4  # words from which a sentence that came back unchanged is no translation
_VERSION = 1
_DIGITS = re.compile(r"\d+")


class _Wanted(NamedTuple):
    """What is to be translated of one photo."""

    text: str  # "" where there is no sentence
    language: str  # that it is in
    into: list[str]


class Translate(Asking):
    """The step `translate`: code of a language -> the description in it, and what was translated.

    With `describe`, the step whose sentences are translated, its maker is part of this one's: a new question to the
    photo is a new text to translate.
    """

    name = "translate"
    needs_picture = False
    after: tuple[str, ...] = ("describe",)

    def __init__(
        self, describer: Describer, prompt: Prompt, languages: Sequence[str], describe: Step | None = None
    ) -> None:
        self._describer, self._prompt = describer, prompt
        self._languages = sorted(set(languages))
        self.parallel = describer.parallel
        of = f"/{after(describe)}" if describe else ""
        self.maker = f"{describer.name}/{prompt.maker}/{'+'.join(self._languages)}{of}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        """A photo that nobody has described is left for another run; one without a sentence has no translations."""
        there = {one.image_id: self._wanted(one.earlier["describe"]) for one in batch if one.earlier.get("describe")}
        asked = {image_id: wanted for image_id, wanted in there.items() if wanted.text and wanted.into}
        questions = [self._question(wanted) for wanted in asked.values()]
        said = dict(zip(asked, replies(self._describer, [None] * len(asked), questions), strict=True))
        return [
            self._evidence(image_id, wanted, said[image_id])
            if image_id in said
            else Evidence(image_id, self.name, self.maker, {})
            for image_id, wanted in there.items()
        ]

    def _wanted(self, described: Mapping[str, Any]) -> _Wanted:
        own = str(described.get("language") or _ENGLISH)
        into = [language for language in self._languages if language != own.partition("-")[0]]
        return _Wanted(_sentence(described.get("description")), own, into)

    def _question(self, wanted: _Wanted) -> Question:
        slots = {"text": quoted(wanted.text), "language": _called(wanted.language)}
        slots["languages"] = ", ".join(f"{code} ({_called(code)})" for code in wanted.into)
        return Question(self._prompt.filled(slots), {**schemas.translate(wanted.into), "minProperties": 1})

    def _evidence(self, image_id: str, wanted: _Wanted, reply: str | PhototagError) -> Evidence:
        if isinstance(reply, PhototagError):
            return Evidence(image_id, self.name, self.maker, error=FAILED + why(reply))
        try:
            found = translations(reply, wanted.text, wanted.into)
        except ValueError as trouble:
            return Evidence(image_id, self.name, self.maker, error=f"{FAILED}the answer does not fit: {trouble}")
        return Evidence(image_id, self.name, self.maker, {**found, SOURCE: wanted.text})


def translations(reply: str, text: str, languages: Sequence[str]) -> dict[str, str]:
    """By language the translation that a reply has, cleaned; those that cannot be right are left out.

    ValueError, with the first one's fault, where none is left.
    """
    said = schemas.members(reply)
    found, faults = {}, []
    for language in languages:
        line = _sentence(said.get(language))
        if fault := _fault(line, text):
            faults.append(f"`{language}` {fault}")
        else:
            found[language] = line
    if not found:
        raise ValueError(faults[0] if faults else "no language was asked for")
    return found


def _fault(line: str, text: str) -> str:
    if not line:
        return "is no sentence"
    if _numbers(text) - _numbers(line):
        return "lacks a number of the original"
    if len(text.split()) >= _SAME and line.casefold() == text.casefold():
        return "is not translated"
    return ""


def _numbers(text: str) -> Counter[str]:
    """Each row of digits with how often it occurs, whatever script writes it: ٣ is 3."""
    return Counter("".join(str(unicodedata.decimal(digit)) for digit in row) for row in _DIGITS.findall(text))


def _sentence(text: Any) -> str:
    """The text as a description is cleaned; "" where it is none."""
    try:
        return str(checked(json.dumps({"description": text}), "caption")["description"])
    except ValueError:
        return ""


def _called(code: str) -> str:
    """What English calls the language; its code where it has no name."""
    from babel import Locale

    return str(Locale("en").languages.get(code.replace("-", "_")) or Locale("en").languages.get(code[:2]) or code)
