"""Where a setting's value comes from, who wins, and what is said about one that is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from dataclasses import FrozenInstanceError
from pathlib import Path

import click.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phototag.cli.config import command
from phototag.errors import UsageError
from phototag.settings import KEYS, Settings, load


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "user" / "phototag.toml"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def from_text(path: Path, text: str) -> Settings:
    return load(user_file=write(path, text), environ={})


def refusal(path: Path, text: str) -> UsageError:
    """The error for a settings file with this text; it must begin with the file's path."""
    with pytest.raises(UsageError) as caught:
        from_text(path, text)
    assert caught.value.sentence.startswith(str(path))
    assert caught.value.hint
    return caught.value


def test_without_any_source_all_is_default(user_file: Path) -> None:
    settings = load(user_file=user_file, environ={})
    assert settings == Settings()
    assert settings.look.side == 1024
    assert {row.source for row in settings.rows()} == {"default"}


def test_every_default_keeps_its_own_rule() -> None:
    for row in Settings().rows():
        assert KEYS[row.key].check(row.value) == row.value
        assert row.help and row.allowed


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().look.side = 3  # type: ignore[misc]


def test_later_sources_win_and_are_named(tmp_path: Path, user_file: Path) -> None:
    write(user_file, "[look]\nside = 200\nbatch = 5\n[event]\ngap_minutes = 30\n[hashes]\ndistance = 3\n")
    library = write(
        tmp_path / "photos/.phototag/phototag.toml", "\n[look]\nside = 300\nbatch = 6\n[event]\ngap_minutes=40"
    )
    settings = load(
        library,
        {"look.side": "500"},
        {"PHOTOTAG_LOOK_SIDE": "400", "PHOTOTAG_LOOK_BATCH": "7", "HOME": "/"},
        user_file,
    )
    assert (settings.look.side, settings.look.batch) == (500, 7)
    assert (settings.event.gap_minutes, settings.hashes.distance) == (40, 3)
    sources = {row.key: row.source for row in settings.rows()}
    assert sources["look.side"] == "flag"
    assert sources["look.batch"] == "PHOTOTAG_LOOK_BATCH"
    assert sources["event.gap_minutes"] == f"{library}:6"
    assert sources["hashes.distance"] == f"{user_file}:7"
    assert sources["scan.batch"] == "default"


def test_user_file_lies_in_the_configuration_folder_and_is_shown_from_home(home: Path) -> None:
    pytest.importorskip("platformdirs")
    if sys.platform != "linux":
        pytest.skip("the folder has another name here")
    write(home / ".config/phototag/phototag.toml", "threads = 3\n")
    row = load(environ={}).row("threads")
    assert (row.value, row.source) == (3, "~/.config/phototag/phototag.toml:1")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[look]\n\nside = 99\n", 3),
        ("look.side = 99\n", 1),
        ("# first\r\n[look]\r\nside = 99\r\n", 3),
        ('"look" . "side" = 99\n', 1),
        ("look = { batch = 2, side = 99 }\n", 1),
        ("  [look]  # side = 1\n  batch = 1\n\t'side' = 99  # the one\n", 3),
        ('[names]\nstop_words = [\n  "[look]",\n  "]", # ]\n  """\nside = 5\n""",\n]\n[look]\nside = 99\n', 10),
        ("[scan]\nignore = [\n 'a',\n\n 'b']\n[look]\nside = 99", 7),
        ("\ufeff[look]\nside = 99\n", 2),
    ],
)
def test_line_of_a_setting(user_file: Path, text: str, line: int) -> None:
    user_file.parent.mkdir()
    user_file.write_bytes(text.encode())
    row = load(user_file=user_file, environ={}).row("look.side")
    assert (row.value, row.source) == (99, f"{user_file}:{line}")


def test_value_over_several_lines_is_found_where_it_begins(user_file: Path) -> None:
    settings = from_text(user_file, "[scan]\nignore = [\n  'raw/',\n  '*.tmp',\n]\n")
    assert settings.scan.ignore == ("raw/", "*.tmp")
    assert settings.row("scan.ignore").source == f"{user_file}:2"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\n[look]\nsyde = 5\n", 3, 'there is no setting "look.syde". Did you mean "look.side"?'),
        ("look.syde = 5\n", 1, 'there is no setting "look.syde". Did you mean "look.side"?'),
        ("\nlook = {syde = 5}\n", 2, 'there is no setting "look.syde". Did you mean "look.side"?'),
        ("side = 5\n", 1, 'there is no setting "side". Did you mean "look.side"?'),
        ("[scan]\nside = 5\n", 2, 'there is no setting "scan.side". Did you mean "look.side"?'),
        ("threads=1\n[lokk]\nside = 5\n", 2, 'there is no section "lokk". Did you mean "look"?'),
        ("[lok]\n", 1, 'there is no section "lok". Did you mean "look"?'),
        ("[xqzw]\n", 1, 'there is no section "xqzw".'),
        ("lok.batch = 3\n", 1, 'there is no section "lok". Did you mean "look"?'),
        ("look = 5\n", 1, 'there is a section "look", but no such setting. It has look.side, look.describer, '),
        ("[[look]]\nside = 5\n", 1, 'there is a section "look", but no such setting.'),
        ("sources = {}\n", 1, 'there is no section "sources".'),
        ('"" = 5\n', 1, 'there is no setting "".'),
        ('"\\u001b[31m" = 5\n', 1, 'there is no setting "\\u001b[31m".'),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(user_file: Path, text: str, line: int, said: str) -> None:
    assert refusal(user_file, text).sentence.startswith(f"{user_file}:{line}: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("look.side = 9999", "look.side must be a whole number from 64 to 4096, not 9999."),
        ("look.side = 63", "look.side must be a whole number from 64 to 4096, not 63."),
        ("look.side = 512.0", "look.side must be a whole number from 64 to 4096, not 512."),
        ('look.side = "512"', 'look.side must be a whole number from 64 to 4096, not "512".'),
        ("look.side = true", "look.side must be a whole number from 64 to 4096, not true."),
        ("look.side = {}", "look.side must be a whole number from 64 to 4096, not a table."),
        ("look.side = 2020-01-01", "look.side must be a whole number from 64 to 4096, not 2020-01-01."),
        (f"look.side = 0x{'f' * 9000}", "look.side must be a whole number from 64 to 4096, not 0xffff"),
        ("policy.min_confidence = nan", "policy.min_confidence must be a number from 0 to 1, not nan."),
        ("policy.min_confidence = inf", "policy.min_confidence must be a number from 0 to 1, not inf."),
        ("policy.min_confidence = true", "policy.min_confidence must be a number from 0 to 1, not true."),
        ("scan.hidden = 1", "scan.hidden must be true or false, not 1."),
        ("scan.ignore = 'a'", 'scan.ignore must be a list of texts, not "a".'),
        ("scan.ignore = ['a', 1]", 'scan.ignore must be a list of texts, not ["a", 1].'),
        ("languages.keywords = 'English'", 'languages.keywords must be a language code such as "en" or "de", not'),
        ("names.forbidden = '?'", 'names.forbidden must be text with "/" among its characters, not "?".'),
    ],
)
def test_wrong_values_are_refused_with_what_is_allowed(user_file: Path, text: str, said: str) -> None:
    assert refusal(user_file, "\n" + text).sentence.startswith(f"{user_file}:2: {said}")


def test_a_whole_number_will_do_where_a_number_is_wanted(user_file: Path) -> None:
    value = from_text(user_file, "policy.min_confidence = 1").policy.min_confidence
    assert value == 1.0 and isinstance(value, float)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[look]\nside 5\n", 2, "Expected '=' after a key"),
        ("[look]\nside = 1\nside = 2\n", 3, "Cannot overwrite a value"),
        ("threads = [1,\n2\n\n", 3, "Unclosed array"),
    ],
)
def test_broken_toml_names_file_and_line(user_file: Path, text: str, line: int, what: str) -> None:
    assert refusal(user_file, text).sentence.startswith(f"{user_file}:{line}: this is not TOML: {what}")


def test_toml_nested_too_deeply_is_a_sentence(user_file: Path) -> None:
    assert "not TOML" in refusal(user_file, f"threads = {'[' * 5000}{']' * 5000}").sentence


def test_file_that_is_not_utf8_is_a_sentence(user_file: Path) -> None:
    user_file.parent.mkdir()
    user_file.write_bytes("[names]\nstop_words = ['für']\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"phototag\.toml: this file is not UTF-8 text"):
        load(user_file=user_file, environ={})


def test_unreadable_file_is_a_sentence(user_file: Path) -> None:
    user_file.mkdir(parents=True)
    with pytest.raises(UsageError, match=r"phototag\.toml: this settings file cannot be read: Is a directory"):
        load(user_file=user_file, environ={})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("look.side", "512", 512),
        ("policy.min_confidence", "0.25", 0.25),
        ("scan.hidden", "Yes", True),
        ("scan.hidden", "on", True),
        ("scan.decode", "0", False),
        ("scan.decode", "off", False),
        ("scan.ignore", "raw/, *.tmp,", ("raw/", "*.tmp")),
        ("scan.ignore", "", ()),
        ("look.describer", "ollama:qwen3-vl:4b-instruct", "ollama:qwen3-vl:4b-instruct"),
        ("threads", "4", 4),
        ("read.timeout_s", "5", 5.0),
    ],
)
def test_environment_and_flags_are_text(user_file: Path, name: str, text: str, value: object) -> None:
    variable = "PHOTOTAG_" + name.upper().replace(".", "_")
    spoken = load(user_file=user_file, environ={variable: text}).row(name)
    assert (spoken.value, spoken.source) == (value, variable)
    flagged = load(user_file=user_file, environ={}, flags={name: text}).row(name)
    assert (flagged.value, flagged.source) == (value, "flag")


def test_flags_may_also_be_values_and_none_is_not_given(user_file: Path) -> None:
    flags = {"look.side": 512, "scan.ignore": ["a"], "scan.hidden": True, "look.batch": None}
    settings = load(user_file=user_file, environ={}, flags=flags)
    assert (settings.look.side, settings.scan.ignore, settings.scan.hidden) == (512, ("a",), True)
    assert settings.row("look.batch").source == "default"


@pytest.mark.parametrize("text", ["", "many", "9999", "5e2", "\udcff", "true"])
def test_wrong_text_names_the_variable_or_the_command_line(user_file: Path, text: str) -> None:
    said = "look.side must be a whole number from 64 to 4096, not "
    with pytest.raises(UsageError) as caught:
        load(user_file=user_file, environ={"PHOTOTAG_LOOK_SIDE": text})
    assert caught.value.sentence.startswith("PHOTOTAG_LOOK_SIDE: " + said)
    assert caught.value.sentence.encode("utf-8")
    with pytest.raises(UsageError) as caught:
        load(user_file=user_file, environ={}, flags={"look.side": text})
    assert caught.value.sentence.startswith("command line: " + said)


def test_bytes_that_are_no_text_are_refused_even_for_a_text(user_file: Path) -> None:
    with pytest.raises(UsageError, match=r"look\.describer must be text"):
        load(user_file=user_file, environ={"PHOTOTAG_LOOK_DESCRIBER": "\udcff"})


@pytest.mark.parametrize(
    ("variable", "near"),
    [("PHOTOTAG_LOOK_SYDE", "PHOTOTAG_LOOK_SIDE"), ("PHOTOTAG_THREAD", "PHOTOTAG_THREADS"), ("PHOTOTAG_QQQQ", "")],
)
def test_unknown_variables_are_refused_with_the_nearest(user_file: Path, variable: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(user_file=user_file, environ={variable: "5"})
    assert variable in caught.value.sentence
    assert caught.value.sentence.endswith(f"Did you mean {near}?" if near else f"variable {variable}.")


def test_the_library_variable_is_no_setting(user_file: Path) -> None:
    assert load(user_file=user_file, environ={"PHOTOTAG_LIBRARY": "/photos"}) == Settings()


def test_unknown_flag_is_refused_with_the_nearest(user_file: Path) -> None:
    with pytest.raises(UsageError, match=r'there is no setting "look\.syde"\. Did you mean "look\.side"\?'):
        load(user_file=user_file, environ={}, flags={"look.syde": "5"})


def test_variables_are_unambiguous() -> None:
    assert len({key.variable for key in KEYS.values()}) == len(KEYS)


@given(words=st.lists(st.text(min_size=1)), spec=st.text(), share=st.floats(0, 1), side=st.integers(64, 4096))
def test_what_is_shown_can_be_written_into_a_file(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], spec: str, share: float, side: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "shown.toml"
    flags = {"names.stop_words": words, "look.describer": spec, "policy.min_confidence": share, "look.side": side}
    settings = load(user_file=path.with_name("absent"), environ={}, flags=flags)
    path.write_bytes("\n".join(f"{row.key} = {row.text}" for row in settings.rows()).encode())
    assert load(user_file=path, environ={}) == settings


def test_importing_settings_loads_none_of_what_it_may_not_need() -> None:
    code = "import sys, phototag.settings; print(*{'tomllib', 'platformdirs', 'difflib', 'json'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# ---- the command


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, user_file: Path):  # type: ignore[no-untyped-def]
    """Runs `phototag config` on the settings of a file, without this machine's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user_file.parent.parent))
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: user_file.parent)

    def run(*args: str, **flags: str) -> click.testing.Result:
        spoken = [f"--set={key.replace('__', '.')}={text}" for key, text in flags.items()]
        return click.testing.CliRunner().invoke(command, [*args, *spoken])

    return run


def test_config_shows_all_in_80_columns(config, user_file: Path) -> None:  # type: ignore[no-untyped-def]
    write(user_file, "[look]\nside = 300\n")
    lines = config(look__batch="9").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1:]] == list(KEYS)
    shown = {line.split()[0]: line.split() for line in lines}
    assert shown["look.side"][1] == "300" and shown["look.side"][2].endswith("phototag.toml:2")
    assert shown["look.batch"] == ["look.batch", "9", "flag"]
    assert "…" in " ".join(shown["names.stop_words"])


def test_config_key_shows_one_in_full(config) -> None:  # type: ignore[no-untyped-def]
    shown = config("names.stop_words").stdout
    assert '"von", "zu"]' in shown and "…" not in shown
    assert "words left out" in shown and "a list of texts" in shown


def test_config_json_is_one_list(config, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "photos/.phototag/phototag.toml", "names.stop_words = ['für']")
    write(tmp_path / "photos/.phototag/library.json", '{"version": 1, "roots": []}')
    rows = json.loads(config("--json", "--library", str(tmp_path / "photos")).stdout)
    assert [row["key"] for row in rows] == list(KEYS)
    (words,) = [row for row in rows if row["key"] == "names.stop_words"]
    assert words["value"] == ["für"] and words["source"].endswith(".phototag/phototag.toml:1") and words["help"]


def test_config_refuses_a_key_that_is_none(config) -> None:  # type: ignore[no-untyped-def]
    problem = config("look.syde").exception
    assert isinstance(problem, UsageError)
    assert problem.sentence == 'There is no setting "look.syde". Did you mean "look.side"?'


def test_config_help_has_two_examples_and_says_that_it_only_reads(config) -> None:  # type: ignore[no-untyped-def]
    shown = config("--help").stdout
    assert shown.count("  phototag config ") == 2
    assert "only reads" in shown


@pytest.mark.parametrize("line", ["[online]\nplaces = true", '[ollama]\nallow_hosts = ["example.org"]'])
def test_no_library_can_let_something_leave_the_machine(tmp_path: Path, line: str) -> None:
    """A folder of photos may come from somebody else, with a .phototag in it."""
    of_library, own = tmp_path / "library.toml", tmp_path / "own.toml"
    of_library.write_text(line)
    with pytest.raises(UsageError, match="leave this machine"):
        load(of_library, environ={}, user_file=own)
    assert load(None, environ={}, user_file=of_library)
