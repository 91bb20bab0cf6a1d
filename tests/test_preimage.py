"""The way back: any two contents can be told apart and put together again, and what was kept is small."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.change.journal import Journal
from phototag.change.preimage import NoWayBack, Packs, common_ends, forget, forgettable, old_pieces, splice
from phototag.read.identity import whole_file_digest
from phototag.records import Entry
from phototag.store.library import open_library

few = st.binary(max_size=40)


@st.composite
def two_contents(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """An old and a new content that may begin alike, end alike and hold the same in the middle, or nothing of that."""
    begin, middle, end = draw(few), draw(few), draw(few)
    old = begin + draw(few) + middle + draw(few) + end
    new = begin + draw(few) + middle + draw(few) + end
    return old, new


@given(two_contents())
def test_the_common_ends_are_the_longest(pair: tuple[bytes, bytes]) -> None:
    old, new = pair
    prefix, suffix = common_ends(memoryview(old), memoryview(new))
    shorter = min(len(old), len(new))
    assert old[:prefix] == new[:prefix] and (prefix == shorter or old[prefix] != new[prefix])
    rest_old, rest_new = old[prefix:], new[prefix:]
    assert suffix <= min(len(rest_old), len(rest_new))
    assert rest_old[len(rest_old) - suffix :] == rest_new[len(rest_new) - suffix :]
    if suffix < min(len(rest_old), len(rest_new)):
        assert rest_old[-suffix - 1] != rest_new[-suffix - 1]


@given(pairs=st.lists(two_contents(), min_size=1, max_size=3))
def test_any_two_contents_lead_back(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[bytes, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("packs")
    packs = Packs(folder)
    asked = []
    for number, (old, new) in enumerate(pairs):
        (folder / f"{number}.old").write_bytes(old)
        (folder / f"{number}.new").write_bytes(new)
        digest = whole_file_digest(folder / f"{number}.old")
        asked.append((folder / f"{number}.old", folder / f"{number}.new", digest))
    kept = packs.put("b", asked)
    for number, (keep, (old, _)) in enumerate(zip(kept, pairs, strict=True)):
        restored = folder / f"{number}.restored"
        assert packs.restored(keep, folder / f"{number}.new", restored) == asked[number][2]
        assert restored.read_bytes() == old
        assert packs.has(keep)


def kept_of(tmp_path: Path, old: bytes, new: bytes) -> dict[str, object]:
    (tmp_path / "old").write_bytes(old)
    (tmp_path / "new").write_bytes(new)
    digest = whole_file_digest(tmp_path / "old")
    (keep,) = Packs(tmp_path).put("b", [(tmp_path / "old", tmp_path / "new", digest)])
    Packs(tmp_path).restored(keep, tmp_path / "new", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == old
    return keep


def test_an_insertion_costs_nothing_and_a_changed_header_with_a_new_end_little(tmp_path: Path) -> None:
    noise = os.urandom(3_000_000)
    for name in "abc":
        (tmp_path / name).mkdir()
    assert kept_of(tmp_path / "a", noise, noise[:500] + b"inserted" + noise[500:])["length"] == 0
    webp = kept_of(tmp_path / "b", b"RIFF1234" + noise, b"RIFF5678" + noise + b"XMP at the end")
    assert webp["how"] == "xor" and int(str(webp["length"])) < 5_000
    other = kept_of(tmp_path / "c", noise, os.urandom(1000))
    assert (other["prefix"], other["suffix"], other["how"]) == (0, 0, "raw")


def test_a_large_file_takes_a_moment(tmp_path: Path) -> None:
    noise = os.urandom(60_000_000)
    start = time.monotonic()
    keep = kept_of(tmp_path, noise, noise[:1000] + b"x" * 5000 + noise[1200:])
    assert int(str(keep["length"])) < 400
    assert time.monotonic() - start < 10


def test_a_pack_that_was_cut_or_damaged_never_counts(tmp_path: Path) -> None:
    old, new = b"begin" + b"old words " * 900 + b"end", b"begin" + os.urandom(50) + b"end"
    keep = kept_of(tmp_path, old, new)
    pack = tmp_path / "preimages" / "b.pack"
    whole = pack.read_bytes()
    pack.write_bytes(whole[:-3])
    with pytest.raises(NoWayBack):
        Packs(tmp_path).restored(keep, tmp_path / "new", tmp_path / "one")
    pack.write_bytes(whole[:5] + b"\xff\xff" + whole[7:])
    with pytest.raises(NoWayBack):
        Packs(tmp_path).restored(keep, tmp_path / "new", tmp_path / "two")
    with pytest.raises(NoWayBack):
        Packs(tmp_path).restored({}, tmp_path / "new", tmp_path / "three")


def test_a_new_file_that_is_too_short_is_no_way_back() -> None:
    cut = splice(memoryview(b"aaaabbbbcccc"), memoryview(b"aaaaXcccc"))
    with pytest.raises(NoWayBack):
        list(old_pieces(memoryview(b"a"), cut, io.BytesIO(), 0))


def test_an_old_file_that_changes_meanwhile_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"one")
    (tmp_path / "new").write_bytes(b"two")
    assert Packs(tmp_path).put("b", [(tmp_path / "old", tmp_path / "new", "another digest")]) == [{}]


def test_forgetting_drops_old_packs_after_the_journal_says_so(tmp_path: Path) -> None:
    library = open_library(tmp_path, make=True)
    journal = Journal(library.journal)
    packs = library.place.state / "preimages"
    packs.mkdir()
    old, waiting, new = "20200101-120000-aaaa", "20200101-120000-bbbb", "29990101-120000-cccc"
    for batch in (old, waiting, new):
        (packs / f"{batch}.pack").write_bytes(b"12345")
    journal.append([Entry("e1", waiting, "ready", {"target": "gone/a.jpg"}, "1", "2")])
    assert set(forgettable(library, timedelta(days=90))) == {old, waiting}
    assert forget(library, journal, timedelta(days=90)) == (1, 5)
    assert sorted(path.stem for path in packs.iterdir()) == [waiting, new]
    assert '"forgotten": ["20200101-120000-aaaa"]' in library.journal.path.read_text()
    assert forget(library, journal, timedelta(days=90)) == (0, 0)
