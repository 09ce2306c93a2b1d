"""The only package that uses simcord, including its internals; everything else goes through it."""

from simcord.backend.errors import BackendError as DiscordError
from simcord.components import walk_components

from local_discord.world._intents import PRIVILEGED, filter_event, parse_intents
from local_discord.world._lookup import Refused, as_id
from local_discord.world._modals import list_fields
from local_discord.world._rest import Call, Upload
from local_discord.world._world import NO_ANSWER, RESPONSE_SECONDS, LocalPerson, World

__all__ = [
    "NO_ANSWER",
    "PRIVILEGED",
    "RESPONSE_SECONDS",
    "Call",
    "DiscordError",
    "LocalPerson",
    "Refused",
    "Upload",
    "World",
    "as_id",
    "filter_event",
    "list_fields",
    "parse_intents",
    "walk_components",
]
