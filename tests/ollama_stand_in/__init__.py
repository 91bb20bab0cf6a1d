"""A stand-in for an Ollama server: both eras, their sentences, limits and faults, and a journal of what was asked.

The decision: it refuses, forgets and breaks as the real server does, so that the client is tested against the server
that people have; refused: a double that always answers well. `server.py` says how it is used.
"""

from tests.ollama_stand_in.answers import Question
from tests.ollama_stand_in.faults import CRASH, KINDS, PEG, Fault
from tests.ollama_stand_in.images import Picture
from tests.ollama_stand_in.journal import Entry
from tests.ollama_stand_in.models import KNOWN, Model, model, parse_name
from tests.ollama_stand_in.scheduler import BUSY, Clock, FakeClock
from tests.ollama_stand_in.server import StandIn

__all__ = [
    "BUSY",
    "CRASH",
    "KINDS",
    "KNOWN",
    "PEG",
    "Clock",
    "Entry",
    "FakeClock",
    "Fault",
    "Model",
    "Picture",
    "Question",
    "StandIn",
    "model",
    "parse_name",
]
