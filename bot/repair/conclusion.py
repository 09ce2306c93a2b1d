"""What is concluded from the candidates found: which is proposed, how far it can be believed."""

from collections.abc import Sequence
from dataclasses import replace

from bot.proof import find_joined_conditions
from bot.repair.behaviour import BehaviourComparison, find_touched_functions
from bot.repair.calls import CallOutcome
from bot.repair.confirmation import Confirmation
from bot.repair.model import (
    Candidate,
    Label,
    Problem,
    RefusedCandidate,
    SearchReport,
    Texts,
    UnverifiedFix,
)
from bot.repair.neighbourhood import Neighbourhood
from bot.repair.open_questions import OpenQuestions
from bot.repair.removals import is_only_removal
from bot.repair.search import CONSIDERED, Judge
from bot.repair.selection import RIVALS, ConfirmedCandidate, FixSelection, SelectedFix, is_wider
from bot.repair.unverified import CANDIDATES_AT_MOST, build_unverified_fix
from bot.repair.witnesses import Witnesses

WIDELY = 10  # calls
HASTY_DOUBT = "{count} of {all} edits had their turn: another may do as well"
CUT_SHORT_DOUBT = "time was up before other edits had been looked for as long as they should be"
TWIN_DOUBT = "the same stands in line {lines}, and no test tells whether it is wrong there too"
SINGLE_WITNESS_DOUBT = (
    "nothing but what failed looks at what was edited, and one answer is soon met by chance"
)
INCOMPARABLE_DOUBT = (
    "another edit passes as well ({why}), and no call that may be made again compares the two"
)
SAME_VALUE_DOUBT = (
    "the tests pass as well with this and then {why}: they do not tell the two values apart"
)
INDISTINCT_DOUBT = (
    "another edit passes as well ({why}), and the calls made tell too little of the two"
)
IDLE_CONDITION_DOUBT = (
    "the tests pass as well with {why}: what that condition decides they do not look at"
)
REMOVAL_DOUBT = (
    "it only takes something away, no test that passed before looks at what is left, and calls "
    "that no test makes answer otherwise"
)
CHANGED_ANSWERS_DOUBT = (
    "what failed raised, and calls that answered, which no test makes, answer otherwise now"
)
JOINED_CONDITION_DOUBT = (
    "it adds a part to a condition, and calls that no test makes answer otherwise with it"
)
STILL_FAILING_DOUBT = (
    "`{test}`, one of {count} tests beside it that fail as well, still does with it"
)
UNCOMPARED_DOUBT = "what it answers could not be compared in time with what was answered before"


class FixAssessor:
    """Concludes from a search's report. `written` says that people wrote the failing tests."""

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
        """Return the report with the candidate that behaviour speaks for, and how far it does."""
        if report.fix is None:
            return await self._assess_without_fix(report)
        confirmed, red = await self._witnesses.select_fewest_failing(report.confirmed)
        selection = await self._select_fix(confirmed, tuple(self._confirmation.doubtful))
        found = _apply_selection(report, selection)
        if report.considered < min(CONSIDERED, report.proposed):
            hasty = HASTY_DOUBT.format(count=report.considered, all=report.proposed)
            return found if selection.rivals else replace(found, doubt=hasty)
        if _has_known_outcome(self._comparison.base) and not _has_known_outcome(
            selection.behaviour.outcomes
        ):
            return replace(found, doubt=UNCOMPARED_DOUBT)
        # A reproduction of ours only looks at whether the call ends: it tells little apart.
        if self._written and not selection.rivals and not selection.losses:
            found = await self._check_neighbours(found, selection)
        return _add_doubts(found, selection.unlike, red)

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
        """Return the report as proven where tests tell its fix from what is next to it."""
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
        """Return whether many calls that no test makes were made, and answer this and that."""
        pairs = zip(selection.calls, selection.behaviour.outcomes, strict=True)
        ends = [end.end for call, end in pairs if not call.tests and end.how != "unknown"]
        return len(ends) >= WIDELY and len(set(ends)) > 1

    async def _find_weak_evidence(
        self, found: SearchReport, selection: SelectedFix
    ) -> tuple[SearchReport, str]:
        """Return what is lost where nothing looks at it, and why what tests ask is too little."""
        fix, before = selection.chosen.files, self._problem.texts
        if not await self._witnesses.has_two(fix):
            return found, SINGLE_WITNESS_DOUBT
        moved = tuple(each for each in selection.behaviour.moved if not each.tested)
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
        """Return the report with its best-ranked candidate, for want of time."""
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
        """Return the report with a candidate the gate doubts, if it alone passes and harms nothing.

        Nothing that answered may answer otherwise, but what the failing tests ask for; and no other
        that is doubted either may answer otherwise than it does: which is right can be asked then.
        """
        doubtful = self._confirmation.doubtful
        if not doubtful:
            return report
        selection = await self._select_fix(tuple(doubtful))
        if selection.rivals and selection.question is not None:
            asked = (selection.chosen.candidate, *selection.others)
            return replace(report, question=selection.question, unanswered=asked)
        if selection.rivals or selection.losses or not self._comparison.has_passing_calls:
            return report
        chosen = selection.chosen.candidate
        kept: tuple[RefusedCandidate, ...] = tuple(
            each for each in report.refused if each.candidate != chosen
        )
        doubted = replace(report, stopped="fixed", refused=kept, doubt=doubtful[chosen])
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
    """Return whether it is known of any call how it ended."""
    return any(outcome.how != "unknown" for outcome in outcomes)


def _add_doubts(
    report: SearchReport, unlike: Sequence[Candidate], failing: Sequence[str]
) -> SearchReport:
    """Return the report as plausible where something else keeps its fix from being proven."""
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
    """Return the doubt that the same may be wrong elsewhere, where tests pass either way."""
    for each in confirmed:
        if is_wider(each, fix):
            return TWIN_DOUBT.format(lines=", ".join(map(str, each.also)))
    return ""


def _apply_selection(report: SearchReport, selection: SelectedFix) -> SearchReport:
    """Return the report with what was selected, which is plausible as yet."""
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
    """Return one report of several repairs, one after the other, which ended with these texts."""
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
