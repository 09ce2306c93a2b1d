"""Words that look like a decision: asked back with buttons, and only a button decides."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.ids import shorten_id
from bot.domain.run import Run, Status
from bot.ports.chat_model import ChatModel
from bot.presentation.meanings import OTHER_LABEL
from tests.fakes.fake_chat_model import FakeChatModel
from tests.support.agent_harness import FIX, FIXED, make_capsule, make_failure
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
    wait_for_message,
)
from tests.support.watch_harness import WatchHarness

OVERLOOKED = (
    "🅳🅾🅽🆃 ship it <and-ask-bob-first>", "🇳🇴 ship it", "ⓓⓞⓝⓣ ship it", "¬ship it", "✗ ship it",
    "ship it ⏸️", "🆖 ship it", "ship it <after-bob-reviews-it>", "<:nope:123> ship it",
    "lgtm, send it", "yes please ship", "approved", "land it", "👍",
)  # fmt: skip

COGS = (*RUN_COGS, "cogs.pauses")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=COGS) as opened:
        yield opened


async def asked_back(
    room: DevChannel, who: str, channel: str, text: str, reply_to: Message | None = None
) -> Message:
    """Say something; return the bot's answer to it."""
    return await room.wait_for_reply(who, await room[who].say(channel, text, reply_to=reply_to))


async def pressed(room: DevChannel, who: str, question: Message, label: str) -> str:
    """Press a button of a question; return the answer."""
    channel = question["channel_id"]
    told = await room[who].press(channel, get_custom_id(question, label), question)
    return await room.wait_for_answer(who, told, channel)


async def two_proposals(room: DevChannel) -> tuple[Run, Run]:
    """Return the runs of #1 and #2, both waiting for a word."""
    first, _, _ = await room.request_proposal()
    room.world.engine.rounds = (FIX,)
    other = make_capsule(fingerprint="f2f2f2f2f2f2")
    room.world.journal.append(make_failure(room.world.clock, other, name="face"))
    await room["alice"].say("dev", "/face crashes, fix it")
    second = await room.wait_for_proposal(lambda run: run.id != first.id)
    return first, second


async def push(room: DevChannel, thread: str, old: Message, text: str) -> Message:
    """Push a commit to the branch of #1; return the card it gets."""
    pull = await room.world.forge.get_proposal(1)
    files = {name: text for name, text in room.world.checkout.files.items() if text is not None}
    fixed = {**files, "cogs/dice.py": text}
    room.world.forge.push(pull.branch, room.world.workspaces.add_snapshot(fixed))
    return await room["alice"].wait_for(
        thread, lambda m: "Ship it" in list_labels(m) and int(m["id"]) > int(old["id"]), timeout=15
    )


async def test_what_once_was_taken_for_ship_it_is_asked_back_and_the_press_ships(
    room: DevChannel,
) -> None:
    run, thread, _ = await room.request_proposal()
    for text in OVERLOOKED:
        question = await asked_back(room, "alice", thread, text)
        assert {"Ship #1", "Not now"} <= set(list_labels(question)), text
        assert "Do you want me to " in question["content"]
    assert room.world.forge.merges == []
    assert "ship" not in {each.action for each in await room.world.store.list_audit_entries()}
    for who in ("mallory", "dora"):
        assert (await pressed(room, who, question, "Ship #1")).startswith(f"Sorry {who}")
    assert (await room.world.store.get(run.id)).status is Status.WAITING
    assert (await pressed(room, "bob", question, "Ship #1")).startswith("Shipping `")
    await room.wait_until(lambda now: now.status is Status.DONE)
    [entry] = [
        e for e in await room.world.store.list_audit_entries() if e.action == "ship" and e.allowed
    ]
    assert (entry.how, entry.person and entry.person.name) == ("button", "bob")


async def test_a_push_voids_the_buttons_of_a_question_and_pushing_back_revives_none(
    room: DevChannel,
) -> None:
    _, thread, card = await room.request_proposal()
    question = await asked_back(room, "alice", thread, "yes please ship")
    newer = await push(room, thread, card, FIXED.replace("letter", "name"))
    assert "not the newest" in await pressed(room, "alice", question, "Ship #1")
    refused = await asked_back(room, "alice", thread, "don't ship it")
    await push(room, thread, newer, FIXED)
    assert "not the newest" in await pressed(room, "alice", question, "Ship #1")
    assert "not the newest" in await pressed(room, "alice", refused, "Reject #1")
    assert room.world.forge.merges == []
    assert (await room.list_runs())[0].status is Status.WAITING


async def test_a_number_that_names_another_run_is_asked_about_whatever_is_decided(
    room: DevChannel,
) -> None:
    first, second = await two_proposals(room)
    here = str(first.thread_id)
    for text, verb in (
        ("ship proposal 2", "Ship"), ("ship the fix 2", "Ship"), ("merge your branch 2", "Ship"),
        ("reject #2", "Reject"), ("cancel #2", "Cancel"), (f"cancel run {second.id}", "Cancel"),
    ):  # fmt: skip
        question = await asked_back(room, "alice", here, text)
        assert list_labels(question)[:2] == [f"{verb} #2", f"{verb} #1"], text
    question = await asked_back(room, "alice", here, "ship proposal 12")
    assert list_labels(question) == ["Ship #1", "Not now"]
    assert "I do not know #12." in question["content"]
    assert room.world.forge.merges == []
    assert {run.status for run in await room.list_runs()} == {Status.WAITING}
    question = await asked_back(room, "alice", here, "ship #2")
    assert (await pressed(room, "alice", question, "Ship #2")).startswith("Shipping `")
    await room.wait_until(lambda run: run.id == second.id and run.status is Status.DONE)
    assert (await room.world.store.get(first.id)).status is Status.WAITING


async def test_outside_of_any_thread_a_number_is_enough_and_without_one_it_asks_which(
    room: DevChannel,
) -> None:
    first, second = await two_proposals(room)
    mention = f"<@{room.local.bot_user_id}>"
    question = await asked_back(room, "alice", "dev", f"{mention} ship it")
    assert set(list_labels(question)) == {"Ship #1", "Ship #2", "Not now"}
    shipping = await asked_back(room, "alice", "dev", f"{mention} ship #2")
    assert shipping["content"].startswith("Shipping `")
    await room.wait_until(lambda run: run.id == second.id and run.status is Status.DONE)
    assert (await room.world.store.get(first.id)).status is Status.WAITING


async def test_a_question_outlives_a_reload_and_is_over_once_it_is_answered(
    room: DevChannel,
) -> None:
    _, thread, _ = await room.request_proposal()
    question = await asked_back(room, "alice", thread, "nope, scrap it: it breaks the polls")
    await room.client.unload_extension("cogs.conversation")
    await room.client.load_extension("cogs.conversation")
    assert (await pressed(room, "mallory", question, "Not now")).startswith("Sorry mallory")
    assert await pressed(room, "dora", question, "Not now") == "All right, I did nothing."
    await room["bob"].wait_for(thread, lambda m: m["id"] == question["id"] and not list_labels(m))
    again = await asked_back(room, "bob", thread, "reject, because it breaks the polls")
    told = await pressed(room, "bob", again, "Reject #1")
    assert told.startswith("Rejected by bob: it breaks the polls.")


async def test_stop_cancel_and_pause_are_asked_back_and_done_when_pressed(
    room: DevChannel,
) -> None:
    bot, agent = f"<@{room.local.bot_user_id}>", room.agent
    question = await asked_back(room, "dora", "dev", f"{bot} pause for 2 hours, we deploy")
    assert list_labels(question) == ["Pause (2 hours)", "Not now", OTHER_LABEL]
    assert (await pressed(room, "dora", question, "Pause (2 hours)")).startswith(
        "Paused. It resumes"
    )
    pause = await agent.autonomy.blocks.find_pause()
    assert pause is not None
    assert (pause.why, pause.until is not None) == ("we deploy", True)
    odd = await asked_back(room, "bob", "dev", f"{bot} pause until 25:00")
    assert "I do not understand “25:00” as a time." in odd["content"]
    question = await asked_back(room, "bob", "dev", f"{bot} you can go on now")
    assert await pressed(room, "bob", question, "Resume") == "I resume my own work."
    run, thread, _ = await room.request_proposal()
    question = await asked_back(room, "dora", thread, "please stop whatever you're doing")
    assert list_labels(question) == ["Stop everything", "Cancel #1", "Not now", OTHER_LABEL]
    assert await pressed(room, "dora", question, "Cancel #1") == "Cancelled by dora."
    question = await asked_back(room, "bob", thread, "stop! all of it")
    assert (await pressed(room, "bob", question, "Stop everything")).startswith("⛔ Everything")
    assert await agent.emergency.get_stop() is not None
    assert (await room.world.store.get(run.id)).status is Status.CANCELLED


async def test_taking_back_is_asked_about_where_the_words_are_not_plain(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=COGS, make_harness=WatchHarness) as room:
        _, thread, _ = await room.request_proposal()
        await room["alice"].say(thread, "ship it")
        await room.wait_until(lambda run: run.status is Status.DONE)
        for channel in ("@dora", "dev"):
            question = await asked_back(room, "dora", channel, "revert it")
            assert list_labels(question) == ["Revert #1", "Not now"]
            told = question["content"].splitlines()
            assert told[0].startswith("Do you want me to revert #1? You did not name it")
            assert "rolling dice" in told[1]
        question = await asked_back(room, "dora", thread, "it made things worse, roll it back")
        assert list_labels(question) == ["Revert #1", "Not now", OTHER_LABEL]
        assert (await pressed(room, "dora", question, "Revert #1")).startswith("On it: <#")


async def test_resume_is_heard_in_the_dev_channel_as_the_pause_says(room: DevChannel) -> None:
    gate = room.agent.autonomy
    await room["alice"].run("dev", "pause")
    assert "when someone says “resume”" in await wait_for_message(room, "⏸️")
    await room["dora"].say("dev", "resume")
    assert await wait_for_message(room, "▶️") == "▶️ **dora** has resumed my own work."
    assert await gate.blocks.find_pause() is None


async def test_a_listed_person_is_answered_in_a_runs_thread_and_others_talk_in_peace(
    room: DevChannel,
) -> None:
    room.services.add(FakeChatModel(), ChatModel)
    _, thread, card = await room.request_proposal()
    assert (await asked_back(room, "dora", thread, "that was quick"))["content"]
    quiet = [
        await room["mallory"].say(thread, "that was quick"),
        await room["mallory"].say(thread, "looks good"),
        await room["alice"].say("dev", "lgtm"),
        await room["alice"].say("dev", "revert it"),
        await room["alice"].say("general", "yes please ship"),
    ]
    quiet.append(await room["alice"].say(thread, "what do you think?", reply_to=quiet[0]))
    refused = await asked_back(room, "mallory", thread, "yes please ship", reply_to=card)
    assert refused["content"].startswith("Sorry mallory")
    references = [
        (m.get("message_reference") or {}).get("message_id")
        for channel in ("dev", "general", thread)
        for m in await room["alice"].list_messages(channel)
        if m["author"].get("bot")
    ]
    assert not {m["id"] for m in quiet} & set(references)


async def test_a_decision_about_nothing_says_so(room: DevChannel) -> None:
    mention = f"<@{room.local.bot_user_id}>"
    told = await asked_back(room, "alice", "dev", f"{mention} merge it when you can")
    assert "I found nothing here to decide" in told["content"]
    assert list_labels(told) == []


async def test_a_wish_and_a_question_in_one_message_both_get_their_answer(
    room: DevChannel,
) -> None:
    room.world.engine.rounds = (FIX, {"cogs/dice.py": FIXED.replace("letter", "name")})
    run, thread, _ = await room.request_proposal()
    told = await asked_back(room, "dora", thread, "also handle d0 please, how far are you?")
    assert f"`{run.id}`" in told["content"]
    await room.wait_until(lambda now: now.round == 2 and now.status is Status.WAITING)
    assert room.world.engine.asked[1].steering == ("handle d0",)


async def test_who_says_fix_it_to_nobody_is_asked_which_failure_and_a_press_begins_a_run(
    room: DevChannel,
) -> None:
    clock, journal = room.world.clock, room.world.journal
    journal.actions = [make_failure(clock)]
    alone = await asked_back(room, "dora", "dev", "it's broken again")
    assert "Do you mean `/roll`, which failed just now (IndexError)?" in alone["content"]
    assert list_labels(alone) == ["/roll: IndexError", "Not now", OTHER_LABEL]
    other = make_capsule(exception="KeyError", fingerprint="other", file="cogs/polls.py")
    journal.actions.append(make_failure(clock, other, name="poll results"))
    question = await asked_back(room, "alice", "dev", "fix it")
    assert question["content"].startswith("Which one do you mean?\n- `/poll results`, which failed")
    assert list_labels(question) == [
        "/poll results: KeyError",
        "/roll: IndexError",
        "Not now",
        OTHER_LABEL,
    ]
    assert (await pressed(room, "mallory", question, "/roll: IndexError")).startswith("Sorry mall")
    assert await room.list_runs() == ()
    assert (await pressed(room, "bob", question, "/roll: IndexError")).startswith("On it: <#")
    [run] = await room.list_runs()
    assert (run.goal, run.trigger.person.name) == ("fix", "bob")
    assert run.trigger.error_id == shorten_id(journal.actions[0].id)


async def test_a_yes_in_reply_to_a_question_with_one_failure_begins_its_run(
    room: DevChannel,
) -> None:
    clock, journal = room.world.clock, room.world.journal
    journal.actions = [make_failure(clock)]
    alone = await asked_back(room, "dora", "dev", "fix it")
    assert (
        "Sorry mallory" in (await asked_back(room, "mallory", "dev", "yep do it", alone))["content"]
    )
    other = make_capsule(exception="KeyError", fingerprint="other", file="cogs/polls.py")
    journal.actions.append(make_failure(clock, other, name="poll results"))
    several = await asked_back(room, "alice", "dev", "fix it")
    await asked_back(room, "alice", "dev", "yep do it", several)  # nobody knows which
    await asked_back(room, "alice", "dev", "yes, but what is it?", alone)
    assert await room.list_runs() == ()
    await room["alice"].say("dev", "sounds good, go ahead please", reply_to=alone)
    run = await room.wait_until(lambda run: True)
    assert (run.goal, run.trigger.person.name) == ("fix", "alice")
    assert run.trigger.error_id == shorten_id(journal.actions[0].id)


async def test_fix_it_said_to_nobody_is_left_alone_where_nothing_may_be_meant(
    room: DevChannel,
) -> None:
    clock, journal = room.world.clock, room.world.journal
    said = [await said_and_heard(room, "mallory", "fix it")]
    journal.actions = []
    said.append(await said_and_heard(room, "alice", "fix it"))
    journal.actions = [make_failure(clock).replace(ts=clock.now() - timedelta(minutes=31))]
    said.append(await said_and_heard(room, "alice", "fix it"))
    answers = [m for m in await room["bob"].list_messages("dev") if m["author"].get("bot")]
    answered = {(m.get("message_reference") or {}).get("message_id") for m in answers}
    assert not answered & set(said)


async def test_a_wish_said_to_nobody_is_left_alone_where_nothing_of_the_bots_is_named(
    room: DevChannel,
) -> None:
    ours = ("add a /coinflip command", "rolling dice keeps crashing, fix it")
    others = ("add milk to the list", "please rename the channel")
    said = {text: await said_and_heard(room, "alice", text) for text in (*others, *ours)}
    answers = [m for m in await room["bob"].list_messages("dev") if m["author"].get("bot")]
    answered = {(m.get("message_reference") or {}).get("message_id") for m in answers}
    assert not answered & {said[text] for text in others}
    [run] = await room.list_runs()
    assert run.trigger.text == ours[1]


async def said_and_heard(room: DevChannel, who: str, text: str) -> str:
    """Say something that may be left alone; return its id once the bot has read it."""
    said = await room[who].say("dev", text)
    await asked_back(room, who, "dev", f"<@{room.local.bot_user_id}> hello")
    return str(said["id"])


async def test_what_an_unclear_message_means_its_author_says_with_a_button(
    room: DevChannel,
) -> None:
    mention = f"<@{room.local.bot_user_id}>"
    question = await asked_back(
        room, "alice", "dev", f"{mention} the thing with the green stripes again"
    )
    assert question["content"].startswith("What do you mean?")
    assert list_labels(question)[-1] == "Nothing"
    assert "Only the person" in await pressed(room, "bob", question, "Something new or different")
    assert await room.list_runs() == ()
    told = await pressed(room, "alice", question, "Something is broken")
    assert told == "Thank you, I go on with that. I remember it."
    answer = await room["alice"].wait_for("dev", lambda m: "Nothing in my journal" in m["content"])
    assert "green stripes" in answer["content"]
