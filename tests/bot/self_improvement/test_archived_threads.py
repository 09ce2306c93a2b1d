"""Threads of runs that have really ended fold themselves away; whatever waits keeps its thread."""

from pathlib import Path

import pytest

from bot.domain.evidence import Choice, Diagnosis
from bot.domain.history import History
from bot.domain.people import Place
from bot.domain.proposal import Outcome, Shipment
from bot.domain.run import Run, Status, Trigger, Waiting
from bot.domain.watch import Watch
from bot.self_improvement.reporting.archived_threads import has_ended
from tests.fakes.fake_clock import FakeClock
from tests.support.agent_harness import ALICE, AgentHarness
from tests.support.watch_harness import WatchHarness

NOW = FakeClock().now()
RUN = Run(
    id="k7m2xq", goal="fix", created_at=NOW, updated_at=NOW,
    trigger=Trigger(
        key="k", goal="fix", person=ALICE, place=Place(channel_id=2), text="fix it", at=NOW
    ),
)  # fmt: skip
CHOICE = Choice(error_id="abcdefgh", name="/roll: IndexError", summary="once")
FOUND = Diagnosis(found=True, headline="it fails", cause="so")
NOTHING = Diagnosis(found=False, headline="nothing", cause="so")
LIVE = Shipment(
    run_id="k7m2xq", approved_head="a" * 40, merge_commit="b" * 40, live_commit="b" * 40, at=NOW
)
WATCH = Watch(
    run_id="k7m2xq", event="command.roll", fingerprint="f1", number=1, merge_commit="b" * 40,
    began_at=NOW, before_since=NOW, until=NOW,
)  # fmt: skip
HELD = Outcome(run_id="k7m2xq", verdict="fixed", at=NOW)
WORSE = HELD.replace(verdict="regressed")


@pytest.mark.parametrize(
    ("status", "history", "over"),
    [
        (Status.CANCELLED, History(), True),
        (Status.REJECTED, History(diagnosis=FOUND), True),
        (Status.FAILED, History(diagnosis=NOTHING), True),
        (Status.DONE, History(diagnosis=NOTHING), True),
        (Status.DONE, History(diagnosis=NOTHING.replace(choices=(CHOICE,))), False),
        (Status.DONE, History(diagnosis=FOUND), False),  # a person may press “Fix it”
        (Status.FAILED, History(diagnosis=FOUND), False),
        (Status.QUARANTINED, History(), False),
        (Status.WAITING, History(diagnosis=NOTHING), False),
        (Status.DONE, History(diagnosis=FOUND, shipment=LIVE), True),
        (Status.DONE, History(diagnosis=FOUND, shipment=LIVE.replace(restart_needed=True)), False),
        (Status.DONE, History(diagnosis=FOUND, shipment=LIVE, watch=WATCH), False),
        (Status.DONE, History(diagnosis=FOUND, shipment=LIVE, watch=WATCH, outcome=HELD), True),
        (Status.DONE, History(diagnosis=FOUND, shipment=LIVE, watch=WATCH, outcome=WORSE), False),
    ],
)
def test_a_run_is_over_where_nothing_in_its_thread_waits_for_anybody(
    status: Status, history: History, over: bool
) -> None:
    waiting = Waiting.APPROVAL if status is Status.WAITING else None
    assert has_ended(RUN.replace(status=status, waiting=waiting), history) is over


async def test_a_cancelled_run_s_thread_is_archived_once_and_stays_open_if_somebody_opens_it(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await agent.cancel(run.id, ALICE)
        run = await world.wait_until_ended(run.id)
        assert world.chat.archived == set()
        for _ in range(10):
            await world.clock.advance(10)
        assert world.chat.archived == {run.thread_id}
        world.chat.archived.clear()  # a person writes there
        for _ in range(10):
            await world.clock.advance(10)
        assert world.chat.archived == set()


async def test_the_thread_of_a_fix_is_archived_with_the_verdict_that_it_holds(
    tmp_path: Path,
) -> None:
    world = WatchHarness(tmp_path)
    async with world.run_agent() as agent:
        world.journal_rolls(well=37, failed=20)
        run = await world.ship_fix(agent)
        await world.pass_minutes(5)
        assert world.chat.archived == set()
        world.journal_rolls(well=45)
        await world.pass_minutes(10)
        assert (await world.get_outcome(run)) is not None
        assert world.chat.archived == {run.thread_id}
