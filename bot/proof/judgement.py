"""How far a change is proven, as people read it."""

from bot.domain.change import ChangeSet, Finding, Proven, Verdict
from bot.domain.plan import Plan, Risk
from bot.domain.plausible_edit import PlausibleEdit
from bot.proof.hazards import Texts, find_hazards, find_joined_conditions

_UNSEEN = "no other test looks at what was edited."
CALL_ONLY = f"Proven for the failing call only: {_UNSEEN}"
NOT_PROVEN = "Found, not proven:"
ANSWER_ONLY = f"Proven for what a person said that it answers: {_UNSEEN}"


def judge(change: ChangeSet, before: Texts, after: Texts) -> tuple[Proven, tuple[Finding, ...]]:
    """Return how far it is proven, and what is hazardous about it.

    An engine of rules, which says how far it took the proof itself, may not propose a hazardous
    edit on the strength of the failing call alone: that blocks. With a person's answer beside it
    that is said to people, as for what a model wrote, which has a reviewer. What the engine doubts
    itself is said as well.
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
            path=each.path,
            message=f"line {each.line} {each.description}, and only {by} speaks for it",
            blocking=change.proven == "call",
        )
        for each in find_hazards(before, after)
    )
    return change.proven or ("call" if findings else ""), (*findings, *doubts)


def _build_unproven_findings(
    edit: PlausibleEdit, path: str, before: Texts, after: Texts
) -> tuple[Finding, ...]:
    """Return that people have to judge it; a concrete doubt blocks what no person has edited."""
    note = Finding(
        rule="unjudged", path=path, message=f"{NOT_PROVEN} {edit.reason}", blocking=False
    )
    doubts = (
        Finding(
            rule="unproven",
            path=each.path,
            message=f"line {each.line} {each.description}, and nothing proves that it should",
            blocking=not edit.by_hand,
        )
        for each in (*find_hazards(before, after), *find_joined_conditions(before, after))
    )
    return (note, *doubts)


def compute_risk(plan: Plan, verdict: Verdict) -> Risk:
    """Return the plan's risk; what is proven for single calls only is never a low one."""
    weak = verdict.proven in ("call", "answer") or is_unproven(verdict)
    return "medium" if plan.risk == "low" and weak else plan.risk


def is_unproven(verdict: Verdict) -> bool:
    """Return whether the change was found, not proven: an approver decided to propose it."""
    return any(finding.rule == "unjudged" for finding in verdict.findings)


def label(verdict: Verdict) -> str:
    """Return what the reproduction does not say of this head, or nothing."""
    if verdict.reverted_commit:
        return f"Takes back all of commit `{verdict.reverted_commit[:7]}`, its tests with it."
    if is_unproven(verdict):
        return f"{NOT_PROVEN} An approver has read it and decided to propose it."
    if verdict.proven == "call":
        return CALL_ONLY
    if verdict.proven == "answer":
        return ANSWER_ONLY
    return ""
