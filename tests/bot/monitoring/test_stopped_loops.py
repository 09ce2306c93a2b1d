"""A failure that ends a `tasks.loop` happens once, and is reported until the loop runs again."""

from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.journal import (
    ActionOutcome,
    Capsule,
    FailureGroup,
    Kind,
    get_loop_event,
    get_stop_event,
)
from bot.domain.thresholds import Thresholds
from bot.grammar.likeness import find_fitting_failures
from tests.support.agent_harness import DORA, make_capsule
from tests.support.monitoring_harness import MonitoringHarness

HOUR = 3600.0
LOOP = "task.Reminders.deliver"
BROKEN: Capsule = make_capsule(
    exception="KeyError", fingerprint="cafecafecafe", file="cogs/reminders.py", function="deliver"
)


def stops(monitoring_world: MonitoringHarness) -> None:
    """Let one turn of the loop fail, and the loop end with that."""
    monitoring_world.journal_failures(
        1, "Reminders.deliver", BROKEN, event=LOOP, kind=Kind.TASK, user=None
    )
    ended, failed = get_stop_event(LOOP), ActionOutcome.ERROR
    monitoring_world.journal_actions(1, event=ended, kind=Kind.TASK, outcome=failed, user=None)


async def test_it_is_told_at_the_first_failure_with_what_ended_it(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path)
    async with monitoring_world.run_monitoring():
        stops(monitoring_world)
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
        assert incident.title == "the task Reminders.deliver has stopped: KeyError in deliver()"
        assert (incident.fingerprint, incident.count) == ("cafecafecafe", 1)
        assert "does not restart by itself" in monitoring_world.get_card_text()
        history = await monitoring_world.world.store.get_history(incident.run_id or "")
        assert history.evidence is not None
        [group] = history.evidence.groups
        assert (group.event, group.count) == (LOOP, 1)


async def test_it_goes_on_while_nothing_happens_and_is_over_when_the_loop_runs(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=Autonomy(level=Level.REPORT))
    async with monitoring_world.run_monitoring():
        stops(monitoring_world)
        await monitoring_world.pass_time(5 * HOUR)
        assert monitoring_world.get_incident().open
        monitoring_world.journal_actions(1, "Reminders.deliver", event=LOOP, kind=Kind.TASK)
        await monitoring_world.pass_time(70)
        assert not monitoring_world.get_incident().open
        assert "It stopped <t:" in monitoring_world.get_card_text()


async def test_who_says_that_the_loop_died_joins_it(tmp_path: Path) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=Autonomy(level=Level.REPORT))
    async with monitoring_world.run_monitoring():
        stops(monitoring_world)
        await monitoring_world.pass_time(10)
        said = monitoring_world.world.make_trigger("reminder loop", person=DORA)
        joined = await monitoring_world.find_incident(said.replace(text="the reminder loop died"))
        assert joined is not None
        assert joined.id == monitoring_world.get_incident().id


@pytest.mark.parametrize(
    "said", ["reminder loop", "background reminder task", "reminders job", "delivery loop"]
)
def test_people_call_a_loop_by_several_names(said: str, tmp_path: Path) -> None:
    world = MonitoringHarness(tmp_path)
    world.journal_failures(1, "Reminders.deliver", BROKEN, event=LOOP, kind=Kind.TASK)
    action = world.world.journal.actions[-1]
    group = FailureGroup(
        fingerprint="cafecafecafe", event=LOOP, count=1, first_seen=action.ts, last_seen=action.ts,
        newest=action, action_ids=(action.id,),
    )  # fmt: skip
    assert find_fitting_failures(said, [group], ["remind"]).certain == (group,)


def test_only_the_end_of_a_task_tells_of_a_loop() -> None:
    assert get_loop_event(get_stop_event(LOOP)) == LOOP
    assert get_loop_event(LOOP) is get_loop_event("command.music.stopped") is None
    rules = Thresholds.model_validate({"error_rate": None}).get_rules(get_stop_event(LOOP))
    assert rules.error_rate is not None
    assert (rules.error_rate.volume, rules.repeated_error, rules.latency) == (1, None, None)
