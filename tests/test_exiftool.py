"""The ExifTool pool: every file gets its own answer, and no file, name or accident stops the run."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from phototag.errors import Interrupted, MissingTool, Unreadable
from phototag.read.exiftool import ExifTool
from phototag.read.exiftool_pool import Pool

TEXT = ("ImageDescription", "*Keyword*", "Subject", "Title")
Answers = list[dict[str, Any] | Unreadable]


@pytest.fixture(scope="module")
def pool() -> Iterator[ExifTool]:
    with ExifTool(2) as exiftool:
        yield exiftool


def photo(path: str | bytes | Path, text: str = "") -> str | bytes | Path:
    """A small JPEG that says `text`, so that a mixed-up answer shows."""
    exif = Image.Exif()
    if text:
        exif[0x010E] = text
    with open(path, "wb") as file:
        Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    return path


def written(path: Path, *arguments: str) -> str:
    photo(path)
    subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments, str(path)], check=True)
    return str(path)


def slow(path: Path) -> str:
    """A JPEG of a million empty comments: ExifTool reads it, in half a minute."""
    photo(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:2] + b"\xff\xfe\x00\x02" * 1_000_000 + whole[2:])
    return str(path)


def texts(answers: Answers) -> list[str]:
    assert not [answer for answer in answers if isinstance(answer, Unreadable)]
    return [answer.get("IFD0:ImageDescription", "") for answer in answers]  # type: ignore[union-attr]


@pytest.fixture
def watched(tmp_path: Path) -> tuple[str, Callable[[], list[int]]]:
    """ExifTool behind a script that notes the process id of each start."""
    pids, script = tmp_path / "pids", tmp_path / "exiftool-watched"
    script.write_text(f'#!/bin/sh\necho $$ >> "{pids}"\nexec "{shutil.which("exiftool")}" "$@"\n')
    script.chmod(0o755)

    def stay_open() -> list[int]:
        noted = [int(line) for line in pids.read_text().split()] if pids.exists() else []
        return [pid for pid in noted if alive(pid)]

    return str(script), stay_open


def alive(pid: int) -> bool:
    """Is this process there, other than as a zombie that waits for its parent?"""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def gone(pids: list[int], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


# ---- answers


def test_many_files_answer_in_order(tmp_path: Path, pool: ExifTool) -> None:
    paths = [str(photo(tmp_path / f"{n}.jpg", f"photo {n}")) for n in range(230)]
    paths.reverse()
    assert texts(pool.read(paths, TEXT)) == [f"photo {n}" for n in reversed(range(230))]


def test_nothing_asked_nothing_answered(pool: ExifTool) -> None:
    assert pool.read([]) == []


def test_the_same_file_twice(tmp_path: Path, pool: ExifTool) -> None:
    one, two = photo(tmp_path / "1.jpg", "one"), photo(tmp_path / "2.jpg", "two")
    assert texts(pool.read([str(one), str(two), str(one)], TEXT)) == ["one", "two", "one"]


NAMES = [
    *(b"-all=.jpg", b"-x.jpg", b"#comment.jpg", b"#[CSTR]a\\nb.jpg", b" leading.jpg", b"trailing .jpg ", b"\ttab.jpg"),
    *(
        b"two\nlines.jpg",
        b"return\r.jpg",
        b"-execute\n-all=.jpg",
        b"{ready1}.jpg",
        b"@file.jpg",
        b"a=b.jpg",
        b"a:b.jpg",
    ),
    *(
        b"back\\slash.jpg",
        b"quote\"'.jpg",
        b"$HOME `id`.jpg",
        b"%d%f.jpg",
        b"star*?[a].jpg",
        b"true",
        b"1e3",
        b"echo |",
    ),
    *("Müller \U0001f600 日本.jpg".encode(), b"Mu\xcc\x88ller.jpg", b"latin M\xfcller.jpg", b"bad \xff\xfe\x80.jpg"),
    *(b"x" * 251 + b".jpg", "ü".encode() * 125 + b".jpg", b"&amp;.jpg", b"photo.jpg.gz"),
]


def test_any_file_name(tmp_path: Path, pool: ExifTool) -> None:
    paths: list[str | bytes] = []
    for number, name in enumerate(NAMES):
        path = os.path.join(os.fsencode(tmp_path), name)
        try:
            photo(path, f"photo {number}")
        except OSError:  # macOS keeps no name that is not UTF-8
            continue
        paths.append(path if number % 2 else os.fsdecode(path))
    assert len(paths) > 20
    assert texts(pool.read(paths, TEXT)) == [f"photo {n}" for n in range(len(paths))]
    assert texts([pool.read([path], TEXT)[0] for path in paths]) == [f"photo {n}" for n in range(len(paths))]


def test_a_relative_name_is_a_name_and_no_option(
    tmp_path: Path, pool: ExifTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photo("-x.jpg", "minus")
    photo("#x.jpg", "hash")
    assert texts(pool.read(["-x.jpg", "#x.jpg"], TEXT)) == ["minus", "hash"]


def test_words_that_look_like_numbers_stay_words(tmp_path: Path, pool: ExifTool) -> None:
    words = ["1e3", "007", "2024", "true", "false", "1.50", "-0", "null", "NaN"]
    path = written(tmp_path / "a.jpg", *(f"-XMP-dc:Subject={word}" for word in words), "-XMP-dc:Title=true")
    (answer,) = pool.read([path], TEXT)
    assert isinstance(answer, dict)
    assert answer["XMP-dc:Subject"] == words
    assert answer["XMP-dc:Title"] == "true"


@pytest.mark.parametrize("word", ["Müller", "Ærø", "Łódź €", "日本", "Ãœ"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
def test_utf8_is_read_whether_declared_or_not(tmp_path: Path, pool: ExifTool, word: str, declared: bool) -> None:
    charset = ["-IPTC:CodedCharacterSet=UTF8"] if declared else ["-charset", "iptc=utf8"]
    path = written(tmp_path / "a.jpg", *charset, f"-IPTC:Keywords={word}", f"-IFD0:ImageDescription={word}")
    (answer,) = pool.read([path], TEXT)
    assert isinstance(answer, dict)
    assert (answer["IPTC:Keywords"], answer["IFD0:ImageDescription"]) == (word, word)


def test_latin_is_read_undeclared(tmp_path: Path, pool: ExifTool) -> None:
    latin = ["-charset", "iptc=latin", "-charset", "exif=latin"]
    words = ["Müller", "Çà et là", "10 €"]
    keywords = [f"-IPTC:Keywords={word}" for word in words]
    path = written(tmp_path / "a.jpg", *latin, *keywords, "-IFD0:ImageDescription=Müller", "-IFD0:XPKeywords=Ã¼")
    assert "Müller".encode("latin-1") in Path(path).read_bytes()
    (answer,) = pool.read([path], TEXT)
    assert isinstance(answer, dict)
    assert answer["IPTC:Keywords"] == words
    assert answer["IFD0:ImageDescription"] == "Müller"
    assert answer["IFD0:XPKeywords"] == "Ã¼", "UTF-16 is declared by its tag and never looked at again"


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path, pool: ExifTool) -> None:
    bad = tmp_path / "bad.xmp"
    bad.write_bytes(
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Caf\xe9 \xff \x01"\\</dc:title>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    answers = pool.read([str(bad), str(photo(tmp_path / "good.jpg", "good"))], TEXT)
    assert isinstance(answers[0], dict) and str(answers[0]["XMP-dc:Title"]).startswith("Caf")
    assert texts(answers)[1] == "good"


# ---- files that cannot be read


def test_a_file_that_is_not_there_is_named_and_the_others_are_read(tmp_path: Path, pool: ExifTool) -> None:
    good = str(photo(tmp_path / "good.jpg", "good"))
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    photo(tmp_path / "folder.jpg" / "inside.jpg", "inside")
    asked = [good, *(str(tmp_path / name) for name in ("none.jpg", "pipe.jpg", "folder.jpg")), good]
    answers = pool.read(asked, TEXT)
    assert texts([answers[0], answers[4]]) == ["good", "good"]
    for answer, why in zip(answers[1:4], ("cannot be opened", "not a file", "not a file"), strict=True):
        assert isinstance(answer, Unreadable) and why in answer.sentence and answer.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path, pool: ExifTool) -> None:
    path = Path(str(photo(tmp_path / "secret.jpg")))
    path.chmod(0)
    (answer,) = pool.read([str(path)])
    assert isinstance(answer, Unreadable) and "ermission" in answer.sentence


def test_a_file_that_vanishes_is_the_only_one_lost(tmp_path: Path, pool: ExifTool) -> None:
    paths = [str(photo(tmp_path / f"{n}.jpg", str(n))) for n in range(60)]
    deleting = threading.Thread(target=lambda: [*map(os.remove, paths[30:])])
    deleting.start()
    answers = pool.read(paths, TEXT)
    deleting.join()
    assert texts(answers[:30]) == [str(n) for n in range(30)]
    for number, answer in enumerate(answers[30:], 30):
        assert isinstance(answer, Unreadable) or answer["IFD0:ImageDescription"] == str(number)


def test_empty_and_foreign_files_say_what_exiftool_says(tmp_path: Path, pool: ExifTool) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "noise.jpg").write_bytes(bytes(range(256)) * 9)
    answers = pool.read([str(tmp_path / "empty.jpg"), str(tmp_path / "noise.jpg")], ("Error", "Warning"))
    assert [isinstance(answer, dict) and bool(answer["ExifTool:Error"]) for answer in answers] == [True, True]


def test_only_the_slow_file_is_blamed(tmp_path: Path, watched: tuple[str, Callable[[], list[int]]]) -> None:
    script, running = watched
    paths = [str(photo(tmp_path / f"{n}.jpg", str(n))) for n in range(10)]
    paths.insert(4, slow(tmp_path / "slow.jpg"))
    with ExifTool(1, timeout_s=2, executable=script) as pool:
        answers = pool.read(paths, TEXT)
        guilty = answers.pop(4)
        assert isinstance(guilty, Unreadable)
        assert guilty.sentence == "ExifTool took longer than 2 s" and guilty.hint
        assert texts(answers) == [str(n) for n in range(10)]
        assert len(running()) == 1, "those that hung were ended"
    assert gone(running())


def test_a_slow_file_whose_name_is_no_line(tmp_path: Path) -> None:
    with ExifTool(1, timeout_s=1) as pool:
        (answer,) = pool.read([slow(tmp_path / "two\nlines.jpg")])
        assert isinstance(answer, Unreadable) and "longer than 1 s" in answer.sentence


# ---- processes


def test_a_process_that_was_ended_from_outside_is_replaced(
    tmp_path: Path, watched: tuple[str, Callable[[], list[int]]]
) -> None:
    script, running = watched
    path = str(photo(tmp_path / "a.jpg", "still here"))
    with ExifTool(1, executable=script) as pool:
        for _ in range(3):
            assert texts(pool.read([path], TEXT)) == ["still here"]
            assert texts(pool.read([path] * 5, TEXT)) == ["still here"] * 5
            for pid in running():
                os.kill(pid, signal.SIGKILL)


def test_an_error_stream_that_floods_does_not_block(tmp_path: Path) -> None:
    script = tmp_path / "noisy"
    flood = "head -c 300000 /dev/zero | tr '\\0' x >&2"
    script.write_text(f'#!/bin/sh\n{flood}\nexec "{shutil.which("exiftool")}" "$@"\n')
    script.chmod(0o755)
    path = str(photo(tmp_path / "a.jpg", "heard"))
    with ExifTool(1, timeout_s=20, executable=str(script)) as pool:
        assert texts(pool.read([path], TEXT)) == ["heard"]


@pytest.mark.parametrize("name", ["none.jpg", "two\nlines.jpg"])
def test_what_exiftool_complains_about_is_told(tmp_path: Path, name: str) -> None:
    path = os.fsencode(tmp_path / name)
    lent = Pool(1)
    for _ in range(2):
        answer = lent.ask([b"-XMP-dc:Subject", path])
        assert b"File not found" in answer.complained and b"ready" not in answer.complained
        assert not answer.printed
    lent.close()
    with pytest.raises(Interrupted):
        lent.ask([b"-ver"])


def test_a_pool_may_know_tags_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "tags.config"
    config.write_text(
        "%Image::ExifTool::UserDefined = ('Image::ExifTool::Composite' => {"
        " Doubled => { Require => 'ImageWidth', ValueConv => '$val[0] * 2' } }); 1;"
    )
    path = os.fsencode(photo(tmp_path / "a.jpg"))
    for configured, printed in ((str(config), b"16\n"), ("", b"")):
        lent = Pool(1, config=configured)
        assert lent.ask([b"-s3", b"-Composite:Doubled", path]).printed == printed
        lent.close()


def test_threads_share_the_processes(tmp_path: Path, watched: tuple[str, Callable[[], list[int]]]) -> None:
    script, running = watched
    paths = [str(photo(tmp_path / f"{n}.jpg", str(n))) for n in range(40)]
    with ExifTool(2, executable=script) as pool, ThreadPoolExecutor(8) as threads:
        parts = [paths[n : n + 5] for n in range(0, 40, 5)] * 3
        answers = [text for part in threads.map(lambda part: texts(pool.read(part, TEXT)), parts) for text in part]
        assert answers == [str(n) for n in range(40)] * 3
        assert len(running()) <= 2
    assert gone(running())


def test_nothing_starts_before_it_is_needed(watched: tuple[str, Callable[[], list[int]]]) -> None:
    script, running = watched
    with ExifTool(2, executable=script) as pool:
        assert pool.read([]) == []
        assert not running()


def test_closing_interrupts_what_is_under_way(tmp_path: Path, watched: tuple[str, Callable[[], list[int]]]) -> None:
    script, running = watched
    path = slow(tmp_path / "slow.jpg")
    pool = ExifTool(1, executable=script)
    with ThreadPoolExecutor(2) as threads:
        readings = [threads.submit(pool.read, [path]) for _ in range(2)]  # the second one waits for the process
        while not running():
            time.sleep(0.01)
        time.sleep(0.3)
        pool.close()
        for reading in readings:
            with pytest.raises(Interrupted):
                reading.result(timeout=10)
    assert gone(running())
    pool.close()
    with pytest.raises(Interrupted):
        pool.read([path])


PARENT = """
    import sys, time
    from phototag.read.exiftool import ExifTool
    executable, quick, slow = sys.argv[1:]
    pool = ExifTool(2, executable=executable)
    pool.read([quick])
    print("ready", flush=True)
    try:
        pool.read([slow]) if slow else time.sleep(60)
    except KeyboardInterrupt:
        print("still" if pool.read([quick] * 2)[1]["File:ImageWidth"] == "8" else "lost", flush=True)
"""


def parent(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_exiftool_ends_with_a_parent_that_is_killed(
    tmp_path: Path, watched: tuple[str, Callable[[], list[int]]], busy: bool
) -> None:
    script, running = watched
    process = parent(script, str(photo(tmp_path / "a.jpg")), slow(tmp_path / "slow.jpg") if busy else "")
    time.sleep(0.3)
    children = running()
    assert children
    process.kill()
    process.communicate()
    assert gone(children)


def test_ctrl_c_in_the_terminal_leaves_exiftool_alone(
    tmp_path: Path, watched: tuple[str, Callable[[], list[int]]]
) -> None:
    script, running = watched
    process = parent(script, str(photo(tmp_path / "a.jpg")), "")
    children = running()
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout and process.stdout.readline() == "still\n"
    assert children
    process.communicate(timeout=20)
    assert gone(children), "they end with us, also when nobody closed the pool"


# ---- versions


def program(path: Path, says: str) -> str:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_version_is_told(pool: ExifTool) -> None:
    assert tuple(map(int, pool.version.split("."))) >= (12, 38)


@pytest.mark.parametrize("says", ["12.30", "9.99", "usage: something else", ""])
def test_what_is_too_old_or_no_exiftool_is_refused(tmp_path: Path, says: str) -> None:
    with ExifTool(executable=program(tmp_path / "old", says)) as pool:
        with pytest.raises(MissingTool) as caught:
            pool.read([str(photo(tmp_path / "a.jpg"))])
        assert "libimage-exiftool-perl" in caught.value.hint


def test_a_missing_exiftool_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool) as caught:
        ExifTool()
    assert "brew install exiftool" in caught.value.hint
