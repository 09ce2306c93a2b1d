"""A Discord-compatible server on this machine and its simulated users: see README.md."""

from local_discord.client import point_discord_at, run_bot
from local_discord.observers import OBSERVERS, ObservedRequest, Observer
from local_discord.person import Message, Person, PersonRefusedError
from local_discord.server import LocalDiscord, LocalPerson

__all__ = [
    "OBSERVERS",
    "LocalDiscord",
    "LocalPerson",
    "Message",
    "ObservedRequest",
    "Observer",
    "Person",
    "PersonRefusedError",
    "point_discord_at",
    "run_bot",
]
