"""Failures through the real client are attributed to the cog that must fix them."""

from functools import partial
from pathlib import Path

from local_discord.server import LocalDiscord

from bot.domain.journal import Action, FailureGroup, Kind
from bot.domain.triage import Origin
from bot.triage import triage
from tests.support.live_client import Home, run_client

COG = Path(__file__).parent / "misusing_cog.py"


def group_of(action: Action) -> FailureGroup:
    """Return the failures there are: this one."""
    assert action.error is not None
    return FailureGroup(
        fingerprint=action.error.fingerprint, event=action.event, count=1, first_seen=action.ts,
        last_seen=action.ts, newest=action, action_ids=(action.id,),
    )  # fmt: skip


def is_failure_of(command: str, action: Action) -> bool:
    """Return whether a record is of that command, and of a failure."""
    return action.name == command and action.error is not None


async def test_what_a_cog_does_wrong_is_the_cogs_whatever_it_passes_through(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/rooms.py", COG.read_text())
    async with run_client(home, local) as room:
        for command in ("score", "found", "shut", "blank", "gone"):
            await room.alice.interact("dev", command=command)
            await room.journal.wait_for(Kind.COMMAND, partial(is_failure_of, command))
        found = {each.name: each for each in await room.journal.list_by_kind(Kind.COMMAND)}
    wrong = {
        "score": ("AttributeError", "Rooms.score"),
        "found": ("discord.errors.NotFound", "Rooms.found"),
        "shut": ("discord.errors.InteractionResponded", "Rooms.shut"),
        "blank": ("discord.errors.HTTPException", "Rooms.blank"),
        "gone": ("discord.errors.NotFound", "Rooms.gone"),
    }
    for name, (exception, function) in wrong.items():
        error = found[name].error
        assert error is not None
        assert error.exception == exception
        assert [(each.file, each.function) for each in error.frames] == [
            ("cogs/rooms.py", function)
        ]
        assert not any(each.startswith("bot.") for each in error.libraries)
        assert triage(group_of(found[name])).origin is Origin.CODE
