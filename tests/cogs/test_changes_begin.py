"""Where changes can be written, a wish of who may ask begins a run; the same one joins it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.run import Status, Waiting
from tests.support.change_harness import WANTED, ChangeHarness
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    get_reply_text,
    list_labels,
    open_dev_channel,
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(
        tmp_path, extensions=(*RUN_COGS, "cogs.capabilities"), make_harness=ChangeHarness
    ) as opened:
        yield opened


async def goals(room: DevChannel) -> list[tuple[str, str, str]]:
    """Return goal, asker and words of every run, newest first."""
    runs = [run.trigger for run in await room.list_runs()]
    return [(each.goal, each.person.name, each.text) for each in runs]


async def test_words_in_the_dev_channel_begin_a_change_in_a_thread_of_its_own(
    room: DevChannel,
) -> None:
    await room["alice"].say("dev", f"Theseus, please {WANTED}")
    run = await room.wait_until(lambda run: run.waiting is Waiting.AGREEMENT)
    assert (run.goal, run.trigger.text) == ("change", f"Theseus, please {WANTED}")
    assert (run.trigger.subject, run.trigger.is_verbatim) == (WANTED, True)
    assert run.thread_id is not None


@pytest.mark.parametrize("command", ["change", "fix"])
async def test_a_command_begins_it_and_says_where(room: DevChannel, command: str) -> None:
    told = await room["dora"].run("dev", command, what=WANTED)
    assert "On it: <#" in await room.wait_for_answer("dora", told, "dev")
    assert await goals(room) == [("change", "dora", WANTED)]


async def test_of_a_message_the_words_are_data_and_who_presses_asks(room: DevChannel) -> None:
    message = await room["mallory"].say("dev", f"@Theseus maybe {WANTED}? bot/app/bot.py is old")
    told = await room["bob"].use_menu("dev", "Make this happen", message)
    assert "On it: <#" in await room.wait_for_answer("bob", told, "dev")
    [run] = await room.list_runs()
    assert (run.trigger.person.name, run.trigger.is_verbatim) == ("bob", False)


@pytest.mark.parametrize("said", [" ", "lol", "👍👍", "/roll", "ship it"])
async def test_of_what_says_nothing_to_change_nothing_begins(room: DevChannel, said: str) -> None:
    told = await room["bob"].run("dev", "change", what=said)
    assert "Tell me what to change" in await room.wait_for_answer("bob", told, "dev")
    assert await room.list_runs() == ()


async def test_elsewhere_people_are_sent_to_the_dev_channel(room: DevChannel) -> None:
    told = await room["bob"].run("general", "change", what=WANTED)
    assert "where everyone can see" in await room.wait_for_answer("bob", told, "general")
    assert await room.list_runs() == ()


async def test_who_asks_for_the_same_joins_the_run_that_makes_it(room: DevChannel) -> None:
    await room["alice"].say("dev", WANTED)
    run = await room.wait_until(lambda run: run.thread_id is not None)
    words = f"<@{room.local.bot_user_id}> can we have a coinflip command?"
    told = await get_reply_text(room, await room["bob"].say("dev", words))
    assert (
        told
        == f"bob, I am already working on that in <#{run.thread_id}>, because alice asked for it."
    )
    other = await room["bob"].run("dev", "change", what="add dark mode")
    assert "On it" in await room.wait_for_answer("bob", other, "dev")
    assert len(await room.list_runs()) == 2


async def test_who_is_not_listed_begins_nothing_and_has_a_wish_that_others_can_begin(
    room: DevChannel,
) -> None:
    told = await room["mallory"].run("dev", "change", what=WANTED)
    kept = await room.wait_for_answer("mallory", told, "dev")
    assert "people on my list decide" in kept.lower()
    assert "need a model" not in kept
    assert await room.list_runs() == ()
    for who in ("mallory", "bob"):
        shown = await room[who].run("dev", "capabilities")
        assert "1 person: “add a /coinflip" in await room.wait_for_answer(who, shown, "dev")
    offer = await room["bob"].wait_for("dev", lambda m: any("Start" in x for x in list_labels(m)))
    button = get_custom_id(offer, list_labels(offer)[0])
    begun = await room["bob"].press("dev", button, offer)
    assert "On it: <#" in await room.wait_for_answer("bob", begun, "dev")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert (run.trigger.person.name, run.trigger.text) == ("bob", WANTED)
    [state] = await room.agent.changes.list_feature_requests()
    assert state.run is not None
    assert (state.run.id, state.open) == (run.id, False)
    again = await room["bob"].press("dev", button, offer)
    assert "I am already working on that in" in await room.wait_for_answer("bob", again, "dev")


async def test_a_wish_that_is_shipped_is_shown_no_more(room: DevChannel) -> None:
    await room.wait_for_answer(
        "mallory", await room["mallory"].run("dev", "change", what=WANTED), "dev"
    )
    await room["alice"].say("dev", WANTED)
    run = await room.wait_until(lambda run: run.waiting is Waiting.AGREEMENT)
    await room.agent.cancel(run.id, run.trigger.person)
    [state] = await room.agent.changes.list_feature_requests()
    assert state.open
    done = await room.world.store.get(run.id)
    await room.world.store.save(done.replace(status=Status.DONE))
    assert await room.agent.changes.list_feature_requests() == ()
    await room.wait_for_answer(
        "mallory", await room["mallory"].run("dev", "change", what=WANTED), "dev"
    )
    [state] = await room.agent.changes.list_feature_requests()
    assert (state.feature_request.votes, state.run) == (1, None)
