"""Captions and keywords from vision models on the user's own Ollama servers.

The decision here: a picture is asked about twice at most (the second time smaller, with other chances), then it has
failed and the next one is asked about; what is wrong with the server or the model stops the run at once. A picture
whose server dies goes to another one. Refused: a run that answers 90,000 times that the server is not there.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from phototag.backends import heat
from phototag.backends import ollama_hosts as hosts
from phototag.backends.ollama_answers import Said, Unfit, accepted, grammar, jpeg, tally
from phototag.backends.ollama_client import Door
from phototag.backends.ollama_loading import Tell, side_by_side, telling
from phototag.backends.ollama_models import is_cloud, meet
from phototag.backends.ollama_options import Manner, Options
from phototag.backends.ollama_slots import MOST, Host, Slots
from phototag.backends.ollama_troubles import Then, Trouble, shown
from phototag.backends.protocols import Pixels, Question
from phototag.errors import NoBackend, PhototagError

_MOST_FAILED = 20  # photos one after the other (time-outs count more): then it is the server, not the photos
_MOST_IN_VAIN = 3  # photos in a row that waited for a busy server to the end of their patience
_MOST_BUSY = 8  # refusals of a busy server, two minutes in all
_MOST_LOST = 2  # servers that died under one photo: it may be the photo
_AHEAD = 2  # pictures packed while every slot is full


class Ollama:
    """A describer: one model, on one server or several."""

    def __init__(self, model: str = "", options: Mapping[str, Any] | None = None) -> None:
        self._wanted = model.strip()
        self._options = Options(**(options or {}))
        self.notices: list[str] = []  # servers that do not take part, or no more, and why
        self._addresses = self._named()
        for where in self._addresses:
            hosts.permitted(where, self._options.allow_hosts)
        if is_cloud(self._wanted):
            raise NoBackend(
                f"{self._wanted} is a cloud model: photos would leave your machine.",
                "Choose a model that is on the machine: phototag models",
            )
        # Photos at a time, each in a thread of whoever asks.
        self.parallel = len(self._addresses) * (self._options.parallel or MOST) + _AHEAD
        self.name = f"ollama:{self._wanted}"
        self.counts: Counter[str] = Counter()
        self._pool = ThreadPoolExecutor(self.parallel, "ollama")  # of no thread before one is needed
        self._guard = threading.Lock()
        self._slots: Slots | None = None
        self._heat: heat.Guard | None = None
        self._tell: Tell = self.notices.append

    def _named(self) -> list[hosts.Address]:
        """The servers that the settings name, else the usual one."""
        if self._options.hosts:
            return list(dict.fromkeys(map(hosts.address, self._options.hosts)))
        where, notice = hosts.usual(self._options.allow_hosts)
        self.notices += [notice] if notice else []
        return [where]

    def why_not(self) -> str | None:
        """Why it cannot work here, as a sentence; None if it can."""
        try:
            self.meet()
        except NoBackend as trouble:
            return " ".join(f"{trouble.sentence} {trouble.hint}".split())
        return None

    def meet(self) -> None:
        """Looks whether the servers can be asked; NoBackend, with what to do, where none can."""
        self._met()

    def begin(self, tell: Tell) -> None:
        """Loads the model on every server, side by side, and tells so; NoBackend where none of them can go on.

        Whoever describes meanwhile waits for it. What it does not load, the first photo tries again.
        """
        slots, self._tell = self._met(), tell
        side_by_side(slots.present(), lambda host: self._loaded(slots, host, tell))
        slots.must_go_on()

    def describe(self, pictures: Sequence[Pixels | None], questions: Sequence[Question]) -> list[str | PhototagError]:
        """For each picture the reply, or why there is none; NoBackend where no server can go on.

        For many threads, with one picture each: the first one is asked about in the caller's own.
        """
        slots = self._met()
        wanted = list(zip(pictures, questions, strict=True))
        asked = [self._pool.submit(self._described, slots, *one) for one in wanted[1:]]
        replies = [self._described(slots, *one) for one in wanted[:1]]
        return [*replies, *(future.result() for future in asked)]

    def told(self) -> str:
        """What became of all questions, as a part of a sentence; "" where nobody asked."""
        slowed = self._heat.seconds if self._heat else 0.0
        with self._guard:
            return tally(self.counts, slowed)

    # ---- before the first picture

    def _met(self) -> Slots:
        """The servers that take part; those that are not there are noted, if one is."""
        with self._guard:
            if self._slots is None:
                taking_part = self._introduced()
                self._slots = Slots(taking_part, self._options.patience_s, self.notices.append)
                self._watched(taking_part, self._slots)
            return self._slots

    def _watched(self, taking_part: Sequence[Host], slots: Slots) -> None:
        """The GPU of this machine is looked after, where a server uses it and it can be asked."""
        here = [host for host in taking_part if host.door.where.reach == "loopback"]
        if here and heat.can_be_asked():
            own = self._options
            self._heat = heat.Guard(own.hottest, lambda text: self._tell(text), slots.wake, own.heat_every_s)
            for host in here:
                host.guard = self._heat
        elif here and self._options.hottest:
            self.notices.append("ollama.hottest is set, but there is no nvidia-smi to ask: no GPU gets a rest.")

    def _introduced(self) -> list[Host]:
        found: list[Host] = []
        absent: list[tuple[str, str]] = []
        wanted, digest, gone = self._wanted, "", False
        for where in self._addresses:
            door = Door(where, self._options.timeout_s)
            try:
                met = meet(door, wanted, self._options.sees)
                if digest and met.digest != digest:
                    other = "{host} has another version of the model {model}, whose answers would differ."
                    raise Trouble(Then.STOP, other, "Bring both up to date: ollama pull {model}")
            except Trouble as trouble:
                absent.append(trouble.told(where, wanted or "that it would choose"))
                gone = trouble.then is Then.LOST
                if trouble.then is Then.LEAVES:
                    raise NoBackend(*absent[-1]) from trouble
                continue
            wanted, digest = met.name, met.digest
            found.append(Host(door, met, self._options.parallel))
        others = [f"{sentence} {hint}".strip() for sentence, hint in absent]
        if not found:
            sentence, hint = absent[-1]
            if gone and self._options.sees:
                hint += "\n  Or leave --describer (or --ask-model) out: everything else works without."
            raise NoBackend("\n".join([*others[:-1], sentence]), hint)
        self.notices += [*others, *self._announced(found)]
        self.name = f"ollama:{wanted}@{digest[:12]}{self._options.changed}"
        self._wanted = wanted
        return found

    def _announced(self, found: Sequence[Host]) -> list[str]:
        """That something is sent to other machines, and to which."""
        away = dict.fromkeys(host.door.where.host for host in found if host.door.where.reach != "loopback")
        what = "Pictures" if self._options.sees else "Descriptions"
        return [f"{what} are sent to {' and '.join(away)} (allowed by --allow-host)."] if away else []

    def _loaded(self, slots: Slots, host: Host, tell: Tell) -> None:
        """One server made ready before the first photo; what is wrong with it is seen to as in a photo's turn."""
        try:
            with telling(self._wanted, host, tell, self._options.tell_every_s):
                self._prepare(host)
        except Trouble as trouble:
            self._then(slots, host, trouble)

    def _prepare(self, host: Host) -> str:
        """The name to ask for, once the model is loaded there; the first photo waits for it."""
        with host.loading:
            if host.met is None:  # back again, and perhaps another one
                host.met, before = meet(host.door, self._wanted, self._options.sees), self.name
                if f"@{host.met.digest[:12]}" not in before:
                    changed = "{host} has another version of the model {model} than when the run began."
                    raise Trouble(Then.STOP, changed, "Start the run again.")
            if not host.loaded:
                host.door.load(
                    host.met.asked,
                    options=dict(self._options.manners()[0].options),
                    keep_alive=self._options.keep_alive,
                )
                host.loaded = True
            return host.met.asked

    # ---- one picture

    def _described(self, slots: Slots, pixels: Pixels | None, question: Question) -> str | PhototagError:
        """The reply for one picture, or to a text alone, wherever it comes from."""
        busy = lost = 0
        manners = list(self._options.manners(question.turn))
        manner = manners.pop(0)
        try:
            sent = self._packed(pixels, manner)
        except PhototagError as trouble:
            return trouble
        while True:
            host, outcome, then = self._turn(slots, sent, question, manner)
            if isinstance(outcome, Said):
                self._count("answered", *filter(None, [outcome.oddly]))
                return outcome.text
            if then is Then.WAIT and busy < _MOST_BUSY:
                self._count("busy")
                time.sleep(min(30.0, self._options.pause_s * 2**busy) * random.uniform(0.5, 1.5))
                busy += 1
            elif then is Then.LOST and lost < _MOST_LOST:
                self._count("handed back")
                lost += 1
            elif then is Then.AGAIN and manners:
                self._count("again")
                manner = manners.pop(0)
                sent = self._packed(pixels, manner)
            elif then not in (Then.STOP, Then.LEAVES):
                return self._failed(slots, host, outcome, question.turn)

    def _packed(self, pixels: Pixels | None, manner: Manner) -> list[bytes]:
        """What is sent beside the question: one picture or none."""
        if pixels is None:
            return []
        if not self._options.sees:  # an old server would drop the picture without a word
            raise PhototagError(f"{self._wanted} is asked about texts alone, and got a picture.")
        return [jpeg(pixels, manner.side, manner.quality)]

    def _turn(
        self, slots: Slots, sent: list[bytes], question: Question, manner: Manner
    ) -> tuple[Host, Said | Trouble, Then | None]:
        """One request to the server whose turn it is, and what follows; the server's own part of it is done."""
        host = slots.take()
        outcome: Said | Trouble | None = None
        began = time.monotonic()
        try:
            outcome = self._asked(host, sent, question, manner)
            if isinstance(outcome, Said):
                host.answers()
                return host, outcome, None
            if outcome.then is Then.WAIT and host.busy(began, self._options.tell_busy_s):
                self._tell(f"{host.door.where.url.partition('://')[2]} is busy: waiting")
            return host, outcome, self._then(slots, host, outcome)
        finally:  # not before it is known whether the server is still there: the next photo would be lost too
            slots.give(host, answered=isinstance(outcome, Said), lasted=time.monotonic() - began)

    def _asked(self, host: Host, sent: list[bytes], question: Question, manner: Manner) -> Said | Trouble:
        message: dict[str, Any] = {"role": "user", "content": question.text}
        try:
            name = self._prepare(host)
            reply = host.door.chat(
                name,
                messages=[message | {"images": sent} if sent else message],
                format=grammar(question.schema) or None,
                options=dict(manner.options),
                keep_alive=self._options.keep_alive,
            )
            return accepted(reply, question.schema)
        except Unfit as unfit:
            return Trouble(Then.AGAIN, f"{{host}} gave no answer that counts: {shown(unfit)}.")
        except Trouble as trouble:
            return trouble

    def _then(self, slots: Slots, host: Host, trouble: Trouble) -> Then:
        """What follows for this picture, once what follows for its server is done."""
        told = trouble.told(host.door.where, self._wanted)
        if trouble.then is Then.LOST:
            try:
                host.door.version()
            except Trouble:
                slots.lost(host)
                return Then.LOST
            return Then.AGAIN  # it is there: the picture, or the network for a moment
        if trouble.then is Then.STOP:
            slots.give_up(host, *told)
        elif trouble.then is Then.LEAVES:
            slots.stop(*told)
        return trouble.then

    def _failed(self, slots: Slots, host: Host, trouble: Trouble, turn: int) -> PhototagError:
        """The failure of one picture; after many in a row, each of them once, the server is to blame."""
        self._count("failed")
        with self._guard:
            in_vain = trouble.then is Then.WAIT
            host.failed += 0 if turn else -(-_MOST_FAILED // _MOST_IN_VAIN) if in_vain else trouble.weight
            too_many = host.failed >= _MOST_FAILED
        sentence, hint = trouble.told(host.door.where, self._wanted)
        sentence += f" It was asked {_MOST_BUSY + 1} times." if in_vain else ""
        if too_many:
            row = f"Too many photos in a row failed, the last one with: {sentence}"
            slots.give_up(host, row, hint or "See the log of the Ollama server, or choose another model.")
        return PhototagError(sentence, hint)

    def _count(self, *what: str) -> None:
        with self._guard:
            self.counts.update(what)
