"""“Not what I meant”: its author stops a run, says what the words mean, and is understood then."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.correction import Correction
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.domain.run import Run, Status
from bot.intake.corrections import Corrections
from bot.ports.chat_model import ChatModel
from bot.presentation.meanings import OTHER_LABEL
from tests.fakes.fake_chat_model import FakeChatModel, ScriptedAction
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)

REPORT = "rolling dice keeps crashing, fix it"
CHANGE = "Something new or different"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


async def start_work(room: DevChannel) -> tuple[Run, Message]:
    """Have alice start a run, which does not end by itself; return it and its card."""
    room.world.engine.hold()
    await room["alice"].say("dev", REPORT)
    run = await room.wait_until(lambda run: run.status is Status.RUNNING)
    card = await room["alice"].wait_for(str(run.thread_id), lambda m: OTHER_LABEL in list_labels(m))
    return run, card


async def press(room: DevChannel, who: str, shown: Message, label: str) -> Message:
    """Press a button; return the private answer."""
    channel = shown["channel_id"]
    told = await room[who].press(channel, get_custom_id(shown, label), shown)
    await room.wait_for_answer(who, told, channel)
    wanted = told["message"]["id"]
    return next(m for m in await room[who].list_messages(channel) if m["id"] == wanted)


async def list_corrections(room: DevChannel) -> list[tuple[str, str, str]]:
    stored = await room.world.key_values.list_records("correction:", Correction)
    return [(each.sentence, each.reading, each.meaning) for each in stored]


async def find_run(room: DevChannel, run: Run) -> Run:
    return await room.world.store.get(run.id)


async def test_its_author_stops_a_run_and_says_what_the_words_mean(room: DevChannel) -> None:
    run, card = await start_work(room)
    for other in ("bob", "mallory"):
        refusal = await press(room, other, card, OTHER_LABEL)
        assert "Only the person" in refusal["content"] or "Sorry" in refusal["content"]
    assert not (await find_run(room, run)).has_ended
    question = await press(room, "alice", card, OTHER_LABEL)
    assert question["content"] == "I stopped it. What do you mean?"
    assert list_labels(question) == ["Something is broken", CHANGE, "A question", "Nothing"]
    ended = await find_run(room, run)
    assert (ended.status, ended.reason) == (
        Status.CANCELLED, "Cancelled by alice: it is not what they meant.",
    )  # fmt: skip
    assert await list_corrections(room) == []  # nothing is remembered before they say what
    told = await press(room, "alice", question, "Something is broken")
    assert "I go on with that" in told["content"]
    second = await room.wait_until(lambda now: now.id != run.id)
    assert (second.goal, second.trigger.text) == ("investigate", REPORT)
    assert await list_corrections(room) == [(REPORT, "fix", "investigate")]


async def test_a_corrected_sentence_is_obeyed_and_a_similar_one_asked_back(
    room: DevChannel,
) -> None:
    run, card = await start_work(room)
    question = await press(room, "alice", card, OTHER_LABEL)
    assert "I do nothing" in (await press(room, "alice", question, "Nothing"))["content"]
    mention = f"<@{room.local.bot_user_id}> "
    again = await room["alice"].say("dev", mention + REPORT)
    answer = await room.wait_for_reply("alice", again)
    assert not list_labels(answer)  # talk, not a run
    similar = await room["alice"].say("dev", f"{mention}rolling dice keeps crashing, please fix it")
    asked = await room.wait_for_reply("alice", similar)
    assert asked["content"].startswith("What do you mean?")
    assert [each.id for each in await room.list_runs()] == [run.id]


async def test_a_question_back_can_be_answered_with_another_kind(room: DevChannel) -> None:
    said = await room["alice"].say("dev", "it's broken again")
    asked = await room.wait_for_reply("alice", said)
    assert list_labels(asked) == ["/roll: IndexError", "Not now", OTHER_LABEL]
    assert "Only the person" in (await press(room, "bob", asked, OTHER_LABEL))["content"]
    kinds = await press(room, "alice", asked, OTHER_LABEL)
    await press(room, "alice", kinds, CHANGE)
    answer = await room["alice"].wait_for("dev", lambda m: "Tell me what to" in m["content"])
    assert answer["message_reference"]["message_id"] == said["id"]
    assert await list_corrections(room) == [("it's broken again", "investigate", "change")]
    assert await room.list_runs() == ()


async def test_an_exact_decision_offers_no_other_meaning_and_ignores_what_is_stored(
    room: DevChannel,
) -> None:
    run, thread, card = await room.request_proposal()
    corrections = room.services.get(Corrections)
    await corrections.remember("ship it", run.trigger.person, Intent.SHIP, "nothing")
    await room["alice"].say(thread, "ship it", reply_to=card)
    await room.wait_until(lambda now: now.status is Status.DONE)


async def test_a_chat_model_starts_no_work_for_a_sentence_that_asks_for_none(
    room: DevChannel,
) -> None:
    eager = FakeChatModel([ScriptedAction(tools=(("fix", "rolling dice"),))])
    room.services.add(eager, ChatModel)
    author = Person(id=room.local.people["alice"], name="alice")
    await room.services.get(Corrections).remember(REPORT, author, Intent.FIX, "nothing")
    said = await room["alice"].say("dev", f"<@{room.local.bot_user_id}> {REPORT}")
    assert (await room.wait_for_reply("alice", said))["content"].startswith("Hello")
    assert [each.partition(".")[0] for each in eager.results] == [
        "fix: They said earlier that this sentence asks for no work"
    ]
    assert await room.list_runs() == ()
