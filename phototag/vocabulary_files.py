"""What a vocabulary file says, term by term, and on which line it says so.

The decision here: whatever nobody can mean (an unknown key or kind, a word that cannot be a keyword in a photo's file)
stops the run and names file and line. Refused: leaving out the line that was not understood.

There are two forms. TOML, as the shipped vocab/core.toml, in files that end in .toml. Any other file is text: one term
a line, `term`, `parent > term`, `term = alias, alias` or `parent > term = alias, alias`; what follows a # at the start
of a line or after a space is a comment.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from phototag.errors import UsageError

KINDS = ("people", "places", "events", "objects", "quality", "light", "technique")
LONGEST = 64  # bytes of UTF-8 that a keyword may have in IPTC
SEPARATORS = ",;|/"  # readers of keywords cut there, or see a hierarchy [METADATA W12]

_WORDS = ("name", "parent", "kind")
_LISTS = ("aliases", "phrasings")
_FLAGS = ("sensitive", "exclude")
_PARTS = frozenset((*_WORDS, "phrasings", *_FLAGS))
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]{2,4})?")
_HEADER = re.compile(r"""\s*\[\[\s*(term|"term"|'term')\s*\]\]""")
_SIMPLE_KEY = re.compile(r"[A-Za-z_-]+")
_SIMPLE_STARTS = ("t", "f", '"', "[")
_COMMENT = re.compile(r"(?:^|\s)#")
_UNSAFE = re.compile(f"[{re.escape(SEPARATORS)}]")
_JOINERS = str.maketrans("", "", "\u200c\u200d")  # invisible, but Persian and Hindi are not spelled without them


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it is named in errors, with its lines."""

    name: str
    lines: Sequence[str]

    def wrong(self, line: int, sentence: str, hint: str) -> UsageError:
        """The error that names file and line; of a word that comes from no file, only what is wrong."""
        start = f"{self.name}:{line}: {sentence}" if self.name else sentence[0].upper() + sentence[1:]
        return UsageError(start, hint)


@dataclass(slots=True)
class Given:
    """What one file says of one term: only the parts that stand there."""

    source: Source
    line: int
    last: int  # the line where it ends
    parts: dict[str, Any]  # name, parent, kind, phrasings, sensitive, exclude
    labels: dict[str, str]  # by language
    aliases: dict[str, str]  # by their keys

    @property
    def name(self) -> str:
        return str(self.parts["name"])

    def place(self, word: str = "") -> str:
        """Where it stands, as file:line; the word's own line if that can be told."""
        return f"{self.source.name}:{self._line(word)}"

    def wrong(self, sentence: str, hint: str, word: str = "") -> UsageError:
        return self.source.wrong(self._line(word), sentence, hint)

    def _line(self, word: str) -> int:
        if not word:
            return self.line
        quoted = (f'"{word}"', f"'{word}'")
        block = enumerate(self.source.lines[self.line - 1 : self.last], self.line)
        return next((number for number, text in block if any(one in text for one in quoted)), self.line)


def read(path: Path) -> list[Given]:
    """The file's terms in their order; UsageError says what is wrong and on which line."""
    name = plain(str(path))
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise UsageError(f"{name}:{line}: this is not UTF-8 text.", "Save the file as UTF-8.") from problem
    except FileNotFoundError as problem:
        raise UsageError(f"There is no vocabulary file {name}.", "Check the path.") from problem
    except OSError as problem:
        raise UsageError(
            f"The vocabulary file {name} cannot be read: {problem.strerror}.", "Check the path and its permissions."
        ) from problem
    source = Source(name, text.split("\n"))
    if path.suffix.lower() == ".toml":
        return list(_from_toml(source, text))
    return [given for number in range(1, len(source.lines) + 1) for given in from_line(source, number)]


@lru_cache(maxsize=20_000)  # a library has few words and says each of them often
def folded(word: str) -> str:
    """The key under which a word is looked up: NFC, no case, single spaces."""
    if word.isascii():
        return " ".join(word.lower().split())
    bare = unicodedata.normalize("NFC", word).casefold()
    return " ".join(unicodedata.normalize("NFC", bare).split())


def plain(text: str) -> str:
    """The text with everything escaped that could steer a terminal."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


# ---- text


def from_line(source: Source, number: int) -> Iterator[Given]:
    """The term on a line of text, if there is one."""
    text = _COMMENT.split(source.lines[number - 1], maxsplit=1)[0].strip()
    if not text:
        return
    head, equals, tail = text.partition("=")
    parent, arrow, name = head.rpartition(">")
    parts = {"name": name.strip(), "parent": parent.strip()} if arrow else {"name": name.strip()}
    if ">" in parent + tail or "=" in tail or not all(parts.values()):
        raise source.wrong(number, "this is no term.", "Write: term, parent > term, or term = alias, alias.")
    aliases = [alias.strip() for alias in tail.split(",")] if equals else []
    yield _checked(Given(source, number, number, parts, {}, {}), aliases)


# ---- TOML


def _from_toml(source: Source, text: str) -> Iterator[Given]:
    tables = _simple(source)
    if tables is None:
        tables = _tables(source, text)
    starts = [number for number, line in enumerate(source.lines, 1) if "[[" in line and _HEADER.match(line)]
    ends = [following - 1 for following in starts[1:]] + [len(source.lines)]
    if len(starts) != len(tables):  # written in another way: the words themselves must tell the line
        starts, ends = [1] * len(tables), [len(source.lines)] * len(tables)
    for table, start, end in zip(tables, starts, ends, strict=True):
        yield _from_table(table, source, start, end)


def _simple(source: Source) -> list[dict[str, Any]] | None:
    """The terms of a file where every line is a header or a plain `key = value`; None where tomllib must read it.

    tomllib alone needs most of a second for 20,000 terms. Without backslashes, texts and lists of texts are the same
    in TOML and JSON, and json is twenty times as fast.
    """
    tables: list[dict[str, Any]] = []
    if any("\\" in line for line in source.lines):
        return None
    for line in map(str.strip, source.lines):
        if line == "[[term]]":
            tables.append({})
        elif line and line[0] != "#":
            key, _, value = line.partition(" = ")
            if not tables or key in tables[-1] or not _SIMPLE_KEY.fullmatch(key) or value[:1] not in _SIMPLE_STARTS:
                return None
            try:
                tables[-1][key] = json.loads(value)
            except ValueError:
                return None
    return tables


def _tables(source: Source, text: str) -> list[dict[str, Any]]:
    """The terms as tomllib reads them."""
    import tomllib

    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        # tomllib names the place only in its words: "... (at line 3, column 5)", "... (at end of document)".
        what, _, at = str(problem).rpartition(" (at ")
        line = at.removeprefix("line ").partition(",")[0]
        number = int(line) if line.isdigit() else len(text.splitlines())
        raise source.wrong(number, f"this is not TOML: {what or problem}.", "Correct it, then try again.") from problem
    for key in (one for one in content if one != "term"):
        at_key = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}\b")
        number = next((n for n, line in enumerate(source.lines, 1) if at_key.match(line)), 1)
        raise source.wrong(number, f'a vocabulary has no part "{plain(key)}".', "Write each term under [[term]].")
    tables = content.get("term", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise source.wrong(1, "the terms are not a list of tables.", "Begin each with the line [[term]].")
    return tables


def _from_table(table: dict[str, Any], source: Source, start: int, end: int) -> Given:
    given = Given(source, start, end, {}, {}, {})
    for key, value in table.items():
        if key in _LISTS:
            fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
            needs = "a list of texts"
        elif key in _WORDS or _LANGUAGE.fullmatch(key):
            fits, needs = isinstance(value, str), "a text"
        elif key in _FLAGS:
            fits, needs = isinstance(value, bool), "true or false"
        else:
            raise _at_key(given, key, f'a term has no part "{plain(key)}".', _known_parts(key))
        if not fits:
            raise _at_key(given, key, f"{key} must be {needs}.", "Correct it, or take it away.")
        if key in _PARTS:
            given.parts[key] = value
        elif key not in _LISTS:
            given.labels[key] = value
    if "name" not in table:
        raise given.wrong("this term has no name.", 'Write: name = "…"')
    return _checked(given, table.get("aliases", ()))


def _at_key(given: Given, key: str, sentence: str, hint: str) -> UsageError:
    at_key = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
    block = enumerate(given.source.lines[given.line - 1 : given.last], given.line)
    number = next((number for number, text in block if at_key.match(text)), given.line)
    return given.source.wrong(number, sentence, hint)


def _known_parts(key: str) -> str:
    import difflib

    known = [*_WORDS, *_LISTS, *_FLAGS]
    near = difflib.get_close_matches(key, known, n=1)
    asks = f'Did you mean "{near[0]}"? ' if near else ""
    return f"{asks}It may have {', '.join(known)}, and labels by language, such as de."


# ---- what a word may be


def _checked(given: Given, aliases: Iterable[str]) -> Given:
    """The same with its aliases and every word in NFC; UsageError if a word can be no keyword."""
    parts = given.parts
    name = parts["name"] = _word(given, "term", parts["name"])
    if parts.get("parent"):
        parts["parent"] = _word(given, "parent", parts["parent"])
    for word in aliases:
        alias = _word(given, "alias", word)
        key = folded(alias)
        if key in given.aliases or key == folded(name):
            raise given.wrong(f'the alias "{alias}" is there already.', "Case and spaces make no difference.", word)
        given.aliases[key] = alias
    for language, label in given.labels.items():
        given.labels[language] = _word(given, "label", label)
    for phrase in parts.get("phrasings", ()):
        if not phrase.strip() or not phrase.isprintable():
            sentence = "a phrasing is empty or holds a control character."
            raise _at_key(given, "phrasings", sentence, "Write a short sentence.")
    if (kind := parts.get("kind", KINDS[0])) not in KINDS:
        raise given.wrong(f'there is no kind "{plain(kind)}".', f"The kinds are {', '.join(KINDS)}.", kind)
    return given


def _word(given: Given, what: str, word: str) -> str:
    if not word.isascii():
        word = unicodedata.normalize("NFC", word)
    size = len(word) if word.isascii() else len(word.encode())
    cuts = _UNSAFE.search(word)
    if not word.strip():
        trouble, hint = f"this {what} is empty", "Write a word, or take it away."
    elif word != word.strip():
        trouble, hint = f'the {what} "{plain(word)}" begins or ends with a space', "Take the space away."
    elif size > LONGEST:
        shown = plain(word[:30])
        trouble, hint = f'the {what} "{shown}…" has {size} bytes', f"A keyword has {LONGEST} at most: shorten it."
    elif cuts:
        trouble = f'the {what} "{word}" holds "{cuts[0]}"'
        hint = f"Programs cut keywords at {' '.join(SEPARATORS)}: write it without."
    elif not word.isprintable() and not word.translate(_JOINERS).isprintable():
        trouble, hint = f'the {what} "{plain(word)}" holds an invisible character', "Take it away."
    else:
        return word
    raise given.wrong(f"{plain(trouble)}.", hint, word)
