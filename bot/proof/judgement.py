"""Decides how far a change is proven, and describes that for people."""

from theseus_guard.records import Finding
from theseus_repair.hazards import Texts, find_hazards, find_joined_conditions

from bot.domain.change import ChangeSet, Proven, Verdict
from bot.domain.plan import Plan, Risk
from bot.domain.plausible_edit import PlausibleEdit

_UNSEEN = "no other test checks the edited code."
CALL_ONLY = f"Proven for the failing call only: {_UNSEEN}"
NOT_PROVEN = "Found, not proven:"
ANSWER_ONLY = f"Proven for the answer that a person stated: {_UNSEEN}"


def judge(change: ChangeSet, before: Texts, after: Texts) -> tuple[Proven, tuple[Finding, ...]]:
    """Return how far the change is proven, and the findings about its hazards.

    The rule-based engine says itself how far its edit is proven. It may not propose a hazardous
    edit if only the failing call confirms it: that blocks. If a person's answer confirms the edit,
    or a model wrote it (which a reviewer reads), the hazard is only reported. The engine's own
    doubts are reported as well.
    """
    path = change.files[0].path if change.files else ""
    doubts = tuple(
        Finding(rule="unproven", path=path, message=doubt, blocking=False)
        for doubt in change.doubts
    )
    if change.plausible_edit is not None:
        return "", (*_build_unproven_findings(change.plausible_edit, path, before, after), *doubts)
    if change.proven in ("tests", "undo"):
        return change.proven, doubts
    by = "what a person answered" if change.proven == "answer" else "the failing call"
    findings = tuple(
        Finding(
            rule="unproven",
            path=hazard.path,
            message=f"line {hazard.line} {hazard.description}, and only {by} confirms it",
            blocking=change.proven == "call",
        )
        for hazard in find_hazards(before, after)
    )
    return change.proven or ("call" if findings else ""), (*findings, *doubts)


def _build_unproven_findings(
    edit: PlausibleEdit, path: str, before: Texts, after: Texts
) -> tuple[Finding, ...]:
    """Return the findings of an unproven edit; a hazard blocks unless a person edited it."""
    note = Finding(
        rule="unjudged", path=path, message=f"{NOT_PROVEN} {edit.reason}", blocking=False
    )
    doubts = (
        Finding(
            rule="unproven",
            path=hazard.path,
            message=f"line {hazard.line} {hazard.description}, and nothing proves that it should",
            blocking=not edit.by_hand,
        )
        for hazard in (*find_hazards(before, after), *find_joined_conditions(before, after))
    )
    return (note, *doubts)


def compute_risk(plan: Plan, verdict: Verdict) -> Risk:
    """Return the plan's risk, at least medium if only single calls prove the change."""
    weak = verdict.proven in ("call", "answer") or is_unproven(verdict)
    return "medium" if plan.risk == "low" and weak else plan.risk


def is_unproven(verdict: Verdict) -> bool:
    """Return whether the change was found, not proven: an approver decided to propose it."""
    return any(finding.rule == "unjudged" for finding in verdict.findings)


def label(verdict: Verdict) -> str:
    """Return the limits of the proof as a sentence for people, or an empty string."""
    if verdict.reverted_commit:
        return f"Reverts all of commit `{verdict.reverted_commit[:7]}`, including its tests."
    if is_unproven(verdict):
        return f"{NOT_PROVEN} An approver has read it and decided to propose it."
    if verdict.proven == "call":
        return CALL_ONLY
    if verdict.proven == "answer":
        return ANSWER_ONLY
    return ""
