"""👍 and 👎 on what is live are counted by person, and never taken for a decision."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message
from theseus_rehearsal.records import CommandStep

from bot.domain.run import Run, Status, Waiting
from bot.domain.traffic import TrafficRecord
from bot.domain.use import ChangeFeedback
from bot.domain.watch import WatchRules
from tests.cogs.test_agreements import contract
from tests.support.change_harness import ChangeHarness
from tests.support.dev_channel import COGS, DevChannel, list_labels, open_dev_channel

HEARD = "cogs.feedback"
WEEK = 7 * 24 * 60 * 60


class CountedWorld(ChangeHarness):
    """A world in which the use of what is shipped is counted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.watch = WatchRules()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    extensions = (*COGS, HEARD, "cogs.dice")
    async with open_dev_channel(
        tmp_path, make_harness=CountedWorld, extensions=extensions
    ) as opened:
        yield opened


async def proposed(room: DevChannel) -> tuple[Run, str, Message]:
    """Return a change that waits for a word, with its thread and its card."""
    _, thread, _ = await contract(room)
    await room["dora"].say(thread, "go ahead")
    run = await room.wait_for_proposal()
    card = await room["alice"].wait_for(thread, lambda message: "Ship it" in list_labels(message))
    return run, thread, card


async def shipped(room: DevChannel) -> tuple[Run, str, Message]:
    """Return a change that is live, with its thread and the message that says so."""
    _, thread, _ = await proposed(room)
    await room["alice"].say(thread, "ship it")
    run = await room.wait_until(lambda run: run.status is Status.DONE)
    live = await room["alice"].wait_for(thread, lambda message: "🚢" in message["content"])
    return run, thread, live


async def signs(room: DevChannel, run: Run, wanted: tuple[int, int]) -> None:
    """Wait until so many people like and dislike the change."""
    async with asyncio.timeout(15):
        while True:
            found = await room.agent.feedback.get_feedback(run.id)
            if (found.count("👍"), found.count("👎")) == wanted:
                return
            await asyncio.sleep(0.01)


async def test_a_thumb_on_an_open_card_ships_and_rejects_nothing(room: DevChannel) -> None:
    run, thread, card = await proposed(room)
    for who, sign in (("alice", "👍"), ("bob", "👍🏽"), ("dora", "👎"), ("alice", "👎")):
        await room[who].react(thread, card, sign)
    await room["alice"].say("dev", "@theseus status")  # what came before it was heard by then
    await room["alice"].wait_for("dev", lambda message: run.id in message["content"])
    history = await room.world.store.get_history(run.id)
    assert (history.approval, history.approval_votes and history.approval_votes.approvals) == (
        None,
        (),
    )
    assert (await room.world.store.get(run.id)).waiting is Waiting.APPROVAL
    assert await room.agent.feedback.get_feedback(run.id) == ChangeFeedback(run_id=run.id)


async def test_a_thumb_on_what_is_understood_is_no_go_ahead(room: DevChannel) -> None:
    run, thread, card = await contract(room)
    await room["alice"].react(thread, card, "👍")
    await room["alice"].say("dev", "@theseus status")
    await room["alice"].wait_for("dev", lambda message: run.id in message["content"])
    assert (await room.world.store.get(run.id)).waiting is Waiting.AGREEMENT


async def test_what_people_think_is_counted_once_each_by_their_last_word(room: DevChannel) -> None:
    run, thread, live = await shipped(room)
    card = await room["dora"].wait_for(thread, lambda message: "Ship it" in list_labels(message))
    await room["dora"].react(thread, card, "👎")  # a card that is over says nothing of what is live
    for who in ("alice", "bob", "mallory"):
        await room[who].react(thread, live, "👍")
    await signs(room, run, (3, 0))
    await room["bob"].react(thread, live, "👎")
    await signs(room, run, (2, 1))
    await room["mallory"].react(thread, live, "👍", remove=True)
    await signs(room, run, (1, 1))
    await room["bob"].react(thread, live, "👍", remove=True)  # not what they think any more
    await room["bob"].react(thread, live, "👎", remove=True)
    await signs(room, run, (1, 0))
    room.world.clock.tick(WEEK)
    await room.agent.watch.look()
    told = await room["alice"].wait_for(thread, lambda message: "📊" in message["content"])
    assert told["content"].endswith("• `/coinflip`: no one used it\n• 👍 1, 👎 0")
    memory = await room.world.memory.get(f"lesson:{run.id}")
    assert memory is not None and "👍 1, 👎 0" in memory.text
    assert await room.world.key_values.list_records("feedback:", ChangeFeedback) == ()


async def test_a_thumb_on_an_answer_of_the_change_counts_for_it(room: DevChannel) -> None:
    run, _, _ = await shipped(room)
    answers: list[Message] = []
    for event in ("command.coinflip", "command.other"):
        told = await room["mallory"].run("dev", "roll", dice="1d6")
        answer = told["message"]
        asked = answer["interaction_metadata"]["id"]
        room.world.clock.tick(1)
        room.world.traffic.records.append(
            TrafficRecord(
                id=f"{len(answers):032}",
                at=room.world.clock.now(),
                event=event,
                cog="coinflip",
                step=CommandStep(command="coinflip"),
                pseudonyms={"interaction": f"i-{asked}"},
            )
        )
        answers.append(answer)
    flip, other = answers
    await room["bob"].react("dev", other, "👎")
    await room["mallory"].react("dev", flip, "👎")
    await signs(room, run, (0, 1))
