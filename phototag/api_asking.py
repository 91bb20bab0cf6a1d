"""The part of `phototag.api` that puts together the steps which ask a model.

The decision here: one describer serves them all, so that a server has one model in memory and one queue; only
translations may have a model of their own. Refused: a prompt for verdicts that replaces captions.
"""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from phototag.errors import UsageError
from phototag.settings import Settings
from phototag.store.library import Library

if TYPE_CHECKING:
    from phototag.backends.protocols import Describer
    from phototag.look.step import Step


def describer_of(using: Settings) -> Describer:
    """The describer that the settings name; it is given its own section of the settings."""
    from phototag.backends import registry

    word, _, rest = using.look.describer.partition(":")
    options = _section(using, word)
    model = rest or str(options.get("model") or "")
    options.pop("model", None)
    return registry.describer(f"{word}:{model}" if model else word, options or None)


def asking_steps(using: Settings, opened: Library | None = None) -> list[Step]:
    """What the describer of the settings is asked, in the order in which the questions build on each other."""
    from phototag.api_nearness import Nearness
    from phototag.api_opening import words_of
    from phototag.look.caption import Describe
    from phototag.look.choose import Choose
    from phototag.look.prompts import named, shipped
    from phototag.look.translate import Translate
    from phototag.look.verdict import Verdict

    look, describer, prompt = using.look, describer_of(using), named(using.look.prompt)
    if prompt.schema == "cull":
        if look.style:
            raise UsageError("A verdict has no wording: --style says nothing to this prompt.", "Leave --style out.")
        return [Verdict(describer, prompt, look.side)]
    describe = Describe(describer, prompt, look.side, look.style, twice=look.twice)
    steps: list[Step] = [describe]
    if using.policy.strict:
        words = words_of(using, opened.place.vocabulary_file if opened else None)
        near = Nearness(words, opened.place.state / "words" if opened else None)
        steps.append(Choose(describer, shipped("choose"), words, look.side, near.points))
    if look.translate:
        steps.append(Translate(_translator(using, describer), shipped("translate"), look.translate, describe))
    return steps


def _translator(using: Settings, describer: Describer) -> Describer:
    """The model for texts that the settings name, else the one that sees."""
    from phototag.backends import registry

    options = _section(using, "ollama")
    if not (options.get("translator") and using.look.describer.partition(":")[0] == "ollama"):
        return describer
    options.pop("model", None)
    return registry.describer(f"ollama:{options['translator']}", options | {"sees": False})


def _section(using: Settings, name: str) -> dict[str, Any]:
    section = getattr(using, name, None)
    return asdict(section) if is_dataclass(section) and not isinstance(section, type) else {}
