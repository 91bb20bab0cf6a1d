"""The journal's reader and recovery: digests decide, never states."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.change.journal import Journal, recover
from phototag.read.identity import whole_file_digest
from phototag.records import Entry, Said
from phototag.report import Report
from phototag.store.library import Library, open_library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return open_library(tmp_path, make=True)


def entry(target: Path, state: str, before: str = "", after: str = "", name: str = "e1") -> Entry:
    temp = target.with_name(".phototag-1.jpg")
    return Entry(name, "b1", state, {"kind": "tags", "target": target.name, "temp": temp.name}, before, after)


@pytest.mark.parametrize(("content", "end"), [(b"before", "aborted"), (b"after", "done"), (b"third", "unknown")])
def test_a_ready_change_ends_as_the_digest_says(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, end: str
) -> None:
    target, temp = tmp_path / "a.jpg", tmp_path / ".phototag-1.jpg"
    digests = []
    for text in (b"before", b"after"):
        target.write_bytes(text)
        digests.append(whole_file_digest(str(target)))
    target.write_bytes(content)
    temp.write_bytes(b"half")
    journal = Journal(library.journal)
    journal.append([entry(target, "begun"), entry(target, "ready", *digests)])
    assert recover(journal, library.place, Report()) == {end: 1}
    assert journal.entries()["e1"].state == end
    assert target.read_bytes() == content and not temp.exists()
    assert recover(journal, library.place, Report()) == {}
    assert ("left alone" in capsys.readouterr().err) == (end == "unknown")


def test_a_begun_change_is_aborted_and_its_temp_dropped_but_nothing_else(library: Library, tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    target.write_bytes(b"before")
    mine = tmp_path / "precious.jpg"
    mine.write_bytes(b"a person's")
    (tmp_path / ".phototag-1.jpg").write_bytes(b"half")
    journal = Journal(library.journal)
    lying = Entry("e2", "b1", "begun", {"target": "a.jpg", "temp": "precious.jpg"})
    journal.append([entry(target, "begun"), lying])
    assert recover(journal, library.place, Report(quiet=True)) == {"aborted": 2}
    assert target.exists() and mine.exists() and not (tmp_path / ".phototag-1.jpg").exists()


def test_a_change_on_an_unplugged_disk_waits(library: Library, tmp_path: Path) -> None:
    journal = Journal(library.journal)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.jpg").write_bytes(b"after")
    after = whole_file_digest(str(tmp_path / "disk" / "a.jpg"))
    journal.append([Entry("e1", "b1", "ready", {"target": "disk/a.jpg"}, "0", after)])
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    assert recover(journal, library.place, Report(quiet=True)) == {}
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    assert recover(journal, library.place, Report(quiet=True)) == {"done": 1}


def test_a_ready_change_whose_file_has_gone_is_unknown(library: Library, tmp_path: Path) -> None:
    journal = Journal(library.journal)
    journal.append([entry(tmp_path / "gone.jpg", "ready", "1", "2")])
    assert recover(journal, library.place, Report(quiet=True)) == {"unknown": 1}


@given(cut=st.integers(min_value=0))
def test_a_journal_cut_at_any_byte_is_read_up_to_the_cut(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    library = open_library(tmp_path_factory.mktemp("journal"), make=True)
    journal = Journal(library.journal)
    states = ["begun", "ready", "done"]
    journal.append([Entry(f"e{n}", "b", state, {"target": "ü"}) for n in range(3) for state in states])
    path = library.journal.path
    whole = path.read_bytes()
    cut %= len(whole) + 1
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n") + (whole[cut : cut + 1] == b"\n") - 1  # the first line is the header
    seen = journal.entries()
    expected = {f"e{n}": states[min(lines - 3 * n, 3) - 1] for n in range(3) if lines > 3 * n}
    assert {name: found.state for name, found in seen.items()} == expected


def test_the_journal_says_what_it_is_and_keeps_what_undo_needs(library: Library) -> None:
    journal = Journal(library.journal)
    journal.append([Entry("e1", "b1", "begun", {"target": "a"}, keep={"prefix": 3})])
    journal.append([Entry("e1", "b1", "done")])
    assert library.journal.path.read_text().startswith('{"journal": "phototag", "format": 1}\n')
    found = journal.entries()["e1"]
    assert (found.state, found.change, found.keep, found.batch) == ("done", {"target": "a"}, {"prefix": 3}, "b1")


def test_what_people_said_comes_back_in_order_and_is_no_change(library: Library) -> None:
    journal = Journal(library.journal)
    first = Said("p1", accept=("Müller",), reject=("dog",), caption={"de": "Am Tor\nbei Nacht"}, at="2024-01-01")
    second = Said("p1", add=("NASA",), remove=("cat",), at="2024-01-02")
    journal.say([first])
    journal.append([Entry("e1", "b1", "done")])
    journal.say([second])
    assert list(journal.said()) == [first, second]
    assert list(journal.entries()) == ["e1"]


def test_a_new_sidecar_ends_as_its_presence_says(library: Library, tmp_path: Path) -> None:
    """Before our change there was no file: then nothing was done; with any other content somebody else was there."""
    digests = {}
    for name in ("there", "other"):
        (tmp_path / f"{name}.xmp").write_text("ours")
        digests[name] = whole_file_digest(tmp_path / f"{name}.xmp")
    (tmp_path / "other.xmp").write_text("a person's")
    journal = Journal(library.journal)
    for name in ("there", "other", "absent"):
        journal.append([entry(tmp_path / f"{name}.xmp", "ready", "", digests.get(name, "1"), name)])
    assert recover(journal, library.place, Report(quiet=True)) == {"done": 1, "unknown": 1, "aborted": 1}
    ends = {name: found.state for name, found in journal.entries().items()}
    assert ends == {"there": "done", "other": "unknown", "absent": "aborted"}


def test_a_ready_line_that_proves_nothing_is_unknown(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    journal = Journal(library.journal)
    journal.append([entry(tmp_path / "a.jpg", "ready"), Entry("e2", "b", "ready", {}), Entry("e3", "b", "begun", {})])
    assert recover(journal, library.place, Report(quiet=True)) == {"unknown": 2, "aborted": 1}


def test_an_undo_that_is_done_ends_what_it_took_back(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")
    old = whole_file_digest(tmp_path / "a.jpg")
    journal = Journal(library.journal)
    journal.append([Entry("e1", "b1", "done", {"target": "a.jpg"}, old, "new")])
    journal.append([Entry("e2", "b2", "ready", {"kind": "undo", "target": "a.jpg", "of": "e1"}, "new", old)])
    assert recover(journal, library.place, Report(quiet=True)) == {"done": 1}
    first, second = journal.entries().values()
    assert (first.state, first.batch, second.state) == ("undone", "b1", "done")


def test_temps_of_temps_go_too_and_those_of_others_stay(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    mine = [".phototag-b-000001.jpg", ".phototag-b-000001.jpg_exiftool_tmp", ".phototag-b-000001-utf8.jpg"]
    others = [".phototag-b-000002.jpg", "a.jpg_exiftool_tmp", "phototag-b-000001.jpg"]
    for name in (*mine, *others):
        (tmp_path / name).write_bytes(b"half")
    journal = Journal(library.journal)
    journal.append([Entry("b-000001", "b", "begun", {"target": "a.jpg", "temp": mine[0]})])
    assert recover(journal, library.place, Report(quiet=True)) == {"aborted": 1}
    assert not any((tmp_path / name).exists() for name in mine)
    assert all((tmp_path / name).exists() for name in others)


def test_an_empty_folder_is_an_unplugged_disk(library: Library, tmp_path: Path) -> None:
    journal = Journal(library.journal)
    (tmp_path / "disk").mkdir()
    journal.append([Entry("e1", "b1", "begun", {"target": "disk/a.jpg", "temp": "disk/.phototag-1.jpg"})])
    assert recover(journal, library.place, Report(quiet=True)) == {}
    assert [found.id for found in journal.open_ends()] == ["e1"]


def test_a_checkpoint_saves_reading_and_is_never_believed_blindly(library: Library) -> None:
    path, mark = library.journal.path, library.place.state / "journal.settled"
    journal = Journal(library.journal)
    journal.append([Entry("e1", "b", state, {"target": "a"}) for state in ("begun", "ready", "done")])
    journal.append([Entry("e2", "b", "begun", {"target": "b"})])
    journal.settle()
    offset = json.loads(mark.read_text())["offset"]
    assert path.read_bytes()[offset:].startswith(b'{"id": "e2"')
    content = path.read_bytes()
    path.write_bytes(b" " * (offset - 64) + content[offset - 64 :])
    assert [found.id for found in Journal(library.journal).open_ends()] == ["e2"], "what was settled is not read again"
    path.write_bytes(content)
    later = Journal(library.journal)
    later.append([Entry("e2", "b", "done"), Entry("e3", "b", "begun")])
    assert [found.id for found in later.open_ends()] == ["e3"]
    other = content[:offset].replace(b'"done"', b'"begun"') + content[offset:]  # one byte longer: the tail is another
    for journal_now, expected in ((other, ["e1", "e2"]), (content[: offset - 5], ["e1"]), (b"", [])):
        path.write_bytes(journal_now)
        assert [found.id for found in Journal(library.journal).open_ends()] == expected
    path.write_bytes(content)
    for nonsense in (b"", b"{", b"[1]", b'{"offset": -4, "tail": ""}', b'{"offset": 1e99, "tail": ""}'):
        mark.write_bytes(nonsense)
        assert [found.id for found in Journal(library.journal).open_ends()] == ["e2"]


@given(cut=st.integers(min_value=0))
def test_a_cut_journal_goes_on_and_every_reader_agrees(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Whatever byte a crash cut at: later lines are whole, and what is half done is what the whole reading says."""
    library = open_library(tmp_path_factory.mktemp("journal"), make=True)
    journal = Journal(library.journal)
    journal.begin("tag")
    journal.append([Entry(f"e{n}", "b", state, {"target": "ü"}) for n in range(3) for state in ("begun", "done")])
    journal.settle()
    path = library.journal.path
    path.write_bytes(path.read_bytes()[: cut % (path.stat().st_size + 1)])
    again = Journal(library.journal)
    again.append([Entry("later", "b2", "begun", {"target": "x"})])
    expected = [name for name, found in again.entries().items() if found.state == "begun"]
    assert [found.id for found in Journal(library.journal).open_ends()] == expected
    assert "later" in expected


def test_a_batch_has_a_name_that_sorts_and_can_be_typed(library: Library) -> None:
    journal = Journal(library.journal)
    batch = journal.begin("tag photos")
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{2,4}", batch)
    line = json.loads(library.journal.path.read_text().splitlines()[1])
    assert (line["batch"], line["command"]) == (batch, "tag photos") and line["at"]
    assert journal.entries() == {} and list(journal.said()) == []
