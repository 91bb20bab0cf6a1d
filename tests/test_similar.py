"""`phototag similar`: which photos look alike, on pictures made from the samples and on planted vectors.

The decision: pictures are changed as people change them and looked at by the shipped models; what is to be found is
known because it was planted.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from phototag import api, cli
from phototag.errors import Damaged, NoLibrary, UsageError
from phototag.read.scan import Options
from phototag.search import alike, alike_codes, alike_cosines
from tests.conftest import SAMPLES

CAT, ROCKET = "birthday/IMG_0011.jpg", "DSC00042.jpg"


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A looked-at library: a cat, saved again and mirrored; one rocket in two folders; plain frames; a coffee."""
    root = tmp_path_factory.mktemp("album")
    for name in ("cats", "trip", "copies", "plain"):
        (root / name).mkdir()
    cat = Image.open(SAMPLES / CAT).convert("RGB")
    shutil.copy(SAMPLES / CAT, root / "cats" / "cat.jpg")
    cat.resize((cat.width // 2, cat.height // 2)).save(root / "cats" / "small.jpg", quality=70)
    ImageOps.mirror(cat).save(root / "trip" / "mirrored.jpg", quality=90)
    shutil.copy(SAMPLES / ROCKET, root / "trip" / "rocket.jpg")
    shutil.copy(SAMPLES / ROCKET, root / "copies" / "rocket.jpg")
    shutil.copy(SAMPLES / "birthday/IMG_0007.jpg", root / "trip" / "coffee.jpg")
    for name, colour in (("green", (20, 160, 40)), ("red", (200, 20, 20))):
        Image.new("RGB", (400, 300), colour).save(root / "plain" / f"{name}.jpg")
    with pytest.MonkeyPatch.context() as own:
        own.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        api.look(root)
    yield root


def names(found: alike.Similar) -> dict[frozenset[str], str]:
    """The pairs by the names of their photos, with their kinds."""
    return {frozenset((Path(pair.one).stem, Path(pair.two).stem)): pair.kind for pair in found.pairs}


# ---- real pictures


def test_a_picture_saved_again_is_the_same_and_a_mirrored_one_is_found_by_its_vector(album: Path) -> None:
    found = names(api.similar(album))
    assert found[frozenset(("cat", "small"))] == "same picture"
    assert found[frozenset(("cat", "mirrored"))] == "similar"
    assert not any({"rocket", "coffee"} & pair for pair in found)


def test_frames_of_one_colour_are_like_nothing(album: Path) -> None:
    for found in (api.similar(album, least=0.05), api.similar(album, bits=10)):
        assert len(found) and not any({"green", "red"} & pair for pair in names(found))
    assert len(api.similar(album / "plain" / "green.jpg", least=0.05)) == 0


def test_copies_are_one_photo_and_no_pair(album: Path) -> None:
    found = api.similar(album / "copies" / "rocket.jpg")
    assert len(found) == 0
    assert any("2 files" in note for note in found.notes)
    assert len(found.ids) == len(set(found.ids)) == 7


def test_of_a_folder_one_side_of_each_pair_lies_below_it(album: Path) -> None:
    found = api.similar(album / "trip")
    assert set(names(found)) == {frozenset(("cat", "mirrored")), frozenset(("small", "mirrored"))}


def test_of_a_photo_the_nearest_comes_first_and_it_is_named_first(album: Path) -> None:
    pairs = api.similar(album / "cats" / "cat.jpg").pairs
    assert [Path(pair.two).stem for pair in pairs] == ["small", "mirrored"]
    assert {Path(pair.one).stem for pair in pairs} == {"cat"}


def test_bits_leave_only_what_hashes_find(album: Path) -> None:
    assert set(names(api.similar(album, bits=3))) == {frozenset(("cat", "small"))}


def test_the_way_for_large_libraries_finds_the_same_kinds_and_no_others(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = names(api.similar(album, least=0.9))
    monkeypatch.setattr(alike_cosines, "FEW", 0)
    found = names(api.similar(album, least=0.9))
    assert {frozenset(("cat", "small")), frozenset(("cat", "mirrored"))} <= set(found)
    assert found.items() <= every.items()


def test_the_tables_have_typed_columns_also_where_nothing_is_alike(album: Path) -> None:
    types = {"one": "string", "two": "string", "bits": "int64", "cosine": "double", "kind": "string"}
    for found in (api.similar(album), api.similar(album, bits=0, least=1.0)):
        table = found.table()
        assert {field.name: str(field.type) for field in table.schema} == types
        assert table.num_rows == len(found)
    groups = api.similar(album).table(groups=True).to_pylist()
    assert [row["group"] for row in groups] == sorted(row["group"] for row in groups)
    assert groups[0]["cosine"] is None and groups[1]["cosine"] > 0.8


def test_on_real_photos_what_is_found_is_what_people_call_alike(shared_photos: Path, tmp_path: Path) -> None:
    for name in ("ai_0", "ai_1", "ae_0", "ae_1", "ac_0"):
        shutil.copy(shared_photos / "barcelona" / f"{name}.JPG", tmp_path)
    api.look(tmp_path)
    assert set(names(api.similar(tmp_path))) == {frozenset(("ai_0", "ai_1")), frozenset(("ae_0", "ae_1"))}


# ---- the command line


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Runs the command and returns what stood on stdout and stderr."""

    def run(*words: str | Path) -> tuple[str, str]:
        assert cli.run(["similar", *map(str, words)]) == 0
        return capsys.readouterr()

    return run


def test_programs_get_json_and_csv(album: Path, said: Callable[..., tuple[str, str]]) -> None:
    found = json.loads(said(album, "--json")[0])
    assert found["space"] == "visual" and found["without_vectors"] == 0
    assert set(found["pairs"][0]) == {"one", "two", "kind", "bits", "cosine", "photos", "files"}
    rows = list(csv.DictReader(io.StringIO(said(album, "--csv", "--limit", "1")[0])))
    assert len(rows) == 1 and rows[0]["kind"] == "same picture" and Path(rows[0]["one"]).is_file()
    assert json.loads(said(album, "--groups", "--json")[0])["groups"][0]["alike"]


@pytest.mark.parametrize("options", [(), ("--groups",), ("--limit", "1")])
def test_people_get_a_table_that_fits_eighty_columns(
    album: Path, options: tuple[str, ...], said: Callable[..., tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    table, beside = said(album, *options)
    assert all(len(line) <= 80 for line in table.splitlines())
    assert "cat.jpg" in table and "vectors of visual" in beside
    assert ("More: --limit 5" in table) == ("--limit" in options)


def test_a_library_without_vectors_is_compared_by_hashes_and_says_so(album: Path, tmp_path: Path) -> None:
    shutil.copytree(album, tmp_path / "own")
    shutil.rmtree(tmp_path / "own" / ".phototag" / "lance" / "vectors_visual.lance")
    found = api.similar(tmp_path / "own")
    assert set(names(found)) == {frozenset(("cat", "small"))}
    assert found.space == "" and found.without_vectors == len(found.ids)
    assert found.pairs[0].cosine is None


def test_no_library_an_empty_and_a_broken_one_are_sentences(
    album: Path, tmp_path: Path, said: Callable[..., tuple[str, str]]
) -> None:
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    with pytest.raises(NoLibrary):
        api.similar(empty)
    api.scan(empty, options=Options(decode=False))
    assert any("no photos yet" in note for note in api.similar(empty).notes)
    assert "No photos" in said(empty, "--groups")[0]
    shutil.copytree(album, broken)
    for table in ("vectors_visual", "evidence"):
        own = tmp_path / table
        shutil.copytree(broken, own)
        for file in (own / ".phototag" / "lance" / f"{table}.lance" / "data").iterdir():
            file.write_bytes(b"no")
        with pytest.raises(Damaged):
            api.similar(own)


@pytest.mark.parametrize("wrong", [{"bits": 11}, {"bits": -1}, {"least": 0.0}, {"least": 2.0}, {"path": "no such"}])
def test_what_cannot_be_asked_is_a_sentence(album: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        api.similar(**({"path": album} | wrong))


# ---- what is believed


@pytest.mark.parametrize(
    ("bits", "cosine", "plain", "kind"),
    [
        (0, 0.95, False, "same picture"),
        (3, 0.6, False, "same picture"),
        (3, 0.3, False, None),  # the vectors deny it
        (6, np.nan, False, "nearly the same"),
        (7, 0.85, False, "similar"),
        (7, 0.7, False, None),
        (9, np.nan, False, None),
        (0, 0.7, True, None),
        (0, 0.995, True, "same picture"),
        (40, 0.81, False, "similar"),
        (-1, 0.81, False, "similar"),
    ],
)
def test_a_hash_is_believed_by_its_bits_and_by_the_vectors(
    bits: int, cosine: float, plain: bool, kind: str | None
) -> None:
    arrays = (np.array([one]) for one in (0, 1, bits, cosine, plain))
    found = alike.judged(*arrays, 0.8, -1)
    assert [alike.KINDS[one] for one in found.kind] == ([kind] if kind else [])


def likenesses(pairs: list[tuple[int, int]]) -> alike.Likenesses:
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return alike.Likenesses(first, second, np.zeros(len(pairs)), np.ones(len(pairs)), np.zeros(len(pairs)))


def test_groups_do_not_chain() -> None:
    chain = [(at, at + 1) for at in range(9)]
    groups = alike.stars(likenesses(chain), [""] * 10)
    assert max(len(members) for _, members in groups) == 2


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda pair: pair[0] < pair[1]), min_size=1))
def test_everybody_in_a_group_is_like_the_one_that_stands_for_it_and_nobody_is_in_two(
    pairs: set[tuple[int, int]],
) -> None:
    listed = sorted(pairs)
    groups = alike.stars(likenesses(listed), [""] * 15)
    seen = [one for head, members in groups for one in (head, *(other for _, other in members))]
    assert len(seen) == len(set(seen)) and seen
    for head, members in groups:
        assert all({head, other} == set(listed[at]) for at, other in members)


# ---- many photos


def planted(count: int, width: int, cosine: float) -> Any:
    """Unit vectors, each second one so alike to the one before."""
    drawn = np.random.default_rng(5)
    vectors = drawn.standard_normal((count, width)).astype(np.float32) + 0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for at in range(1, count, 2):
        own, other = vectors[at - 1], drawn.standard_normal(width).astype(np.float32)
        other -= other @ own * own
        vectors[at] = cosine * own + (1 - cosine**2) ** 0.5 * other / np.linalg.norm(other)
    return vectors


def test_codes_find_nearly_all_of_what_is_alike() -> None:
    vectors = planted(4000, 256, 0.92)
    middle = vectors.mean(axis=0)
    codes = alike_codes.coded(vectors, alike_codes.planes(256), middle)
    (first, second, _), left = alike_codes.by_codes(codes, 0.9, middle)
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert left == 0
    assert sum((at, at + 1) in found for at in range(0, 4000, 2)) >= 0.96 * 2000
    assert len(found) < 20 * 2000  # and propose few others


def test_a_thousand_equal_hashes_stay_linear_and_connected() -> None:
    hashes = np.array([7] * 3000 + [7 ^ 1] * 3000, np.uint64)
    (first, second, _), _ = alike_codes.by_hashes(hashes, 6)
    assert len(first) <= 20 * len(hashes)
    members = {0}
    for one, other in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        members |= {one, other} if {one, other} & members else set()
    assert len(members) == len(hashes)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**12 - 1), max_size=16), st.integers(0, 10))
def test_hashes_of_few_photos_are_compared_exactly(words: list[int], bits: int) -> None:
    (first, second, apart), _ = alike_codes.by_hashes(np.array(words, np.uint64), bits)
    expected = {
        (one, other): far
        for one in range(len(words))
        for other in range(one + 1, len(words))
        if (far := (words[one] ^ words[other]).bit_count()) <= bits
    }
    assert dict(zip(zip(first.tolist(), second.tolist(), strict=True), apart.tolist(), strict=True)) == expected


def test_of_too_many_pairs_the_nearest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike_codes, "MOST", 5)
    parts = [(np.array([at]), np.array([at + 1]), np.array([20 - at])) for at in range(20)]
    (first, _, _), left = alike_codes.gathered(iter(parts), None, 30)
    assert first.tolist() == [15, 16, 17, 18, 19]
    assert left == 15


def test_cosines_are_the_same_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = planted(300, 16, 0.9)
    (first, second, _), _ = alike_cosines.every(vectors, 0.5)
    monkeypatch.setattr(alike_cosines, "_BYTES", 16 * 4 * 37)
    found = alike_cosines.cosines(lambda places: vectors[places], 16, first, second, lambda: False)
    assert np.allclose(found, (vectors[first] * vectors[second]).sum(axis=1), atol=1e-5)
    exact = vectors @ vectors.T
    assert len(first) == int((np.triu(exact, 1) >= 0.5).sum())
