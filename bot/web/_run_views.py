"""A run as its page shows it: its steps with what the card says of each, and how it stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.history import History
from bot.domain.run import Run, Status
from bot.domain.run_state import ORDER
from bot.presentation.cards import format_stage_note, status_text, watch_line
from bot.presentation.page_text import to_page_text
from bot.presentation.state_labels import STATUSES, get_stage_name

_MARKS = "✅❌🤷📉👀📊⏸️ —-"


class StepView(NamedTuple):
    """One step: its name, the colour and the word for how far it is, and what came of it."""

    name: str
    tone: str
    label: str
    note: str


def build_steps(run: Run, history: History, now: datetime) -> Sequence[StepView]:
    """Return a run's steps in order, as on its card; the watch is the last, once there is one."""
    order = ORDER[run.goal]
    here = order.index(run.stage) if run.stage in order else len(order)
    steps = [
        StepView(
            get_stage_name(stage), *_describe_progress(run, place, here),
            to_page_text(format_stage_note(run, history, stage), now),
        )
        for place, stage in enumerate(order)
    ]  # fmt: skip
    watched = watch_line(history)
    if watched:
        told = to_page_text(watched, now).strip(_MARKS).partition(" — ")[2]
        judged = history.outcome is not None or history.use_report is not None
        tone, word = ("good", "done") if judged else ("busy", "now")
        steps.append(StepView("Watch", tone, word, told))
    return steps


def describe_status(run: Run, now: datetime) -> str:
    """Return how a run stands in a person's words: `Writing the change`."""
    told = to_page_text(status_text(run), now).strip("⏸️ ")
    return f"{told[:1].upper()}{told[1:]}" or STATUSES[run.status]


def measure_duration(run: Run) -> float:
    """Return how many seconds a run took, up to its last change."""
    return (run.updated_at - run.created_at).total_seconds()


def _describe_progress(run: Run, place: int, here: int) -> tuple[str, str]:
    if place < here or run.status is Status.DONE:
        return "good", "done"
    if place > here:
        return "idle", "to come"
    if run.has_ended:
        return ("bad" if run.status in (Status.FAILED, Status.QUARANTINED) else "idle"), "ended"
    return ("warn", "waits") if run.status is Status.WAITING else ("busy", "now")
