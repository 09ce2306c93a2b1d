"""Goals as people read them. Their texts are shown as they are, without effect."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.objective import (
    DailyComparison,
    GoalAttempt,
    Measurement,
    Objective,
    Opportunity,
    Pursuit,
    Requirement,
)
from bot.domain.posts import Card, Post
from bot.goals.measures import MEASURES, format_value
from bot.goals.opportunity_starter import StartResult
from bot.goals.service import ObjectiveReport, SetObjective
from bot.presentation.cards import build_list_field, to_plain_text
from bot.presentation.counts import format_count
from bot.presentation.times import format_timestamp

NO_GOALS = (
    "No one has set a goal yet. Say, for example, “our goal: no crash for a week”, or use "
    "`/goals set`."
)
_SHOWN = 10
_TEXT = 120


def describe_requirement(wanted: Requirement) -> str:
    """Return `response time at most 1,000 ms over 7 days`."""
    where = f" of `/{wanted.command}`" if wanted.command else ""
    value = format_value(wanted.measure, wanted.target)
    return (
        f"{MEASURES[wanted.measure].label}{where} {wanted.bound} {value} over "
        f"{format_count(wanted.days, 'day')}"
    )


def describe_check(objective: Objective, check: Measurement) -> str:
    """Return the current value: `✅ 120 ms`."""
    if check.value is None:
        return f"❔ not measurable: {check.why}"
    value = format_value(objective.requirement.measure, check.value)
    return f"{'✅' if check.is_met else '❌'} {value}"


def describe_set_objective(made: SetObjective) -> str:
    """Return the answer after a goal was set."""
    objective = made.objective
    entry = MEASURES[objective.requirement.measure]
    lines = [
        f"🎯 Goal `{objective.id}`: “{to_plain_text(objective.text, _TEXT)}”, until "
        f"{format_timestamp(objective.due)}.",
        f"I measure: {describe_requirement(objective.requirement)} ({entry.description}).",
        f"Now: {describe_check(objective, made.check)}.",
        *(f"⚠️ {each.text}" for each in made.problems),
        f"`/goals remove goal:{objective.id}` removes it.",
    ]
    return "\n".join(lines)


def describe_removal(objective: Objective) -> str:
    """Return the answer after a goal was removed."""
    return f"Removed: goal `{objective.id}` “{to_plain_text(objective.text, _TEXT)}”."


def list_objective_lines(report: ObjectiveReport) -> list[str]:
    """Return a line for each goal, those that serve another one below it, and the problems."""
    if not report.objectives:
        return [NO_GOALS]
    known = {each.id for each in report.objectives}
    roots = [each for each in report.objectives if each.parent not in known]
    lines = [line for root in roots for line in _list_tree(root, report.objectives, report.at, 0)]
    return [*lines, *(f"⚠️ {each.text}" for each in report.problems)]


def _list_tree(
    root: Objective, objectives: Sequence[Objective], now: datetime, depth: int
) -> Iterable[str]:
    yield f"{'  ' * min(depth, 5)}- {_format_objective(root, now)}"
    for each in objectives:
        if each.parent == root.id:
            yield from _list_tree(each, objectives, now, depth + 1)


def _format_objective(objective: Objective, now: datetime) -> str:
    current = describe_check(objective, objective.checks[-1]) if objective.checks else "❔"
    is_over = " (passed)" if objective.due <= now else ""
    return (
        f"`{objective.id}` “{to_plain_text(objective.text, _TEXT)}”: {current} · "
        f"{describe_requirement(objective.requirement)} · until "
        f"{format_timestamp(objective.due, 'R')}{is_over} · by "
        f"{to_plain_text(objective.set_by.name, 40)}"
    )


def format_opportunity(work: Opportunity) -> str:
    """Return an opportunity with what it is ranked by."""
    state = f" · run `{work.run_id}`" if work.run_id else ""
    state += f" · not by myself: {to_plain_text(work.obstacle)}" if work.obstacle else ""
    return (
        f"{work.score:.2f} · {work.kind} “{to_plain_text(work.title, 80)}” for "
        f"`{work.objective}`: closes {100 * work.effect:.0f} % of the gap, about "
        f"${work.usd:.2f}, risk {work.risk:.2f}{state}"
    )


def format_comparison(wanted: Requirement, found: DailyComparison) -> str:
    """Return before and after by day, with the test's result."""
    sides = [
        f"{name} {format_value(wanted.measure, value)} a day ({format_count(days, 'day')})"
        for name, value, days in (
            ("before", found.before, found.days_before),
            ("after", found.after, found.days_after),
        )
        if value is not None
    ]
    verdict = {
        "better": "better",
        "worse": "worse",
        "same": "no difference is shown",
        "too few": "too few days to tell",
    }[found.effect]
    test = f", p = {found.p:.3f} by permutation" if found.p is not None else ""
    return f"{', '.join(sides) or 'no data'}: {verdict}{test}"


def format_attempt(attempt: GoalAttempt) -> str:
    """Return what a run for a goal changed."""
    result = attempt.result or DailyComparison()
    return (
        f"run `{attempt.run_id}` “{to_plain_text(attempt.title, 60)}” for `{attempt.objective}`: "
        f"{format_comparison(attempt.requirement, result)}"
    )


def render_review(
    report: ObjectiveReport,
    ranked: Sequence[Opportunity],
    started: Sequence[tuple[Opportunity, StartResult]],
    attempts: Sequence[GoalAttempt],
) -> Post:
    """Return the weekly review of the goals."""
    met = sum(bool(each.checks and each.checks[-1].is_met) for each in report.objectives)
    fields = [
        build_list_field(
            "Work that would help, best first", [format_opportunity(w) for w in ranked[:_SHOWN]]
        ),
        build_list_field("What I began", [_format_start(*each) for each in started[:_SHOWN]]),
        build_list_field(
            "What earlier work changed", [format_attempt(each) for each in attempts[:_SHOWN]]
        ),
    ]
    card = Card(
        title=f"🎯 Goals: {met} of {len(report.objectives)} met",
        body="\n".join(list_objective_lines(report))[:3_500],
        tone="good" if met == len(report.objectives) else "neutral",
        fields=tuple(each for each in fields if each is not None),
        footer="Score: expected effect over cost and risk. Merging always takes a person.",
    )
    return Post(card=card)


def _format_start(work: Opportunity, result: StartResult) -> str:
    title = to_plain_text(work.title, 80)
    if result.run_id is not None:
        return f"run `{result.run_id}` about “{title}”"
    return f"nothing about “{title}”: {to_plain_text(result.why)}"


def describe_pursuit(pursuit: Pursuit, usd: float) -> str:
    """Return the state of the continuous mode."""
    limits, who = pursuit.limits, to_plain_text(pursuit.started_by.name, 40)
    figures = (
        f"{len(pursuit.begun)} of {format_count(limits.iterations, 'run')}, ${usd:.2f} of "
        f"${limits.usd:.2f}"
    )
    if pursuit.is_active:
        return f"♾️ I work continuously towards the goals, for {who}: {figures}."
    return f"⏹️ I have stopped working continuously ({figures}): {pursuit.ended_for}"
