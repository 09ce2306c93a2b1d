"""Runs and their money: no model without it, no run lost for want of it, and one sum everywhere."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.account import Account, Charge
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import AgentLimited, BudgetSpent, NotAuthorized
from bot.domain.journal import Kind
from bot.domain.part_notes import BoardSeat
from bot.domain.people import ITSELF
from bot.domain.run import Run, Stage, Status
from bot.domain.waits import pause_until
from bot.ports.agent import Assignment, Checkup, News, Update, get_no_news, skip_checkup
from bot.ports.agent import Budget as Allowed
from bot.ports.workspace import Workspace
from bot.presentation.cards import build_budget_chart, render_budget, render_budget_text
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_clock import START
from tests.fakes.fake_planner import FakePlanner
from tests.support.agent_harness import ALICE, DORA, FIX, MALLORY, AgentHarness

NOTHING = BudgetRules(day=Cap(usd=0.0))
DAY = timedelta(days=1)


class PayingAgent(FakeAgent):
    """An engine whose requests go through the gate: each call is two of them."""

    world: AgentHarness
    each = 0.21

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Allowed,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Pay, then work as any other."""
        for _ in range(2):
            number = len(self.world.ledger.bodies)
            await self.world.ledger.charge(charge(self.world, f"c{number}", self.each, assignment))
        async for update in super().work(assignment, workspace, budget, news):
            yield update


def charge(world: AgentHarness, name: str, usd: float, about: Assignment | None = None) -> Charge:
    """Return what one request cost."""
    account = Account(
        purpose="execute" if about else "chat",
        person_id=about.person_id if about else DORA.id,
        run_id=about.run_id if about else None,
    )
    return Charge(
        id=name,
        at=world.clock.now(),
        account=account,
        model="claude-sonnet",
        status=200,
        outcome="ok",
        cost_usd=usd,
        tokens_in=1_000,
        tokens_out=100,
    )


def paying(world: AgentHarness) -> PayingAgent:
    """Return an engine that pays in this world, and counts wrongly itself."""
    spends = Cost(cost_usd=9.99, tokens_in=1, tokens_out=1)
    engine = PayingAgent(FIX, name="claude", cost=spends)
    engine.world = world
    return engine


def offline() -> FakeAgent:
    """Return an engine like the offline one."""
    return FakeAgent(FIX, name="offline", can_follow_instructions=False)


def card(world: AgentHarness, run: Run) -> str:
    """Return the run's living card as it stands."""
    shown = world.chat.find_by_key(f"{run.id}:card").post.card
    assert shown is not None
    return f"{shown.title}\n{shown.body}\n{shown.footer}"


def told(world: AgentHarness, run: Run) -> str:
    """Return everything said in the run's thread."""
    return "\n".join(world.list_texts(run))


# Without money


async def test_without_money_offline_takes_over_and_says_so(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.budget, world.fallback_engine = NOTHING, offline()
    world.planner = FakePlanner(cause="Somebody counts from one.")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    said = told(world, run)
    assert "Today's budget is used up: $0.00 of $0.00" in said
    assert "The offline engine takes over." in said
    assert "I use the plan of my rules." in said
    assert (world.engine.asked, world.planner.asked) == ([], [])
    assert not [a for a in world.journal.actions if a.kind is Kind.MODEL]
    assert "$0.00" in card(world, run)


async def test_without_money_and_nobody_to_take_over_the_run_ends_with_a_full_card(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.budget = BudgetRules(run=Cap(usd=0.0))
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.FAILED
    assert "This run's budget is used up: $0.00 of $0.00 (`budget.run`)" in run.reason
    assert run.reason in card(world, run)
    assert world.engine.asked == []


async def test_a_run_waits_for_the_next_day_over_restarts_and_goes_on_by_itself(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.budget = BudgetRules(day=Cap(usd=1.0))
    await world.ledger.charge(charge(world, "chatted", 1.0))
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until(lambda now: now.is_parked, run.id)
        midnight = START.replace(hour=0) + DAY
        assert run.parked_until is not None
        assert midnight <= run.parked_until <= midnight + timedelta(minutes=1)
        assert (run.stage, run.lease_owner) == (Stage.EXECUTE, None)
        await world.wait_until(lambda now: "Today's budget is used up" in told(world, now), run.id)
    async with world.run_agent():
        world.clock.tick((midnight - world.clock.now()).total_seconds() + 10)
        run = await world.wait_until_settled(run.id)
    assert (run.status, run.stage) == (Status.WAITING, Stage.SHIP), run.reason
    assert len(world.engine.asked) == 1


async def test_an_investigation_without_money_is_told_by_the_rules(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.budget = NOTHING
    world.planner = FakePlanner(cause="Somebody counts from one.")
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(goal="investigate"))
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.DONE
    assert "I use the diagnosis of my rules." in told(world, run)
    assert world.planner.asked == []


async def test_with_a_ledger_that_is_broken_no_model_works_and_the_run_says_why(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.ledger.broken = True
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert "cannot read the cost" in run.reason
    assert (world.engine.asked, run.status) == ([], Status.FAILED)


async def test_with_a_ledger_that_is_broken_what_costs_nothing_works_for_people_alone(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.fallback_engine = offline()
    world.ledger.broken = True
    unasked = world.make_trigger(key="incident").replace(person=ITSELF, origin="incident")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        assert "cannot read the cost" in " ".join(world.list_texts(run))
        alone = await agent.start_itself(unasked)
        alone = await world.wait_until_ended(alone.id)
    assert (world.engine.asked, run.status) == ([], Status.WAITING)
    assert (alone.status, "cannot count changes" in alone.reason) == (Status.FAILED, True)


# Changes an hour


async def test_of_ten_runs_at_once_five_work_and_five_wait_for_the_next_hour(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, workers=10, per_person=10)
    async with world.run_agent() as agent:
        runs = [
            await agent.request(world.make_trigger(f"dice {n}", key=f"k{n}")) for n in range(10)
        ]
        for run in runs:
            await world.wait_until(lambda now: now.status is Status.WAITING, run.id)
        stages = [(await world.store.get(run.id)).stage for run in runs]
        assert (stages.count(Stage.SHIP), stages.count(Stage.EXECUTE)) == (5, 5)
        waiting = [run for run, stage in zip(runs, stages, strict=True) if stage is Stage.EXECUTE]
        parked = await world.store.get(waiting[0].id)
        assert parked.lease_owner is None
        assert "limit of changes an hour (5, " in parked.reason
        assert parked.reason in card(world, parked)
        assert parked.reason in told(world, parked)
        ended = await agent.cancel(waiting[0].id, ALICE)
        assert ended.status is Status.CANCELLED
    assert len(world.engine.asked) == 5
    async with world.run_agent():
        world.clock.tick(3_600)
        for run in waiting[1:]:
            assert (await world.wait_until_settled(run.id)).stage is Stage.SHIP
    assert len(world.engine.asked) == 9


async def test_rounds_of_one_change_count_once_and_its_revisions_do_not(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    better = {"cogs/dice.py": f"{FIX['cogs/dice.py']}\n# zero\n"}
    world.engine = FakeAgent({"cogs/dice.py": "1 +"}, FIX, better)
    world.budget = BudgetRules(modifications_an_hour=1)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        assert len(world.engine.asked) == 2
        await agent.revise(run.id, ALICE, "also handle zero")
        await world.wait_until(lambda now: now.round > 2, run.id)
        await world.wait_until_settled(run.id)
        other = await agent.request(world.make_trigger("dice 2"))
        other = await world.wait_until(lambda now: now.is_parked, other.id)
    assert len(world.engine.asked) == 3
    assert other.stage is Stage.EXECUTE
    assert "limit of changes an hour (1, " in other.reason


async def test_none_an_hour_means_none(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.budget = BudgetRules(modifications_an_hour=0)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert "`budget.modifications_an_hour` is 0" in run.reason


async def test_what_a_person_asks_of_an_engine_that_costs_nothing_is_not_counted(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = offline()
    world.budget = BudgetRules(modifications_an_hour=1)
    async with world.run_agent() as agent:
        for number in range(3):
            await world.propose_fix(agent, f"dice {number}")
    assert len(world.engine.asked) == 3


async def test_what_nobody_asked_for_is_counted_whatever_it_costs(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = offline()
    world.budget = BudgetRules(modifications_an_hour=1)
    async with world.run_agent() as agent:
        runs = [
            await agent.start_itself(
                world.make_trigger(f"dice {n}", key=f"k{n}").replace(
                    person=ITSELF, origin="incident"
                )
            )
            for n in range(2)
        ]
        first = await world.wait_until_settled(runs[0].id)
        second = await world.wait_until(lambda now: now.is_parked, runs[1].id)
    assert (first.stage, second.stage) == (Stage.SHIP, Stage.EXECUTE)
    assert "limit of changes an hour (1, " in second.reason


# One sum everywhere


async def test_card_row_journal_ledger_and_report_name_the_same_sum(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = paying(world)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        report = await agent.budget.report(ALICE)
    assert run.cost_usd == pytest.approx(0.42)
    assert (run.tokens_in, run.tokens_out) == (2_000, 200)
    assert "$0.42 of $6.00 · 2.2k tokens" in card(world, run)
    assert (await world.ledger.sum_costs(run_id=run.id)).cost_usd == pytest.approx(run.cost_usd)
    (share,) = report.runs
    assert share.name == run.id
    assert share.cost_usd == pytest.approx(run.cost_usd)
    journalled = [a.cost_usd for a in world.journal.actions if a.kind is Kind.MODEL]
    assert journalled == [pytest.approx(0.42)]


async def test_what_is_being_spent_shows_on_the_card_while_it_is(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = paying(world)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until(lambda _: world.engine.working.is_set(), run.id)
        assert "$0.42 of $6.00" in card(world, run)
        ended = await agent.cancel(run.id, ALICE)
    assert ended.cost_usd == pytest.approx(0.42)


# The report


async def test_the_report_tells_all_and_only_to_who_is_listed(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = paying(world)
    await world.ledger.charge(charge(world, "chatted", 1.0))
    refused = charge(world, "refused", 0.0).replace(outcome="refused", status=400)
    await world.ledger.charge(refused)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        report = await agent.budget.report(DORA)
        with pytest.raises(NotAuthorized):
            await agent.budget.report(MALLORY)
    text = render_budget_text(report)
    assert "Today $1.42 of $40.00 (4%)" in text
    assert f"user {DORA.id}: $1.00 of $20.00" in text
    assert f"{run.id}: $0.42" in text
    assert "Requests this week 3, 1 refused" in text
    assert "1 by claude; a model may start 5" in text
    chart = build_budget_chart(report)
    assert chart is not None
    assert [line.name for line in chart.lines] == ["chat", "execute"]
    assert sum(point.value for line in chart.lines for point in line.points) == pytest.approx(1.42)
    post = render_budget(report, b"png")
    assert post.images[0].png == b"png"


async def test_days_and_weeks_are_told_apart(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    for days in (0, 1, 6, 10):
        old = charge(world, f"c{days}", 1.0).replace(at=START - days * DAY)
        await world.ledger.charge(old)
    async with world.run_agent() as agent:
        report = await agent.budget.report(ALICE)
    assert (report.day.cost.cost_usd, report.week.cost.cost_usd) == (1.0, 2.0)
    assert len(report.days) == 4


# Idle


async def test_a_day_without_talk_costs_nothing(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.planner = FakePlanner(cause="Nobody asked.")
    hourly = timedelta(hours=1)
    world.limits = replace(world.limits, sweep=hourly, kill_switch=hourly, comments=hourly)
    async with world.run_agent():
        await world.clock.advance(DAY.total_seconds())
    assert (world.engine.asked, world.planner.asked, world.ledger.bodies) == ([], [], {})


# How long it waits


@pytest.mark.parametrize(
    ("after", "waited", "seconds"),
    [
        (None, 0, 60),
        (None, 3, 600),
        (None, 6, None),
        (-3_600, 0, 60),  # our clock is ahead of theirs
        (-1, 2, 300),
        (-1, 7, 1_500),
        (-1, 10, None),
        (0, 0, 60),
        (1, 0, 6),
        (3_600, 9, 3_605),
        (23 * 3_600, 0, 23 * 3_600 + 5),
        (24 * 3_600, 0, None),
        (400 * 86_400, 0, None),
    ],
)
async def test_a_limit_is_waited_for_whatever_time_the_provider_names(
    tmp_path: Path, after: int | None, waited: int, seconds: int | None
) -> None:
    until = None if after is None else START + timedelta(seconds=after)
    error = AgentLimited("The account's usage limit is reached.", until=until)
    trigger = AgentHarness(tmp_path).make_trigger()
    run = Run(id="abc123", goal="fix", trigger=trigger, created_at=START, updated_at=START).replace(
        waits=waited
    )
    found = pause_until(error, run, START)
    assert found == (None if seconds is None else START + timedelta(seconds=seconds))


def test_a_time_without_a_zone_is_taken_for_utc(tmp_path: Path) -> None:
    naive = datetime(2026, 11, 21, 15, 0)  # noqa: DTZ001  what a careless provider names
    trigger = AgentHarness(tmp_path).make_trigger()
    run = Run(id="abc123", goal="fix", trigger=trigger, created_at=START, updated_at=START)
    found = pause_until(AgentLimited("Limited.", until=naive), run, START)
    assert found == datetime(2026, 11, 21, 15, 0, 5, tzinfo=UTC)


def test_a_spent_budget_is_waited_for_only_where_nobody_takes_over(tmp_path: Path) -> None:
    trigger = AgentHarness(tmp_path).make_trigger()
    run = Run(id="abc123", goal="fix", trigger=trigger, created_at=START, updated_at=START)
    soon, late = START + timedelta(hours=10), START + timedelta(days=3)
    spent = BudgetSpent("Today's budget is used up.", until=soon)
    assert pause_until(spent, run, START) is None
    assert pause_until(spent, run, START, has_fallback=False) == soon + timedelta(seconds=5)
    forever, week = BudgetSpent("Spent."), BudgetSpent("Spent.", until=late)
    assert pause_until(forever, run, START, has_fallback=False) is None
    assert pause_until(week, run, START, has_fallback=False) is None
