"""The measures, computed from a journal of some weeks."""

from collections.abc import Iterable

import pytest

from bot.domain.account import Account, Charge
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import INCIDENT, Incident
from bot.domain.journal import Action
from bot.domain.objective import MeasureName
from bot.goals.figures import DailyFigures, FigureCollector
from bot.goals.measures import MEASURES, format_value, list_daily_values, measure
from tests.bot.goals.days import DAY, NOW, make_days, make_objective, make_use
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_ledger import FakeLedger

FAILED = {"error": "f1", "user": "u2"}


async def collect(
    actions: Iterable[Action],
    *incidents: Incident,
    days: int = 14,
    ledger: FakeLedger | None = None,
) -> DailyFigures:
    key_values = FakeKeyValueStore()
    for each in incidents:
        await key_values.put(INCIDENT + each.id, each)
    journal = FakeJournal(tuple(actions))
    return await FigureCollector(journal, key_values, FakeClock(), ledger).collect(days)


def make_incident(id: str, opened: float, resolved: float | None = None) -> Incident:
    """Return an incident that began and ended so many days ago."""
    at = NOW - opened * DAY
    anomaly = Anomaly(
        rule=Rule.ERROR_RATE, event="command.roll", at=at, value=1, threshold=1, volume=1
    )
    return Incident(
        id=id, event="command.roll", title="/roll fails", anomalies=(anomaly,), opened_at=at,
        last_at=at, status="open" if resolved is None else "resolved",
        resolved_at=None if resolved is None else NOW - resolved * DAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (MeasureName.CRASHES, 7.0),
        (MeasureName.ERROR_RATE, 100 * 7 / 28),
        (MeasureName.USE, 28.0),
        (MeasureName.INCIDENTS, 1.0),
        (MeasureName.COST, 1.5),
        (MeasureName.RETURNING, 100 * 2 / 3),  # u1 and u2 came back, u3 did not
    ],
)
async def test_each_measure_counts_the_newest_days(name: MeasureName, value: float) -> None:
    ledger = FakeLedger()
    for number, age in enumerate((0.1, 1.1, 9.0)):
        await ledger.charge(
            Charge(id=str(number), at=NOW - age * DAY, account=Account(purpose="plan", person_id=1),
                   model="m", status=200, outcome="ok", cost_usd=0.75)
        )  # fmt: skip
    late = [each for each in make_days(15, 1, user="u4") if each.ts >= NOW - 7 * DAY]
    early = [each for each in make_days(15, 1, user="u3") if each.ts < NOW - 7 * DAY]
    actions = [*make_days(15, 2), *early, *late, *make_days(15, 1, **FAILED)]
    incidents = make_incident("i1", 3), make_incident("i2", 3, 1)
    figures = await collect(actions, *incidents, ledger=ledger)
    wanted = make_objective(name, 1).requirement
    found, why = measure(wanted, figures)
    assert found == pytest.approx(value)
    assert why == ""


async def test_the_response_time_is_the_95th_percentile_of_what_answered() -> None:
    fast, slow = make_days(7, 18, ms=100), make_days(7, 2, ms=4_000, name="search")
    actions = sorted([*fast, *slow, *make_days(7, 3, ms=9_000, **FAILED)], key=lambda each: each.ts)
    figures = await collect(actions)
    both = make_objective(MeasureName.RESPONSE_TIME, 1_000, days=5).requirement
    assert measure(both, figures)[0] == pytest.approx(4_000, rel=0.02)
    one = make_objective(MeasureName.RESPONSE_TIME, 1_000, days=5, command="roll").requirement
    assert measure(one, figures)[0] == pytest.approx(100, rel=0.02)
    daily = list_daily_values(one, figures)
    assert daily[:8] == (None,) * 8
    assert daily[8:] == pytest.approx((100,) * 6, rel=0.02)


async def test_too_short_a_journal_is_not_measured_and_says_what_is_missing() -> None:
    wanted = make_objective(MeasureName.CRASHES, 0).requirement
    assert measure(wanted, await collect(())) == (None, "there are no records yet")
    short = await collect([make_use(2.5)])
    assert measure(wanted, short) == (None, "the records cover 2 of the 7 days that it needs")
    assert measure(make_objective(MeasureName.INCIDENTS, 0).requirement, short)[0] == 0.0
    failed = await collect([make_use(2.5, error="f1")])
    assert measure(wanted, failed) == (1.0, "")  # whatever the other days bring
    assert measure(make_objective(MeasureName.CRASHES, 1).requirement, failed)[0] is None
    idle = await collect([make_use(15.0)])
    pace = make_objective(MeasureName.RESPONSE_TIME, 9).requirement
    assert measure(pace, idle) == (None, "no one has used it in these days")


def test_every_measure_is_registered_and_values_have_units() -> None:
    assert set(MEASURES) == set(MeasureName)
    assert format_value(MeasureName.RESPONSE_TIME, 1_234.5) == "1,234 ms"
    assert format_value(MeasureName.COST, 4.2) == "$4.20"
    assert format_value(MeasureName.ERROR_RATE, 2.14) == "2.1 %"
    assert format_value(MeasureName.CRASHES, 3.0) == "3"
