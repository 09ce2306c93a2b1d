"""Builds the edit to show if none is proven: all tests pass with it, and nothing can refute it."""

from theseus_repair.behaviour import BehaviourComparison
from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.explain import list_doubts
from theseus_repair.model import Candidate, ChangedCall, SearchReport, UnverifiedFix
from theseus_repair.selection import SelectedFix

CANDIDATES_AT_MOST = 20  # only the likeliest, because comparing each takes time
_ANSWERS, _NAMED = 3, 3
_FEW = "only {count} of {all} edits were tried"
_OTHERS = "{count} other edits also pass the tests, for example {named}"


def build_unverified_fix(
    report: SearchReport,
    selection: SelectedFix,
    comparison: BehaviourComparison,
    failing: frozenset[str],
    reason: str,
) -> UnverifiedFix | None:
    """Return the selected edit for people to judge; `report` holds the objections.

    Return `None` if a call ends worse with the edit, because that is a concrete doubt. `failing`
    are the tests whose calls are shown with their new answers.
    """
    if selection.behaviour.broken:
        return None
    pairs = zip(comparison.calls, comparison.base, selection.behaviour.outcomes, strict=True)
    answers = [
        ChangedCall(call.text, before.text, after.text)
        for call, before, after in pairs
        if _is_answered(call, before, after, failing)
    ]
    return UnverifiedFix(
        candidate=selection.chosen.candidate,
        files=selection.chosen.files,
        reason=reason,
        answers=tuple(dict.fromkeys(answers))[:_ANSWERS],
        against=tuple(_list_objections(report, selection.chosen.candidate)),
    )


def _is_answered(
    call: RecordedCall, before: CallOutcome, after: CallOutcome, failing: frozenset[str]
) -> bool:
    """Return whether a failing test makes this call, and it failed before and answers now."""
    failed = before.how in ("raise", "late") and not failing.isdisjoint(call.tests)
    return failed and after.how == "answer"


def _list_objections(report: SearchReport, candidate: Candidate) -> list[str]:
    """Return the objections to an edit: other edits, changed answers, a search cut short."""
    others = [entry.candidate.why for entry in report.refused if entry.candidate != candidate]
    is_incomplete = report.considered < report.proposed
    return [
        *([_OTHERS.format(count=len(others), named="; ".join(others[:_NAMED]))] if others else []),
        *list_doubts(report),
        *([_FEW.format(count=report.considered, all=report.proposed)] if is_incomplete else []),
    ]
