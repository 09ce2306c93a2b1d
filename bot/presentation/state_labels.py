"""Labels for states, outcomes, purposes and audit actions, as the web pages show them.

These are pure lookups: a stored name goes in, a text for people comes out.
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
    Status.QUEUED: "Queued",
    Status.RUNNING: "Running",
    Status.WAITING: "Waiting",
    Status.DONE: "Done",
    Status.FAILED: "No result",
    Status.CANCELLED: "Cancelled",
    Status.REJECTED: "Rejected",
    Status.QUARANTINED: "Set aside",
}
JUDGEMENTS: Mapping[Judgement, str] = {
    "fixed": "Fixed",
    "partial": "Partly fixed",
    "not_fixed": "Not fixed",
    "inconclusive": "Inconclusive",
    "regressed": "Worse than before",
}
PURPOSES: Mapping[Purpose, str] = {
    "diagnose": "Finding causes",
    "plan": "Planning",
    "execute": "Writing changes",
    "review": "Reviewing",
    "chat": "Talking",
    "audit": "Self-audits",
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
    "cancelled": "Cancelled",
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
    "preserving": "No visible change",
    "measured": "Measured times",
    "covering": "Tests that catch mistakes",
    "words": "Texts are valid",
    "configuration": "Settings are valid",
}
_ORIGINS = {
    Origin.OUTSIDE: "A third party",
    Origin.INPUT: "Invalid input; the refusal is correct",
    Origin.CODE: "This bot's code",
    Origin.DATA: "Data that this bot stores",
    Origin.ENVIRONMENT: "This machine or its configuration",
    Origin.UNKNOWN: "Not known yet",
}
_ACTS = {
    "ask": "Ask for work",
    "read": "View runs",
    "cancel": "Cancel a run",
    "revise": "Revise a change",
    "answer": "Answer a question",
    "reject": "Reject a proposal",
    "endorse": "Propose an unproven change",
    "ship": "Ship a change",
    "steer": "Steer the bot",
    "switch": "Switch a flag",
    "set goals": "Set goals",
    "trust": "Approve a tool",
    "reload": "Reload files",
    "roll back": "Roll back a text",
    "stop": "Emergency stop",
    "lift": "Lift the emergency stop",
    "merged": "Merge",
    "configured": "Configuration at start",
    "erase": "Erase a person's data",
    "audit.checkpoint": "Old entries removed",
    "audit.accepted": "A break in the log was acknowledged",
    "audit.lost": "An entry was lost",
    "webhook": "Apply a merge",
}
_METHODS = {
    "text": "in chat",
    "button": "by a button",
    "reaction": "by a reaction",
    "slash": "by a command",
    "modal": "by a form",
    "review": "in a review at the forge",
    "merge": "by merging",
    "start": "at start",
    "time": "when the waiting time ended",
    "page": "on this dashboard",
    "signal": "by a signal",
    "file": "by a file",
    "webhook": "by a webhook",
    "reload": "by /webhook/reload",
}


def get_stage_name(stage: Stage) -> str:
    """Return the name of a step, as on the run's card."""
    return STAGE_NAMES.get(stage, "Watch")


def format_step(run: Run) -> str:
    """Return the run's current step: `Write the change (3 of 7)`."""
    order = ORDER[run.goal]
    if run.stage not in order:
        return get_stage_name(run.stage)
    return f"{get_stage_name(run.stage)} ({order.index(run.stage) + 1} of {len(order)})"


def describe_incident(incident: Incident) -> str:
    """Return the state of an incident."""
    if incident.is_watched:
        return "Fix is live and being watched"
    if incident.open:
        return "Open" if incident.fix is None else "Fix is merged, not live yet"
    if incident.closed_for:
        return "Closed"
    if incident.followed_by:
        return "Came back"
    if incident.fix is not None and incident.fix.live_at is not None:
        return "Fixed" if incident.fix.verdict == "fixed" else "Not seen since the fix"
    return "Ended without a fix"


def describe_origin(origin: Origin) -> str:
    """Return where a fault comes from."""
    return _ORIGINS[origin]


AUTHORS = {
    "diagnose": "Planner",
    "plan": "Planner",
    "execute": "Executor",
    "review": "Reviewer",
    "": "Theseus",
}
"""Who speaks in a line of a live transcript."""

ENTRY_KINDS = {"text": "says", "call": "calls", "result": "gets", "step": "does"}
"""What a line of a live transcript is."""


def describe_purpose(purpose: str) -> str:
    """Return the label of a model request's purpose; an unknown purpose is returned as it is."""
    return next((told for name, told in PURPOSES.items() if name == purpose), purpose)


def describe_charge(outcome: str) -> str:
    """Return the label of a model request's outcome."""
    return _CHARGES.get(outcome, outcome)


def describe_check(status: str) -> str:
    """Return the label of a check's status."""
    return _CHECKS.get(status, status)


def describe_proof(kind: str) -> str:
    """Return the label of a kind of proof."""
    return _PROOFS.get(kind, kind)


def describe_act(action: str) -> str:
    """Return the label of an audit entry's action; an unknown action is returned as it is."""
    return _ACTS.get(action, action.replace("_", " ").replace(".", ": ", 1))


def describe_method(how: str) -> str:
    """Return how somebody acted (text, button, ...); an unknown method is returned as it is."""
    return _METHODS.get(how, how)
