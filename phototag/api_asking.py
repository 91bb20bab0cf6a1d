"""The part of `phototag.api` that puts together the steps which ask a model.

The decision here: one describer serves them all, so that a server has one model in memory and one queue; only
translations may have a model of their own. An option that says something to nobody is an error; a setting that stands
for all runs is not. Refused: a prompt for verdicts that replaces captions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phototag import settings as settings_
from phototag.errors import UsageError
from phototag.settings import Settings
from phototag.store import place
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.backends.protocols import Describer
    from phototag.look.step import Step
    from phototag.vocabulary import Vocabulary


_ASKS = {  # options that change what a describer is asked
    "look.prompt": "--prompt",
    "look.style": "--style",
    "look.twice": "--twice",
    "look.every_photo": "--every-photo",
    "look.retag": "--retag",
    "look.translate": "--translate",
}
_NO_VERDICT = {  # and those of captions and keywords, to which verdicts have no answer
    "look.style": "A verdict has no wording",
    "policy.strict": "A verdict has no words of a vocabulary",
    "look.twice": "A verdict is asked for once",
    "look.translate": "A verdict has nothing to translate",
}
_STRICT = "--strict without a describer asks nobody: it only drops the words outside the vocabulary"


def check_asked(folder: Path, library: Path | None, flags: Mapping[str, object] | None) -> str:
    """UsageError for an option that only a describer can follow where none is set; else what to tell, mostly "".

    `folder` and `library` are those of the command, whose library may name the describer.
    """
    found = place.here(Path(os.path.realpath(library))) if library else place.find(Path(os.path.realpath(folder)))
    using = settings_.load(found.settings_file if found else None, flags)
    if using.look.describer:
        return ""
    vain = [option for key, option in _ASKS.items() if _is_option(using, key)]
    if vain:
        sentence = f"{' and '.join(vain)} {'says' if len(vain) == 1 else 'say'} nothing here: no describer is asked."
        raise UsageError(sentence, "Add one: --describer ollama")
    return _STRICT if _is_option(using, "policy.strict") else ""


def untranslated(failed: Sequence[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What a run failed at, parted: photos that it could not look at, and those that were only not translated."""
    from phototag.look.translate import FAILED

    looks = [one for one in failed if not one[1].startswith(FAILED)]
    return looks, [(path, reason.removeprefix(FAILED)) for path, reason in failed if reason.startswith(FAILED)]


def _is_option(using: Settings, key: str) -> bool:
    """Was it given for this run, and is it not off?"""
    row = using.row(key)
    return row.source == "flag" and bool(row.value)


def describer_of(using: Settings) -> Describer:
    """The describer that the settings name; it is given its own section of the settings."""
    from phototag.backends import registry

    word, _, rest = using.look.describer.partition(":")
    options = _section(using, word)
    model = rest or str(options.get("model") or "")
    options.pop("model", None)
    return registry.describer(f"{word}:{model}" if model else word, options or None)


def asking_steps(using: Settings, opened: Library | None, vocabulary: Callable[[], Vocabulary]) -> list[Step]:
    """What the describer of the settings is asked, in the order in which the questions build on each other."""
    from phototag.api_nearness import Nearness
    from phototag.look.caption import Describe
    from phototag.look.choose import Choose
    from phototag.look.prompts import check_language, named, shipped
    from phototag.look.translate import Translate
    from phototag.look.verdict import Verdict

    look, prompt = using.look, named(using.look.prompt)  # before a server is looked for: what is typed wrong
    if prompt.schema == "cull":
        for key, why in _NO_VERDICT.items():
            if _is_option(using, key):
                option = _ASKS.get(key, "--strict")
                raise UsageError(f"{why}: {option} says nothing to this prompt.", f"Leave {option} out.")
        return [Verdict(describer_of(using), prompt, look.side)]
    for code in look.translate:
        check_language(code)
    describer = describer_of(using)
    describe = Describe(describer, prompt, look.side, look.style, twice=look.twice)
    steps: list[Step] = [describe]
    if using.policy.strict:
        words = vocabulary()
        near = Nearness(words, opened.place.state / "words" if opened else None)
        steps.append(Choose(describer, shipped("choose"), words, look.side, near.points))
    if look.translate:
        steps.append(Translate(translator_of(using, describer), shipped("translate"), look.translate, describe))
    return steps


def translator_of(using: Settings, describer: Describer) -> Describer:
    """The model for texts that the settings name, else the one that sees."""
    from phototag.backends import registry

    options = _section(using, "ollama")
    if not (options.get("translator") and using.look.describer.partition(":")[0] == "ollama"):
        return describer
    options.pop("model", None)
    return registry.describer(f"ollama:{options['translator']}", options | {"sees": False})


def _section(using: Settings, name: str) -> dict[str, Any]:
    section = getattr(using, name, None)
    found = asdict(section) if is_dataclass(section) and not isinstance(section, type) else {}
    hosts = using.row("ollama.hosts")
    if name == "ollama" and hosts.source == "default" and hosts.value == settings_.KEYS[hosts.key].default:
        found.pop("hosts")  # nobody named one: the backend knows the usual one
    return found
