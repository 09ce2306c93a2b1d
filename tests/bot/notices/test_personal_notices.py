"""People are told as they have chosen, once, and only as long as they may know."""

from datetime import timedelta

import pytest

from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.evidence import Diagnosis
from bot.domain.failure_report import FailureReport
from bot.domain.notices import NoticeDelivery
from bot.domain.people import Person, Place
from bot.domain.personal_data import DataSubject
from bot.domain.posts import MessageRef
from bot.domain.run import Status, Waiting
from bot.monitoring.failure_reports import FailureReports
from bot.monitoring.incident_repository import IncidentRepository
from bot.notices.presence import choose_presence
from bot.self_improvement import ShippedFixes
from tests.bot.notices.notice_harness import THREAD, NoticeHarness
from tests.support.agent_harness import ALICE, BOB, DEV, DORA, MALLORY

CARD = MessageRef(channel_id=THREAD + 1, message_id=9)


async def start() -> NoticeHarness:
    made = NoticeHarness()
    await made.state.load()
    return made


async def test_who_has_chosen_nothing_is_told_nothing() -> None:
    made = await start()
    made.add_run("r1")
    await made.personal.look()
    assert made.chat.messages == []


async def test_a_request_that_has_ended_and_an_approval_are_told_once_each() -> None:
    made = await start()
    await made.preferences.change(DORA, done=NoticeDelivery.MENTION)
    await made.preferences.change(ALICE, approval=NoticeDelivery.DIRECT)
    await made.preferences.change(DORA, approval=NoticeDelivery.DIRECT)  # who may not approve
    made.add_run("r1", waiting=Waiting.APPROVAL)
    await made.personal.look()
    (wanted,) = made.chat.messages
    assert wanted.ref.channel_id == -ALICE.id
    assert wanted.post.text.startswith(f"<@{ALICE.id}> your approval is wanted: #1 ")
    assert "@everyone" not in wanted.post.text and "https://evil" not in wanted.post.text
    made.end_run("r1", Status.REJECTED)
    restarted = NoticeHarness(other=made)
    await restarted.state.load()
    for _ in range(2):
        await restarted.personal.look()
    (done,) = made.list_posts(THREAD + 1)
    assert done.text.startswith(f"<@{DORA.id}> your request “") and "was rejected" in done.text
    assert done.notify == (DORA.id,)
    assert len(made.chat.messages) == 2


async def test_what_ended_before_the_choice_and_revoked_rights_are_told_to_nobody() -> None:
    made = await start()
    made.add_run("r1")
    made.skip(minutes=1)
    for person in (ALICE, BOB, DORA, MALLORY):
        await made.preferences.change(
            person, done=NoticeDelivery.DIRECT, approval=NoticeDelivery.DIRECT
        )
    made.members.members.pop(ALICE.id)
    made.members.members[BOB.id] = Person(id=BOB.id, name="bob")  # without the role
    made.add_run("r2", waiting=Waiting.APPROVAL)
    await made.personal.look()
    assert made.chat.messages == []


async def test_what_a_person_ignores_is_told_to_others_only() -> None:
    made = await start()
    for person in (ALICE, BOB):
        await made.preferences.change(person, approval=NoticeDelivery.DIRECT)
    made.add_run("r1", waiting=Waiting.APPROVAL)
    await made.reminders.add(ALICE, "run", "r1", CARD, "hour")
    with pytest.raises(NotAuthorized):
        await made.ignored.add(MALLORY, "run", "r1")
    await made.ignored.add(ALICE, "run", "r1")
    await made.personal.look()
    made.skip(hours=2)
    await made.reminders.look()
    assert [each.ref.channel_id for each in made.chat.messages] == [-BOB.id]
    subject = DataSubject(id=ALICE.id, pseudonym="p")
    assert await made.records.count_records(subject) == await made.records.erase(subject) == 2
    assert await made.ignored.list_runs(ALICE.id) == frozenset()


async def test_who_takes_no_direct_messages_is_mentioned() -> None:
    made = await start()
    await made.preferences.change(DORA, done=NoticeDelivery.DIRECT)
    made.chat.gone.add(-DORA.id)
    made.add_run("r1")
    await made.personal.look()
    assert len(made.list_posts(THREAD + 1)) == 1


async def test_mentions_wait_for_the_end_of_quiet_mode() -> None:
    made = await start()
    await made.preferences.change(DORA, done=NoticeDelivery.MENTION)
    await made.quiet.begin(ALICE, "needs a person", None)
    made.add_run("r1")
    await made.personal.look()
    assert made.list_posts(THREAD + 1) == []
    await made.quiet.end(ALICE)
    await made.personal.look()
    assert len(made.list_posts(THREAD + 1)) == 1


async def test_later_reminds_once_and_only_of_what_is_waiting() -> None:
    made = await start()
    made.add_run("r1", waiting=Waiting.APPROVAL)
    made.add_run("r2", waiting=Waiting.QUESTION)
    with pytest.raises(NotAuthorized):
        await made.reminders.add(MALLORY, "run", "r1", CARD, "hour")
    with pytest.raises(WrongStage, match="decided already"):
        await made.reminders.add(DORA, "run", "gone", CARD, "hour")
    await made.reminders.add(DORA, "run", "r1", CARD, "tomorrow")
    due = await made.reminders.add(DORA, "run", "r1", CARD, "hour")
    await made.reminders.add(DORA, "run", "r2", CARD, "hour")
    await made.reminders.look()
    assert made.chat.messages == []
    made.end_run("r2")
    made.skip(hours=1)
    assert due <= made.clock.now()
    for _ in range(2):
        await made.reminders.look()
    (post,) = made.list_posts(THREAD + 1)
    assert post.text.startswith(f"⏰ <@{DORA.id}> you wanted to come back to “")
    assert "waiting for “ship it”" in post.text
    assert post.text.endswith(f"https://d/{CARD.channel_id}/{CARD.message_id}")
    assert await made.reminders.count_records(DataSubject(id=DORA.id, pseudonym="p")) == 0


async def test_a_reminder_of_somebody_who_left_is_dropped_and_can_be_forgotten() -> None:
    made = await start()
    made.add_run("r1", waiting=Waiting.APPROVAL)
    await made.reminders.add(DORA, "run", "r1", CARD, "hour")
    await made.reminders.add(BOB, "run", "r1", CARD, "hour")
    assert await made.records.erase(DataSubject(id=BOB.id, pseudonym="p")) == 1
    made.members.members.pop(DORA.id)
    made.skip(hours=1)
    made.members.down = True
    await made.reminders.look()
    made.members.down = False
    await made.reminders.look()
    assert made.list_posts(DEV) == [] and made.chat.messages == []


def test_the_presence_shows_what_is_wrong_before_what_is_done() -> None:
    assert choose_presence((), 0, is_paused=False).text == "watching"
    assert choose_presence((), 2, is_paused=True).text == "working on 2 runs"
    assert choose_presence((), 0, is_paused=True).sign == "idle"
    found = choose_presence(("cogs.dice does not load", "x"), 2, is_paused=True)
    assert (found.text, found.sign) == ("degraded: cogs.dice does not load and 1 more", "dnd")


async def test_a_reporter_is_told_of_the_fix_as_they_have_chosen() -> None:
    made = await start()
    now = made.clock.now()
    for person in (ALICE, DORA, MALLORY):
        report = FailureReport(
            fingerprint="f", event="command.roll", person_id=person.id,
            place=Place(channel_id=THREAD), at=now,
        )  # fmt: skip
        await made.key_values.put(report.key, report)
    await made.preferences.change(DORA, fixed=NoticeDelivery.DIRECT)
    await made.preferences.change(ALICE, fixed=NoticeDelivery.NONE)
    made.add_run("r1", shipped=now + timedelta(minutes=1))
    found = Diagnosis(found=True, headline="", cause="", event="command.roll", fingerprint="f")
    made.store.records["r1"].append(found)
    reports = FailureReports(
        IncidentRepository(made.key_values), ShippedFixes(made.store), made.key_values, made.chat,
        made.clock, made.preferences,
    )  # fmt: skip
    for _ in range(2):
        await reports.look()
    told = [(each.ref.channel_id, each.post.notify) for each in made.chat.messages]
    assert sorted(told) == [(-DORA.id, (DORA.id,)), (THREAD, (MALLORY.id,))]
