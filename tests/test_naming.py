"""What the folder of an event is called, which templates are refused, and where rules send a photo."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.decide import tongues
from phototag.decide.naming import FIELDS, ROOM, Named, Rules, Template, check
from phototag.errors import UsageError
from phototag.settings_schema import TEMPLATE
from phototag.vocabulary import Term, Vocabulary

FORBIDDEN = '<>:"/\\|?*'
START = datetime(2025, 1, 15, 14, 30, 20)
END = datetime(2025, 1, 15, 16, 45)
WORDS = Vocabulary([Term("birthday", labels={"de": "Geburtstag"}, aliases=("bday",)), Term("dog"), Term("cat")])


def folder(template: str, language: str = "en", **given: object) -> str:
    named = Named(**({"start": START, "end": END} | given))  # type: ignore[arg-type]
    return Template(template).folder(named, language, FORBIDDEN)


def test_the_default_names_time_place_and_keywords() -> None:
    said = folder(TEMPLATE, city="Berlin", state="Land Berlin", country="Germany", keywords=("gate",))
    assert said == "2025/01 Jan/2025-01-15T1430 - 15T1645 Berlin gate"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"end": START, "city": "Berlin"}, "2025-01-15T1430 Berlin"),
        ({"end": START + timedelta(seconds=39)}, "2025-01-15T1430"),
        ({}, "2025-01-15T1430 - 15T1645"),
        ({"keywords": ("dog", "cat")}, "2025-01-15T1430 - 15T1645 dog cat"),
        ({"end": START, "keywords": ("dog",)}, "2025-01-15T1430 dog"),
    ],
)
def test_an_empty_field_takes_its_separator_with_it(given: dict[str, object], wanted: str) -> None:
    assert folder(TEMPLATE, **given) == f"2025/01 Jan/{wanted}"


@pytest.mark.parametrize(
    ("template", "given", "wanted"),
    [
        ("{date} ({city}, {country})", {}, "2025-01-15"),
        ("{date} ({city}, {country})", {"city": "Rom"}, "2025-01-15 (Rom)"),
        ("{date} ({city}, {country})", {"country": "Italy"}, "2025-01-15 (Italy)"),
        ("{date} ({city}, {country})", {"city": "Rom", "country": "Italy"}, "2025-01-15 (Rom, Italy)"),
        ("{city}_{camera}_{year}", {"camera": "X-T5"}, "X-T5_2025"),
        ("{city} - {camera}{year}", {}, "2025"),
        ("#{count} {city}!", {"count": 3, "city": "Rom"}, "#3 Rom!"),
        ("{{{year}}}", {}, "{2025}"),
        ("{city}/{country}/{year}", {"country": "Italy"}, "Italy/2025"),
        ("{city}/{country}", {}, "unnamed"),
        ("{year}//{month:02}/", {}, "2025/01"),
        ("{count:04} of {day:02}", {"count": 12}, "0012 of 15"),
        ("{start} {end}", {"end": datetime(2025, 2, 1, 0, 5)}, "2025-01-15T1430 01T0005"),
        ("{year}", {"start": datetime(33, 4, 3)}, "0033"),
    ],
)
def test_templates_of_ones_own(template: str, given: dict[str, object], wanted: str) -> None:
    assert folder(template, **given) == wanted


def test_a_day_without_a_time_is_named_as_a_day() -> None:
    noon = START.replace(hour=12, minute=0, second=0)
    given: dict[str, object] = {"start": noon, "end": noon, "by_day": True}
    assert folder(TEMPLATE, **given) == "2025/01 Jan/2025-01-15"
    assert folder(TEMPLATE, **given, city="Berlin") == "2025/01 Jan/2025-01-15 Berlin"
    assert folder("{start}_{end} {date}", **given) == "2025-01-15 2025-01-15"
    assert folder("{end}/{start}", **given, count=2) == "2025-01-15"


def test_the_place_is_the_landmark_else_the_city_else_the_state_else_the_country() -> None:
    known: dict[str, object] = {"landmark": "Reichstag", "city": "Berlin", "state": "Land Berlin", "country": "Germany"}
    seen = []
    for part in list(known):
        seen.append(folder("{place}", **known))
        del known[part]
    assert seen == ["Reichstag", "Berlin", "Land Berlin", "Germany"]


def test_months_and_countries_speak_the_language_of_the_folders() -> None:
    march = datetime(2025, 3, 1)
    given: dict[str, object] = {"start": march, "end": march, "country": "Germany", "country_code": "DE"}
    template = "{month_name} {month_full} {country}"
    assert folder(template, "en", **given) == "Mar March Germany"
    assert folder(template, "de", **given) == "Mär März Deutschland"
    assert folder("{month_name}", "fr", start=START, end=END) == "janv"
    assert tongues.country_name("ZZ", "de", "Atlantis") == "Atlantis"
    with pytest.raises(UsageError, match='"xx" is no language') as trouble:
        tongues.check("xx")
    assert "de" in trouble.value.hint


def test_a_value_never_makes_a_folder_nor_leaves_the_root() -> None:
    assert folder("{year}/{city}", city="../../etc/passwd") == "2025/etc passwd"
    assert folder("{city}", city="/a\\b:c") == "a b c"
    assert folder("{city}/{year}", city="..") == "2025"
    assert folder("{city} {{x}}", city="{year}") == "{year} {x}"


def test_a_long_name_is_cut_between_words() -> None:
    said = folder("{start} {keywords}", keywords=("Donaudampfschifffahrt",) * 9)
    assert len(said.encode()) <= ROOM
    assert set(said.split()[1:]) == {"Donaudampfschifffahrt"}
    assert len(folder("{city}", city="ö" * 300).encode()) == ROOM


@given(
    st.builds(
        Named,
        start=st.datetimes(),
        end=st.datetimes(),
        city=st.text(),
        landmark=st.text(max_size=4),
        keywords=st.tuples(st.text(), st.text()),
    ),
    st.sampled_from((TEMPLATE, "{city}/{landmark}", "({keywords}) [{city}]", "CON/{keywords}/.{city}.")),
)
def test_every_folder_is_relative_short_and_never_empty(named: Named, template: str) -> None:
    segments = Template(template).folder(named, "de", FORBIDDEN).split("/")
    assert 1 <= len(segments) <= 3
    for segment in segments:
        assert segment.strip(" .") == segment != ""
        assert len(segment.encode()) <= ROOM


@pytest.mark.parametrize(
    ("template", "sentence", "hint"),
    [
        ("", "empty", "{year}"),
        (" / ", "empty", "{year}"),
        ("/{year}", "begins with /", "leave the first / out"),
        ("{year}\\{city}", "backslash", "parted by /"),
        ("{year}/../{city}", '".."', "below the target"),
        ("./{year}", '"."', "below the target"),
        ("{year}/{plcae}", "{plcae} at character 8", "Did you mean {place}?"),
        ("{}", "no field", "{year}"),
        ("{year.real}", "no field", "{year}"),
        ("{keywords[0]}", "no field", "{year}"),
        ("{city!r}", "cannot be filled in", "Write {city}."),
        ("{month:>9}", "cannot be filled in", "{month:02}"),
        ("{city:02}", "cannot be filled in", "Write {city}."),
        ("{year:{month}}", "cannot be filled in", "{year"),
        ("{year", "brace", "{{"),
        ("year}", "brace", "}}"),
    ],
)
def test_a_wrong_template_is_refused_with_a_way_out(template: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageError) as trouble:
        check(template)
    assert sentence in trouble.value.sentence
    assert hint in trouble.value.hint


@given(st.text(alphabet="{}/.:!0[]() ayer\\\n", max_size=12))
def test_any_template_is_refused_or_gives_a_folder_below_the_root(text: str) -> None:
    try:
        said = Template(text).folder(Named(START, END), "en", FORBIDDEN)
    except UsageError:
        return
    assert all(segment not in ("", ".", "..") for segment in said.split("/"))


def test_every_documented_field_can_be_used() -> None:
    for name in FIELDS:
        check(f"{{{name}}}")
        assert FIELDS[name]


def test_the_first_rule_that_fits_counts_by_any_word_for_its_term() -> None:
    rules = Rules(("Geburtstag -> {year}/Birthday", "dog->Dogs/{date}"), WORDS)
    for tags, wanted in (({"dog", "birthday"}, "2025/Birthday"), ({"dog"}, "Dogs/2025-01-15")):
        template = rules.folder_for(tags)
        assert template is not None
        assert template.folder(Named(START, START), "en", FORBIDDEN) == wanted
    assert rules.folder_for({"cat"}) is None
    assert Rules((), WORDS).folder_for({"dog"}) is None


@pytest.mark.parametrize(
    ("rule", "sentence", "hint"),
    [
        ("birthdya -> {year}", '"birthdya"', 'Did you mean "birthday"? Or add it: phototag vocab add "birthdya"'),
        ("dog -> {yeer}", "{yeer}", "Did you mean {year}?"),
        ("dog", "no rule", "birthday ->"),
        ("-> {year}", "no rule", "birthday ->"),
    ],
)
def test_a_wrong_rule_is_refused_with_a_way_out(rule: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageError) as trouble:
        Rules((rule,), WORDS)
    assert sentence in trouble.value.sentence
    assert hint in trouble.value.hint
