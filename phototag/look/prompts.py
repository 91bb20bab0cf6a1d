"""A prompt file: front matter that says what it is, and the text that a model is asked.

The decision here: a typo in the front matter is an error with file and line, never a silent default,
and the prompt's digest is part of the maker, so that a changed prompt is a new question.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xxhash

from phototag.errors import UsageError

_REQUIRED = ("name", "version", "schema", "language")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, and under which name its answers are kept."""

    name: str
    schema: str
    language: str
    text: str
    maker: str  # name@digest

    def filled(self, facts: dict[str, str]) -> str:
        """The text with its `{slots}` filled; a slot that nothing is known of stays empty."""
        text = self.text
        for slot in ("date", "place", "people", "camera", "keywords", "style"):
            text = text.replace("{" + slot + "}", facts.get(slot, ""))
        return text


def load(path: Path) -> Prompt:
    """The prompt in the file, or an error that names the line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise UsageError(f"The prompt {path} cannot be read: {trouble}.", "Name a text file in UTF-8.") from trouble
    lines = text.splitlines()
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
    if not lines or lines[0].strip() != "---" or not end:
        raise UsageError(f"{path}:1: a prompt begins with its front matter between two lines of ---.", _form())
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:end], 2):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or key not in _REQUIRED or key in fields or not value:
            raise UsageError(f"{path}:{number}: {line.strip()!r} is not understood.", _form())
        fields[key] = value
    absent = [key for key in _REQUIRED if key not in fields]
    if absent:
        raise UsageError(f"{path}:{end + 1}: the front matter has no {' and no '.join(absent)}.", _form())
    body = "\n".join(lines[end + 1 :]).strip()
    if not body:
        raise UsageError(f"{path}:{end + 1}: the prompt has no text below its front matter.", _form())
    maker = f"{fields['name']}@{xxhash.xxh3_64_hexdigest(text.encode())[:8]}"
    return Prompt(fields["name"], fields["schema"], fields["language"], body, maker)


def _form() -> str:
    return f"Each of these once, as `key: value`: {', '.join(_REQUIRED)}."
