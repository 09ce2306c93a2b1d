"""Everybody's reports count: who may not ask for work is thanked, and hears when it is fixed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.failure_report import REPORTED, FailureReport
from bot.domain.personal_data import DataSubject
from bot.domain.run import Status
from tests.support.dev_channel import RUN_COGS, DevChannel, get_reply_text, open_dev_channel


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, with_monitoring=True) as opened:
        yield opened


async def kept(room: DevChannel) -> tuple[FailureReport, ...]:
    return await room.world.key_values.list_records(REPORTED, FailureReport)


async def test_a_report_is_noted_refused_as_a_request_and_answered_again_when_it_is_fixed(
    room: DevChannel,
) -> None:
    told = await room["mallory"].say("dev", "rolling dice keeps crashing, fix it")
    thanks = await get_reply_text(room, told)
    assert thanks.startswith("Thanks mallory, I have noted it: /roll failed 3 times, last ")
    assert "dora, alice or bob can ask me to fix it; I tell you here when it is fixed." in thanks
    assert await room.list_runs() == ()
    [refused] = [e for e in await room.world.store.list_audit_entries() if not e.allowed]
    assert (refused.action, refused.person and refused.person.name) == ("ask", "mallory")
    again = await room["mallory"].say("dev", "rolling dice is still broken, fix it")
    assert (await get_reply_text(room, again)).startswith("Thanks mallory")
    assert len(await kept(room)) == 1

    run, thread, _ = await room.request_proposal()
    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda now: now.id == run.id and now.status is Status.DONE)
    heard = await room["mallory"].wait_for("dev", lambda m: "what you reported" in m["content"])
    me = room.local.people["mallory"]
    assert heard["content"].startswith(f"<@{me}> what you reported is fixed: /roll, in #1")
    assert [each["id"] for each in heard["mentions"]] == [str(me)]
    assert (heard.get("message_reference") or {}).get("message_id") == again["id"]


async def test_a_report_is_counted_and_erased_with_what_else_is_kept_of_a_person(
    room: DevChannel,
) -> None:
    said = await room["mallory"].say("dev", "rolling dice keeps crashing, fix it")
    await get_reply_text(room, said)
    monitoring, me = room.client.monitoring, int(room.local.people["mallory"])
    assert monitoring is not None
    somebody = DataSubject(id=me + 1, pseudonym="u0")
    assert (await monitoring.count_records(somebody), await monitoring.erase(somebody)) == (0, 0)
    mallory = DataSubject(id=me, pseudonym="u1")
    assert await monitoring.count_records(mallory) == await monitoring.erase(mallory) == 1
    assert await kept(room) == ()


async def test_who_reports_what_nobody_knows_is_thanked_and_told_what_is_missing(
    room: DevChannel,
) -> None:
    told = await get_reply_text(
        room,
        await room["mallory"].say(
            "dev", f"<@{room.local.bot_user_id}> the juggling is broken, fix it"
        ),
    )
    assert told.startswith(
        "Thanks mallory. dora, alice or bob can ask me to work on it; you can report it. "
        "I looked for failures that fit “juggling”"
    )
    assert "Tell me the command as you typed it and what you saw" in told
    assert await kept(room) == ()


async def test_a_refusal_names_who_may_and_no_setting(room: DevChannel) -> None:
    _, thread, _ = await room.request_proposal()
    said = await room["mallory"].say(thread, "cancel")
    told = await room.wait_for_reply("bob", said)
    assert told["content"] == (
        "Sorry mallory, you are not on the list of people who may cancel a run. "
        "dora, alice or bob may."
    )
    said = await room["dora"].say(thread, "ship it")
    told = await room.wait_for_reply("bob", said)
    assert told["content"].endswith("people who may ship a change. alice or bob may.")
