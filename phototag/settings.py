"""What is set, and by whom: defaults < user file < library file < environment < flags.

The decision here: every value remembers the line, variable or flag that set it, and whatever nobody can mean
(an unknown name, a wrong type, a value out of range) stops the run. Refused: a typo that quietly becomes a default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from phototag import settings_duplicates as duplicates_
from phototag import settings_schema as schema
from phototag import settings_servers as servers
from phototag.errors import UsageError
from phototag.settings_cull import Cull
from phototag.settings_schema import Key, Value, plain, setting, written

__all__ = ["KEYS", "SettingRow", "Settings", "load"]

PREFIX = "PHOTOTAG_"
NOT_SETTINGS = frozenset({"PHOTOTAG_LIBRARY"})  # says where the library is, not how it is treated
LISTS_ALL = "`phototag config` lists every setting."


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as it stands: `source` is default, PATH:LINE, an environment variable or flag."""

    key: str
    value: Value
    source: str
    help: str

    @property
    def text(self) -> str:
        """The value as a settings file would have it."""
        return written(self.value)

    @property
    def allowed(self) -> str:
        """What the value may be, in words."""
        return KEYS[self.key].allowed


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, and where each one came from. `Settings()` is the defaults."""

    threads: int = setting(0, "threads that decode and measure; 0: one for each core", 0, 256)
    rules: tuple[str, ...] = schema.RULES
    scan: schema.Scan = field(default_factory=schema.Scan)
    read: schema.Read = field(default_factory=schema.Read)
    look: servers.Look = field(default_factory=servers.Look)
    event: schema.Event = field(default_factory=schema.Event)
    hashes: schema.Hashes = field(default_factory=schema.Hashes)
    burst: schema.Burst = field(default_factory=schema.Burst)
    cull: Cull = field(default_factory=Cull)
    sharpness: schema.Sharpness = field(default_factory=schema.Sharpness)
    duplicates: duplicates_.Duplicates = field(default_factory=duplicates_.Duplicates)
    policy: schema.Policy = field(default_factory=schema.Policy)
    languages: schema.Languages = field(default_factory=schema.Languages)
    names: schema.Names = field(default_factory=schema.Names)
    write: schema.Write = field(default_factory=schema.Write)
    ollama: servers.Ollama = field(default_factory=servers.Ollama)
    online: servers.Online = field(default_factory=servers.Online)
    store: schema.Store = field(default_factory=schema.Store)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)  # of all but defaults
    files: tuple[str, ...] = field(default=(), compare=False, repr=False)  # where settings were looked for

    def row(self, name: str) -> SettingRow:
        """One setting by its dotted name; UsageError with the nearest name if there is none."""
        if name not in KEYS:
            raise _unknown(name)
        section, _, last = name.rpartition(".")
        value = getattr(getattr(self, section) if section else self, last)
        return SettingRow(name, value, self.sources.get(name, "default"), KEYS[name].rule.help)

    def rows(self) -> Iterator[SettingRow]:
        """Every setting, section by section."""
        return (self.row(name) for name in KEYS)


SECTIONS: dict[str, Any] = {
    part.name: part.default_factory for part in fields(Settings) if is_dataclass(part.default_factory)
}


def _keys(kind: Any, prefix: str = "") -> Iterator[Key]:
    for part in fields(kind):
        if part.name in SECTIONS:
            yield from _keys(SECTIONS[part.name], f"{part.name}.")
        elif "rule" in part.metadata:
            yield Key(prefix + part.name, cast(Value, part.default), part.metadata["rule"])


KEYS = {key.name: key for key in _keys(Settings)}


class _Given(NamedTuple):
    """One value that somebody gave, before it is checked."""

    name: str
    value: object
    source: str  # what `rows` will say
    place: str  # what an error says
    text: bool = False  # it comes as text, whatever the setting's type


def load(
    library_file: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    user_file: Path | None = None,
) -> Settings:
    """The settings, checked; UsageError says what is wrong and on which line.

    `library_file` is the library's own phototag.toml, which need not be there.
    A flag is a text or a value by its dotted name; None counts as not given.
    """
    if user_file is None:
        import platformdirs

        user_file = platformdirs.user_config_path("phototag") / "phototag.toml"
    paths = [user_file] + ([library_file] if library_file is not None else [])
    given = [*_from_file(user_file), *(_harmless(_from_file(library_file)) if library_file is not None else ())]
    given += [*_from_environment(environ), *_from_flags(flags or {})]

    parts: dict[str, Any] = {}
    inner: dict[str, dict[str, Value]] = {name: {} for name in SECTIONS}
    sources: dict[str, str] = {}
    for one in given:
        section, _, last = one.name.rpartition(".")
        (inner[section] if section else parts)[last] = _checked(one)
        sources[one.name] = one.source
    parts.update({name: kind(**inner[name]) for name, kind in SECTIONS.items()})
    return Settings(**parts, sources=sources, files=tuple(_shown(path) for path in paths))


def _harmless(found: Iterator[_Given]) -> Iterator[_Given]:
    """What a library's file sets; UsageError for what only a person may allow."""
    for one in found:
        if KEYS[one.name].rule.personal:
            sentence = (
                f"{one.place}: {one.name} lets something leave this machine: the file of a library cannot set it."
            )
            raise UsageError(sentence, "Set it in your own settings, in the environment, or by --set.")
        yield one


def _checked(given: _Given) -> Value:
    key = KEYS[given.name]
    try:
        return key.read(given.value) if given.text and isinstance(given.value, str) else key.check(given.value)
    except ValueError as problem:
        was = written(given.value)
        was = was if len(was) <= 60 else was[:59] + "…"
        raise UsageError(
            f"{given.place}: {given.name} must be {key.allowed}, not {was}.",
            f"Correct it, or take it away to have the default, {written(key.default)}.",
        ) from problem


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    names = {key.variable: key.name for key in KEYS.values()}
    for variable in sorted(one for one in environ if one.startswith(PREFIX) and one not in NOT_SETTINGS):
        if variable not in names:
            near = _nearest(variable.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in names])
            raise UsageError(
                f"There is no setting for the environment variable {plain(variable)}."
                + (f" Did you mean {PREFIX}{near}?" if near else ""),
                f"Unset it, or give it the right name: {LISTS_ALL}",
            )
        yield _Given(names[variable], environ[variable], variable, variable, text=True)


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    for name, value in flags.items():
        if name not in KEYS:
            raise _unknown(name, "command line")
        if value is not None:
            yield _Given(name, value, "flag", "command line", text=isinstance(value, str))


def _from_file(path: Path) -> Iterator[_Given]:
    """What a file sets, in its order; nothing if there is no file."""
    text = _text(path)
    if not text:
        return
    import tomllib

    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        # tomllib names the place only in its words: "... (at line 3, column 5)", "... (at end of document)".
        what, _, at = str(problem).rpartition(" (at ")
        line = at.removeprefix("line ").partition(",")[0]
        line = line if line.isdigit() else str(len(text.splitlines()))
        sentence = f"{_shown(path)}:{line}: this is not TOML: {what or problem}."
        raise UsageError(sentence, "Correct the file, then try again.") from problem
    table: list[str] = []
    for number, statement in _statements(text):
        place = f"{_shown(path)}:{number}"
        content = tomllib.loads(statement)
        if statement.startswith("["):
            table = list(_first_path(content))
            yield from _spread([], content, place)
        else:
            yield from _spread(table, content, place)


def _text(path: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as problem:
        raise UsageError(f"{_shown(path)}: this file is not UTF-8 text.", "Save it as UTF-8.") from problem
    except OSError as problem:
        raise UsageError(
            f"{_shown(path)}: this settings file cannot be read: {problem.strerror}.",
            "Make it readable, or move it away to do without it.",
        ) from problem


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The headers and assignments of valid TOML, each with the number of its first line.

    tomllib keeps no line numbers. But a statement ends at the first line end where it is TOML by itself, so the
    parser itself says where the next one begins, whatever lies inside strings and lists.
    """
    import tomllib

    pending, start = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if pending and not any(end in line for end in ("]", "}", '"""', "'''")):
            pending += line + "\n"  # cannot end here: saves parsing a long list once for each of its lines
            continue
        start = start if pending else number
        pending += line + "\n"
        try:
            holds = tomllib.loads(pending)
        except ValueError:
            continue  # the statement goes on in the next line
        if holds:
            yield start, pending.lstrip()
        pending = ""


def _first_path(content: object) -> Iterator[str]:
    while isinstance(content, dict) and content:
        name, content = next(iter(content.items()))
        yield name


def _spread(path: list[str], value: object, place: str) -> Iterator[_Given]:
    """A value as settings: the members of a section one by one."""
    name = ".".join(path)
    if isinstance(value, dict) and (not path or name in SECTIONS):
        for last, member in value.items():
            yield from _spread([*path, last], member, place)
    elif name in KEYS:
        yield _Given(name, value, place, place)
    else:
        raise _unknown(name, place, table=isinstance(value, dict))


def _unknown(name: str, place: str = "", table: bool = False) -> UsageError:
    start = f"{place}: there" if place else "There"
    if name in SECTIONS:
        own = ", ".join(key for key in KEYS if key.startswith(name + "."))
        return UsageError(f'{start} is a section "{name}", but no such setting. It has {own}.', LISTS_ALL)
    noun, known = ("section", list(SECTIONS)) if table else ("setting", list(KEYS))
    near = _nearest(name, known)
    asks = f' Did you mean "{near}"?' if near else ""
    return UsageError(f"{start} is no {noun} {written(name)}.{asks}", LISTS_ALL)


def _nearest(name: str, known: list[str]) -> str:
    """The known name that was probably meant, or nothing."""
    import difflib

    # The right setting in the wrong section is nearer than anything spelled like it.
    last = name.rpartition(".")[2]
    alike = [one for one in known if one.rpartition(".")[2] == last]
    close = difflib.get_close_matches(name, alike or known, n=1, cutoff=0 if alike else 0.6)
    return close[0] if close else ""


def _shown(path: Path) -> str:
    """The path as a person would write it, safe to print."""
    text = str(path)
    home = os.environ.get("HOME", "")
    if home and path.is_relative_to(home):
        text = str(Path("~") / path.relative_to(home))
    return plain(text)
