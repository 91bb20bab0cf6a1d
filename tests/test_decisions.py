"""Decisions from the command line: people's words win, survive everything, and re-deciding needs no model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from phototag import api, resources
from phototag.vocabulary import load
from tests.conftest import SAMPLES, Run

CAT = "birthday/IMG_0011.jpg"


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample pictures with all their evidence, made once."""
    folder = tmp_path_factory.mktemp("looked") / "photos"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    api.look(folder)
    return folder


@pytest.fixture
def photos(looked: Path, tmp_path: Path) -> Path:
    target = tmp_path / "photos"
    shutil.copytree(looked, target)
    return target


def shown(phototag: Run, photo: Path) -> dict[str, Any]:
    done = phototag("show", photo, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    return dict(found)


def terms(decision: dict[str, Any], which: str = "tags") -> dict[str, float]:
    return {tag["term"]: tag["score"] for tag in decision[which]}


def test_photos_get_true_keywords_a_caption_and_reasons_without_a_server(phototag: Run, photos: Path) -> None:
    found = shown(phototag, photos / CAT)
    tags = terms(found["decision"])
    assert {"cat", "animal"} <= tags.keys() and all(0 < score <= 1 for score in tags.values())
    assert all(tag["because"] for tag in found["decision"]["tags"])
    assert "cat" in found["decision"]["caption"]["en"]
    assert {e["step"] for e in found["evidence"]} >= {"labels", "objects", "faces", "people", "place", "light"}
    words = phototag("show", photos / CAT).stdout
    assert "cat 0." in words and "labels cat" in words


def test_a_persons_words_win_and_survive_rebuild_and_new_looks(phototag: Run, photos: Path) -> None:
    photo = photos / CAT
    assert phototag("keywords", photo, "+birthday", "+Anna Müller", "-cat").returncode == 0
    assert phototag("caption", photo, "Anna am Tor", "--language", "de").returncode == 0
    for _ in range(2):
        decision = shown(phototag, photo)["decision"]
        assert {"birthday", "Anna Müller"} <= terms(decision).keys() and "cat" not in terms(decision)
        assert decision["caption"]["de"] == "Anna am Tor"
        shutil.rmtree(photos / ".phototag" / "lance")
        assert phototag("rebuild", photos).returncode == 0
        assert phototag("look", photos, "--describer", "fake").returncode == 0
    assert phototag("caption", photo, "", "--language", "de").returncode == 0
    assert shown(phototag, photo)["decision"]["caption"].get("de") != "Anna am Tor"


def test_the_queue_is_answered_by_photo_and_by_term(phototag: Run, photos: Path) -> None:
    queue = json.loads(phototag("review", photos, "--json").stdout)
    assert queue["terms"], "the samples leave nothing doubtful: choose another sample"
    term = next(iter(queue["terms"]))
    path = next(each["path"] for each in queue["photos"] if term in each["queued"])
    assert term in phototag("review", photos, "--by", "term").stdout
    assert phototag("review", photos / path, "--accept", term).returncode == 0
    assert terms(shown(phototag, photos / path)["decision"])[term] == 1
    rest = json.loads(phototag("review", photos, "--json").stdout)
    assert path not in [each["path"] for each in rest["photos"] if term in each["queued"]]
    other = next(iter(rest["terms"]), None)
    if other:
        phototag("review", photos, "--reject", other)
        assert other not in json.loads(phototag("review", photos, "--json").stdout)["terms"]
    done = phototag("review", photos, "--accept", "no such term")
    assert done.returncode == 2 and "not queued" in done.stderr


def test_a_proposed_word_becomes_a_tag_when_it_is_adopted(phototag: Run, photos: Path) -> None:
    words = json.loads(phototag("vocab", "proposed", photos, "--json").stdout)
    assert words
    word = words[0]["word"]
    done = phototag("vocab", "add", word, "--folder", photos)
    assert done.returncode == 0, done.stderr
    assert word not in [each["word"] for each in json.loads(phototag("vocab", "proposed", photos, "--json").stdout)]
    assert word in (photos / ".phototag" / "vocabulary.txt").read_text()
    wrong = phototag("vocab", "add", "a, b", "--folder", photos)
    assert wrong.returncode == 2 and '"a, b"' in wrong.stderr
    assert phototag("decide", photos).returncode == 0  # the bad word did not get in


def test_a_changed_threshold_or_vocabulary_decides_again_with_no_model(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("feline = cat nap\n")
    code = f"""
import sys
vocab = ["--vocab", {str(tmp_path / "mine.txt")!r}]
sys.argv = ["phototag", "decide", {str(photos)!r}, "--min-confidence", "0.9", *vocab, "--json"]
from phototag.cli import main
try:
    main()
finally:
    print("LOADED", sorted({{"onnxruntime", "torch", "reverse_geocode"}} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["photos"] == 12
    assert "LOADED []" in done.stderr


def test_a_kind_has_its_own_threshold_and_a_photo_a_most(phototag: Run, photos: Path) -> None:
    def tags(*options: str) -> dict[str, float]:
        done = phototag("decide", photos, *options)
        assert done.returncode == 0, done.stderr
        return terms(shown(phototag, photos / CAT)["decision"])

    assert "cat" in tags()
    assert "cat" not in tags("--set", "policy.thresholds=objects=0.99")
    assert len(tags("--set", "policy.most=1")) < len(tags())
    done = phototag("decide", photos, "--set", "policy.thresholds=obects=2")
    assert done.returncode == 2 and "objects" in done.stderr


def test_nothing_is_decided_twice(phototag: Run, photos: Path) -> None:
    done = json.loads(phototag("decide", photos, "--json").stdout)
    assert done["photos"] == 0 and done["unchanged"] == 12


def test_a_photo_outside_the_library_is_a_sentence(phototag: Run, photos: Path) -> None:
    (photos / "late.jpg").write_bytes((photos / CAT).read_bytes() + b"x")
    done = phototag("keywords", photos / "late.jpg", "+x")
    assert done.returncode == 2 and "not in the library" in done.stderr and "phototag scan" in done.stderr


def test_human_keywords_in_files_are_never_dropped(phototag: Run, photos: Path) -> None:
    words = load(resources.vocabulary_file())
    library = api.open(photos)
    with_keywords = [photo for photo in library.photos(library.photo_ids()) if photo.facts.keywords]
    assert with_keywords
    for photo in with_keywords:
        tags = {term.casefold() for term in terms(shown(phototag, photos / photo.files[0])["decision"])}
        known = {word: words.canonical(word) for word in photo.facts.keywords}
        assert {(term.name if term else word).casefold() for word, term in known.items()} <= tags


def test_what_a_person_writes_into_a_file_is_decided_upon_again(photos: Path) -> None:
    """A keyword that another program adds brings its broader words with it, whichever command reads the file next."""
    photo = photos / "DSC00108.jpg"
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject=dog", str(photo)], check=True)
    api.scan(photos)
    api.decide(photos)
    (found,) = api.show([photo])
    assert found.decision is not None
    assert {"dog", "animal"} <= {tag.term for tag in found.decision.tags}
