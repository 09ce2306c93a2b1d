"""A digest comes once for each time of its schedule, to people who may read it, with true sums."""

from datetime import UTC, datetime, time, timedelta

import pytest

from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.notices import DigestSchedule
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.run import Waiting
from bot.notices.digest_schedules import DigestRequest, find_newest_slot
from tests.bot.notices.notice_harness import NoticeHarness
from tests.support.agent_harness import ALICE, DEV, DORA, MALLORY


def make_schedule(every: str, zone: str) -> DigestSchedule:
    return DigestSchedule.model_validate(
        {
            "person": DORA, "every": every, "weekday": 0, "at": time(9), "timezone": zone,
            "slot": datetime(2026, 1, 1, tzinfo=UTC),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("every", "zone", "now", "slot"),
    [
        ("daily", "UTC", "2026-11-24T08:59", "2026-11-23T09:00"),
        ("daily", "UTC", "2026-11-24T09:00", "2026-11-24T09:00"),
        ("weekly", "UTC", "2026-11-23T09:30", "2026-11-23T09:00"),
        ("weekly", "UTC", "2026-11-23T08:30", "2026-11-16T09:00"),
        ("daily", "Europe/Berlin", "2026-10-25T10:00", "2026-10-25T08:00"),  # winter time begins
        ("daily", "Europe/Berlin", "2026-10-24T10:00", "2026-10-24T07:00"),
        ("weekly", "Pacific/Auckland", "2026-11-22T21:00", "2026-11-22T20:00"),
    ],
)
def test_the_newest_time_of_a_schedule(every: str, zone: str, now: str, slot: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(slot).replace(tzinfo=UTC)
    assert find_newest_slot(make_schedule(every, zone), at) == expected


async def test_a_digest_counts_what_was_done_and_links_what_waits() -> None:
    made = NoticeHarness()
    await made.state.load()
    now = made.clock.now()
    await made.schedules.choose(DORA, DigestRequest("weekly"))
    await made.schedules.choose(ALICE, DigestRequest("weekly", to_channel=True))
    made.add_run("old", shipped=now - timedelta(days=8))
    await made.charge(5.0, "old")
    made.skip(days=4)
    for number in range(3):
        made.add_run(f"f{number}", shipped=now, verdict="fixed" if number else "not_fixed")
    made.add_run("c1", goal="change", shipped=now)
    waiting = made.add_run("w1", waiting=Waiting.APPROVAL)
    await made.charge(1.0, "f1")
    await made.charge(0.25, None)
    await made.digests.look()
    for channel in (DEV, -DORA.id):
        (post,) = made.list_posts(channel)
        first, *rest = post.text.splitlines()
        assert first == (
            "📰 **This week**: 3 fixes, 1 change, 2 held, 1 did not hold, $6.25, 1 proposal waits."
        )
        assert rest[0].startswith("- waits: #6 ") and f"<#{waiting.thread_id}>" in rest[0]
        assert "@everyone" not in post.text and "https://evil" not in post.text
        assert [each.custom_id for each in post.buttons] == [
            "theseus:later:ask:digest:all",
            "theseus:later:ignore:digest:all",
        ]


async def test_a_digest_comes_once_and_missed_ones_count_as_one() -> None:
    made = NoticeHarness()
    await made.state.load()
    await made.schedules.choose(DORA, DigestRequest("daily", at=time(9)))
    await made.digests.look()
    assert made.chat.messages == [], "the next time is tomorrow"
    made.skip(days=5)
    for _ in range(2):
        await made.digests.look()
        made = NoticeHarness(other=made)
        await made.state.load()
    assert len(made.chat.messages) == 1
    assert await made.schedules.choose(DORA, DigestRequest("off")) is None
    made.skip(days=1)
    await made.digests.look()
    assert len(made.chat.messages) == 1
    with pytest.raises(WrongStage, match="no such digest"):
        await made.schedules.choose(DORA, DigestRequest("off"))


async def test_who_is_not_listed_any_more_gets_no_digest() -> None:
    made = NoticeHarness()
    await made.state.load()
    for request in (DigestRequest("daily"), DigestRequest("daily", to_channel=True)):
        with pytest.raises(NotAuthorized):
            await made.schedules.choose(MALLORY, request)
    await made.schedules.choose(DORA, DigestRequest("daily"))
    made.members.members[DORA.id] = Person(id=DORA.id, name="dora", bot=True)
    made.skip(days=2)
    await made.digests.look()
    assert made.chat.messages == []


async def test_the_digest_of_the_channel_waits_for_the_end_of_quiet_mode() -> None:
    made = NoticeHarness()
    await made.state.load()
    await made.schedules.choose(ALICE, DigestRequest("daily", to_channel=True))
    await made.quiet.begin(ALICE, "nothing", made.clock.now() + timedelta(days=2))
    made.skip(days=1)
    await made.digests.look()
    assert len(made.list_posts(DEV)) == 1, "that it is quiet"
    made.skip(days=1)
    await made.digests.look()
    assert "📰" in made.list_posts(DEV)[-1].text


async def test_a_time_zone_has_to_exist_and_a_choice_can_be_forgotten() -> None:
    made = NoticeHarness()
    with pytest.raises(WrongStage, match="not a time zone"):
        await made.schedules.choose(DORA, DigestRequest("daily", timezone="../../etc/passwd"))
    await made.schedules.choose(DORA, DigestRequest("daily"))
    subject = DataSubject(id=DORA.id, pseudonym="p")
    assert await made.records.erase(subject) == 1
    assert await made.schedules.list_all() == ()
