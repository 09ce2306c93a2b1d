"""Talking to a run: answering its questions, asking more of its change, reading its plan."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message
from rehearsal_tests.fake_rehearsal import make_transcript
from theseus_rehearsal.records import Script, Transcript

from bot.domain.posts import Post
from bot.domain.run import Run, Status
from bot.grammar import Setting, parse
from bot.intake.attention import is_answer
from bot.ports.agent import QuestionAsked
from tests.fakes.fake_planner import FakePlanner
from tests.support.agent_harness import FIX, FIXED
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)

ASKS = QuestionAsked(text="Should a face of 0 be refused?", default="Yes, refuse it.")
BETTER = {"cogs/dice.py": FIXED.replace("letter", "name")}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        opened.world.engine.rounds = (FIX, BETTER)
        yield opened


async def asked(room: DevChannel) -> tuple[Run, str, Message]:
    """Have a run ask something; return it, its thread and the question."""
    room.world.engine.rounds = ([ASKS, FIX], BETTER)
    await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
    run = await room.wait_until(lambda run: run.is_parked)
    thread = str(run.thread_id)
    question = await room["alice"].wait_for(thread, lambda m: m["content"].startswith("❓"))
    return run, thread, question


async def _answered(room: DevChannel, who: str, said: Message) -> str:
    return str((await room.wait_for_reply(who, said))["content"])


def _proposed(run: Run) -> bool:
    return run.status is Status.WAITING and run.stage == "ship"


async def test_a_question_rings_the_requester_and_words_in_the_thread_answer_it(
    room: DevChannel,
) -> None:
    _, thread, question = await asked(room)
    assert f"<@{room.local.people['alice']}>" in question["content"]
    await room["dora"].say(thread, "no, return an empty letter")
    await room["dora"].wait_for(thread, lambda m: "the answer of **dora**" in m["content"])
    await room.wait_until(_proposed)
    answer = room.world.engine.asked[1].answer
    assert answer is not None
    assert answer.text == "no, return an empty letter"
    await room["bob"].say(thread, "yes", reply_to=question)
    mention = await room["bob"].say(thread, f"<@{room.local.bot_user_id}> status")
    assert "waiting for “ship it”" in await _answered(room, "bob", mention)
    assert len(room.world.engine.asked) == 2


async def test_a_reply_to_the_question_answers_it_whatever_it_sounds_like(
    room: DevChannel,
) -> None:
    _, thread, question = await asked(room)
    await room["bob"].say(thread, "reject it", reply_to=question)
    await room.wait_until(_proposed)
    answer = room.world.engine.asked[1].answer
    assert answer is not None
    assert (answer.text, answer.person and answer.person.name) == ("reject it", "bob")


async def test_a_reply_to_what_only_looks_like_the_question_does_not_answer_it(
    room: DevChannel,
) -> None:
    run, thread, question = await asked(room)
    chat = room.client.chat
    copied = await chat.post(int(thread), Post(text=question["content"]), key="looks like it")
    shown = await room["bob"].wait_for(thread, lambda m: m["id"] == str(copied.message_id))
    await room["bob"].say(thread, "reject it", reply_to=shown)
    said = await room["bob"].wait_for(thread, lambda m: "has no open proposal" in m["content"])
    assert run.id in said["content"]
    assert (await room.list_runs())[0].is_parked


async def test_who_is_not_listed_answers_nothing_and_is_told_so(room: DevChannel) -> None:
    _, thread, question = await asked(room)
    said = await room["mallory"].say(thread, "delete everything", reply_to=question)
    answer = await _answered(room, "mallory", said)
    assert answer.startswith("Sorry mallory, you are not on the list of people who may answer my")
    assert await room.list_refused() == [("mallory", "answer")]
    assert (await room.list_runs())[0].is_parked


async def test_cancel_said_while_it_asks_ends_the_run(room: DevChannel) -> None:
    _, thread, question = await asked(room)
    await room["dora"].say(thread, "cancel", reply_to=question)
    run = await room.wait_until(lambda run: run.has_ended)
    assert run.reason == "Cancelled by dora."


async def test_more_asked_while_it_asks_is_no_answer(room: DevChannel) -> None:
    _, thread, _ = await asked(room)
    await room["dora"].say(thread, "also handle 0d6")
    told = await room["dora"].wait_for(thread, lambda m: m["content"].startswith("✏️"))
    assert "I use it in the next round." in told["content"]
    assert (await room.list_runs())[0].is_parked


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("yes", True),
        ("it should return nothing", True),
        ("use 1 instead", True),
        ("whatever you think", True),
        ("ok, continue", True),
        ("looks good", True),
        ("abort this please", False),
        ("no, drop it", False),
        ("it fails when empty, so refuse it", True),
        ("also handle 0d6", False),
        ("/poll is broken, fix it", False),
        ("why does /poll fail?", False),
        ("cancel", False),
        ("status", False),
        ("reject", False),
    ],
)
def test_words_in_the_thread_answer_unless_they_are_something_else(
    text: str, answers: bool
) -> None:
    heard = parse(text, Setting(in_thread=True, dev_channel=True, listed=True))
    assert is_answer(text, heard, replies=False) is answers


async def test_also_handle_x_revises_in_the_thread_and_as_a_reply(room: DevChannel) -> None:
    _, thread, card = await room.request_proposal()
    await room["dora"].say(thread, "also handle 0d6", reply_to=card)
    told = await room["dora"].wait_for(thread, lambda m: m["content"].startswith("✏️"))
    assert told["content"].startswith("✏️ **dora** asked: “")
    assert "0d6" in told["content"]
    new = await room["dora"].wait_for(
        thread, lambda m: "Ship it" in list_labels(m) and m["id"] != card["id"]
    )
    [embed] = new["embeds"]
    assert "Revised: dora asked “" in embed["description"]
    await room["alice"].press(thread, get_custom_id(card, "Ship it"), card)
    assert room.world.forge.merges == []
    await room["alice"].press(thread, get_custom_id(new, "Ship it"), new)
    await room.wait_until(lambda run: run.status is Status.DONE)


async def test_the_form_to_revise_begins_a_revision(room: DevChannel) -> None:
    run, thread, card = await room.request_proposal()
    told = await room["dora"].press(thread, get_custom_id(card, "Revise"), card)
    [field] = told["modal"]["fields"]
    form = {field["custom_id"]: "handle 0d6 as well"}
    sent = await room["dora"].submit(thread, told["modal"]["custom_id"], form)
    assert await room.wait_for_answer("dora", sent, thread) == f"Noted. On it: <#{thread}>"
    await room.wait_until(lambda now: _proposed(now) and now.round == 2)
    assert room.world.engine.asked[1].steering == ("handle 0d6 as well",)
    shown = await room["dora"].run("dev", "runs show", run=run.id)
    assert "- dora: handle 0d6 as well" in await room.wait_for_answer("dora", shown, "dev")


async def test_a_proposal_can_be_tried_by_whoever_may_ask_and_nobody_else_sees_it(
    room: DevChannel,
) -> None:
    room.world.rehearsal.answers = _tried
    _, thread, card = await room.request_proposal()
    told = await room["dora"].press(thread, get_custom_id(card, "Try it"), card)
    [field] = told["modal"]["fields"]
    sent = await room["dora"].submit(
        thread, told["modal"]["custom_id"], {field["custom_id"]: "/roll dice:1d6"}
    )
    text = await room.wait_for_answer("dora", sent, thread)
    assert [line for line in text.splitlines() if line.startswith("> ")] == [
        "> dev: it fails",
        "> dev: it rolls",
    ]
    seen = await room["alice"].list_messages(thread)
    assert not any("it rolls" in message["content"] for message in seen)


def _tried(tree: Path, script: Script) -> Transcript:
    fixed = (tree / "cogs/dice.py").read_text("utf-8") == FIXED
    return make_transcript(script, "it rolls" if fixed else "it fails")


async def test_ship_it_while_it_revises_is_answered_in_words(room: DevChannel) -> None:
    _, thread, card = await room.request_proposal()
    room.world.engine.hold()
    await room["dora"].say(thread, "also handle 0d6")
    await room.wait_until(lambda run: run.stage == "execute" and run.status is Status.RUNNING)
    said = await room["alice"].say(thread, "ship it", reply_to=card)
    assert "I am revising #1 now" in await _answered(room, "alice", said)
    room.world.engine.release()
    await room.wait_until(lambda now: _proposed(now) and now.round == 2)
    assert room.world.forge.merges == []


async def test_a_long_plan_comes_as_a_file_with_its_start(tmp_path: Path) -> None:
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, planner=FakePlanner(solution="Count from zero. " * 200)
    ) as room:
        _, thread, card = await room.request_proposal()
        told = await room["dora"].press(thread, get_custom_id(card, "Show plan"), card)
        text = await room.wait_for_answer("dora", told, thread)
        assert text.startswith("**Problem**")
        assert text.endswith("…")
        [message] = [m for m in await room["dora"].list_messages(thread) if m["content"] == text]
        assert [file["filename"] for file in message["attachments"]] == [
            f"plan-{(await room.list_runs())[0].id}.md"
        ]


async def test_words_in_the_thread_of_a_fix_at_work_steer_it_and_praise_and_talk_do_not(
    room: DevChannel,
) -> None:
    room.world.engine.hold()
    await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
    run = await room.wait_until(lambda run: run.status is Status.RUNNING and run.stage == "execute")
    thread = str(run.thread_id)
    for text in ("great work so far!", "hm, interesting", "I had lunch"):
        await room["dora"].say(thread, text)
    await room["mallory"].say(thread, "also delete the tests")
    await room["dora"].say(thread, "also handle 0d6")
    await room["dora"].say(thread, "return None when it is empty")  # half a complaint: about this
    await room["dora"].wait_for(thread, lambda m: "None when it is empty” I pass" in m["content"])
    room.world.engine.release()
    await room.wait_until(_proposed)
    assert room.world.engine.news == ["handle 0d6", "return None when it is empty"]
    assert await room.list_refused() == [("mallory", "revise")]
    assert len(await room.list_runs()) == 1
    assert len(room.world.engine.asked) == 1


async def test_an_archived_thread_hears_people_all_the_same(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    said = await room["alice"].say(thread, "reject")
    await room.wait_until(lambda now: now.status is Status.REJECTED)
    # its last word would open the thread again
    await room["alice"].wait_for(
        thread, lambda m: bool(m["author"].get("bot")) and int(m["id"]) > int(said["id"])
    )
    await room.client.chat.archive_thread(int(thread))
    [shown] = await room["alice"].list_threads("dev")
    assert shown["archived"]
    said = await room["alice"].say(thread, "status")
    assert f"`{run.id}`" in await _answered(room, "alice", said)
    [shown] = await room["alice"].list_threads("dev")
    assert not shown["archived"]
