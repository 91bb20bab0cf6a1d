"""The three-way merge: what a person wrote or took away stays so, what is ours changes with the decision."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from phototag.change.fields import allowed
from phototag.change.merge import Merged, Modes, Wish, merged, tombstones
from phototag.change.merge_words import Wanted, Word
from phototag.read.values import sum_of
from phototag.records import Base, Values

DC, LR, DK, IPTC = "XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "IPTC:Keywords"
MACHINE, FIELDS = "XMP-phototag:MachineKeywords", "XMP-phototag:MachineFields"
ALL = (DC, LR, DK, IPTC)
MONDAY, TUESDAY, FRIDAY = "2026-01-05", "2026-01-06", "2026-01-09"


def wish(*words: str, human: tuple[str, ...] = (), said: Mapping[str, str] | None = None, **rest: object) -> Wish:
    """Words as paths: `animal/dog` is the word dog under animal."""
    asked = tuple(Word(tuple(word.split("/")), human=word in human) for word in words)
    removed = frozenset(rest.pop("removed", ()))  # type: ignore[call-overload]
    return Wish(keywords=Wanted(asked, removed, said or {}), **rest)  # type: ignore[arg-type]


def cameras(text: str) -> bool:
    return text == "OLYMPUS DIGITAL CAMERA"


def merge(
    wanted: Wish,
    held: Mapping[str, Values],
    base: Base | None = None,
    modes: Modes | None = None,
    container: str = "jpeg",
    saved: str = TUESDAY,
) -> Merged:
    return merged(wanted, held, base, modes or Modes(), allowed(container), tombstones(held, base, saved), cameras)


def after(held: Mapping[str, Values], result: Merged) -> dict[str, Values]:
    """The file once the result is written."""
    new = {**held, **{tag: values for tag, (_, values) in result.fields.items()}}
    return {tag: values for tag, values in new.items() if values}


def words(held: Mapping[str, Values], tag: str = DC) -> set[str]:
    return set(held.get(tag, ()))


# ---- keywords


def test_all_lists_become_complete_and_equal() -> None:
    held = {DC: ("Anna", "Sommer"), LR: ("Familie|Anna",), IPTC: ("Hochzeit",)}
    new = after(held, merge(wish("animal/dog"), held))
    assert new[DC] == ("Anna", "Sommer", "dog", "Hochzeit")
    assert new[LR] == ("Familie|Anna", "animal|dog", "Sommer", "Hochzeit")
    assert set(new[DK]) == {"animal/dog", "Familie/Anna", "Sommer", "Hochzeit"}
    assert set(new[IPTC]) == {"Hochzeit", "dog", "Anna", "Sommer"}
    assert new[MACHINE] == ("dog",)


def test_a_file_that_says_everything_already_is_left_alone() -> None:
    held = {DC: ("dog",), LR: ("animal|dog",), DK: ("animal/dog",), IPTC: ("dog",)}
    assert merge(wish("animal/dog"), held).fields == {}
    written = merge(wish("beach", caption="A beach."), held)
    assert merge(wish("beach", caption="A beach."), after(held, written), written.base).fields == {}


def test_a_word_that_a_person_has_written_never_becomes_ours() -> None:
    held = {DC: ("Dog",)}
    first = merge(wish("dog", "cat"), held)
    assert first.base.ours == ("cat",)
    second = merge(wish("bird"), after(held, first), first.base)
    assert words(after(after(held, first), second)) == {"Dog", "bird"}


def test_another_decision_replaces_ours_only() -> None:
    held = {DC: ("Anna",)}
    first = merge(wish("dog", "beach"), held)
    second = merge(wish("cat", "beach"), after(held, first), first.base)
    new = after(after(held, first), second)
    assert all({key.rpartition("|")[2] for key in new[tag]} == {"Anna", "cat", "beach"} for tag in ALL)
    kept = merge(wish("cat"), after(held, first), first.base, Modes(keywords="append"))
    assert words(after(after(held, first), kept)) == {"Anna", "dog", "beach", "cat"}
    assert set(kept.base.ours) == {"dog", "beach", "cat"}
    assert merge(wish("cat"), held, modes=Modes(keywords="off")).fields == {}


def test_without_the_journal_the_file_itself_says_what_is_ours() -> None:
    held = {DC: ("Anna",)}
    written = after(held, merge(wish("dog"), held))
    assert words(after(written, merge(wish("cat"), written, base=None))) == {"Anna", "cat"}


def test_a_word_deleted_in_a_program_that_knows_two_lists_stays_deleted() -> None:
    """Lightroom deletes from dc:subject and its own hierarchy, and leaves digiKam's list and IPTC alone."""
    held: dict[str, Values] = {DC: ("Anna",)}
    first = merge(wish("dog", "beach"), held)
    now = after(held, first)
    for tag in (DC, LR):
        now[tag] = tuple(word for word in now[tag] if word != "dog")
    second = merge(wish("dog", "beach"), now, first.base)
    new = after(now, second)
    assert all("dog" not in new[tag] for tag in (*ALL, MACHINE))
    assert second.base.gone == {"dog": TUESDAY}
    third = merge(wish("dog", "beach", "sea"), new, second.base)
    assert words(after(new, third)) == {"Anna", "beach", "sea"} and "dog" in third.base.gone


def test_a_person_who_asks_for_the_word_again_later_gets_it() -> None:
    first = merge(wish("dog"), {})
    now = {tag: values for tag, values in after({}, first).items() if tag not in ALL} | {DC: ("Anna",)}
    for when, expected in ((MONDAY, {"Anna"}), (FRIDAY, {"Anna", "dog"})):
        asked = wish("dog", human=("dog",), said={"dog": when})
        assert words(after(now, merge(asked, now, first.base))) == expected


def test_a_word_of_a_person_that_we_brought_along_can_be_deleted_too() -> None:
    held: dict[str, Values] = {DK: ("Anna", "Berta")}
    first = merge(wish("dog"), held)
    now = after(held, first)
    assert words(now) == {"Anna", "Berta", "dog"}
    now[DC] = tuple(word for word in now[DC] if word != "Anna")
    new = after(now, merge(wish("dog", "cat"), now, first.base))
    assert words(new) == {"Berta", "dog", "cat"}
    assert "Anna" in new[DK], "what stood there before us is not ours to remove"


def test_a_word_added_since_is_theirs_for_ever() -> None:
    first = merge(wish("dog"), {})
    now = after({}, first)
    now[DC] = (*now[DC], "Rex")
    second = merge(wish("cat"), now, first.base)
    new = after(now, second)
    assert words(new) == {"Rex", "cat"} and second.base.ours == ("cat",)
    assert words(after(new, merge(wish(), new, second.base))) == {"Rex"}


def test_a_word_taken_away_through_phototag_goes_from_every_list() -> None:
    held = {DC: ("Anna", "rocket"), IPTC: ("rocket",)}
    new = after(held, merge(wish("dog", removed=("rocket",)), held))
    assert words(new) == {"Anna", "dog"} and words(new, IPTC) == {"Anna", "dog"}


def test_a_stripped_list_is_made_again() -> None:
    first = merge(wish("dog"), {DC: ("Anna",)})
    now = {tag: values for tag, values in after({DC: ("Anna",)}, first).items() if tag != IPTC}
    new = after(now, merge(wish("dog", "cat"), now, first.base))
    assert words(new, IPTC) == {"Anna", "dog", "cat"}


def test_the_lists_of_windows_are_kept_in_line_but_never_made() -> None:
    xp, last = "IFD0:XPKeywords", "XMP-microsoft:LastKeywordXMP"
    held = {DC: ("Anna",), xp: ("Anna;Opa",), last: ("Leute/Anna",)}
    first = merge(wish("dog"), held)
    new = after(held, first)
    assert new[xp] == ("Anna;Opa;dog",) and set(new[last]) == {"Leute/Anna", "dog", "Opa"}
    again = after(new, merge(wish(), new, first.base))
    assert again[xp] == ("Anna;Opa",)
    assert xp not in after({}, merge(wish("dog"), {}))


def test_a_separator_inside_a_persons_word_does_not_split_it() -> None:
    held = {DC: ("AC/DC", "a|b")}
    first = merge(wish("dog"), held)
    new = after(held, first)
    assert "AC\u2215DC" in new[DK] and "AC/DC" in new[LR] and "a\u2223b" in new[LR]
    assert merge(wish("dog"), new, first.base).fields == {}


def test_a_long_word_of_a_person_leaves_no_stump_in_iptc() -> None:
    long = "ü" * 40
    new = after({DC: (long,)}, merge(wish("dog"), {DC: (long,)}))
    assert words(new, IPTC) == {"dog"} and long in new[LR]


def test_a_path_moves_with_the_vocabulary_if_it_is_ours() -> None:
    first = merge(wish("animal/dog"), {LR: ("Tiere|Katze",)})
    now = after({LR: ("Tiere|Katze",)}, first)
    new = after(now, merge(wish("animal/pet/dog"), now, first.base))
    assert words(new, LR) == {"Tiere|Katze", "animal|pet|dog"} and words(new, DK) >= {"animal/pet/dog"}


def test_png_gets_no_iptc() -> None:
    new = after({}, merge(wish("dog", caption="A dog.", place={"city": "Berlin"}), {}, container="png"))
    assert not any(tag.startswith(("IPTC", "IFD0")) for tag in new) and new[DC] == ("dog",)


# ---- single texts


def test_a_caption_fills_every_place_that_is_empty_or_a_cameras() -> None:
    held = {"IFD0:ImageDescription": ("OLYMPUS DIGITAL CAMERA",)}
    new = after(held, merge(wish(caption="Two dogs."), held))
    tags = ("XMP-dc:Description", "IPTC:Caption-Abstract", "IFD0:ImageDescription")
    assert {new[tag] for tag in tags} == {("Two dogs.",)}
    assert f"caption={sum_of('Two dogs.')}" in new[FIELDS]


def test_an_edited_caption_is_theirs_in_all_its_places() -> None:
    first = merge(wish(caption="Two dogs."), {})
    now = {**after({}, first), "XMP-dc:Description": ("Rex and Bella",)}
    result = merge(wish(caption="Three dogs."), now, first.base)
    assert result.fields == {} and result.notes


def test_an_emptied_caption_stays_empty() -> None:
    first = merge(wish(caption="Two dogs."), {})
    now = {tag: values for tag, values in after({}, first).items() if values != ("Two dogs.",)}
    assert merge(wish(caption="Three dogs."), now, first.base).fields == {}
    assert merge(wish(caption="Three dogs."), now, None).fields == {}


def test_our_own_caption_follows_the_decision_unless_only_gaps_are_filled() -> None:
    first = merge(wish(caption="Two dogs."), {})
    now = after({}, first)
    assert after(now, merge(wish(caption="A cat."), now, first.base))["XMP-dc:Description"] == ("A cat.",)
    assert merge(wish(caption="A cat."), now, first.base, Modes(caption="empty")).fields == {}
    assert merge(wish(caption=""), now, first.base).fields == {}


def test_places_fill_gaps_only() -> None:
    held = {"IPTC:City": ("Fürth",)}
    new = after(held, merge(wish(place={"city": "Nürnberg", "country": "Germany", "country_code": "DE"}), held))
    assert "XMP-photoshop:City" not in new and new["XMP-photoshop:Country"] == ("Germany",)
    assert new["IPTC:Country-PrimaryLocationCode"] == ("DE",)


def test_a_rating_is_written_on_request_and_never_over_another() -> None:
    asked = Modes(only=frozenset({"rating", "label"}))
    assert merge(wish(rating=3), {}).fields == {}
    new = after({"IFD0:Rating": ("0",)}, merge(wish(rating=3, label="Red"), {"IFD0:Rating": ("0",)}, modes=asked))
    assert new["XMP-xmp:Rating"] == ("3",) == new["IFD0:Rating"] and new["XMP-xmp:Label"] == ("Red",)
    for stars in ("1", "5", "-1"):
        assert merge(wish(rating=3), {"XMP-xmp:Rating": (stars,)}, modes=asked).fields == {}
    assert merge(wish(rating=3), {"IFD0:Rating": ("2",)}, modes=asked).fields == {}
    assert merge(wish(label="Rot"), {}, modes=asked).fields == {}


def test_a_new_model_alone_is_no_reason_to_write() -> None:
    first = merge(wish("dog", model="one", run="1"), {})
    now = after({}, first)
    assert merge(wish("dog", model="two", run="2"), now, first.base).fields == {}
    changed = merge(wish("cat", model="two", run="2"), now, first.base)
    assert changed.fields["XMP-phototag:Model"] == (("one",), ("two",))


# ---- whatever happens

some_words = st.lists(st.sampled_from(["dog", "Dog", "beach", "Meer", "AC/DC", "日本", "x" * 70]), max_size=4)
paths = st.lists(st.sampled_from(["dog", "animal|dog", "Orte|Meer", "beach", "AC/DC"]), max_size=4)


@given(
    subject=some_words,
    hierarchy=paths,
    iptc=some_words,
    first=some_words,
    second=some_words,
    dropped=st.sampled_from(["dog", "Meer", "beach"]),
)
def test_no_word_of_a_person_is_lost_and_no_deleted_one_returns(
    subject: list[str], hierarchy: list[str], iptc: list[str], first: list[str], second: list[str], dropped: str
) -> None:
    held = {tag: tuple(v) for tag, v in ((DC, subject), (LR, hierarchy), (IPTC, iptc)) if v}
    clean = [word for word in first if "/" not in word and len(word) < 65]
    one = merge(wish(*clean), held)
    now = after(held, one)
    for tag in held:
        assert set(held[tag]) <= set(now.get(tag, ())), "a person's item is gone"
    assert merge(wish(*clean), now, one.base).fields == {}, "a second run changes nothing"
    edited = {
        tag: tuple(v for v in values if v.rpartition("|")[2].casefold() != dropped) for tag, values in now.items()
    }
    edited = {tag: values for tag, values in edited.items() if values}
    if any(dropped == word.casefold() for word in now.get(DC, ())):
        again = [word for word in second if "/" not in word and len(word) < 65]
        two = after(edited, merge(wish(*again), edited, one.base))
        assert dropped not in {word.casefold() for word in two.get(DC, ())}
