"""What people did to originals after they were copied reaches the copies that nobody but us has written, and no others.

The decision: a tree that was made once is copied for each test, and originals are put back after it, as in the tests of
the second run; which of several twins is copied is tried with rows, for that needs no file. Refused: journal lines made
by hand, but for the chain of digests, whose breaks no command can make.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag import api
from phototag.cli import run
from phototag.organizing.planning import Plan
from phototag.organizing.renewal import is_ours
from phototag.organizing.stock import Original
from phototag.organizing.twins import chosen_of
from phototag.records import Entry
from tests.organizing import (
    NOON,
    Tell,
    copy_samples,
    found,
    keywords,
    picture,
    plain_home,
    put_back,
    state,
    tags,
    teller,
    tree,
)
from tests.writing import exiftool

SHIP, SIDECAR, LATER = "DSC00042.jpg", "DSC_1.xmp", "DSC_2.xmp"
EXPOSURE, RATING = "XMP-crs:Exposure2012", "XMP-xmp:Rating"


class Made(NamedTuple):
    """The originals, a second copy of them, and the tree after its first run."""

    heap: Path
    kept: Path
    tree: Path


def raw(path: Path, side: int, minute: int) -> Path:
    taken = f"-DateTimeOriginal=2023:09:03 10:{minute:02}:00"
    return picture(path, side, taken, "-Make=NIKON CORPORATION", "-IFD0:PhotometricInterpretation#=32803")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("renewal")
    heap, kept, first = (folder / name for name in ("heap", "kept", "tree"))
    copy_samples(heap, SHIP, "birthday/IMG_0007.jpg", "birthday/IMG_0007.xmp")
    raw(heap / "more" / "DSC_1.NEF", 64, 0)
    sidecar(heap / "more" / SIDECAR, f"-{EXPOSURE}=+0.35", "-XMP-dc:Subject=mine")
    raw(heap / "more" / "DSC_2.NEF", 65, 5)
    for number, path in enumerate(sorted(heap.rglob("*.*"))):
        os.utime(path, ns=(NOON, NOON + number * 10**9))
    shutil.copytree(heap, kept)
    with plain_home(folder):
        # All is copied; the two RAW files have no preview to look at, which the first run says.
        assert run(["organize", str(heap), "--to", str(first), "--quiet"]) == 1
    return Made(heap, kept, first)


@pytest.fixture
def heap(made: Made) -> Iterator[Path]:
    """The originals, to which a test may do what it wants."""
    yield made.heap
    put_back(made.kept, made.heap)


@pytest.fixture
def to(made: Made, tmp_path: Path) -> Path:
    """A tree after its first run."""
    return Path(shutil.copytree(made.tree, tmp_path / "tree"))


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    monkeypatch.setenv("PHOTOTAG_WRITE_SETTLE_SECONDS", "0")
    return teller(capsys, monkeypatch)


def edit(path: Path, *changes: str) -> None:
    """What a program of a person's does to a file."""
    exiftool("-overwrite_original", *changes, str(path))


def sidecar(path: Path, *words: str) -> None:
    """A sidecar that a program of a person's makes."""
    exiftool("-o", str(path), *words)


def renewed(plan: Plan) -> list[str]:
    return sorted(Path(copy.target).name for copy in plan.renewals)


def copies(to: Path) -> dict[str, bytes]:
    return {name: (to / name).read_bytes() for name in tree(to)}


# ---- the originals


def test_what_people_did_to_originals_reaches_the_copies_with_our_keywords(heap: Path, to: Path, tell: Tell) -> None:
    """Ratings, develop settings, another date; and the sidecar that a RAW got where there was only ours."""
    ship, *_ = paths = [found(to, name) for name in (SHIP, SIDECAR, LATER)]
    before, words = copies(to), [keywords(path) for path in paths]
    assert all(words) and "mine" in words[1] and len(words[1]) > 1
    edit(heap / SHIP, f"-{RATING}=5", f"-{EXPOSURE}=+1.00", "-XMP-dc:Subject+=Rita", "-AllDates=2019:03:04 05:06:07")
    edit(heap / "more" / SIDECAR, f"-{EXPOSURE}=-0.70", f"-{RATING}=4")
    sidecar(heap / "more" / LATER, f"-{EXPOSURE}=+0.50", "-XMP-dc:Subject=Rita")
    originals = state(heap)
    assert tell("organize", heap, "--to", to).code == 0
    assert state(heap) == originals
    assert [tags(path)[EXPOSURE] for path in paths] == ["+1.00", "-0.70", "+0.50"]
    assert [tags(path).get(RATING) for path in paths] == ["5", "4", None]
    assert [keywords(path) for path in paths] == [words[0] | {"rita"}, words[1], words[2] | {"rita"}]
    assert exiftool("-s3", "-DateTimeOriginal", str(ship)).strip() == "2019:03:04 05:06:07"
    assert ship.stat().st_mtime_ns == (heap / SHIP).stat().st_mtime_ns
    after = copies(to)
    assert after.keys() == before.keys()
    assert {to / name for name in before if before[name] != after[name]} == set(paths)
    again = state(to)
    done = tell("organize", heap, "--to", to, "--json")
    assert (done.code, done.json["run"], done.json["there_already"]) == (0, "", 7) and state(to) == again


def test_a_copy_that_a_person_edited_is_left_and_named(heap: Path, to: Path, tell: Tell) -> None:
    ship, beside, later = found(to, SHIP), found(to, SIDECAR), found(to, LATER)
    for path in (ship, beside, later):
        edit(path, f"-{RATING}=1")
    edit(heap / SHIP, f"-{RATING}=5")
    edit(heap / "more" / SIDECAR, f"-{RATING}=5")
    sidecar(heap / "more" / LATER, f"-{RATING}=5")
    before = copies(to)
    done = api.organize(heap, to)
    passed = done.plan.passed
    assert copies(to) == before and done.exit_code == 0
    assert sorted(passed.outdated) == sorted(str(path.relative_to(to)) for path in (ship, beside))
    assert passed.changed == [str(later.relative_to(to))] and renewed(done.plan) == [] and passed.there == 4


def test_a_renewal_is_taken_back_to_the_byte_and_made_again_by_the_next_run(heap: Path, to: Path, tell: Tell) -> None:
    before = copies(to)
    edit(heap / SHIP, f"-{RATING}=5")
    edit(heap / "more" / SIDECAR, f"-{RATING}=4")
    sidecar(heap / "more" / LATER, f"-{RATING}=3")
    assert tell("organize", heap, "--to", to).code == 0
    assert copies(to) != before
    assert tell("undo", "--last", "--library", to).code == 0
    assert copies(to) == before
    done = api.organize(heap, to)
    assert (renewed(done.plan), done.plan.passed.changed, done.refused) == ([SHIP, SIDECAR, LATER], [], [])
    assert [tags(found(to, name))[RATING] for name in (SHIP, SIDECAR, LATER)] == ["5", "4", "3"]


def test_a_copy_that_we_brought_up_to_date_is_still_ours(heap: Path, to: Path, tell: Tell) -> None:
    ship = found(to, SHIP)
    assert tell("keywords", ship, "+harbour lights").code == 0
    first = api.organize(heap, to)
    assert renewed(first.plan) == [] and "harbour lights" in keywords(ship)
    edit(heap / SHIP, f"-{RATING}=5")
    assert tell("organize", heap, "--to", to).code == 0
    assert tags(ship)[RATING] == "5" and "harbour lights" in keywords(ship)


def test_what_was_only_touched_is_not_copied_again(heap: Path, to: Path, tell: Tell) -> None:
    before = state(to)
    for path in heap.rglob("*.*"):
        os.utime(path, ns=(NOON, NOON + 10**15))
    done = api.organize(heap, to)
    assert (done.exit_code, renewed(done.plan), done.plan.passed.there) == (0, [], 6) and state(to) == before


# ---- other folders


def test_an_older_backup_does_not_renew_the_copies_of_another_folder(
    heap: Path, to: Path, tell: Tell, tmp_path: Path
) -> None:
    backup = Path(shutil.copytree(heap, tmp_path / "backup"))
    for path in backup.rglob("*.*"):
        edit(path, "-XMP-xmp:Label=Old")
        os.utime(path, ns=(NOON - 10**15, NOON - 10**15))
    before = state(to)
    done = api.organize(backup, to)
    assert done.exit_code == 0 and state(to) == before
    assert sorted(done.plan.passed.left) == [str(path) for path in sorted(backup.rglob("*.xmp"))]


def test_a_folder_that_was_moved_brings_neither_pictures_nor_sidecars_again(
    heap: Path, to: Path, tell: Tell, tmp_path: Path
) -> None:
    elsewhere = Path(shutil.copytree(heap, tmp_path / "elsewhere", copy_function=shutil.copy2))
    before = state(to)
    done = tell("organize", elsewhere, "--to", to, "--json")
    assert (done.code, done.json["run"], done.json["there_already"]) == (0, "", 6), done
    assert state(to) == before


def test_what_again_copies_is_not_called_deleted(heap: Path, to: Path, tell: Tell) -> None:
    names = tree(to)
    found(to, SHIP).unlink()
    found(to, SIDECAR).unlink()
    gone = sorted(set(names) - set(tree(to)))
    assert sorted(api.organize(heap, to, dry_run=True).plan.passed.deleted) == gone
    plan = api.organize(heap, to, again=True).plan
    assert plan.passed.deleted == [] and sorted(copy.target for copy in plan.copies) == gone and tree(to) == names


# ---- twins


def test_of_twins_the_one_is_copied_in_which_a_person_has_worked(heap: Path, to: Path, tell: Tell) -> None:
    one, two = heap / "a", heap / "b"
    picture(one / "IMG_1.jpg", 80, "-DateTimeOriginal=2022:05:01 10:00:00")
    raw(one / "IMG_2.NEF", 82, 30)
    shutil.copytree(one, two)
    edit(two / "IMG_1.jpg", f"-{RATING}=5")
    sidecar(one / "IMG_1.xmp", f"-{EXPOSURE}=+0.50")
    sidecar(two / "IMG_1.xmp", f"-{EXPOSURE}=+0.50", f"-{RATING}=5")
    picture(one / "IMG_2.jpg", 83, "-DateTimeOriginal=2023:09:03 10:30:00", "-Make=NIKON CORPORATION")
    (one / "IMG_2.AAE").write_text("<plist/>")  # so that this folder leads
    sidecar(two / "IMG_2.xmp", f"-{EXPOSURE}=-0.50")
    done = api.organize(heap, to)
    passed = done.plan.passed
    assert (done.refused, passed.twins, passed.left) == ([], 2, [str(one / "IMG_1.xmp")])
    assert tags(found(to, "IMG_1.jpg"))[RATING] == "5" and tags(found(to, "IMG_1.xmp"))[RATING] == "5"
    assert tags(found(to, "IMG_2.xmp"))[EXPOSURE] == "-0.50" and keywords(found(to, "IMG_2.xmp"))
    assert found(to, "IMG_2.AAE") and found(to, "IMG_2.jpg") and found(to, "IMG_2.NEF")
    before = state(to)
    again = api.organize(heap, to)
    assert (again.plan.copies, renewed(again.plan), again.batch) == ([], [], "") and state(to) == before


def a(path: str, image_id: str = "", size: int = 100, kind: str = "") -> Original:
    return Original(f"/s/{path}", kind or path.rpartition(".")[2].lower(), image_id, size, 1)


def never(one: Original, other: Original) -> bool:
    return False


def names(some: Sequence[Original]) -> list[str]:
    return [one.path.removeprefix("/s/") for one in some]


def test_the_folder_with_most_kinds_then_a_sidecar_then_most_bytes_leads() -> None:
    raw_pair = [a("z/1.jpg", "j", 10), a("z/1.nef", "n", 10)]
    assert names(chosen_of([a("a/1.jpg", "j", 99), *raw_pair], never)[0]) == ["z/1.nef", "z/1.jpg"]
    with_sidecar = [a("y/1.nef", "n", 5), a("y/1.xmp")]
    assert names(chosen_of([*raw_pair, *with_sidecar], never)[0]) == ["y/1.nef", "z/1.jpg", "y/1.xmp"]
    larger = [a("x/1.jpg", "j", 10), a("x/1.nef", "n", 11)]
    assert names(chosen_of([*raw_pair, *larger], never)[0]) == ["x/1.nef", "x/1.jpg"]
    twice = [a("b/1.jpg", "j", 60), a("b/1 (1).jpg", "j", 60)]
    assert names(chosen_of([a("c/1.jpg", "j", 70), *twice], never)[0]) == ["c/1.jpg"]
    assert names(chosen_of([a("b/1.jpg", "j"), a("a/1.jpg", "j")], never)[0]) == ["a/1.jpg"]


def test_sidecars_are_rivals_by_what_they_speak_of_and_by_their_endings() -> None:
    two = [a("a/1.jpg", "j", 9), a("a/1.nef", "n"), a("a/1.xmp"), a("a/1.NEF.xmp"), a("b/1.jpg", "j"), a("b/1.XMP")]
    chosen, left = chosen_of(two, never)
    assert names(chosen[2:]) == ["a/1.NEF.xmp", "a/1.xmp"] and left == ["/s/b/1.XMP"]
    assert chosen_of(two, lambda one, other: True)[1] == []
    beside = [a("a/1 copy.jpg", "j", 8), a("a/1 copy.xmp"), a("a/1.jpg", "j", 9), a("a/1.xmp")]
    assert names(chosen_of(beside, never)[0]) == ["a/1.jpg", "a/1.xmp"]
    other_name = [a("a/1.jpg", "j", 9), a("a/1.aae"), a("b/P1.jpg", "j", 8), a("b/P1.xmp")]
    assert chosen_of(other_name, never)[1] == ["/s/b/P1.xmp"], "beside 1.jpg no program would read it"


FILES = st.builds(
    a,
    st.builds("{}/{}.{}".format, st.sampled_from("ab"), st.sampled_from("12"), st.just("jpg")),
    st.sampled_from("jk"),
    st.integers(1, 3),
) | st.builds(
    a, st.builds("{}/{}.{}".format, st.sampled_from("ab"), st.sampled_from("12"), st.sampled_from(("xmp", "aae")))
)


@given(st.lists(FILES, min_size=1, max_size=8, unique_by=lambda one: one.path), st.randoms(use_true_random=False))
def test_of_twins_one_of_each_picture_is_chosen_and_no_sidecar_is_lost_whatever_the_order(
    files: list[Original], dice: object
) -> None:
    if not any(one.image_id for one in files):
        return
    chosen, left = chosen_of(files, never)
    pictures = [one.image_id for one in chosen if one.image_id]
    assert sorted(pictures) == sorted({one.image_id for one in files if one.image_id})
    sidecars = {one.path for one in files if not one.image_id}
    assert len(files) == 1 or sidecars == {one.path for one in chosen if not one.image_id} | set(left)
    shuffled = list(files)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    again, left_again = chosen_of(shuffled, never)
    assert (again, sorted(left_again)) == (chosen, sorted(left))


# ---- whose file it is


def done(kind: str, before: str, after: str, state: str = "done") -> Entry:
    return Entry("e", "b", state, {"kind": kind}, before, after)


@pytest.mark.parametrize(
    ("entries", "ours"),
    [
        ([], False),
        ([done("copy", "", "x")], True),
        ([done("copy", "", "1"), done("embed", "1", "x")], True),
        ([done("sidecar", "", "1"), done("copy", "1", "x")], True),
        ([done("copy", "", "x"), done("copy", "x", "2", "undone"), done("undo", "2", "x")], True),
        ([done("copy", "", "1"), done("copy", "", "x")], True),  # deleted, and copied again
        ([done("copy", "", "1")], False),  # edited since
        ([done("copy", "", "1"), done("embed", "2", "x")], False),  # edited before we brought words
        ([done("embed", "1", "x")], False),  # not made by us
        ([done("copy", "", "x", "aborted")], False),
    ],
)
def test_a_file_is_ours_by_an_unbroken_chain_of_digests(entries: list[Entry], ours: bool) -> None:
    assert is_ours(entries, "x") == ours
