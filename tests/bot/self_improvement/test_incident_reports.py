"""What people reported about an incident reaches the engine, without names and as data."""

from datetime import timedelta
from pathlib import Path

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import Incident, Report
from bot.domain.people import ITSELF
from tests.support.agent_harness import ALICE, MALLORY, AgentHarness


async def test_reports_on_the_incident_reach_a_run_that_the_bot_started_itself(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    now = world.clock.now()
    reports = tuple(
        Report(person=person, text=text, at=now - timedelta(minutes=minutes))
        for person, text, minutes in (
            (MALLORY, "/roll 0d6 does nothing", 5),
            (ALICE, "the dice crash", 1),
            (MALLORY, "the dice crash", 2),
            (ALICE, "", 3),
        )
    )
    seen = Anomaly(
        rule=Rule.REPEATED_ERROR, event="command.roll", at=now, value=5, threshold=5, volume=5
    )
    incident = Incident(
        id="k7m2xq", event="command.roll", title="/roll fails", anomalies=(seen,), opened_at=now,
        last_at=now, count=5, reports=reports,
    )  # fmt: skip
    other = incident.replace(id="k7m2xz", event="command.poll", reports=(
        Report(person=ALICE, text="polls are late", at=now),
    ))  # fmt: skip
    await world.key_values.put("incident:k7m2xq", incident)
    await world.key_values.put("incident:k7m2xz", other)
    trigger = world.make_trigger().replace(
        person=ITSELF, origin="incident", quotes_bot=True, text="/roll fails", incident="k7m2xq"
    )
    async with world.run_agent() as agent:
        run = await agent.start_itself(trigger)
        await world.wait_until_settled(run.id)
    (assignment,) = world.engine.asked
    assert assignment.request == ""
    assert assignment.evidence.reports == ("the dice crash", "/roll 0d6 does nothing")
