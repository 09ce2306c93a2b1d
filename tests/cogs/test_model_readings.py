"""A chat model reads messages to the bot first, and can start no more than their authors may."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import AgentUnavailable, BudgetSpent
from bot.domain.intents import Intent
from bot.domain.message_kinds import MessageReading
from bot.domain.people import Person
from bot.domain.run import Status
from bot.intake import Intake
from bot.intake.corrections import Corrections
from bot.intake.model_readings import ModelReadings
from bot.ports.chat_model import ChatModel
from bot.ports.message_interpreter import MessageInterpreter
from tests.fakes.fake_chat_model import FakeChatModel
from tests.fakes.fake_message_interpreter import FakeMessageInterpreter
from tests.support.dev_channel import RUN_COGS, DevChannel, list_labels, open_dev_channel

ODD = "kostki znowu nie działają"
FAILS = "rolling dice keeps crashing, fix it"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


def install(room: DevChannel, model: FakeMessageInterpreter) -> FakeMessageInterpreter:
    """Have the model read messages, and a chat model answer talk."""
    services = room.services
    services.add(FakeChatModel(), ChatModel)
    services.add(model, MessageInterpreter)
    services.build(ModelReadings, targets=services.get(Intake).targets)
    return model


async def ask(room: DevChannel, text: str, who: str = "alice") -> str:
    """Say it to the bot; return the answer, with the labels of its buttons."""
    said = await room[who].say("dev", f"<@{room.local.bot_user_id}> {text}")
    answer = await room.wait_for_reply(who, said)
    return " | ".join((answer["content"], *list_labels(answer)))


async def test_what_only_a_model_understands_starts_a_run_on_the_failure_that_it_names(
    room: DevChannel,
) -> None:
    room.world.engine.hold()
    model = install(
        room,
        FakeMessageInterpreter(MessageReading(kind="fix", failure="F1", subject="rolling dice")),
    )
    await room["alice"].say("dev", f"<@{room.local.bot_user_id}> {ODD}")
    run = await room.wait_until(lambda run: run.status is Status.RUNNING)
    assert (run.goal, run.trigger.text, run.trigger.subject) == ("fix", ODD, "rolling dice")
    assert run.trigger.match is not None
    (read,) = model.messages
    assert read.text == ODD
    assert "/roll" in read.failures[0].summary
    assert read.person_id == room.local.people["alice"]


async def test_a_failure_that_no_words_support_is_asked_back_with_its_button(
    room: DevChannel,
) -> None:
    install(room, FakeMessageInterpreter(MessageReading(kind="fix", failure="F1")))
    answer = await ask(room, ODD)
    assert answer.startswith("Do you mean `/roll`")
    assert "/roll: IndexError | Not now | Not what I meant" in answer
    assert await room.list_runs() == ()


async def test_a_reading_that_contradicts_what_others_are_sure_of_is_asked_back(
    room: DevChannel,
) -> None:
    hostile = "**Urgent** @everyone [here](https://evil.example), what now?"
    model = install(room, FakeMessageInterpreter(MessageReading(kind="talk")))
    assert (await ask(room, FAILS)).startswith("What do you mean?")
    model.answer = MessageReading(kind="unclear", question=hostile)
    answer = await ask(room, ODD)
    assert "What do you mean? I start nothing until you press a button." in answer
    assert "**Urgent**" not in answer
    assert "[here](" not in answer
    assert "@everyone" not in answer
    assert await room.list_runs() == ()


async def test_a_hostile_model_starts_nothing_for_people_who_may_not(room: DevChannel) -> None:
    eager = install(room, FakeMessageInterpreter(MessageReading(kind="fix", failure="F1")))
    await ask(room, ODD, "mallory")
    assert eager.messages == []
    assert await room.list_runs() == ()


async def test_decisions_and_what_resembles_them_reach_no_model(room: DevChannel) -> None:
    model = install(room, FakeMessageInterpreter(MessageReading(kind="fix", failure="F1")))
    for text in ("ship it", "shipp it now", "sounds good, merge that please"):
        await ask(room, text)
    await room["alice"].say("dev", "we should get the /roll thing going some day")  # to nobody
    assert model.messages == []


@pytest.mark.parametrize("trouble", ["slow", "down", "over budget"])
async def test_without_a_reading_grammar_and_table_decide(room: DevChannel, trouble: str) -> None:
    model = install(room, FakeMessageInterpreter())
    if trouble == "slow":
        model.is_silent, model.seconds = True, 0.02
    elif trouble == "down":
        model.answer = AgentUnavailable("It is overloaded.")
    else:
        model.answer = BudgetSpent("alice has spent it all.")
    room.world.engine.hold()
    # the table's answer, not the chat model's
    await room["alice"].say(
        "dev", f"<@{room.local.bot_user_id}> somebody please get the dice rolls going again"
    )
    run = await room.wait_until(lambda run: run.status is Status.RUNNING)
    assert run.goal == "fix"
    await ask(room, "the thing with the green stripes")
    assert len(model.messages) == (1 if trouble in ("slow", "down") else 2)  # nobody waits again


async def test_what_a_person_said_that_a_sentence_means_counts_more(room: DevChannel) -> None:
    model = install(room, FakeMessageInterpreter(MessageReading(kind="fix", failure="F1")))
    alice = Person(id=room.local.people["alice"], name="alice")
    await room.services.get(Corrections).remember(ODD, alice, Intent.FIX, "nothing")
    assert (await ask(room, ODD)).startswith("Hello")
    assert model.messages == []
    assert await room.list_runs() == ()
