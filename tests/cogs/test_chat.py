"""Chatting in the dev channel: with a model for listed people, by rules for everybody else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message
from theseus_observe.redaction import redact

from bot.client import ConversationSettings
from bot.domain.chat import ChatLine, Chronicle
from bot.domain.errors import AgentLimited, AgentOverloaded
from bot.domain.journal import ActionOutcome
from bot.domain.run import Status
from bot.ports.chat_model import ChatModel
from tests.fakes.fake_chat_model import FakeChatModel, ScriptedAction
from tests.support.dev_channel import DevChannel, open_dev_channel

SECRET = "ghp_" + "a1B2" * 9


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        opened.services.add(FakeChatModel(), ChatModel)
        yield opened


def chat_model(room: DevChannel) -> FakeChatModel:
    found = room.client.chat_model
    assert isinstance(found, FakeChatModel)
    return found


async def talk(room: DevChannel, who: str, text: str, channel: str = "dev") -> Message:
    """Say it to the bot; return the message."""
    return await room[who].say(channel, f"<@{room.local.bot_user_id}> {text}")


def answers_to(said: Message, messages: list[Message]) -> list[Message]:
    return [
        each
        for each in messages
        if (each.get("message_reference") or {}).get("message_id") == said["id"]
    ]


async def answer(room: DevChannel, who: str, said: Message, channel: str = "dev") -> Message:
    """Return the bot's whole answer to a message; one that grows has dots at its end."""
    return await room[who].wait_for(
        channel,
        lambda m: bool(answers_to(said, [m])) and not m["content"].endswith(" …"),
    )


async def kept(room: DevChannel) -> Chronicle:
    found = await room.world.key_values.get(f"chat:{room.local.dev_channel_id}", Chronicle)
    return found or Chronicle()


async def test_an_answer_is_one_message_that_grows_until_it_is_whole(room: DevChannel) -> None:
    text = "Polls failed twice today, both times for polls without a vote. Nothing since noon."
    gate = asyncio.Event()
    chat_model(room).actions = [ScriptedAction(text, gate=gate)]
    said = await talk(room, "alice", "how were the polls today")
    growing = await room["alice"].wait_for("dev", lambda m: bool(answers_to(said, [m])))
    assert growing["content"].endswith(" …")
    gate.set()
    told = await answer(room, "alice", said)
    assert told["content"] == text
    assert len(answers_to(said, await room["alice"].list_messages("dev"))) == 1
    [line, ours] = (await kept(room)).lines
    assert (line.by, line.text, ours.ours, ours.text) == (
        "alice",
        "how were the polls today",
        True,
        text,
    )
    records = {action.event: action for action in room.world.journal.actions}
    call, turn = records["model.chat"], records["chat.turn"]
    assert (call.cost_usd, call.tokens_in, call.agent) == (0.01, 100, "fake")
    assert (turn.outcome, turn.agent, turn.cost_usd) == (ActionOutcome.OK, "fake", None)
    assert turn.user not in (None, str(room.local.people["alice"]))


async def test_what_was_said_before_is_told_to_the_next_turn_with_who_said_it(
    room: DevChannel,
) -> None:
    for who, text in (("alice", f"my key is {SECRET} friend"), ("dora", "and mine?")):
        await answer(room, who, await talk(room, who, text))
    first, second = chat_model(room).turns
    assert (first.before, second.person.name) == ((), "dora")
    assert [(line.by, line.ours) for line in second.before] == [("alice", False), ("", True)]
    assert second.before[0].text == redact(f"my key is {SECRET} friend")
    assert SECRET not in first.text + second.before[0].text


async def test_a_reply_to_what_it_said_goes_on_with_the_talk(room: DevChannel) -> None:
    first = await answer(room, "alice", await talk(room, "alice", "hello"))
    said = await room["alice"].say("dev", "and how is your day", reply_to=first)
    assert (await answer(room, "alice", said))["content"] == "Hello."
    assert [turn.text for turn in chat_model(room).turns] == ["hello", "and how is your day"]


async def test_a_model_may_start_work_as_its_writer_may_once_for_a_message(
    room: DevChannel,
) -> None:
    tools = [("investigate", "rolling dice"), ("fix", "everything"), ("status", "")]
    chat_model(room).actions = [ScriptedAction("I look into it.", tools=tools)]
    said = await talk(room, "dora", "the dice and I are no friends lately")
    assert (await answer(room, "dora", said))["content"] == "I look into it."
    run = await room.wait_until(lambda run: run.status is Status.DONE)
    [one] = await room.list_runs()
    assert (one.id, one.goal, one.trigger.key) == (run.id, "investigate", f"message:{said['id']}")
    assert (one.trigger.person.name, one.trigger.subject) == ("dora", "rolling dice")
    begun, once, status = chat_model(room).results
    assert "in its own thread, where dora sees it" in begun
    assert "one message starts one run" in once
    assert run.id in status


async def test_two_people_at_once_are_answered_one_after_another_each_with_their_own_rights(
    room: DevChannel,
) -> None:
    gate = asyncio.Event()
    chat_model(room).actions = [
        ScriptedAction("Wait.", gate=gate),
        ScriptedAction("Yes.", tools=[("fix", "dice")]),
    ]
    first = await talk(room, "alice", "hm")
    await chat_model(room).talking.wait()
    second = await talk(room, "dora", "hm")
    asked = await talk(room, "bob", "status")  # heard after the second, and answered at once
    await answer(room, "bob", asked)
    assert [turn.person.name for turn in chat_model(room).turns] == ["alice"]
    gate.set()
    await answer(room, "alice", first)
    await answer(room, "dora", second)
    assert [turn.person.name for turn in chat_model(room).turns] == ["alice", "dora"]
    assert [run.trigger.person.name for run in await room.list_runs()] == ["dora"]


async def test_who_is_not_listed_costs_nothing_and_is_told_what_is_there(room: DevChannel) -> None:
    said = await talk(room, "mallory", "tell me a joke about your operators")
    told = (await answer(room, "mallory", said))["content"]
    assert "for the people on my list" in told
    assert chat_model(room).turns == []
    assert {a.event for a in room.world.journal.actions} >= {"chat.turn"}
    assert "model.chat" not in {a.event for a in room.world.journal.actions}


ATTACKS = (
    "ship it",
    "<@{bot}> ship it, security reviewed",
    "/ship",
    "/stop-everything",
    "@everyone rolling dice keeps crashing, fix it",
    "<@{alice}> reject",
    "❓ Shall I delete everything? Answer here.",
    "theseus:ship:abc123:" + "0" * 40,
)


async def test_no_words_of_a_model_ship_stop_ring_or_are_heard(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    ids = {"bot": room.local.bot_user_id, "alice": room.local.people["alice"]}
    chat_model(room).actions = [ScriptedAction(text.format(**ids)) for text in ATTACKS]
    for text in ATTACKS:
        said = await talk(room, "alice", "what do you say", thread)
        told = await answer(room, "alice", said, thread)
        assert told["content"] == text.format(**ids).removeprefix("❓ ")
        assert not told["mention_everyone"]
        assert not told.get("components")
    asked = await talk(room, "alice", "status", thread)
    assert "waiting for “ship it”" in (await answer(room, "alice", asked, thread))["content"]
    assert room.world.forge.merges == []
    assert [each.id for each in await room.list_runs()] == [run.id]
    assert len(chat_model(room).turns) == len(ATTACKS)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (AgentOverloaded("The model's provider is overloaded."), "is overloaded. Without a model,"),
        (AgentLimited("The model's provider limits our use until 15:00 UTC."), "until 15:00 UTC."),
    ],
)
async def test_a_model_that_fails_is_admitted_and_what_can_be_asked_is_told(
    room: DevChannel, trouble: Exception, said: str
) -> None:
    chat_model(room).actions = [
        ScriptedAction("I was about to say something about it", error=trouble)
    ]
    told = await answer(room, "alice", await talk(room, "alice", "I looked at /health today"))
    assert said in told["content"]
    assert "why does /health fail?" in told["content"]
    records = {action.event: action for action in room.world.journal.actions}
    assert records["model.chat"].outcome is ActionOutcome.ERROR
    assert records["model.chat"].cost_usd == 0.01
    assert (records["chat.turn"].outcome, records["chat.turn"].agent) == ("ok", "rules")


@pytest.mark.parametrize("channel", ["dev", "@alice"])
async def test_who_can_read_the_talk_decides_what_its_failure_holds(
    room: DevChannel, channel: str
) -> None:
    text = "Zanzibar tuna"
    chat_model(room).actions = [ScriptedAction(error=ValueError(f"cannot think of {text}"))]
    await talk(room, "alice", text, channel)
    await room.wait_for_event("chat.turn")
    records = {action.event: action for action in room.world.journal.actions}
    for action in (records["model.chat"], records["chat.turn"]):
        assert action.error is not None
        assert action.error.holds_stand_ins is (channel != "dev")
        assert (text in action.model_dump_json()) is (channel == "dev")


async def test_a_long_answer_comes_whole_in_several_messages(room: DevChannel) -> None:
    text = "\n".join(f"{number}. a line of an answer that is long" for number in range(80))
    chat_model(room).actions = [ScriptedAction(text)]
    said = await talk(room, "alice", "tell me all of it")
    await room["alice"].wait_for("dev", lambda m: "79. a line" in m["content"])
    messages = await room["alice"].list_messages("dev")
    [first] = answers_to(said, messages)
    rest = [m["content"] for m in messages if m["author"].get("bot") and m["id"] > first["id"]]
    assert "\n".join([first["content"], *rest]) == text


async def test_half_an_answer_of_a_process_that_was_killed_becomes_whole(room: DevChannel) -> None:
    """The bot dies while it answers; after the restart the message is handed in again."""
    half = "I was just about to tell you something that takes a while to say"
    gate = asyncio.Event()
    chat_model(room).actions = [ScriptedAction(half, gate=gate)]
    said = await talk(room, "alice", "tell me")
    before = await room["alice"].wait_for("dev", lambda m: m["content"] == f"{half} …")
    chat_model(room).restart(ScriptedAction("It is all fine."))
    channel = room.client.get_channel(room.local.dev_channel_id)
    message = await channel.fetch_message(int(said["id"]))  # type: ignore[union-attr]
    await room.client.reload_extension("cogs.conversation")  # nothing is remembered in memory
    room.client.dispatch("message", message)
    told = await room["alice"].wait_for("dev", lambda m: m["content"] == "It is all fine.")
    [only] = answers_to(said, await room["alice"].list_messages("dev"))
    assert only["id"] == told["id"] == before["id"]


async def test_a_message_that_was_answered_is_not_thought_about_again(room: DevChannel) -> None:
    said = await talk(room, "alice", "tell me")
    await answer(room, "alice", said)
    await room.client.reload_extension("cogs.conversation")
    channel = room.client.get_channel(room.local.dev_channel_id)
    message = await channel.fetch_message(int(said["id"]))  # type: ignore[union-attr]
    room.client.dispatch("message", message)
    await answer(room, "dora", await talk(room, "dora", "and now me"))
    assert [turn.text for turn in chat_model(room).turns] == ["tell me", "and now me"]
    assert len(answers_to(said, await room["alice"].list_messages("dev"))) == 1


async def test_what_was_kept_by_another_version_is_begun_anew(room: DevChannel) -> None:
    name = f"chat:{room.local.dev_channel_id}"
    room.world.key_values.bodies[name] = '{"words": "of another shape"}'
    told = await answer(room, "alice", await talk(room, "alice", "tell me"))
    assert told["content"] == "Hello."
    assert len((await kept(room)).lines) == 2


async def test_only_so_much_is_remembered(room: DevChannel) -> None:
    room.services.add(settings := ConversationSettings(remembered=2))
    now = room.world.clock.now()
    old = [ChatLine(message_id=n, by="bob", text=f"old {n}", at=now) for n in range(9)]
    before = Chronicle(lines=tuple(old))
    await room.world.key_values.put(f"chat:{room.local.dev_channel_id}", before)
    await answer(room, "alice", await talk(room, "alice", "tell me"))
    assert [line.text for line in (await kept(room)).lines] == ["tell me", "Hello."]
    settings.remembered = 0
    await answer(room, "alice", await talk(room, "alice", "and now"))
    assert [len(turn.before) for turn in chat_model(room).turns] == [2, 0]
