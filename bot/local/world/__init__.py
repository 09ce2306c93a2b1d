"""The only room of simcord, whose internals we build on: everything else goes through here."""

from bot.local.world._gate import PRIVILEGED, gate, intents_of
from bot.local.world._names import Refused, as_id
from bot.local.world._rest import Call, Upload
from bot.local.world._world import LocalPerson, World

__all__ = [
    "PRIVILEGED",
    "Call",
    "LocalPerson",
    "Refused",
    "Upload",
    "World",
    "as_id",
    "gate",
    "intents_of",
]
