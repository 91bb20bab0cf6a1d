"""The house is in order: imports point downwards, files are changed in their rooms, and help comes at once.

The rules themselves stand in house.py; here each one is broken once in a toy house, so that a rule that stopped
finding anything would be noticed, and then the real package is held to all of them.
"""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import house

PACKAGE = Path(__file__).resolve().parent.parent / "phototag"
HEAVY = {"torch", "lancedb", "pyarrow", "numpy", "ollama", "cv2", "PIL", "rich"}


def build(folder: Path, files: dict[str, str]) -> Path:
    """A toy package named phototag; every file gets a docstring unless it starts with one of its own."""
    package = folder / "phototag"
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith(('"""', "#!")) else f'"""Toy."""\n{text}\n')
    return package


# Rule, file, its second line and those after it, line and words of the finding.
BROKEN = [
    ("a lower line", "store/x.py", "import phototag.read.scan", 2, "store imports read: a lower line never imports"),
    ("from the package", "read/x.py", "from phototag import pipeline", 2, "read imports pipeline: a lower line"),
    ("relatively", "read/x.py", "from ..look import caption", 2, "read imports look: a lower line"),
    ("inside a function", "read/x.py", "def f():\n    import phototag.api", 3, "read imports api: a lower line"),
    ("by a literal", "look/x.py", "import importlib\nimportlib.import_module('phototag.cli')", 3, "look imports cli"),
    ("by a relative literal", "look/x.py", "import_module('..search', __package__)", 2, "look imports search: a lower"),
    ("the whole package", "store/x.py", "import phototag", 2, "store imports api: a lower line"),
    ("a public name", "store/x.py", "from phototag import undo_all", 2, "store imports api: a lower line"),
    ("a sibling", "look/x.py", "from phototag.decide import cull", 2, "look imports decide: rooms on one line never"),
    ("a lower sibling", "records.py", "from phototag.errors import Busy", 2, "records imports errors: rooms on one"),
    ("a settings page", "report.py", "import phototag.settings_schema", 2, "report imports settings: rooms on one"),
    ("an unknown room", "utils.py", "x = 1", 1, "no line of the house has a room 'utils'"),
    ("__init__ at once", "__init__.py", "from phototag import api", 2, "__init__ imports api at once"),
    ("__init__ elsewhere", "__init__.py", "def f():\n    import phototag.store", 3, "__init__ imports store"),
    ("__main__ elsewhere", "__main__.py", "from phototag.store import library", 2, "__main__ imports store"),
    ("click", "api.py", "import click", 2, "api imports click, which lives in cli only"),
    ("lancedb", "search.py", "def f():\n    import lancedb", 3, "search imports lancedb, which lives in store only"),
    ("pyarrow", "read/x.py", "import pyarrow.parquet as pq", 2, "read imports pyarrow, which lives in store only"),
    ("PIL", "look/x.py", "from PIL import Image", 2, "look imports PIL, which lives in backends, read only"),
    ("cv2", "read/x.py", "import cv2", 2, "read imports cv2, which lives in backends, look, read/video.py only"),
    ("torch", "look/x.py", "import torch", 2, "look imports torch, which lives in backends only"),
    ("geopy", "look/x.py", "from geopy.geocoders import Nominatim", 2, "look imports geopy, which lives in backends"),
    ("rich", "cli/x.py", "from rich.table import Table", 2, "cli imports rich, which lives in report only"),
    ("exiftool", "look/x.py", "import subprocess as s\ns.run(['exiftool', '-ver'])", 3, "look starts exiftool"),
    ("exiftool by path", "api.py", "import shutil\nshutil.which('exiftool')", 3, "api starts exiftool"),
    ("printing", "api.py", "print('hello')", 2, "api prints with print(): printing lives in cli, report only"),
    ("printing to stderr", "read/x.py", "import sys\nsys.stderr.write('x')", 3, "read prints with sys.stderr.write()"),
    ("os.replace", "read/x.py", "import os\nos.replace(a, b)", 3, "read changes files with os.replace()"),
    ("renamed", "read/x.py", "from os import unlink as gone\ngone(a)", 3, "read changes files with os.unlink()"),
    (
        "shutil.copy",
        "decide/x.py",
        "import shutil as sh\nsh.copy2(a, b)",
        3,
        "decide changes files with shutil.copy2()",
    ),
    ("shutil.rmtree", "api.py", "import shutil\nshutil.rmtree(a)", 3, "api changes files with shutil.rmtree()"),
    ("Path.unlink", "cli/x.py", "path.unlink(missing_ok=True)", 2, "cli changes files with unlink()"),
    ("Path.rename", "cli/x.py", "path.rename(other)", 2, "cli changes files with rename()"),
    ("Path.replace", "cli/x.py", "path.replace(other)", 2, "cli changes files with replace()"),
    ("Path.write_text", "look/x.py", "path.write_text('x')", 2, "look changes files with write_text()"),
    ("open for writing", "look/x.py", "open(path, 'wb')", 2, "look changes files with open(…, 'wb')"),
    ("open by keyword", "look/x.py", "open(path, mode='a')", 2, "look changes files with open(…, 'a')"),
    ("open, mode computed", "look/x.py", "open(path, mode)", 2, "look changes files with open() with a computed mode"),
    ("Path.open", "look/x.py", "path.open('r+b')", 2, "look changes files with open(…, 'r+b')"),
    ("os.open", "look/x.py", "import os\nos.open(path, os.O_RDWR)", 3, "look changes files with os.open() for writing"),
    ("a silent except", "api.py", "try:\n    f()\nexcept OSError:\n    pass", 4, "a silent except: its handler does"),
    ("three dots", "api.py", "try:\n    f()\nexcept OSError:\n    ...", 4, "a silent except: its handler does nothing"),
    (
        "goes on",
        "api.py",
        "for x in y:\n    try:\n        f()\n    except OSError:\n        continue",
        5,
        "only goes on",
    ),
    ("a bare except", "api.py", "try:\n    f()\nexcept:\n    g()", 4, "a bare except that does not raise again"),
    (
        "Exception",
        "api.py",
        "try:\n    f()\nexcept (OSError, Exception):\n    g()",
        4,
        "except (OSError, Exception) that",
    ),
    ("suppress", "api.py", "import contextlib as c\nwith c.suppress(Exception):\n    f()", 3, "suppress() hides every"),
    ("a long file", "api.py", "x = 1\n" * 300, 301, "the file has 302 lines: 300 are the most"),
    ("a long function", "api.py", "def f():\n" + "    x = 1\n" * 50, 2, "f() has 51 lines: 50 are the most"),
    ("no docstring", "api.py", "#!\nx = 1", 1, "the file has no docstring that says which decision it owns"),
    ("no Python", "api.py", "def f(:", 2, "cannot be parsed"),
]

IN_ORDER = {
    "__init__.py": "import importlib\ndef __getattr__(name):\n    return importlib.import_module('phototag.api')",
    "__main__.py": "from phototag.cli import main\nfrom phototag import errors, report",
    "records.py": "from dataclasses import dataclass",
    "errors.py": "x = 'no import'",
    "settings.py": "from phototag import settings_schema\nimport os\nos.replace('a', 'b')\nfrom .errors import Busy",
    "settings_schema.py": "from phototag.errors import Busy",
    "report.py": "import rich\nprint('x')\nfrom phototag import __version__",
    "vocabulary.py": "from phototag import records",
    "backends/__init__.py": "def torch():\n    import torch, PIL, cv2, ollama",
    "backends/clip.py": "from . import protocols\nfrom phototag import settings\nimport open_clip, numpy",
    "backends/protocols.py": "from phototag.records import Photo",
    "store/library.py": "import lancedb, pyarrow\npath.unlink()\nopen(path, 'ab')",
    "read/scan.py": "from phototag.store import library\nimport subprocess\nsubprocess.run(['exiftool'])\nimport PIL",
    "read/video.py": "import cv2\nfrom .scan import walk\nwith open(path, 'rb') as file:\n    pass",
    "look/measure.py": "import cv2\nfrom phototag.read import scan\npath.open()\ntext.replace('a', 'b')\nopen(path)",
    "decide/cull.py": "from dataclasses import replace\nreplace(photo)\nmoment.replace(tzinfo=None)\nImage.open('wax')",
    "change/writer.py": "import os, shutil as sh\nos.unlink('a')\nsh.copy2('a', 'b')\nfrom phototag import vocabulary",
    "pipeline.py": (
        "from phototag import look, read, store\nimport subprocess\nsubprocess.run(['ffprobe'])\n"
        "try:\n    f()\nexcept OSError as e:\n    say(e)\n"
        "for x in y:\n    try:\n        f()\n    except OSError:\n        continue  # the next one may do\n"
        "try:\n    f()\nexcept BaseException:\n    tidy()\n    raise\n"
        "import contextlib\nwith contextlib.suppress(FileNotFoundError):\n    f()"
    ),
    "api.py": "from phototag import pipeline, search\ndef open(path, mode):\n    ...\nopen(path, 'w')",
    "search.py": "from phototag.store import library",
    "cli/__init__.py": "import click\nfrom phototag import api\nimport phototag\nprint('x')",
}


@pytest.mark.parametrize(("name", "text", "line", "words"), [case[1:] for case in BROKEN], ids=[c[0] for c in BROKEN])
def test_each_broken_rule_is_named(tmp_path: Path, name: str, text: str, line: int, words: str) -> None:
    found = house.findings(build(tmp_path, {name: text}))
    assert [(finding.path, finding.line) for finding in found] == [(f"phototag/{name}", line)]
    assert words in found[0].rule
    assert str(found[0]) == f"phototag/{name}:{line}: {found[0].rule} (DESIGN.md section 8)"


def test_a_house_in_order_has_no_findings(tmp_path: Path) -> None:
    assert house.findings(build(tmp_path, IN_ORDER)) == []


def test_phototag_is_in_order() -> None:
    assert len(list(PACKAGE.rglob("*.py"))) > 3
    found = house.findings(PACKAGE)
    assert not found, "\n" + "\n".join(map(str, found))


def seconds(command: list[str], rounds: int = 5) -> float:
    """What the cheapest of some fresh processes costs of the processor; the clock would tell of other programs, too."""
    times = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_help_answers_at_once() -> None:
    took = seconds([sys.executable, "-m", "phototag", "--help"])
    # On a busy machine all of Python is slower: then only what we add to a bare click counts.
    assert took < 0.3 or took < 5 * seconds([sys.executable, "-c", "import click"])


def test_help_loads_nothing_heavy(phototag) -> None:
    shown = phototag("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "scan" in shown.stdout
    program = (
        "import atexit, json, sys\n"
        "loaded = lambda: json.dumps(sorted({name.split('.')[0] for name in sys.modules}))\n"
        "atexit.register(lambda: print(loaded(), file=sys.stderr))\n"
        "sys.argv = ['phototag', '--help']\n"
        "from phototag.__main__ import main\n"
        "main()\n"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(json.loads(run.stderr))
    assert "click" in loaded, "this measured something else than the command line"
    assert not loaded & HEAVY


# A UDP socket's connect sends nothing, and a name under .invalid has no address: even without a guard nothing leaves.
FAR = {
    "connect": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))",
    "connect_ex": "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect_ex(('2001:db8::1', 9))",
    "create_connection": "socket.create_connection(('example.invalid', 80), 1)",
    "getaddrinfo": "socket.getaddrinfo('example.invalid', 80)",
    "gethostbyname": "socket.gethostbyname('127.example.invalid')",
    "urlopen": "__import__('urllib.request').request.urlopen('http://example.invalid/', timeout=1)",
}


@pytest.mark.parametrize("attempt", FAR.values(), ids=FAR)
def test_nothing_but_loopback_is_reached_from_a_test(network_attempts: Path, attempt: str) -> None:
    with pytest.raises(RuntimeError, match="the tests reach nothing but loopback"):
        eval(attempt)
    assert network_attempts.read_text().count("\n") == 1
    network_attempts.write_text("")


def test_nor_from_a_program_that_swallows_the_error(network_attempts: Path, tmp_path: Path) -> None:
    program = f"import socket\ntry:\n    {FAR['getaddrinfo']}\nexcept BaseException:\n    print('swallowed')"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "swallowed\n"
    assert "socket.getaddrinfo to 'example.invalid'" in network_attempts.read_text()
    network_attempts.write_text("")


def test_loopback_and_unix_sockets_work(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), 5).close()
    one, other = socket.socketpair()
    one.sendall(b"x")
    assert other.recv(1) == b"x"
    one.close()
    other.close()


def test_a_machine_s_own_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.flags_seen = 'theirs'\n")
    guard = str(Path(__file__).parent / "guard")
    program = f"import sys, socket; print(sys.flags_seen); {FAR['getaddrinfo']}"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{guard}:{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "theirs\n"
    assert "NetworkRefused" in run.stderr
