"""Many faults at once are one message; minor ones wait until after the quiet hours."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import Incident, Severity
from bot.domain.monitoring_config import IncidentsConfig, QuietHours, Storm
from bot.domain.thresholds import RepeatedError, Thresholds
from bot.monitoring.digests import is_quiet
from bot.monitoring.incident_repository import MOST_OPEN, IncidentRepository
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.support.agent_harness import ALICE, make_capsule
from tests.support.crash_point import CrashPoint
from tests.support.monitoring_harness import MonitoringHarness

HOUR = 3600.0
BERLIN = QuietHours.model_validate({"from": "22:00", "to": "07:00", "timezone": "Europe/Berlin"})
SEEN = Anomaly(
    rule=Rule.REPEATED_ERROR,
    event="command.roll",
    at=datetime(2026, 7, 1, tzinfo=UTC),
    value=5,
    threshold=5,
    volume=5,
)
# Only a repeated failure is medium here, and the clock of a test begins at 14:00 UTC.
SIESTA = QuietHours.model_validate({"from": "13:00", "to": "16:00"})


def medium(hours: QuietHours | None = SIESTA) -> IncidentsConfig:
    """Return a configuration in which nothing is loud."""
    return IncidentsConfig(
        quiet_hours=hours,
        resolved_after_minutes=600,
        severity=dict.fromkeys(Rule, Severity.MEDIUM),
    )


async def test_other_thresholds_and_quiet_hours_count_while_it_runs(tmp_path: Path) -> None:
    thresholds = Thresholds(error_rate=None, latency=None)
    watched = MonitoringHarness(tmp_path, config=medium(None), thresholds=thresholds)
    fewer = thresholds.replace(repeated_error=RepeatedError(times=2))
    async with watched.run_monitoring() as monitoring:
        watched.journal_failures(1)
        await watched.pass_time(5)
        had = monitoring.reconfigure(fewer, medium(SIESTA).replace(charts=False), Autonomy())
        assert had == medium(SIESTA)
        watched.journal_failures(1)
        await watched.pass_time(5)
        assert watched.get_incident().noticed == "it failed 2 times in 10 min"
        assert watched.list_keys() == [], "it is quiet now, and what was counted before counted on"
        monitoring.reconfigure(thresholds, medium(None), Autonomy(level=Level.REPORT))
        await watched.pass_time(5)
        assert len(watched.list_keys()) == 1
        watched.journal_failures(
            4, "quote", make_capsule(fingerprint="0" * 12, file="cogs/quote.py")
        )
        await watched.pass_time(5)
        assert len(watched.monitoring.list_incidents()) == 1, "five times again"
        assert await watched.world.store.find() == (), "and it only tells"


async def test_a_hundred_faults_at_once_are_one_digest_and_start_nothing(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_faults(100)
        await monitoring_world.pass_time(10)
        assert len(monitoring_world.monitoring.list_incidents()) == 100
        [key] = monitoring_world.list_keys()
        assert key.startswith("incidents:")
        card = monitoring_world.chat.find_by_key(key).post.card
        assert card is not None
        assert card.title == "100 faults at once, 100 of them still open"
        assert "… and 80 more" in card.body
        assert await monitoring_world.world.store.find() == ()


async def test_a_storm_over_a_minute_is_few_messages_and_one_digest(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        for number in range(40):
            monitoring_world.journal_failures(
                5, f"c{number}", make_capsule(fingerprint=f"{number:012x}")
            )
            await monitoring_world.pass_time(1.5)
        await monitoring_world.pass_time(10)
    said = monitoring_world.list_keys()
    assert len([key for key in said if key.startswith("incidents:")]) == 1
    assert len(said) <= 6


async def test_a_button_of_the_digest_starts_the_run_of_its_incident_in_a_thread_of_its_own(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_faults(8)
        await monitoring_world.pass_time(10)
        [key] = monitoring_world.list_keys()
        said = monitoring_world.chat.find_by_key(key)
        first, second = (each.arguments[1] for each in said.post.buttons[5:7])
        threads = set[int | None]()
        for number, incident_id in enumerate((first, second)):
            asked = await monitoring_world.intake.incidents.ask(
                incident_id, "fix", ALICE, key=f"press{number}", message=said.ref
            )
            assert asked.incident is not None
            assert asked.incident.id == incident_id
            threads.add(asked.run.thread_id)
        assert len(threads - {None}) == 2
        await monitoring_world.pass_time(10)
        labels = [each.label for each in monitoring_world.chat.find_by_key(key).post.buttons]
        investigate = [each for each in labels if each.endswith("Investigate")]
        assert investigate == ["3 Investigate", "4 Investigate", "5 Investigate"]


async def test_the_digest_is_edited_in_place_as_its_incidents_end(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_faults(8)
        await monitoring_world.pass_time(10)
        await monitoring_world.pass_time(32 * 60)
        await monitoring_world.pass_time(70)
        [key] = monitoring_world.list_keys()
        card = monitoring_world.chat.find_by_key(key).post.card
        assert card is not None
        assert card.title == "8 faults at once, 0 of them still open"


async def test_after_the_storm_faults_are_told_one_by_one_again(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_faults(8)
        await monitoring_world.pass_time(10)
        await monitoring_world.pass_time(300)
        monitoring_world.journal_failures(5, "poll", make_capsule(fingerprint="ab" * 6))
        await monitoring_world.pass_time(10)
    assert len(monitoring_world.list_keys()) == 2
    assert len(monitoring_world.list_keys("incident:")) == 1


async def test_killed_in_a_storm_it_tells_one_digest_and_nothing_twice(tmp_path: Path) -> None:
    for after in range(10, 140, 26):
        monitoring_world = MonitoringHarness(
            tmp_path / str(after), config=IncidentsConfig(storm=Storm(incidents=2))
        )
        async with monitoring_world.run_monitoring():
            monitoring_world.journal_actions(1)
        async with monitoring_world.run_monitoring(CrashPoint(after)):
            monitoring_world.journal_faults(4)
            await monitoring_world.pass_time(8)
        async with monitoring_world.run_monitoring():
            await monitoring_world.pass_time(20)
        alone = monitoring_world.list_keys("incident:")
        assert len(monitoring_world.list_keys("incidents:")) == 1, after
        assert len(alone) == len(set(alone)) <= 2, after
        incidents = monitoring_world.monitoring.list_incidents()
        assert len(incidents) == 4, after
        assert all(each.is_announced for each in incidents), after


def test_the_quietest_that_was_longest_not_seen_makes_room_for_another() -> None:
    incident_repository, now = (
        IncidentRepository(FakeKeyValueStore()),
        datetime(2026, 7, 1, 12, tzinfo=UTC),
    )
    for number in range(MOST_OPEN):
        assert incident_repository.make_room() is None
        at = now + timedelta(seconds=number)
        incident_repository.put(
            Incident(
                id=f"i{number}",
                severity=Severity.LOW if number in (70, 150) else Severity.HIGH,
                event="command.roll",
                title="/roll fails",
                anomalies=(SEEN.replace(at=at),),
                opened_at=at,
                last_at=at,
            )
        )
    room = incident_repository.make_room()
    assert room is not None
    assert room.id == "i70"


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-07-01T19:59:00", False),  # 21:59 in Berlin, summer time
        ("2026-07-01T20:00:00", True),
        ("2026-07-02T00:30:00", True),
        ("2026-07-02T04:59:00", True),
        ("2026-07-02T05:00:00", False),
        ("2026-12-01T20:30:00", False),  # winter time
        ("2026-12-01T21:00:00", True),
        ("2026-12-02T05:30:00", True),
        ("2026-12-02T06:00:00", False),
        ("2026-10-25T00:30:00", True),  # 02:30, for the first time that night
        ("2026-10-25T01:30:00", True),  # and for the second
        ("2026-10-25T05:30:00", True),  # 06:30 in winter time
        ("2026-10-25T06:00:00", False),
        ("2026-03-29T04:59:00", True),  # the night that is an hour short
        ("2026-03-29T05:00:00", False),
    ],
)
def test_quiet_hours_go_by_the_clock_on_the_wall(at: str, quiet: bool) -> None:
    assert is_quiet(BERLIN, datetime.fromisoformat(at).replace(tzinfo=UTC)) is quiet


def test_quiet_hours_may_lie_within_a_day_or_fill_it() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert is_quiet(SIESTA.model_copy(update={"start": time(12)}), noon)
    assert not is_quiet(SIESTA, noon)
    assert is_quiet(SIESTA.model_copy(update={"start": time(0), "end": time(0)}), noon)
    assert not is_quiet(None, noon)


async def test_what_can_wait_is_told_after_the_quiet_hours_if_it_still_goes_on(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path, config=medium())
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(HOUR)
        assert monitoring_world.list_keys() == []
        assert await monitoring_world.world.store.find() == ()
        await monitoring_world.pass_time(HOUR + 60)
        assert monitoring_world.list_keys() == [f"incident:{monitoring_world.get_incident().id}"]


async def test_several_that_were_held_back_come_in_one_message(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, config=medium())
    async with monitoring_world.run_monitoring():
        for number in range(3):
            monitoring_world.journal_failures(
                5, f"c{number}", make_capsule(fingerprint=f"{number:012x}")
            )
            await monitoring_world.pass_time(300)
        await monitoring_world.pass_time(2 * HOUR)
        [key] = monitoring_world.list_keys()
        card = monitoring_world.chat.find_by_key(key).post.card
        assert card is not None
        assert card.title == "From the quiet hours: 3 incidents, 3 of them still open"
        await monitoring_world.pass_time(HOUR)
    assert len(monitoring_world.list_keys()) == 1


async def test_what_ended_in_the_quiet_hours_is_not_told(tmp_path: Path) -> None:
    config = medium().replace(resolved_after_minutes=30)
    monitoring_world = MonitoringHarness(tmp_path, config=config)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(HOUR)
        await monitoring_world.pass_time(2 * HOUR)
    assert not monitoring_world.get_incident().open
    assert monitoring_world.list_keys() == []


async def test_high_severity_speaks_in_quiet_hours_too(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, config=IncidentsConfig(quiet_hours=SIESTA))
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        assert monitoring_world.list_keys() == []
        monitoring_world.journal_failures(5)  # and now too many of all
        await monitoring_world.pass_time(10)
        assert len(monitoring_world.list_keys()) == 1
