"""The only room of simcord, whose internals we build on: everything else goes through here."""

from simcord.backend.errors import BackendError as DiscordError

from bot.local.world._gate import PRIVILEGED, gate, intents_of
from bot.local.world._names import Refused, as_id
from bot.local.world._rest import Call, Upload
from bot.local.world._world import LocalPerson, World

__all__ = [
    "PRIVILEGED",
    "Call",
    "DiscordError",
    "LocalPerson",
    "Refused",
    "Upload",
    "World",
    "as_id",
    "gate",
    "intents_of",
]
