"""Words that only look like an approver's: none of them ships anything."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui
from local_discord.person import Message

from bot.authority.policy import Act, authorize
from bot.domain.errors import NotAuthorized
from bot.domain.people import AllowList, PeopleList
from bot.domain.run import Run, Status
from cogs.ui import get_person
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

UNCLEAR = (
    "ship it?", "who said ship it", "> ship it", "```\nship it\n```", "`ship it`", '"ship it"',
    "~~ship it~~", "ship it\nnot", "ship it, just kidding", "ship it tomorrow",
    "alice said ship it", "if tests pass ship it", "we should ship it", "ship item 3",
    "\u0455hip it", "sh\u0131p it", "s\u200bhip it", "ship\u202eit", "\u202eti pihs",
    "\uff53hip it",
)  # fmt: skip

NICKNAMES = ("theseus, ship it", "Theseus\nship it", "bot. ship it", "theseus, stop everything")

POLL = {
    "question": {"text": "ship it"},
    "answers": [{"answer_id": 1, "poll_media": {"text": "ship it"}}],
    "expiry": "2026-12-01T00:00:00+00:00",
    "allow_multiselect": False,
    "layout_type": 1,
}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


async def heard_out(room: DevChannel, thread: str) -> None:
    """Wait until all that was said so far came to nothing, or shipped: words take turns."""
    await room.wait_for_reply("alice", await room["alice"].say(thread, "ship #999"))


async def waits(room: DevChannel, run: Run) -> bool:
    """Whether the run waits as before, and nobody was asked or told anything about shipping."""
    entries = await room.world.store.list_audit_entries()
    now = await room.world.store.get(run.id)
    ships = [e for e in entries if e.action == Act.SHIP and "not #999" not in e.note]
    return now.status is Status.WAITING and not ships


def forgeries(said: Message, alice: dict[str, Any], guild: int) -> list[dict[str, Any]]:
    """Return messages as the gateway could bring them, each with a mark of not being hers."""
    base = {**said, "content": "ship it", "guild_id": str(guild), "author": alice}
    snapshot = {"message": {**said, "content": "ship it"}}
    called = {"username": "mallory", "discriminator": "0", "avatar": None, "id": "78"}
    friends = [{**called, "global_name": name} for name in NICKNAMES]
    marks: list[dict[str, Any]] = [
        {"webhook_id": "77"},
        {"webhook_id": "77", "author": {**alice, "id": "77"}},
        {"webhook_id": "77", "flags": 2},  # followed from another server's announcements
        {"author": {**alice, "id": "76", "bot": True}},
        *({"type": kind} for kind in (6, 7, 8, 18, 20, 21, 23, 24, 46)),  # Discord's own notes
        {
            "content": "",
            "message_reference": {"type": 1, "message_id": said["id"], "channel_id": "1"},
            "message_snapshots": [snapshot],
        },
        {"content": "", "embeds": [{"type": "rich", "description": "ship it"}]},
        {"content": "", "poll": POLL},
        *({"content": "thanks <@78>", "mentions": [friend]} for friend in friends),
    ]
    return [{**base, **mark, "id": str(int(said["id"]) + n)} for n, mark in enumerate(marks, 1)]


async def test_messages_that_are_no_persons_own_words_are_not_heard(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    said = await room["alice"].say(thread, "good morning")
    for forged in forgeries(said, dict(said["author"]), room.local.guild_id):
        room.client._connection.parse_message_create(forged)  # type: ignore[arg-type]
    await heard_out(room, thread)
    assert await waits(room, run)
    hers = {**said, "content": "ship it", "guild_id": str(room.local.guild_id)}
    hers["id"] = str(int(said["id"]) + 1_000)
    room.client._connection.parse_message_create(hers)  # type: ignore[arg-type]
    await room.wait_until(lambda now: now.status is Status.DONE)  # so the others came in as well


async def test_words_that_may_mean_anything_ship_nothing_also_from_an_approver(
    room: DevChannel,
) -> None:
    run, thread, _ = await room.request_proposal()
    for text in UNCLEAR:
        await room["alice"].say(thread, text)
    await heard_out(room, thread)
    assert await waits(room, run)


async def test_a_reply_and_a_reaction_to_what_only_looks_like_a_card_ship_nothing(
    room: DevChannel,
) -> None:
    run, thread, card = await room.request_proposal()
    copied = await room["mallory"].say("general", f"Proposal #1 {card['embeds'][0]['title']}")
    await room["alice"].say("general", "ship it", reply_to=copied)
    await room["alice"].react("general", copied, "🚢")
    chatter = await room["mallory"].say(thread, f"Proposal #1, head {run.id}")
    await room["alice"].react(thread, chatter, "✅")
    ours = await room.client.get_partial_messageable(int(thread)).send("Proposal #1 is fine")
    await room["alice"].react(thread, str(ours.id), "🚢")
    await room["alice"].react(thread, card, "👍")
    await heard_out(room, thread)
    assert await waits(room, run)


@pytest.mark.parametrize("forged", ["another head", "no head", "another message"])
async def test_a_button_forged_for_another_card_or_commit_ships_nothing(
    room: DevChannel, forged: str
) -> None:
    run, thread, _ = await room.request_proposal()
    opened = (await room.world.store.get_history(run.id)).proposal
    assert opened is not None
    heads = {"another head": f":{'0' * 40}", "no head": "", "another message": f":{opened.head}"}
    button = f"theseus:ship:{run.id}{heads[forged]}"
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="Ship it", custom_id=button))
    view.stop()
    fake = await room.client.get_partial_messageable(int(thread)).send("a card", view=view)
    told = await room["alice"].press(thread, button, str(fake.id))
    assert "not the newest" in await room.wait_for_answer("alice", told, thread)
    assert await room.list_refused() == [("alice", "ship")]
    assert room.world.forge.merges == []


async def test_who_speaks_in_another_server_or_has_left_ours_may_do_nothing(
    room: DevChannel,
) -> None:
    client, alice = room.client, room.local.people["alice"]
    state = client._connection
    foreign = discord.Guild(data={"id": "42", "name": "elsewhere"}, state=state)  # type: ignore[typeddict-item]
    told = {"user": {"id": str(alice), "username": "alice"}, "roles": [], "flags": 0}
    guest = discord.Member(data=told, guild=foreign, state=state)  # type: ignore[arg-type]
    everything = AllowList(approvers=PeopleList(users=frozenset({alice})))
    assert get_person(client, guest).outsider
    here = await client.fetch_user(alice)
    assert not get_person(client, here).outsider
    async with asyncio.TaskGroup() as group:
        group.create_task(client.wait_for("member_remove", timeout=20))
        await asyncio.sleep(0)  # it waits
        room.local.leave("alice")
    assert get_person(client, here).outsider
    for person in (get_person(client, guest), get_person(client, here)):
        for act in Act:
            with pytest.raises(NotAuthorized, match="members of the server"):
                authorize(everything, person, act)


async def test_a_bot_that_is_listed_may_do_nothing(room: DevChannel) -> None:
    us = room.client.user
    assert us is not None
    people = AllowList(approvers=PeopleList(users=frozenset({us.id})))
    for act in Act:
        with pytest.raises(NotAuthorized, match="only people may"):
            authorize(people, get_person(room.client, us), act)
