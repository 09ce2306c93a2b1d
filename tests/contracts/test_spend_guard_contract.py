"""What every spend guard promises, on the fake and the budget: here with a dollar in all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.sqlite_ledger import SqliteLedger
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.target_budgets import GuildBudgets, LayeredSpendGuard
from bot.domain.account import Account, Charge
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, Stopped
from bot.domain.stop import Stop
from bot.ports.spend_guard import SpendGuard
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.fakes.fake_store import FakeStore

ALICES = Account(purpose="execute", person_id=1, run_id="abc123")
BOBS = Account(purpose="chat", person_id=2)


@dataclass
class Stand:
    """A spend guard, what was paid by a run there, and how everything is stopped."""

    spend_guard: SpendGuard
    stop: Callable[[], None]
    paid: Callable[[str], Awaitable[float]]


@pytest.fixture(params=["fake", "gate", "layered"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    """Return a spend guard that lets a dollar through."""
    if request.param == "fake":
        fake = FakeSpendGuard(1.0)

        def refuse() -> None:
            fake.refuses_with = Stopped("Everything was stopped.")

        async def paid(run_id: str) -> float:
            mine = (c for c in fake.charges.values() if c.account.run_id == run_id)
            return sum(charge.cost_usd for charge in mine)

        yield Stand(fake, refuse, paid)
        return
    dollar = Cap(usd=1.0)
    async with SqliteLedger(tmp_path / "ledger.sqlite3") as ledger:
        stops: list[Stop] = []

        async def standing() -> Stop | None:
            return stops[-1] if stops else None

        rules = BudgetRules(day=dollar)
        gate = BudgetEnforcer(ledger, FakeClock(), rules, stopped=standing)

        def stop() -> None:
            stops.append(Stop(how="signal", at=START))

        async def written(run_id: str) -> float:
            return (await ledger.sum_costs(run_id=run_id)).cost_usd

        layered = LayeredSpendGuard(gate, {}, FakeStore(), GuildBudgets())
        yield Stand(layered if request.param == "layered" else gate, stop, written)


def bill(name: str, usd: float, account: Account = ALICES, **about: object) -> Charge:
    """Return what became of a request."""
    told: dict[str, object] = {
        "id": name,
        "at": START,
        "account": account,
        "model": "claude-sonnet",
        "status": 200,
        "outcome": "ok",
        "cost_usd": usd,
    }
    return Charge.model_validate(told | about)


def most(usd: float) -> Cost:
    """Return what a request may come to."""
    return Cost(cost_usd=usd, tokens_in=1_000, tokens_out=1_000)


async def paid(stand: Stand, run_id: str = "abc123") -> float:
    """Return what was paid by a run."""
    return await stand.paid(run_id)


async def test_a_request_that_fits_goes_out_without_a_word(stand: Stand) -> None:
    assert await stand.spend_guard.admit(ALICES, most(0.5), "r1") == ""
    await stand.spend_guard.settle(bill("r1", 0.25))
    assert await stand.spend_guard.get_wrap_up_reason(ALICES) == ""
    assert await paid(stand) == 0.25


async def test_what_was_held_comes_back_when_it_is_settled(stand: Stand) -> None:
    for number in range(5):
        assert await stand.spend_guard.admit(ALICES, most(0.5), f"r{number}") == ""
        await stand.spend_guard.settle(bill(f"r{number}", 0.01))
    assert await paid(stand) == pytest.approx(0.05)


async def test_a_request_that_needs_the_reserve_is_the_last(stand: Stand) -> None:
    await stand.spend_guard.settle(bill("r1", 0.8))
    assert await stand.spend_guard.admit(BOBS, most(0.15), "r2") != ""


async def test_once_only_the_reserve_is_left_the_work_should_close(stand: Stand) -> None:
    await stand.spend_guard.settle(bill("r1", 0.92))
    assert await stand.spend_guard.get_wrap_up_reason(ALICES) != ""
    assert await stand.spend_guard.admit(ALICES, most(0.05), "r2") != ""


async def test_what_does_not_fit_is_refused(stand: Stand) -> None:
    await stand.spend_guard.settle(bill("r1", 0.5))
    with pytest.raises(BudgetSpent, match=r"\$0\.50 of \$1\.00"):
        await stand.spend_guard.admit(ALICES, most(0.6), "r2")
    assert await stand.spend_guard.admit(ALICES, most(0.3), "r2") == ""


async def test_asked_again_for_less_only_that_is_held(stand: Stand) -> None:
    assert await stand.spend_guard.admit(ALICES, most(0.95), "r1") != ""
    assert await stand.spend_guard.admit(ALICES, most(0.2), "r1") == ""
    assert await stand.spend_guard.admit(BOBS, most(0.6), "r2") == ""


async def test_a_refused_request_is_noted_and_costs_nothing(stand: Stand) -> None:
    await stand.spend_guard.settle(bill("r1", 0.0, outcome="refused", status=403, note="spent"))
    assert await paid(stand) == 0.0


async def test_settling_twice_is_charged_once(stand: Stand) -> None:
    await stand.spend_guard.admit(ALICES, most(0.5), "r1")
    for _ in range(2):
        await stand.spend_guard.settle(bill("r1", 0.25))
    assert await paid(stand) == 0.25


async def test_whoever_was_let_through_is_charged_whatever_the_bill_says(stand: Stand) -> None:
    await stand.spend_guard.admit(ALICES, most(0.5), "r1")
    await stand.spend_guard.settle(bill("r1", 0.25, BOBS))
    assert await paid(stand) == 0.25


async def test_while_everything_is_stopped_nothing_goes_out(stand: Stand) -> None:
    await stand.spend_guard.admit(ALICES, most(0.5), "r1")
    stand.stop()
    with pytest.raises(Stopped, match="stopped"):
        await stand.spend_guard.admit(ALICES, most(0.01), "r2")
    assert "stopped" in await stand.spend_guard.get_wrap_up_reason(ALICES)
    await stand.spend_guard.settle(bill("r1", 0.25))
    assert await paid(stand) == 0.25
