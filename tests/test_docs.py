"""The README and the help are held to what the program does."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from phototag import api
from phototag.cli import group
from phototag.read.scan import Options
from tests.conftest import ROOT, SAMPLES, Run

README = (ROOT / "README.md").read_text("utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
BLOCKS = [block for language, block in FENCED if not language]
COMMANDS = sorted({line for block in BLOCKS for line in block.splitlines() if line.startswith("phototag ")})
NEED_A_SERVER = ("phototag models", "phototag diff")  # tests/test_models.py and test_diff.py run these
NAMES = group.list_commands(click.Context(group))
CHANGES_PHOTOS = frozenset({"tag", "undo", "duplicates"})
PROMISE = r"never changes a photo|only reads"


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) >= 8 and len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_documented(name: str) -> None:
    assert re.search(rf"^phototag {name}\b", "\n".join(COMMANDS), re.MULTILINE), f"README.md shows no `phototag {name}`"


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders that the README speaks of, scanned once for all its commands."""
    base = tmp_path_factory.mktemp("readme")
    for name in ("Pictures", "Organized", "card"):
        shutil.copytree(SAMPLES, base / name, ignore=shutil.ignore_patterns("*.py", "*.md"))
        if name != "card":
            api.scan(base / name, options=Options(decode=False))
    return base


@pytest.mark.parametrize("line", [line for line in COMMANDS if not line.startswith(NEED_A_SERVER)])
def test_every_command_of_the_readme_runs(phototag: Run, libraries: Path, line: str) -> None:
    words = [word.replace("~", str(libraries), 1) for word in shlex.split(line, comments=True)[1:]]
    done = phototag(*(word.replace("/media", str(libraries), 1) for word in words))
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_help_has_two_examples_that_parse_and_says_what_is_touched(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None and command.help
    examples = re.findall(r"^\s*phototag (.+)$", command.help.partition("Examples:")[2], re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        assert shlex.split(example)[0] == name
        command.make_context(name, shlex.split(example)[1:], resilient_parsing=True)
    promise = r"It changes photos, after asking|It changes photos: " if name in CHANGES_PHOTOS else PROMISE
    assert re.search(promise, command.help)


def test_every_option_of_the_readme_exists() -> None:
    options = set(re.findall(r"`(--[a-z0-9-]+)", README))
    known = {"--help"}
    for name in NAMES:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        known |= {opt for param in command.params for opt in param.opts}
    assert options <= known, options - known


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named and named <= targets, named - targets


def test_every_exit_code_is_documented() -> None:
    from phototag import errors

    codes = {cls.code for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, Exception)}
    line = README.partition("### Exit codes")[2].partition("###")[0]
    for code in sorted(codes):
        assert re.search(rf"(^|\s){code} \w", line), f"README.md does not say what exit code {code} means"
