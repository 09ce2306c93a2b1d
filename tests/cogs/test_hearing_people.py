"""Who may do what through every way in: refused politely, audited, and answered once."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.posts import Post
from bot.domain.run import Run, Status
from cogs.ui import get_person
from tests.support.dev_channel import DevChannel, get_custom_id, list_labels, open_dev_channel
from tests.support.entry_points import list_menus, list_slash_commands

Way = Callable[[DevChannel, str, Run, Message], Awaitable[str]]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


def _by_bot(message: Message) -> bool:
    return bool(message["author"].get("bot"))


async def _answered(room: DevChannel, who: str, said: Message) -> str:
    """Return the bot's answer to a message."""
    return str((await room.wait_for_reply(who, said))["content"])


# Ways to say "ship it"


async def in_the_thread(room: DevChannel, who: str, run: Run, card: Message) -> str:
    thread = str(run.thread_id)
    return await _answered(room, who, await room[who].say(thread, "nice, ship it"))


async def as_a_reply(room: DevChannel, who: str, run: Run, card: Message) -> str:
    thread = str(run.thread_id)
    said = await room[who].say(thread, "lgtm, merge", reply_to=card)
    return await _answered(room, who, said)


async def by_mention(room: DevChannel, who: str, run: Run, card: Message) -> str:
    text = f"<@{room.local.bot_user_id}> ship run {run.id}"
    return await _answered(room, who, await room[who].say("dev", text))


async def in_a_direct_message(room: DevChannel, who: str, run: Run, card: Message) -> str:
    return await _answered(room, who, await room[who].say(f"@{who}", f"ship run {run.id}"))


async def by_the_button(room: DevChannel, who: str, run: Run, card: Message) -> str:
    thread = str(run.thread_id)
    told = await room[who].press(thread, get_custom_id(card, "Ship it"), card)
    return await room.wait_for_answer(who, told, thread)


async def by_the_command(room: DevChannel, who: str, run: Run, card: Message) -> str:
    thread = str(run.thread_id)
    return await room.wait_for_answer(who, await room[who].run(thread, "ship"), thread)


async def by_the_command_elsewhere(room: DevChannel, who: str, run: Run, card: Message) -> str:
    told = await room[who].run("general", "ship", run=run.id)
    return await room.wait_for_answer(who, told, "general")


async def by_a_reaction(room: DevChannel, who: str, run: Run, card: Message) -> str:
    thread = str(run.thread_id)
    await room[who].react(thread, card, "🚢")
    words = (f"Sorry {who}", f"approved by {who}")
    said = await room[who].wait_for(thread, lambda m: any(word in m["content"] for word in words))
    return str(said["content"])


WAYS: tuple[Way, ...] = (
    in_the_thread,
    as_a_reply,
    by_mention,
    in_a_direct_message,
    by_the_button,
    by_the_command,
    by_the_command_elsewhere,
    by_a_reaction,
)


async def test_who_may_not_ship_is_refused_through_every_way_in_and_audited(
    room: DevChannel,
) -> None:
    run, thread, card = await room.request_proposal()
    for who in ("mallory", "dora"):
        for way in WAYS:
            answer = await way(room, who, run, card)
            assert answer.startswith(f"Sorry {who}, you are not on the list"), (way, answer)
            await room[who].react(thread, card, "🚢", remove=True)
    assert (await room.list_runs())[0].status is Status.WAITING
    assert room.world.forge.merges == []
    assert await room.list_refused() == [(who, "ship") for who in ("mallory", "dora") for _ in WAYS]


@pytest.mark.parametrize("way", WAYS)
async def test_who_may_ship_does_so_through_every_way_in(room: DevChannel, way: Way) -> None:
    run, thread, card = await room.request_proposal()
    assert (await way(room, "bob", run, card)).startswith("Shipping `")
    await room.wait_until(lambda now: now.status is Status.DONE)
    live = await room["bob"].wait_for(thread, lambda m: "live at" in m["content"])
    assert "approved by bob" in live["content"]
    assert len(room.world.forge.merges) == 1


async def test_an_old_card_ships_nothing_by_button_reaction_or_reply(room: DevChannel) -> None:
    run, thread, old = await room.request_proposal()
    pull = await room.world.forge.get_proposal(1)
    files = {name: text for name, text in room.world.checkout.files.items() if text is not None}
    fixed = {**files, "cogs/dice.py": str(files["cogs/dice.py"]).replace("[value]", "[value-1]")}
    room.world.forge.push(pull.branch, room.world.workspaces.add_snapshot(fixed))
    await room["alice"].wait_for(
        thread, lambda m: "Ship it" in list_labels(m) and m["id"] != old["id"], timeout=15
    )
    for way in (by_the_button, as_a_reply):
        assert "not the newest" in await way(room, "alice", run, old)
    await room["alice"].react(thread, old, "✅")
    told = await room["alice"].wait_for(
        thread, lambda m: "not the newest" in m["content"] and not m.get("message_reference")
    )
    assert told
    assert room.world.forge.merges == []
    assert await in_the_thread(room, "alice", run, old) != ""
    await room.wait_until(lambda now: now.status is Status.DONE)


async def test_two_people_ship_at_once_and_the_second_is_told_who_did(room: DevChannel) -> None:
    run, _, card = await room.request_proposal()
    first = await by_the_button(room, "alice", run, card)
    second = await by_the_command_elsewhere(room, "bob", run, card)
    assert first.startswith("Shipping `")
    assert second.startswith("alice has already shipped `")


async def test_no_id_of_anybody_stands_in_the_title_of_a_thread(room: DevChannel) -> None:
    bot, bob = room.local.bot_user_id, room.local.people["bob"]
    await room["alice"].say("dev", f"<@{bot}> fix the dice <@{bob}> broke")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    thread = room.client.get_channel(run.thread_id or 0)
    assert getattr(thread, "name", "") == "fix the dice @bob broke"
    card = await room["alice"].wait_for(str(run.thread_id), lambda m: bool(m.get("embeds")))
    for shown in (getattr(thread, "name", ""), card["embeds"][0]["title"], run.trigger.text):
        assert "<@" not in shown
        assert "bob" in shown


# Ways to ask for a fix


@pytest.mark.parametrize("who", ["mallory", "alice"])
async def test_asking_for_work_starts_it_for_listed_people_only(room: DevChannel, who: str) -> None:
    complaint = "rolling dice keeps crashing, fix it"
    mention = f"<@{room.local.bot_user_id}>"
    said = [
        ("dev", await room[who].say("dev", complaint)),
        ("general", await room[who].say("general", f"{mention} {complaint}")),
        (f"@{who}", await room[who].say(f"@{who}", complaint)),
    ]
    told = [await room[who].run("dev", "fix", what="rolling dice")]
    told.append(await room[who].run("dev", "investigate", what="rolling dice"))
    message = await room["bob"].say("dev", "the dice are odd today")
    told.append(await room[who].use_menu("dev", "Fix this", message))
    told.append(await room[who].use_menu("dev", "Investigate this", message))
    answers = [await room.wait_for_answer(who, each, "dev") for each in told]
    if who == "mallory":
        answers += [await _answered(room, who, each) for _, each in said]
        assert all(answer.startswith("Sorry mallory, you are not on") for answer in answers)
        assert await room.list_runs() == ()
        assert len(await room.list_refused()) == 7
        return
    assert all(answer.startswith("On it: <#") for answer in answers)
    assert (await _answered(room, who, said[2][1])).startswith("On it: <#")
    await room.wait_until(lambda _run: True)
    runs = await room.list_runs()
    assert len(runs) == 7
    assert len({run.thread_id for run in runs}) == 7
    assert [run.trigger.text for run in runs if not run.trigger.is_verbatim] == [
        message["content"],
        message["content"],
    ]


async def test_people_who_are_not_listed_see_no_run(room: DevChannel) -> None:
    run, thread, card = await room.request_proposal()
    told = [
        await room["mallory"].run("dev", "runs list"),
        await room["mallory"].run("dev", "runs show", run=run.id),
        await room["mallory"].run("dev", "runs cancel", run=run.id),
        await room["mallory"].run("dev", "runs retry", run=run.id),
        await room["mallory"].run("dev", "health"),
    ]
    for each in told:
        assert (await room.wait_for_answer("mallory", each, "dev")).startswith("Sorry mallory")
    for label in ("Show plan", "Reject"):
        pressed = await room["mallory"].press(thread, get_custom_id(card, label), card)
        assert (await room.wait_for_answer("mallory", pressed, thread)).startswith("Sorry mallory")
    revise = await room["mallory"].press(thread, get_custom_id(card, "Revise"), card)
    assert (revise["result"], revise["message"]["content"][:13]) == ("ephemeral", "Sorry mallory")
    offered = await room["mallory"].interact(
        "dev", autocomplete="runs show", option="run", value=""
    )
    assert offered["choices"] == []
    assert (await room.list_runs())[0].status is Status.WAITING


async def test_listed_people_look_at_runs(room: DevChannel) -> None:
    run, thread, card = await room.request_proposal()
    offered = await room["dora"].interact("dev", autocomplete="runs show", option="run", value="ro")
    assert [choice["value"] for choice in offered["choices"]] == [run.id]
    listed = await room.wait_for_answer("dora", await room["dora"].run("dev", "runs list"), "dev")
    line = f"`{run.id}` fix **rolling dice**: waiting for “ship it” in <#{thread}>"
    assert re.fullmatch(rf"{re.escape(line)} · <t:\d+:R>", listed)
    shown = await room["dora"].run("dev", "runs show", run=run.id, evidence=True)
    text = await room.wait_for_answer("dora", shown, "dev")
    since = re.escape("3 IndexErrors from /roll since <t:TIME:f>, all in `cogs/dice.py:8`")
    assert re.search(since.replace("TIME", r"\d+"), text)
    assert "**Evidence**" in text or "…" in text
    plan = await room["dora"].press(thread, get_custom_id(card, "Show plan"), card)
    assert "**Problem**" in await room.wait_for_answer("dora", plan, thread)
    health = await room.wait_for_answer("dora", await room["dora"].run("dev", "health"), "dev")
    assert "**Open runs** 1" in health
    commands = len(list_slash_commands(room.client)) + len(list_menus(room.client))
    assert f"**Commands** {commands}\n" in health
    assert "nan" not in health
    unknown = await room["dora"].run("dev", "runs show", run="zzzzzz")
    assert await room.wait_for_answer("dora", unknown, "dev") == "There is no run zzzzzz."


async def test_the_form_to_revise_answers_honestly(room: DevChannel) -> None:
    room.world.engine.can_follow_instructions = False
    _, thread, card = await room.request_proposal()
    told = await room["dora"].press(thread, get_custom_id(card, "Revise"), card)
    assert told["result"] == "modal"
    [field] = told["modal"]["fields"]
    form = {field["custom_id"]: "also handle 0d6"}
    sent = await room["dora"].submit(thread, told["modal"]["custom_id"], form)
    assert "cannot follow an instruction" in await room.wait_for_answer("dora", sent, thread)


async def test_rejecting_by_words_and_cancelling_by_button_end_runs(room: DevChannel) -> None:
    _, thread, card = await room.request_proposal()
    await room["bob"].say(thread, "reject", reply_to=card)
    await room.wait_until(lambda run: run.status is Status.REJECTED)
    said = await room["bob"].wait_for(thread, lambda m: "Rejected by bob." in m["content"])
    assert said["content"] == "⏹️ Rejected by bob."
    room.world.engine.hold()
    await room["alice"].say("dev", "/roll is broken, fix it")
    run = await room.wait_until(lambda run: run.status is Status.RUNNING)
    living = await room["dora"].wait_for(str(run.thread_id), lambda m: "Cancel" in list_labels(m))
    told = await room["dora"].press(str(run.thread_id), get_custom_id(living, "Cancel"), living)
    assert await room.wait_for_answer("dora", told, str(run.thread_id)) == "Cancelled by dora."


async def test_chatter_quotes_and_edits_start_nothing(room: DevChannel) -> None:
    _, thread, _ = await room.request_proposal()
    said = [
        await room["alice"].say("dev", "good morning everybody"),
        await room["alice"].say("general", "rolling dice keeps crashing, fix it"),
        await room["mallory"].say(thread, "looks interesting"),
    ]
    odd = await room["alice"].say(thread, "> ship it\nwho said that?")
    assert await _answered(room, "alice", odd) != ""
    odd = await room["alice"].say(thread, "should we ship it?")
    assert "Do you want me to ship?" in await _answered(room, "alice", odd)
    edited = await room["alice"].edit(thread, odd, "ship it")
    # what is said last is answered last: then all before it has been heard
    asked = await room["alice"].say(thread, f"<@{room.local.bot_user_id}> status")
    assert "waiting for “ship it”" in await _answered(room, "alice", asked)
    references = [
        (message.get("message_reference") or {}).get("message_id")
        for channel in ("dev", "general", thread)
        for message in await room["alice"].list_messages(channel)
        if _by_bot(message)
    ]
    assert not {message["id"] for message in said} & set(references)
    assert references.count(edited["id"]) == 1
    assert room.world.forge.merges == []
    assert len(await room.list_runs()) == 1


async def test_what_a_bot_writes_starts_nothing(room: DevChannel) -> None:
    _, thread, _ = await room.request_proposal()
    chat, dev = room.client.chat, room.local.dev_channel_id
    await chat.post(dev, Post(text="rolling dice keeps crashing, fix it"), key="own:1")
    await chat.post(int(thread), Post(text="ship it"), key="own:2")
    asked = await room["alice"].say(thread, f"<@{room.local.bot_user_id}> status")
    assert "waiting for “ship it”" in await _answered(room, "alice", asked)
    assert len(await room.list_runs()) == 1
    assert room.world.forge.merges == []


async def test_roles_are_those_the_person_has_in_the_server_now(room: DevChannel) -> None:
    guild = room.client.get_guild(room.local.guild_id)
    assert guild is not None
    alice = guild.get_member(room.local.people["alice"])
    assert alice is not None
    person = get_person(room.client, alice)
    assert person.name == "alice"
    assert person.role_ids == frozenset(role.id for role in alice.roles)
    assert get_person(room.client, await room.client.fetch_user(alice.id)) == person


async def test_a_message_delivered_twice_is_answered_once(room: DevChannel) -> None:
    _, thread, _ = await room.request_proposal()
    said = await room["alice"].say(thread, "reject")
    await room.wait_until(lambda run: run.status is Status.REJECTED)
    channel = room.client.get_channel(int(thread))
    assert channel is not None
    message = await channel.fetch_message(int(said["id"]))  # type: ignore[union-attr]
    room.client.dispatch("message", message)
    asked = await room["alice"].say(thread, f"<@{room.local.bot_user_id}> status")
    await _answered(room, "alice", asked)
    texts = [m["content"] for m in await room["alice"].list_messages(thread) if _by_bot(m)]
    assert not [text for text in texts if "has no open proposal" in text]


async def test_who_is_not_listed_may_greet_it_and_no_more(room: DevChannel) -> None:
    mention = f"<@{room.local.bot_user_id}>"
    asked = await room["mallory"].say("dev", f"{mention} pause")
    assert (await _answered(room, "mallory", asked)).startswith("Sorry mallory")
    asked = await room["mallory"].say("dev", f"{mention} hello")
    assert "I look after this bot's own code" in await _answered(room, "mallory", asked)


async def test_it_is_acknowledged_while_the_forge_the_store_and_the_thread_are_slow(
    room: DevChannel,
) -> None:
    async with room.world.block_store():
        said = await room["alice"].say("dev", "rolling dice keeps crashing, fix it")
        seen = await room["alice"].wait_for(
            "dev", lambda m: m["id"] == said["id"] and bool(m.get("reactions"))
        )
        assert seen["reactions"][0]["emoji"]["name"] == "👀"
        told = await room["alice"].run("dev", "fix", what="rolling dice")
        assert told["result"] == "deferred"
    assert (await room.wait_for_answer("alice", told, "dev")).startswith("On it")
