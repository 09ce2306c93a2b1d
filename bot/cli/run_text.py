"""Renders runs and journal records for a terminal."""

from collections.abc import Iterator
from datetime import datetime

from bot.cli.tables import Cell, Row, When
from bot.domain.history import History
from bot.domain.ids import shorten_id
from bot.domain.journal import Action
from bot.domain.run import Run, Status
from bot.presentation.times import format_age

RUNS_HEAD = ("id", "goal", "status", "stage", "asked", "what for")
RECORDS_HEAD = ("id", "when", "event", "outcome", "took", "run", "error")

_COLOURS = {
    Status.RUNNING: "cyan",
    Status.WAITING: "yellow",
    Status.DONE: "green",
    Status.FAILED: "red",
    Status.QUARANTINED: "red",
}


def run_row(run: Run, now: datetime) -> Row:
    """Return a run as a row of a table."""
    status = Cell(_format_status(run), _COLOURS.get(run.status, ""))
    at = When(run.trigger.at, now)
    return (Cell(run.id, "bold"), run.goal, status, run.stage, at, run.trigger.text)


def record_row(action: Action, now: datetime) -> Row:
    """Return a journal record as a row of a table."""
    took = "" if action.duration_ms is None else f"{action.duration_ms:,.0f} ms"
    error = action.error
    text = f"{error.exception}: {error.message}" if error else ""
    colour = "" if action.outcome == "ok" else "red"
    return (
        Cell(shorten_id(action.id), "bold"), When(action.ts, now), action.event,
        Cell(action.outcome, colour), took, action.run_id or "", text,
    )  # fmt: skip


def run_fields(run: Run, history: History, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is known about a run, as pairs of a label and a text."""
    # Imported late: cards are a third of the start time, and lists do not need them.
    from bot.presentation.cards import format_spending

    trigger = run.trigger
    stage = "" if run.status is Status.DONE else f", at {run.stage}"
    yield "run", f"{run.id}: {run.goal}, {_format_status(run)}{stage}"
    about = f"about {trigger.text!r}"
    yield (
        "asked",
        f"{trigger.person.name}, {format_age(trigger.at, now)}: {trigger.statement or about}",
    )
    if run.reason:
        yield "ended", run.reason
    if history.diagnosis:
        yield "cause", f"{history.diagnosis.headline} {history.diagnosis.cause}"
    for suspect in history.diagnosis.suspects[:3] if history.diagnosis else ():
        yield "suspect", f"{suspect.commit.sha[:7]} {suspect.commit.summary}"
    if history.brief:
        yield "wanted", history.brief.understood
    if history.plan:
        yield "plan", history.plan.solution
    yield from _render_change(history)
    yield from _render_shipment(history, now)
    yield "cost", format_spending(run)


def _format_status(run: Run) -> str:
    waits = f" for {run.waiting.replace('_', ' ')}" if run.waiting else ""
    return f"{run.status}{waits}"


def _render_change(history: History) -> Iterator[tuple[str, str]]:
    if history.change_set:
        files = ", ".join(each.path for each in history.change_set.files)
        yield "change", files or "nothing was changed"
    if history.verdict:
        checks = (f"{each.name} {each.status}" for each in history.verdict.checks)
        yield "checks", ", ".join(checks) or "none were run"


def _render_shipment(history: History, now: datetime) -> Iterator[tuple[str, str]]:
    proposal, approval, shipment = history.proposal, history.approval, history.shipment
    if proposal:
        yield (
            "proposal",
            f"#{proposal.number} at {proposal.head[:7]}, {format_age(proposal.at, now)}",
        )
    if approval:
        yield (
            "approved",
            f"{approval.person.name}, {format_age(approval.at, now)}, by {approval.how}",
        )
    if shipment:
        yield "live", f"at {shipment.live_commit[:7]}"
    if history.outcome:
        yield "watched", " ".join((f"{history.outcome.verdict}:", *history.outcome.reasons))
