"""Builds the engine's assignment, and records the engine's result."""

from datetime import datetime

from theseus_observe.redaction import redact

from bot.authority.named_files import collect_named_files
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, Grant
from bot.domain.dialogue import Question
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.plan import Approach, Plan, Step
from bot.domain.run import Run
from bot.ports.agent import (
    Assignment,
    Finished,
    QuestionAsked,
)
from bot.ports.workspace import Workspace
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.steps._answer_plan import get_incorrect_output


def build_assignment(run: Run, history: History) -> Assignment:
    """Return the engine's assignment for this round."""
    revising, question, versions = history.revising, history.question, history.candidates
    first = run.round == run.first_round
    asked_here = (
        question is not None
        and question.head != ""  # the question came from an engine
        and (question.attempt, question.round) == (run.attempt, run.round)
    )
    items = history.instructions.items if history.instructions else ()
    abandoned = history.change_set.abandoned if history.change_set else ()
    return Assignment(
        run_id=run.id,
        person_id=run.trigger.person.id,
        attempt=run.attempt,
        round=run.round,
        candidate=versions.present if versions and versions.attempt == run.attempt else 1,
        approach=_find_approach(run, history),
        request=run.trigger.material,
        evidence=need(history.evidence),
        diagnosis=history.diagnosis or _build_diagnosis(need(history.brief)),
        brief=history.brief,
        plan=need(history.plan),
        previous=history.change_set if revising or not first else None,
        feedback=None if first else history.verdict,
        steering=tuple(item.text for number, item in enumerate(items) if number not in abandoned),
        abandoned=tuple(item.text for number, item in enumerate(items) if number in abandoned),
        resumed=bool(run.interruptions or run.activity),
        question=question if asked_here and not history.open_question else None,
        answer=history.answer if asked_here and not history.open_question else None,
        named=collect_named_files(run, history),
        expects_other_output=get_incorrect_output(run, history) is not None,
    )


def _find_approach(run: Run, history: History) -> Approach | None:
    """Return the approach of the candidate that is worked on; `None` if it has none of its own."""
    candidates, plan = history.candidates, need(history.plan)
    if candidates is None or candidates.attempt != run.attempt:
        return None
    return next((each for each in plan.approaches if each.name == candidates.approach), None)


def _build_diagnosis(brief: Brief) -> Diagnosis:
    """Return the diagnosis of a requested change, where nothing has failed."""
    return Diagnosis(found=False, instead="change", headline=brief.understood, cause="")


def add_granted_files(plan: Plan, granted: tuple[Grant, ...]) -> Plan:
    """Return the plan with the additional files that the engine was granted."""
    new = {grant.file: grant for grant in granted if grant.file not in plan.owned_files}
    steps = tuple(
        Step(summary=f"Granted: {redact(grant.reason)}", owned_files=(grant.file,))
        for grant in new.values()
    )
    return plan.replace(steps=(*plan.steps, *steps))


def build_question(
    run: Run, asked: QuestionAsked, paused: str, engine: str, *, asked_at: datetime, until: datetime
) -> Question:
    """Return the engine's question; `paused` is the head with the work so far."""
    return Question(
        id=f"{run.id}:{run.attempt}:{run.round}:{run.parks}",
        attempt=run.attempt,
        round=run.round,
        head=paused,
        engine=engine,
        text=redact(asked.text),
        default=redact(asked.default),
        choices=tuple(map(redact, asked.choices)),
        only_choices=bool(asked.choices),
        values=asked.values,
        memo=asked.memo,
        asked_at=asked_at,
        until=until,
    )


def commit_message(assignment: Assignment, finished: Finished) -> str:
    """Return the message of the commit with the engine's change.

    Its title covers the whole change; an engine's last sentence may be about the last edit only.
    """
    summary = finished.title or finished.summary
    if assignment.brief is not None:
        understood = assignment.brief.understood
        return f"{summary}\n\n{understood}\n\nRun: {assignment.run_id}\n"
    diagnosis = assignment.diagnosis
    known = f"Fingerprint: {diagnosis.fingerprint}\n" if diagnosis.fingerprint else ""
    what = diagnosis.event_name if diagnosis.event else "a failure"
    return f"Fix {what}: {summary}\n\n{diagnosis.cause}\n\nRun: {assignment.run_id}\n{known}"


async def build_change_set(
    finished: Finished, engine: str, workspace: Workspace, head: str, *, changed: bool
) -> ChangeSet:
    """Return the engine's texts, with the files that the workspace says changed at `head`."""
    texts = finished.model_dump(exclude={"kind", "changed"})
    facts = {"base": workspace.base, "head": head, "branch": workspace.branch, "engine": engine}
    change = ChangeSet.model_validate({**texts, **facts})
    if not changed:
        return change
    return change.replace(files=await workspace.list_changes(), diff=await workspace.get_diff())
