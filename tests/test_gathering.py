"""Photos brought together: what lies beside them comes with them, once."""

from __future__ import annotations

from pathlib import Path

from phototag.change.gathering import Gathering


def test_a_pair_with_one_sidecar_stays_one_pair(tmp_path: Path) -> None:
    origin, out = tmp_path / "in", tmp_path / "out"
    origin.mkdir()
    for name in ("a.JPG", "a.NEF", "a.xmp", "a.THM"):
        (origin / name).write_text(name)
    for _ in range(2):
        gathering = Gathering(out)
        for name in ("a.JPG", "a.NEF"):
            gathering.bring(str(origin / name))
        assert not gathering.done.failed
        assert {one.name: one.read_text() for one in out.iterdir()} == {
            name: name for name in ("a.JPG", "a.NEF", "a.xmp", "a.THM")
        }


def test_another_photo_of_that_name_takes_a_number_with_its_own_sidecar(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for name in ("a.jpg", "a.xmp"):
            (tmp_path / folder / name).write_text(f"{folder} {name}")
        gathering = Gathering(out)
        gathering.bring(str(tmp_path / folder / "a.jpg"))
        assert len(gathering.done.made) == 1
    assert sorted(one.name for one in out.iterdir()) == ["a (2).jpg", "a (2).xmp", "a.jpg", "a.xmp"]
