"""What is said while the bot is away: answered once, under the same rights, kill or no kill."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.run import Status
from bot.settings import MissedConfig
from tests.support.crash_point import CrashPoint
from tests.support.dev_channel import list_labels
from tests.support.restartable_channel import RestartableChannel, open_channel, wait_until

COMPLAINT = "rolling dice keeps crashing, fix it"
IDLE = (
    "I am not working on anything. Tell me what is broken or what you want; `/runs list` shows "
    "earlier runs."
)


@pytest.fixture
async def bay(tmp_path: Path) -> AsyncIterator[RestartableChannel]:
    """A dev channel the bot has been in before, and is away from."""
    async with open_channel(tmp_path) as opened:
        await opened["alice"].say("dev", f"{opened.mention} status before the first start")
        async with opened.run_bot():
            await opened.wait_until_settled()
        yield opened


async def test_what_was_said_while_it_was_away_is_answered_once_under_the_same_rights(
    bay: RestartableChannel,
) -> None:
    asked = [
        ("dev", await bay["alice"].say("dev", f"{bay.mention} status")),
        ("general", await bay["bob"].say("general", f"{bay.mention} status")),
        ("@dora", await bay["dora"].say("@dora", "status")),
        ("dev", await bay["mallory"].say("dev", COMPLAINT)),
    ]
    work = await bay["alice"].say("dev", COMPLAINT)
    await bay["bob"].say("dev", "good morning everybody")
    async with bay.run_bot():
        answers = [await bay.wait_for_answer(channel, said) for channel, said in asked]
        await bay.wait_until_settled()
    assert answers[:3] == [IDLE] * 3
    assert answers[3].startswith("Sorry mallory, you are not on the list")
    for _ in range(2):
        async with bay.run_bot():
            last = await bay["alice"].say("dev", f"{bay.mention} status")
            await bay.wait_for_answer("dev", last)
            await bay.wait_until_settled()
    assert [run.trigger.key for run in await bay.world.store.find()] == [f"message:{work['id']}"]
    answered = [said for said, _ in await bay.list_answers("dev")]
    assert len(answered) == 4, answered
    before_the_first_start = (await bay["alice"].list_messages("dev"))[0]
    assert before_the_first_start["id"] not in answered
    assert len(await bay.list_answers("general")) == len(await bay.list_answers("@dora")) == 1


async def test_an_older_text_that_was_wanted_meanwhile_is_asked_about_and_not_swapped_in(
    bay: RestartableChannel,
) -> None:
    registry = bay.world.live_registry
    for text in ("Kind.", "Rude."):
        registry.files["persona", "persona"] = text
        await registry.reload()
    bay.world.clock.tick(60)
    said = await bay["alice"].say("dev", f"{bay.mention} roll the persona back")
    async with bay.run_bot():
        assert "Shall I make v1 of the persona live" in await bay.wait_for_answer("dev", said)
        await bay.wait_until_settled()
    assert registry.get_item("persona", "persona").version == 2


async def test_a_word_in_a_thread_and_a_reaction_count_when_it_is_back(
    bay: RestartableChannel,
) -> None:
    async with bay.run_bot():
        await bay["alice"].say("dev", COMPLAINT)
        thread, card = await proposal(bay)
        await bay.wait_until_settled()
    await bay["mallory"].react(thread, card, "🚢")
    await bay["bob"].react(thread, card, "👍")
    for _ in range(2):
        async with bay.run_bot():
            await bay["alice"].wait_for(thread, lambda m: m["content"].startswith("Sorry mallory"))
            asked = await bay["dora"].say(thread, f"{bay.mention} status")
            assert "waiting for “ship it”" in await bay.wait_for_answer(thread, asked)
            await bay.wait_until_settled()
    entries = await bay.world.store.list_audit_entries()
    assert [(e.person.name, e.action) for e in entries if not e.allowed and e.person] == [
        ("mallory", "ship")
    ]
    await bay["bob"].react(thread, card, "✅")
    async with bay.run_bot():
        await bay["bob"].wait_for(thread, lambda m: "live at" in m["content"])
    texts = [message["content"] for message in await bay["bob"].list_messages(thread)]
    assert len([text for text in texts if text.startswith("Sorry mallory")]) == 1
    assert len([text for text in texts if text.startswith("Shipping")]) == 1
    assert len(bay.world.forge.merges) == 1


async def proposal(bay: RestartableChannel) -> tuple[str, Message]:
    """Return the thread of the only run, and its proposal card."""

    thread: int | None = None
    async with asyncio.timeout(10):
        while thread is None:
            for run in await bay.world.store.find(status=[Status.WAITING]):
                thread = run.thread_id
            await asyncio.sleep(0.01)
    card = await bay["alice"].wait_for(
        str(thread), lambda message: "Ship it" in list_labels(message)
    )
    return str(thread), card


async def test_too_many_are_left_alone_and_that_is_said_once(bay: RestartableChannel) -> None:
    bay.missed = MissedConfig(messages=2)
    asked = [await bay["alice"].say("dev", f"{bay.mention} status") for _ in range(4)]
    for _ in range(2):
        async with bay.run_bot():
            await bay.wait_for_answer("dev", asked[3])
            await bay.wait_until_settled()
    said = await bay["alice"].list_messages("dev")
    assert len(await bay.list_answers("dev")) == 2
    paced = [a.ts for a in bay.world.journal.actions if a.name == "missed_message"]
    assert (paced[1] - paced[0]).total_seconds() >= 1
    told = [m["content"] for m in said if m["content"].startswith("I was away")]
    assert told == [
        "I was away and did not answer some messages to me: they are older than 24 hours, or there "
        "were more than 2. Please repeat what still matters."
    ]


async def test_what_is_too_old_is_left_alone_and_that_is_said_once(bay: RestartableChannel) -> None:
    await bay["alice"].say("dev", f"{bay.mention} status")
    await bay["alice"].say("general", "good morning")
    bay.world.clock.tick(30 * 3600)
    for _ in range(2):
        async with bay.run_bot():
            await bay["alice"].wait_for("dev", lambda m: m["content"].startswith("I was away"))
            await bay.wait_until_settled()
    said = [m["content"] for m in await bay["alice"].list_messages("dev")]
    assert await bay.list_answers("dev") == []
    assert len([text for text in said if text.startswith("I was away")]) == 1


@pytest.mark.parametrize(
    "fault", ["gateway_drop", pytest.param("gateway_invalidate", marks=pytest.mark.slow)]
)
async def test_a_lost_connection_loses_no_message_and_answers_none_twice(
    bay: RestartableChannel, fault: str
) -> None:
    async with bay.run_bot() as client:
        before = await bay["alice"].say("dev", f"{bay.mention} status")
        await bay.wait_for_answer("dev", before)
        back = client.wait_for("resumed" if fault == "gateway_drop" else "ready", timeout=10)
        async with asyncio.TaskGroup() as group:
            connected = group.create_task(back)
            await asyncio.sleep(0)
            await bay["alice"].call("POST", "/local/faults", {"kind": fault})
            missed = await bay["alice"].say("dev", f"{bay.mention} status?")
            await connected
        assert await bay.wait_for_answer("dev", missed) == IDLE
        last = await bay["alice"].say("dev", f"{bay.mention} status!")
        await bay.wait_for_answer("dev", last)
        await bay.wait_until_settled()
    assert len(await bay.list_answers("dev")) == 3


async def test_a_missed_word_that_was_heard_to_the_end_before_the_kill_is_not_refused(
    bay: RestartableChannel,
) -> None:
    async with bay.run_bot():
        await bay["alice"].say("dev", COMPLAINT)
        thread, _ = await proposal(bay)
        await bay.wait_until_settled()
    kept = dict(bay.world.key_values.bodies)
    async with bay.run_bot():
        await bay["alice"].say(thread, "reject")
        await bay["alice"].wait_for(thread, lambda m: "Rejected by alice." in m["content"])
    bay.world.key_values.bodies = kept  # killed before the cursor moved
    async with bay.run_bot():
        asked = await bay["alice"].say(thread, f"{bay.mention} status")
        await bay.wait_for_answer(thread, asked)
        await bay.wait_until_settled()
    texts = [message["content"] for message in await bay["alice"].list_messages(thread)]
    assert not [text for text in texts if "no open proposal" in text]


@pytest.mark.slow
async def test_each_message_is_answered_once_wherever_the_bot_is_killed(
    bay: RestartableChannel,
) -> None:
    asked = []
    for burns in range(1, 60, 5):
        asked.append(await bay["alice"].say("dev", f"{bay.mention} status"))
        asked.append(await bay["alice"].say("dev", COMPLAINT))
        fuse = CrashPoint(burns)
        async with bay.run_bot(fuse):
            await wait_until(lambda: fuse.hits > burns or bay.is_settled)  # noqa: B023
    async with bay.run_bot():
        await bay.wait_for_answer("dev", asked[-2])
        await bay.wait_until_settled()
    answered = [said for said, _ in await bay.list_answers("dev")]
    assert answered == [message["id"] for message in asked[::2]]
    runs = await bay.world.store.find()
    assert sorted(run.trigger.key for run in runs) == sorted(
        f"message:{message['id']}" for message in asked[1::2]
    )
    assert len({run.thread_id for run in runs}) == len(runs)


async def test_what_is_said_while_the_cog_is_reloaded_is_answered_once(
    bay: RestartableChannel,
) -> None:
    async with bay.run_bot() as client:
        await bay.wait_until_settled()
        await client.unload_extension("cogs.conversation")
        missed = await bay["alice"].say("dev", f"{bay.mention} status")
        await client.load_extension("cogs.conversation")
        assert await bay.wait_for_answer("dev", missed) == IDLE
        await bay.wait_until_settled()
        last = await bay["alice"].say("dev", f"{bay.mention} status")
        await bay.wait_for_answer("dev", last)
    assert [said for said, _ in await bay.list_answers("dev")] == [missed["id"], last["id"]]


# ------------------------------------------------------------- channels that cannot be read, apart

WORSE = [
    {"path": "/users/@me/channels", "method": "POST", "status": 503, "times": 6},
    {"path": "/users/@me/channels", "method": "POST", "status": 400, "code": 50033, "times": None},
    {"path": "/channels/*/messages", "method": "GET", "status": 503, "times": 1},
    {"path": "/guilds/*/threads/active", "method": "GET", "status": 503, "times": 3},
]


@pytest.mark.parametrize("fault", WORSE)
async def test_what_cannot_be_read_keeps_nothing_else_from_being_answered(
    bay: RestartableChannel, fault: dict[str, object]
) -> None:
    asked = [
        ("dev", await bay["alice"].say("dev", f"{bay.mention} status")),
        ("general", await bay["bob"].say("general", f"{bay.mention} status")),
    ]
    await bay["alice"].call("POST", "/local/faults", {"kind": "status", **fault})
    async with bay.run_bot():
        for channel, said in asked:
            assert await bay.wait_for_answer(channel, said) == IDLE
        await bay.wait_until_settled()
    async with bay.run_bot():
        await bay.wait_until_settled()
    assert len(await bay.list_answers("dev")) == len(await bay.list_answers("general")) == 1


async def test_a_direct_channel_that_fails_is_tried_again_until_it_opens(
    bay: RestartableChannel,
) -> None:
    missed = await bay["dora"].say("@dora", "status")
    fault = {"path": "/users/@me/channels", "method": "POST", "status": 503, "times": None}
    planted = await bay["alice"].call("POST", "/local/faults", {"kind": "status", **fault})
    async with bay.run_bot():
        live = await bay["dora"].say("@dora", "status?")
        await bay.wait_for_answer("@dora", live)
    async with (
        bay.run_bot()
    ):  # killed meanwhile: what was answered live has moved no cursor past it
        asked = await bay["alice"].say("dev", f"{bay.mention} status")
        await bay.wait_for_answer("dev", asked)
        assert not bay.is_settled
        await bay["alice"].call("DELETE", f"/local/faults/{planted['id']}")
        assert await bay.wait_for_answer("@dora", missed) == IDLE
        await bay.wait_until_settled()
    answered = [said for said, _ in await bay.list_answers("@dora")]
    assert sorted(answered) == sorted([missed["id"], live["id"]])


async def test_what_is_refused_for_good_is_told_once_and_what_fails_too_long_is_given_up(
    bay: RestartableChannel,
) -> None:
    fault = {"path": "/users/@me/channels", "method": "POST", "times": None}
    refused = {"kind": "status", "status": 400, "code": 50033, **fault}
    planted = await bay["alice"].call("POST", "/local/faults", refused)
    async with bay.run_bot():
        await bay.wait_until_settled()
    told = [a for a in bay.world.journal.actions if a.name == "missed_messages"]
    assert len(told) == len({action.user for action in told}) == 3
    assert "50033" in str(told[0].error)
    await bay["alice"].call("DELETE", f"/local/faults/{planted['id']}")
    bay.missed = MissedConfig(hours=0.001)
    await bay["alice"].call("POST", "/local/faults", {"kind": "status", "status": 503, **fault})
    async with bay.run_bot():
        await bay.wait_until_settled()
    told = [a for a in bay.world.journal.actions if a.name == "missed_messages"]
    assert len(told) == 6
    assert "could not be read for 0.001 h" in str(told[-1].error)
