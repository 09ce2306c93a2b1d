"""The gate at the wire: caps, the race, the clock, what providers say, and a ledger that breaks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite_ledger import SqliteLedger
from bot.budget.allowance import describe_hourly_limit
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.account import Account, Charge
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent
from bot.ports.ledger import Ledger
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_ledger import FakeLedger
from tests.support.claude_room import make_run

OPEN = Cap()
DAY = timedelta(days=1)
ALICES = Account(purpose="execute", person_id=1, run_id="abc123")


class SkewedClock(FakeClock):
    """A clock that somebody sets, while time goes on as it does."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self.skew = timedelta()

    def now(self) -> datetime:
        """Return what it was set to."""
        return super().now() + self.skew


class SlowLedger(FakeLedger):
    """A ledger whose disk takes its time to flush a charge."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def charge(self, *charges: Charge) -> None:
        """Append them, in the end."""
        self.asked.set()
        await self.goes_on.wait()
        await super().charge(*charges)


@pytest.fixture
def ledger() -> FakeLedger:
    """Return an empty ledger; its contract is the real one's."""
    return FakeLedger()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    """Return an empty ledger on disk."""
    async with SqliteLedger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def rules(**caps: object) -> BudgetRules:
    """Return rules with these caps alone."""
    no_caps: dict[str, object] = {"run": OPEN, "person_day": OPEN, "day": OPEN, "week": OPEN}
    return BudgetRules.model_validate(no_caps | caps)


def gate(ledger: Ledger, clock: FakeClock | None = None, **caps: object) -> BudgetEnforcer:
    """Return a gate with these caps alone."""
    return BudgetEnforcer(ledger, clock or FakeClock(), rules(**caps))


def most(usd: float) -> Cost:
    """Return what a request may come to."""
    return Cost(cost_usd=usd, tokens_in=100, tokens_out=100)


def bill(name: str, usd: float, clock: FakeClock | None = None, **about: object) -> Charge:
    """Return what became of a request."""
    told: dict[str, object] = {
        "id": name,
        "at": clock.now() if clock else START,
        "account": ALICES,
        "model": "claude-sonnet",
        "status": 200,
        "outcome": "ok",
        "cost_usd": usd,
        "tokens_in": 100,
        "tokens_out": 100,
    }
    return Charge.model_validate(told | about)


# The race


async def test_fifty_requests_at_once_never_hold_more_than_there_is(disk: SqliteLedger) -> None:
    spend_guard, out = gate(disk, day=Cap(usd=5.0)), 0
    refused: list[str] = []

    async def ask(number: int) -> None:
        nonlocal out
        try:
            await spend_guard.admit(ALICES, most(0.6), f"r{number}")
        except BudgetSpent as spent:
            refused.append(str(spent))
            return
        out += 1
        assert out * 0.6 <= 5.0, "more went out than there is money for"
        for _ in range(5):
            await asyncio.sleep(0)
        out -= 1
        await spend_guard.settle(bill(f"r{number}", 0.6))

    await asyncio.gather(*(ask(number) for number in range(50)))
    assert (await disk.sum_costs()).cost_usd == pytest.approx(4.8)
    assert len(refused) == 42
    assert "$4.80 of $5.00" in refused[-1]


async def test_cheap_requests_all_get_through_however_much_they_might_have_cost(
    disk: SqliteLedger,
) -> None:
    spend_guard = gate(disk, day=Cap(usd=5.0))

    async def ask(number: int) -> None:
        await spend_guard.admit(ALICES, most(2.0), f"r{number}")
        await spend_guard.settle(bill(f"r{number}", 0.01))

    await asyncio.gather(*(ask(number) for number in range(50)))
    assert (await disk.sum_costs()).cost_usd == pytest.approx(0.5)


async def test_of_two_programs_on_one_ledger_only_the_first_spends(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with SqliteLedger(path) as one:
        await gate(one, day=Cap(usd=1.0)).settle(bill("r1", 0.25))
        async with SqliteLedger(path) as other:
            spend_guard = gate(other, day=Cap(usd=1.0))
            with pytest.raises(BudgetSpent, match="Another program uses the ledger"):
                await spend_guard.admit(ALICES, most(0.25), "r2")
            (day,) = (
                each for each in await spend_guard.list_cap_statuses(ALICES) if each.name == "day"
            )
            assert (day.cost.cost_usd, day.held.cost_usd) == (0.25, 0.0)
            await one.__aexit__()
            assert await spend_guard.admit(ALICES, most(0.25), "r3") == ""


async def test_what_a_killed_program_had_under_way_is_charged_in_full(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    ledger = SqliteLedger(path)
    spend_guard = gate(ledger, day=Cap(usd=1.0))
    for name in ("lost", "kept", "refused"):
        await spend_guard.admit(ALICES, most(0.3), name)
    await spend_guard.settle(bill("kept", 0.05))
    await spend_guard.settle(bill("refused", 0.0, outcome="refused", tokens_in=0, tokens_out=0))
    await ledger.__aexit__()
    for _ in range(2):
        async with SqliteLedger(path) as again:
            spend_guard = gate(again, day=Cap(usd=1.0))
            await spend_guard.settle(bill("kept", 0.05))
            spent = await spend_guard.load_run_cost("abc123")
            assert spent == Cost(cost_usd=0.35, tokens_in=200, tokens_out=200, estimated=True)
            lost, *_ = await again.list_charges(since=START)
            assert (lost.id, lost.estimated, lost.account) == ("lost", True, ALICES)
            with pytest.raises(BudgetSpent):
                await spend_guard.admit(ALICES, most(0.7), "again")


async def test_requests_that_cost_nothing_push_no_unwritten_money_out(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, day=Cap(usd=1.0))
    await spend_guard.admit(ALICES, most(0.9), "r1")
    ledger.broken = True
    await spend_guard.settle(bill("r1", 0.9))
    free = bill("", 0.0, outcome="refused", tokens_in=0, tokens_out=0)
    for number in range(1_010):
        await spend_guard.settle(free.replace(id=f"free{number}"))
    ledger.broken = False
    with pytest.raises(BudgetSpent, match=r"\$0\.90 of \$1\.00"):
        await spend_guard.admit(ALICES, most(0.2), "r2")


async def test_nobody_waits_for_a_charge_on_its_way_to_the_disk() -> None:
    slow = SlowLedger()
    spend_guard = gate(slow, day=Cap(usd=1.0))
    await spend_guard.admit(ALICES, most(0.5), "r1")
    settling = asyncio.ensure_future(spend_guard.settle(bill("r1", 0.25)))
    await slow.asked.wait()
    async with asyncio.timeout(20):
        assert await spend_guard.admit(ALICES, most(0.5), "r2") == ""
        with pytest.raises(BudgetSpent, match=r"\$0\.25 of \$1\.00"):
            await spend_guard.admit(ALICES, most(0.8), "r3")
    slow.goes_on.set()
    await settling


async def test_what_waited_over_midnight_is_charged_to_the_day_it_went_out_in(
    ledger: FakeLedger,
) -> None:
    clock = FakeClock()
    spend_guard = gate(ledger, clock, day=Cap(usd=1.0))
    arrived = clock.now()
    clock.tick(DAY.total_seconds())
    await spend_guard.admit(ALICES, most(0.9), "r1")
    await spend_guard.settle(bill("r1", 0.9, at=arrived))
    with pytest.raises(BudgetSpent, match=r"\$0\.90 of \$1\.00"):
        await spend_guard.admit(ALICES, most(0.2), "r2")


async def test_settling_that_is_cut_short_is_written_by_the_next(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, day=Cap(usd=1.0))
    await spend_guard.admit(ALICES, most(0.5), "r1")
    holder = asyncio.ensure_future(spend_guard.settle(bill("r1", 0.5)))
    holder.cancel()
    await asyncio.wait([holder])
    if holder.cancelled():  # before its first step: whoever asked has to settle again
        await spend_guard.settle(bill("r1", 0.5))
    with pytest.raises(BudgetSpent, match=r"\$0\.50 of \$1\.00"):
        await spend_guard.admit(ALICES, most(0.6), "r2")
    assert (await ledger.sum_costs()).cost_usd == 0.5


# Whose money it is


async def test_one_person_in_many_channels_and_runs_has_one_budget(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, person_day=Cap(usd=1.0))
    for number in range(4):
        account = Account(purpose="chat", person_id=1, run_id=f"run{number}")
        await spend_guard.admit(account, most(0.25), f"r{number}")
        await spend_guard.settle(bill(f"r{number}", 0.25, account=account))
    with pytest.raises(BudgetSpent, match=r"daily budget of one person is used up: \$1\.00"):
        await spend_guard.admit(Account(purpose="chat", person_id=1), most(0.01), "r9")
    assert await spend_guard.admit(Account(purpose="chat", person_id=2), most(0.01), "r9") == ""


async def test_a_run_that_bills_somebody_else_pays_itself(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, run=Cap(usd=1.0))
    await spend_guard.admit(ALICES, most(0.95), "r1")
    await spend_guard.settle(bill("r1", 0.95, account=Account(purpose="chat", person_id=2)))
    with pytest.raises(BudgetSpent, match="This run's budget is almost used up"):
        await spend_guard.admit(ALICES, most(0.2), "r2")


async def test_silent_and_failed_requests_count_what_they_used(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, run=Cap(usd=1.0))
    for number, outcome in enumerate(("error", "cancelled")):
        await spend_guard.admit(ALICES, most(0.5), f"r{number}")
        await spend_guard.settle(bill(f"r{number}", 0.5, outcome=outcome, tokens_out=0))
    with pytest.raises(BudgetSpent):
        await spend_guard.admit(ALICES, most(0.01), "r9")


# How much it is


async def test_a_cap_of_nothing_lets_nothing_out(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, day=Cap(usd=0.0))
    with pytest.raises(BudgetSpent, match=r"\$0\.00 of \$0\.00 \(`budget\.day`\)"):
        await spend_guard.admit(ALICES, Cost(), "r1")
    with pytest.raises(BudgetSpent):
        await spend_guard.check_budget(ALICES)
    assert await spend_guard.get_wrap_up_reason(ALICES) != ""


async def test_a_cap_that_is_lowered_counts_at_once(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, day=Cap(usd=10.0))
    await spend_guard.admit(ALICES, most(1.0), "r1")
    await spend_guard.settle(bill("r1", 1.0))
    spend_guard.reconfigure(rules(day=Cap(usd=0.5)))
    with pytest.raises(BudgetSpent, match=r"\$1\.00 of \$0\.50"):
        await spend_guard.admit(ALICES, most(0.01), "r2")


async def test_tokens_are_capped_as_money_is(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, run=Cap(tokens=1_000))
    await spend_guard.admit(ALICES, most(0.0), "r1")
    await spend_guard.settle(bill("r1", 0.0, tokens_in=900, tokens_out=90))
    assert "990 tokens of 1.0k tokens" in await spend_guard.get_wrap_up_reason(ALICES)
    with pytest.raises(BudgetSpent, match="the next request may cost 200 tokens"):
        await spend_guard.admit(ALICES, most(0.0), "r2")


async def test_a_small_cap_is_not_all_reserve(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, run=Cap(usd=0.1))
    assert await spend_guard.admit(ALICES, most(0.04), "r1") == ""


async def test_the_cap_that_waits_longest_is_named_with_when_it_is_free(
    ledger: FakeLedger,
) -> None:
    spend_guard = gate(ledger, day=Cap(usd=1.0), week=Cap(usd=1.0))
    await spend_guard.settle(bill("r1", 1.0))
    with pytest.raises(BudgetSpent, match=r"`budget\.week`") as refusal:
        await spend_guard.admit(ALICES, most(0.01), "r2")
    monday = START.replace(hour=0) + timedelta(days=2)
    assert refusal.value.until == monday
    assert f"<t:{monday.timestamp():.0f}:R>" in str(refusal.value)


@pytest.mark.parametrize(
    "used",
    [{"cost_usd": float("inf")}, {"cost_usd": 1e9}, {"tokens_in": 10**30, "tokens_out": 10**40}],
    ids=["endless", "huge", "tokens"],
)
async def test_a_provider_that_names_nonsense_neither_breaks_nor_blocks_it_for_ever(
    disk: SqliteLedger, used: dict[str, object]
) -> None:
    spend_guard = gate(disk, day=Cap(usd=40.0))
    await spend_guard.admit(ALICES, most(0.5), "r1")
    await spend_guard.settle(bill("r1", 0.5).replace(**used))
    (kept,) = await disk.list_charges(since=START)
    assert kept.estimated
    assert "impossible amount" in kept.note
    assert 0.5 <= kept.cost_usd <= 5.0
    assert await spend_guard.admit(ALICES, most(0.5), "r2") == ""
    await spend_guard.settle(
        bill("r9", 0.5).replace(**used)
    )  # never let through: still no breaking
    assert await disk.list_charges(since=START, limit=1)


@pytest.mark.parametrize("used", [{"cost_usd": float("nan")}, {"cost_usd": -5}, {"tokens_in": -1}])
def test_less_than_nothing_is_no_charge(used: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        bill("r1", 0.5).replace(**used)


# The clock


async def test_a_new_day_begins_at_midnight_and_a_new_week_on_monday(ledger: FakeLedger) -> None:
    clock = FakeClock()  # a Saturday
    spend_guard = gate(ledger, clock, day=Cap(usd=1.0), week=Cap(usd=2.0))
    for day in range(2):
        await spend_guard.admit(ALICES, most(1.0), f"r{day}")
        await spend_guard.settle(bill(f"r{day}", 1.0, clock))
        with pytest.raises(BudgetSpent):
            await spend_guard.admit(ALICES, most(0.1), "no")
        clock.tick(DAY.total_seconds())
    assert await spend_guard.admit(ALICES, most(1.0), "monday") != ""


async def test_a_clock_set_back_over_midnight_gives_no_second_day(ledger: FakeLedger) -> None:
    clock = SkewedClock()
    spend_guard = gate(ledger, clock, day=Cap(usd=1.0))
    await spend_guard.admit(ALICES, most(1.0), "r1")
    await spend_guard.settle(bill("r1", 1.0, clock))
    for back in (timedelta(hours=15), DAY, 30 * DAY):
        clock.skew = -back
        with pytest.raises(BudgetSpent):
            await spend_guard.admit(ALICES, most(0.1), "r2")


async def test_a_clock_set_forward_over_midnight_gives_no_second_day(ledger: FakeLedger) -> None:
    clock = SkewedClock()
    spend_guard = gate(ledger, clock, day=Cap(usd=1.0), week=Cap(usd=1.5))
    await spend_guard.admit(ALICES, most(1.0), "r1")
    await spend_guard.settle(bill("r1", 1.0, clock))
    for forward in (timedelta(hours=11), 8 * DAY, 400 * DAY):
        clock.skew = forward
        with pytest.raises(BudgetSpent) as refusal:
            await spend_guard.admit(ALICES, most(0.1), "r2")
        assert refusal.value.until is not None
        assert timedelta() < refusal.value.until - clock.now() <= DAY
        assert await spend_guard.forget() == 0, "what counts was forgotten"
    clock.tick(DAY.total_seconds() + 1)  # a day has really gone by
    assert await spend_guard.admit(ALICES, most(0.2), "r3") == ""
    with pytest.raises(BudgetSpent, match="week"):
        await spend_guard.admit(ALICES, most(0.6), "r4")


async def test_weeks_are_kept_as_days_are_when_the_clock_is_set_forward(
    ledger: FakeLedger,
) -> None:
    clock = SkewedClock()
    spend_guard = gate(ledger, clock, week=Cap(usd=1.0))
    await spend_guard.settle(bill("r1", 1.0, clock))
    clock.skew = 3 * DAY
    with pytest.raises(BudgetSpent):
        await spend_guard.admit(ALICES, most(0.1), "r2")
    clock.tick(7 * DAY.total_seconds() + 1)
    assert await spend_guard.admit(ALICES, most(0.1), "r2") == ""


# Forgetting


async def test_old_charges_are_forgotten_daily_and_no_week_loses_any(disk: SqliteLedger) -> None:
    clock = FakeClock()
    spend_guard = BudgetEnforcer(disk, clock, rules(week=Cap(usd=3.0)), keep=DAY)
    await disk.charge(bill("ancient", 5.0, at=START - 30 * DAY))
    await disk.charge(bill("monday", 1.0, at=START - 4 * DAY))
    async with asyncio.TaskGroup() as group:
        forgetting = group.create_task(spend_guard.run_forever())
        await clock.wait_until_asleep()
        assert {each.id for each in await disk.list_charges(since=START - 60 * DAY)} == {"monday"}
        assert (await disk.sum_costs(run_id="abc123")).cost_usd == 6.0
        for _ in range(3):  # into the next week: the last one is old now
            clock.tick(DAY.total_seconds())
            await clock.wait_until_asleep()
        assert await disk.list_charges(since=START - 60 * DAY) == ()
        forgetting.cancel()


# A ledger that breaks


async def test_a_damaged_ledger_refuses_every_request_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"no database at all" * 200)
    async with SqliteLedger(path) as ledger:
        spend_guard = gate(ledger)
        with pytest.raises(BudgetSpent, match=r"cannot read the cost.*ledger\.sqlite3"):
            await spend_guard.admit(ALICES, most(0.01), "r1")
        with pytest.raises(BudgetSpent, match=r"cannot read the cost"):
            await spend_guard.check_budget(ALICES)
        assert "cannot read the cost" in await spend_guard.get_wrap_up_reason(ALICES)
        assert await spend_guard.load_run_cost("abc123") is None


async def test_what_could_not_be_written_counts_and_is_written_later(
    ledger: FakeLedger,
) -> None:
    spend_guard = gate(ledger, day=Cap(usd=1.0))
    await spend_guard.admit(ALICES, most(0.5), "r1")
    ledger.broken = True
    await spend_guard.settle(bill("r1", 0.5))
    with pytest.raises(BudgetSpent, match="cannot read the cost"):
        await spend_guard.admit(ALICES, most(0.1), "r2")
    ledger.broken = False
    with pytest.raises(BudgetSpent, match=r"\$0\.50 of \$1\.00"):
        await spend_guard.admit(ALICES, most(0.6), "r2")
    assert (await ledger.sum_costs()).cost_usd == 0.5


# Before something is begun


async def test_nothing_is_begun_with_the_reserve_alone(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, day=Cap(usd=1.0))
    await spend_guard.check_budget(ALICES)
    await spend_guard.settle(bill("r1", 0.95))
    with pytest.raises(BudgetSpent, match=r"Today's budget is used up: \$0\.95 of \$1\.00"):
        await spend_guard.check_budget(ALICES)


async def test_where_the_caps_stand_can_be_looked_at(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger, day=Cap(usd=1.0))
    await spend_guard.settle(bill("r1", 0.25))
    await spend_guard.admit(ALICES, most(0.5), "r2")
    names = [each.name for each in await spend_guard.list_cap_statuses(ALICES)]
    assert names == ["run", "person_day", "day", "week"]
    (day,) = (each for each in await spend_guard.list_cap_statuses(ALICES) if each.name == "day")
    assert (day.cost.cost_usd, day.held.cost_usd) == (0.25, 0.5)


async def test_who_agrees_to_a_change_is_told_how_many_may_begin(ledger: FakeLedger) -> None:
    spend_guard, now, hour = gate(ledger, modifications_an_hour=2), START, timedelta(hours=1)
    limit = "2 changes an hour (`budget.modifications_an_hour`)"

    async def begin(run: str, at: datetime) -> None:
        await ledger.begin(run, "claude", at, window=hour, most=2)

    assert await describe_hourly_limit(None, now) == ""
    await begin("long ago", now - hour)
    assert await describe_hourly_limit(spend_guard, now) == f"{limit}; none began in the last hour"
    await begin("first", now)
    begun = f"{limit}; begun in the last hour: claude"
    assert await describe_hourly_limit(spend_guard, now) == f"{begun} 1"
    await begin("second", now)
    told = await describe_hourly_limit(spend_guard, now)
    assert told == f"{begun} 2. At the limit, this change waits for its turn"
    ledger.broken = True
    told = await describe_hourly_limit(spend_guard, now)
    assert told == f"{limit}; how many began in the last hour cannot be read now"
    none = await describe_hourly_limit(gate(ledger, modifications_an_hour=0), now)
    assert none.endswith("(`budget.modifications_an_hour`); I cannot begin this one")


async def test_a_call_costs_what_the_ledger_has_more_than_before(ledger: FakeLedger) -> None:
    spend_guard = gate(ledger)
    meter, run = RunCostMeter(spend_guard), make_run().replace(id=ALICES.run_id)
    meter.add(run.id, most(0.25))
    meter.add(run.id, most(0.5))
    own = Cost(cost_usd=0.75, tokens_in=200, tokens_out=200)
    assert await meter.measure_cost_since(run, None) == own
    before = await meter.load_ledger_cost(run)
    assert await meter.measure_cost_since(run, before) == own  # it did not go through the gateway
    await spend_guard.settle(bill("r1", 2.0))
    assert await meter.measure_cost_since(run, before) == most(2.0)
    assert (await meter.add_current_cost(run)).cost_usd == 2.0
    assert meter.settle(run).cost_usd == 0.75
    assert meter.get_unsettled(run) == Cost()
