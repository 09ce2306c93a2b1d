"""A command that ends without a response has failed, even without an exception."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from local_discord.server import LocalDiscord

from bot.adapters.system_clock import SystemClock
from bot.domain.ids import shorten_id
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.ports.clock import Clock
from tests.support.live_client import Home, LiveClient, run_client

COG = Path(__file__).parent / "silent_cog.py"
LINES = COG.read_text().splitlines()


class ShortClock(SystemClock):
    """A clock on which every wait is 20 times shorter."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 20)


@asynccontextmanager
async def notes(
    home: Home, local: LocalDiscord, clock: Clock | None = None
) -> AsyncIterator[LiveClient]:
    """Run the client with the cog. (pytest resets warnings for each phase of a test.)"""
    home.write("cogs/notes.py", COG.read_text())
    async with run_client(home, local, clock=clock or ShortClock()) as room:
        yield room


def check_missing(action: Action, function: str, text: str) -> None:
    """Check that the record blames that line of that function."""
    assert action.outcome is ActionOutcome.NO_RESPONSE
    assert action.error is not None
    assert action.error.exception == "theseus_observe.failures.no_response.NoResponse"
    assert action.error.innermost is not None
    frame = action.error.innermost
    assert (frame.file, frame.function) == ("cogs/notes.py", function)
    assert text in LINES[frame.line - 1]


async def test_a_forgotten_await_is_recorded_with_pythons_warning_and_answered(
    home: Home, local: LocalDiscord
) -> None:
    async with notes(home, local) as room:
        answer = await room.alice.run("dev", "jot", text="milk")
        action = await room.journal.wait_for(Kind.COMMAND)
        again = await room.alice.run("dev", "jot", text="bread")
        second = await room.journal.wait_for(Kind.COMMAND, lambda each: each.id != action.id)
    check_missing(action, "Notes.jot", "interaction.response.send_message(f")
    assert action.error is not None
    never = "coroutine 'InteractionResponse.send_message' was never awaited"
    assert action.error.message == f"it ended without responding to its interaction; {never}"
    assert action.error.inputs == {"text": "'milk'"}
    assert action.duration_ms is not None
    assert action.duration_ms < 1_000  # how long it took, not how long we waited
    assert answer["message"]["content"].startswith("⚠️ `/jot` ended without an answer. Error id")
    assert shorten_id(action.id) in answer["message"]["content"]
    assert shorten_id(second.id) in again["message"]["content"]
    assert second.error is not None
    assert second.error.fingerprint == action.error.fingerprint


async def test_hybrids_and_buttons_that_forget_an_await_are_recorded(
    home: Home, local: LocalDiscord
) -> None:
    async with notes(home, local) as room:
        await room.alice.run("dev", "mixed")
        mixed = await room.journal.wait_for(Kind.COMMAND)
        panel = (await room.alice.run("dev", "panel"))["message"]
        button = panel["components"][0]["components"][0]["custom_id"]
        await room.alice.press("dev", button, panel["id"])
        pressed = await room.journal.wait_for(Kind.COMPONENT)
        await room.alice.say("dev", "@Theseus mixed")
        await room.alice.wait_for("dev", lambda m: "`mixed` ended without" in m["content"])
        typed = (await room.journal.list_by_kind(Kind.COMMAND))[-1]
    check_missing(mixed, "Notes.mixed", 'ctx.send("mixed")')
    check_missing(pressed, "Panel.forget", "interaction.response.send_message")
    check_missing(typed, "Notes.mixed", 'ctx.send("mixed")')
    assert pressed.event == "component.Panel.forget"


async def test_an_error_that_was_swallowed_blames_the_command(
    home: Home, local: LocalDiscord
) -> None:
    async with notes(home, local) as room:
        await room.alice.run("dev", "swallow")
        action = await room.journal.wait_for(Kind.COMMAND)
    check_missing(action, "Notes.swallow", "@app_commands.command()")


async def test_thinking_without_an_end_is_no_response(home: Home, local: LocalDiscord) -> None:
    async with notes(home, local) as room:
        await room.alice.run("dev", "think")
        action = await room.journal.wait_for(Kind.COMMAND)
        await room.alice.wait_for("dev", lambda m: "ended without an answer" in m["content"])
    check_missing(action, "Notes.think", 'interaction.followup.send("thought")')


async def test_a_task_of_the_commands_own_may_respond(home: Home, local: LocalDiscord) -> None:
    async with notes(home, local, SystemClock()) as room:
        await room.alice.run("dev", "answer_later")
        thought = await room.journal.wait_for(Kind.COMMAND)
        await room.alice.run("dev", "respond_later")
        responded = await room.journal.wait_for(Kind.COMMAND, lambda each: each.id != thought.id)
    for action in (thought, responded):
        assert (action.outcome, action.error) == (ActionOutcome.OK, None)
