"""If a command has two faults, the error that a user points at is selected."""

from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.ids import shorten_id
from bot.domain.run import Run, Status
from bot.domain.thresholds import Thresholds
from tests.support.agent_harness import ALICE, make_capsule
from tests.support.monitoring_harness import MonitoringHarness

INDEX = make_capsule(fingerprint="aaaaaaaaaaaa")
KEY = make_capsule(exception="KeyError", function="total", fingerprint="bbbbbbbbbbbb")


def world_of(folder: Path, level: Level = Level.PROPOSE) -> MonitoringHarness:
    """Return a world in which only the share of failures opens incidents."""
    rules = Thresholds(repeated_error=None)
    return MonitoringHarness(folder, autonomy=Autonomy(level=level), thresholds=rules)


def fail_both_ways(monitoring_world: MonitoringHarness, times: int = 12) -> None:
    """Let `/roll` fail by turns in two ways and now and then in a third: none is the commonest."""
    for _ in range(times):
        monitoring_world.journal_failures(
            1, error=make_capsule(exception="OSError", fingerprint="cccccccccccc")
        )
        for error in (KEY, INDEX, KEY, INDEX):
            monitoring_world.journal_failures(1, error=error)


def newest(monitoring_world: MonitoringHarness, exception: str) -> str:
    """Return the id that the newest error message of that kind shows."""
    failed = [each for each in monitoring_world.world.journal.actions if each.error]
    found = [each for each in failed if each.error and each.error.exception == exception]
    return shorten_id(found[-1].id)


async def fault_of(monitoring_world: MonitoringHarness, run: Run) -> str:
    """Return the fingerprint of what a run found, once it has."""
    settled = await monitoring_world.world.wait_until_settled(run.id)
    diagnosis = (await monitoring_world.world.store.get_history(settled.id)).diagnosis
    assert diagnosis is not None
    return diagnosis.fingerprint


async def under_way(monitoring_world: MonitoringHarness) -> tuple[str, str]:
    """Return the id of the only run, and which exception it is about by its diagnosis."""
    [run] = await monitoring_world.world.store.find()
    history = await monitoring_world.world.store.get_history(run.id)
    assert history.diagnosis is not None
    first = history.diagnosis.fingerprint
    return run.id, "IndexError" if first == INDEX.fingerprint else "KeyError"


@pytest.mark.parametrize("level", [Level.PROPOSE, Level.INVESTIGATE])
async def test_the_error_somebody_points_at_gets_a_run_whatever_the_incident_is_about(
    tmp_path: Path, level: Level
) -> None:
    monitoring_world = world_of(tmp_path, level)
    async with monitoring_world.run_monitoring():
        fail_both_ways(monitoring_world)
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
        assert incident.fingerprint is None
        assert incident.run_id is not None
        own = await monitoring_world.world.store.get(incident.run_id)
        first = await fault_of(monitoring_world, own)
        other = "KeyError" if first == INDEX.fingerprint else "IndexError"
        trigger = monitoring_world.world.make_trigger("", error_id=newest(monitoring_world, other))
        asked = await monitoring_world.ask(trigger)
        assert asked.run.id != own.id
        assert not asked.joined
        assert await fault_of(monitoring_world, asked.run) != first


async def test_who_points_at_the_error_that_is_worked_on_joins_its_run(tmp_path: Path) -> None:
    monitoring_world = world_of(tmp_path)
    async with monitoring_world.run_monitoring():
        monitoring_world.world.engine.hold()
        fail_both_ways(monitoring_world)
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
        assert (incident.fingerprint, incident.run_id is None) == (None, False)
        own, first = await under_way(monitoring_world)
        pointed_at = newest(monitoring_world, first)
        trigger = monitoring_world.world.make_trigger("", error_id=pointed_at)
        asked = await monitoring_world.ask(trigger)
        assert (asked.run.id, asked.joined) == (own, True)


async def test_two_who_point_at_the_second_error_share_one_run(tmp_path: Path) -> None:
    monitoring_world = world_of(tmp_path, Level.REPORT)
    async with monitoring_world.run_monitoring():
        monitoring_world.world.engine.hold()
        fail_both_ways(monitoring_world)
        await monitoring_world.pass_time(10)
        runs = [
            (
                await monitoring_world.ask(
                    monitoring_world.world.make_trigger(said, person=ALICE, error_id=each)
                )
            )
            for said, each in (
                ("roll", newest(monitoring_world, "IndexError")),
                ("rolls", newest(monitoring_world, "KeyError")),
                ("rolling", newest(monitoring_world, "KeyError")),
                ("rolled", newest(monitoring_world, "IndexError")),
            )
        ]
        first, second, third, fourth = (each.run.id for each in runs)
        assert first == fourth
        assert second == third
        assert first != second
        assert [each.joined for each in runs] == [False, False, True, True]


async def test_an_incident_of_that_very_error_is_joined_before_one_of_the_whole_command(
    tmp_path: Path,
) -> None:
    monitoring_world = MonitoringHarness(tmp_path, autonomy=Autonomy(level=Level.REPORT))
    async with monitoring_world.run_monitoring() as monitoring:
        fail_both_ways(monitoring_world, 4)
        monitoring_world.journal_actions(20)
        await monitoring_world.pass_time(10)
        fail_both_ways(monitoring_world)
        await monitoring_world.pass_time(10)
        for exception, fault in (("KeyError", KEY), ("IndexError", INDEX)):
            pointed_at = newest(monitoring_world, exception)
            found = await monitoring_world.find_incident(
                monitoring_world.world.make_trigger("", error_id=pointed_at)
            )
            assert found is not None
            prints = {each.fingerprint for each in monitoring.list_incidents()}
            assert found.fingerprint == (fault.fingerprint if fault.fingerprint in prints else None)


async def test_a_settled_run_of_one_fault_does_not_answer_for_the_other(tmp_path: Path) -> None:
    monitoring_world = world_of(tmp_path, Level.INVESTIGATE)
    async with monitoring_world.run_monitoring():
        fail_both_ways(monitoring_world)
        await monitoring_world.pass_time(10)
        incident = monitoring_world.get_incident()
        assert incident.run_id is not None
        own = await monitoring_world.world.wait_until_ended(incident.run_id)
        assert (own.goal, own.status) == ("investigate", Status.DONE)
        first = await fault_of(monitoring_world, own)
        other = "KeyError" if first == INDEX.fingerprint else "IndexError"
        trigger = monitoring_world.world.make_trigger("", error_id=newest(monitoring_world, other))
        asked = await monitoring_world.ask(trigger)
        assert asked.run.id != own.id
        assert (await monitoring_world.world.store.get(own.id)).goal == "investigate"
