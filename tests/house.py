"""Holds the house's rules: who may import whom, who may change files, how long a page is, no silent except.

The decision: the rules are read from the source with `ast`, so that an import inside a function counts like any other
and nothing has to be importable; refused: a linter plug-in, whose settings nobody reads. Section 8 of the design is
the table `LINES` and the tables below it; a rule is changed there, in the open, or not at all.

`python tests/house.py [phototag]` prints what it finds, one `path:line: rule` each.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WHERE = "DESIGN.md section 8"
LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def _words(text: str, before: str = "") -> frozenset[str]:
    return frozenset(before + word for word in text.split())


# From the top down: a room may import what stands on a lower line, and itself.
LINES = (
    _words("cli web"),
    _words("api"),
    _words("pipeline deciding comparing review tagging organizing culling exporting search overview immich"),
    _words("change look decide"),
    _words("read"),
    _words("backends store"),
    _words("settings resources report vocabulary"),
    _words("records errors"),
)
# The two files that are no room: what they may import, and whether only on use.
DOORS = {"__init__": frozenset({"api", "cli"}), "__main__": frozenset({"cli", "errors", "report"})}
LAZY_DOOR = "__init__"

# A package that is not named here may be used in every room.
_MODELS = _words("ollama torch torchvision open_clip sentence_transformers transformers onnxruntime rapidocr")
_ONLINE = _words("geopy deep_translator")
HOMES: dict[str, frozenset[str]] = {
    "click": frozenset({"cli"}),
    "rich": frozenset({"report"}),
    **dict.fromkeys(("lancedb", "lance", "pyarrow"), frozenset({"store"})),
    **dict.fromkeys(("PIL", "pillow_heif"), frozenset({"read", "backends"})),
    **dict.fromkeys(("cv2", "imagehash"), frozenset({"look", "backends", "read/video.py"})),
    **dict.fromkeys(_MODELS | _ONLINE, frozenset({"backends"})),
    "exiftool": frozenset({"read", "change"}),
}
CHANGES_FILES = frozenset({"change", "store", "settings"})
PRINTS = frozenset({"report", "cli"})
RUNS_EXIFTOOL = HOMES["exiftool"]

STARTERS = (
    "subprocess.",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "os.system",
    "os.popen",
    "asyncio.create_subprocess",
)
FILE_CALLS = _words("replace rename renames remove unlink rmdir removedirs link symlink truncate", "os.")
FILE_CALLS |= _words("chmod chown utime mkfifo", "os.")
FILE_CALLS |= _words("copy copy2 copyfile copyfileobj copymode copystat copytree move rmtree", "shutil.")
PATH_METHODS = _words("unlink rename write_text write_bytes touch rmdir symlink_to hardlink_to chmod")
OPENERS = _words("open io.open os.fdopen gzip.open bz2.open lzma.open codecs.open")
WRITE_FLAGS = _words("O_WRONLY O_RDWR O_CREAT O_APPEND O_TRUNC")
PRINT_CALLS = frozenset(["print", "sys.stdout.write", "sys.stderr.write", "pprint.pprint", "traceback.print_exc"])
BROAD = frozenset({"Exception", "BaseException"})


@dataclass(frozen=True, order=True)
class Finding:
    """One broken rule, in words, at one place."""

    path: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule} ({WHERE})"


@dataclass(frozen=True)
class Import:
    """One imported name, as an absolute dotted path; `on_use` when it runs inside a function or for types only."""

    name: str
    line: int
    on_use: bool


class Page:
    """One source file of the package: its room, its tree, and what its local names stand for."""

    def __init__(self, path: Path, package: Path) -> None:
        self.inside = path.relative_to(package).as_posix()
        self.shown = f"{package.name}/{self.inside}"
        self.package = package.name
        first = self.inside.split("/")[0].removesuffix(".py")
        self.room = _whole_room(first)
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.imports = list(self._imports())
        self.names = self._names()

    def is_in(self, homes: frozenset[str]) -> bool:
        return self.room in homes or self.inside in homes

    def _imports(self) -> Iterator[Import]:
        on_use = {
            id(inner)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(node)
            for inner in ast.walk(node)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                source = self._absolute(node.module or "", node.level)
                names = [f"{source}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Call) and (literal := _imported_by_call(node)):
                dots = len(literal) - len(literal.lstrip("."))
                names = [self._absolute(literal[dots:], dots)]
            else:
                continue
            for name in names:
                yield Import(name, node.lineno, id(node) in on_use)

    def _absolute(self, module: str, level: int) -> str:
        if not level:
            return module
        here = [self.package, *self.inside.split("/")[:-1]]
        return ".".join([*here[: len(here) - level + 1], *([module] if module else [])])

    def _names(self) -> dict[str, str]:
        """What each imported name stands for; a function of this file hides a builtin of its name."""
        names = {node.name: f".{node.name}" for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    names[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                source = self._absolute(node.module or "", node.level)
                names |= {alias.asname or alias.name: f"{source}.{alias.name}" for alias in node.names}
        return names

    def dotted(self, node: ast.expr) -> str:
        """The full name behind an expression such as `sh.rmtree`; empty where it is no plain name."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _imported_by_call(node: ast.Call) -> str:
    """The literal in `importlib.import_module("x")` or `__import__("x")`, else nothing."""
    called = ast.unparse(node.func)
    if called not in {"importlib.import_module", "import_module", "__import__"} or not node.args:
        return ""
    first = node.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def findings(package: Path) -> list[Finding]:
    """Every broken rule in the package at this path, by file and line."""
    found: list[Finding] = []
    rooms = {path.stem for path in package.iterdir()}
    for path in sorted(package.rglob("*.py")):
        shown = f"{package.name}/{path.relative_to(package).as_posix()}"
        try:
            page = Page(path, package)
        except (SyntaxError, UnicodeDecodeError) as trouble:
            line = getattr(trouble, "lineno", 1) or 1
            found.append(Finding(shown, line, "cannot be parsed, so no rule can be held"))
            continue
        for line, rule in broken_rules(page, rooms):
            found.append(Finding(shown, line, rule))
    return sorted(set(found))


def broken_rules(page: Page, rooms: set[str]) -> Iterator[tuple[int, str]]:
    yield from shape(page)
    yield from directions(page, rooms)
    yield from strangers(page)
    for node in ast.walk(page.tree):
        if isinstance(node, ast.Call):
            yield from call(page, node)
        elif isinstance(node, ast.ExceptHandler):
            yield from handler(page, node)


def shape(page: Page) -> Iterator[tuple[int, str]]:
    """How long a file and a function may be, and that a file says what it decides."""
    lines = len(page.text.splitlines())
    if lines > LONGEST_FILE:
        yield LONGEST_FILE + 1, f"the file has {lines} lines: {LONGEST_FILE} are the most"
    if not ast.get_docstring(page.tree):
        yield 1, "the file has no docstring that says which decision it owns"
    for node in ast.walk(page.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield node.lineno, f"{node.name}() has {length} lines: {LONGEST_FUNCTION} are the most"


def directions(page: Page, rooms: set[str]) -> Iterator[tuple[int, str]]:
    """A lower line never imports a higher one, and rooms on one line never import each other."""
    own = _level(page.room)
    if own is None and page.room not in DOORS:
        yield 1, f"no line of the house has a room '{page.room}'"
        return
    for an_import in page.imports:
        target = _room_behind(an_import.name, page.package, rooms)
        theirs = _level(target) if target else None
        if not target or theirs is None or target == page.room:
            continue
        if own is None:
            yield from _through_the_door(page, an_import, target)
        elif theirs < own:
            yield an_import.line, f"{page.room} imports {target}: a lower line never imports a higher one"
        elif theirs == own:
            yield an_import.line, f"{page.room} imports {target}: rooms on one line never import each other"


def _through_the_door(page: Page, an_import: Import, target: str) -> Iterator[tuple[int, str]]:
    allowed = DOORS[page.room]
    if target not in allowed:
        yield an_import.line, f"{page.room} imports {target}: it may import {' and '.join(sorted(allowed))} only"
    elif page.room == LAZY_DOOR and not an_import.on_use:
        yield an_import.line, f"{page.room} imports {target} at once: it loads it on first use only"


def _level(room: str) -> int | None:
    return next((level for level, line in enumerate(LINES) if room in line), None)


def _room_behind(name: str, package: str, rooms: set[str]) -> str | None:
    """The room that an import reaches; a public name of the package itself is loaded through api."""
    parts = name.split(".")
    if parts[0] != package:
        return None
    if len(parts) == 1:
        return "api"
    if parts[1].startswith("__"):
        return None
    parts[1] = _whole_room(parts[1])
    return parts[1] if parts[1] in rooms or _level(parts[1]) is not None else "api"


def _whole_room(name: str) -> str:
    """A room that grew too long for one file goes on in `room_part.py`."""
    return next((room for room in ("api", "pipeline", "settings", "vocabulary") if name.startswith(f"{room}_")), name)


def strangers(page: Page) -> Iterator[tuple[int, str]]:
    """A package from outside lives in its own rooms only."""
    for an_import in page.imports:
        stranger = an_import.name.split(".")[0]
        homes = HOMES.get(stranger)
        if homes is not None and not page.is_in(homes):
            yield an_import.line, f"{page.room} imports {stranger}, which lives in {_listed(homes)} only"


def call(page: Page, node: ast.Call) -> Iterator[tuple[int, str]]:
    """Printing, starting ExifTool, changing files and swallowing every error: each has its rooms, or none."""
    name = page.dotted(node.func)
    if name in PRINT_CALLS and not page.is_in(PRINTS):
        yield node.lineno, f"{page.room} prints with {name}(): printing lives in {_listed(PRINTS)} only"
    if (
        (name.startswith(STARTERS) or name == "shutil.which")
        and not page.is_in(RUNS_EXIFTOOL)
        and _names_exiftool(node)
    ):
        yield node.lineno, f"{page.room} starts exiftool, which lives in {_listed(RUNS_EXIFTOOL)} only"
    if not page.is_in(CHANGES_FILES) and (what := changes_a_file(name, node)):
        yield node.lineno, f"{page.room} changes files with {what}: that lives in {_listed(CHANGES_FILES)} only"
    if name.split(".")[-1] == "suppress" and any(_is_broad(page, each) for each in node.args):
        yield node.lineno, "suppress() hides every error: name those that are meant"


def _names_exiftool(node: ast.Call) -> bool:
    words = (word.value for word in ast.walk(node) if isinstance(word, ast.Constant) and isinstance(word.value, str))
    return any(word.split("/")[-1].split(" ")[0] == "exiftool" for word in words)


def changes_a_file(name: str, node: ast.Call) -> str:
    """How this call changes a file, in words; empty where it does not."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in FILE_CALLS:
        return f"{name}()"
    if name == "os.open":
        flags = " ".join(ast.unparse(argument) for argument in node.args[1:])
        return "os.open() for writing" if any(flag in flags for flag in WRITE_FLAGS) else ""
    if method in PATH_METHODS:
        return f"{method}()"
    # Path.replace has one target; str.replace has two texts, dataclasses.replace and datetime.replace have keywords.
    if method == "replace" and ((len(node.args) == 1 and not node.keywords) or _keyword(node, "target")):
        return "replace()"
    if name in OPENERS:
        return _writes(node, name, 1)
    return _writes(node, "open", 0) if method == "open" else ""


def _writes(node: ast.Call, name: str, place: int) -> str:
    mode = _keyword(node, "mode") or (node.args[place] if len(node.args) > place else None)
    if not isinstance(mode, ast.Constant) or not isinstance(mode.value, str):
        # Path.open's first argument is a mode, Image.open's a path: only the builtin's may not be computed.
        return f"{name}() with a computed mode" if mode is not None and place else ""
    is_mode = set(mode.value) <= set("rwxabt+") and len(set(mode.value) & set("rwxa")) == 1
    return f"{name}(…, {mode.value!r})" if is_mode and set(mode.value) & set("wxa+") else ""


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def handler(page: Page, node: ast.ExceptHandler) -> Iterator[tuple[int, str]]:
    """No error vanishes: a handler names what it catches and does something about it."""
    goes_on = isinstance(node.body[-1], ast.Raise)
    if node.type is None and not goes_on:
        yield node.lineno, "a bare except that does not raise again: name the errors that are meant"
    elif node.type is not None and _is_broad(page, node.type) and not goes_on:
        yield node.lineno, f"except {ast.unparse(node.type)} that does not raise again: name the errors that are meant"
    deeds = [step for step in node.body if not _is_nothing(step)]
    if not deeds:
        yield node.lineno, "a silent except: its handler does nothing (contextlib.suppress says so for one named error)"
    elif all(isinstance(step, ast.Continue) for step in deeds) and not _has_comment(page, node):
        yield node.lineno, "a silent except: its handler only goes on, without a comment that says why that is right"


def _is_broad(page: Page, caught: ast.expr) -> bool:
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(page.dotted(one).removeprefix("builtins.") in BROAD for one in each)


def _is_nothing(step: ast.stmt) -> bool:
    return isinstance(step, ast.Pass) or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))


def _has_comment(page: Page, node: ast.ExceptHandler) -> bool:
    tokens = tokenize.generate_tokens(io.StringIO(page.text).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    return any(line in commented for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _listed(homes: frozenset[str]) -> str:
    return ", ".join(sorted(homes))


if __name__ == "__main__":
    found_here = findings(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "phototag"))
    print("\n".join(map(str, found_here)) or "The house is in order.")
    sys.exit(bool(found_here))
