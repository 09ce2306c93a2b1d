"""What states, outcomes, purposes and acts are called, where people read them on a page.

Nothing here decides anything: names that are stored go in, words come out.
"""

from collections.abc import Mapping

from bot.domain.account import Purpose
from bot.domain.incident import Incident
from bot.domain.live_items import ItemKind
from bot.domain.memory import MemoryKind
from bot.domain.run import Goal, Run, Stage, Status
from bot.domain.run_state import ORDER
from bot.domain.triage import Origin
from bot.domain.watch import Judgement
from bot.presentation.cards import STAGE_NAMES

GOALS: Mapping[Goal, str] = {
    "investigate": "Investigation",
    "fix": "Fix",
    "change": "Change",
    "revert": "Revert",
}
STATUSES: Mapping[Status, str] = {
    Status.QUEUED: "In the queue",
    Status.RUNNING: "At work",
    Status.WAITING: "Waiting",
    Status.DONE: "Done",
    Status.FAILED: "No result",
    Status.CANCELLED: "Cancelled",
    Status.REJECTED: "Rejected",
    Status.QUARANTINED: "Set aside",
}
JUDGEMENTS: Mapping[Judgement, str] = {
    "fixed": "Holds",
    "partial": "Partly fixed",
    "not_fixed": "Not fixed",
    "inconclusive": "Nobody can say",
    "regressed": "Worse than before",
}
PURPOSES: Mapping[Purpose, str] = {
    "diagnose": "Finding causes",
    "plan": "Planning",
    "execute": "Writing changes",
    "review": "Reviewing",
    "chat": "Talking",
}
MEMORY_KINDS: Mapping[MemoryKind, str] = {
    "fault": "Fault",
    "fix": "Fix",
    "lesson": "Lesson",
    "note": "Note",
}
ITEM_KINDS: Mapping[ItemKind, str] = {
    "skill": "Skill",
    "persona": "Persona",
    "prompt": "Prompt",
    "config": "Settings",
    "cog": "Cog",
}
_CHARGES = {
    "ok": "Answered",
    "error": "Failed",
    "refused": "Not sent",
    "cancelled": "Broken off",
}
_CHECKS = {
    "passed": "Passed",
    "failed": "Failed",
    "timeout": "Took too long",
    "skipped": "Skipped",
    "undecided": "Could not decide",
}
_PROOFS = {
    "behaviour": "Examples",
    "preserving": "Nobody notices",
    "measured": "Measured times",
    "covering": "Tests that catch mistakes",
    "words": "Texts hold",
    "configuration": "Settings hold",
}
_ORIGINS = {
    Origin.OUTSIDE: "A third party's",
    Origin.INPUT: "What was typed; refusing it is right",
    Origin.CODE: "This bot's code",
    Origin.DATA: "What this bot keeps",
    Origin.ENVIRONMENT: "This machine or its set-up",
    Origin.UNKNOWN: "Not clear yet",
}
_ACTS = {
    "ask": "Ask for work",
    "read": "Look at work",
    "cancel": "Cancel a run",
    "revise": "Revise a change",
    "answer": "Answer a question",
    "reject": "Reject a proposal",
    "endorse": "Propose an unproven change",
    "ship": "Ship a change",
    "steer": "Steer the bot",
    "switch": "Switch a flag",
    "reload": "Have files read again",
    "roll back": "Roll back a text",
    "stop": "Stop everything",
    "lift": "Lift the stop",
    "merged": "Merge",
    "configured": "Configuration at start",
    "erase": "Erase a person's data",
    "audit.checkpoint": "Old entries removed",
    "audit.accepted": "A break was noted",
    "audit.lost": "An entry was lost",
    "webhook": "Take on a merge",
}
_METHODS = {
    "text": "said in chat",
    "button": "by a button",
    "reaction": "by a reaction",
    "slash": "by a command",
    "review": "in a review at the forge",
    "merge": "by merging",
    "start": "at start",
    "time": "time was up",
    "page": "on this dashboard",
    "signal": "by a signal",
    "file": "by a file",
    "webhook": "by a webhook",
    "reload": "by /webhook/reload",
}


def get_stage_name(stage: Stage) -> str:
    """Return what a step is called, as on the run's card."""
    return STAGE_NAMES.get(stage, "Watch")


def format_step(run: Run) -> str:
    """Return which step a run stands at: `Write the change (3 of 7)`."""
    order = ORDER[run.goal]
    if run.stage not in order:
        return get_stage_name(run.stage)
    return f"{get_stage_name(run.stage)} ({order.index(run.stage) + 1} of {len(order)})"


def describe_incident(incident: Incident) -> str:
    """Return how an incident stands."""
    if incident.is_watched:
        return "Fix is live, watched"
    if incident.open:
        return "Goes on" if incident.fix is None else "Fix is merged, not live yet"
    if incident.closed_for:
        return "Closed"
    if incident.followed_by:
        return "Came back"
    if incident.fix is not None and incident.fix.live_at is not None:
        return "Fixed" if incident.fix.verdict == "fixed" else "Quiet since its fix"
    return "Over, without a fix"


def describe_origin(origin: Origin) -> str:
    """Return whose fault it is."""
    return _ORIGINS[origin]


def describe_purpose(purpose: str) -> str:
    """Return what a model was asked for; what has no words of its own, as it is."""
    return next((told for name, told in PURPOSES.items() if name == purpose), purpose)


def describe_charge(outcome: str) -> str:
    """Return what became of a request to a model."""
    return _CHARGES.get(outcome, outcome)


def describe_check(status: str) -> str:
    """Return how a check ended."""
    return _CHECKS.get(status, status)


def describe_proof(kind: str) -> str:
    """Return what a kind of proof shows."""
    return _PROOFS.get(kind, kind)


def describe_act(action: str) -> str:
    """Return what an entry of the audit log is about; what has no words of its own, as it is."""
    return _ACTS.get(action, action.replace("_", " ").replace(".", ": ", 1))


def describe_method(how: str) -> str:
    """Return how something was said or done; what has no words of its own, as it is."""
    return _METHODS.get(how, how)
