"""Which settings exist: one typed field each, with its default, its help and what it may be.

The decision here: a setting is a field of a frozen dataclass, so that code says `settings.look.side` and a
typo is an error of the type checker. Refused: a dictionary of strings that every reader converts for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

Value = bool | int | float | str | tuple[str, ...]
T = TypeVar("T", bool, int, float, str, tuple[str, ...])

TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
ENGLISH = ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to", "with")
GERMAN = ("am", "auf", "aus", "bei", "das", "der", "die", "ein", "eine", "im", "mit", "und", "von", "zu")


def plain(text: str) -> str:
    """The text with everything escaped that could steer a terminal or cannot be printed."""
    escaped = (f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}" for one in text)
    return "".join(one if one.isprintable() else code for one, code in zip(text, escaped, strict=True))


def written(value: object) -> str:
    """The value as a settings file would have it, safe to print."""
    import json

    if isinstance(value, list | tuple):
        return "[" + ", ".join(written(part) for part in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, int):
        return str(value) if abs(value) < 2**63 else hex(value)  # Python refuses to print thousands of digits
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if not isinstance(value, str):
        return str(value)  # dates and times, which only a wrong value can be
    return plain(json.dumps(value, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting is for and what it may be."""

    help: str
    least: float = 0
    most: float = 0
    shape: str = ""  # a regular expression that text must match as a whole
    looks: str = ""  # the same, said in words
    personal: bool = False  # lets something leave the machine: no file of a library may set it


@dataclass(frozen=True, slots=True)
class Key:
    """One setting by its dotted name; turns what somebody gave into a value of the right type or refuses."""

    name: str
    default: Value
    rule: Rule

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "PHOTOTAG_" + self.name.upper().replace(".", "_")

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, str):
            return self.rule.looks or "text"
        if isinstance(self.default, tuple):
            return f"a list of {self.rule.looks or 'texts'}"
        number = "whole number" if isinstance(self.default, int) else "number"
        return f"a {number} from {written(self.rule.least)} to {written(self.rule.most)}"

    def check(self, value: object) -> Value:
        """The value, if it has the right type and lies in range; else ValueError."""
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif isinstance(self.default, str):
            if isinstance(value, str) and (not self.rule.shape or re.fullmatch(self.rule.shape, value)):
                return value
        elif isinstance(self.default, tuple):
            if isinstance(value, list | tuple) and all(self._is_item(part) for part in value):
                return tuple(value)
        # Written so that nan, which compares false with everything, is refused.
        elif isinstance(value, int | float) and self.rule.least <= value <= self.rule.most:
            if isinstance(self.default, float) and not isinstance(value, bool):
                return float(value)
            if type(value) is int:
                return value
        raise ValueError(self.allowed)

    def _is_item(self, part: object) -> bool:
        return (
            isinstance(part, str) and bool(part) and (not self.rule.shape or bool(re.fullmatch(self.rule.shape, part)))
        )

    def read(self, text: str) -> Value:
        """The value that a text from the environment or the command line means; else ValueError."""
        text.encode("utf-8")  # bytes that are no UTF-8 arrive as lone surrogates: a ValueError too
        if isinstance(self.default, bool):
            return self.check(TRUTH.get(text.strip().lower()))
        if isinstance(self.default, str):
            return self.check(text)
        if isinstance(self.default, tuple):
            return self.check([part.strip() for part in text.split(",") if part.strip()])
        return self.check(int(text) if isinstance(self.default, int) else float(text))


def setting(
    default: T,
    help: str,
    least: float = 0,
    most: float = 0,
    shape: str = "",
    looks: str = "",
    *,
    personal: bool = False,
) -> T:
    """A dataclass field that carries its own rule."""
    return field(default=default, metadata={"rule": Rule(help, least, most, shape, looks, personal)})


@dataclass(frozen=True, slots=True)
class Scan:
    """How folders are walked."""

    decode: bool = setting(True, "prove that every new picture decodes before it counts as readable")
    follow_links: bool = setting(True, "walk into folders that are symbolic links")
    ignore: tuple[str, ...] = setting((), "patterns of what to leave out, as in .phototagignore")
    hidden: bool = setting(False, "look at files and folders whose name begins with a dot")
    batch: int = setting(256, "files stored at once", 1, 10_000)
    max_megapixels: int = setting(500, "a picture with more megapixels is refused, not decoded", 1, 10_000)


@dataclass(frozen=True, slots=True)
class Read:
    """How metadata is read."""

    processes: int = setting(2, "ExifTool processes that stay open", 1, 16)
    timeout_s: float = setting(30.0, "seconds that ExifTool may take for one answer", 0.1, 3600)


@dataclass(frozen=True, slots=True)
class Event:
    """Where one event ends and the next begins."""

    gap_minutes: int = setting(120, "a longer pause between two photos may begin a new event", 1, 10_080)
    distance_m: int = setting(1500, "a longer way between two photos may begin a new event", 1, 1_000_000)
    difference: float = setting(0.58, "how unlike (0: same, 2: opposite) two photos of one event may be", 0, 2)
    content: str = setting(
        "captions",
        "by what photos are unlike: captions | pixels | off",
        shape="captions|pixels|off",
        looks="captions, pixels or off",
    )
    pause_minutes: int = setting(5, "a shorter pause of one camera never begins an event, but at a new month", 0, 1440)
    content_minutes: int = setting(60, "with a shorter pause, other things to see begin no event", 0, 10_080)
    trust_modified: bool = setting(False, "the time at which a file was last saved may stand for its date")


@dataclass(frozen=True, slots=True)
class Hashes:
    """When two pictures count as nearly the same."""

    distance: int = setting(6, "bits in which the hashes of near duplicates may differ", 0, 10)


@dataclass(frozen=True, slots=True)
class Burst:
    """When photos belong to one burst."""

    window_s: float = setting(2.0, "seconds between two neighbours of one burst at most; 0: no limit", 0, 60)


@dataclass(frozen=True, slots=True)
class Sharpness:
    """When a photo is called blurred."""

    threshold: float = setting(100.0, "a photo that measures less is called blurred", 0, 100_000)


@dataclass(frozen=True, slots=True)
class Policy:
    """When evidence becomes a tag."""

    min_confidence: float = setting(0.6, "evidence with a lower score gives no tag", 0, 1)
    thresholds: tuple[str, ...] = setting((), 'its own min_confidence for a kind of term, such as "people=0.8"')
    least: int = setting(0, "with fewer tags than this, the best doubtful ones are taken", 0, 100)
    most: int = setting(25, "tags of one photo at most, parents and your own words not counted", 1, 1000)
    vocabulary: str = setting("", "a file with terms of your own, beside those that phototag brings")
    strict: bool = setting(False, "a describer's words outside the vocabulary are dropped, not proposed")
    alone: int = setting(8, "so many first words of a describer need no second witness; 0: each needs one", 0, 15)
    likeness: float = setting(0.85, "how near a word must be to a term in meaning to stand for it; 1: never", 0.3, 1)


TEMPLATE = "{year}/{month:02} {month_name}/{start} - {end} {place} {keywords}"
CODE, CODE_LOOKS = "[a-z]{2,3}", 'a language code such as "en" or "de"'


@dataclass(frozen=True, slots=True)
class Languages:
    """Which language the words are in."""

    keywords: str = setting("en", "language of the keywords in the files", shape=CODE, looks=CODE_LOOKS)
    folders: str = setting("en", "language of folder and file names", shape=CODE, looks=CODE_LOOKS)
    pages: tuple[str, ...] = setting(("en", "de"), "languages of the keywords in the JSON beside copies")


@dataclass(frozen=True, slots=True)
class Names:
    """How folders and files are named."""

    stop_words: tuple[str, ...] = setting(ENGLISH + GERMAN, "words left out of folder and file names")
    forbidden: str = setting(
        '<>:"/\\|?*',
        "characters that no folder or file name of ours contains",
        shape="(?s).*/.*",  # without it a caption could name a folder elsewhere
        looks='text with "/" among its characters',
    )
    template: str = setting(
        TEMPLATE, "how the folder of an event is named; see: phototag organize --help", shape="(?s).+"
    )
    keywords: int = setting(2, "keywords in the name of an event at most", 0, 10)


@dataclass(frozen=True, slots=True)
class Write:
    """What is written into files, where, and when."""

    where: str = setting(
        "auto",
        "into the file or beside it: auto | embed | sidecar | none",
        shape="auto|embed|sidecar|none",
        looks="auto, embed, sidecar or none",
    )
    sidecar: str = setting(
        "base",
        "names of sidecars: base (IMG.xmp) | ext (IMG.CR2.xmp) | both",
        shape="base|ext|both",
        looks="base, ext or both",
    )
    only: tuple[str, ...] = setting(("keywords", "caption", "place"), "the fields that are written")
    keywords: str = setting(
        "replace-ours",
        "what becomes of our earlier keywords: append | replace-ours | off",
        shape="append|replace-ours|off",
        looks="append, replace-ours or off",
    )
    caption: str = setting(
        "replace-ours",
        "where a caption goes: empty | replace-ours | off",
        shape="empty|replace-ours|off",
        looks="empty, replace-ours or off",
    )
    settle_seconds: float = setting(10.0, "a file changed less than so many seconds ago is left alone", 0, 3600)
    break_links: bool = setting(False, "write a file that has several names (hard links), which parts them")


@dataclass(frozen=True, slots=True)
class Store:
    """How the tables are kept."""

    compact_every: int = setting(200, "stored batches between two compactions", 1, 100_000)


RULES: tuple[str, ...] = setting(
    (),
    'which tags send photos to which folder, such as "birthday -> {year}/Birthday"; the first that fits counts',
    shape=r"\s*[^>]*[^\s>-]\s*->\s*\S.*",
    looks='texts such as "birthday -> {year}/Birthday"',
)
