"""Concludes from a search: which candidate is proposed, and how reliable it is."""

from collections.abc import Sequence
from dataclasses import replace

from theseus_repair.behaviour import BehaviourComparison, find_touched_functions
from theseus_repair.calls import CallOutcome
from theseus_repair.confirmation import Confirmation
from theseus_repair.hazards import find_joined_conditions
from theseus_repair.model import (
    Candidate,
    Label,
    Problem,
    RefusedCandidate,
    SearchReport,
    Texts,
    UnverifiedFix,
)
from theseus_repair.neighbourhood import Neighbourhood
from theseus_repair.open_questions import OpenQuestions
from theseus_repair.removals import is_only_removal
from theseus_repair.search import CONSIDERED, Judge
from theseus_repair.selection import RIVALS, ConfirmedCandidate, FixSelection, SelectedFix, is_wider
from theseus_repair.unverified import CANDIDATES_AT_MOST, build_unverified_fix
from theseus_repair.witnesses import Witnesses

WIDELY = 10  # calls that no test makes; with fewer, equal answers prove little
HASTY_DOUBT = "only {count} of {all} edits were tried, so another one may fix it as well"
CUT_SHORT_DOUBT = "time was up before the search for other fixes was complete"
TWIN_DOUBT = "line {lines} has the same code, and no test shows whether it is wrong there too"
SINGLE_WITNESS_DOUBT = (
    "only the failing test checks the edited code, and a wrong edit easily matches one answer"
)
INCOMPARABLE_DOUBT = (
    "another edit passes as well ({why}), and no call could be replayed to compare the two"
)
SAME_VALUE_DOUBT = "the tests still pass if I then {why}, so they do not distinguish the two values"
INDISTINCT_DOUBT = (
    "another edit passes as well ({why}), and too few calls could be replayed to compare the two"
)
IDLE_CONDITION_DOUBT = (
    "the tests still pass if I {why}, so they do not check what that condition decides"
)
REMOVAL_DOUBT = (
    "it only removes code, no test that passed before checks the rest, and calls that no test "
    "makes answer differently"
)
CHANGED_ANSWERS_DOUBT = (
    "the failing call raised an error, but other calls, which no test makes, answer differently now"
)
JOINED_CONDITION_DOUBT = (
    "it extends a condition, and calls that no test makes answer differently with it"
)
STILL_FAILING_DOUBT = "`{test}`, one of {count} other failing tests, still fails with it"
UNCOMPARED_DOUBT = "there was no time to compare its answers with the answers before"


class FixAssessor:
    """Assesses a search's report. `written` says that people wrote the failing tests."""

    def __init__(
        self,
        problem: Problem,
        comparison: BehaviourComparison,
        judge: Judge,
        confirmation: Confirmation,
        witnesses: Witnesses,
        *,
        written: bool,
    ) -> None:
        self._problem, self._comparison, self._judge = problem, comparison, judge
        self._confirmation, self._witnesses, self._written = confirmation, witnesses, written
        self._crashed = all(crash.error != "AssertionError" for crash in problem.crashes)
        self._open_questions = OpenQuestions(
            problem.texts, comparison, confirmation, problem.failing
        )

    async def assess(self, report: SearchReport) -> SearchReport:
        """Return the report with the candidate that behaviour favours, and its label."""
        if report.fix is None:
            return await self._assess_without_fix(report)
        confirmed, still_failing = await self._witnesses.select_fewest_failing(report.confirmed)
        selection = await self._select_fix(confirmed, tuple(self._confirmation.doubtful))
        found = _apply_selection(report, selection)
        if report.considered < min(CONSIDERED, report.proposed):
            hasty = HASTY_DOUBT.format(count=report.considered, all=report.proposed)
            return found if selection.rivals else replace(found, doubt=hasty)
        if _has_known_outcome(self._comparison.base) and not _has_known_outcome(
            selection.behaviour.outcomes
        ):
            return replace(found, doubt=UNCOMPARED_DOUBT)
        # A generated reproduction only checks that the call ends: it distinguishes few edits.
        if self._written and not selection.rivals and not selection.losses:
            found = await self._check_neighbours(found, selection)
        return _add_doubts(found, selection.unlike, still_failing)

    async def _assess_without_fix(self, report: SearchReport) -> SearchReport:
        """Return the report with a doubted fix, or with a question and the edit to show people."""
        report = await self._assess_doubtful(report)
        if report.fix is None and report.question is None:
            report = await self._open_questions.add_question(report)
        return report if report.fix is not None else await self._find_unverified(report)

    async def _find_unverified(self, report: SearchReport) -> SearchReport:
        """Return the report with the likeliest edit that only more tests could judge, if any."""
        reasons = self._confirmation.unjudged
        likely = sorted(reasons, key=lambda each: -each.rank)[:CANDIDATES_AT_MOST]
        if not likely:
            return report
        selection = await self._select_fix(tuple(likely))
        shown = _apply_selection(report, selection)
        reason = reasons[selection.chosen.candidate]
        failing = self._problem.failing
        unproven = build_unverified_fix(shown, selection, self._comparison, failing, reason)
        return replace(report, unverified=unproven)

    async def _check_neighbours(self, found: SearchReport, selection: SelectedFix) -> SearchReport:
        """Return the report, proven if the tests distinguish its fix from neighbouring edits."""
        neighbourhood = Neighbourhood(
            self._problem.texts, self._judge, self._comparison, self._witnesses
        )
        around = await neighbourhood.examine(selection.chosen.candidate, selection.chosen.files)
        doubt = IDLE_CONDITION_DOUBT.format(why=around.idle) if around.idle else ""
        doubt = doubt or (SAME_VALUE_DOUBT.format(why=around.same) if around.same else "")
        if selection.indistinguishable and not self._is_widely_compared(selection):
            doubt = doubt or INDISTINCT_DOUBT.format(why=selection.indistinguishable[0].why)
        if around.is_distinguished and not doubt:
            found, doubt = await self._find_weak_evidence(found, selection)
        return replace(
            found,
            label="proven" if around.is_distinguished and not doubt else "plausible",
            doubt=doubt,
            rivals=around.rivals[:RIVALS],
            others=around.others,
            question=around.question,
        )

    def _is_widely_compared(self, selection: SelectedFix) -> bool:
        """Return whether many calls that no test makes were replayed, with several answers."""
        pairs = zip(selection.calls, selection.behaviour.outcomes, strict=True)
        ends = [end.end for call, end in pairs if not call.tests and end.how != "unknown"]
        return len(ends) >= WIDELY and len(set(ends)) > 1

    async def _find_weak_evidence(
        self, found: SearchReport, selection: SelectedFix
    ) -> tuple[SearchReport, str]:
        """Return the report with unchecked losses, and the doubt if the tests check too little."""
        fix, before = selection.chosen.files, self._problem.texts
        if not await self._witnesses.has_two(fix):
            return found, SINGLE_WITNESS_DOUBT
        moved = tuple(call for call in selection.behaviour.moved if not call.tested)
        if (
            moved
            and is_only_removal(before, fix)
            and not await self._witnesses.has_passing_witness(fix)
        ):
            return replace(found, losses=moved), REMOVAL_DOUBT
        if moved and find_joined_conditions(before, fix):
            return replace(found, losses=moved), JOINED_CONDITION_DOUBT
        if moved and self._crashed:
            return replace(found, losses=moved), CHANGED_ANSWERS_DOUBT
        edited = {(place.path, place.name) for place in find_touched_functions(before, fix)}
        calls = [
            (call, outcome)
            for call, outcome in zip(selection.calls, selection.behaviour.outcomes, strict=True)
            if (call.path, call.name) in edited
        ]
        return found, self._witnesses.measure_evidence(fix, calls).find_doubt(found.attempts)

    def assess_without_comparison(self, report: SearchReport) -> SearchReport:
        """Return the report with its best-ranked candidate, because there is no time to compare."""
        if report.fix is None:
            reasons = self._confirmation.unjudged
            likeliest = max(reasons, key=lambda each: each.rank, default=None)
            if likeliest is None:
                return report
            files = likeliest.apply(self._problem.texts)
            reason = reasons[likeliest]
            unproven = UnverifiedFix(likeliest, files, reason, against=(UNCOMPARED_DOUBT,))
            return replace(report, unverified=unproven)
        ruling = self._confirmation.rulings[report.fix]
        return replace(
            report,
            proof=ruling.proof,
            reverted_commit=ruling.commit,
            label="plausible",
            doubt=UNCOMPARED_DOUBT,
        )

    async def _assess_doubtful(self, report: SearchReport) -> SearchReport:
        """Return the report with a candidate the gate doubts, if it is the only harmless one.

        No answer may change except where a failing test asks for it, and no other doubted candidate
        may answer differently; otherwise the report asks people which answer is right.
        """
        doubtful = self._confirmation.doubtful
        if not doubtful:
            return report
        selection = await self._select_fix(tuple(doubtful))
        if selection.rivals and selection.question is not None:
            unanswered = (selection.chosen.candidate, *selection.others)
            return replace(report, question=selection.question, unanswered=unanswered)
        if selection.rivals or selection.losses or not self._comparison.has_passing_calls:
            return report
        chosen = selection.chosen.candidate
        refused: tuple[RefusedCandidate, ...] = tuple(
            entry for entry in report.refused if entry.candidate != chosen
        )
        doubted = replace(report, stopped="fixed", refused=refused, doubt=doubtful[chosen])
        return _apply_selection(doubted, selection)

    async def _select_fix(
        self, candidates: tuple[Candidate, ...], doubtful: tuple[Candidate, ...] = ()
    ) -> SelectedFix:
        texts, rulings = self._problem.texts, self._confirmation.rulings
        selection = FixSelection(texts, self._comparison, crashed=self._crashed)
        rows = [
            [ConfirmedCandidate(each, each.apply(texts), rulings[each]) for each in some]
            for some in (candidates, doubtful)
        ]
        return await selection.select(*rows)


def _has_known_outcome(outcomes: Sequence[CallOutcome]) -> bool:
    """Return whether the outcome of any call is known."""
    return any(outcome.how != "unknown" for outcome in outcomes)


def _add_doubts(
    report: SearchReport, unlike: Sequence[Candidate], failing: Sequence[str]
) -> SearchReport:
    """Return the report as plausible if another reason keeps its fix from being proven."""
    fix = report.fix
    doubts = (
        [report.doubt, fix.caveat, _find_twin_doubt(fix, report.confirmed)]
        if fix is not None
        else []
    )
    doubts += [CUT_SHORT_DOUBT] if report.cut else []
    doubts += [STILL_FAILING_DOUBT.format(test=failing[0], count=len(failing))] if failing else []
    doubts += [INCOMPARABLE_DOUBT.format(why=unlike[0].why)] if unlike else []
    doubt = "; ".join(filter(None, doubts))
    return replace(report, doubt=doubt, label="plausible") if doubt else report


def _find_twin_doubt(fix: Candidate, confirmed: Sequence[Candidate]) -> str:
    """Return the doubt that the same code may be wrong elsewhere, if tests pass either way."""
    for each in confirmed:
        if is_wider(each, fix):
            return TWIN_DOUBT.format(lines=", ".join(map(str, each.also)))
    return ""


def _apply_selection(report: SearchReport, selection: SelectedFix) -> SearchReport:
    """Return the report with the selected fix, labelled plausible for now."""
    chosen = selection.chosen
    return replace(
        report,
        fix=chosen.candidate,
        files=chosen.files,
        proof=chosen.ruling.proof,
        reverted_commit=chosen.ruling.commit,
        label="plausible",
        rivals=selection.rivals,
        losses=selection.losses,
        others=selection.others,
        indistinguishable=selection.indistinguishable,
        question=selection.question,
    )


def merge_reports(parts: Sequence[SearchReport], files: Texts) -> SearchReport:
    """Return one report of several successive repairs that ended with these texts."""
    fixes = [part.fix for part in parts if part.fix is not None]
    both = Candidate(
        edits=tuple(edit for fix in fixes for edit in fix.edits),
        kind=" and ".join(dict.fromkeys(fix.kind for fix in fixes)),
        why="; ".join(fix.why for fix in fixes),
        line=fixes[0].line,
    )
    tried: dict[str, int] = {}
    for part in parts:
        for kind, count in part.tried.items():
            tried[kind] = tried.get(kind, 0) + count
    weakest: Label = "proven" if all(part.label == "proven" for part in parts) else "plausible"
    return replace(
        parts[-1],
        fix=both,
        files=files,
        failing=len(parts),
        tried=tried,
        proposed=sum(part.proposed for part in parts),
        considered=sum(part.considered for part in parts),
        label=weakest,
        rivals=tuple(rival for part in parts for rival in part.rivals),
        losses=tuple(loss for part in parts for loss in part.losses),
    )
