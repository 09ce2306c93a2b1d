"""Each fault is reported once, in one message that is kept up to date across restarts."""

from pathlib import Path

import pytest

from bot.domain.charts import TimeChart
from bot.domain.errors import JournalError
from bot.ports.journal import Followed
from tests.fakes.fake_journal import FakeJournal
from tests.support.agent_harness import DEV, make_capsule
from tests.support.crash_point import CrashPoint
from tests.support.monitoring_harness import MonitoringHarness

MINUTE = 60.0


class Interrupted(FakeJournal):
    """A journal that cannot be read the next few times."""

    unreadable = 0

    async def follow(self, cursor: str | None, *, limit: int = 10_000) -> Followed:
        if self.unreadable:
            self.unreadable -= 1
            raise JournalError("The disk is gone.")
        return await super().follow(cursor, limit=limit)


async def test_a_fault_is_announced_within_five_seconds_of_the_crossing(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_actions(20)
        monitoring_world.journal_failures(4)
        await monitoring_world.pass_time(5)
        assert monitoring_world.list_keys() == []
        monitoring_world.journal_failures(1, user="u2")
        await monitoring_world.pass_time(5)
        incident = monitoring_world.get_incident()
        assert monitoring_world.list_keys() == [f"incident:{incident.id}"]
        assert incident.title == "/roll fails: IndexError in face()"
        assert incident.title in monitoring_world.get_card_text()
        assert "I noticed it when it failed 5 times in 10 min." in monitoring_world.get_card_text()
        assert monitoring_world.chat.find_by_key(f"incident:{incident.id}").ref.channel_id == DEV


async def test_more_of_it_and_too_many_of_it_update_the_same_message(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5, user="u1")
        await monitoring_world.pass_time(6)
        monitoring_world.journal_failures(7, user="u2")  # now its error rate is too high as well
        await monitoring_world.pass_time(12)
        incident = monitoring_world.get_incident()
        assert {str(rule) for rule in incident.rules} == {"repeated_error", "error_rate"}
        assert incident.severity == "high"
        assert incident.count == 12
        assert incident.title.startswith("/roll fails: ")
        assert len(monitoring_world.list_keys()) == 1
        assert "12 times" in monitoring_world.get_card_text()
        assert "2 people" in monitoring_world.get_card_text()


async def test_an_anomaly_is_announced_once_through_five_restarts(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    for _ in range(6):
        async with monitoring_world.run_monitoring():
            monitoring_world.journal_failures(5)
            await monitoring_world.pass_time(10)
    assert len(monitoring_world.list_keys()) == 1
    assert monitoring_world.get_incident().count == 30


async def test_killed_anywhere_it_is_told_once_and_counted_right(tmp_path: Path) -> None:
    told = []
    for after in (1, 6, 11, 16, 22, 30, 400):
        monitoring_world = MonitoringHarness(tmp_path / str(after))
        async with monitoring_world.run_monitoring():
            monitoring_world.journal_actions(3)
        fuse = CrashPoint(after)
        async with monitoring_world.run_monitoring(fuse):
            monitoring_world.journal_failures(6)
            await monitoring_world.pass_time(20)
        async with monitoring_world.run_monitoring():
            await monitoring_world.pass_time(1)
            monitoring_world.journal_failures(6)
            await monitoring_world.pass_time(25)
            incident = monitoring_world.get_incident()
        assert monitoring_world.list_keys() == [f"incident:{incident.id}"], after
        assert incident.count == 12, after
        assert len(await monitoring_world.world.store.find()) == 1, after
        told.append(fuse.hits > after)
    assert told[0]
    assert not told[-1]  # that one was not killed any more


async def test_a_flapping_kind_does_not_spam(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        for _ in range(24):
            monitoring_world.journal_failures(5)
            await monitoring_world.pass_time(5)
            await monitoring_world.pass_time(61 * MINUTE)
    said = monitoring_world.list_keys()
    incident = monitoring_world.get_incident()
    assert incident.recurrences > 5
    assert said[0] == f"incident:{incident.id}"
    assert len(said) <= 1 + 24 / 6


async def test_a_quiet_incident_is_resolved_and_says_how_long_it_lasted(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        for _ in range(4):
            monitoring_world.journal_failures(5)
            await monitoring_world.pass_time(5 * MINUTE)
        await monitoring_world.pass_time(24 * MINUTE)
        assert monitoring_world.get_incident().open
        await monitoring_world.pass_time(3 * MINUTE)
        incident = monitoring_world.get_incident()
        assert not incident.open
        assert "✅ Resolved: /roll fails" in monitoring_world.get_card_text()
        assert "It lasted 15 min" in monitoring_world.get_card_text()
        assert monitoring_world.list_button_labels() == []
    assert len(monitoring_world.list_keys()) == 1


async def test_what_comes_back_within_a_day_is_the_same_incident_and_says_again(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(8 * 60 * MINUTE)
        assert not monitoring_world.get_incident().open
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
        assert incident.open
        assert monitoring_world.list_keys() == [
            f"incident:{incident.id}",
            f"incident:{incident.id}:again:1",
        ]
        again = monitoring_world.chat.find_by_key(f"incident:{incident.id}:again:1").post
        assert "Again: /roll fails" in again.text
        assert incident.message is not None
        assert again.reply_to == incident.message.message_id
        assert "again: /roll fails" in monitoring_world.get_card_text()


async def test_after_more_than_a_day_it_is_a_new_incident(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(26 * 60 * MINUTE)
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
    new, old = monitoring_world.monitoring.list_incidents()
    assert f"The same fault was incident `{old.id}`, last seen" in monitoring_world.get_card_text(
        new
    )
    assert old.followed_by == new.id
    assert len(monitoring_world.list_keys()) == 2


async def test_another_failure_of_the_same_command_is_an_incident_of_its_own(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_actions(100)
        monitoring_world.journal_failures(5)
        monitoring_world.journal_failures(
            5, error=make_capsule(exception="KeyError", fingerprint="beefbeefbeef")
        )
        await monitoring_world.pass_time(6)
    assert len(monitoring_world.monitoring.list_incidents()) == 2


async def test_slowness_names_what_is_usual(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        for _ in range(30):
            monitoring_world.journal_actions(10, "search", duration_ms=100.0)
            await monitoring_world.pass_time(MINUTE)
        for _ in range(5):
            monitoring_world.journal_actions(10, "search", duration_ms=900.0)
            await monitoring_world.pass_time(MINUTE)
        incident = monitoring_world.get_incident()
        await monitoring_world.pass_time(70)
        assert "I only investigate by myself" in incident.level
        assert (
            "/search is slow: p95 900 ms in the last 10 min, 100 ms before"
            in monitoring_world.get_card_text()
        )
    assert incident.severity == "low"
    assert incident.title.startswith("/search is slow: 5 % take over ")
    assert "usually" in incident.title


async def test_what_cannot_be_posted_stops_nothing_and_is_not_tried_for_ever(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    monitoring_world.chat.gone.add(DEV)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        monitoring_world.journal_failures(5, "poll", make_capsule(fingerprint="ab" * 6))
        await monitoring_world.pass_time(10)
    assert len(monitoring_world.monitoring.list_incidents()) == 2
    assert monitoring_world.list_keys() == []


async def test_where_it_was_cannot_be_read_so_it_begins_now_and_counts_on(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
    monitoring_world.world.key_values.bodies["detection"] = '{"cursor": 7, "of": "another version"}'
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        assert monitoring_world.get_incident().count == 10
    assert len(monitoring_world.list_keys()) == 1


async def test_a_journal_that_cannot_be_read_for_a_while_is_read_afterwards(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    monitoring_world.world.journal = journal = Interrupted()
    async with monitoring_world.run_monitoring():
        journal.unreadable = 5
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(3)
        assert monitoring_world.list_keys() == []
        for _ in range(8):  # it is tried again after longer and longer waits
            await monitoring_world.pass_time(8)
        assert len(monitoring_world.list_keys()) == 1


async def test_judging_goes_on_while_discord_takes_nothing(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.chat.hold()
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        monitoring_world.journal_failures(5, "poll", make_capsule(fingerprint="ab" * 6))
        await monitoring_world.pass_time(20)
        assert len(monitoring_world.monitoring.list_incidents()) == 2
        monitoring_world.chat.release()
        await monitoring_world.pass_time(10)
    assert len(monitoring_world.list_keys()) == 2


async def test_the_message_gets_a_chart_that_is_drawn_anew_every_half_minute_at_most(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5, commit="a" * 40)
        await monitoring_world.pass_time(10)
        [image] = monitoring_world.get_post().images
        assert image.name.endswith(".png")
        drawn = len(monitoring_world.charts.drawn)
        for _ in range(60):
            monitoring_world.journal_failures(1, commit="a" * 40)
            await monitoring_world.pass_time(1)
        assert drawn < len(monitoring_world.charts.drawn) <= drawn + 2
        count = len(monitoring_world.charts.drawn)
        await monitoring_world.pass_time(120)
        assert len(monitoring_world.charts.drawn) == count


@pytest.mark.parametrize("left_out", ["charts", "library"])
async def test_without_charts_the_message_says_the_same(tmp_path: Path, left_out: str) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    if left_out == "charts":
        monitoring_world.config = monitoring_world.config.replace(charts=False)
    else:
        monitoring_world.charts.missing = True
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
    assert monitoring_world.get_post().images == ()
    assert "/roll fails" in monitoring_world.get_card_text()


async def test_deploys_are_marked_in_the_chart(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_actions(30, commit="a" * 40)
        await monitoring_world.pass_time(10 * MINUTE)
        monitoring_world.journal_actions(1, commit="b" * 40)
        await monitoring_world.pass_time(10 * MINUTE)
        monitoring_world.journal_failures(5, commit="b" * 40)
        await monitoring_world.pass_time(10)
        monitoring_world.journal_failures(20, commit="b" * 40)
        await monitoring_world.pass_time(60)
    chart = monitoring_world.charts.drawn[-1]
    assert isinstance(chart, TimeChart)
    assert [mark.text for mark in chart.marks] == ["deploy bbbbbbb"]
    assert chart.unit == "%"
    assert chart.shape == "bars"  # two moments make no line
    assert chart.threshold == 30


async def test_the_chat_has_told_of_what_it_has_and_of_nothing_that_waits(tmp_path: Path) -> None:
    """What alerts people elsewhere goes by it: what waits to be sent was told to nobody."""
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring() as monitoring:
        monitoring_world.chat.hold()
        monitoring_world.journal_failures()
        await monitoring_world.pass_time(5)
        assert not monitoring.is_announced(monitoring_world.get_incident())
        monitoring_world.chat.release()
        await monitoring_world.pass_time(5)
        assert monitoring.is_announced(monitoring_world.get_incident())


async def test_a_digest_that_waits_has_told_nobody_of_what_it_lists(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring() as monitoring:
        monitoring_world.chat.hold()
        monitoring_world.journal_faults(20)
        await monitoring_world.pass_time(10)
        incidents = monitoring.list_incidents()
        assert len(incidents) == 20
        assert any(each.digest for each in incidents)
        assert not any(map(monitoring.is_announced, incidents))
        monitoring_world.chat.release()
        await monitoring_world.pass_time(10)
        assert all(map(monitoring.is_announced, monitoring.list_incidents()))
