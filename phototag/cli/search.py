"""`phototag search`: find photos by what they show, when, where and who; show them, copy them, put them on a page.

The decision here: one command finds, and options say what becomes of the finds; without one they are a table. Refused:
a shell of its own for what a pipe can do (`--print0`), and a default that touches anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phototag.cli.common import Shared, shared
from phototag.errors import UsageError
from phototag.report import shown

if TYPE_CHECKING:
    from phototag.search.nouns import Found

_FORMS = ("json", "paths", "print0", "csv")
_DEEDS = ("contact_sheet", "copy_to", "link_to", "album")
_FOR_DEEDS = {"dry_run": ("album",), "yes": ("album",), "weak": ("copy_to", "link_to", "album")}
_LIBRARIES = "phototag.libraries"
_EMPTY = """Say what you look for, or name a photo to find others like it. Such as:
  phototag search sunset beach two people
  phototag search "dog in the snow" --since 2020
  phototag search --like DSC00042.jpg "but at night\""""


class _Search(click.Command):
    """Takes -car for a word of the query, where click would find -c in it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        taken = {name for param in self.params if isinstance(param, click.Option) for name in param.opts}
        values = {at for at in range(1, end) if args[at - 1] in self._with_value()}  # of an option, whatever they are
        words = [
            at
            for at, word in enumerate(args[:end])
            if at not in values and len(word) > 2 and word[0] == "-" and word[1] != "-" and word not in taken
        ]
        rest = [word for at, word in enumerate(args[:end]) if at not in words]
        return super().parse_args(ctx, [*rest, "--", *(args[at] for at in words), *args[end + 1 :]])

    def _with_value(self) -> set[str]:
        options = (param for param in self.params if isinstance(param, click.Option) and not param.is_flag)
        return {name for option in options for name in option.opts}


def _several_libraries(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let --library be given more than once; the command finds all of them in the context."""

    def keep(ctx: click.Context, _: click.Parameter, named: tuple[Path, ...]) -> Path | None:
        ctx.meta[_LIBRARIES] = named or tuple(map(Path, filter(None, [os.environ.get("PHOTOTAG_LIBRARY")])))
        return named[0] if named else None

    several = click.Option(
        ["--library"],
        multiple=True,
        type=click.Path(path_type=Path),
        callback=keep,
        help="Search this library; several with several of these. [env: PHOTOTAG_LIBRARY]",
    )
    declared: list[click.Parameter] = getattr(function, "__click_params__", [])
    declared[:] = [several if param.name == "library" else param for param in declared]
    return function


@click.command("search", cls=_Search)
@click.argument("words", nargs=-1, metavar="WORDS...")
@click.option("--limit", "-n", type=click.IntRange(1), default=20, show_default=True, help="At most this many photos.")
@click.option("--all", "every", is_flag=True, help="List each of those that are nearly the same.")
@click.option("--like", type=click.Path(path_type=Path), multiple=True, metavar="PHOTO", help="Photos like this one.")
@click.option("--unlike", type=click.Path(path_type=Path), multiple=True, metavar="PHOTO", help="And unlike this one.")
@click.option("--expand", is_flag=True, help="Have your Ollama's model find other phrases for it, and search for them.")
@click.option("--since", metavar="DATE", help="Taken then or later: 2023, 2023-05, 2023-05-14.")
@click.option("--until", metavar="DATE", help="Taken then or earlier.")
@click.option("--explain", is_flag=True, help="How the query was understood, and why each photo was found.")
@click.option("--thumbnails", is_flag=True, help="Small pictures, in kitty, Ghostty, WezTerm and iTerm2.")
@click.option("--paths", is_flag=True, help="Only the paths, whole, one on a line.")
@click.option("--print0", is_flag=True, help="The same, a NUL after each, for xargs -0.")
@click.option("--csv", is_flag=True, help="A table for spreadsheets.")
@click.option("--contact-sheet", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with pictures.")
@click.option("--open", "opens", is_flag=True, help="Open the page, or else the first photo.")
@click.option("--copy-to", type=click.Path(path_type=Path), metavar="DIR", help="Copy the photos there, with sidecars.")
@click.option("--link-to", type=click.Path(path_type=Path), metavar="DIR", help="Make links to the photos there.")
@click.option("--weak", is_flag=True, help="Copy, link and collect weak ones, too.")
@click.option("--album", metavar="NAME", help="Give the photos this keyword, in their files; shows and asks first.")
@click.option("--dry-run", is_flag=True, help="With --album: change nothing.")
@click.option("--yes", "-y", is_flag=True, help="With --album: write without asking.")
@click.option("--eval", "judged", type=click.Path(path_type=Path), metavar="FILE", help="Measure a list of queries.")
@_several_libraries
@shared
def command(words: tuple[str, ...], both: Shared, **given: Any) -> None:
    """Find photos by what they show, when, where, with whom and by whatever is known of them.

    A query is words in any order: what is to be seen, dates ("summer 2023"), places ("near Potsdam"), people
    ("two people", "without people"), light, camera, rating, "quoted keywords", and -WORD for what shall not be
    there. What one library knows is asked: of the folder you are in, else the one that you used last.

    It only reads, and never changes a photo, but for --album: that adds a keyword of yours to the files and nothing
    else, after showing the plan and asking, and phototag undo takes it back. --copy-to and --link-to make new files
    outside of the library and write over nothing; --contact-sheet writes over nothing but an older contact sheet.

    \b
    Examples:
      phototag search sunset beach two people
      phototag search "dog in the snow" -car --since 2020 --contact-sheet dogs.html --open
    """
    form = _form(both, given)
    if given["judged"]:
        _judged(given["judged"], both)
        return
    text = _text(words, given)
    found = _found(text, given, both)
    if given["since"] or given["until"]:
        _dates_were_understood(found, given)
    failed = _told(found, form, both, given)
    raise SystemExit(1 if failed else 0)


def _text(words: tuple[str, ...], given: dict[str, Any]) -> str:
    """The query as one text, with the dates that options name."""
    text = " ".join(word for word in words if word.strip())
    if not (text or given["like"] or given["since"] or given["until"]):
        raise click.UsageError(_EMPTY)
    return " ".join(filter(None, [text, _dates(given["since"] or "", given["until"] or "")]))


def _dates(since: str, until: str) -> str:
    """The two options in the words of a query; they may be words themselves, such as "last May"."""
    if not since and not until:
        return ""
    if len(since.split()) <= 1 and len(until.split()) <= 1:
        return f"date:{since.strip()}..{until.strip()}"
    if since and until:
        return f"between {since} and {until}"
    return f"since {since}" if since else f"until {until}"


def _form(both: Shared, given: dict[str, Any]) -> str:
    """How the finds are printed: as a table unless one of the other forms is asked for."""
    forms = [name for name in _FORMS if (both.json if name == "json" else given[name])]
    if len(forms) > 1:
        raise click.UsageError(f"Choose one of {' and '.join(f'--{name}' for name in forms)}.")
    for name, deeds in _FOR_DEEDS.items():
        if given[name] and not any(given[deed] for deed in deeds):
            raise click.UsageError(f"{_option(name)} goes with {' or '.join(map(_option, deeds))}.")
    return forms[0] if forms else "table"


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _libraries(both: Shared) -> list[Path]:
    """The libraries to search, and a word on stderr which they are."""
    from phototag.api_found import libraries_for
    from phototag.store import place

    named = click.get_current_context().meta[_LIBRARIES]
    roots = libraries_for(named)
    last = "" if named or place.find(Path.cwd()) else ", the one that was used last"
    both.report.say(f"Searching {', '.join(shown(str(root)) for root in roots)}{last}")
    return roots


def _found(text: str, given: dict[str, Any], both: Shared) -> Found:
    from phototag.api_expanding import search_widely
    from phototag.api_found import can_be_liked, still_there
    from phototag.api_searching import search

    roots, limit = _libraries(both), given["limit"]
    find = search_widely if given["expand"] else search
    can_be_liked((*given["like"], *given["unlike"]), roots)
    like = {"like": given["like"], "unlike": given["unlike"], "every": given["every"]}

    def asked(limit: int) -> Found:
        return find(text, libraries=roots, limit=limit, flags=both.flags, report=both.report, **like)

    found = still_there(answer := asked(limit))
    if gone := len(answer.hits) - len(found.hits):  # the next ones move up
        found = still_there(asked(limit + gone))
        found = replace(found, hits=found.hits[:limit])
    for note in found.notes:
        both.report.say(shown(note))
    return found


def _dates_were_understood(found: Found, given: dict[str, Any]) -> None:
    dates = [part.text.casefold() for part in found.query.parts if part.field == "date"]
    for name in ("since", "until"):
        words = " ".join((given[name] or "").casefold().split())
        if words and not any(words in date for date in dates):
            raise UsageError(
                f"--{name}: {shown(given[name])!r} is no date.", "Write it as 2023, 2023-05 or 2023-05-14."
            )


def _told(found: Found, form: str, both: Shared, given: dict[str, Any]) -> bool:
    """Print the finds and do with them what was asked for; returns whether a photo failed."""
    from phototag.cli import search_deeds, search_printing

    asked = [name for name in _DEEDS if given[name]]
    results = search_deeds.done(found, asked, both, given) if found.hits else {}
    if form == "json":
        search_printing.as_json(found, results)
    elif form != "table" or not asked or not found.hits or given["explain"]:
        search_printing.printed(found, form, given, both)
    if given["opens"] and found.hits:
        search_deeds.opened(found, given["contact_sheet"])
    return any(one.get("failed") or one.get("without_picture") for one in results.values())


def _judged(file: Path, both: Shared) -> None:
    from phototag.api_searching import evaluate
    from phototag.cli.search_printing import measured

    measured(evaluate(file, libraries=_libraries(both), flags=both.flags, report=both.report), both)


__all__ = ["command"]
