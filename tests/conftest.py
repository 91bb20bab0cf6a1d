"""What every test can rely on: no network, a home of its own, the sample pictures, and the command line.

The decision: whatever a user's machine has (a config file, a library in the data directory, PHOTOTAG_* variables, an
ExifTool config) stays outside, for the tests and for every program that they start. Refused: a test that passes on one
machine only.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUARD = ROOT / "tests" / "guard"
SAMPLES = ROOT / "tests" / "photos"
SHARED = ROOT.parent / "shared" / "photos"
PICTURES = frozenset({".jpg", ".heic", ".webp", ".png", ".xmp"})

_log = tempfile.NamedTemporaryFile(prefix="phototag-network-", suffix=".log")  # noqa: SIM115  (lives as long as the run)
NETWORK_LOG = Path(_log.name)


def _refuse_the_network() -> None:
    os.environ["NETWORK_GUARD_LOG"] = str(NETWORK_LOG)
    spec = importlib.util.spec_from_file_location("network_guard", GUARD / "sitecustomize.py")
    assert spec and spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _test_this_checkout() -> None:
    """Puts the guard and the checkout first, for this process and its children, wherever they run."""
    first = [str(GUARD), str(ROOT)]
    rest = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder and folder not in first]
    os.environ["PYTHONPATH"] = os.pathsep.join([*first, *rest])
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


_refuse_the_network()
_test_this_checkout()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live", action="store_true", help="Also ask the Ollama server of this machine.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks a real server runs only where a person asked for it."""
    if config.getoption("--live"):
        return
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason="asks a real Ollama server: pytest --live"))


@pytest.fixture(autouse=True)
def network_attempts() -> Iterator[Path]:
    """Fails the test in which this process or a child tried to reach past loopback, swallowed or not."""
    NETWORK_LOG.write_text("")
    yield NETWORK_LOG
    attempts = NETWORK_LOG.read_text()
    assert not attempts, f"the network was tried:\n{attempts}"


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory for the test and for what it starts."""
    own = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("PHOTOTAG_", "XDG_", "OLLAMA_", "IMMICH_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(own))
    monkeypatch.setenv("PHOTOTAG_WRITE_SETTLE_SECONDS", "0")  # tests write into files that they have just made
    for name, folder in (("CONFIG", ".config"), ("DATA", ".local/share"), ("CACHE", ".cache"), ("STATE", ".state")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(own / folder))
    # Rich folds lines at the terminal's width and paints them: neither belongs in what a test compares.
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    return own


@pytest.fixture
def photos_dir(tmp_path: Path) -> Path:
    """tests/photos, copied, so that a test may change it: pictures and the one sidecar, nothing else."""

    def others(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(name).suffix not in PICTURES and not Path(folder, name).is_dir()]

    target = tmp_path / "photos"
    shutil.copytree(SAMPLES, target, ignore=others)
    return target


@pytest.fixture
def shared_photos() -> Path:
    """The larger collection of real photos beside the project, to read only; skips where there is none."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/photos beside the project")
    return SHARED


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def phototag(home: Path, tmp_path: Path) -> Run:
    """Runs `python -m phototag ARGS` as a user would; cwd is the test's tmp_path, env is added to the environment."""

    def run(
        *args: str | Path,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 120,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "phototag", *map(str, args)],
            cwd=cwd or tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, to fill up; skips where we may not mount one."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2048k", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
