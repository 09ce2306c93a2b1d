"""Validates objectives: can they be measured, do they contradict each other, are they met?"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from bot.domain.objective import MeasureName, Objective, Problem
from bot.goals.figures import DailyFigures
from bot.goals.measures import MEASURES, list_daily_values, measure
from bot.goals.permutation import compute_opposition

MOST = 30
_LONGEST = timedelta(days=366)
_SIGNIFICANT = 0.02  # several pairs are tested, so less than the usual 0.05


def find_faults(
    objective: Objective, others: Sequence[Objective], commands: frozenset[str], keep_days: int,
    now: datetime,
) -> tuple[Problem, ...]:  # fmt: skip
    """Return what is wrong with an objective that is to be set, the serious problems first.

    Args:
        objective: The objective.
        others: The objectives that are set.
        commands: The full names of the bot's commands; empty if they are not known.
        keep_days: How many days the journal is kept.
        now: The current time.
    """
    serious = [
        *_find_equal(objective, others),
        *_find_measuring_faults(objective, commands, keep_days),
        *_find_date_faults(objective, others, now),
    ]
    found = [Problem(objective=objective.id, text=text, is_serious=True) for text in serious]
    conflicts = find_conflicts((*others, objective), only=objective.id)
    # Its id is not given to it if it is refused, so nobody could look it up.
    named = (
        each.replace(text=each.text.replace(f"`{objective.id}`", "this goal"))
        if each.is_serious
        else each
        for each in conflicts
    )
    return (*found, *named)


def _find_equal(objective: Objective, others: Sequence[Objective]) -> Iterator[str]:
    for other in others:
        if other.id != objective.id and other.requirement == objective.requirement:
            yield f"`{other.id}` says the same. `/goals remove` removes it, if its date is wrong."


def _find_measuring_faults(
    objective: Objective, commands: frozenset[str], keep_days: int
) -> Iterator[str]:
    wanted = objective.requirement
    entry = MEASURES[wanted.measure]
    if wanted.command and not entry.has_commands:
        yield f"“{entry.label}” is not counted for one command."
    elif wanted.command and commands and wanted.command not in commands:
        yield f"There is no command `/{wanted.command}`; `/capabilities` lists them."
    if wanted.bound not in entry.bounds:
        yield f"“{entry.label}” should be {entry.bounds[0]} something, not {wanted.bound}."
    if entry.unit == "%" and wanted.target > 100:
        yield "More than 100 % is not possible."
    if wanted.measure is MeasureName.RESPONSE_TIME and wanted.target < 1:
        yield "No command answers in less than 1 ms."
    needed = wanted.days * entry.span
    if needed > keep_days:
        yield (
            f"It needs records of {needed} days, and I keep {keep_days} (`journal.keep_days`); "
            "choose fewer days."
        )


def _find_date_faults(
    objective: Objective, others: Sequence[Objective], now: datetime
) -> Iterator[str]:
    if not now < objective.due <= now + _LONGEST:
        yield "Its date has to be in the future, within a year."
    if len(others) >= MOST:
        yield f"There are {MOST} goals, which is my limit. `/goals remove` makes room."
    if objective.parent is None:
        return
    parent = next((each for each in others if each.id == objective.parent), None)
    if parent is None:
        yield f"There is no goal `{objective.parent[:20]}` to serve; `/goals list` shows them."
    elif parent.due < objective.due:
        yield f"It serves `{parent.id}`, whose date is earlier; choose a date until then."


def find_conflicts(objectives: Sequence[Objective], only: str | None = None) -> tuple[Problem, ...]:
    """Return which objectives exclude or repeat each other; with `only`, those of that one."""
    found = []
    for first, second in combinations(objectives, 2):
        if only is None or only in (first.id, second.id):
            text = _compare(first, second)
            if text:
                named = second.id if only in (None, second.id) else first.id
                is_serious = "cannot both" in text
                found.append(Problem(objective=named, text=text, is_serious=is_serious))
    return tuple(found)


def _compare(first: Objective, second: Objective) -> str:
    one, other = first.requirement, second.requirement
    if one.measure is not other.measure:
        return ""
    pair = f"`{first.id}` and `{second.id}`"
    if one.bound != other.bound:
        low, high = (one, other) if one.bound == "at least" else (other, one)
        # A part is never larger than the whole, and a shorter period holds no more uses.
        is_part = low.command == high.command or not high.command
        if is_part and low.days <= high.days and low.target > high.target:
            return f"{pair} cannot both be met: one wants more, the other less."
        return ""
    if one.subject == other.subject and one.days == other.days:
        is_at_most = one.bound == "at most"
        is_first_stricter = (one.target <= other.target) is is_at_most
        stricter, weaker = (first, second) if is_first_stricter else (second, first)
        return f"`{stricter.id}` includes `{weaker.id}`: both are about the same measure."
    return ""


def find_oppositions(objectives: Sequence[Objective], figures: DailyFigures) -> tuple[Problem, ...]:
    """Return which objectives pull against each other, day by day, in the records so far."""
    series = {each.id: list_daily_values(each.requirement, figures) for each in objectives}
    found = []
    for first, second in combinations(objectives, 2):
        if first.requirement.measure is second.requirement.measure:
            continue
        pairs = [
            (_convert_to_gain(first, one), _convert_to_gain(second, other))
            for one, other in zip(series[first.id], series[second.id], strict=True)
            if one is not None and other is not None
        ]
        p = compute_opposition([one for one, _ in pairs], [other for _, other in pairs])
        if p < _SIGNIFICANT:
            found.append(
                Problem(
                    objective=second.id,
                    text=f"`{first.id}` and `{second.id}` pull against each other: on days when "
                    f"one is better, the other is worse ({len(pairs)} days, p = {p:.3f}).",
                )
            )
    return tuple(found)


def _convert_to_gain(objective: Objective, value: float) -> float:
    """Return a value so that larger is better."""
    return value if objective.requirement.bound == "at least" else -value


def validate_objectives(
    objectives: Sequence[Objective], figures: DailyFigures, now: datetime
) -> tuple[Problem, ...]:
    """Return the problems of all objectives: conflicts, those not measurable, those not met."""
    found = [*find_conflicts(objectives), *find_oppositions(objectives, figures)]
    for each in objectives:
        value, why = measure(each.requirement, figures)
        if value is None:
            found.append(Problem(objective=each.id, text=f"`{each.id}` cannot be measured: {why}."))
        elif each.due <= now and not each.requirement.is_met_by(value):
            found.append(Problem(objective=each.id, text=f"The date of `{each.id}` has passed."))
    return tuple(found)
