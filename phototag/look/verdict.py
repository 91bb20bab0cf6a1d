"""A describer's verdict on the craft of a photo: is it sharp, are eyes open, is the subject in the frame?

The decision here: it is a step of its own, so that who asks for verdicts keeps the captions; each answer is yes, no or
"can't tell", and an answer that is none of them is an error of that photo. Refused: a score from 1 to 10, which a model
gives freely and nobody can check; and one photo's verdict for its whole burst, in which the verdicts are what differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from phototag.backends.protocols import Describer, Question
from phototag.errors import PhototagError
from phototag.look import known, schemas
from phototag.look.asking import Asking
from phototag.look.caption import why
from phototag.look.prompts import Prompt, replies
from phototag.look.step import Subject
from phototag.records import Evidence

_VERSION = 1


class Verdict(Asking):
    """The step `verdict`: one describer and a prompt of the schema `cull`."""

    name = "verdict"
    after: tuple[str, ...] = known.USED

    def __init__(self, describer: Describer, prompt: Prompt, side: int) -> None:
        self._describer, self._prompt = describer, prompt
        self.parallel = describer.parallel
        self.maker = f"{describer.name}/{prompt.maker}/side{side}/{_VERSION}"

    def make(self, batch: Sequence[Subject]) -> list[Evidence]:
        questions = [Question(self._prompt.filled(known.facts(one)), self._prompt.answer) for one in batch]
        said = replies(self._describer, [one.pixels for one in batch], questions)
        return [self._evidence(one, reply) for one, reply in zip(batch, said, strict=True)]

    def _evidence(self, subject: Subject, reply: str | PhototagError) -> Evidence:
        if isinstance(reply, PhototagError):
            return Evidence(subject.image_id, self.name, self.maker, error=why(reply))
        try:
            value = judged(reply)
        except ValueError as trouble:
            return Evidence(subject.image_id, self.name, self.maker, error=f"the answer does not fit: {trouble}")
        return Evidence(subject.image_id, self.name, self.maker, value)


def judged(reply: str) -> dict[str, str]:
    """Each member of the schema with its verdict, or ValueError that says what is wrong."""
    said = schemas.members(reply)
    found = {}
    for name in schemas.OF_PHOTOS["cull"]["required"]:
        word = said.get(name)
        plain = word.strip().casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") if isinstance(word, str) else ""
        if plain not in schemas.VERDICTS:
            raise ValueError(f"`{name}` is none of: {', '.join(schemas.VERDICTS)}")
        found[name] = plain
    return found
