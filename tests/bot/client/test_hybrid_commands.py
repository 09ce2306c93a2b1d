"""A hybrid command is recorded once, whether it is typed or used as a slash command."""

from ast import literal_eval
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message
from local_discord.server import LocalDiscord

from bot.domain.ids import shorten_id
from bot.domain.journal import Action, ActionOutcome, Kind
from tests.support.live_client import Home, LiveClient, run_client

COG = Path(__file__).parent / "hybrid_cog.py"


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/shares.py", COG.read_text())
    async with run_client(home, local) as room:
        yield room


async def read_only_record(room: LiveClient) -> Action:
    """Return the one record of a command; another command shows that no second came."""
    await room.journal.wait_for(Kind.COMMAND)
    await room.alice.run("dev", "share", coins=4, people=2)
    await room.journal.wait_for(Kind.COMMAND, lambda action: action.name == "share")
    first, _ = await room.journal.list_by_kind(Kind.COMMAND)
    return first


def check_failure(action: Action, event: str) -> None:
    assert (action.event, action.outcome) == (event, ActionOutcome.ERROR)
    assert action.error is not None
    assert action.error.exception == "ZeroDivisionError"
    assert action.error.innermost is not None
    assert action.error.innermost.file == "cogs/shares.py"


async def test_a_success_as_a_slash_command_is_recorded_once(room: LiveClient) -> None:
    await room.alice.run("dev", "share", coins=9, people=3)
    action = await read_only_record(room)
    assert (action.event, action.outcome) == ("command.share", ActionOutcome.OK)


async def test_a_success_as_a_typed_command_is_recorded_once(room: LiveClient) -> None:
    await room.alice.say("dev", "@Theseus share 9 3")
    action = await read_only_record(room)
    assert (action.event, action.outcome) == ("command.share", ActionOutcome.OK)


FAILING: dict[str, dict[str, object]] = {
    "share": {"coins": 9, "people": 0},
    "slow_share": {},
    "pot empty": {},
    "spot": {"at": "0"},
    "checked": {},
    "hooked": {},
}


async def test_failures_as_slash_commands_are_recorded_once_and_answered_by_their_ids(
    room: LiveClient,
) -> None:
    for command, options in FAILING.items():
        await room.alice.run("dev", command, **options)
        answer = await wait_for_text(room, f"`/{command}`")
        action = (await room.journal.list_by_kind(Kind.COMMAND))[-1]
        check_failure(action, f"command.{command}")
        assert action.error is not None
        inputs = {name: literal_eval(value) for name, value in action.error.inputs.items()}
        assert inputs == options
        assert answer["content"].startswith(f"⚠️ `/{command}` failed with ZeroDivisionError.")
        check_answer(answer["content"], action)
    assert len(await room.journal.list_by_kind(Kind.COMMAND)) == len(FAILING)


async def test_failures_as_typed_commands_are_recorded_once_and_answered_by_their_ids(
    room: LiveClient,
) -> None:
    for command, options in FAILING.items():
        values = " ".join(map(str, options.values()))
        await room.alice.say("dev", f"@Theseus {command} {values}")
        answer = await wait_for_text(room, f"`{command}`")
        action = (await room.journal.list_by_kind(Kind.COMMAND))[-1]
        check_failure(action, f"command.{command}")
        check_answer(answer["content"], action)
    assert len(await room.journal.list_by_kind(Kind.COMMAND)) == len(FAILING)


async def wait_for_text(room: LiveClient, text: str) -> Message:
    return await room.alice.wait_for("dev", lambda message: text in message["content"])


def check_answer(text: str, action: Action) -> None:
    """Check that users see the id, but no text of the error or its wrappers."""
    assert f"Error id `{shorten_id(action.id)}`" in text
    assert "division" not in text
    assert "Hybrid" not in text


async def test_both_ways_of_use_fail_with_one_fingerprint(room: LiveClient) -> None:
    await room.alice.run("dev", "share", coins=9, people=0)
    await room.alice.say("dev", "@Theseus share 9 0")
    await room.alice.wait_for("dev", lambda m: "`share` failed with" in m["content"])
    slash, typed = await room.journal.list_by_kind(Kind.COMMAND)
    assert slash.error is not None
    assert typed.error is not None
    assert slash.error.fingerprint == typed.error.fingerprint


@pytest.mark.parametrize(
    ("command", "outcome", "text"),
    [
        ("deny", ActionOutcome.OK, "Only approvers may do that."),
        ("guarded", ActionOutcome.CANCELLED, "I could not run that: The check"),
    ],
)
async def test_a_refusal_is_private_and_no_failure(
    room: LiveClient, command: str, outcome: ActionOutcome, text: str
) -> None:
    answer = await room.alice.run("dev", command)
    assert answer["ephemeral"]
    assert text in answer["message"]["content"]
    assert "Hybrid" not in answer["message"]["content"]
    action = await read_only_record(room)
    assert (action.outcome, action.error) == (outcome, None)


async def test_a_cog_that_answers_its_own_failure_is_not_talked_over(room: LiveClient) -> None:
    answer = await room.alice.run("dev", "polite")
    assert answer["message"]["content"] == "my own words"
    check_failure(await read_only_record(room), "command.polite")
    assert not any("failed with" in m["content"] for m in await room.alice.list_messages("dev"))
