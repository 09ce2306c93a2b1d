"""Summarises stored records as lines of the self-audit. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median

from bot.domain.flag import Flag
from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.journal import Action
from bot.domain.memory import Memory
from bot.domain.run import Run, Status
from bot.domain.self_audit import FlagDue, Lesson, Open, RunsEnded, SpentOn

MOST_SPENT, MOST_OPEN = 8, 20


def summarise_runs(runs: Sequence[Run]) -> tuple[RunsEnded, ...]:
    """Return the number and median duration of runs by status."""
    by_status: dict[Status, list[float]] = {}
    for run in runs:
        seconds = (run.updated_at - run.created_at).total_seconds()
        by_status.setdefault(run.status, []).append(max(seconds, 0.0))
    return tuple(
        RunsEnded(status=status, count=len(by_status[status]), seconds=median(by_status[status]))
        for status in Status
        if status in by_status
    )


def open_incidents(incidents: Sequence[Incident]) -> tuple[Open, ...]:
    """Return the open incidents, oldest first."""
    still = sorted((each for each in incidents if each.open), key=lambda each: each.opened_at)
    return tuple(
        Open(id=each.id, title=each.title, count=each.count, since=each.since)
        for each in still[:MOST_OPEN]
    )


def build_lesson(memory: Memory) -> Lesson:
    """Return a memory as a lesson of the report."""
    return Lesson(kind=memory.kind, text=memory.text, by=memory.by)


def sum_call_costs(event: str, calls: Sequence[Action]) -> SpentOn:
    """Return the total cost of the calls of one kind."""
    return SpentOn(
        name=event.partition(".")[2] or event,
        usd=sum(call.cost_usd or 0.0 for call in calls),
        tokens=sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in calls),
        calls=len(calls),
    )


def get_run_cost(run: Run) -> SpentOn:
    """Return the cost of a run."""
    tokens = run.tokens_in + run.tokens_out
    what = run.trigger.subject or run.goal
    return SpentOn(name=f"{run.id} {what}", usd=run.cost_usd, tokens=tokens, calls=1)


def select_most_expensive(costs: Sequence[SpentOn]) -> tuple[SpentOn, ...]:
    """Return the most expensive entries, the highest cost first."""
    return tuple(sorted(costs, key=lambda each: (-each.usd, each.name))[:MOST_SPENT])


def find_due_flags(
    flags: Iterable[Flag], uses: Mapping[str, tuple[str, ...]], now: datetime
) -> tuple[FlagDue, ...]:
    """Return flags to remove from the code or to delete; `uses` are the files by flag.

    A flag is due if it has been on for everyone for a week, or if no code asks for it.
    """
    return tuple(
        FlagDue(name=flag.name, files=uses.get(flag.name, ()), since=flag.at)
        for flag in sorted(flags, key=lambda each: each.name)
        if flag.is_settled(now) or flag.name not in uses
    )


def list_handled_faults(
    known: Sequence[tuple[Run, History]], incidents: Sequence[Incident]
) -> set[str]:
    """Return the fingerprints of faults that a run or an open incident already handles."""
    by_run = {
        history.diagnosis.fingerprint
        for run, history in known
        if history.diagnosis is not None and run.goal != "investigate"
    }
    by_incident = {each.fingerprint for each in incidents if each.open and each.run_id}
    return {name for name in by_run | by_incident if name}
