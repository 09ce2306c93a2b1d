"""The live part of a run's card: the to-do list, the newest activities, what comes next."""

from theseus_guard.record import Record

from bot.domain.progress import Todo
from bot.domain.run import Run, Stage, Status
from bot.domain.run_state import get_next_stage
from bot.presentation.cards._text import fit_lines, format_seconds, to_one_line
from bot.presentation.markdown import escape_line

_MARKS = {"done": "☑️", "active": "▶️", "pending": "◻️"}
_TODO_CHARS = 900  # of the list; a card has room for 4,096
_DONE_SHOWN = 2
_WORKS_SHOWN = 3
_BRIEF_SECONDS = 5.0  # shorter times are not shown
STAGE_NAMES = {
    Stage.OBSERVE: "Observe",
    Stage.DIAGNOSE: "Diagnose",
    Stage.BRIEF: "Understand",
    Stage.PLAN: "Plan",
    Stage.EXECUTE: "Write the change",
    Stage.VERIFY: "Verify",
    Stage.PROPOSE: "Propose",
    Stage.SHIP: "Ship",
}


class CurrentWork(Record):
    """Something that is not finished yet, and how many seconds ago it began."""

    text: str
    seconds: float = 0.0


class LiveActivity(Record):
    """What a working run does now: its newest activities, oldest first, and its to-do list.

    Activities are safe to show; the list is a model's, and is escaped where it is shown. `works`
    are not finished yet, oldest first.
    """

    activities: tuple[str, ...] = ()
    todos: tuple[Todo, ...] = ()
    works: tuple[CurrentWork, ...] = ()


IDLE = LiveActivity()


def list_todo_lines(todos: tuple[Todo, ...]) -> list[str]:
    """Return a line for each item; the text of an item has no effect in the chat.

    Only the last of the items that are done are shown, and long lists end with a count.
    """
    done = [todo for todo in todos if todo.status == "done"]
    open_items = [todo for todo in todos if todo.status != "done"]
    head = [f"☑️ {len(done) - _DONE_SHOWN} more done"] if len(done) > _DONE_SHOWN else []
    items = [*done[-_DONE_SHOWN:], *open_items]
    lines = fit_lines([*head, *map(_format_todo, items)], _TODO_CHARS).splitlines()
    more = len(head) + len(items) - len(lines)
    return [f"> {line}" for line in [*lines, *([f"and {more} more"] if more else [])]]


def list_activity_lines(run: Run, live: LiveActivity) -> list[str]:
    """Return what the run does now, and which stage comes next."""
    activities = live.activities or ((run.activity,) if run.activity else ())
    lines = [f"-# {to_one_line(activity, 160)}" for activity in activities]
    if run.status is Status.RUNNING and live.works:
        lines.append(f"-# ⏳ {_format_works(live.works)}")
    following = get_next_stage(run.goal, run.stage)
    if run.status is Status.RUNNING and following is not None:
        lines.append(f"-# Next: {STAGE_NAMES[following]}")
    return ["", *lines] if lines else []


def _format_works(works: tuple[CurrentWork, ...]) -> str:
    """Return the newest of what is not finished, with the time since the oldest of it began."""
    shown = " · ".join(escape_line(work.text, 80) for work in works[-_WORKS_SHOWN:])
    more = f" and {len(works) - _WORKS_SHOWN} more" if len(works) > _WORKS_SHOWN else ""
    seconds = max(work.seconds for work in works[-_WORKS_SHOWN:])
    lasting = f", for {format_seconds(seconds)}" if seconds >= _BRIEF_SECONDS else ""
    return f"{shown}{more}{lasting}"


def _format_todo(todo: Todo) -> str:
    return f"{_MARKS[todo.status]} {escape_line(todo.text, 100)}"
