"""A prompt file: front matter that says what it is, and the text that a model is asked.

The decision here: a typo in the front matter or in a slot is an error with file and line, and the prompt's digest is
part of the maker, so that a changed prompt is a new question. What fills a slot is never looked at for slots again.
Each schema has slots of its own: what is known of a photo stands in no question about a text.
Refused: silent defaults, and a template language, in which a photo's keywords could come to mean something.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from phototag import resources
from phototag.backends.protocols import Describer, Pixels, Question
from phototag.errors import NoBackend, PhototagError, UsageError
from phototag.look.schemas import BESIDE, OF_PHOTOS
from phototag.report import shown

SLOTS = ("date", "place", "people", "camera", "keywords", "style")  # of a question that describes a photo
_OWN_SLOTS: Mapping[str, Sequence[str]] = {
    "cull": SLOTS[:-1],  # yes and no have no style
    "choose": ("terms",),
    "translate": ("text", "language", "languages"),
    "expand": ("text",),
}
LONGEST = 8000  # characters: with the picture's share, a context of 8192 tokens still has room for the answer

_KEYS = ("name", "version", "schema", "language")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")  # it stands in makers, whose parts / and @ separate
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_LANGUAGE = re.compile(r"([a-z]{2,3})(-[A-Za-z]{2,4})?")
_LIKE_A_SLOT = re.compile(r"\{[ \t]*([\w-]+)[ \t]*\}")  # JSON that a prompt shows has quotes or is empty
_UNFILLED_END = re.compile(r"[ \t]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and under which name its answers are kept."""

    name: str
    schema: str
    language: str
    text: str
    maker: str  # name@digest

    @property
    def answer(self) -> Mapping[str, Any]:
        """The JSON schema that an answer must fit; {} where it is made for each question."""
        return OF_PHOTOS.get(self.schema, {})

    def has(self, slot: str) -> bool:
        return "{" + slot + "}" in self.text

    def filled(self, facts: Mapping[str, str]) -> str:
        """The text with its `{slots}` filled; a slot that nothing is known of stays empty, and its line ends there."""
        slots = re.compile(r"\{(" + "|".join(slots_of(self.schema)) + r")\}")
        return _UNFILLED_END.sub("", slots.sub(lambda slot: facts.get(slot[1], ""), self.text))


def slots_of(schema: str) -> Sequence[str]:
    """What may stand in the text of a prompt with that schema."""
    return _OWN_SLOTS.get(schema, SLOTS)


def named(wanted: str = "") -> Prompt:
    """The prompt that a person names: a file (it has a slash or an ending), or one of the shipped; "" is catalog.

    UsageError for one that is not there, or asks nothing of a photo by itself.
    """
    is_file = "/" in wanted or "\\" in wanted or Path(wanted).suffix
    if wanted and not is_file and wanted not in (*OF_PHOTOS, *BESIDE):  # each schema has a prompt of its name
        every = f"There are: {', '.join(OF_PHOTOS)}. A file of yours has a slash or an ending in its name."
        near = _nearest(wanted, OF_PHOTOS)
        raise UsageError(f"There is no prompt {shown(wanted)!r}.", f"{near} {every}".strip())
    prompt = load(Path(wanted).expanduser() if is_file else resources.prompt(wanted or "catalog"))
    if prompt.schema in BESIDE:
        sentence = f"The prompt {prompt.name!r} asks nothing of a photo by itself: its schema is {prompt.schema}."
        raise UsageError(sentence, f"Name a prompt with one of these schemas: {', '.join(OF_PHOTOS)}.")
    return prompt


def check_language(code: str) -> None:
    """UsageError, with the one that was probably meant, for a code that stands for no language."""
    if trouble := _check_language(code):
        raise UsageError(f"{trouble[0]}.", trouble[1])


def shipped(name: str) -> Prompt:
    """One of the prompts that come with phototag, whatever it asks."""
    return load(resources.prompt(name))


def quoted(text: str) -> str:
    """The text in quotes that it cannot close: so it stands in a prompt as material."""
    return '"' + text.replace('"', "'") + '"'


def replies(
    describer: Describer, pictures: Sequence[Pixels | None], questions: Sequence[Question]
) -> list[str | PhototagError]:
    """For each question the reply, or why there is none; NoBackend where no further one would get any."""
    try:
        return describer.describe(pictures, questions) if questions else []
    except NoBackend:
        raise
    except PhototagError as trouble:
        return [trouble] * len(questions)
    except (OSError, RuntimeError, ValueError) as trouble:  # what clients of servers raise
        return [PhototagError(str(trouble)) for _ in questions]


def load(path: Path) -> Prompt:
    """The prompt in the file, or an error that names the line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as trouble:  # no UTF-8, or a zero byte in the name
        reason = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else "it is no text in UTF-8"
        raise UsageError(f"The prompt {shown(str(path))} cannot be read: {reason}.", "Name a text file.") from trouble
    page = _Page(shown(str(path)), text.split("\n"))
    end = page.end_of_front_matter()
    fields = page.fields(end)
    body = "\n".join(page.lines[end + 1 :]).strip()
    if not body:
        raise page.wrong(end, "the prompt has no text below its front matter", "Write there what the model is asked.")
    if len(body) > LONGEST:
        long = f"the prompt has {len(body):,} characters, of which models keep no more than {LONGEST:,} in mind"
        raise page.wrong(end + 1, long, "Shorten it.")
    page.check_slots(end, slots_of(fields["schema"]))
    maker = f"{fields['name']}@{xxhash.xxh3_64_hexdigest(text.encode())[:8]}"
    return Prompt(fields["name"], fields["schema"], fields["language"], body, maker)


@dataclass(frozen=True, slots=True)
class _Page:
    """A prompt file by its lines, which are counted from 0 here and from 1 where a person reads."""

    path: str
    lines: Sequence[str]

    def wrong(self, number: int, what: str, hint: str) -> UsageError:
        return UsageError(f"{self.path}:{number + 1}: {what}.", hint)

    def end_of_front_matter(self) -> int:
        """The number of the line that closes it."""
        if self.lines[0].strip() != "---":
            raise self.wrong(0, "a prompt begins with its front matter, between two lines of ---", _form())
        end = next((n for n, line in enumerate(self.lines[1:], 1) if line.strip() == "---"), 0)
        if not end:
            raise self.wrong(0, "the front matter that begins here is not closed by a line of ---", _form())
        return end

    def fields(self, end: int) -> dict[str, str]:
        """The keys of the front matter with their values, each of them checked."""
        found: dict[str, str] = {}
        at: dict[str, int] = {}
        for number, key, value in self._pairs(end):
            if key not in _KEYS:
                raise self.wrong(number, f"there is no key {key!r}", _nearest(key, _KEYS) or _form())
            if key in found:
                raise self.wrong(number, f"{key!r} stands in line {at[key] + 1} already", "Remove one of the two.")
            if not value:
                raise self.wrong(number, f"{key!r} has no value", _form())
            found[key], at[key] = value, number
        absent = [key for key in _KEYS if key not in found]
        if absent:
            raise self.wrong(end, f"the front matter has no {' and no '.join(absent)}", _form())
        for key, value in found.items():
            if trouble := _CHECKS[key](value):
                raise self.wrong(at[key], *trouble)
        return found

    def _pairs(self, end: int) -> Iterator[tuple[int, str, str]]:
        for number, line in enumerate(self.lines[1:end], 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise self.wrong(number, f"{shown(line.strip())!r} is not understood", _form())
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            yield number, key, value[1:-1].strip() if quoted else value

    def check_slots(self, end: int, slots: Sequence[str]) -> None:
        for number, line in enumerate(self.lines[end + 1 :], end + 1):
            for slot in _LIKE_A_SLOT.finditer(line):
                if slot[0] not in ["{" + one + "}" for one in slots]:
                    every = f"There are: {', '.join('{' + one + '}' for one in slots)}."
                    raise self.wrong(number, f"there is no slot {slot[0]}", _nearest(slot[1], slots, "{%s}") or every)


def _form() -> str:
    return f"Each of these once, as `key: value`: {', '.join(_KEYS)}."


def _nearest(word: str, known: Collection[str], form: str = "%s") -> str:
    near = difflib.get_close_matches(word.casefold(), known, n=1)
    return f"Did you mean {form % near[0]}?" if near else ""


# ---- what each key may say: what is wrong and a hint, or nothing


_Wrong = tuple[str, str]


def _check_name(value: str) -> _Wrong | None:
    if _NAME.fullmatch(value):
        return None
    return f"{value!r} is no name for a prompt", "Up to 40 of: letters without accents, digits, - and _."


def _check_version(value: str) -> _Wrong | None:
    return None if _VERSION.fullmatch(value) else (f"{value!r} is no version", "Write a number, such as 1.")


def _check_schema(value: str) -> _Wrong | None:
    if value in OF_PHOTOS or value in BESIDE:
        return None
    every = f"There are: {', '.join(OF_PHOTOS)}."
    return f"there is no schema {value!r}", f"{_nearest(value, OF_PHOTOS)} {every}".strip()


def _check_language(value: str) -> _Wrong | None:
    from babel import Locale

    known = Locale("en").languages
    form = _LANGUAGE.fullmatch(value)
    if form and form[1] in known:
        return None
    codes = {name.casefold(): code for code, name in known.items() if _LANGUAGE.fullmatch(code)}
    base = value.casefold().replace("_", "-").partition("-")[0]
    near = difflib.get_close_matches(value.casefold(), codes, n=1, cutoff=0.75)
    code = codes[near[0]] if near else base if base in known else _meant(base)
    asks = f"Did you mean {code}? " if code else ""
    return f"{value!r} is no language", f"{asks}Write its code, such as en or de."


def _meant(code: str) -> str:
    """The language for which people write another code: `ger` with three letters, `jp` for its country."""
    from babel.core import get_global

    spoken = get_global("likely_subtags").get(f"und_{code.upper()}", "")
    return str(get_global("language_aliases").get(code) or spoken).partition("_")[0]


_CHECKS = {"name": _check_name, "version": _check_version, "schema": _check_schema, "language": _check_language}
