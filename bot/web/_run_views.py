"""A run as its page shows it: its steps with the notes of the card, and its status."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.history import History
from bot.domain.run import Run, Status
from bot.domain.run_state import ORDER
from bot.presentation.cards import format_stage_note, format_status, watch_line
from bot.presentation.page_text import to_page_text
from bot.presentation.state_labels import STATUSES, get_stage_name

_MARKS = "✅❌🤷📉👀📊⏸️ —-"


class StepView(NamedTuple):
    """One step: its name, its colour, a label for its progress, and a note about its result."""

    name: str
    tone: str
    label: str
    note: str


def build_steps(run: Run, history: History, now: datetime) -> Sequence[StepView]:
    """Return the steps of a run in order, as on its card, followed by the watch if there is one."""
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
        note = to_page_text(watched, now).strip(_MARKS).partition(" — ")[2]
        judged = history.outcome is not None or history.use_report is not None
        tone, label = ("good", "done") if judged else ("busy", "now")
        steps.append(StepView("Watch", tone, label, note))
    return steps


def describe_status(run: Run, now: datetime) -> str:
    """Return the status of a run as text: `Writing the change`."""
    text = to_page_text(format_status(run), now).strip("⏸️ ")
    return f"{text[:1].upper()}{text[1:]}" or STATUSES[run.status]


def measure_duration(run: Run) -> float:
    """Return the seconds from the start of a run to its last change."""
    return (run.updated_at - run.created_at).total_seconds()


def _describe_progress(run: Run, place: int, here: int) -> tuple[str, str]:
    if place < here or run.status is Status.DONE:
        return "good", "done"
    if place > here:
        return "idle", "to come"
    if run.has_ended:
        return ("bad" if run.status in (Status.FAILED, Status.QUARANTINED) else "idle"), "ended"
    return ("warn", "waiting") if run.status is Status.WAITING else ("busy", "now")
