"""What a query means: each part of the language by examples, in English and German, and no text is an error."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phototag.errors import UsageError
from phototag.search.nouns import FIELDS, Area, Count, Days, Part, Query
from phototag.search.places import Atlas, Places, bare
from phototag.search.query import understood
from phototag.vocabulary import Vocabulary, load

TODAY = date(2024, 11, 21)  # a Thursday
CORE = Path(__file__).parent.parent / "vocab" / "core.toml"


class Library:
    """A library with four cameras, three lenses and the real gazetteer."""

    cameras: Sequence[str] = ("FUJIFILM X100V", "Canon EOS 80D", "Apple iPhone 13 Pro", "SONY ILCE-7M3")
    lenses: Sequence[str] = (
        "EF24-70mm f/2.8L II USM",
        "XF 50 mm F1.4 R",
        "18-150mm",
        "iPhone 13 Pro back triple camera",
    )

    def __init__(self, vocabulary: Vocabulary, atlas: Atlas) -> None:
        self.vocabulary = vocabulary
        on_file = {
            "Strandbad Wannsee": [(52.43, 13.17), (52.44, 13.18)],
            "Oma's Garten": [],
            "Springfield": [(1.0, 2.0)],
        }
        self.places = Places(on_file, lambda: atlas)

    def place(self, text: str, least: int = 0) -> Area | None:
        return self.places.place(text, least)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.read()


@pytest.fixture(scope="module")
def library(atlas: Atlas) -> Library:
    return Library(load(CORE), atlas)


def read(library: Library, text: str) -> tuple[list[tuple[str, Any]], str]:
    """Fields with their values ("-" before what must not hold), and the picture part."""
    found = understood(text, TODAY, library)
    return [("-" * part.without + part.field, part.value) for part in found.parts], found.picture


def stretch(first: int, last: int) -> tuple[str, Days]:
    return ("date", Days(first, last))


# ---- days

DATES = {
    "2019": (20190101, 20191231),
    "dog in 2019": (20190101, 20191231),
    "May 2021": (20210501, 20210531),
    "im Mai 2021": (20210501, 20210531),
    "März 2020": (20200301, 20200331),
    "Maerz 2020": (20200301, 20200331),
    "12 August 2024": (20240812, 20240812),
    "August 12, 2024": (20240812, 20240812),
    "on the 3rd of May 2022": (20220503, 20220503),
    "12. August 2024": (20240812, 20240812),
    "am 12.08.2024": (20240812, 20240812),
    "12 December": (20231212, 20231212),
    "2024-08-12": (20240812, 20240812),
    "2024:08:12": (20240812, 20240812),
    "2024-02": (20240201, 20240229),
    "between 2018 and 2020": (20180101, 20201231),
    "zwischen 2018 und 2020": (20180101, 20201231),
    "between 2020 and 2018": (20180101, 20201231),
    "2018-2020": (20180101, 20201231),
    "von 2018 bis 2020": (20180101, 20201231),
    "between May and August 2023": (20230501, 20230831),
    "since 2020": (20200101, 0),
    "seit 2020": (20200101, 0),
    "ab 2020": (20200101, 0),
    "since May": (20240501, 0),
    "since December": (20231201, 0),
    "before May 2019": (0, 20190430),
    "vor Mai 2019": (0, 20190430),
    "until 2018": (0, 20181231),
    "bis 2018": (0, 20181231),
    "after 2015": (20160101, 0),
    "nach Weihnachten 2015": (20151227, 0),
    "last May": (20240501, 20240531),
    "letzten Mai": (20240501, 20240531),
    "last December": (20231201, 20231231),
    "last November": (20231101, 20231130),
    "this November": (20241101, 20241130),
    "last weekend": (20241116, 20241117),
    "letztes Wochenende": (20241116, 20241117),
    "letzte Woche": (20241111, 20241117),
    "this week": (20241118, 20241124),
    "last month": (20241001, 20241031),
    "letztes Jahr": (20230101, 20231231),
    "last Monday": (20241118, 20241118),
    "letzten Donnerstag": (20241114, 20241114),
    "today": (20241121, 20241121),
    "yesterday": (20241120, 20241120),
    "gestern": (20241120, 20241120),
    "vorgestern": (20241119, 20241119),
    "three years ago": (20210101, 20211231),
    "vor drei Jahren": (20210101, 20211231),
    "2 months ago": (20240901, 20240930),
    "vor 2 Tagen": (20241119, 20241119),
    "last 10 days": (20241111, 20241121),
    "in den letzten 3 Monaten": (20240821, 20241121),
    "in the 1990s": (19900101, 19991231),
    "the 90s": (19900101, 19991231),
    "90er Jahre": (19900101, 19991231),
    "christmas 2022": (20221224, 20221226),
    "Weihnachten 2022": (20221224, 20221226),
    "last christmas": (20231224, 20231226),
    "New Year's Eve 2021": (20211231, 20211231),
    "Silvester 2021": (20211231, 20211231),
    "Ostern 2024": (20240329, 20240401),
    "Easter 2019": (20190419, 20190422),
    "date:2023-05..2023-08": (20230501, 20230831),
    "date:..2019": (0, 20191231),
    "since:2020-05": (20200501, 0),
    "before:2020": (0, 20191231),
}


@pytest.mark.parametrize("text", DATES)
def test_a_time_becomes_its_days(library: Library, text: str) -> None:
    assert read(library, text) == ([stretch(*DATES[text])], "dog" if "dog" in text else "")


SOME_DAYS = {
    "weekends": Days(weekdays=(5, 6)),
    "am Wochenende": Days(weekdays=(5, 6)),
    "sonntags": Days(weekdays=(6,)),
    "on Mondays": Days(weekdays=(0,)),
    "mornings": Days(hours=(5, 12)),
    "nachmittags": Days(hours=(12, 18)),
    "in the evening": Days(hours=(18, 23)),
    "after 10 pm": Days(hours=(22, 24)),
    "nach 22 Uhr": Days(hours=(22, 24)),
    "between 8 and 10 am": Days(hours=(8, 10)),
    "22:00-05:00": Days(hours=(22, 5)),
    "in May": Days(months=(5,)),
    "im Dezember": Days(months=(12,)),
    "from November to February": Days(months=(11, 12, 1, 2)),
    "last night": Days(20241120, 20241121, hours=(18, 6)),
}


@pytest.mark.parametrize("text", SOME_DAYS)
def test_days_of_any_year_and_hours_of_any_day(library: Library, text: str) -> None:
    assert read(library, text) == ([("date", SOME_DAYS[text])], "")


def test_a_holiday_of_no_year_is_its_months_and_stays_a_word(library: Library) -> None:
    assert read(library, "on New Year's Eve") == ([("date", Days(months=(1, 12)))], "New Year's Eve")
    assert read(library, "an Weihnachten") == ([("date", Days(months=(12,)))], "Weihnachten")
    assert read(library, "christmas tree") == ([], "christmas tree")


@pytest.mark.parametrize(
    ("text", "name", "days"),
    [
        ("summer 2023", "summer", (20230101, 20231231)),
        ("Sommer 2023", "summer", (20230101, 20231231)),
        ("winter 2022/23", "winter", (20220701, 20230630)),
        ("Herbst 2021", "autumn", (20210101, 20211231)),
        ("last summer", "summer", (20230901, 20240831)),
        ("Frühjahr 2020", "spring", (20200101, 20201231)),
        ("Fruehling 2020", "spring", (20200101, 20201231)),
    ],
)
def test_a_season_of_a_year_is_the_season_and_the_year(
    library: Library, text: str, name: str, days: tuple[int, int]
) -> None:
    assert read(library, text) == ([("season", name), stretch(*days)], "")


def test_a_season_alone(library: Library) -> None:
    assert read(library, "im Winter") == ([("season", "winter")], "")
    assert read(library, "spring flowers") == ([], "spring flowers")


@pytest.mark.parametrize(
    "text", ["may I", "a march of penguins", "2019 m", "2020px", "31.02.2020 x", "morning fog", "12:30 lunch"]
)
def test_what_only_looks_like_a_time_stays(library: Library, text: str) -> None:
    assert [field for field, _ in read(library, text)[0]] == []


# ---- people, light, technique, ratings, kinds

PARTS: dict[str, tuple[str, Any, str]] = {
    "two people": ("people", Count(2, 2), ""),
    "2 persons": ("people", Count(2, 2), ""),
    "zwei Personen": ("people", Count(2, 2), ""),
    "2-4 people": ("people", Count(2, 4), ""),
    "at least three people": ("people", Count(3), ""),
    "mehr als 5 Leute": ("people", Count(6), ""),
    "höchstens 3 Personen": ("people", Count(None, 3), ""),
    "a group": ("people", Count(3), ""),
    "Gruppenfoto": ("people", Count(3), ""),
    "group of friends": ("people", Count(3), "friends"),
    "couple": ("people", Count(2, 2), "couple"),
    "ein Paar am Strand": ("people", Count(2, 2), "Paar am Strand"),
    "alone on a bench": ("people", Count(1, 1), "a bench"),
    "allein am Meer": ("people", Count(1, 1), "Meer"),
    "nobody": ("people", Count(0, 0), ""),
    "beach without people": ("people", Count(0, 0), "beach"),
    "Strand ohne Menschen": ("people", Count(0, 0), "Strand"),
    "-people street": ("people", Count(0, 0), "street"),
    "a crowd": ("people", Count(6), "crowd"),
    "five friends": ("people", Count(5), "friends"),
    "three children playing": ("people", Count(3), "children playing"),
    "drei Kinder": ("people", Count(3), "Kinder"),
    "people:2": ("people", Count(2, 2), ""),
    "two people riding horses": ("people", Count(2, 2), "people riding horses"),
    "a group of people standing": ("people", Count(3), "people standing"),
    "mit Menschen": ("people", Count(1), ""),
    "without two people": ("-people", Count(2, 2), ""),
    "golden hour portrait": ("light", "golden hour", "portrait"),
    "goldene Stunde": ("light", "golden hour", ""),
    "blue hour": ("light", "blue hour", ""),
    "zur blauen Stunde": ("light", "blue hour", ""),
    "market at night": ("light", "night", "market"),
    "night": ("light", "night", ""),
    "nachts": ("light", "night", ""),
    "bei Nacht": ("light", "night", ""),
    "not at night": ("-light", "night", ""),
    "at sunset": ("light", "golden hour", "sunset"),
    "bei Sonnenuntergang": ("light", "golden hour", "Sonnenuntergang"),
    "tagsüber": ("light", "day", ""),
    "at dusk": ("light", "twilight", ""),
    "long exposure waterfall": ("technique", "long exposure", "waterfall"),
    "Langzeitbelichtung": ("technique", "long exposure", ""),
    "macro": ("technique", "macro", ""),
    "black and white": ("technique", "black and white", ""),
    "schwarzweiß": ("technique", "black and white", ""),
    "b&w": ("technique", "black and white", ""),
    "panorama of the Alps": ("technique", "panorama", "the Alps"),
    "bokeh": ("technique", "shallow depth of field", ""),
    "Hochformat": ("technique", "portrait orientation", ""),
    "no flash": ("-technique", "flash", ""),
    "5 stars": ("rating", Count(5, 5), ""),
    "5 Sterne": ("rating", Count(5, 5), ""),
    "★★★": ("rating", Count(3, 3), ""),
    "3+ stars": ("rating", Count(3), ""),
    "mindestens 4 Sterne": ("rating", Count(4), ""),
    "rated at least 3": ("rating", Count(3), ""),
    "three stars or better": ("rating", Count(3), ""),
    "unrated": ("rating", Count(None, 0), ""),
    "unbewertet": ("rating", Count(None, 0), ""),
    "rating:>=3": ("rating", Count(3), ""),
    "rating:2..4": ("rating", Count(2, 4), ""),
    "raw": ("kind", "raw", ""),
    "RAW-Dateien": ("kind", "raw", ""),
    "videos of cats": ("kind", "video", "cats"),
    "jpegs": ("kind", "jpeg", ""),
    "heic": ("kind", "heic", ""),
    "not raw": ("-kind", "raw", ""),
    "keine Videos": ("-kind", "video", ""),
    "kind:jpg": ("kind", "jpeg", ""),
    "with the X100V": ("camera", "x100v", ""),
    "canon birds": ("camera", "canon", "birds"),
    "iphone 13 food": ("camera", "iphone 13", "food"),
    "iPhone13": ("camera", "iphone 13", ""),
    "shot on apple": ("camera", "apple", ""),
    "mit der Canon": ("camera", "canon", ""),
    "not with the canon": ("-camera", "canon", ""),
    "camera:x100v": ("camera", "x100v", ""),
    'camera:"EOS 80D"': ("camera", "eos 80d", ""),
    "50mm": ("lens", "50 mm", ""),
    "85mm portrait": ("lens", "85mm", "portrait"),
    "24-70 street": ("lens", "24-70mm", "street"),
    '"Aunt Mary"': ("keyword", "Aunt Mary", ""),
    '-"uncle bob" dog': ("-keyword", "uncle bob", "dog"),
    "„Oma Erna“": ("keyword", "Oma Erna", ""),
    'keyword:"aunt mary"': ("keyword", "aunt mary", ""),
    "-kind:raw dog": ("-kind", "raw", "dog"),
}  # fmt: skip


@pytest.mark.parametrize("text", PARTS)
def test_a_part_and_what_is_left(library: Library, text: str) -> None:
    field, value, picture = PARTS[text]
    assert read(library, text) == ([(field, value)], picture)


@pytest.mark.parametrize(
    "text",
    [
        "sunset", "christmas", "a couple of dogs", "ein paar Hunde", "raw fish", "town square", "apple on the table",
        "3 stars in the sky", "zwei Hunde", "nightclub", "IMG_1234.jpg", "people", "galaxy", "starry night",
        "a red car", "chien à la plage", "海滩 日落", "собака на пляже", "good day", "12-34 x",
        "Essen auf dem Tisch", "the dog", "autumn leaves", "windsor tie", "Fußball (Ball)",
    ],
)  # fmt: skip
def test_what_is_no_condition_is_untouched(library: Library, text: str) -> None:
    assert understood(text, TODAY, library) == Query(text, (), text)


# ---- what must not be there

WITHOUT = {
    "no cars": (("cars",), ""),
    "-car street": (("car",), "street"),
    "ohne Hund": (("Hund",), ""),
    "kein Auto": (("Auto",), ""),
    "ohne Hund Strand": (("Hund",), "Strand"),
    "no cars, sunset": (("cars",), "sunset"),
    "street without cars and bikes": (("cars", "bikes"), "street"),
    "without traffic lights": (("traffic lights",), ""),
    "a dog without a red collar on the beach": (("red collar",), "a dog on the beach"),
    "not blurry": (("blurry",), ""),
}


@pytest.mark.parametrize("text", WITHOUT)
def test_words_that_the_picture_must_not_show(library: Library, text: str) -> None:
    found = understood(text, TODAY, library)
    assert (found.without, found.picture, found.parts) == (*WITHOUT[text], ())


def test_people_among_what_must_not_be_there(library: Library) -> None:
    found = understood("no cars and no people", TODAY, library)
    assert found.without == ("cars",)
    assert [(part.field, part.value) for part in found.parts] == [("people", Count(0, 0))]


# ---- places


def area(library: Library, text: str) -> tuple[Area, str, bool]:
    found = understood(text, TODAY, library)
    (part,) = found.parts
    assert part.field == "place"
    return part.value, found.picture, part.without


@pytest.mark.parametrize(
    ("text", "lat", "lon", "km"),
    [
        ("in Berlin", 52.5, 13.4, 15),
        ("berlin", 52.5, 13.4, 15),
        ("near Potsdam", 52.4, 13.1, 28.5),
        ("bei Potsdam", 52.4, 13.1, 28.5),
        ("in der Nähe von Potsdam", 52.4, 13.1, 28.5),
        ("within 20 km of Rome", 41.9, 12.5, 20),
        ("im Umkreis von 20 km um Rom", 41.9, 12.5, 20),
        ("10 miles from London", 51.5, -0.1, 16.1),
        ("in München", 48.1, 11.6, 9),
        ("in Muenchen", 48.1, 11.6, 9),
        ("munich", 48.1, 11.6, 9),
        ("Köln", 50.9, 7, 8),
        ("Cologne", 50.9, 7, 8),
        ("koeln", 50.9, 7, 8),
        ("in New York", 40.7, -74, 24),
        ("Frankfurt am Main", 50.1, 8.7, 7),
        ("auf Sylt", 54.9, 8.3, 22),
        ("at Strandbad Wannsee", 52.4, 13.2, 1.3),
        ("in Springfield", 1, 2, 1),
    ],
)  # fmt: skip
def test_a_place_by_name(library: Library, text: str, lat: float, lon: float, km: float) -> None:
    found, picture, without = area(library, text)
    assert (found.lat, found.lon) == (pytest.approx(lat, abs=0.1), pytest.approx(lon, abs=0.1))
    assert found.radius_km == pytest.approx(km, abs=1)
    assert (picture, without) == ("", False)


@pytest.mark.parametrize(
    ("text", "code"), [("in Italy", "IT"), ("aus Österreich", "AT"), ("Oesterreich", "AT"), ("usa", "US")]
)
def test_a_country_by_its_code(library: Library, text: str, code: str) -> None:
    found, _, _ = area(library, text)
    assert (found.country_code, found.lat) == (code, None)


def test_a_region_and_a_name_on_file_by_their_names(library: Library) -> None:
    assert {"bayern", "bavaria"} <= set(area(library, "in Bayern")[0].names)
    assert area(library, "in Oma's Garten")[0] == Area(("oma's garten",))


def test_names_in_both_languages_go_with_a_town(library: Library) -> None:
    assert {"münchen", "munich"} <= set(area(library, "in München")[0].names)
    assert {"munich", "munchen"} <= set(map(bare, area(library, "in Munich")[0].names))


def test_not_in_a_place(library: Library) -> None:
    for text in ("dog not in Berlin", "dog -berlin", "Hund nicht in Berlin", "dog outside Berlin"):
        found, picture, without = area(library, text)
        assert found.names[0] == "berlin"
        assert without
        assert picture in ("dog", "Hund")


@pytest.mark.parametrize("thing", ["nice", "bath", "reading", "turkey", "china", "orange"])
def test_a_word_that_is_a_place_too_needs_to_be_led_in(library: Library, thing: str) -> None:
    assert understood(f"{thing} dog", TODAY, library).parts == ()
    assert area(library, f"dog in {thing}")[0].names[0] == thing
    assert area(library, f"dog near {thing}")[1] == "dog"
    assert area(library, f"a small dog, {thing.title()}")[0].names[0] == thing


@pytest.mark.parametrize(
    "text", ["man in black", "Hund im Wald", "dog in the snow", "cat in a box", "Blume im Garten", "Island hopping"]
)
def test_what_villages_are_called_is_no_place(library: Library, text: str) -> None:
    assert understood(text, TODAY, library).parts == ()


# ---- together


def test_many_parts_in_the_order_of_typing(library: Library) -> None:
    text = "show me photos of two people on a red bench in Paris in summer 2019 at night, 5 stars, not raw, no cars"
    found = understood(text, TODAY, library)
    assert [("-" * part.without + part.field, part.text) for part in found.parts] == [
        ("people", "of two people"),
        ("place", "in Paris"),
        ("season", "in summer 2019"),
        ("date", "in summer 2019"),
        ("light", "at night"),
        ("rating", "5 stars"),
        ("-kind", "not raw"),
    ]
    assert (found.text, found.picture, found.without) == (text, "a red bench", ("cars",))


def test_everything_spelled_out(library: Library) -> None:
    text = (
        'camera:x100v place:berlin rating:>=3 date:2023 keyword:"aunt mary" kind:raw people:2 light:night lens:50mm dog'
    )
    parts, picture = read(library, text)
    fields = ["camera", "place", "rating", "date", "keyword", "kind", "people", "light", "lens"]
    assert ([field for field, _ in parts], picture) == (fields, "dog")


def test_the_rest_is_kept_in_any_language(library: Library) -> None:
    assert read(library, "собака на пляже 2019") == ([stretch(20190101, 20191231)], "собака на пляже")
    assert read(library, "zwei Personen am Strand, Sommer 2023")[1] == "am Strand"[3:]
    assert read(library, "the dog in Berlin")[1] == "the dog"


# ---- whatever is typed


def test_an_empty_query_is_empty(library: Library) -> None:
    for text in ("", " ", "\n\t"):
        assert understood(text, TODAY, library) == Query(text)


@pytest.mark.parametrize(
    "text", ["- -", "-", '"', '""', "\0\0", "'; DROP TABLE photos; --", "NOT", '-"', "\ud800", "camera:", "()"]
)
def test_only_signs_say_nothing(library: Library, text: str) -> None:
    found = understood(text, TODAY, library)
    assert found.parts == ()
    assert "\0" not in found.picture


_WORDS = st.sampled_from(
    (*DATES, *SOME_DAYS, *PARTS, *WITHOUT, "-", '"', "not", "in", "between", "and", "ago", "rating:", "since", "\0",
     "9999", "0000-00-00", "last", "31 February 2020", "99 years ago", "999 years ago", "before 1830", "25:00", "☃",
     "👩‍👩‍👧",
     "ﬀ", "İ")
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("date:2023-13", "date:2023-13", "2023-05"),
        ("cat date:soon", "date:soon", "2023-05"),
        ("since:never", "since:never", "2023-05"),
        ("people:many", "people:many", "a number"),
        ("rating:>=9", "rating:>=9", "five are the most"),
        ("sterne:7 katze", "sterne:7", "five are the most"),
        ("-light:foo", "light:foo", "golden hour"),
        ("technique:dog", "technique:dog", "macro"),
        ("season:monsoon", "season:monsoon", "winter"),
        ("date:2023-08..2023-05", "ends before it begins", "earlier"),
        ("since:2025 until:2020", "ends before it begins", "earlier"),
        ("plcae:Berlin", '"plcae:"', '"place:"'),
        ("dog ratings:5", '"ratings:"', '"rating:"'),
    ],
)
def test_a_prefix_with_what_it_cannot_have_is_an_error(library: Library, text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as trouble:
        understood(text, TODAY, library)
    assert said in trouble.value.sentence and hint in trouble.value.hint


@pytest.mark.parametrize("text", ["12:30", "iso:>800", "http://example.org", "note: this", "title:x", "a:b"])
def test_other_words_with_a_colon_are_no_prefixes(library: Library, text: str) -> None:
    assert understood(text, TODAY, library).parts == ()


def test_a_prefix_takes_numbers_in_words_and_paths_as_they_are(library: Library) -> None:
    assert understood("people:two", TODAY, library).parts == (Part("people", "people:two", Count(2, 2)),)
    assert [part.value for part in understood("path:Straße/IMG_*", TODAY, library).parts] == ["straße/img_"]
    assert [part.text for part in understood('"Marie Curie"', TODAY, library).parts] == ["Marie Curie"]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=12).map(" ".join)), st.dates())
def test_no_text_is_an_error(library: Library, text: str, today: date) -> None:
    try:
        found = understood(text, today, library)
    except UsageError:  # a prefix with what it cannot have, and only that
        assert ":" in text
        return
    assert found.text == text
    assert all(part.field in FIELDS and "\0" not in part.text for part in found.parts)
    assert "\0" not in found.picture


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "not ",
        "- ",
        "two people in Berlin 2019 ",
        '"',
        "in ",
        "x",
        "1-",
        "2019-",
        "between 2019 and ",
        "New York ",
        "Ä",
        "no a, a, ",
    ],
)
def test_ten_thousand_characters_take_no_time(library: Library, unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    begin = time.process_time()
    understood(text, TODAY, library)
    assert time.process_time() - begin < 0.5  # 0.1 s on an idle machine


def test_what_is_pasted_behind_stays_picture(library: Library) -> None:
    found = understood("2019 " + "leaf " * 300 + "in Berlin", TODAY, library)
    assert [part.field for part in found.parts] == ["date"]
    assert found.picture.endswith("leaf in Berlin")


# ---- the atlas


def test_the_atlas_is_the_same_from_its_bytes_and_refuses_damaged_ones(atlas: Atlas) -> None:
    kept = atlas.packed()
    again = Atlas.unpacked(kept)
    assert again is not None
    assert again.town("potsdam") == atlas.town("potsdam")
    assert again.countries == atlas.countries
    for broken in (
        b"",
        b"1 2\n",
        kept[:-9],
        kept[:1000],
        b"x" + kept,
        kept.replace(b'"version": "', b'"version": "0', 1),
    ):
        assert Atlas.unpacked(broken) is None


def test_the_largest_town_of_a_name_is_meant(atlas: Atlas) -> None:
    paris = atlas.town("paris")
    assert paris is not None
    assert paris[:2] == (pytest.approx(48.85, abs=0.05), pytest.approx(2.35, abs=0.05))
    assert atlas.town("no such town") is None


def test_an_atlas_from_bytes_is_small_and_there_at_once(atlas: Atlas) -> None:
    kept = atlas.packed()
    begin = time.process_time()
    again = Atlas.unpacked(kept)
    assert time.process_time() - begin < 0.1
    assert again is not None
    assert len(kept) < 5_000_000
    tracemalloc.start()
    Atlas.unpacked(kept)
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()
