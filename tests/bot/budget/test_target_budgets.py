"""A target's own caps hold in addition to those for everything."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.budget.enforcement import BudgetEnforcer
from bot.budget.run_cost_meter import RunCostMeter
from bot.budget.target_budgets import GuildBudgets, LayeredSpendGuard, TargetBudget
from bot.domain.account import Account, Charge
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.transitions import create_run
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_store import FakeStore

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


class Scene:
    """One target with caps of its own, and what was spent where."""

    def __init__(self, own: float, everything: float) -> None:
        self.clock, self.store = FakeClock(), FakeStore()
        self.ledger, self.own_ledger = FakeLedger(), FakeLedger()
        budget = TargetBudget(self._create(self.own_ledger, own))
        whole = self._create(self.ledger, everything)
        self.guard = LayeredSpendGuard(whole, {"welcome": budget}, self.store, GuildBudgets())
        recorder = Recorder(FakeJournal(), self.clock, Path("/"), b"s" * 32, lambda: None)
        self.calls = ModelCalls(whole, self.clock, recorder, RunCostMeter(whole), budget)

    def _create(self, ledger: FakeLedger, usd: float) -> BudgetEnforcer:
        return BudgetEnforcer(ledger, self.clock, BudgetRules(day=Cap(usd=usd), reserve_usd=0))

    async def create_account(self, target: str) -> Account:
        person = Person(id=1, name="ada")
        trigger = Trigger(
            key=target, goal="fix", person=person, place=Place(channel_id=1), text="", at=NOW,
            target=target,
        )  # fmt: skip
        run = await self.store.create(create_run(trigger, f"run{target}", NOW))
        return Account(purpose="execute", person_id=1, run_id=run.id)

    async def spend(self, account: Account, usd: float, request: str) -> None:
        await self.guard.admit(account, Cost(cost_usd=usd), request)
        charge = Charge(
            id=request, at=NOW, account=account, model="m", status=200, outcome="ok", cost_usd=usd
        )
        await self.guard.settle(charge)


@pytest.mark.parametrize(("own", "everything"), [(1.0, 10.0), (10.0, 1.0)])
async def test_candidates_and_votes_have_to_fit_the_caps_of_both(
    own: float, everything: float
) -> None:
    scene = Scene(own=own, everything=everything)
    theirs = await scene.create_account("welcome")
    await scene.spend(theirs, 0.6, "r1")
    run = await scene.store.get(theirs.run_id or "")
    assert await scene.calls.has_room(run, "review", Cost(cost_usd=0.3))
    assert not await scene.calls.has_room(run, "review", Cost(cost_usd=0.5))


async def test_the_caps_of_a_target_are_for_its_runs_alone() -> None:
    scene = Scene(own=1.0, everything=10.0)
    theirs, ours = await scene.create_account("welcome"), await scene.create_account("theseus")
    await scene.spend(theirs, 0.9, "r1")
    with pytest.raises(BudgetSpent):
        await scene.spend(theirs, 0.2, "r2")
    await scene.spend(ours, 5.0, "r3")
    assert (await scene.own_ledger.sum_costs()).cost_usd == pytest.approx(0.9)
    assert (await scene.ledger.sum_costs()).cost_usd == pytest.approx(5.9)


async def test_the_caps_for_everything_hold_for_targets_too() -> None:
    scene = Scene(own=10.0, everything=1.0)
    theirs = await scene.create_account("welcome")
    await scene.spend(theirs, 0.9, "r1")
    with pytest.raises(BudgetSpent):
        await scene.spend(theirs, 0.2, "r2")
    assert (await scene.own_ledger.sum_costs()).cost_usd == pytest.approx(0.9)
