"""The walk: what it finds, what it leaves out, and when a folder counts as unchanged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phototag.read.walk import Walk


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def found(root: Path, **options: object) -> list[str]:
    walk = Walk(str(root), **options)  # type: ignore[arg-type]
    start = len(str(root)) + 1
    return [f"{folder.path[start:]}/{entry[0]}" for folder in walk.folders() for entry in folder.entries]


def test_it_finds_everything_in_the_order_of_names(tmp_path: Path) -> None:
    tree(tmp_path, "b.jpg", "a.jpg", "2024/x.jpg", "2023/y.jpg", "2024/01/z")
    assert found(tmp_path) == ["/a.jpg", "/b.jpg", "2023/y.jpg", "2024/x.jpg", "2024/01/z"]


def test_hidden_and_system_places_are_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", ".hidden.jpg", "._a.jpg", ".trash/b.jpg", "@eaDir/a.jpg", "Thumbs.db", "$RECYCLE.BIN/c.jpg")
    tree(tmp_path, "Cat Previews.lrdata/d.jpg", ".phototag/e.jpg", "System Volume Information/f", "__MACOSX/g.jpg")
    assert found(tmp_path) == ["/a.jpg"]
    assert found(tmp_path, hidden=True) == ["/.hidden.jpg", "/a.jpg", ".trash/b.jpg"]


def test_ignore_files_speak_for_their_folder_and_below(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "a.tmp", "raw/b.jpg", "raw/c.tmp", "raw/keep/d.jpg", "export/e.jpg", "export/keep.jpg")
    (tmp_path / ".phototagignore").write_text("*.tmp\n# a comment\n/export/*\n!/export/keep.jpg\n")
    (tmp_path / "raw" / ".phototagignore").write_text("keep/\n")
    assert found(tmp_path) == ["/a.jpg", "export/keep.jpg", "raw/b.jpg"]
    assert found(tmp_path, patterns=("raw",)) == ["/a.jpg", "export/keep.jpg"]
    walk = Walk(str(tmp_path))
    once_more = walk.folder(str(tmp_path / "raw"))
    assert once_more is not None and [entry[0] for entry in once_more.entries] == ["b.jpg"]


def test_symlink_loops_end_and_linked_folders_are_walked_once(tmp_path: Path) -> None:
    tree(tmp_path, "a/x.jpg", "elsewhere/y.jpg")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path) == ["a/x.jpg", "elsewhere/y.jpg"]
    assert found(tmp_path, follow_links=False) == ["a/x.jpg", "elsewhere/y.jpg"]


def test_links_that_lead_nowhere_and_closed_folders_are_named(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "closed/b.jpg")
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    walk = Walk(str(tmp_path))
    assert [e[0] for folder in walk.folders() for e in folder.entries] == ["a.jpg", "b.jpg"]
    assert walk.unreadable == {str(tmp_path / "broken.jpg"): "the link leads nowhere"}
    absent = Walk(str(tmp_path / "absent"))
    assert list(absent.folders()) == [] and "cannot be opened" in absent.unreadable[str(tmp_path / "absent")]


def test_pipes_and_sockets_are_no_photos(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert found(tmp_path) == []


def digest(root: Path) -> str:
    return next(Walk(str(root)).folders()).digest


@pytest.mark.parametrize("change", ["rename", "size", "mtime", "replace", "remove", "add"])
def test_every_change_of_a_folder_changes_its_digest(tmp_path: Path, change: str) -> None:
    tree(tmp_path, "a.jpg", "b.jpg")
    before, path = digest(tmp_path), tmp_path / "a.jpg"
    assert digest(tmp_path) == before
    stat = path.stat()
    if change == "rename":
        path.rename(tmp_path / "c.jpg")
    elif change == "size":
        path.write_bytes(b"xx")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "mtime":
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1000))
    elif change == "replace":
        tree(tmp_path, "new")
        os.utime(tmp_path / "new", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        (tmp_path / "new").rename(path)
    elif change == "remove":
        path.unlink()
    else:
        tree(tmp_path, "z.jpg")
    assert digest(tmp_path) != before


def test_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    name = os.fsdecode(b"b\xffd.jpg")
    tree(tmp_path, name, "new\nline.jpg", "-dash.jpg", "ends with space ", "ü🎂.jpg", "n" * 255)
    assert sorted(found(tmp_path)) == sorted(
        f"/{n}" for n in (name, "new\nline.jpg", "-dash.jpg", "ends with space ", "ü🎂.jpg", "n" * 255)
    )
