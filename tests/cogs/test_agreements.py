"""What was understood of a change, in its thread: a press, a form or plain words decide."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.people import Person as Somebody
from bot.domain.people import Place
from bot.domain.run import Run, Trigger, Waiting
from bot.grammar.agreement import parse_contract_reply
from tests.support.change_harness import WANTED, ChangeHarness
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, make_harness=ChangeHarness
    ) as opened:
        yield opened


async def contract(room: DevChannel) -> tuple[Run, str, Message]:
    """Have alice want something; return the run, its thread and the card of what is understood."""
    said = await room["alice"].say("dev", "listen")
    local = room.local
    await room.agent.request(
        Trigger(
            key="wanted",
            goal="change",
            person=Somebody(id=local.people["alice"], name="alice"),
            place=Place(
                channel_id=local.dev_channel_id, message_id=int(said["id"]), guild_id=local.guild_id
            ),
            text=WANTED,
            is_verbatim=True,
            subject=WANTED,
            at=room.world.clock.now(),
        )
    )
    run = await room.wait_until(lambda run: run.waiting is Waiting.AGREEMENT)
    thread = str(run.thread_id)
    return run, thread, await _card(room, thread, "")


async def _card(room: DevChannel, thread: str, old: str) -> Message:
    def is_new(message: Message) -> bool:
        return "Go ahead" in list_labels(message) and message["id"] != old

    return await room["alice"].wait_for(thread, is_new)


async def pressed(room: DevChannel, who: str, card: Message, label: str) -> str:
    """Press a button of the card; return the private answer."""
    told = await room[who].press(card["channel_id"], get_custom_id(card, label), card)
    return await room.wait_for_answer(who, told, card["channel_id"])


async def test_whoever_may_ask_goes_ahead_with_a_press_and_only_once(room: DevChannel) -> None:
    _, _, card = await contract(room)
    assert list_labels(card) == ["Go ahead", "Change it", "Cancel", "Later", "Ignore"]
    assert (await pressed(room, "mallory", card, "Go ahead")).startswith("Sorry mallory")
    assert await room.list_refused() == [("mallory", "ask")]
    assert await pressed(room, "dora", card, "Go ahead") == "I go ahead."
    await room.wait_until(lambda run: run.waiting is not Waiting.AGREEMENT)
    assert "does not wait for a go-ahead" in await pressed(room, "alice", card, "Go ahead")


@pytest.mark.parametrize("said", ["go ahead", "yes, do it", "ok, go for it!"])
async def test_a_plain_yes_in_the_thread_goes_ahead(room: DevChannel, said: str) -> None:
    _, thread, _ = await contract(room)
    await room["dora"].say(thread, said)
    run = await room.wait_until(lambda run: run.waiting is not Waiting.AGREEMENT)
    assert (await room.world.store.get_history(run.id)).is_agreed


async def test_what_is_meant_instead_is_said_in_the_thread_or_in_a_form(room: DevChannel) -> None:
    _, thread, card = await contract(room)
    assert isinstance(room.world, ChangeHarness)
    planner = room.world.request_planner
    planner.briefs = tuple(
        each.replace(understood=f"The {number}. try.")
        for number in (2, 3)
        for each in planner.briefs[:1]
    )
    planner.asked.clear()
    await room["dora"].say(thread, "no, it should flip several coins")
    second = await _card(room, thread, card["id"])
    assert planner.asked[-1].corrections == ("it should flip several coins",)
    opened = await room["alice"].press(thread, get_custom_id(second, "Change it"), second)
    assert opened["result"] == "modal"
    assert "not the newest" in await pressed(room, "alice", card, "Go ahead")


@pytest.mark.parametrize("said", ["no", "hmm", "no wait, don't"])
async def test_a_bare_no_is_asked_what_is_meant_and_cancel_ends_it(
    room: DevChannel, said: str
) -> None:
    _, thread, _ = await contract(room)
    await room["dora"].say(thread, said)
    await room["dora"].wait_for(
        thread, lambda m: m["content"].startswith("What do you want instead?")
    )
    await room["dora"].say(thread, "cancel")
    run = await room.wait_until(lambda run: run.has_ended)
    assert run.reason == "Cancelled by dora."


@pytest.mark.parametrize("said", ["sounds good, go ahead please", "lgtm, ship it", "👍"])
async def test_a_yes_in_other_words_is_asked_back_and_plans_nothing_again(
    room: DevChannel, said: str
) -> None:
    _, thread, card = await contract(room)
    assert isinstance(room.world, ChangeHarness)
    room.world.request_planner.asked.clear()
    question = await room.wait_for_reply("dora", await room["dora"].say(thread, said))
    assert question["content"].startswith("Shall I go ahead and write it?")
    assert room.world.request_planner.asked == []
    assert (await pressed(room, "mallory", question, "Go ahead")).startswith("Sorry mallory")
    assert await pressed(room, "dora", question, "Go ahead") == "I go ahead."
    await room.wait_until(lambda run: run.waiting is not Waiting.AGREEMENT)
    assert card["id"] != question["id"]


@pytest.mark.parametrize(
    "said", ["go ahead and also take a number", "yes but with three sides", "do it tomorrow"]
)
def test_a_go_ahead_with_more_in_it_is_none(said: str) -> None:
    assert not parse_contract_reply(said).is_go_ahead
    assert parse_contract_reply(said).correction == said
