"""The diagnosis by rules: what the evidence shows and how certain it is, and no more."""

from typing import Literal

from bot.domain.evidence import Diagnosis, Evidence, Suspect
from bot.domain.journal import Capsule, FailureGroup
from bot.domain.shipped_fix import ShippedFix
from bot.domain.slowness import Slowness
from bot.memory.ranking import describe_history
from bot.presentation.failure_labels import format_headline, place
from bot.presentation.missing_failure import build_diagnosis
from bot.presentation.times import format_utc
from bot.triage import Triage, triage


def diagnose_by_rules(evidence: Evidence) -> Diagnosis:
    """Return the rules' diagnosis; `found` is false if nothing in the journal matches."""
    if not evidence.groups:
        return _diagnose_slowness(evidence.slow) if evidence.slow else build_diagnosis(evidence)
    group = evidence.groups[0]
    capsule = group.newest.error
    frame = capsule.innermost if capsule else None
    if capsule is None or frame is None:
        return _build_outside_diagnosis(evidence, group, capsule)
    return Diagnosis(
        found=True,
        headline=format_headline(group),
        cause=_describe_recurrence(evidence.fix, group)
        + _describe_cause(capsule, evidence.suspects),
        fingerprint=group.fingerprint,
        event=group.event,
        called=group.newest.called,
        file=frame.file,
        line=frame.line,
        function=frame.function,
        count=group.count,
        first_seen=group.first_seen,
        last_seen=group.last_seen,
        suspects=evidence.suspects,
        confidence=_rate_confidence(evidence),
        evidence_ids=group.action_ids,
        seen_before=describe_history(evidence.memories, group.fingerprint),
        last_worked=evidence.successes,
        triage=judge_origin(evidence),
    )


def judge_origin(evidence: Evidence) -> Triage:
    """Return the triage of the best-matching failure."""
    best, *others = evidence.groups or (None,)
    return triage(
        best,
        users=evidence.users,
        nearby=(*(group for group in others if group), *evidence.nearby),
        timeline=evidence.timeline,
        changed=tuple(suspect.commit.sha for suspect in evidence.suspects),
        since_worked=_list_newer_suspects(evidence),
    )


def _list_newer_suspects(evidence: Evidence) -> tuple[str, ...]:
    """Return the suspects that are newer than the action's last success."""
    changes = evidence.worked.changes if evidence.worked else ()
    return tuple(change.commit.sha for change in changes)


def _describe_recurrence(fix: ShippedFix | None, group: FailureGroup) -> str:
    """Return that a shipped fix did not end the failure; empty if no fix was shipped."""
    if fix is None:
        return ""
    if fix.fingerprint != group.fingerprint:
        return f"{fix.label} fixed another failure of it before. "
    seen = format_utc(group.first_seen)
    return f"It was fixed in {fix.label}, but is seen again since {seen}. "


def _build_outside_diagnosis(
    evidence: Evidence, group: FailureGroup, capsule: Capsule | None
) -> Diagnosis:
    message = f"{capsule.exception}: {capsule.message}" if capsule else "no exception was recorded"
    return Diagnosis(
        found=True,
        headline=format_headline(group),
        cause=f"The failure is {place(group)}: {message}. "
        f"{_explain_no_change(judge_origin(evidence))}",
        fingerprint=group.fingerprint,
        event=group.event,
        called=group.newest.called,
        count=group.count,
        first_seen=group.first_seen,
        last_seen=group.last_seen,
        confidence="low",
        evidence_ids=group.action_ids,
        seen_before=describe_history(evidence.memories, group.fingerprint),
        triage=judge_origin(evidence),
    )


def _explain_no_change(judgement: Triage) -> str:
    return "There is nothing of ours to change." if judgement.ours else judgement.summary


def _describe_cause(capsule: Capsule, suspects: tuple[Suspect, ...]) -> str:
    frame = capsule.frames[-1]
    values = ", ".join(f"{name}={value}" for name, value in frame.arguments.items())
    called = f" with {values}" if values else ""
    text = (
        f"`{frame.function}` raises {capsule.exception} ({capsule.message}){called}, "
        f"at `{frame.file}:{frame.line}`."
    )
    if capsule.holds_stand_ins and values:
        text += (
            " These values are placeholders of the same shape, because the real ones are private."
        )
    if suspects:
        commit = suspects[0].commit
        text += (
            f" Suspect: `{commit.sha[:7]}` “{commit.summary}” by {commit.author} "
            f"({suspects[0].reason})."
        )
    return text


def _rate_confidence(evidence: Evidence) -> Literal["low", "medium", "high"]:
    """Return the confidence in the cause, limited by how surely the failure is the right one."""
    if evidence.named == "not at all":
        return "low" if evidence.nearby else "medium"
    suspects = evidence.suspects
    return (
        "high"
        if evidence.named == "exactly" and suspects and suspects[0].score >= 0.5
        else "medium"
    )


def _diagnose_slowness(slow: Slowness) -> Diagnosis:
    """Return the diagnosis from the action's durations; it has no frame, as nothing failed."""
    name, recent, before = (
        slow.newest.called,
        slow.recent,
        slow.before,
    )
    usual = f", {_format_duration(before.p95_ms)} before" if before else ""
    paces = ", ".join(
        f"`{pace.commit}` {_format_duration(pace.p95_ms)} ({pace.actions} actions)"
        for pace in slow.by_code
    )
    cause = f"p95 by the code that ran: {paces}." if len(slow.by_code) > 1 else ""
    if slow.came_with:
        cause += f" It is slower since `{slow.came_with}` came live: start there."
    elif slow.by_code:
        cause += " The code is the same as before, so check what it waits for: services or data."
    return Diagnosis(
        found=True,
        headline=f"{name} is slow: p95 {_format_duration(recent.p95_ms)} in the last 10 min{usual}",
        cause=cause.strip() or "No record says which code ran.",
        event=slow.newest.event,
        called=slow.newest.called,
        count=recent.actions,
        last_seen=slow.newest.ts,
        confidence="medium" if slow.came_with else "low",
        evidence_ids=slow.slowest,
    )


def _format_duration(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1_000 else f"{value:.0f} ms"
