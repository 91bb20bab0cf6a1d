"""What all commands share: the options that every one has, and stopping in good order.

The decision here: the first Ctrl-C (or SIGTERM) asks the run to finish its batch, the second one ends it.
"""

from __future__ import annotations

import functools
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from phototag.errors import Interrupted
from phototag.report import Report, folded, out, shown


@dataclass
class Shared:
    """The options that every command has, as one argument."""

    library: Path | None = None
    json: bool = False
    report: Report = field(default_factory=Report)
    flags: dict[str, str] = field(default_factory=dict)


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --library, --set, --json, --quiet and --verbose."""

    @click.option(
        "--library",
        envvar="PHOTOTAG_LIBRARY",
        type=click.Path(path_type=Path),
        help="Keep (or find) the library's state in this folder.",
    )
    @click.option(
        "--set", "flags", multiple=True, metavar="KEY=VALUE", help="A setting for this run; see: phototag config"
    )
    @click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
    @click.option("--quiet", "-q", is_flag=True, help="Only results and errors.")
    @click.option("--verbose", "-v", is_flag=True, help="More of what is going on.")
    @functools.wraps(function)
    def wrapped(
        *args: Any, library: Path | None, flags: tuple[str, ...], as_json: bool, quiet: bool, verbose: bool, **rest: Any
    ) -> Any:
        report = Report(quiet=quiet or as_json, verbose=verbose)
        return function(*args, both=Shared(library, as_json, report, _pairs(flags)), **rest)

    return wrapped


def asks_a_model(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose who writes captions and keywords; they arrive as settings in `models`."""

    @click.option("--describer", metavar="NAME", help="Who writes captions and keywords: ollama, or fake to rehearse.")
    @click.option("--model", metavar="NAME", help="The model of Ollama, such as qwen3-vl:4b-instruct.")
    @asks_servers
    @click.option(
        "--strict", is_flag=True, help="Only words of the vocabulary: a second question lets the model choose."
    )
    @click.option("--twice", is_flag=True, help="Ask twice; what the model says only once is believed less.")
    @click.option("--every-photo", is_flag=True, help="Ask about each photo of a burst, not once for those alike.")
    @click.option("--retag", is_flag=True, help="Ask again about photos that another model or prompt described.")
    @click.option("--translate", metavar="LANGUAGES", help="Have captions translated, such as: de,fr")
    @functools.wraps(function)
    def wrapped(*args: Any, **given: Any) -> Any:
        switches = {"policy.strict": "strict"} | {f"look.{name}": name for name in ("twice", "every_photo", "retag")}
        model, models = given.pop("model"), given.pop("models")
        named = {
            "look.describer": given.pop("describer") or ("ollama" if model or "ollama.hosts" in models else None),
            "ollama.model": model,
            "look.translate": given.pop("translate"),
        } | {key: "true" if given.pop(name) else None for key, name in switches.items()}
        return function(*args, models=models | _given(named), **given)

    return wrapped


def asks_servers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where a model is asked, and what; they arrive as settings in `models`."""

    @click.option("--ollama", metavar="URL", multiple=True, help="An Ollama server; several share the work.")
    @click.option("--allow-host", metavar="HOST", multiple=True, help="Pictures may be sent to this other machine.")
    @click.option(
        "--prompt",
        metavar="NAME|FILE",
        help="Another question: caption, keywords, cull (verdicts), or a file of yours.",
    )
    @click.option("--style", metavar="TEXT", help='Your wording, such as "say wedding band, not ring".')
    @functools.wraps(function)
    def wrapped(*args: Any, **given: Any) -> Any:
        named = {
            "ollama.hosts": ",".join(given.pop("ollama")) or None,
            "ollama.allow_hosts": ",".join(given.pop("allow_host")) or None,
            "look.prompt": given.pop("prompt"),
            "look.style": given.pop("style"),
        }
        return function(*args, models=_given(named), **given)

    return wrapped


def check_asked(folder: Path, both: Shared, flags: dict[str, str], *, below: bool = True) -> None:
    """UsageError for options that only a describer can follow where none is set; a line where one does less.

    The library is that of the folder, or where `below` is False, the folder itself.
    """
    from phototag import api_asking

    if told := api_asking.check_asked(folder, both.library if below else folder, flags):
        both.report.say(told)


def list_not_looked(failed: list[tuple[str, str]]) -> None:
    """Name every photo that could not be looked at, and apart from them those that were only not translated."""
    from phototag import api_asking

    looks, translations = api_asking.untranslated(failed)
    list_failures(looks, "Could not be looked at")
    list_failures(translations, "Could not be translated")


def _given(named: dict[str, str | None]) -> dict[str, str]:
    return {key: text for key, text in named.items() if text is not None}


def _pairs(flags: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for flag in flags:
        key, equals, value = flag.partition("=")
        if not equals:
            raise click.UsageError(f"--set {flag}: write it as KEY=VALUE, such as --set look.side=512")
        pairs[key.strip()] = value
    return pairs


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """A question that says yes after the first Ctrl-C or SIGTERM; the second one interrupts at once."""
    asked = threading.Event()

    def ask(number: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        click.echo("Stopping after this batch (once more to stop at once) …", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupted(*, undecided: bool = False) -> Interrupted:
    """The end of a run that was stopped; `undecided` where answers are stored of which no tags were made yet."""
    # What --fresh forgot is pending now: going on without it makes the rest.
    again = shown(shlex.join(["phototag", *(word for word in sys.argv[1:] if word != "--fresh")]))
    later = " Tags are decided from it when the command goes on." if undecided else ""
    return Interrupted(f"Stopped on request; everything finished is stored.{later}", f"To go on: {again}")


def list_failures(failures: list[tuple[str, str]], heading: str) -> None:
    """Name every file that failed, with its reason."""
    if failures:
        out(f"{heading}:")
        for path, reason in failures:
            out(folded(f"  {shown(path)}: {reason}", 4))
