"""Small pictures in the terminal, where it can show them.

The decision here: two protocols, kitty's and iTerm2's, chosen by what the terminal says of itself in the environment,
and only if asked for. Refused: asking the terminal and waiting for an answer, which hangs where none comes; sixel,
whose 256 colours say less than the table does.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from phototag.errors import Unreadable
from phototag.report import Report

if TYPE_CHECKING:
    from phototag.search.nouns import Found

_SIDE = 200  # pixels
_ROWS = 6  # lines of the terminal that a picture is high
_CHUNK = 4096  # characters: kitty takes no longer ones


def protocol(environment: Mapping[str, str], *, is_terminal: bool) -> str:
    """kitty, iterm2, or nothing where pictures would come out as noise."""
    if not is_terminal or "TMUX" in environment or environment.get("TERM", "").startswith(("screen", "tmux", "dumb")):
        return ""
    program = environment.get("TERM_PROGRAM", "")
    if "KITTY_WINDOW_ID" in environment or environment.get("TERM") == "xterm-kitty" or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return ""


def beside(lines: Iterator[str], found: Found, files: list[str], report: Report) -> Iterator[str]:
    """The lines of a table, each photo's picture before its line; just the lines where none can be shown."""
    kind = protocol(os.environ, is_terminal=sys.stdout.isatty())
    if not kind:
        report.say("This terminal shows no pictures (kitty, Ghostty, WezTerm and iTerm2 do). Try --contact-sheet FILE")
        yield from lines
        return
    yield next(lines)
    for file, block in zip(files, _blocks(lines, found), strict=True):
        if drawn := picture(file, kind):
            yield drawn
        yield from block


def _blocks(lines: Iterator[str], found: Found) -> Iterator[list[str]]:
    """The lines of each hit: one, or with its reasons below it, which are set in."""
    block: list[str] = []
    for line in lines:
        if block and not line.startswith(" " * 7):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def picture(file: str, kind: str) -> str:
    """What a terminal has to be sent to show the picture; nothing where there is no picture."""
    from phototag.read import thumbnail

    try:
        if kind == "kitty":
            return _kitty(thumbnail.png(file, _SIDE).content)
        return _iterm2(thumbnail.jpeg(file, _SIDE).content)
    except Unreadable:
        return "       (no picture)"


def _kitty(content: bytes) -> str:
    text = base64.b64encode(content).decode()
    chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    sent = ""
    for number, chunk in enumerate(chunks):
        head = f"a=T,f=100,q=2,r={_ROWS}," if number == 0 else ""
        sent += f"\x1b_G{head}m={int(number < len(chunks) - 1)};{chunk}\x1b\\"
    return sent


def _iterm2(content: bytes) -> str:
    text = base64.b64encode(content).decode()
    return f"\x1b]1337;File=inline=1;size={len(content)};height={_ROWS};preserveAspectRatio=1:{text}\a"
