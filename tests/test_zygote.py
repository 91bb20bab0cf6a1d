"""A forked `phototag` is the one that a user starts: what it says, how it ends, and what it knows of the run before."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.zygote import FORKS, Zygote

pytestmark = pytest.mark.skipif(not FORKS, reason="no safe fork here")


@pytest.fixture
def tool(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """The environment in which ExifTool is that line of shell."""

    def made(line: str) -> dict[str, str]:
        program = tmp_path / "bin" / "exiftool"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
        return {"PATH": f"{program.parent}:/usr/bin:/bin"}

    return made


def test_it_says_and_returns_what_a_started_one_does(phototag: Run, photos_dir: Path) -> None:
    assert phototag("scan", photos_dir, "--quiet").returncode == 0
    for line in ("export photos --csv", "decide nowhere", "scan --wrong"):
        forked, started = (phototag(*shlex.split(line), own=own) for own in (False, True))
        for said in ("args", "returncode", "stdout", "stderr"):
            assert getattr(forked, said) == getattr(started, said), (line, said)
        assert started.stdout or started.returncode


def test_it_has_its_own_folder_environment_and_words(phototag: Run, tmp_path: Path) -> None:
    def told(**env: str) -> dict[str, str]:
        done = phototag("config", "--json", env=env, cwd=tmp_path / "in")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    (tmp_path / "in").mkdir()
    before = told()
    assert told(PHOTOTAG_POLICY_MIN_CONFIDENCE="0.91") != before
    assert told() == before, "one run reached the next"
    assert phototag("--version").stdout.startswith("phototag")


def test_one_that_hangs_is_ended_and_the_next_one_runs(
    phototag: Run, photos_dir: Path, tool: Callable[[str], dict[str, str]]
) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        phototag("scan", photos_dir, env=tool("exec sleep 6"), timeout=1)
    assert [phototag("--version").returncode for _ in range(2)] == [0, 0]


def test_one_that_is_killed_returns_the_signal(
    phototag: Run, photos_dir: Path, tool: Callable[[str], dict[str, str]]
) -> None:
    assert phototag("scan", photos_dir, env=tool("kill -9 $PPID")).returncode == -9


def test_what_counts_at_the_start_needs_a_process_of_its_own(phototag: Run, zygotes: Callable[[], Zygote]) -> None:
    first, second = zygotes(), zygotes()
    assert first.environ["PYTHONHASHSEED"] != second.environ["PYTHONHASHSEED"]
    assert first.is_like({**first.environ, "HOME": "/elsewhere", "TZ": "UTC"})
    assert not first.is_like({**first.environ, "LC_ALL": "C"})
    assert phototag("--help", env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONVERBOSE": "1"}).stderr.count("import ") > 50
