"""What went wrong between us and an Ollama server, and what follows from it.

The decision here: every exception of the client and every sentence of the server becomes one `Trouble` with one of five
consequences, by a table that can be read. A sentence that we do not know costs one photo, never the run; a server that
knows nothing else is given up by those who count. Refused: deciding by HTTP status alone, for a crashed runner, a
missing file and a model that does not fit into memory all come as 500.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum

import httpx
import ollama
import pydantic

from phototag.report import duration


class Then(Enum):
    """What follows for the photo, the server and the run."""

    AGAIN = "the photo is asked about once more, then it failed"
    WAIT = "the server is busy: later"
    LOST = "the server is gone: another one, or the same when it is back"
    STOP = "this server cannot do the work"
    LEAVES = "pictures would leave, or left, the machines that the user named: the run stops"


class Trouble(Exception):
    """Why a request gave no answer, as a sentence and what to do; `{host}` and `{model}` are filled in later."""

    def __init__(self, then: Then, sentence: str, hint: str = "", weight: int = 1) -> None:
        super().__init__(sentence)
        self.then, self.sentence, self.hint = then, sentence, hint
        self.weight = weight  # among the failures in a row after which a server is given up

    def told(self, host: object, model: str) -> tuple[str, str]:
        """Sentence and hint, with names."""
        named = [
            text.replace("{host}", str(host)).replace("{model}", shown(model)) for text in (self.sentence, self.hint)
        ]
        return named[0], named[1]


@dataclass(frozen=True, slots=True)
class _Row:
    """One sentence of the server (by status, or any) and what it means; {said} is what the server said."""

    statuses: tuple[int, ...]
    pattern: str
    then: Then
    sentence: str
    hint: str = ""


_OURS = "Please report this: it is a mistake of phototag, or a server that it does not know."
_BUG = "{host} does not understand the request: {said}."
_PULL = "Get it: ollama pull {model} (or: phototag models --pull {model})"
_NO_SIGHT = "The model {model} at {host} cannot see pictures."
_CHOOSE = "Choose a model with vision: phototag models"
_LOAD = "{host} cannot load the model {model}: {said}."
_MUTE = "The model {model} at {host} cannot describe pictures: {said}."
_SMALLER = "Choose a smaller model, or update Ollama: phototag models"
_LOG = "See the log of the Ollama server."
_CLOUD = "{host} would ask a cloud for the model {model}: photos would leave your machine."
_LOCAL = "Choose a model that is on the machine: phototag models"
_LOGIN = "{host} wants a login, which only a cloud or a proxy does."
_NO_PROXY = "Choose a model that is on the machine (phototag models), or name the server itself and not its proxy."
_LATER = "Ask again when it has time: --retry-failed"
_BEHIND = "A proxy at {host} does not reach the Ollama server behind it: {said}."
_BEHIND_LATE = "A proxy at {host} gave up waiting for the Ollama server behind it: {said}."
_UNREAD = "{host} cannot read the picture."
_ROOM = "Raise ollama.num_ctx, or shorten the prompt."

_ROWS = (
    _Row((404,), r"model .* not found", Then.STOP, "{host} does not have the model {model}.", _PULL),
    _Row((404, 405), r"", Then.STOP, "{host} does not answer as an Ollama server does.", "Look at its address."),
    _Row((403,), r"cloud", Then.LEAVES, _CLOUD, _LOCAL),
    _Row((401,), r"", Then.LEAVES, _LOGIN, _NO_PROXY),
    _Row((403,), r"", Then.STOP, "{host} refuses to be asked under this name.", "Its proxy must set Host: localhost."),
    _Row((429, 503), r"", Then.WAIT, "{host} is too busy: {said}.", _LATER),
    _Row((502,), r"", Then.WAIT, _BEHIND, "See whether that server runs, then: --retry-failed"),
    _Row((504,), r"", Then.WAIT, _BEHIND_LATE, "Let the proxy wait longer, then: --retry-failed"),
    _Row((), r"model runner has unexpectedly stopped", Then.AGAIN, "The model crashed at this picture."),
    _Row((), r"image input is not supported|does not support multimodal", Then.STOP, _NO_SIGHT, _CHOOSE),
    _Row((), r"does not support (chat|generate|thinking|insert)", Then.STOP, _MUTE, _CHOOSE),
    _Row((), r"exceeds the available context|context length", Then.AGAIN, "The picture does not fit: {said}.", _ROOM),
    _Row((), r"[Ff]ailed to load image|unknown format|failed to process inputs", Then.AGAIN, _UNREAD),
    _Row(
        (), r"vocabulary required for format|invalid format|pars(e|ing) grammar|JSON [Ss]chema", Then.STOP, _BUG, _OURS
    ),
    _Row((), r"Unrecognized schema|Unsupported type|Pattern must start|resolving ref", Then.STOP, _BUG, _OURS),
    _Row((), r"^option \"|missing request body|model is required|invalid model name", Then.STOP, _BUG, _OURS),
    _Row((), r"illegal base64|cannot unmarshal|invalid character .* looking for", Then.STOP, _BUG, _OURS),
    _Row((400,), r"unexpected EOF", Then.STOP, _BUG, _OURS),
    _Row((), r"top_logprobs must|invalid think value|think must be", Then.STOP, _BUG, _OURS),
    _Row((), r"missing unit in|time: invalid duration|time: unknown unit", Then.STOP, _BUG, _OURS),
    _Row(
        (500,),
        r"process has terminated|timed out waiting|startup failed|unknown model arch",
        Then.STOP,
        _LOAD,
        _SMALLER,
    ),
    _Row((500,), r"failed to load model|unable to (load|allocate)|incompatible", Then.STOP, _LOAD, _SMALLER),
    _Row((500,), r"out of memory|more system memory|cudaMalloc", Then.STOP, _LOAD, _SMALLER),
    _Row(tuple(range(300, 400)), r"", Then.LEAVES, "{host} sends us elsewhere.", "Name the server itself."),
)


def shown(text: object) -> str:
    """What is printable of a stranger's text, on one line and not long."""
    one_line = " ".join(str(text).split())
    return "".join(letter for letter in one_line if letter.isprintable())[:300].rstrip(" .")


def refused(status: int, said: str) -> Trouble:
    """The trouble behind an error reply; -1 is the status of an error in mid-stream."""
    text = _innermost(said)
    for row in _ROWS:
        if (not row.statuses or status in row.statuses) and re.search(row.pattern, text):
            return Trouble(row.then, row.sentence.replace("{said}", _said(status, text)), row.hint)
    return Trouble(Then.AGAIN, f"{{host}} said: {_said(status, text)}.")


def trouble_of(error: Exception) -> Trouble:
    """The trouble behind any exception of the client; what it does not know it raises again."""
    match error:
        case Trouble():
            return error
        case ollama.ResponseError():
            said: object = error.error  # a text, says the client: whatever stood there
            return refused(error.status_code, said if isinstance(said, str) else json.dumps(said))
        case ConnectionError() | httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Trouble(Then.LOST, "No Ollama server answers at {host}.", "Start it: ollama serve")
        case httpx.TimeoutException():
            return _too_long(error)
        case httpx.NetworkError() | httpx.RemoteProtocolError() | httpx.ProxyError():
            return Trouble(Then.LOST, "{host} broke off.", _LOG)
        case httpx.HTTPError() | httpx.StreamError() | json.JSONDecodeError() | pydantic.ValidationError():
            return Trouble(Then.AGAIN, "{host} gave a reply that is none of Ollama's.")
        case UnicodeDecodeError() | TypeError() | AttributeError():  # JSON that is no object
            return Trouble(Then.AGAIN, "{host} gave a reply that is none of Ollama's.")
    raise error


def _too_long(error: httpx.TimeoutException) -> Trouble:
    """What took too long, and how long that was, as far as the request tells."""
    try:
        request = error.request
    except RuntimeError:  # it was made without one
        return Trouble(Then.AGAIN, "{host} took too long.", _LOG, 5)
    limits = request.extensions.get("timeout", {})
    if isinstance(error, httpx.WriteTimeout):
        said = f"{{host}} took too long: in {duration(limits.get('write') or 0)} it did not take the picture."
        return Trouble(Then.AGAIN, said, "See to the network between this machine and the server.", 5)
    seconds = limits.get("read") or 0
    hint = f"Give it more time: --set ollama.timeout_s={2 * seconds:g}" if request.url.path.endswith("/chat") else _LOG
    return Trouble(Then.AGAIN, f"{{host}} took too long: no answer in {duration(seconds)}.", hint, 5)


def _innermost(said: str) -> str:
    """The sentence in an error, which may be JSON in JSON; of a page or of nothing, nothing."""
    text = said.strip()
    for _ in range(4):
        try:
            found = json.loads(text)
        except ValueError:
            break
        if isinstance(found, dict):
            found = found.get("error", found.get("message", ""))
            found = found.get("message", "") if isinstance(found, dict) else found
        if not isinstance(found, str):
            return ""
        text = found.strip()
    return "" if text.startswith("<") else text


def _said(status: int, text: str) -> str:
    return (shown(text) or f"HTTP {status}").replace("{", "(").replace("}", ")")
