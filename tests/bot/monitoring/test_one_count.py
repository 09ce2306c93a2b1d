"""An incident has one count since one time, and every text shows these."""

from datetime import timedelta
from pathlib import Path

from bot.detection import Detector
from bot.domain.anomaly import Rule
from bot.domain.charts import TimeChart
from bot.domain.incident import Incident, Severity
from bot.domain.thresholds import Thresholds
from bot.monitoring.incident_charts import chart_of
from bot.monitoring.self_audit_summaries import open_incidents
from bot.presentation.cards import format_incident_line
from bot.web._incident_chart import build_incident_chart, chart_since
from tests.support.agent_harness import make_capsule
from tests.support.monitoring_harness import MonitoringHarness
from tests.support.streams import (
    HOUR,
    MINUTE,
    T0,
    detect_anomalies,
    generate_failing,
    generate_steady,
)

SLOT = timedelta(minutes=5)
OTHER = make_capsule(exception="KeyError", fingerprint="beefbeefbeef")


async def noticed(monitoring_world: MonitoringHarness) -> Incident:
    """Let it fail twice, three hours later seven times over three minutes."""
    monitoring_world.journal_actions(40)
    monitoring_world.journal_failures(2)
    await monitoring_world.pass_time(3 * HOUR)
    monitoring_world.journal_actions(40)
    for _ in range(7):
        monitoring_world.journal_failures(1)
        await monitoring_world.pass_time(30)
    await monitoring_world.pass_time(15)
    return monitoring_world.get_incident()


async def test_message_list_dashboard_and_self_audit_tell_the_same_number_and_time(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        began = monitoring_world.clock.now() + timedelta(hours=3)
        incident = await noticed(monitoring_world)
        since = f"<t:{began.timestamp():.0f}:R>"
        assert (incident.count, incident.since) == (7, began)
        assert f"How often: 7 times\nSince: {since}" in monitoring_world.get_card_text()
        assert (
            "times IndexError" not in monitoring_world.get_card_text()
        )  # a count that would grow old
        assert f"7 times · since {since}" in format_incident_line(incident)
        [line] = open_incidents([incident])
        assert (line.count, line.since) == (7, began)
        now, journal = monitoring_world.clock.now(), monitoring_world.world.journal
        at = chart_since(incident, now)
        samples = await journal.list_samples(since=at, until=now, event=incident.event)
        chart = build_incident_chart(incident, samples, (), at, now)
        await monitoring_world.pass_time(40)
        picture = monitoring_world.charts.drawn[-1]
        assert isinstance(picture, TimeChart)
        assert (picture.unit, picture.threshold) == ("in 5 min", None)
        lately = [each.value for each in picture.lines[0].points if each.at >= began - SLOT]
        assert sum(lately) == 7
        assert chart.description.startswith(f"7 times since {began:%Y-%m-%d %H:%M}")
        assert sum(row.values[0] or 0 for row in chart.rows) == 7
        [group] = await journal.list_failures(since=incident.since)
        assert group.count == 7


async def test_the_run_about_it_counts_since_the_same_moment(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        incident = await noticed(monitoring_world)
        history = await monitoring_world.world.store.get_history(incident.run_id or "")
        assert history.evidence is not None
        [group] = history.evidence.groups
        assert (group.count, group.first_seen) == (5, incident.since)  # when it was looked into


async def test_with_every_failure_of_the_action_those_of_the_same_minutes_count(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.journal_actions(30)
        monitoring_world.journal_failures(3, error=OTHER)
        await monitoring_world.pass_time(10)
        monitoring_world.journal_failures(5)
        await monitoring_world.pass_time(10)
        assert monitoring_world.get_incident().count == 5
        monitoring_world.journal_failures(
            10
        )  # 18 of 48 failed: the error rate is over its threshold
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
    assert Rule.ERROR_RATE in incident.rules
    assert incident.count == 18
    [*groups] = await monitoring_world.world.journal.list_failures(since=incident.since)
    assert sum(group.count for group in groups) == 18


def charted(deploy: float) -> TimeChart:
    """Return the chart of two hours of some failures, with a deploy so long after they began."""
    detector = Detector(Thresholds(repeated_error=None, latency=None))
    every = sorted(
        [
            *generate_steady(0, deploy, 60, commit="old"),
            *generate_steady(deploy, 2 * HOUR, 60, commit="new"),
            *generate_failing(100 * MINUTE, 20, 20.0, commit="new"),
        ],
        key=lambda each: each.at,
    )
    [anomaly] = detect_anomalies(detector, every)
    incident = Incident(
        id="abc123", event=anomaly.event, title="/roll fails", anomalies=(anomaly,),
        opened_at=anomaly.at, last_at=anomaly.at,
    )  # fmt: skip
    chart = chart_of(incident, detector)
    assert chart is not None
    return chart


def test_the_minutes_that_two_codes_share_are_a_gap_in_the_line() -> None:
    chart = charted(62 * MINUTE)
    [mark], [line] = chart.marks, chart.lines
    assert chart.shape == "line"
    assert mark.at.timestamp() == T0 + 62 * MINUTE
    assert not [each for each in line.points if each.at < mark.at < each.at + SLOT]
    assert len(line.points) >= 20


async def test_an_error_of_our_code_becomes_high_when_it_repeats_often(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        assert (await noticed(monitoring_world)).severity is Severity.MEDIUM
        monitoring_world.journal_failures(2)
        await monitoring_world.pass_time(30)
        assert monitoring_world.get_incident().severity is Severity.MEDIUM
        monitoring_world.journal_failures(1)
        await monitoring_world.pass_time(30)
        incident = monitoring_world.get_incident()
        assert (incident.count, incident.severity) == (10, Severity.HIGH)
