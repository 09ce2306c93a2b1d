"""Another attempt, asked for with a button or in words, and what has changed since."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.domain.errors import AgentLimited, AgentStuck
from bot.domain.journal import Action
from bot.domain.run import Run, Status
from tests.fakes.fake_agent import FakeAgent, Turn
from tests.fakes.fake_clock import START
from tests.support.agent_harness import FIX, AgentHarness, make_failure
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)


def make_harness(*rounds: Turn) -> Callable[[Path], AgentHarness]:
    """Return what makes a harness whose engine does that, one after another."""

    def make(folder: Path) -> AgentHarness:
        harness = AgentHarness(folder)
        harness.engine = FakeAgent(list(rounds))
        return harness

    return make


async def _fail(room: DevChannel) -> tuple[Run, str, dict[str, Any]]:
    """Return a run that has ended without a proposal, its thread, and its last message."""
    await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
    run = await room.wait_until(lambda run: run.has_ended)
    thread = str(run.thread_id)
    message = await room["alice"].wait_for(
        thread, lambda message: "Try again" in list_labels(message)
    )
    return run, thread, message


async def test_a_button_and_words_start_a_failed_run_again_with_what_has_changed(
    tmp_path: Path,
) -> None:
    stuck = AgentStuck("It went in circles.")
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, make_harness=make_harness(stuck, stuck, FIX)
    ) as room:
        world = room.world
        run, thread, message = await _fail(room)
        pressed = await room["mallory"].press(thread, get_custom_id(message, "Try again"), message)
        assert (await room.wait_for_answer("mallory", pressed, thread)).startswith("Sorry mallory")
        assert len(world.engine.asked) == 1

        again = await room["bob"].press(thread, get_custom_id(message, "Try again"), message)
        assert await room.wait_for_answer("bob", again, thread) == f"On it: <#{thread}>"
        await room.wait_until(lambda run: run.attempt == 2 and run.has_ended)
        second = world.engine.asked[1].evidence.since_attempt
        assert second[0].startswith("Attempt 1 ended 2026-11-21 ")
        assert "It went in circles." in second[0]
        assert second[1] == "No commit has been added since."
        assert second[2] == "Records of this failure since: none."
        assert second[-1].startswith("This run has cost $0.00; it may cost $6.00")

        known: Action = make_failure(world.clock)
        world.journal.actions.append(known)
        await room["alice"].say(thread, "versuch es bitte nochmal")
        await room.wait_for_proposal()
        third = world.engine.asked[2].evidence.since_attempt
        assert third[0].startswith("Attempt 2 ended")
        assert third[1] == "No commit has been added since."
        assert third[2] == "Records of this failure since: 1."
        told = await room["alice"].wait_for(thread, lambda m: "Attempt 2 ended" in m["content"])
        assert told["content"].startswith("🔁")
        assert (await world.store.get(run.id)).attempt == 3


async def test_words_continue_a_run_that_waits_for_its_engine_at_once(tmp_path: Path) -> None:
    limit = AgentLimited("Our use is limited.", until=START + timedelta(hours=20))
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, make_harness=make_harness(limit, limit, FIX)
    ) as room:
        await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
        run = await room.wait_until(lambda run: run.waits_for_engine)
        await room["alice"].say(str(run.thread_id), "try again")
        run = await room.wait_until(
            lambda now: now.waits_for_engine and now.version > run.version + 1
        )
        assert run.waits == 1  # her attempt has used up none of the bot's own
        await room["alice"].say(str(run.thread_id), "try again")
        proposed = await room.wait_for_proposal()
        assert (proposed.id, proposed.attempt) == (run.id, 1)
        answer = await room["alice"].say(str(run.thread_id), "try again")
        refused = await room.wait_for_reply("alice", answer)
        assert "has not ended without a result" in refused["content"]


async def test_a_cancelled_run_can_be_tried_again(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as room:
        room.world.engine.hold()
        await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
        run = await room.wait_until(lambda run: room.world.engine.working.is_set())
        await room["alice"].say(str(run.thread_id), "cancel")
        await room.wait_until(lambda run: run.status is Status.CANCELLED)
        message = await room["alice"].wait_for(
            str(run.thread_id), lambda message: "Try again" in list_labels(message)
        )
        room.world.engine.release()
        await room["alice"].press(str(run.thread_id), get_custom_id(message, "Try again"), message)
        assert (await room.wait_for_proposal()).attempt == 2
