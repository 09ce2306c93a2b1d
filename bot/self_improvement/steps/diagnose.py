"""Diagnose: say what the evidence shows, and how sure that is. Never more than it shows."""

from typing import Literal

from bot.authority.protection import named_files
from bot.budget.allowance import may_ask
from bot.domain.errors import (
    AgentError,
    BudgetSpent,
    TheseusError,
    WorkspaceError,
)
from bot.domain.evidence import Diagnosis, Evidence, Suspect
from bot.domain.history import History
from bot.domain.journal import Capsule, FailureGroup
from bot.domain.run import Run, Stage, Status
from bot.domain.shipped_fix import ShippedFix
from bot.domain.spent import Spent
from bot.memory.ranking import seen_before
from bot.ports.planner import Case, Planner
from bot.ports.workspace import Workspace
from bot.presentation.cards import plain
from bot.presentation.failure_words import headline, place
from bot.presentation.times import clock_time
from bot.presentation.without_failure import without_failure
from bot.redaction import redact
from bot.self_improvement.agent_updates import OnProgress, last_word
from bot.self_improvement.step_context import StepContext, need
from bot.self_improvement.steps._answer_complaint import AnswerComplaints
from bot.self_improvement.steps._side_question import side_changes, side_question
from bot.self_improvement.steps._slow_action import slow_diagnosis
from bot.triage import Triage, triage

_HOW_TO_INSIST = " If you see that otherwise, `/runs retry {}` goes on all the same."


class FaultAnalyzer:
    """Turns evidence into a diagnosis: by rules, then in a planner's words where there is one.

    The facts and counts are always the rules'.
    """

    def __init__(self, planner: Planner | None = None) -> None:
        self._planner = planner

    @property
    def planned_by(self) -> str | None:
        """Return the planner's name, where there is one."""
        return self._planner.name if self._planner else None

    async def explain(
        self, case: Case, workspace: Workspace, on_progress: OnProgress
    ) -> tuple[Diagnosis, Spent]:
        """Return what the planner makes of the case, and what that cost.

        Raises `AgentError`, `BudgetSpent`.
        """
        if self._planner is None:
            return case.diagnosis, Spent()
        explained = await last_word(
            self._planner.diagnose(case, workspace),
            on_progress,
            f"{self._planner.name} ended without a diagnosis.",
        )
        return explained.diagnosis, Spent().plus(explained)


class DiagnoseStep:
    """Diagnoses; an investigation ends with it, and so does what is no fault of ours.

    Without `answers`, nothing is done about what never failed.
    """

    def __init__(
        self, context: StepContext, analyzer: FaultAnalyzer, answers: AnswerComplaints | None = None
    ) -> None:
        self._context = context
        self._analyzer = analyzer
        self._answers = answers

    async def perform(self, run: Run, history: History) -> Run:
        """Say what the evidence shows; an investigation ends with it."""
        transitions, evidence = self._context.transitions, need(history.evidence)
        diagnosis = diagnosis_by_rules(evidence)
        if self._answers is not None and _may_be_wrong(evidence, diagnosis):
            taken_up = await self._answers.perform(run, history, evidence)
            if taken_up is not None:
                return taken_up
        await self._context.memory.diagnosed(run, history, diagnosis)
        if diagnosis.instead == "fixed":
            return await transitions.end(run, Status.DONE, diagnosis.told, diagnosis)
        if run.goal == "investigate":
            if diagnosis.found and self._analyzer.planned_by:
                diagnosis = await self._explained(run, history, evidence, diagnosis)
                run = self._context.cost_meter.settle(run)
            told = diagnosis.headline if diagnosis.found else diagnosis.told
            return await transitions.end(run, Status.DONE, told, diagnosis)
        if diagnosis.seen_before:
            text = f"🧠 Seen before: {plain(diagnosis.seen_before, 400)}."
            await self._context.notifier.say(run, text, key=f"seen-before:{run.attempt}")
        if diagnosis.found and not diagnosis.triage.ours and not _insisted(history):
            return await self._not_ours(run, history, diagnosis)
        if not diagnosis.found or not diagnosis.file:
            return await transitions.end(run, Status.FAILED, diagnosis.told, diagnosis)
        return await transitions.advance(run, Stage.PLAN, diagnosis)

    async def _not_ours(self, run: Run, history: History, diagnosis: Diagnosis) -> Run:
        """Say whose it is; where our side could do better, ask people whether it should."""
        context, transitions = self._context, self._context.transitions
        reason = f"{diagnosis.headline}. {diagnosis.triage.told}"
        changes = side_changes(run, history.answer)
        if changes:
            return await transitions.advance(run, Stage.PLAN, diagnosis)
        if changes is None and diagnosis.triage.remedies and diagnosis.file:
            now = context.services.clock.now()
            asked = side_question(run, diagnosis, now, now + context.limits.question)
            return await transitions.ask(run, asked)
        left = "" if changes is None else " I leave our side as it is."
        reason += f"{left}{_HOW_TO_INSIST.format(run.id)}"
        return await transitions.end(run, Status.FAILED, reason, diagnosis)

    async def _explained(
        self, run: Run, history: History, evidence: Evidence, diagnosis: Diagnosis
    ) -> Diagnosis:
        """Return the diagnosis in the planner's words; where it fails, the rules' own."""
        context, case = self._context, case_of(run, history, evidence)

        async def explained(workspace: Workspace) -> Diagnosis:
            show = context.working(run, history)
            found, spent = await self._analyzer.explain(case, workspace, show)
            context.cost_meter.note(run.id, spent)
            return found

        try:
            await may_ask(context.services.budget, run, "diagnose")
            async with context.lend(run, evidence) as workspace:
                planner = self._analyzer.planned_by or ""
                found = await context.called(run, "diagnose", planner, explained(workspace))
            await context.services.workspaces.drop(run.id)  # an investigation leaves no branch
        except (AgentError, BudgetSpent, WorkspaceError) as error:
            await say_without_planner(context, run, error, "This is what my rules make of it.")
            return diagnosis
        return found


def case_of(run: Run, history: History, evidence: Evidence) -> Case:
    """Return what a planner is asked about: the request, the evidence, the rules' diagnosis."""
    return Case(
        run_id=run.id,
        person_id=run.trigger.person.id,
        attempt=run.attempt,
        words=run.trigger.material,
        evidence=evidence,
        diagnosis=diagnosis_by_rules(evidence),
        named=named_files(run, history),
    )


async def say_without_planner(
    context: StepContext, run: Run, error: TheseusError, instead: str
) -> None:
    """Say that the planner failed, and what takes its place."""
    context.record(run, error)
    key = f"planner:{run.attempt}:{run.goal}"
    await context.notifier.say(run, f"⚠️ {redact(str(error))} {instead}", key=key)


def _may_be_wrong(evidence: Evidence, diagnosis: Diagnosis) -> bool:
    """Whether what is meant may be an answer: no recorded failure is meant, and none may be."""
    return (
        not diagnosis.found
        and diagnosis.instead in ("", "which")
        and bool(evidence.idle or not evidence.likely)
    )


def _insisted(history: History) -> bool:
    """Whether a person has read that it is not ours, and asked for it all the same."""
    read = history.diagnosis
    return read is not None and read.found and not read.triage.ours


def diagnosis_by_rules(evidence: Evidence) -> Diagnosis:
    """Return the rules' diagnosis; `found` is false when nothing in the journal fits."""
    if not evidence.groups:
        return slow_diagnosis(evidence.slow) if evidence.slow else without_failure(evidence)
    group = evidence.groups[0]
    capsule = group.newest.error
    frame = capsule.innermost if capsule else None
    if capsule is None or frame is None:
        return _outside(evidence, group, capsule)
    return Diagnosis(
        found=True,
        headline=headline(group),
        cause=_again(evidence.fix, group) + _cause(capsule, evidence.suspects),
        fingerprint=group.fingerprint,
        event=group.event,
        file=frame.file,
        line=frame.line,
        function=frame.function,
        count=group.count,
        first_seen=group.first_seen,
        last_seen=group.last_seen,
        suspects=evidence.suspects,
        confidence=_confidence(evidence),
        evidence_ids=group.action_ids,
        seen_before=seen_before(evidence.memories, group.fingerprint),
        last_worked=evidence.worked.told if evidence.worked else "",
        triage=judged(evidence),
    )


def judged(evidence: Evidence) -> Triage:
    """Return whose fault the best-matching failure is."""
    best, *others = evidence.groups or (None,)
    return triage(
        best,
        users=evidence.users,
        nearby=(*(group for group in others if group), *evidence.nearby),
        timeline=evidence.timeline,
        changed=tuple(suspect.commit.sha for suspect in evidence.suspects),
        since_worked=_since_worked(evidence),
    )


def _since_worked(evidence: Evidence) -> tuple[str, ...]:
    """Return the suspects that are newer than what the action last went well with."""
    changes = evidence.worked.changes if evidence.worked else ()
    return tuple(change.commit.sha for change in changes)


def _again(fix: ShippedFix | None, group: FailureGroup) -> str:
    """Return that a fix was shipped for it and it was seen since; nothing where none was."""
    if fix is None:
        return ""
    if fix.fingerprint != group.fingerprint:
        return f"{fix.told} mended another failure of it before. "
    seen = clock_time(group.first_seen)
    return f"It was fixed in {fix.told}, but is seen again since {seen}. "


def _outside(evidence: Evidence, group: FailureGroup, capsule: Capsule | None) -> Diagnosis:
    message = f"{capsule.exception}: {capsule.message}" if capsule else "no exception was recorded"
    return Diagnosis(
        found=True,
        headline=headline(group),
        cause=f"The failure is {place(group)}: {message}. {_nothing_of_ours(judged(evidence))}",
        fingerprint=group.fingerprint,
        event=group.event,
        count=group.count,
        first_seen=group.first_seen,
        last_seen=group.last_seen,
        confidence="low",
        evidence_ids=group.action_ids,
        seen_before=seen_before(evidence.memories, group.fingerprint),
        triage=judged(evidence),
    )


def _nothing_of_ours(judgement: Triage) -> str:
    return "There is nothing of ours to change." if judgement.ours else judgement.told


def _cause(capsule: Capsule, suspects: tuple[Suspect, ...]) -> str:
    frame = capsule.frames[-1]
    values = ", ".join(f"{name}={value}" for name, value in frame.arguments.items())
    called = f" with {values}" if values else ""
    text = (
        f"`{frame.function}` raises {capsule.exception} ({capsule.message}){called}, "
        f"at `{frame.file}:{frame.line}`."
    )
    if capsule.holds_stand_ins and values:
        text += " These values are stand-ins of the same shape: the real ones are private."
    if suspects:
        commit = suspects[0].commit
        text += (
            f" Suspect: `{commit.sha[:7]}` “{commit.summary}” by {commit.author} "
            f"({suspects[0].reason})."
        )
    return text


def _confidence(evidence: Evidence) -> Literal["low", "medium", "high"]:
    """Return how sure the cause is: no surer than that this is the failure somebody meant."""
    if evidence.named == "not at all":
        return "low" if evidence.nearby else "medium"
    suspects = evidence.suspects
    return (
        "high"
        if evidence.named == "exactly" and suspects and suspects[0].score >= 0.5
        else "medium"
    )
