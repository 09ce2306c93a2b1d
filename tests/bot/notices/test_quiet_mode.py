"""Quiet mode holds what can wait, never what is urgent, and nothing slips through a restart."""

from datetime import timedelta

import pytest

from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.incident import Incident, Severity
from bot.domain.monitoring_config import IncidentsConfig
from bot.domain.notices import QuietLevel
from bot.domain.personal_data import DataSubject
from bot.intake.kinds.notice import parse_quiet_end
from bot.monitoring.digests import Digests
from bot.monitoring.incident_repository import IncidentRepository
from tests.bot.monitoring.test_storms_and_quiet_hours import SEEN
from tests.bot.notices.notice_harness import NoticeHarness
from tests.fakes.fake_clock import START
from tests.support.agent_harness import ALICE, DEV, MALLORY


def make_incident(made: NoticeHarness, number: int, severity: Severity) -> Incident:
    now = made.clock.now()
    return Incident(
        id=f"i{number}", severity=severity, event="command.roll", title="/roll fails",
        anomalies=(SEEN,), opened_at=now, last_at=now,
    )  # fmt: skip


async def test_nobody_but_listed_people_makes_the_bot_quiet() -> None:
    made = NoticeHarness()
    await made.state.load()
    with pytest.raises(NotAuthorized):
        await made.quiet.begin(MALLORY, "nothing", None)
    await made.quiet.begin(ALICE, "nothing", None)
    with pytest.raises(NotAuthorized):
        await made.quiet.end(MALLORY)
    assert made.state.has_to_wait(needs_person=True)
    await made.quiet.end(ALICE)
    with pytest.raises(WrongStage, match="not in quiet mode"):
        await made.quiet.end(ALICE)
    assert [text.split(" ")[0] for text in made.chat.list_texts(DEV)] == ["🔕", "🔔"]


@pytest.mark.parametrize(("level", "holds_asking"), [("needs a person", False), ("nothing", True)])
async def test_a_level_says_what_is_held_until_its_end_also_after_a_restart(
    level: QuietLevel, holds_asking: bool
) -> None:
    made = NoticeHarness()
    await made.state.load()
    await made.quiet.begin(ALICE, level, made.clock.now() + timedelta(hours=2))
    restarted = NoticeHarness(other=made)
    assert restarted.state.has_to_wait(needs_person=True), "held until it is loaded"
    await restarted.state.load()
    assert restarted.state.has_to_wait()
    assert restarted.state.has_to_wait(needs_person=True) is holds_asking
    made.skip(hours=2)
    assert not restarted.state.has_to_wait()


async def test_only_high_severity_is_announced_and_the_rest_comes_together_afterwards() -> None:
    made = NoticeHarness()
    await made.state.load()
    repository = IncidentRepository(made.key_values)
    await repository.load()
    digests = Digests(repository, IncidentsConfig(), made.state)
    await made.quiet.begin(ALICE, "nothing", made.clock.now() + timedelta(hours=1))
    found = [
        make_incident(made, number, severity)
        for number, severity in enumerate((Severity.HIGH, Severity.MEDIUM, Severity.LOW))
    ]
    for each in found:
        repository.put(each)
    assert digests.sort_in(tuple(found), made.clock.now()) == (found[0],)
    made.skip(minutes=30)
    await made.quiet.end(ALICE)
    assert digests.sort_in(tuple(found[1:]), made.clock.now()) == ()
    assert [each.incidents for each in repository.digests] == [("i1", "i2")]


async def test_a_person_who_asks_to_be_forgotten_ends_their_quiet_mode() -> None:
    made = NoticeHarness()
    await made.state.load()
    await made.quiet.begin(ALICE, "nothing", None)
    subject = DataSubject(id=ALICE.id, pseudonym="p")
    assert (await made.records.count_records(subject), await made.records.erase(subject)) == (1, 1)
    assert not made.state.has_to_wait() and await made.records.count_records(subject) == 0


def test_an_hour_alone_is_the_next_one_of_the_morning_or_evening() -> None:
    assert parse_quiet_end("6", START) == START.replace(hour=18)  # it is 14:00
    assert parse_quiet_end("2", START) == START.replace(hour=2) + timedelta(days=1)
    assert parse_quiet_end("", START) is None
    with pytest.raises(WrongStage, match="as a time"):
        parse_quiet_end("99", START)
