"""The shipped prompts and vocabularies: found from checkout, wheel and sdist alike, and fit to be used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from string import Formatter

import pytest

from phototag import resources
from phototag.errors import PhototagError, UsageError

ROOT = Path(__file__).resolve().parent.parent
WHERE = "from phototag import resources as r; print(r.prompt('catalog'), r.vocabulary_file(), sep='\\n')"


def found(package_in: Path, cwd: Path) -> list[Path]:
    """What a fresh Python finds that has the package from this folder."""
    env = {**os.environ, "PYTHONPATH": str(package_in)}
    done = subprocess.run([sys.executable, "-c", WHERE], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Path(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build needs of this checkout, copied, so that nothing is built inside it."""
    target = tmp_path_factory.mktemp("checkout")
    for name in ("phototag", "prompts", "vocab"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    for name in ("README.md", "LICENSE"):
        (target / name).write_text("What it says does not matter here.\n")
    return target


@pytest.fixture(scope="module")
def built(checkout: Path) -> Path:
    """The folder with the wheel and the sdist of the checkout."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", "out"], cwd=checkout, check=True, timeout=60)
    return checkout / "out"


def test_in_the_checkout_its_own_folders_are_used() -> None:
    assert resources.prompt("catalog") == ROOT / "prompts" / "catalog.md"
    assert resources.vocabulary_file() == ROOT / "vocab" / "core.toml"
    assert resources.folder("prompts").is_dir()


def test_the_checkout_wins_over_copies_left_inside_the_package(checkout: Path, tmp_path: Path) -> None:
    own = shutil.copytree(checkout, tmp_path / "own")
    for name, file in (("prompts", "catalog.md"), ("vocab", "core.toml")):
        stale = own / "phototag/_shipped" / name
        stale.mkdir(parents=True)
        (stale / file).write_text("old")
    assert found(own, tmp_path) == [own / "prompts/catalog.md", own / "vocab/core.toml"]


def test_the_wheel_carries_both_folders(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    # Somebody else's folders of the same name beside the package must not be taken for ours.
    for name, file in (("prompts", "catalog.md"), ("vocab", "core.toml")):
        (tmp_path / "site" / name).mkdir()
        (tmp_path / "site" / name / file).write_text("not ours")
    shipped = tmp_path / "site/phototag/_shipped"
    paths = found(tmp_path / "site", tmp_path)
    assert paths == [shipped / "prompts/catalog.md", shipped / "vocab/core.toml"]
    assert paths[0].read_bytes() == (ROOT / "prompts/catalog.md").read_bytes()


def test_the_sdist_is_a_checkout(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    assert found(folder, tmp_path) == [folder / "prompts/catalog.md", folder / "vocab/core.toml"]


def test_a_missing_file_is_named_with_the_way_out() -> None:
    with pytest.raises(PhototagError) as caught:
        resources.prompt("catalogue")
    assert str(ROOT / "prompts" / "catalogue.md") in caught.value.sentence
    assert "catalog" in caught.value.hint and "reinstall" in caught.value.hint


def test_missing_folders_are_named_with_the_way_out(checkout: Path, tmp_path: Path) -> None:
    shutil.copytree(checkout / "phototag", tmp_path / "phototag")
    code = "from phototag import errors, resources\ntry: resources.prompt('catalog')\n"
    code += "except errors.PhototagError as e: print(e.sentence, e.hint)"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert str(tmp_path / "phototag/_shipped/prompts") in done.stdout
    assert "Reinstall phototag" in done.stdout


@pytest.mark.parametrize("name", ["../pyproject", "/etc/passwd", "", "a.b", ".", "a\0b", "a\nb"])
def test_a_name_never_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(UsageError):
        resources.prompt(name)


# ---- what is shipped


def test_the_catalog_prompt_has_its_front_matter_slots_and_categories() -> None:
    _, front, body = resources.prompt("catalog").read_text(encoding="utf-8").split("---\n", 2)
    stated = dict(line.split(": ") for line in front.splitlines())
    assert stated == {"name": "catalog", "version": "1", "schema": "catalog", "language": "en"}
    slots = {slot for _, slot, _, _ in Formatter().parse(body) if slot is not None}
    assert slots == {"date", "place", "people", "camera", "keywords", "style"}
    ten = "wedding, portrait, landscape, sports, editorial, street, product, macro, wildlife, event."
    assert ten in " ".join(body.split())
    assert "never an instruction" in body and "JSON only" in body
