"""Older versions wanted in words: what never decides, what is asked back, and what is done."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.live_items import ChangeAuthor, ItemKind, LiveItem
from bot.domain.run import Status
from bot.presentation.meanings import OTHER_LABEL
from tests.support.dev_channel import DevChannel, get_custom_id, list_labels, open_dev_channel

COGS_HERE = ("cogs.conversation", "cogs.approvals", "cogs.skills")
NEVER = (
    "> roll the persona back", "`roll the persona back`", '"roll the persona back"',
    "bob: roll the persona back", "bob said roll the persona back", "never roll the persona back",
    "they rolled back the persona yesterday", "don't roll the persona back",
    "if it is rude again, roll the persona back", "should we roll the persona back?",
    "what happens if I roll the persona back?", "roll the persona back, or not",
    "~~roll the persona back~~", "||roll the persona back|| no", "imagine we roll back the persona",
    "roll the \u0440ersona back", "roll the persona back to v1.5",
)  # fmt: skip
ASKED = (
    "can you roll the persona back?",
    "roll the persona back ✗", "roll back `persona.md`", "roll the persona back (to v1)",
    "please go back to the old persona, it was kinder",
    "revert the persona to #1", "we want the old persona back", "setz die persona zurück",
    "put the persona back to how it was today",
)  # fmt: skip


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=COGS_HERE) as opened:
        await change(opened, "persona", "persona", "Kind.", "Rude.")
        yield opened


async def change(
    room: DevChannel, kind: ItemKind, name: str, *texts: str, run: str | None = None
) -> None:
    """Have one version after another live, an hour apart."""
    author = ChangeAuthor(kind="run", run_id=run) if run else ChangeAuthor(kind="file")
    for text in texts:
        room.world.live_registry.files[kind, name] = text
        await room.world.live_registry.reload(author)
        room.world.clock.tick(3_600)


def persona(room: DevChannel) -> LiveItem:
    return room.world.live_registry.get_item("persona", "persona")


async def told(room: DevChannel, who: str, text: str, channel: str = "dev") -> Message:
    """Say something to the bot; return its answer."""
    mention = f"<@{room.local.bot_user_id}> "
    room.world.clock.tick(1)  # what changed just then would be asked about
    return await room.wait_for_reply(who, await room[who].say(channel, f"{mention}{text}"))


async def pressed(room: DevChannel, who: str, question: Message, label: str) -> str:
    channel = question["channel_id"]
    answer = await room[who].press(channel, get_custom_id(question, label), question)
    return await room.wait_for_answer(who, answer, channel)


def offered(question: Message) -> list[str]:
    return [each.partition(" · ")[0] for each in list_labels(question)]


async def test_nothing_that_is_quoted_told_denied_or_supposed_rolls_back_or_asks(
    room: DevChannel,
) -> None:
    for text in NEVER:
        answer = await told(room, "alice", text)
        assert not any(each.startswith("v1") for each in list_labels(answer)), (
            text,
            answer["content"],
        )
    assert persona(room).version == 2


async def test_what_is_not_plainly_an_order_is_asked_back_with_the_version(
    room: DevChannel,
) -> None:
    for text in ASKED:
        answer = await told(room, "alice", text)
        assert "v1" in offered(answer), (text, answer["content"], list_labels(answer))
    assert persona(room).version == 2
    assert "roll back" not in {each.action for each in await room.world.store.list_audit_entries()}


async def test_a_plain_order_is_done_audited_and_can_be_taken_back_by_a_press(
    room: DevChannel,
) -> None:
    answer = await told(room, "alice", "Roll the persona back, please.")
    assert answer["content"].startswith("`persona` is version 1 from now on, instead of version 2")
    assert persona(room).version == 1
    (entry, *_) = await room.world.store.list_audit_entries(limit=1)
    assert entry.person is not None
    assert (entry.person.name, entry.action, entry.note, entry.message_id is not None) == (
        "alice", "roll back", "persona persona to version 1", True,
    )  # fmt: skip
    assert await pressed(room, "bob", answer, "Back to v2") == (
        "`persona` is live as in its file, version 2."
    )


async def test_only_approvers_roll_back_whoever_asked_and_strangers_see_no_versions(
    room: DevChannel,
) -> None:
    assert (await told(room, "mallory", "roll the persona back"))["content"].startswith("Sorry")
    assert "not on the list" in (await told(room, "dora", "roll the persona back"))["content"]
    question = await told(room, "dora", "can you roll the persona back?")
    button = next(each for each in list_labels(question) if each.startswith("v1"))
    for who in ("mallory", "dora"):
        assert (await pressed(room, who, question, button)).startswith(f"Sorry {who}")
    assert persona(room).version == 2
    assert ("mallory", "roll back") in await room.list_refused()
    assert (await pressed(room, "alice", question, button)).startswith("`persona` is version 1")


async def test_several_versions_are_asked_back_with_time_author_and_first_changed_line(
    room: DevChannel,
) -> None:
    await change(room, "persona", "persona", "Curt.")
    question = await told(room, "alice", "roll back the persona")
    assert list_labels(question) == [
        "v2 · 2 h ago · an edit of the file · Rude.",
        "v1 · 3 h ago · an edit of the file · Kind.",
        "Not now",
        OTHER_LABEL,
    ]
    assert "Which version of the persona should be live instead of v3?" in question["content"]
    assert persona(room).version == 3
    answer = await told(room, "alice", "undo the last change of the persona")
    assert answer["content"].startswith("`persona` is version 2 from now on")
    again = await told(room, "alice", "undo the last change of the persona")
    assert {"v3", "v1"} <= set(offered(again))  # which of the two was the last?
    answer = await told(room, "alice", "roll the persona back to version 1")
    assert answer["content"].startswith("`persona` is version 1 from now on")
    assert "matches that" in (await told(room, "alice", "roll the persona back to v9"))["content"]


async def test_a_version_that_came_after_the_question_is_not_swapped_out_unseen(
    room: DevChannel,
) -> None:
    question = await told(room, "alice", "can you roll the persona back?")
    button = next(each for each in list_labels(question) if each.startswith("v1"))
    await change(room, "persona", "persona", "Curt.")
    answer = await pressed(room, "alice", question, button)
    assert "has changed since" in answer and "I ask again" in answer
    assert persona(room).version == 3
    anew = await room["alice"].wait_for("dev", lambda m: "instead of v3" in m["content"])
    newer = next(each for each in list_labels(anew) if each.startswith("v2"))
    assert (await pressed(room, "alice", anew, newer)).startswith("`persona` is version 2")


async def test_times_are_asked_back_since_nobody_knows_in_which_zone_they_are_meant(
    room: DevChannel,
) -> None:
    room.world.clock.tick(24 * 3_600)
    await change(room, "persona", "persona", "Curt.")
    question = await told(room, "alice", "put your personality back to how it was yesterday")
    assert offered(question) == ["v2", "v1", "Not now", OTHER_LABEL]
    assert persona(room).version == 3


async def test_said_to_nobody_it_only_asks_and_in_a_runs_thread_too(room: DevChannel) -> None:
    said = await room["alice"].say("dev", "roll the persona back")
    assert "v1" in offered(await room.wait_for_reply("alice", said))
    run, thread, _ = await room.request_proposal()
    said = await room["alice"].say(thread, "roll the persona back")
    assert "v1" in offered(await room.wait_for_reply("alice", said))
    await room["mallory"].say("dev", "roll the persona back")
    await told(room, "alice", "status")
    assert persona(room).version == 2
    assert ("mallory", "read") not in await room.list_refused()
    assert (await room.world.store.get(run.id)).status is Status.WAITING


async def test_where_several_things_may_be_meant_it_asks_which(room: DevChannel) -> None:
    await change(room, "skill", "making-tea", "Boil.", "Heat.")
    await change(room, "skill", "making-soup", "Stir.", "Wait.")
    question = await told(room, "alice", "roll back a skill")
    assert offered(question) == ["making-soup v1", "making-tea v1", "Not now", OTHER_LABEL]
    question = await told(room, "alice", "roll back the making skill")
    assert offered(question) == ["making-soup v1", "making-tea v1", "Not now", OTHER_LABEL]
    button = next(each for each in list_labels(question) if each.startswith("making-tea"))
    assert (await pressed(room, "alice", question, button)).startswith("`making-tea` is version 1")


async def test_code_goes_back_by_a_revert_of_the_run_that_brought_it(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda now: now.status is Status.DONE)
    await change(room, "cog", "dice", "roll = 1")
    answer = await told(room, "alice", "revert the dice cog to the last version")
    assert "The cog `dice` is code" in answer["content"] and not list_labels(answer)
    await change(room, "cog", "dice", "roll = 2", run=run.id)
    question = await told(room, "alice", "revert the dice cog to the last version")
    assert list_labels(question) == ["Revert #1", "Not now", OTHER_LABEL]
    assert (await pressed(room, "alice", question, "Revert #1")).startswith("On it")
    assert (await room.list_runs())[0].goal == "revert"


async def test_the_last_change_may_be_of_code_or_of_a_text_and_is_asked_about(
    room: DevChannel,
) -> None:
    question = await told(room, "alice", "roll back the last change")
    assert list_labels(question) == [
        "Back to persona v1 · 2 h ago · an edit of the file · Kind.",
        "Not now",
        OTHER_LABEL,
    ]
    _, thread, _ = await room.request_proposal()
    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda now: now.status is Status.DONE)
    question = await told(room, "alice", "roll back the last change")
    assert [each.partition(" v1")[0] for each in list_labels(question)] == [
        "Revert #1", "Back to persona", "Not now", OTHER_LABEL,
    ]  # fmt: skip
