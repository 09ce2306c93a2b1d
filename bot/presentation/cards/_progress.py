"""The living card: one a run, stage by stage, edited in place."""

from typing import Literal

from bot.domain.budget import Cap
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.links import linked
from bot.domain.posts import Button, Card, Post
from bot.domain.run import Goal, Run, Stage, Status
from bot.domain.run_state import ORDER
from bot.presentation.cards._outcome import failed, watch_line
from bot.presentation.cards._text import (
    awaited,
    counted,
    elapsed,
    one_line,
    reproduction_line,
    seconds,
    spent,
)
from bot.presentation.markdown import words

_VERBS: dict[Goal, str] = {
    "investigate": "Investigating",
    "fix": "Fixing",
    "revert": "Reverting",
}
_NAMES = {
    Stage.OBSERVE: "Observe",
    Stage.DIAGNOSE: "Diagnose",
    Stage.PLAN: "Plan",
    Stage.EXECUTE: "Write the change",
    Stage.VERIFY: "Verify",
    Stage.PROPOSE: "Propose",
    Stage.SHIP: "Ship",
}
_TONES: dict[Status, Literal["neutral", "working", "good", "warning", "bad"]] = {
    Status.DONE: "good",
    Status.WAITING: "warning",
    Status.CANCELLED: "neutral",
    Status.REJECTED: "neutral",
    Status.FAILED: "bad",
    Status.QUARANTINED: "bad",
}


def progress(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return the run's living card; `cap` is what it may cost."""
    stages = ORDER[run.goal]
    lines = [_stage_line(run, history, stage, stages) for stage in stages]
    lines += filter(None, [watch_line(history)])
    if run.activity and not run.ended:
        lines.append(f"\n-# {one_line(run.activity, 160)}")
    if run.reason:
        lines.append(f"\n{run.reason}")
    subject = run.trigger.subject or one_line(run.trigger.text, 60) or "the last failure"
    buttons = () if run.ended else (Button(label="Cancel", action="cancel", arguments=(run.id,)),)
    return Post(
        card=Card(
            title=f"{_VERBS[run.goal]}: {one_line(subject, 80)}",
            body="\n".join(lines),
            tone="bad" if failed(history.outcome) else _TONES.get(run.status, "working"),
            footer=f"run {run.id} · {elapsed(run)} · {spent(run, cap)}",
        ),
        buttons=buttons,
    )


def _stage_line(run: Run, history: History, stage: Stage, stages: tuple[Stage, ...]) -> str:
    here = stages.index(run.stage) if run.stage in stages else len(stages)
    position = stages.index(stage)
    note = _note(history, stage, run)
    tail = f" — {note}" if note else ""
    if position < here or run.status is Status.DONE:
        return f"✅ **{_NAMES[stage]}**{tail}"
    if position > here:
        return f"▫️ {_NAMES[stage]}"
    mark = {
        Status.QUEUED: "🕐",
        Status.RUNNING: "⏳",
        Status.WAITING: "✋",
        Status.CANCELLED: "⏹️",
        Status.REJECTED: "⏹️",
    }.get(run.status, "❌")
    return f"{mark} **{_NAMES[stage]}**{tail}"


def _seen(evidence: Evidence) -> str:
    if evidence.slow:
        return "how long it takes, lately and before"
    count = sum(group.count for group in evidence.groups)
    return counted(count, "matching failure") if count else "nothing that fits"


def _note(history: History, stage: Stage, run: Run) -> str:
    if stage is Stage.OBSERVE and history.evidence:
        return _seen(history.evidence)
    if stage is Stage.DIAGNOSE and history.diagnosis:
        return _by(words(history.diagnosis.headline, 300), history.diagnosis.explained_by)
    if stage is Stage.PLAN and history.plan:
        reproduction = history.plan.reproduction
        proof = "no reproduction"
        if reproduction is not None:
            proof = f"`{reproduction.calls}` is red: {reproduction.expects}"
        return _by(proof, history.plan.written_by)
    if stage is Stage.EXECUTE and history.change_set:
        change = history.change_set
        return f"{words(change.summary, 120)} ({change.engine}, {seconds(change.seconds)})"
    if stage is Stage.VERIFY and history.verdict and history.verdict.round == run.round:
        return _verified(history)
    if stage is Stage.PROPOSE and history.proposal:
        opened = history.proposal
        return f"{linked(f'#{opened.number}', opened.url)} `{opened.head[:7]}`"
    if stage is Stage.SHIP:
        if history.shipment:
            return history.shipment.told
        return awaited(run) if run.status is Status.WAITING else ""
    return ""


def _by(text: str, author: str) -> str:
    """Return the text with whose words the stage's are, where they are not the rules'."""
    return f"{text} (by {author})" if author else text


def _verified(history: History) -> str:
    verdict, plan = history.verdict, history.plan
    if verdict is None:
        return ""
    passed = sum(check.status == "passed" for check in verdict.checks)
    text = f"{passed}/{len(verdict.checks)} checks"
    if plan and plan.reproduction:
        text += f", {reproduction_line(verdict, plan.reproduction.calls)}"
    return text
