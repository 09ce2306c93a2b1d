"""One line about a run, for lists and answers."""

from datetime import datetime

from bot.domain.history import History
from bot.domain.run import Run, Stage, Status, Waiting
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._text import describe_wait
from bot.presentation.times import format_age, format_timestamp
from bot.presentation.titles import change_title, format_title

_DOING = {
    Stage.OBSERVE: "looking at what happened",
    Stage.DIAGNOSE: "finding the cause",
    Stage.BRIEF: "understanding the request",
    Stage.PLAN: "planning",
    Stage.EXECUTE: "writing the change",
    Stage.VERIFY: "checking the change",
    Stage.PROPOSE: "proposing the change",
    Stage.SHIP: "shipping",
    Stage.WATCH: "watching",
}
_END_LABELS = {
    Status.DONE: "done",
    Status.FAILED: "ended without a result",
    Status.CANCELLED: "cancelled",
    Status.REJECTED: "rejected",
    Status.QUARANTINED: "set aside",
}
_APPROVAL = "waiting for “ship it”"
_WAITS = {
    Waiting.QUESTION: "Waiting for an answer",
    Waiting.AGREEMENT: "Waiting for your go-ahead",
    Waiting.JUDGEMENT: "found, not proven: waiting for an approver to review it",
    Waiting.APPROVAL: _APPROVAL,
    Waiting.UNSHIPPED: _APPROVAL,
    Waiting.UNREVISED: _APPROVAL,
    Waiting.FORGE: "waiting for the forge's checks",
    Waiting.USAGE_LIMIT: "⏸️ waiting for the model's provider",
    Waiting.BUDGET: "⏸️ waiting for the budget",
    Waiting.TURN: "⏸️ waiting for its turn",
    Waiting.PAUSED: "on hold while my own work is paused",
    Waiting.STOPPED: "stopped by the emergency stop",
    Waiting.THREAD: "waiting for a thread",
}


def get_activity(stage: Stage) -> str:
    """Return what a run does at a stage, as it reads after "while": `writing the change`."""
    return _DOING[stage]


def run_line(run: Run) -> str:
    """Return the run's id, request, status and thread on one line."""
    where = f" in <#{run.thread_id}>" if run.thread_id else ""
    what = to_plain_text(format_title(run.trigger, 80))
    return f"`{run.id}` {run.goal} **{what}**: {format_status(run)}{where}"


def run_label(run: Run, history: History, now: datetime, limit: int = 200) -> str:
    """Return a run on one line without Markdown: `#7 · /roll 0d6 · proposed 5 min ago`.

    The title is shortened until the whole line fits into `limit` characters.
    """
    proposal, shipment = history.proposal, history.shipment
    name = f"#{proposal.number}" if proposal else run.id
    if shipment is not None and run.status is Status.DONE:
        state, at = "shipped", shipment.at
    elif proposal is not None and not run.has_ended:
        state, at = "proposed", proposal.at
    else:
        state, at = (
            f"{run.goal}, {_END_LABELS.get(run.status) or _DOING[run.stage]}",
            run.updated_at,
        )
    when = f"{state} {format_age(at, now)}"
    room = limit - len(name) - len(when) - 6  # two separators
    return f"{name} · {change_title(run, history, room)} · {when}"


def format_status(run: Run) -> str:
    """Return the status of a run in a few words."""
    if run.has_ended:
        return _END_LABELS[run.status]
    if run.status is Status.QUEUED:
        return f"in the queue ({_DOING[run.stage]} next)"
    if run.status is Status.RUNNING:
        return _DOING[run.stage]
    if run.stage is Stage.SHIP:
        return describe_wait(run)
    if run.waiting is Waiting.THREAD and run.thread_id is None:
        return "about to start"
    waits = _WAITS[run.waiting] if run.waiting else ""
    if run.waiting is Waiting.PAUSED or run.parked_until is None:
        return waits
    return f"{waits}; continues {format_timestamp(run.parked_until, 'R')} at the latest"
