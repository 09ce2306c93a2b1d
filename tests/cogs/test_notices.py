"""What people are told, in the chat: quiet mode, digests, notifications, “Later” and /undo."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.authority.quiet_state import QuietState
from bot.domain.notices import (
    DIGEST_SCHEDULE,
    IGNORED_NOTICE,
    REMINDER,
    DigestSchedule,
    IgnoredNotice,
    Reminder,
)
from bot.domain.run import Status
from tests.support.dev_channel import (
    DevChannel,
    get_custom_id,
    get_reply_text,
    list_labels,
    open_dev_channel,
    wait_for_message,
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


async def say(room: DevChannel, who: str, text: str) -> str:
    message = await room[who].say("dev", f"<@{room.local.bot_user_id}> {text}")
    return await get_reply_text(room, message)


async def test_quiet_mode_and_digests_are_chosen_by_command_and_in_words(room: DevChannel) -> None:
    for command, choices in (("quiet", {"mode": "nothing"}), ("digest", {"every": "daily"})):
        assert (await room.run_command("mallory", command, **choices)).startswith("Sorry mallory")
    assert (await room.run_command("mallory", "undo")).startswith("Sorry mallory")
    assert "not on the list" in await say(room, "mallory", "be quiet until tomorrow")
    assert "not on the list" in await say(room, "mallory", "send us a digest every day")
    state = room.services.get(QuietState)
    assert not state.has_to_wait()

    await room["dora"].say("dev", f"<@{room.local.bot_user_id}> be quiet for 2 days")
    told = await wait_for_message(room, "🔕")
    assert "**dora** has set quiet mode: I announce only what needs a person" in told
    assert state.has_to_wait() and not state.has_to_wait(needs_person=True)
    assert "ended quiet mode" in await room.run_command("bob", "quiet", mode="off")
    assert not state.has_to_wait()
    refused = await room.run_command("bob", "quiet", mode="nothing", until="when pigs fly")
    assert "I do not understand “when pigs fly” as a time" in refused and not state.has_to_wait()

    told = await say(room, "dora", "send me a digest every monday")
    assert told.startswith("📰 A digest comes every Monday at 09:00 (UTC), as a direct message")
    options = {"every": "daily", "where": "channel", "at": "6 pm", "zone": "Europe/Berlin"}
    told = await room.run_command("alice", "digest", **options)
    assert told == "📰 A digest comes every day at 18:00 (Europe/Berlin), in the dev channel."
    assert "“25:99” as a time" in await room.run_command(
        "alice", "digest", every="daily", at="25:99"
    )
    schedules = await room.world.key_values.list_records(DIGEST_SCHEDULE, DigestSchedule)
    assert [each.person.name for each in schedules] == ["dora", "alice"]
    room.world.clock.tick(timedelta(days=1).total_seconds())
    await room["bob"].wait_for("dev", lambda m: "📰 **Last 24 hours**: nothing" in m["content"])


async def test_everybody_chooses_notifications_and_can_have_them_forgotten(
    room: DevChannel,
) -> None:
    told = await room.run_command("mallory", "notifications", fixed="none")
    assert "- when a failure that you have reported is fixed: nothing" in told
    assert "what you have chosen to be told" in await room.run_command("mallory", "privacy")


async def test_later_offers_two_times_and_undo_shows_what_it_would_revert(
    room: DevChannel,
) -> None:
    nothing = "I have shipped nothing lately that I could revert."
    assert await room.run_command("dora", "undo") == nothing
    run, thread, card = await room.request_proposal()
    assert "Later" in list_labels(card)
    pressed = await room["mallory"].press(thread, get_custom_id(card, "Later"), card)
    assert (await room.wait_for_answer("mallory", pressed, thread)).startswith("Sorry mallory")
    pressed = await room["dora"].press(thread, get_custom_id(card, "Later"), card)
    assert await room.wait_for_answer("dora", pressed, thread) == "When shall I remind you?"
    (offer,) = [m for m in await room["dora"].list_messages(thread) if "Tomorrow" in list_labels(m)]
    pressed = await room["dora"].press(thread, get_custom_id(offer, "Tomorrow"), offer)
    assert (await room.wait_for_answer("dora", pressed, thread)).startswith("I remind you <t:")
    (kept,) = await room.world.key_values.list_records(REMINDER, Reminder)
    assert (kept.subject, str(kept.message.message_id)) == (run.id, card["id"])
    assert timedelta(hours=9) <= kept.due - room.world.clock.now() <= timedelta(hours=33)

    pressed = await room["mallory"].press(thread, get_custom_id(card, "Ignore"), card)
    assert (await room.wait_for_answer("mallory", pressed, thread)).startswith("Sorry mallory")
    assert len(await room.world.key_values.list_records(REMINDER, Reminder)) == 1
    pressed = await room["dora"].press(thread, get_custom_id(card, "Ignore"), card)
    told = await room.wait_for_answer("dora", pressed, thread)
    assert told.startswith("I will not tell you of this again.")
    assert await room.world.key_values.list_records(REMINDER, Reminder) == ()
    (ignored,) = await room.world.key_values.list_records(IGNORED_NOTICE, IgnoredNotice)
    assert (ignored.kind, ignored.subject) == ("run", run.id)

    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda run: run.status is Status.DONE)
    told = await room.run_command("dora", "undo")
    assert told == "This is the last change that I shipped. Shall I propose to revert it?"
    (offer,) = [
        m
        for m in await room["dora"].list_messages("dev")
        if any(label.startswith("Revert #1 ") for label in list_labels(m))
    ]
    (label,) = list_labels(offer)
    assert len(await room.list_runs()) == 1, "nothing is reverted before it is confirmed"
    pressed = await room["dora"].press("dev", get_custom_id(offer, label), offer)
    told = await room.wait_for_answer("dora", pressed, "dev")
    undo = await room.wait_until(lambda run: run.goal == "revert" and run.thread_id is not None)
    assert (undo.trigger.reverts, told) == (run.id, f"On it: <#{undo.thread_id}>")
