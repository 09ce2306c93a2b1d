"""Looking into something slow: how slow against before, and with which code that began."""

from pathlib import Path

import pytest

from bot.domain.evidence import Diagnosis
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.samples import Sample
from bot.domain.slowness import measure_slowness
from bot.intake import FailureMatcher
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.requests.rule_diagnosis import diagnose_by_rules
from tests.fakes.fake_memory import FakeMemory
from tests.support.agent_harness import LOOKBACK, AgentHarness

OLD, NEW = "a" * 40, "b" * 40


def plays(
    world: AgentHarness,
    times: int,
    ms: float,
    commit: str,
    outcome: ActionOutcome = ActionOutcome.OK,
) -> str:
    """Journal searches with these durations, one per second; return the newest's id."""
    for _ in range(times):
        number = len(world.journal.actions)
        world.journal.append(
            Action(
                ts=world.clock.now(),
                id=f"s{number:025}",
                event="command.search",
                kind=Kind.COMMAND,
                name="search",
                outcome=outcome,
                duration_ms=ms,
                commit=commit,
            )
        )
        world.clock.tick(1)
    return world.journal.actions[-1].id


async def looked_into(world: AgentHarness, record_id: str) -> Diagnosis:
    """Return what an investigation of that record says."""
    observe = EvidenceCollector(
        world.journal,
        world.checkout,
        world.clock,
        FakeMemory(),
        FailureMatcher(world.journal, world.clock, lookback=LOOKBACK).find_evidence,
        lookback=LOOKBACK,
    )
    evidence = await observe(world.make_trigger("/search", error_id=record_id))
    assert evidence.groups == ()
    return diagnose_by_rules(evidence)


async def test_it_names_the_code_since_which_it_is_slower(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    plays(world, 60, 100, OLD)
    world.clock.tick(1200)
    plays(world, 20, 90, OLD)
    slow = plays(world, 30, 1500, NEW)
    found = await looked_into(world, slow)
    assert found.found
    assert found.headline == "/search is slow: p95 1.5 s in the last 10 min, 100 ms before"
    assert "`aaaaaaa` 100 ms (80 actions), `bbbbbbb` 1.5 s (30 actions)" in found.cause
    assert "slower since `bbbbbbb` came live" in found.cause
    assert found.confidence == "medium"
    assert len(found.evidence_ids) == 5


async def test_the_same_code_points_to_what_it_waits_for(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    plays(world, 60, 100, OLD)
    world.clock.tick(1200)
    found = await looked_into(world, plays(world, 30, 400, OLD))
    assert "The code is the same as before" in found.cause
    assert found.confidence == "low"


async def test_failures_are_not_slow_and_nothing_measured_is_nothing_found(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    record = plays(world, 5, 9000, OLD, ActionOutcome.TIMEOUT)
    found = await looked_into(world, record)
    assert not found.found


@pytest.mark.parametrize(("count", "p95"), [(1, 1.0), (19, 19.0), (20, 19.0), (100, 95.0)])
def test_p95_is_the_time_that_nineteen_of_twenty_keep(count: int, p95: float) -> None:
    newest = Action(
        ts="2026-11-21T14:00:00Z",
        id="x",
        event="command.search",
        kind=Kind.COMMAND,
        name="search",
        outcome=ActionOutcome.OK,
    )
    at = newest.ts.timestamp()
    samples = [
        Sample(at, f"{n}", newest.event, "command", "ok", float(n)) for n in range(1, count + 1)
    ]
    slow = measure_slowness(newest, samples)
    assert slow is not None
    assert slow.recent.p95_ms == p95
    assert slow.before is None
