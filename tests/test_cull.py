"""Culling: the best are kept, nothing is given up without two reasons, series never, and a person has the last word.

The decision: rules are proved for whatever a photo may measure, and the whole is run on frames of known faults.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from phototag import api
from phototag.cli import run
from phototag.culling.nouns import Culled
from phototag.decide.cull import BURST, MAYBE, NEAR, PICK, REJECT, SINGLE, VERDICTS, Judged, Rules, judge
from phototag.decide.cull_weighing import PARTS, PROFILES, Frame, weights_of
from phototag.decide.series import BRACKET, PANORAMA, STACK, TIMELAPSE
from tests import culling
from tests.writing import contents

# ---- the rules

_ANY = st.one_of(st.none(), st.floats(0, 20))
_SHARE = st.one_of(st.none(), st.floats(0, 1))
_BLUR = st.sampled_from(["sharp", "motion", "defocus", "unknown"])
CRAFT = st.fixed_dictionaries(
    {
        "detail": _ANY,
        "subject_detail": _ANY,
        "subject_by": st.sampled_from(["faces", "objects", "saliency"]),
        "subject_cut": st.sampled_from(["", "left", "left bottom"]),
        "subject_brightness": st.one_of(st.none(), st.floats(0, 255)),
        "subject_clipped_dark": _SHARE,
        "subject_clipped_bright": _SHARE,
        "clipped_dark": _SHARE,
        "clipped_bright": _SHARE,
        "blur": _BLUR,
        "blur_sure": st.floats(0, 1),
        "subject_blur": _BLUR,
        "tilt": st.one_of(st.none(), st.floats(-15, 15)),
        "faces_cut": st.integers(0, 2),
        "eyes": st.sampled_from(["open", "closed", "unknown"]),
        "eyes_least": _SHARE,
        "smile_least": _SHARE,
    }
)
ANSWERS = st.sampled_from(["yes", "no", "can't tell"])
MODEL = st.one_of(
    st.just({}), st.fixed_dictionaries(dict.fromkeys(("eyes_open", "sharp", "subject_in_frame"), ANSWERS))
)
FRAMES = st.lists(
    st.builds(
        Frame,
        st.just(""),
        craft=st.one_of(st.none(), CRAFT),
        phash=st.one_of(st.none(), st.integers(0, 15)),
        night=st.booleans(),
        shallow=st.booleans(),
        model=MODEL,
        person=st.sampled_from(["", "", "", *VERDICTS]),
        pixels=st.sampled_from([0, 6_000_000, 24_000_000, 24_500_000]),
        master=st.integers(0, 3),
        size=st.integers(0, 9),
        moment=st.sampled_from([None, 1.0, 2.0]),
        owned=st.sampled_from(["", "", "has stars of yours"]),
    ),
    min_size=1,
    max_size=7,
)
KINDS = st.sampled_from([BURST, NEAR])
PROFILE = st.sampled_from(sorted(PROFILES))


FAMILIES = {"sharpness", "exposure", "eyes", "cut", "model"}


def _times_worse(judged: Judged) -> float:
    (text,) = [fault.text for fault in judged.faults if fault.witness == "sharpness"]
    return float(text.split(" times")[0].rpartition(" ")[2].lstrip("("))


@settings(max_examples=200, deadline=None)
@given(KINDS, FRAMES, st.integers(1, 4), PROFILE)
def test_what_holds_for_every_group(kind: str, frames: list[Frame], keep: int, profile: str) -> None:
    found = judge(kind, frames, Rules(keep, weights_of(profile)))
    assert [one.verdict for one in found if one.by == "person"] == [frame.person for frame in frames if frame.person]
    undecided = [one for frame, one in zip(frames, found, strict=True) if not frame.person]
    own = sum(frame.person == PICK for frame in frames)
    assert sum(one.verdict == PICK for one in undecided) == min(len(undecided), max(0, keep - own))
    for frame, one in zip(frames, found, strict=True):
        if one.verdict == REJECT and not frame.person:
            witnesses = {fault.witness for fault in one.faults}
            assert len(witnesses) >= 2 and witnesses <= FAMILIES | {"same"}
            assert "same" not in witnesses or ("sharpness" in witnesses and _times_worse(one) >= 2.3)
            assert not frame.owned
            picks = [other for other, said in zip(frames, found, strict=True) if said.verdict == PICK]
            assert frame.pixels <= 1.05 * max(pick.pixels for pick in picks)
            assert frame.craft and not frame.night and one.because
            assert any(other.verdict == PICK for other in found)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([BRACKET, PANORAMA, STACK, TIMELAPSE]), FRAMES)
def test_a_series_is_never_culled(kind: str, frames: list[Frame]) -> None:
    found = judge(kind, frames, Rules())
    assert [one.verdict for one in found] == [frame.person or MAYBE for frame in frames]


@settings(max_examples=150, deadline=None)
@given(FRAMES)
def test_alone_nothing_is_picked_and_two_hard_faults_are_needed(frames: list[Frame]) -> None:
    for frame in frames:
        (one,) = judge(SINGLE, [frame], Rules())
        if frame.person:
            assert one.verdict == frame.person
        else:
            assert one.verdict != PICK and (one.verdict == MAYBE or len({f.witness for f in one.faults}) == 2)


GOOD: dict[str, Any] = {
    "detail": 12.0,
    "subject_detail": 12.0,
    "subject_by": "faces",
    "subject_brightness": 120.0,
    "brightness": 120.0,
    "subject_blur": "sharp",
    "blur": "sharp",
    "eyes": "open",
    "eyes_least": 1.0,
    "faces": 1,
}


FILES = ("pixels", "master", "size", "moment", "owned")


def frame(name: str, **other: Any) -> Frame:
    craft = {key: value for key, value in other.items() if key not in ("model", "person", "night", "phash", *FILES)}
    rest = {key: value for key, value in other.items() if key not in craft}
    return Frame(name, GOOD | craft, **({"phash": 0} | rest))


def verdicts(*frames: Frame, **rules: Any) -> dict[str, str]:
    return {one.image_id: one.verdict for one in judge(BURST, frames, Rules(**rules))}


SOFT = {"subject_blur": "defocus", "blur": "defocus"}
CLOSED = {"eyes": "closed", "eyes_least": 0.0}


def test_closed_eyes_alone_reject_nothing() -> None:
    assert verdicts(frame("a"), frame("b", **CLOSED)) == {"a": PICK, "b": MAYBE}
    assert verdicts(frame("a"), frame("b", **CLOSED, subject_detail=11.0))["b"] == REJECT


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ({}, MAYBE),  # only less sharp
        ({"phash": 0}, MAYBE),  # nearly the same holds for all of a burst
        ({"phash": 0, "subject_detail": 10.0}, MAYBE),  # one figure never gives two reasons
        ({"phash": 0, "subject_detail": 10.0, **SOFT}, REJECT),  # but its own look says so too
        ({"phash": 0, "subject_detail": 11.0, **SOFT}, MAYBE),
        ({"phash": 0, "subject_detail": 10.0, "subject_blur": "defocus"}, MAYBE),  # something in it is sharp
        ({"phash": 0, "subject_detail": 10.0, **SOFT, "model": {"sharp": "yes"}}, MAYBE),
        ({**CLOSED, "owned": "has stars of yours"}, MAYBE),
        ({**CLOSED, "pixels": 24_000_000}, MAYBE),  # nobody knows how many the pick has
        (CLOSED, REJECT),
        ({**CLOSED, **SOFT}, MAYBE),  # blurred eyes look closed
        ({"phash": 0, "subject_blur": "motion"}, MAYBE),  # the same blur
        ({"subject_cut": "left"}, REJECT),
        ({"subject_cut": "left", "subject_by": "objects"}, MAYBE),  # another subject: the detector's, not the frame's
        ({"subject_cut": "left", "faces": 2}, MAYBE),
        ({"clipped_bright": 0.4, "brightness": 190.0}, REJECT),
        ({"clipped_bright": 0.4}, MAYBE),  # as bright as the pick: a lamp is in it
        ({"brightness": 40.0}, REJECT),
        ({"brightness": 80.0}, MAYBE),
        ({"brightness": 40.0, "subject_detail": 12.0}, MAYBE),  # only dark
        ({"subject_clipped_bright": 0.5}, REJECT),
        ({"phash": 0, "subject_detail": 12.0, "subject_cut": "left"}, MAYBE),
        ({"phash": 0, "night": True}, MAYBE),
        ({"phash": 0, "blur": "motion"}, MAYBE),  # the subject is sharp: panning
        ({"model": {"sharp": "no"}}, REJECT),
        ({**CLOSED, "model": {"eyes_open": "yes"}}, MAYBE),
    ],
)
def test_less_sharp_needs_a_second_reason(fault: dict[str, Any], wanted: str) -> None:
    soft = {"phash": 2**40 - 1, "subject_detail": 11.0} | fault
    assert verdicts(frame("a"), frame("b", **soft)) == {"a": PICK, "b": wanted}


def test_only_what_is_whole_in_the_pick_can_be_cut() -> None:
    person, dog, whole = [173, 0, 722, 950], [182, 364, 511, 908], [150, 40, 740, 960]
    dark = {"brightness": 40.0, "subject_by": "objects", "subject_cut": "top", "subject_box": person}
    for box, wanted in ((dog, MAYBE), (whole, REJECT), ([], REJECT)):
        pick = frame("a", subject_by="objects", subject_box=box)
        assert verdicts(pick, frame("b", **dark)) == {"a": PICK, "b": wanted}
    passer_by = dark | {"subject_cut": "right", "subject_box": [940, 300, 1000, 700]}
    assert (
        verdicts(frame("a", subject_by="objects", subject_box=[880, 300, 960, 700]), frame("b", **passer_by))["b"]
        == MAYBE
    )


def test_of_frames_as_good_the_less_noisy_one_is_picked() -> None:
    assert verdicts(frame("a", noise=3.0), frame("b", noise=1.0)) == {"a": MAYBE, "b": PICK}
    darker = frame("b", noise=1.0, brightness=90.0)  # noise is less in the dark
    assert verdicts(frame("a", noise=3.0), darker)["a"] == PICK
    blurred = frame("b", noise=1.0, subject_detail=11.5)
    assert verdicts(frame("a", noise=3.0), blurred)["a"] == PICK


def test_of_one_picture_the_largest_is_picked_and_never_given_up() -> None:
    small, large = frame("small", pixels=6_000_000), frame("large", pixels=24_000_000, subject_detail=10.0)
    for kind in (NEAR, BURST):
        assert [one.verdict for one in judge(kind, [small, large], Rules())] == [MAYBE, PICK]
    mine = frame("small", pixels=6_000_000, person=PICK)
    assert [one.verdict for one in judge(NEAR, [mine, large], Rules())] == [PICK, MAYBE]
    copies = [frame("a", pixels=24_000_000, size=3), frame("b", pixels=24_100_000, size=9)]
    assert [one.verdict for one in judge(NEAR, copies, Rules())] == [MAYBE, PICK]
    raw = frame("raw", pixels=23_900_000, master=2)
    assert [one.verdict for one in judge(NEAR, [*copies, raw], Rules())] == [MAYBE, MAYBE, PICK]


def test_where_all_are_soft_none_is_rejected() -> None:
    soft = [frame(str(n), subject_detail=12.0 - n, subject_blur="defocus") for n in range(3)]
    assert verdicts(*soft) == {"0": PICK, "1": MAYBE, "2": MAYBE}


def test_weights_decide_between_sharpness_and_eyes() -> None:
    group = [frame("sharp", **CLOSED), frame("open", subject_detail=10.8)]
    assert verdicts(*group, weights=weights_of("wedding"))["open"] == PICK
    assert verdicts(*group, weights=weights_of("wildlife"))["sharp"] == PICK
    assert verdicts(*group, weights=weights_of("wildlife", ["eyes=9"]))["open"] == PICK
    assert all(set(weights) == set(PARTS) for weights in PROFILES.values())


def test_what_the_pick_has_too_is_no_fault() -> None:
    cut = [frame("a", subject_cut="left", **CLOSED), frame("b", subject_detail=11.0, phash=None, subject_cut="left")]
    assert REJECT not in verdicts(*cut).values()


# ---- on photos


@pytest.fixture(scope="module")
def culled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was culled once: to copy, or to read."""
    folder = culling.wedding(tmp_path_factory.mktemp("cull") / "photos")
    api.cull(folder)
    return folder


@pytest.fixture
def photos(culled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(culled, tmp_path / "photos"))


def by_name(found: Culled) -> dict[str, str]:
    return {member.known.path: member.judged.verdict for member in found.members()}


def test_the_sharp_frame_is_kept_and_series_are_left_in_peace(culled: Path) -> None:
    before = contents(culled)
    found = api.cull(culled)
    assert [(group.kind, len(group.members)) for group in found.groups] == [
        ("burst", 6),
        ("bracket", 3),
        ("panorama", 4),
        ("single", 1),
        ("single", 1),
    ]
    verdict = by_name(found)
    assert [name for name, said in verdict.items() if said == PICK] == ["burst3.jpg"]
    assert {"burst4.jpg", "burst5.jpg", "burst6.jpg"} <= {name for name, said in verdict.items() if said == REJECT}
    assert all(said == MAYBE for name, said in verdict.items() if not name.startswith("burst"))
    assert contents(culled) == before
    assert not found.looked.made.get("measure"), "a second run looks at nothing again"


def test_more_are_kept_on_request(culled: Path) -> None:
    found = by_name(api.cull(culled, flags={"cull.keep": "3"}))
    assert sorted(name for name, said in found.items() if said == PICK) == ["burst1.jpg", "burst2.jpg", "burst3.jpg"]


# ---- light, copies and stacks


def judged(found: Culled) -> dict[str, Judged]:
    return {member.known.path: member.judged for member in found.members()}


def witnesses(one: Judged) -> set[str]:
    return {fault.witness for fault in one.faults}


def assert_light_is_no_sharpness(said: dict[str, Judged]) -> None:
    """Of culling.exposed: a well exposed sharp frame is picked, light alone rejects nothing, with a blur it does."""
    assert [name for name, one in said.items() if one.verdict == PICK] in (["1.jpg"], ["2.jpg"])
    for name in ("1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"):
        assert said[name].verdict != REJECT and "sharpness" not in witnesses(said[name]), (name, said[name].because)
    for name in ("6.jpg", "7.jpg", "8.jpg"):
        assert said[name].verdict == REJECT, (name, said[name].because)
        assert {"sharpness", "exposure"} <= witnesses(said[name])


@pytest.mark.parametrize("profile", ["wedding", "sports"])
def test_what_is_brighter_is_not_sharper(tmp_path: Path, profile: str) -> None:
    folder = tmp_path / "photos"
    culling.exposed(folder, culling.scene(4))
    assert_light_is_no_sharpness(judged(api.cull(folder, flags={"cull.profile": profile})))


@pytest.mark.parametrize("name", ["barcelona/ai_1.JPG", "pigallery2/wild-3.jpg"])
def test_what_is_brighter_is_not_sharper_on_photos(shared_photos: Path, tmp_path: Path, name: str) -> None:
    with Image.open(shared_photos / name) as photo:
        photo.thumbnail((1400, 1400))
        pixels = np.asarray(photo.convert("RGB"))
    folder = tmp_path / "photos"
    culling.exposed(folder, pixels)
    assert_light_is_no_sharpness(judged(api.cull(folder)))


def copies(folder: Path) -> Path:
    """One picture of one moment in many files."""
    whole = culling.scene(6, 1500, 1000)
    half = cv2.resize(whole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    large = cv2.GaussianBlur(cv2.resize(whole, None, fx=1.5, fy=1.5), (0, 0), 6)
    files = {"full": whole, "half": half, "large": large, "small": cv2.resize(half, (160, 107))}
    stamps = [culling.save(folder / f"{name}.jpg", pixels) for name, pixels in files.items()]
    Image.fromarray(whole).save(folder / "poor.jpg", quality=40)
    culling.stamp({file: {"at": 0} for file in (*stamps, folder / "poor.jpg")})
    return folder


def test_files_of_one_moment_are_copies_and_an_enlargement_is_not_larger(tmp_path: Path) -> None:
    found = api.cull(copies(tmp_path / "photos"), flags={"cull.keep": "2"})
    assert [(group.kind, group.why) for group in found.groups] == [(NEAR, "5 copies of one moment")]
    assert sorted(name for name, said in by_name(found).items() if said == PICK) == ["full.jpg", "poor.jpg"]


def test_a_burst_of_one_second_is_a_burst(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    files = culling.burst(folder, "a", 5, (0, 3, 5))
    culling.stamp({file: {"at": 0} for file in files})
    assert [group.kind for group in api.cull(folder).groups] == [BURST]


def test_a_strip_of_sharpness_that_moves_on_is_a_focus_stack(tmp_path: Path) -> None:
    sharp, folder = culling.scene(31), tmp_path / "photos"
    soft, files = cv2.GaussianBlur(sharp, (0, 0), 4), []
    for n in range(6):
        mixed = soft.copy()
        mixed[:, n * 120 : (n + 1) * 120] = sharp[:, n * 120 : (n + 1) * 120]
        files.append(culling.save(folder / f"{n}.jpg", mixed))
    culling.stamp({file: {"at": n * 0.5} for n, file in enumerate(files)})
    assert [group.kind for group in api.cull(folder).groups] == [STACK]


def test_without_a_window_of_time_likeness_makes_the_groups(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    culling.burst(folder, "a", 1, (0, 9))
    one, other = sorted(folder.iterdir())
    culling.stamp({one: {"at": 0}, other: {"at": 40}})
    kinds = [[group.kind for group in api.cull(folder, flags={"burst.window_s": s}).groups] for s in ("2", "0")]
    assert kinds == [["near duplicates"], ["burst"]]


Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    def told(*words: str | Path) -> tuple[int, str, str]:
        code = run([str(word) for word in words])
        heard = capsys.readouterr()
        return code, heard.out, heard.err

    return told


def test_the_table_fits_and_gives_reasons(culled: Path, tell: Tell) -> None:
    code, out, _ = tell("cull", culled)
    lines = [line for line in out.splitlines() if not line.startswith("time ")]  # on a busy machine it names more
    assert code == 0 and max(map(len, lines)) <= 80
    assert "burst: 6 frames in 1.0 s" in out and "sharpest of 6" in out and "motion blur" in out
    assert "never culled" in out and "alone20.jpg" not in out
    assert "alone20.jpg" in tell("cull", culled, "--all")[1]


def test_rows_for_programs(culled: Path, tell: Tell) -> None:
    code, out, _ = tell("cull", culled, "--tsv")
    rows = list(csv.DictReader(out.splitlines(), delimiter="\t"))
    assert code == 0 and len(rows) == 15 and {row["verdict"] for row in rows} == {PICK, MAYBE, REJECT}
    assert all(Path(row["path"]).is_file() for row in rows)
    said = json.loads(tell("cull", culled, "--json")[1])
    assert said["counts"]["pick"] == 1 and len(said["groups"]) == 3 and len(said["alone"]) == 2
    rejects = [photo for group in said["groups"] for photo in group["photos"] if photo["verdict"] == REJECT]
    assert rejects and all(len({fault["witness"] for fault in photo["faults"]}) >= 2 for photo in rejects)


# ---- decisions


def decide(file: Path, *decisions: Any, **other: Any) -> Path:
    file.write_text(json.dumps({"kind": "phototag cull decisions", "version": 1, "decisions": decisions} | other))
    return file


def ids(folder: Path) -> dict[str, str]:
    return {member.known.path: member.judged.image_id for member in api.cull(folder).members()}


def test_a_persons_decision_wins_and_lasts(photos: Path, tmp_path: Path, tell: Tell) -> None:
    named = ids(photos)
    said = [{"id": named["burst3.jpg"], "verdict": REJECT}, {"id": named["pan0.jpg"], "verdict": PICK, "stars": 5}]
    code, out, err = tell("cull", photos, "--decisions", decide(tmp_path / "d.json", *said))
    assert code == 0 and "Applied your decisions: 1 pick, 1 reject" in err and "your decision" in out
    api.rebuild(photos)
    now = by_name(api.cull(photos))
    assert (now["burst3.jpg"], now["pan0.jpg"], now["burst2.jpg"]) == (REJECT, PICK, PICK)
    back = decide(tmp_path / "e.json", {"id": named["burst3.jpg"], "verdict": "auto"})
    assert by_name(api.cull(photos, decisions=back))["burst3.jpg"] == PICK


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "KNOWN", "verdict": "delete"},
        {"id": "KNOWN", "verdict": "pick", "path": "/etc/passwd"},
        {"id": "KNOWN", "verdict": "pick", "stars": 6},
        {"id": "KNOWN", "verdict": "pick", "stars": True},
        {"id": "KNOWN", "verdict": ["pick"]},
        {"id": 7, "verdict": "pick"},
        {"verdict": "pick"},
        "pick",
        None,
    ],
)
def test_a_strangers_file_is_all_understood_or_not_applied(culled: Path, tmp_path: Path, tell: Tell, bad: Any) -> None:
    named = ids(culled)
    known = named["burst1.jpg"]
    if isinstance(bad, dict) and bad.get("id") == "KNOWN":
        bad = bad | {"id": known}
    file = decide(tmp_path / "d.json", {"id": named["burst2.jpg"], "verdict": "reject"}, bad)
    before = (
        (culled / ".phototag" / "journal.jsonl").read_bytes() if (culled / ".phototag/journal.jsonl").exists() else b""
    )
    code, _, err = tell("cull", culled, "--decisions", file)
    journal = culled / ".phototag" / "journal.jsonl"
    assert code == 2 and "Traceback" not in err and "applied" in err
    assert (journal.read_bytes() if journal.exists() else b"") == before


def test_what_went_meanwhile_is_named_and_the_rest_applied(photos: Path, tmp_path: Path, tell: Tell) -> None:
    named = ids(photos)
    both = [{"id": named[f"{name}.jpg"], "verdict": "pick"} for name in ("burst1", "alone20", "alone21")]
    api.quarantine(api.open(photos), [photos / "alone20.jpg"], "culled")
    (photos / "alone21.jpg").unlink()
    code, _, err = tell(
        "cull", photos, "--decisions", decide(tmp_path / "d.json", *both, {"id": "x", "verdict": "pick"})
    )
    assert code == 0 and "Applied your decisions: 1 pick" in err
    assert "alone20.jpg" in err and "quarantine" in err and "3 photos" in err and "is gone" in err
    only = decide(tmp_path / "e.json", {"id": "x", "verdict": "pick"})
    assert tell("cull", photos, "--decisions", only)[0] == 2


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"kind": "x"}', '{"kind": "phototag cull decisions"}'])
def test_a_file_that_is_something_else_is_refused(culled: Path, tmp_path: Path, tell: Tell, text: str) -> None:
    (tmp_path / "d.json").write_text(text)
    code, _, err = tell("cull", culled, "--decisions", tmp_path / "d.json")
    assert code == 2 and "Traceback" not in err


# ---- a model as one more witness


def test_the_doubtful_ones_are_asked_once(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    culling.burst(folder, "a", 5, (0, 2, 3))
    assert sorted(by_name(api.cull(folder)).values()) == [MAYBE, MAYBE, PICK]
    first, again = (api.cull(folder, ask_model=True, models={"look.describer": "fake"}) for _ in range(2))
    assert first.asked.made["verdict"] == 2 and again.asked is None
    for found in (first, again):  # what the model said counts at once
        answered = [member.judged.verdict for member in found.members() if member.known.frame.model]
        assert answered == [MAYBE, MAYBE]


def test_no_model_is_asked_unasked(photos: Path, tell: Tell) -> None:
    assert tell("cull", photos, "--model", "x")[0] == 2
    assert tell("cull", photos, "--ask-model", "--prompt", "caption")[0] == 2
    found = api.cull(photos, flags={"look.describer": "ollama"})
    assert found.asked is None and not found.looked.made.get("describe")
