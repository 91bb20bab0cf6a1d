"""Search, end to end on a real library, and its conditions, words and spaces on rows made for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from phototag import api, resources, vocabulary
from phototag.api_searching import search
from phototag.decide.findable import row
from phototag.errors import Damaged, NoLibrary, PhototagError, UsageError
from phototag.records import Decision, Facts, Gps, Moment, Photo, Tag
from phototag.search import conditions, ranking, spaces, wording
from phototag.search.conditions import Gear
from phototag.search.finding import Finder
from phototag.search.nouns import Area, Count, Days, Found, Part, Query
from phototag.search.spaces import Space
from phototag.store import lock, searchable
from phototag.store.library import Library, open_library
from phototag.store.searchable import Searchable

WORDS = vocabulary.load(resources.vocabulary_file())
SAMPLES = Path(__file__).parent / "photos"


# ---- a library made of rows


def moment(text: str) -> Moment:
    return Moment(datetime.fromisoformat(text), None, None, "exif")


def tagged(*words: str) -> dict[str, Any]:
    return {"decision": Decision("", tags=tuple(Tag(word, 0.9, ("labels",)) for word in words))}


# name -> facts, decision, evidence, kinds
PHOTOS: dict[str, dict[str, Any]] = {
    "beach.jpg": {
        "facts": Facts(
            moment=moment("2023-07-15T18:30"), gps=Gps(52.39, 13.06), make="FUJIFILM", model="X100V", rating=5
        ),
        "evidence": {
            "light": {"light": "golden hour", "season": "summer"},
            "people": {"count": 2},
            "technique": {"terms": ["wide angle"]},
        },
        "decision": Decision(
            "", tags=(Tag("dog", 0.9, ()), Tag("beach", 0.8, ())), place={"city": "Potsdam", "country_code": "DE"}
        ),
    },
    "party.cr3": {
        "facts": Facts(moment=moment("2022-12-31T23:50"), make="Canon", model="Canon EOS R5", lens="RF50mm F1.2"),
        "evidence": {"people": {"count": 0}, "technique": {"terms": []}},
        "kinds": ["cr3", "jpeg"],
        **tagged("cat", "fireworks"),
    },
    "sydney.jpg": {
        "facts": Facts(moment=moment("2023-01-02T03:00"), gps=Gps(-33.86, 151.2), lens="EF 150mm"),
        "evidence": {"light": {"light": "night", "season": "summer"}, "people": {"count": 7}},
        "decision": Decision("", tags=(Tag("bridge", 0.9, ()),), place={"city": "Sydney", "country_code": "AU"}),
    },
    'O\'Brien "x".jpg': {"facts": Facts(keywords=("O'Brien", '100% "wool"'))},
    "clip.mp4": {"facts": Facts(moment=moment("2023-07-15T12:00")), "kinds": ["mp4"], **tagged("Hund am See")},
}


def ident(name: str) -> str:
    return f"{list(PHOTOS).index(name):032x}"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("rows")
    library = open_library(root, root, make=True)
    with library.writing():
        put(library, {name: ident(name) for name in PHOTOS})
        library.lance.indexed(searchable.TABLE)
    return library


def put(library: Library, ids: dict[str, str]) -> None:
    photos = []
    for name, image_id in ids.items():
        given = PHOTOS[name]
        photo = Photo(image_id, "picture", (name,), given["facts"])
        files = {f"{name}{at or ''}": kind for at, kind in enumerate(given.get("kinds", ["jpeg"]))}
        searchable.put(library.lance, [row(photo, files, given.get("decision"), given.get("evidence", {}), WORDS)])
        photos.append({"image_id": image_id, "path": name, "status": "present"})
    library.lance.merge("photos", photos)


def finder(library: Library, *sources: Space) -> Finder:
    table = Searchable(library.lance.folder, library.place.root)
    cameras = sorted({one["camera"] for one in table.every(("camera",))} - {""})
    lenses = sorted({one["lens"] for one in table.every(("lens",))} - {""})
    return Finder(table, lambda: sources, WORDS, Gear(cameras, lenses))


def names(found: Found) -> list[str]:
    return [hit.path for hit in found.hits]


def by(library: Library, field: str, value: Any, *, without: bool = False) -> set[str]:
    return set(names(finder(library).find(Query("x", (Part(field, "typed", value, without),)))))


CONDITIONS: list[tuple[str, Any, set[str], set[str]]] = [
    # field, value, what has it, what surely has it not
    ("date", Days(20230101, 20231231), {"beach.jpg", "sydney.jpg", "clip.mp4"}, {"party.cr3"}),
    ("date", Days(months=(7,)), {"beach.jpg", "clip.mp4"}, {"party.cr3", "sydney.jpg"}),
    ("date", Days(weekdays=(5,)), {"beach.jpg", "clip.mp4", "party.cr3"}, {"sydney.jpg"}),
    ("date", Days(hours=(22, 5)), {"party.cr3", "sydney.jpg"}, {"beach.jpg"}),  # at noon only the day is known
    ("season", "summer", {"beach.jpg", "sydney.jpg", "clip.mp4"}, {"party.cr3"}),  # a clip of July without a place
    ("season", "winter", {"party.cr3"}, {"beach.jpg", "sydney.jpg", "clip.mp4"}),
    ("path", "beach", {"beach.jpg"}, {"clip.mp4", "party.cr3", "sydney.jpg", 'O\'Brien "x".jpg'}),
    ("path", 'brien "x".j', {'O\'Brien "x".jpg'}, {"beach.jpg", "clip.mp4", "party.cr3", "sydney.jpg"}),
    ("place", Area(("Potsdam",)), {"beach.jpg"}, {"sydney.jpg"}),
    ("place", Area(("Berlin",), 52.52, 13.40, 40), {"beach.jpg"}, {"sydney.jpg"}),
    ("place", Area(("Berlin",), 52.52, 13.40, 15), set(), {"beach.jpg", "sydney.jpg"}),
    ("place", Area(("australia",), country_code="AU"), {"sydney.jpg"}, {"beach.jpg"}),
    ("place", Area(("fiji",), -33.9, -179.9, 3000), {"sydney.jpg"}, {"beach.jpg"}),  # over the date line
    ("people", Count(2, 2), {"beach.jpg"}, {"party.cr3", "sydney.jpg"}),
    ("people", Count(3), {"sydney.jpg"}, {"beach.jpg", "party.cr3"}),
    ("people", Count(0, 0), {"party.cr3"}, {"beach.jpg", "sydney.jpg"}),
    ("light", "golden hour", {"beach.jpg"}, {"sydney.jpg"}),
    ("technique", "wide angle", {"beach.jpg"}, {"party.cr3"}),
    ("camera", "x100v", {"beach.jpg"}, {"party.cr3"}),
    ("camera", "Canon EOS", {"party.cr3"}, {"beach.jpg"}),
    ("lens", "50mm", {"party.cr3"}, {"sydney.jpg"}),
    ("rating", Count(3), {"beach.jpg"}, {"party.cr3", "sydney.jpg", "clip.mp4", 'O\'Brien "x".jpg'}),
    ("kind", "raw", {"party.cr3"}, {"beach.jpg", "sydney.jpg", "clip.mp4", 'O\'Brien "x".jpg'}),
    ("kind", "video", {"clip.mp4"}, {"beach.jpg", "sydney.jpg", "party.cr3", 'O\'Brien "x".jpg'}),
    ("keyword", "Hund", {"beach.jpg"}, {"party.cr3", "sydney.jpg", "clip.mp4", 'O\'Brien "x".jpg'}),
    ("keyword", "animal", {"beach.jpg", "party.cr3"}, {"sydney.jpg", "clip.mp4", 'O\'Brien "x".jpg'}),
    ("keyword", "o'brien", {'O\'Brien "x".jpg'}, set(PHOTOS) - {'O\'Brien "x".jpg'}),
    ("keyword", '100% "wool"', {'O\'Brien "x".jpg'}, set(PHOTOS) - {'O\'Brien "x".jpg'}),
]


@pytest.mark.parametrize(("field", "value", "has", "has_not"), CONDITIONS)
def test_a_condition_finds_what_has_it_and_without_it_what_surely_has_it_not(
    rows: Library, field: str, value: Any, has: set[str], has_not: set[str]
) -> None:
    assert by(rows, field, value) == has
    assert by(rows, field, value, without=True) == has_not


def test_what_cannot_be_judged_is_told(rows: Library) -> None:
    found = finder(rows).find(Query("x", (Part("people", "two people", Count(2, 2)),)))
    assert found.notes == ("2 photos cannot be judged by people: nothing is known of it there.",)
    assert found.matching == 1


@pytest.mark.parametrize("field", ["keyword", "camera", "lens", "light", "technique", "season", "kind", "unheard of"])
@pytest.mark.parametrize("text", ["' OR '1'='1", "x'); DROP TABLE searchable; --", "a'b\"c\\", "%", "\x00", "''"])
def test_no_text_leaves_its_quotes(rows: Library, field: str, text: str) -> None:
    assert by(rows, field, text) == set()
    assert Searchable(rows.lance.folder, rows.place.root).count() == len(PHOTOS)


def test_a_hit_says_what_each_part_found(rows: Library) -> None:
    area = Area(("Berlin",), 52.52, 13.40, 40)
    parts = (Part("place", "near Berlin", area), Part("people", "two people", Count(2, 2)))
    (hit,) = finder(rows).find(Query("dog", parts, "dog")).hits
    assert [(why.by, why.part) for why in hit.why] == [
        ("place", "near Berlin"),
        ("people", "two people"),
        ("text", "dog"),
    ]
    assert hit.why[0].said == "Potsdam, 27 km away" and hit.why[1].said == "2 in sight"
    assert "keyword" in hit.why[2].said and hit.why[2].strength == 1 and not hit.weak
    assert hit.shown["date"] == "2023-07-15 18:30" and hit.shown["place"] == "Potsdam"


def test_conditions_alone_list_the_last_photos_first(rows: Library) -> None:
    found = finder(rows).find(Query("2023", (Part("date", "2023", Days(20230101, 20231231)),)), limit=2)
    assert names(found) == ["beach.jpg", "clip.mp4"] and found.matching == 3


def test_a_season_by_the_month_says_so_and_turns_round_in_the_south(rows: Library) -> None:
    summer = Part("season", "summer", "summer")
    found = finder(rows).find(Query("summer", (summer,)))
    assert "The season of 1 photo is by the month alone: the place is not known." in found.notes
    (clip,) = (hit for hit in found.hits if hit.path == "clip.mp4")
    assert clip.why[0].said == "by its month, 2023-07"
    southern = finder(rows)
    southern.gear = southern.gear._replace(south=True)
    assert "clip.mp4" not in names(southern.find(Query("summer", (summer,))))


def test_of_many_people_one_may_have_been_missed(rows: Library) -> None:
    found = {n: finder(rows).find(Query("x", (Part("people", "x", Count(n, n)),))).hits for n in (3, 5, 6, 7, 8)}
    assert {n: [(hit.path, hit.weak) for hit in hits] for n, hits in found.items()} == {
        3: [],
        5: [],
        6: [("sydney.jpg", True)],
        7: [("sydney.jpg", False)],
        8: [("sydney.jpg", True)],
    }


def test_the_nearer_to_a_place_the_stronger(rows: Library) -> None:
    def strength(km: float) -> float:
        (hit,) = finder(rows).find(Query("x", (Part("place", "x", Area(("Berlin",), 52.52, 13.40, km)),))).hits
        return hit.why[0].strength

    assert 0.5 <= strength(30) < strength(300) <= 1


def test_a_photo_that_passes_is_listed_as_weak_where_nothing_stands_out(rows: Library) -> None:
    two = Part("people", "two people", Count(2, 2))
    found = finder(rows).find(Query("glitter two people", (two,), "glitter"))
    assert [(hit.path, hit.weak) for hit in found.hits] == [("beach.jpg", True)]
    assert any('Nothing stands out as "glitter"' in note for note in found.notes)
    assert finder(rows).find(Query("glitter", (), "glitter")).hits == ()


def test_beside_a_photo_to_be_like_conditions_are_soft_where_nothing_is_known(rows: Library) -> None:
    near = {ident(name): 0.9 - at / 100 for at, name in enumerate(("clip.mp4", "beach.jpg", "sydney.jpg"))}
    source = Space("search", "m", Line(near, 0.1, 0.1, 1_000))
    night = Part("light", "at night", "night")
    found = finder(rows, source).find(Query("at night", (night,)), like=[[1.0, 0.0]])
    assert [(hit.path, hit.weak) for hit in found.hits] == [("sydney.jpg", False), ("clip.mp4", True)]


# ---- words


@pytest.mark.parametrize(
    ("picture", "first"),
    [
        ("dog", "beach.jpg"),
        ("Hunde am Strand", "beach.jpg"),  # German, in another number
        ("puppies", None),
        ("animal at the beach", "beach.jpg"),  # a broader term
        ("a dog on the beach", "beach.jpg"),
        ("sydney", "sydney.jpg"),  # place and name
        ("potsdam", "beach.jpg"),
        ("obrien", None),
        ("wool", 'O\'Brien "x".jpg'),
        ("zeppelin", None),
    ],
)
def test_words_are_found_where_they_stand(rows: Library, picture: str, first: str | None) -> None:
    found = names(finder(rows).find(Query(picture, (), picture)))
    assert (found or [None])[0] == first


def test_either_of_two_words_will_do(rows: Library) -> None:
    found = finder(rows).find(Query("dog or bridge", (), "dog or bridge"))
    assert {"beach.jpg", "sydney.jpg"} <= set(names(found)) and not any(hit.weak for hit in found.hits)
    assert set(names(finder(rows).find(Query("Katze oder Brücke", (), "Katze oder Brücke")))) == {
        "party.cr3",
        "sydney.jpg",
    }


def test_one_word_of_two_is_weak(rows: Library) -> None:
    assert [hit.weak for hit in finder(rows).find(Query("opera dog", (), "opera dog")).hits] == [True, True]
    assert [hit.weak for hit in finder(rows).find(Query("beach dog", (), "beach dog")).hits] == [False, True]


def test_words_of_which_every_text_is_full_find_nothing_and_an_exclusion_alone_is_told(rows: Library) -> None:
    found = finder(rows).find(Query("the", (), "the"))
    assert not found.hits and "nothing was searched for" in found.notes[0]
    assert finder(rows).find(Query("-car", (), "", ("car",))).notes == ('All photos without "car", the latest first.',)


def test_all_words_come_before_some(rows: Library) -> None:
    found = finder(rows).find(Query("dog beach", (), "dog beach")).hits
    assert found[0].path == "beach.jpg" and found[0].score == 1
    assert all(hit.score < 1 for hit in found[1:])


def test_a_word_that_must_not_be_there_takes_the_photo_away(rows: Library) -> None:
    assert "beach.jpg" in names(finder(rows).find(Query("animal", (), "animal")))
    assert "beach.jpg" not in names(finder(rows).find(Query("animal -dog", (), "animal", ("dog",))))
    everything = names(finder(rows).find(Query("-dog", (), "", ("Hund",))))
    assert "beach.jpg" not in everything and "party.cr3" in everything


@pytest.mark.parametrize(
    "text", ['"', "AND OR NOT", "dog*", "text:dog^9", "(((", "+dog -cat ~2", "\\", "'; --", "…", "🐕"]
)
def test_signs_are_no_operators(rows: Library, text: str) -> None:
    finder(rows).find(Query(text, (), text))


def test_ten_thousand_letters(rows: Library) -> None:
    text = "dog beach " * 1_000
    assert names(finder(rows).find(Query(text, (), text)))[0] == "beach.jpg"


def test_rows_that_no_index_has_yet_are_found(tmp_path: Path) -> None:
    library = open_library(tmp_path, tmp_path, make=True)
    with library.writing():
        put(library, {"beach.jpg": ident("beach.jpg")})
        library.lance.indexed(searchable.TABLE)
        put(library, {"sydney.jpg": ident("sydney.jpg")})
        assert names(finder(library).find(Query("bridge", (), "bridge"))) == ["sydney.jpg"]
        library.compact()
    assert names(finder(library).find(Query("bridge", (), "bridge"))) == ["sydney.jpg"]
    assert names(finder(library).find(Query("dog", (), "dog"))) == ["beach.jpg"]


def test_empty_words_say_nothing_beside_others() -> None:
    assert [word.typed for word in wording.words("a photo of the dog and me", WORDS)] == ["dog"]
    assert [word.typed for word in wording.words("the", WORDS)] == ["the"]


# ---- spaces


class Line:
    """A space of one dimension: photos lie on it, and the background is given."""

    def __init__(self, likeness: dict[str, float], mean: float, deviation: float, many: int) -> None:
        self.likeness, self.mean, self.deviation, self.rows = likeness, mean, deviation, many

    def nearest(self, vector: Any, maker: str, k: int, among: Any = None) -> list[tuple[str, float]]:
        found = [(one, score) for one, score in self.likeness.items() if among is None or one in among]
        return sorted(found, key=lambda one: -one[1])[:k]

    def background(self, vector: Any, maker: str) -> Any:
        return self

    def vectors(self, ids: Any, maker: str) -> dict[str, Any]:
        return {}


def test_only_what_stands_out_of_the_background_is_found() -> None:
    flat = Line({"a": 0.93, "b": 0.92}, 0.92, 0.01, 1_000)
    assert spaces.nearest(Space("s", "m", flat), None, 9) == []
    out = Line({"a": 0.91, "b": 0.60}, 0.50, 0.10, 1_000)
    assert [one.image_id for one in spaces.nearest(Space("s", "m", out), None, 9)] == ["a"]


def test_a_likeness_that_means_nothing_in_this_space_is_no_hit_and_one_that_means_little_is_weak() -> None:
    line = Line({"a": 0.55, "b": 0.40}, 0.10, 0.05, 1_000)
    (one,) = spaces.nearest(Space("s", "m", line, least=0.45, sure=0.60), None, 9)
    assert (one.image_id, one.weak) == ("a", True)


def test_one_space_alone_is_sure_only_far_above_the_rest_and_earlier_where_words_back_it(rows: Library) -> None:
    def weak(likeness: float, text: str, name: str) -> bool:
        line = Line({ident(name): likeness}, 0.5, 0.1, 1_000)
        source = Space("search", "m", line, lambda texts: [[1.0]] * len(texts))
        (hit,) = (one for one in finder(rows, source).find(Query(text, (), text)).hits if one.path == name)
        return hit.weak

    assert weak(0.80, "submarine", "party.cr3") and not weak(0.95, "submarine", "party.cr3")
    assert weak(0.65, "cat submarine", "party.cr3") and not weak(0.80, "cat submarine", "party.cr3")


def test_a_space_finds_and_vetoes(rows: Library) -> None:
    sure = Line({ident("party.cr3"): 0.9}, 0.1, 0.1, 1_000)
    source = Space("search", "m", sure, lambda texts: [[1.0]] * len(texts))
    assert names(finder(rows, source).find(Query("glitter", (), "glitter"))) == ["party.cr3"]
    assert names(finder(rows, source).find(Query("cat -glitter", (), "cat", ("glitter",)))) == []


def test_fusion_puts_first_what_several_sources_put_first() -> None:
    order = ranking.fused([(["a", "b", "c"], 1.0), (["b", "d"], 1.0)])
    assert order[0][0] == "b" and all(0 < score <= 1 for _, score in order)
    assert ranking.fused([(["a"], 2.5), ([], 1.0)])[0] == ("a", 1.0)


def test_near_duplicates_fold_into_the_first_unless_a_space_sees_a_difference() -> None:
    hashes = {"a": 0, "b": 0b111, "c": -1, "d": None, "e": None}
    assert ranking.folded("abcde", hashes) == {"a": ["b"], "c": [], "d": [], "e": []}
    assert ranking.folded("abcde", hashes, {("a", "b"): False}) == {"a": [], "b": [], "c": [], "d": [], "e": []}


# ---- a real library


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "photos"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    twin = folder / "twin.jpg"
    twin.write_bytes(recoded(next(folder.glob("DSC00108.jpg"))))
    api.look(folder)
    return folder


def recoded(path: Path) -> bytes:
    """The same picture, saved again: other bytes, nearly the same hash."""
    import io

    from PIL import Image

    content = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").save(content, "JPEG", quality=80)
    return content.getvalue()


def test_a_picture_is_found_by_words_and_by_what_it_shows(real: Path) -> None:
    for query in ("horse", "ein Pferd", "un cheval"):
        found = search(query, folder=real)
        assert found.hits[0].path == "horse.png", query
        assert "search" in {why.by for why in found.hits[0].why}
    assert found.roots == (str(real),) and found.matching > 5


def test_nothing_found_is_an_answer(real: Path) -> None:
    assert search("quantum chromodynamics", folder=real).hits == ()


def test_twins_fold_into_one_hit(real: Path) -> None:
    folded, every = (search("", folder=real, like=[real / "DSC00042.jpg"], every=each) for each in (False, True))
    assert sum(len(hit.folded) for hit in every.hits) == 0
    listed = {name for hit in folded.hits for name in hit.folded}
    assert len(listed) + len(folded.hits) >= len(every.hits) - 1


def test_like_a_photo_finds_its_twin_and_not_itself(real: Path) -> None:
    found = search("", folder=real, like=[real / "DSC00108.jpg"])
    assert found.hits[0].path == "twin.jpg" and "DSC00108.jpg" not in names(found)
    with pytest.raises(UsageError, match="no photo of the library"):
        search("", folder=real, like=[real / "absent.jpg"])


def test_several_libraries_are_searched_at_once(real: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(SAMPLES / "horse.png", other / "mare.png")
    api.look(other)
    found = search("horse", libraries=[real, other], limit=2)
    assert {(hit.path, hit.shown["root"]) for hit in found.hits} == {("horse.png", str(real)), ("mare.png", str(other))}
    assert found.roots == (str(real), str(other))


def test_a_library_that_was_only_scanned_is_searched_and_follows_renames(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(SAMPLES / "horse.png", folder / "gaul.png")
    api.scan(folder)
    assert names(search("gaul", folder=folder)) == ["gaul.png"]
    (folder / "gaul.png").rename(folder / "schimmel.png")
    api.scan(folder)
    assert names(search("schimmel", folder=folder)) == ["schimmel.png"]
    assert search("gaul", folder=folder).hits == ()
    (folder / "schimmel.png").unlink()
    shutil.copy(SAMPLES / "DSC00042.jpg", folder / "other.jpg")
    api.scan(folder)
    assert search("schimmel", folder=folder).hits == ()


def test_a_new_word_of_a_person_is_found_at_once(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "horse.png", tmp_path / "a.png")
    api.scan(tmp_path)
    assert search("Bucephalus", folder=tmp_path).hits == ()
    api.say([tmp_path / "a.png"], add=["Bucephalus"])
    assert names(search("bucephalus", folder=tmp_path)) == ["a.png"]
    assert names(search('"Bucephalus"', folder=tmp_path)) == ["a.png"]


def test_keywords_that_another_program_wrote_are_found_after_a_scan(tmp_path: Path) -> None:
    for name in ("horse.png", "DSC00042.jpg"):
        shutil.copy(SAMPLES / name, tmp_path / name)
    api.look(tmp_path)
    assert search('"Miezi"', folder=tmp_path).hits == ()
    words = ["-Subject+=Miezi", "-Subject+=Katzen 2024"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *words, tmp_path / "horse.png"], check=True)
    api.scan(tmp_path)
    assert names(search('"Miezi"', folder=tmp_path)) == ["horse.png"]
    assert names(search("miezi", folder=tmp_path))[:1] == ["horse.png"]
    found = search("Katzen 2024", folder=tmp_path)  # a year, and a keyword of somebody too
    assert names(found)[:1] == ["horse.png"] and not found.hits[0].weak
    assert "is a keyword here" in found.notes[0]


def test_while_another_run_holds_the_library_what_is_known_is_found(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "horse.png", tmp_path / "a.png")
    api.scan(tmp_path)
    search("a", folder=tmp_path)
    shutil.copy(SAMPLES / "DSC00042.jpg", tmp_path / "b.jpg")
    api.scan(tmp_path)
    place = open_library(tmp_path).place
    with lock.writing(place.state, place.root):
        found = search('"x" raw', folder=tmp_path)
    assert any("Another phototag is at work" in note for note in found.notes)


# ---- what can be wrong


def test_no_library_and_no_query_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(NoLibrary, match="no phototag library"):
        search("dog", folder=tmp_path)
    with pytest.raises(UsageError, match="nothing to search for"):
        search("  ", folder=tmp_path)


def test_an_empty_library_says_so(tmp_path: Path) -> None:
    open_library(tmp_path, tmp_path, make=True)
    found = search("dog on a beach, summer 2023, in Berlin", folder=tmp_path)
    assert not found.hits and "phototag scan" in found.notes[0]


def test_lost_tables_are_made_again_and_not_scanned_anew(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "horse.png", tmp_path / "a.png")
    api.scan(tmp_path)
    api.say([tmp_path / "a.png"], add=["Bucephalus"])
    shutil.rmtree(tmp_path / ".phototag" / "lance")
    with pytest.raises(Damaged, match="lost its tables") as trouble:
        search("Bucephalus", folder=tmp_path)
    assert "phototag rebuild" in trouble.value.hint


def broken(kind: str) -> Callable[[Path], None]:
    def gone(table: Path) -> None:
        shutil.rmtree(table)

    def without_rows(table: Path) -> None:
        shutil.rmtree(table / "data")

    def garbage(table: Path) -> None:
        for file in table.rglob("*"):
            if file.is_file():
                file.write_bytes(b"nonsense" * 40)

    return {"gone": gone, "without rows": without_rows, "garbage": garbage}[kind]


@pytest.mark.parametrize("table", ["searchable", "photos", "decisions", "vectors_search", "vectors_visual"])
@pytest.mark.parametrize("kind", ["gone", "without rows", "garbage"])
def test_a_damaged_library_is_a_sentence_or_mends_itself(real: Path, tmp_path: Path, table: str, kind: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(real, copy)
    broken(kind)(copy / ".phototag" / "lance" / f"{table}.lance")
    for file in (copy / ".phototag" / "lance").glob("searchable.json"):
        file.write_bytes(b"{")
    shutil.rmtree(copy / ".phototag" / "lance" / "near", ignore_errors=True)
    try:
        found = search("horse", folder=copy)
    except PhototagError as trouble:
        assert isinstance(trouble, Damaged) and "rebuild" in trouble.hint
        assert "\n" not in trouble.sentence
    else:
        assert found.hits or found.notes or table.startswith("vectors")


@pytest.mark.parametrize("text", ["x" * 10_000, "dog " * 2_500, "' OR 1=1 --", "cat or", "or or or", "né\ud83d"])
def test_any_text_is_a_query(real: Path, text: str) -> None:
    search(text, folder=real, limit=3)


@pytest.mark.parametrize("text", ['""', '"""', "-", "- -", "*", "\x00\x07"])
def test_signs_alone_are_no_query(real: Path, text: str) -> None:
    with pytest.raises(UsageError, match="nothing to search for"):
        search(text, folder=real)


def test_a_cold_search_loads_neither_torch_nor_pandas_nor_lancedb(real: Path) -> None:
    search("a horse", folder=real)
    code = (
        "import sys; from phototag.api_searching import search; "
        f"found = search('a horse, 2000 to 2030 or not', folder={str(real)!r}); "
        "print(sorted({'torch', 'pandas', 'lancedb', 'cv2', 'onnxruntime'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_conditions_of_nothing_hold_nowhere() -> None:
    nothing = conditions.condition(Part("place", "in ''", Area(())), WORDS, Gear())
    assert "false" in nothing.holds
