"""The append-only log: whole lines survive whatever happens to the last one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.errors import NoSpace
from phototag.store.log import Log, replace_file

LINES = [{"n": n, "text": "Müller 🎂\n" * n} for n in range(5)]


def values(log: Log, start: int = 0) -> list[dict[str, object]]:
    return [line for line, _ in log.read(start)]


def test_lines_come_back_in_order_and_from_any_offset(tmp_path: Path) -> None:
    log = Log(tmp_path / "a" / "log.jsonl")
    assert values(log) == [] and log.size() == 0
    middle = log.append(LINES[:2])
    log.append(LINES[2:])
    assert values(log) == LINES
    assert values(log, middle) == LINES[2:]
    assert [offset for _, offset in log.read()][-1] == log.size()


@given(cut=st.integers(min_value=0))
def test_a_log_cut_at_any_byte_gives_every_whole_line_and_takes_more(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "log.jsonl"
    log = Log(path)
    log.append(LINES)
    whole = path.read_bytes()
    cut %= len(whole) + 1
    path.write_bytes(whole[:cut])
    expected = [line for line in LINES if whole.index(_form(line, whole)) + len(_form(line, whole)) - 1 <= cut]
    assert values(log) == expected
    log.append([{"after": "the cut"}])
    assert values(log) == [*expected, {"after": "the cut"}]


def _form(line: dict[str, object], whole: bytes) -> bytes:
    return next(raw for raw in whole.splitlines(keepends=True) if b'"n": %d,' % line["n"] in raw)


def test_garbage_between_lines_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path)
    log.append(LINES[:1])
    with path.open("ab") as file:
        file.write(b'\xff\xfe not json\n[1, 2]\n"text"\n')
    log.append(LINES[1:2])
    assert values(log) == LINES[:2]


def test_an_undecodable_file_name_survives(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.append([{"path": "b\udcffd.jpg"}])
    assert values(log) == [{"path": "b\udcffd.jpg"}]


def test_a_full_disk_is_a_sentence_and_leaves_no_half_line(small_disk: Path) -> None:
    log = Log(small_disk / "log.jsonl")
    log.append(LINES)
    before = log.path.read_bytes()
    with pytest.raises(NoSpace, match=r"log\.jsonl") as trouble:
        log.append([{"text": "x" * 3_000_000}])
    assert "same command again" in trouble.value.hint
    assert log.path.read_bytes() == before
    with pytest.raises(NoSpace):
        replace_file(small_disk / "other", b"x" * 3_000_000)
    assert [path.name for path in small_disk.iterdir()] == ["log.jsonl"]


def test_replacing_a_file_leaves_no_temp(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]
