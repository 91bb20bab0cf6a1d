"""The vocabulary: what leads to a term, what a user's file changes, and which mistakes stop the run, on which line."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag import resources
from phototag.errors import UsageError
from phototag.vocabulary import KINDS, Term, Vocabulary, folded, load, text_line

SMALL = """
# A comment
[[term]]
name = "animal"
de = "Tier"

[[term]]
name = "dog"
parent = "animal"
de = "Hund"
fr = "chien"
aliases = ["dogs", "doggy"]
phrasings = ["a photo of a dog"]

[[term]]
name = "weapon"
de = "Waffe"
sensitive = true

[[term]]
name = "golden hour"
kind = "light"
de = "goldene Stunde"
"""
# What the detector of things may say, in its own spelling.
COCO = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag,
tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote,
keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
hair drier, toothbrush
"""
# What our own looks say: light, technique, and the photo words that must not be lost.
OURS = """
golden hour, blue hour, night, twilight, day, noon, spring, summer, autumn, winter, long exposure, shallow depth of
field, telephoto, wide angle, macro, high iso, flash, black and white, panorama, portrait orientation,
landscape orientation, square, person, people, group, crowd, portrait, blurred, overexposed, underexposed, wedding,
landscape, sports, editorial, street, product, wildlife, event, musical instrument, coral reef, underwater,
street sign, big cat
"""


def words(text: str) -> list[str]:
    return [" ".join(word.split()) for word in text.split(",")]


@pytest.fixture(scope="module")
def core() -> Vocabulary:
    return load(resources.vocabulary_file())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return written(tmp_path / "core.toml", SMALL)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def name(vocabulary: Vocabulary, word: str) -> str | None:
    term = vocabulary.canonical(word)
    return term.name if term else None


# ---- the shipped words


def test_the_core_vocabulary_has_the_words_that_photographers_use(core: Vocabulary) -> None:
    assert len(core.terms) >= 400
    kinds = Counter(term.kind for term in core.terms.values())
    assert set(kinds) == set(KINDS) and min(kinds.values()) >= 9
    assert [word for word in words(COCO) + words(OURS) if name(core, word) is None] == []


def test_every_core_term_has_a_german_label_and_no_two_terms_answer_to_one_word(core: Vocabulary) -> None:
    assert [term.name for term in core.terms.values() if not term.labels.get("de")] == []
    for term in core.terms.values():
        own = {folded(word) for word in (term.name, term.labels["de"])}
        for word in (term.name, term.labels["de"], *term.aliases):
            assert core.canonical(word) is term, f"{word} leads to two terms"
        assert own.isdisjoint(map(folded, term.aliases)), f"{term.name}: an alias says the name or label again"


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("bday", "birthday"),
        ("kids", "child"),
        ("Sonnenuntergang", "sunset"),
        ("cell phone", "smartphone"),
        ("couch", "sofa"),
        ("hair drier", "hair dryer"),
        ("potted plants", "potted plant"),
        ("STRASSE", "street"),
        ("x-mas", "Christmas"),
        ("kitty", "cat"),
        ("self-portrait", "selfie"),
    ],
)
def test_other_words_lead_to_the_core_term(core: Vocabulary, word: str, term: str) -> None:
    assert name(core, word) == term


def test_core_terms_stand_where_a_person_would_look_for_them(core: Vocabulary) -> None:
    assert core.ancestors("dog") == ("mammal", "animal")
    assert core.ancestors("guitar") == ("musical instrument",)
    assert core.ancestors("church")[:1] == ("building",)
    assert all(len(core.ancestors(term)) <= 4 for term in core.terms)
    assert core.label("golden hour", "de") == "goldene Stunde"


def test_what_may_hurt_or_says_nothing_is_marked(core: Vocabulary) -> None:
    for word in ("nude", "underwear", "blood", "weapon", "rifle", "worship", "soldier", "medical equipment"):
        assert (term := core.canonical(word)) and term.sensitive, word
    for word in ("photo", "image", "picture", "photography", "background", "Foto"):
        assert (term := core.canonical(word)) and term.exclude, word
    marked = [term for term in core.terms.values() if term.sensitive or term.exclude]
    assert len(marked) < 40
    assert not any(core.terms[above].exclude for term in core.terms for above in core.ancestors(term))


# ---- looking up


def test_a_word_is_found_whatever_its_case_form_and_spaces(tmp_path: Path) -> None:
    path = written(tmp_path / "my.txt", "iPhone\nNASA\nMcDonald\ncafé = Kaffeehaus, Straße\ngolden hour\n")
    vocabulary = load(path)
    assert [name(vocabulary, word) for word in ("iphone", "nasa", "MCDONALD")] == ["iPhone", "NASA", "McDonald"]
    assert name(vocabulary, "CAFE\u0301") == "café"
    assert name(vocabulary, "STRASSE") == "café"
    assert name(vocabulary, " Golden \u00a0 HOUR\n") == "golden hour"
    assert name(vocabulary, "goldenhour") is None
    assert name(vocabulary, "") is None


def test_labels_of_every_language_lead_to_the_term_and_back(small: Path) -> None:
    vocabulary = load(small)
    assert name(vocabulary, "HUND") == name(vocabulary, "chien") == name(vocabulary, "doggy") == "dog"
    assert [vocabulary.label("dog", language) for language in ("de", "de-AT", "fr", "en", "ja")] == [
        "Hund",
        "Hund",
        "chien",
        "dog",
        "dog",
    ]
    assert vocabulary.label("Kornblume", "de") == "Kornblume"


def test_names_and_aliases_go_before_labels(tmp_path: Path) -> None:
    text = '[[term]]\nname = "skirt"\nde = "Rock"\n[[term]]\nname = "boulder"\naliases = ["rock"]\n'
    words = load(written(tmp_path / "a.toml", text))
    assert name(words, "rock") == name(words, "ROCK") == "boulder" and name(words, "Rock") == "skirt"


def test_ancestors_are_nearest_first_and_empty_for_strangers(tmp_path: Path) -> None:
    vocabulary = load(written(tmp_path / "my.txt", "mammal > dog\nanimal > mammal\nanimal\n"))
    assert vocabulary.ancestors("dog") == ("mammal", "animal")
    assert vocabulary.ancestors("Dog") == ("mammal", "animal")
    assert vocabulary.ancestors("animal") == vocabulary.ancestors("ghost") == ()


# ---- the two forms


def test_all_that_toml_may_say_arrives(tmp_path: Path) -> None:
    text = """
    [[term]]
    name = "beach"
    [[ 'term' ]]
    name = 'lido'
    parent="beach"
    kind = "places"  # as any part may have one
    "de" = "Strandbad"
    aliases = ["b\\u00e4der",
      '''x y''',]
    phrasings = ["a photo of a lido", "people at a lido"]
    sensitive = true
    exclude = false
    """
    assert load(written(tmp_path / "a.TOML", text)).terms["lido"] == Term(
        "lido",
        "beach",
        "places",
        {"de": "Strandbad"},
        ("bäder", "x y"),
        ("a photo of a lido", "people at a lido"),
        sensitive=True,
    )


def test_plain_and_other_toml_say_the_same(small: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.toml", SMALL.replace(' = "', '="').replace('"dogs", "doggy"', "'dogs',\n'doggy'"))
    assert load(other).terms == load(small).terms
    assert load(other).digest == load(small).digest


def test_a_text_file_is_read_line_by_line(tmp_path: Path) -> None:
    text = "\ufeff# my words\r\n\r\n  pets\r\npets > hamster = hammy ,  golden hamster # a comment\r\nC#\r\n"
    vocabulary = load(written(tmp_path / "my.txt", text))
    assert vocabulary.terms["hamster"] == Term("hamster", "pets", aliases=("hammy", "golden hamster"))
    assert list(vocabulary.terms) == ["C#", "hamster", "pets"]


def test_a_term_without_a_kind_has_that_of_its_parent(small: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "my.txt", "golden hour > alpenglow\nalpenglow > last light\nmarmot\n")
    vocabulary = load(small, [mine])
    assert [vocabulary.terms[one].kind for one in ("alpenglow", "last light", "marmot")] == [
        "light",
        "light",
        "objects",
    ]


# ---- a user's file over the shipped one


def test_a_users_term_extends_the_core_term_of_that_name(small: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "my.txt", "pets\npets > Dog = pooch, dogs\n")
    dog = load(small, [mine]).canonical("POOCH")
    assert dog is not None and dog == Term(
        "Dog",
        "pets",
        labels={"de": "Hund", "fr": "chien"},
        aliases=("dogs", "doggy", "pooch"),
        phrasings=("a photo of a dog",),
    )


def test_a_users_toml_replaces_parts_and_keeps_the_rest(small: Path, tmp_path: Path) -> None:
    text = '[[term]]\nname = "dog"\nparent = ""\nkind = "people"\nde = "Wauwau"\nexclude = true\nphrasings = ["woof"]\n'
    vocabulary = load(small, [written(tmp_path / "my.toml", text)])
    assert vocabulary.terms["dog"] == Term(
        "dog",
        "",
        "people",
        {"de": "Wauwau", "fr": "chien"},
        ("dogs", "doggy"),
        ("a photo of a dog", "woof"),
        exclude=True,
    )
    assert name(vocabulary, "Hund") is None
    assert vocabulary.terms["weapon"].sensitive


def test_children_follow_a_term_that_is_spelled_anew_or_named_by_its_alias(small: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "my.txt", "ANIMAL = beast\nbeast > yeti\n")
    vocabulary = load(small, [mine])
    assert vocabulary.ancestors("dog") == vocabulary.ancestors("yeti") == ("ANIMAL",)


def test_a_later_file_takes_over_an_earlier_alias(small: Path, tmp_path: Path) -> None:
    one, two = written(tmp_path / "1.txt", "doggy\n"), written(tmp_path / "2.txt", "hound = dogs\n")
    vocabulary = load(small, [one, two])
    assert [name(vocabulary, word) for word in ("doggy", "dogs", "dog")] == ["doggy", "hound", "dog"]
    assert vocabulary.terms["dog"].aliases == ()


# ---- mistakes


def toml(*lines: str) -> str:
    return "\n".join(('[[term]]\nname = "first"', "", "[[term]]", 'name = "second"', *lines)) + "\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a\nb\nA\n", 3, '"A" is already in'),
        ("a = x\nb = X\n", 2, '"X" is already in'),
        ("a = x, X\n", 1, '"X" is there already'),
        ("a = A\n", 1, '"A" is there already'),
        ("a\n\nb = a\n", 3, "is itself a term"),
        ("b = a\na\n", 1, "is itself a term"),
        ("a\nghost > b\n", 2, "which is no term"),
        ("a > b\nb > c\nc > a\n", 3, "circle: c > a > b > c"),
        ("a > a\n", 1, "circle"),
        ("a\n" + "x" * 65 + "\n", 2, "has 65 bytes"),
        ("ä" * 33 + "\n", 1, "has 66 bytes"),
        ("a\nb, c\n", 2, 'holds ","'),
        ("a;b\n", 1, 'holds ";"'),
        ("AC/DC\n", 1, 'holds "/"'),
        ("a|b\n", 1, 'holds "|"'),
        ("a = b;c\n", 1, 'holds ";"'),
        ("a\nb\x07\n", 2, "invisible"),
        ("a\u202eb\n", 1, "invisible"),
        ("a = b,,c\n", 1, "empty"),
        ("a =\n", 1, "empty"),
        ("a\n= b\n", 2, "no term"),
        ("> b\n", 1, "no term"),
        ("a >\n", 1, "no term"),
        ("a > b > c\n", 1, "no term"),
        ("a = b = c\n", 1, "no term"),
        ("a = b > c\n", 1, "no term"),
    ],
)
def test_a_mistake_in_a_text_file_names_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = written(tmp_path / "my.txt", text)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ") and says in str(caught.value)
    assert caught.value.hint and str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (toml("name = "), 6, "not TOML"),
        (toml('name = "again"'), 6, "not TOML"),
        ('[[term]]\nname = "a', 2, "not TOML"),
        (toml('colour = "red"'), 6, 'no part "colour"'),
        (toml('alias = ["x"]'), 6, 'no part "alias"'),
        (toml('kind = "mood"'), 6, 'no kind "mood"'),
        (toml("kind = 3"), 6, "kind must be a text"),
        (toml('aliases = "x"'), 6, "aliases must be a list of texts"),
        (toml('aliases = ["x", 3]'), 6, "aliases must be a list of texts"),
        (toml("exclude = 1"), 6, "exclude must be true or false"),
        (toml('parent = "ghost"'), 6, "which is no term"),
        (toml('parent = "frist"'), 6, "which is no term"),
        (toml("aliases = [", '  "x",', '  "FIRST",', "]"), 8, "is itself a term"),
        (toml('de = "a, b"'), 6, 'holds ","'),
        (toml('de = " a"'), 6, "begins or ends with a space"),
        (toml('aliases = ["x", "y "]'), 6, "begins or ends with a space"),
        (toml('aliases = ["tab\\there"]'), 4, "invisible"),
        (toml('phrasings = ["fine", ""]'), 6, "phrasing"),
        ('[[term]]\nname = "a"\n\n[[term]]\nkind = "light"\n', 4, "no name"),
        ('[[term]]\nname = "a"\nde = "X"\n[[term]]\nname = "b"\nde = "x"\n', 6, "same label"),
        ('title = "mine"\n[[term]]\nname = "a"\n', 1, 'no part "title"'),
        ('\n[[terms]]\nname = "a"\n', 2, 'no part "terms"'),
        ('[term]\nname = "a"\n', 1, "not a list of tables"),
        (toml('parent = "first"', "[[term]]", 'name = "Second"'), 8, "is already in"),
    ],
)
def test_a_mistake_in_a_toml_file_names_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = written(tmp_path / "my.toml", text)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ") and says in str(caught.value)
    assert caught.value.hint and str(caught.value).isprintable()


def test_a_users_mistake_is_told_by_the_users_file(small: Path, tmp_path: Path) -> None:
    for text, says in (
        ("pooch = dog\n", "is itself a term"),
        ("dog > animal\n", "circle"),
        ("anmial > cat\n", "animal"),
    ):
        mine = written(tmp_path / "my.txt", "# mine\n" + text)
        with pytest.raises(UsageError) as caught:
            load(small, [mine])
        assert str(caught.value).startswith(f"{mine}:2: ")
        assert says in str(caught.value) + caught.value.hint


def test_a_file_that_cannot_be_read_is_named(small: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Hund\nKätzchen\n".encode("latin-1"))
    for path, says in (
        (tmp_path / "none.txt", f"no vocabulary file {tmp_path / 'none.txt'}"),
        (tmp_path, f"{tmp_path} cannot be read"),
        (tmp_path / "latin.txt", "latin.txt:2: this is not UTF-8"),
    ):
        with pytest.raises(UsageError) as caught:
            load(small, [path])
        assert says in str(caught.value)


# ---- the digest


def test_the_digest_names_what_is_said_and_not_how_it_is_laid_out(small: Path, tmp_path: Path) -> None:
    digest = load(small).digest
    assert len(digest) == 8 and int(digest, 16) >= 0
    head, *blocks = SMALL.split("[[term]]")
    turned = "[[term]]".join(["# another comment\n", *reversed(blocks)]) + head
    assert load(written(tmp_path / "turned.toml", turned)).digest == digest
    for before, after in (
        ("goldene Stunde", "Goldene Stunde"),
        ('"doggy"', '"hound"'),
        ("sensitive = true", "exclude = true"),
        ("a photo of a dog", "a dog"),
        ('kind = "light"', 'kind = "technique"'),
        ('parent = "animal"', 'parent = "weapon"'),
        ('"animal"', '"Animal"'),
    ):
        assert load(written(tmp_path / "other.toml", SMALL.replace(before, after))).digest != digest, before


# ---- a term as a line

SPELLED = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=",;|/<>=#"), min_size=1, max_size=12)


@given(SPELLED, SPELLED, st.lists(SPELLED, max_size=3))
def test_a_line_is_read_back_as_the_term_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, spelled: str, parent: str, aliases: list[str]
) -> None:
    spelled, parent, *aliases = (unicodedata.normalize("NFC", word) for word in (spelled, parent, *aliases))
    keys = [folded(word) for word in (spelled, parent, *aliases)]
    if len(set(keys)) < len(keys) or any(set(word) & set(",;|/<>=#") for word in (spelled, parent, *aliases)):
        return
    term = Term(spelled, parent, aliases=tuple(aliases))
    path = written(tmp_path_factory.getbasetemp() / "lines.txt", f"{text_line(Term(parent))}\n{text_line(term)}\n")
    assert load(path).terms == {parent: Term(parent), spelled: term}


def test_a_line_says_parent_name_and_aliases() -> None:
    assert text_line(Term("hot air balloon")) == "hot air balloon"
    assert text_line(Term("puppy", "dog", aliases=("pup", "whelp"))) == "dog > puppy = pup, whelp"


@pytest.mark.parametrize("bad", ["", " a", "a,b", "a=b", "a > b", "#a", "a #1", "a\nb", "a\x1b[2J", "ü" * 33, "a/b"])
def test_a_word_that_cannot_be_a_term_makes_no_line(bad: str) -> None:
    with pytest.raises(UsageError) as caught:
        text_line(Term(bad))
    assert caught.value.hint and str(caught.value).isprintable() and not str(caught.value).startswith(":")


# ---- speed


@pytest.mark.parametrize("ending", ["toml", "txt"])
def test_twenty_thousand_terms_load_at_once(tmp_path: Path, ending: str) -> None:
    if ending == "toml":
        block = '[[term]]\nname = "thing {0}"\nparent = "{1}"\nde = "Ding {0}"\naliases = ["things {0}", "stuff {0}"]\n'
        lines = [block.format(i, f"thing {i // 10}" if i else "") for i in range(20_000)]
    else:
        lines = [f"thing {i // 10} > thing {i} = things {i}, stuff {i}\n" for i in range(1, 20_000)]
        lines.insert(0, "thing 0\n")
    path = written(tmp_path / f"big.{ending}", "".join(lines))
    start = time.process_time()
    vocabulary = load(path)
    # Half a second to one on the machine where this was written; the bound is for a slow one under load.
    assert time.process_time() - start < 3
    assert len(vocabulary.terms) == 20_000
    assert vocabulary.ancestors("stuff 12345") == ("thing 1234", "thing 123", "thing 12", "thing 1", "thing 0")


def test_nothing_that_is_slow_to_import_is_loaded_for_the_shipped_words() -> None:
    code = (
        "import sys; from phototag import resources, vocabulary; vocabulary.load(resources.vocabulary_file());"
        "print({'tomllib', 'difflib', 'numpy', 'lancedb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
