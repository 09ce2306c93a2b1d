"""The Discord server of a rehearsal: its people, channels and time, on a private socket."""

from collections.abc import Sequence
from pathlib import Path

from local_discord import LocalDiscord, LocalPerson

from theseus_rehearsal._driver import BotDriver
from theseus_rehearsal._requests import RequestQueue
from theseus_rehearsal.records import Actor, ScriptWorld

TOKEN = "rehearsal"  # noqa: S105 - only the rehearsal can reach this server
OWNER = "owner"
_NO_HEARTBEAT = 1_000_000.0  # seconds: a rehearsal must not depend on the machine's time


def create_server(
    world: ScriptWorld, prefix: Path, driver: BotDriver, requests: RequestQueue
) -> LocalDiscord:
    """Return the server of a world, which will listen on `{prefix}.discord`."""
    server = LocalDiscord(
        [*map(_build_person, world.people), *_build_owner(world.people)],
        token=TOKEN,
        channels=world.channels,
        socket=Path(f"{prefix}.discord"),
        now=driver.now,
        around=[requests.hold_request],
    )
    server.gateway.heartbeat_interval = _NO_HEARTBEAT
    server.gateway.ack_seconds = 0
    return server


def _build_owner(people: Sequence[Actor]) -> list[LocalPerson]:
    """Return the server's owner, if the script has none: only an owner may do everything."""
    has_owner = any(actor.name == OWNER for actor in people)
    return [] if has_owner else [LocalPerson(name=OWNER, listed=True)]


def _build_person(actor: Actor) -> LocalPerson:
    return LocalPerson(
        name=actor.name,
        listed=actor.name == OWNER,
        roles=actor.roles,
        permissions=actor.permissions,
        bot=actor.bot,
    )
