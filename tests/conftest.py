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
from itertools import count
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

from tests.zygote import FORKS, Zygote  # noqa: E402  (of this checkout)


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


def _move_in(own: Path, patch: pytest.MonkeyPatch) -> None:
    """Makes this folder the home, and forgets what the machine's user has set."""
    for name in list(os.environ):
        if name.startswith(("PHOTOTAG_", "XDG_", "OLLAMA_", "IMMICH_")):
            patch.delenv(name)
    patch.setenv("HOME", str(own))
    patch.setenv("PHOTOTAG_WRITE_SETTLE_SECONDS", "0")  # tests write into files that they have just made
    for name, folder in (("CONFIG", ".config"), ("DATA", ".local/share"), ("CACHE", ".cache"), ("STATE", ".state")):
        patch.setenv(f"XDG_{name}_HOME", str(own / folder))
    # Rich folds lines at the terminal's width and paints them: neither belongs in what a test compares.
    patch.setenv("COLUMNS", "200")
    patch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session", autouse=True)
def _home_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty home for what is made once for many tests, before any of them has a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        _move_in(tmp_path_factory.mktemp("home"), patch)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory for the test and for what it starts."""
    own = tmp_path_factory.mktemp("home")
    _move_in(own, monkeypatch)
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


@pytest.fixture(scope="session")
def zygotes() -> Iterator[Callable[[], Zygote]]:
    """The next of two warm processes, in turn; each begins when it is asked for, and ends with the tests."""
    begun: list[Zygote] = []
    turns = count()

    def following() -> Zygote:
        turn = next(turns) % 2
        if turn == len(begun):
            begun.append(Zygote())
        return begun[turn]

    yield following
    for zygote in begun:
        zygote.close()


@pytest.fixture
def phototag(home: Path, tmp_path: Path, zygotes: Callable[[], Zygote]) -> Run:
    """Runs `python -m phototag ARGS` as a user would; cwd is the test's tmp_path, env is added to the environment.

    The process is forked from a warm one (tests/zygote.py says why that is the same), unless `own` asks for a new one.
    """

    def run(
        *args: str | Path,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 120,
        stdin: str = "",
        own: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        words, folder = list(map(str, args)), cwd or tmp_path
        environ = {**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})}
        if FORKS and not own:
            zygote = zygotes()
            if zygote.is_like(environ):
                return zygote.run(words, folder, environ, timeout, stdin)
        return subprocess.run(
            [sys.executable, "-m", "phototag", *words],
            cwd=folder,
            env=environ,
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
