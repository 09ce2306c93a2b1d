"""A question with buttons in a run's thread: a press or a plain yes answers it, once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.journal import Capsule
from bot.domain.run import Run, Stage
from bot.ports.agent import QuestionAsked
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import FIX, AgentHarness, make_capsule, make_failure
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)

LIMITED = Capsule(
    exception="aiohttp.client_exceptions.ClientResponseError",
    message="429, message='Too Many Requests', url='https://quotes.example/random'",
    fingerprint="limited",
    frames=make_capsule().frames,
    libraries=("aiohttp.client",),
    status=429,
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        opened.world.journal.actions = [make_failure(opened.world.clock, LIMITED)]
        yield opened


async def asked(room: DevChannel) -> tuple[Run, str, Message]:
    """Complain about what is another service's fault; return the run, its thread, the question."""
    await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
    run = await room.wait_until(lambda run: run.is_parked)
    thread = str(run.thread_id)
    question = await room["alice"].wait_for(thread, lambda m: m["content"].startswith("❓"))
    return run, thread, question


async def pressed(room: DevChannel, who: str, question: Message, label: str) -> str:
    """Press a button of the question; return the private answer."""
    told = await room[who].press(question["channel_id"], get_custom_id(question, label), question)
    return await room.wait_for_answer(who, told, question["channel_id"])


async def test_a_press_answers_for_who_may_and_only_once(room: DevChannel) -> None:
    _, _, question = await asked(room)
    assert list_labels(question) == ["Change our side", "Leave it", "Later", "Ignore"]
    assert (await pressed(room, "mallory", question, "Leave it")).startswith("Sorry mallory")
    assert await room.list_refused() == [("mallory", "answer")]
    told = await pressed(room, "dora", question, "Change our side")
    assert told == "Your answer: Change our side"
    await room.wait_until(lambda run: run.stage is not Stage.DIAGNOSE)
    assert await pressed(room, "alice", question, "Leave it") == (
        "This question is no longer open."
    )


@pytest.mark.parametrize(
    ("said", "stage"), [("yes, fix it", Stage.PLAN), ("no, leave it", Stage.DIAGNOSE)]
)
async def test_a_plain_yes_or_no_in_the_thread_answers(
    room: DevChannel, said: str, stage: Stage
) -> None:
    _, thread, _ = await asked(room)
    await room["dora"].say(thread, said)
    run = await room.wait_until(lambda run: run.has_ended or run.stage is not Stage.DIAGNOSE)
    assert (run.stage is Stage.DIAGNOSE) is (stage is Stage.DIAGNOSE)


async def test_other_words_are_asked_back_and_decide_nothing(room: DevChannel) -> None:
    _, thread, question = await asked(room)
    said = await room["dora"].say(thread, "hm, what would that look like for people?")
    told = await room.wait_for_reply("dora", said)
    assert "“Change our side” or “Leave it”" in told["content"]
    assert (await room.list_runs())[0].is_parked
    assert (await pressed(room, "dora", question, "Leave it")).endswith("Leave it")
    await room.wait_until(lambda run: run.has_ended)


async def test_cancel_still_ends_the_run(room: DevChannel) -> None:
    _, thread, _ = await asked(room)
    await room["dora"].say(thread, "cancel")
    run = await room.wait_until(lambda run: run.has_ended)
    assert run.reason == "Cancelled by dora."


WHICH = QuestionAsked(
    text="What should `face(9)` answer: 'a' or 'i', or neither?",
    default="'a', the result of the likeliest edit",
    choices=("'a'", "'i'", "neither"),
    memo="the engine's own",
)


def undecided(folder: Path) -> AgentHarness:
    """Return a world whose engine asks which answer is right, then fixes."""
    world = AgentHarness(folder)
    world.engine = FakeAgent([WHICH, FIX])
    return world


@pytest.mark.parametrize("said", ["", "the second", "i is right"])
async def test_a_choice_is_taken_by_a_press_or_in_words_and_nothing_else_is(
    tmp_path: Path, said: str
) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, make_harness=undecided) as room:
        _, thread, question = await asked(room)
        assert list_labels(question) == ["'a'", "'i'", "neither", "Later", "Ignore"]
        other = await room["dora"].say(thread, "hm, either a or i")
        told = await room.wait_for_reply("dora", other)
        assert "“'a'” or “'i'” or “neither”" in told["content"]
        if said:
            await room["dora"].say(thread, said)
        else:
            assert (await pressed(room, "mallory", question, "'i'")).startswith("Sorry mallory")
            assert await pressed(room, "dora", question, "'i'") == "Your answer: 'i'"
        await room.wait_until(lambda run: run.stage is Stage.SHIP)
        decided = room.world.engine.asked[-1]
        assert decided.answer is not None
        assert decided.answer.text == "'i'"
        assert decided.answer.person is not None
        assert decided.answer.person.name == "dora"
        assert decided.question is not None
        assert decided.question.memo == "the engine's own"
        assert await pressed(room, "alice", question, "'a'") == ("This question is no longer open.")
