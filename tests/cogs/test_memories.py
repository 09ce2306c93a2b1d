"""Remember, forget, search and export: in words and by command, for listed people only."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from local_discord.person import Message

from bot.domain.memory import Memory
from bot.grammar import Intent, Setting, parse
from bot.intake.kinds.note import extract_note
from cogs.conversation._decision_button import find_rejection_reason
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)

SECRET = "sk-ant-api03-" + "a1B2" * 20


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=(*RUN_COGS, "cogs.memory")) as opened:
        yield opened


def kept(room: DevChannel) -> dict[str, Memory]:
    return room.world.memory.stored


def is_answer(message_id: str) -> Callable[[Message], bool]:
    return lambda message: message["id"] == message_id and bool(message["content"])


async def told(room: DevChannel, who: str, text: str, reply_to: Message | None = None) -> Message:
    """Say something to the bot; return what it answers."""
    mention = f"<@{room.local.bot_user_id}>"
    return await room.wait_for_reply(
        who, await room[who].say("dev", f"{mention} {text}", reply_to=reply_to)
    )


async def test_what_is_said_is_noted_under_a_key_and_forgotten_by_word_of_it(
    room: DevChannel,
) -> None:
    noted = await told(room, "bob", f"remember that zebras use the key {SECRET} @everyone")
    (note,) = kept(room).values()
    assert (note.kind, note.by) == ("note", "bob")
    assert f"Noted as `{note.key}`" in noted["content"]
    assert "a1B2a1B2" not in note.text + noted["content"]
    assert "@everyone" not in noted["content"]
    await told(room, "bob", "remember that lions sleep at noon")
    await told(room, "bob", "remember that lions roar at dawn")
    which = (await told(room, "dora", "forget about the lions"))["content"]
    assert which.startswith("Which one?")
    assert len(kept(room)) == 3
    assert "nothing like that" in (await told(room, "dora", "forget the unicorns"))["content"]
    gone = (await told(room, "dora", "forget about the zebras"))["content"]
    assert gone.startswith("🧠 Forgotten, as dora asked: ")
    assert "bob noted: zebras" in gone
    lions = next(memory for memory in kept(room).values() if "roar" in memory.text)
    assert lions.key in which
    await told(room, "dora", f"forget {lions.key}")
    assert [memory.text for memory in kept(room).values()] == ["lions sleep at noon"]
    audited = [
        (e.person and e.person.name, e.action) for e in await room.world.store.list_audit_entries()
    ]
    assert audited.count(("bob", "steer")) == 3
    assert audited.count(("dora", "steer")) == 4


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ("remember that teh `x = 1` is at http://a.b/c?d=E", "teh `x = 1` is at http://a.b/c?d=E"),
        ("hey theseus, can you please remember: never on Friday, thanks!", "never on Friday"),
        ("for future reference, Bob remembers all", "Bob remembers all"),
        ("don't forget that\nlines\nstay", "lines\nstay"),
        ("take a note: it's 5 o'clock", "it's 5 o'clock"),
        ("keep in mind that notes are kept", "notes are kept"),
        ("remember this", "this"),
    ],
)  # fmt: skip
def test_a_note_keeps_the_words_as_they_were_written(said: str, noted: str) -> None:
    heard = parse(said, Setting(addressed=True, dev_channel=True, listed=True))
    assert heard.intent is Intent.REMEMBER
    assert extract_note(said, heard.slots.note) == noted


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("reject because it breaks polls", "it breaks polls"),
        ("no, reject it. It breaks polls.", "It breaks polls"),
        ("reject this - wrong approach", "wrong approach"),
        ("close it, we do not want that", "we do not want that"),
        ("reject", ""),
        ("reject it please, thanks", ""),
        ("reject #4", ""),
        ("please reject run k7m2xq now", ""),
        ("no, reject the proposal!", ""),
    ],
)
def test_a_reason_given_with_a_rejection_is_heard(said: str, why: str) -> None:
    assert find_rejection_reason(said) == why


async def test_why_a_fix_was_rejected_is_remembered(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    await room["bob"].say(thread, "reject because it breaks polls")
    question = await room["bob"].wait_for(thread, lambda m: "Reject #1" in list_labels(m))
    await room["bob"].press(thread, get_custom_id(question, "Reject #1"), question)
    ended = await room.wait_until(lambda run: run.has_ended)
    assert ended.reason.startswith("Rejected by bob: it breaks polls.")
    assert "did not want it: it breaks polls" in kept(room)[f"lesson:{run.id}"].text


async def test_replies_say_what_is_meant_by_this(room: DevChannel) -> None:
    said = await room["mallory"].say("dev", "polls close at midnight UTC")
    noted = await told(room, "dora", "remember this", reply_to=said)
    (note,) = kept(room).values()
    assert (note.text, note.by) == ("mallory said: polls close at midnight UTC", "dora")
    assert "Forget what?" in (await told(room, "dora", "forget that", reply_to=said))["content"]
    assert "Forgotten" in (await told(room, "dora", "forget that", reply_to=noted))["content"]
    assert kept(room) == {}


async def test_who_is_not_listed_writes_forgets_and_reads_nothing(room: DevChannel) -> None:
    await told(room, "bob", "remember that zebras are striped")
    mallory = room["mallory"]
    for text in ("remember that I may ship", "forget about the zebras"):
        answer = (await told(room, "mallory", text))["content"]
        assert answer.startswith("Sorry mallory, you are not on the list")
    for text in ("forget everything", "what do you store about me?", "delete all my data please"):
        answer = (await told(room, "mallory", text))["content"]
        assert "`/privacy`" in answer
        assert "Sorry" not in answer
    for command, options in (
        ("memory search", {"words": "zebras"}), ("memory export", {}),
        ("memory forget", {"memory": next(iter(kept(room)))}),
    ):  # fmt: skip
        said = await mallory.run("dev", command, **options)
        answer = await mallory.wait_for("dev", is_answer(said["message"]["id"]))
        assert "you are not on the list" in answer["content"]
        assert not answer.get("attachments")
    offered = await mallory.interact("dev", autocomplete="memory forget", option="memory", value="")
    assert offered["choices"] == []
    assert [memory.text for memory in kept(room).values()] == ["zebras are striped"]
    assert {action for _, action in await room.list_refused()} == {"steer", "read"}
    assert len(await room.list_refused()) == 5


async def test_by_command_it_is_searched_exported_and_forgotten_in_front_of_all(
    room: DevChannel,
) -> None:
    alice = room["alice"]
    await told(room, "bob", "remember that zebras are striped")
    (key,) = kept(room)
    found = await room.wait_for_answer(
        "dora", await room["dora"].run("dev", "memory search"), "dev"
    )
    assert found == f"`{key}` bob noted: zebras are striped — the newest"
    run = await alice.run("dev", "memory search", words="striped unicorn")
    assert key in await room.wait_for_answer("alice", run, "dev")
    run = await alice.run("dev", "memory export")
    assert await room.wait_for_answer("alice", run, "dev") == "1 memory, oldest first."
    wanted = run["message"]["id"]
    said = await alice.wait_for("dev", lambda m: m["id"] == wanted and bool(m["attachments"]))
    (file,) = said["attachments"]
    assert file["filename"] == "memory.ndjson"
    async with aiohttp.ClientSession() as web, web.get(file["url"]) as answer:
        lines = (await answer.text()).splitlines()
    assert [json.loads(line)["key"] for line in lines] == [key]
    offered = await alice.interact("dev", autocomplete="memory forget", option="memory", value="x")
    assert offered["choices"] == []
    for begun in ("", "ze", "zebras", key[:7]):
        offered = await alice.interact(
            "dev", autocomplete="memory forget", option="memory", value=begun
        )
        assert [choice["value"] for choice in offered["choices"]] == [key]
    run = await alice.run("dev", "memory forget", memory=key)
    assert not run["ephemeral"]
    forgotten = run["message"]["id"]
    await room["mallory"].wait_for(
        "dev", lambda m: m["id"] == forgotten and "Forgotten, as alice asked" in m["content"]
    )
    assert kept(room) == {}


async def test_a_question_that_a_note_answers_is_answered_from_it(room: DevChannel) -> None:
    await told(room, "bob", "remember that we play on Fridays at 20:00")
    await told(room, "bob", "remember that the meeting room is on the second floor")
    for question in ("when do we play?", "tell me when we play", "do you know when we play"):
        answer = (await told(room, "dora", question))["content"]
        assert answer.startswith("🧠 I was asked to remember:"), question
        assert "bob noted: we play on Fridays at 20:00" in answer and "room" not in answer
    assert "second floor" in (await told(room, "alice", "where is the meeting room?"))["content"]
    unknown = (await told(room, "alice", "when does the bakery open?"))["content"]
    assert unknown.startswith("I cannot answer that.")
    assert "play on Fridays" not in (await told(room, "mallory", "when do we play?"))["content"]
