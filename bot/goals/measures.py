"""The registry of measures: a name, a unit, a formula over records, and which direction is better.

A new measure is a value of `MeasureName` and an entry of `MEASURES`; nothing else names measures.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.detection.sketch import Sketch
from bot.domain.journal import Kind
from bot.domain.objective import Bound, MeasureName, Requirement
from bot.goals.figures import DailyFigures, DayFigures

Days = Sequence[DayFigures]
_RETURNING_DAYS = 7


class Formula(NamedTuple):
    """Computes a measure from days, for all commands or one. Both return `None` without any data.

    `compute` returns the value of the newest days, by their number; `compute_day` that of the day
    with an index.
    """

    compute: Callable[[Days, int, str], float | None]
    compute_day: Callable[[Days, int, str], float | None]


@dataclass(frozen=True, eq=False)
class Measure:
    """One measure.

    Attributes:
        label: The name as people read it.
        unit: `ms`, `%`, `$`, or empty for a number.
        description: How it is computed from the records, as people read it.
        bounds: The bounds that make sense, the usual one first.
        formula: Computes it.
        has_commands: Whether it can be limited to one command.
        span: How many times its days it reads.
    """

    label: str
    unit: str
    description: str
    bounds: tuple[Bound, ...]
    formula: Formula
    has_commands: bool = False
    span: int = 1


def _name_events(command: str) -> tuple[str, ...]:
    return (f"{Kind.COMMAND}.{command}", f"{Kind.CONTEXT_MENU}.{command}") if command else ()


def _sum(counters: Sequence[Counter[str]], command: str) -> int:
    events = _name_events(command)
    if not events:
        return sum(each.total() for each in counters)
    return sum(each[event] for each in counters for event in events)


def _merge_paces(days: Days, command: str) -> Sketch:
    events, merged = _name_events(command), Sketch()
    for day in days:
        for event, sketch in day.paces.items():
            if not events or event in events:
                merged.merge(sketch)
    return merged


def _compute_pace(days: Days, command: str) -> float | None:
    paces = _merge_paces(days, command)
    return paces.compute_quantile(0.95) if paces.total else None


def _compute_crashes(days: Days, command: str) -> float:
    return float(_sum([day.crashed for day in days], command))


def _compute_error_rate(days: Days, command: str) -> float | None:
    failed = _sum([day.failed for day in days], command)
    uses = _sum([day.used for day in days], command) if command else sum(d.actions for d in days)
    return 100.0 * min(failed / uses, 1.0) if uses else None


def _compute_use(days: Days, command: str) -> float:
    return float(_sum([day.used for day in days], command))


def _compute_incidents(days: Days, _command: str) -> float | None:
    return float(days[-1].open_incidents) if days else None


def _compute_cost(days: Days, _command: str) -> float:
    return sum(day.usd for day in days)


def _compute_returning(earlier: Days, newest: Days) -> float | None:
    known: set[str] = set().union(*(day.people for day in earlier))
    seen: set[str] = set().union(*(day.people for day in newest))
    return 100.0 * len(known & seen) / len(known) if known else None


def _compute_returning_window(days: Days, number: int, _command: str) -> float | None:
    return _compute_returning(days[-2 * number : -number], days[-number:])


def _compute_returning_day(days: Days, index: int, _command: str) -> float | None:
    return _compute_returning(
        days[max(0, index - _RETURNING_DAYS) : index], days[index : index + 1]
    )


def _build(compute: Callable[[Days, str], float | None]) -> Formula:
    """Return a formula over any days as one of the newest days and of one day."""
    return Formula(
        lambda days, number, command: compute(days[-number:], command),
        lambda days, index, command: compute(days[index : index + 1], command),
    )


MEASURES: Mapping[MeasureName, Measure] = {
    MeasureName.RESPONSE_TIME: Measure(
        "response time", "ms",
        "the 95th percentile of the durations of successful commands and buttons, to 2 %",
        ("at most",), _build(_compute_pace), has_commands=True,
    ),
    MeasureName.CRASHES: Measure(
        "crashes", "", "failures with an exception, of anything people or timers started",
        ("at most",), _build(_compute_crashes), has_commands=True,
    ),
    MeasureName.ERROR_RATE: Measure(
        "error rate", "%", "failed actions, divided by all actions",
        ("at most",), _build(_compute_error_rate), has_commands=True,
    ),
    MeasureName.RETURNING: Measure(
        "returning people", "%",
        "people who used the bot in the days, of those who used it in as many days before",
        ("at least",), Formula(_compute_returning_window, _compute_returning_day), span=2,
    ),
    MeasureName.USE: Measure(
        "command use", "", "uses of commands, or of one command",
        ("at least", "at most"), _build(_compute_use), has_commands=True,
    ),
    MeasureName.INCIDENTS: Measure(
        "open incidents", "", "incidents that are open now",
        ("at most",), _build(_compute_incidents),
    ),
    MeasureName.COST: Measure(
        "cost", "$", "what models cost by the ledger, by days of UTC",
        ("at most",), _build(_compute_cost),
    ),
}  # fmt: skip


_TOTALS = frozenset({MeasureName.CRASHES, MeasureName.USE, MeasureName.COST})
"""Measures that more days can only increase."""


def measure(requirement: Requirement, figures: DailyFigures) -> tuple[float | None, str]:
    """Return the value of a requirement, or `None` and the reason as people read it."""
    entry = MEASURES[requirement.measure]
    needed = requirement.days * entry.span
    if figures.first_at is None:
        return None, "there are no records yet"
    if figures.observed_days < needed and not _is_instant(requirement):
        # A total only grows, so one that has passed its target stays beyond it.
        value = entry.formula.compute(figures.days, requirement.days, requirement.command)
        has_passed = requirement.is_met_by(value or 0.0) is (requirement.bound == "at least")
        if requirement.measure in _TOTALS and value is not None and has_passed:
            return value, ""
        observed = int(figures.observed_days)
        return None, f"the records cover {observed} of the {needed} days that it needs"
    value = entry.formula.compute(figures.days, requirement.days, requirement.command)
    return (value, "") if value is not None else (None, "no one has used it in these days")


def list_daily_values(requirement: Requirement, figures: DailyFigures) -> tuple[float | None, ...]:
    """Return the value of each day, oldest first; `None` for days without data."""
    entry, days = MEASURES[requirement.measure], figures.days
    first = len(days) - int(figures.observed_days)
    return tuple(
        entry.formula.compute_day(days, index, requirement.command) if index >= first else None
        for index in range(len(days))
    )


def format_value(name: MeasureName, value: float) -> str:
    """Return a value with its unit: `850 ms`, `2.1 %`, `$4.20`, `3`."""
    unit = MEASURES[name].unit
    if unit == "$":
        return f"${value:,.2f}"
    number = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"
    return f"{number} {unit}".strip()


def _is_instant(requirement: Requirement) -> bool:
    return requirement.measure is MeasureName.INCIDENTS
