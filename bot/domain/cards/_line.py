"""One line about a run, for lists and answers."""

from bot.domain.cards._plain import plain
from bot.domain.cards._text import awaited, one_line
from bot.domain.pauses import is_held
from bot.domain.run import Run, Stage, Status

_DOING = {
    Stage.OBSERVE: "looking at what happened",
    Stage.DIAGNOSE: "finding the cause",
    Stage.PLAN: "planning",
    Stage.EXECUTE: "writing the change",
    Stage.VERIFY: "checking the change",
    Stage.PROPOSE: "proposing the change",
    Stage.SHIP: "shipping",
    Stage.WATCH: "watching",
}
_ENDED = {
    Status.DONE: "done",
    Status.FAILED: "ended without a result",
    Status.CANCELLED: "cancelled",
    Status.REJECTED: "rejected",
    Status.QUARANTINED: "set aside",
}


def doing(stage: Stage) -> str:
    """Return what a run does at a stage, to stand after "while": `writing the change`."""
    return _DOING[stage]


def run_line(run: Run) -> str:
    """Return `id`, what it is about, where it stands and in which thread."""
    where = f" in <#{run.thread_id}>" if run.thread_id else ""
    what = plain(run.trigger.subject, 80) or "the last failure"
    return f"`{run.id}` {run.goal} **{what}**: {standing(run)}{where}"


def standing(run: Run) -> str:
    """Return in a few words where a run stands."""
    if run.ended:
        return _ENDED[run.status]
    if run.status is Status.QUEUED:
        return f"in the queue ({_DOING[run.stage]} next)"
    if run.status is Status.RUNNING:
        return _DOING[run.stage]
    if run.stage is Stage.SHIP:
        return awaited(run)
    if is_held(run):
        return "held while my own work is paused"
    if run.parked_until is None:
        return one_line(run.reason.partition(": ")[0], 80) or "about to begin"
    goes_on = f"goes on <t:{run.parked_until.timestamp():.0f}:R> at the latest"
    return f"{one_line(run.reason.partition('. ')[0].rstrip('.'), 80) or 'paused'}; {goes_on}"
