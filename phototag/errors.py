"""Every way phototag can stop, as a sentence, a hint and an exit code.

The decision here: an error that a user can cause is a `PhototagError`, caught once in the command
line and printed as two lines. Tracebacks are for our own mistakes only.
"""

from __future__ import annotations


class PhototagError(Exception):
    """What happened (with the file's name) and, as `hint`, what to do next."""

    code = 1

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class UsageError(PhototagError):
    """The command or a setting is wrong."""

    code = 2


class Busy(PhototagError):
    """Another run holds the library's lock."""

    code = 3


class Damaged(PhototagError):
    """A table of the library cannot be read; `phototag rebuild` makes it again."""

    code = 4


class MissingTool(PhototagError):
    """A program that we need (ExifTool) is absent, too old or does not start."""

    code = 5


class NoLibrary(PhototagError):
    """There is no library where one was expected."""

    code = 6


class NoBackend(PhototagError):
    """A describer or embedder was named that cannot work here."""

    code = 7


class NoSpace(PhototagError):
    """The disk is full, or the place cannot be written."""

    code = 8


class NewerLibrary(PhototagError):
    """The library was made by a newer phototag."""

    code = 9


class Interrupted(PhototagError):
    """Ctrl-C or SIGTERM: what was finished is stored, running again goes on."""

    code = 130


class Unreadable(PhototagError):
    """One file cannot be read as what it should be. It is counted and named; the run goes on."""
