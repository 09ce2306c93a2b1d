"""Plan: defines what may change, and the reproduction that has to fail before and pass after."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import structlog
from theseus_guard.record import Record

from bot.authority.named_files import collect_named_files
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.cost import Cost
from bot.domain.errors import (
    AgentError,
    BudgetSpent,
    OutOfBounds,
    StoreError,
    TheseusError,
    WorkspaceError,
)
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.history import History
from bot.domain.incorrect_output import IncorrectOutput
from bot.domain.journal import Action, Kind
from bot.domain.plan import Plan, Reproduction
from bot.domain.run import Run
from bot.domain.run_cases import Lessons
from bot.domain.run_state import Edge
from bot.infra.current_work import name_work
from bot.learning.cases import get_fault_class
from bot.learning.lessons import CaseRepository
from bot.ports.planner import Case, Planned, Planner
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace
from bot.proof.reproduction import (
    ROOM,
    add_answer,
    add_refusals,
    build_candidates,
    build_command_candidate,
)
from bot.research.run_questions import build_failure_question
from bot.self_improvement.checks.failure_replays import FailureReplays
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.runs.agent_updates import OnProgress, wait_for_result
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._answer_plan import NOT_PROVABLE, answer_plan, get_incorrect_output
from bot.self_improvement.steps._failure_plan import build_failure_plan
from bot.self_improvement.steps._failure_replay import ReplayedFailure, is_decisive, replay_failure
from bot.self_improvement.steps._nearest_tests import add_nearest_tests
from bot.self_improvement.steps._planner_case import PlannerCalls, build_case
from bot.self_improvement.steps._second_opinion import Opinion, add_second_opinion

_log = structlog.stdlib.get_logger(__name__)
_FRAMES = 4

_REPEATS = 2  # repetitions of a failing command's test

# Fields of a plan that never come from a planner: they are the proof, or counted from runs.
_PROOF = ("reproduction", "witnesses", "guides", "replay", "unplayed", "lessons")

_BEFORE = 2  # suspect commits whose predecessors are evaluated

_NOT_REPRODUCED = (
    "I see the failure ({}), but could not reproduce it from the recorded data. So I cannot prove "
    "a fix and propose none."
)
_ASK_FOR_EXAMPLE = (
    "I see the failure ({}), but its input is private. I do not show it, and placeholders of the "
    "same shape do not fail here. Use the command in this channel with an input that fails and "
    "that everyone here may see. Then ask me again."
)


class Thought(Record):
    """A planner's diagnosis and plan of a case, and their cost."""

    former_names: ClassVar = {"spent": "cost"}

    diagnosis: Diagnosis
    plan: Plan
    cost: Cost


@dataclass(frozen=True)
class _Pause:
    """A usage limit or budget requires a pause until `until`."""

    error: TheseusError
    until: datetime


@dataclass(frozen=True, eq=False)
class PlanBuilder:
    """Builds a plan by rules from the evidence; a planner, if there is one, refines it."""

    verifier: Verifier
    planner: Planner | None = None
    replays: FailureReplays | None = None
    second: Planner | None = None
    cases: CaseRepository | None = None

    @property
    def planned_by(self) -> str | None:
        """The planner's name; `None` without a planner."""
        return self.planner.name if self.planner else None

    async def __call__(
        self,
        evidence: Evidence,
        diagnosis: Diagnosis,
        workspace: Workspace,
        wrong: IncorrectOutput | None = None,
    ) -> Plan:
        """Return the rules' plan, with a reproduction that fails on base if there is one.

        `workspace` is at base; `wrong` is a report of incorrect output, if nothing failed. Raises
        `VerifierError`.
        """
        if wrong is not None:
            plan = await answer_plan(wrong, diagnosis, self.verifier, workspace, self.replays)
            return await add_nearest_tests(plan, self.verifier, workspace)
        failing: tuple[Reproduced, ...] = ()
        found = ReplayedFailure()
        if evidence.capsule is not None:
            group = evidence.groups[0]
            found = await replay_failure(self.replays, self.verifier, group, workspace)
            tests = await _build_candidates(group.newest, workspace)
            if found.test is not None:  # the replay's test already covers the command
                tests = tuple(test for test in tests if test.target)
            failing = await self.verifier.find_failing(tests, workspace)
            if len(failing) == 1 and not failing[0].reproduction.target:
                failing = await self._confirm_failing(failing, workspace)
            failing = await self._add_expected_answers(failing, evidence, workspace)
        plan = _attach_proof(build_failure_plan(evidence, diagnosis), found, failing)
        lessons = await self._find_lessons(evidence)
        plan = plan.replace(lessons=lessons.texts, edit_factors=dict(lessons.edit_factors))
        return await add_nearest_tests(plan, self.verifier, workspace)

    async def _confirm_failing(
        self, failing: tuple[Reproduced, ...], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return a single command test only if it fails each time, to exclude chance."""
        for _ in range(_REPEATS):
            failing = await self.verifier.find_failing(
                [red.reproduction for red in failing], workspace
            )
        return failing

    async def _add_expected_answers(
        self, failing: tuple[Reproduced, ...], evidence: Evidence, workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the tests with the answers their calls gave before a suspect commit.

        If a call worked there and fails now, its answer is known; the first such commit counts.
        Without a known answer, an error message that the user can read also passes the test.
        """
        for suspect in evidence.suspects[:_BEFORE] if failing else ():
            try:
                await workspace.reset(f"{suspect.commit.sha}^")
                answers = await self.verifier.evaluate_calls(
                    [red.reproduction for red in failing], workspace
                )
            except WorkspaceError:
                continue  # the first commit has no predecessor
            finally:
                await workspace.reset(workspace.base)
            if any(answers):
                return tuple(map(_add_expectation, failing, answers))
        return tuple(_add_expectation(red, None) for red in failing)

    async def ask_planner(
        self,
        case: Case,
        draft: asyncio.Future[Plan],
        workspace: Workspace,
        on_progress: OnProgress,
    ) -> Thought:
        """Return the planner's diagnosis and plan in place of the rules'.

        The planner reads while the `draft`, the rules' plan, is still in work.

        A test by the planner counts only if the rules have none, and only if it fails on base as
        stated. Without a planner, the rules' results are returned. Raises `AgentError`,
        `BudgetSpent`, `VerifierError`.
        """
        if self.planner is None:
            return Thought(diagnosis=case.diagnosis, plan=await draft, cost=Cost())
        lessons = await self._find_lessons(case.evidence)
        case = case.replace(evidence=case.evidence.replace(lessons=lessons.texts))
        planned = await _wait_for_plan(self.planner, case, draft, workspace, on_progress)
        plan = await self._add_proof(planned, await draft, workspace)
        first = Opinion(planned.diagnosis.cause, plan, Cost().add(planned))
        if self.second is not None:
            second = self.second

            async def ask(show: OnProgress) -> Opinion:
                other = await _wait_for_plan(second, case, draft, workspace, show)
                return Opinion(other.diagnosis.cause, other.plan, Cost().add(other))

            first = await add_second_opinion(first, second.name, ask, on_progress)
        return Thought(diagnosis=planned.diagnosis, plan=first.plan or plan, cost=first.cost)

    async def _find_lessons(self, evidence: Evidence) -> Lessons:
        """Return what has worked for such faults; without the cases, planning goes on."""
        if self.cases is None or evidence.capsule is None:
            return Lessons()
        try:
            return await self.cases.find_lessons(get_fault_class(evidence))
        except StoreError as error:
            _log.warning("a fix is planned without what earlier runs taught: %s", error)
            return Lessons()

    async def _add_proof(self, planned: Planned, draft: Plan, workspace: Workspace) -> Plan:
        """Return the plan with its proof, which never depends on the planner's claims."""
        plan = planned.plan.replace(**{name: getattr(draft, name) for name in _PROOF})
        if draft.reproduction is None and planned.test is not None:
            failing = await self.verifier.find_failing([planned.test], workspace)
            plan = plan.replace(reproduction=failing[0].reproduction if failing else None)
        return await add_nearest_tests(plan, self.verifier, workspace)


@dataclass(frozen=True, eq=False)
class PlanStep:
    """Plans a fix. A run ends here if nothing can be reproduced or may be changed."""

    builder: PlanBuilder
    gate: QualityGate
    workspaces: RunWorkspaces
    calls: ModelCalls
    planner_calls: PlannerCalls
    cost_meter: RunCostMeter
    transitions: RunTransitions

    async def perform(self, run: Run, history: History) -> Run:
        """Build the plan and its proof. Without a reproduction there is no fix."""
        transitions = self.transitions
        evidence = need(history.evidence)
        wrong = get_incorrect_output(run, history)
        async with self.workspaces.open(run, evidence) as workspace:
            thought = await self._think(run, history, workspace, wrong)
        run = self.cost_meter.settle(run)
        if isinstance(thought, _Pause):
            can_switch = self.planner_calls.engines.fallback is not None
            return await transitions.await_limit(
                run, thought.until, thought.error, can_switch=can_switch
            )
        if thought.plan.demonstration is None:
            reason = NOT_PROVABLE if wrong else _explain_not_reproduced(evidence, thought.diagnosis)
            return await transitions.end(run, Edge.FAILED, reason, thought.diagnosis, thought.plan)
        try:
            plan = self.gate.remove_forbidden_files(thought.plan, collect_named_files(run, history))
        except OutOfBounds as bounds:
            return await transitions.end(
                run, Edge.FAILED, str(bounds), thought.diagnosis, thought.plan
            )
        research = self.planner_calls.list_research(run)
        return await transitions.advance(run, Edge.NEXT_STEP, thought.diagnosis, plan, *research)

    async def _think(
        self, run: Run, history: History, workspace: Workspace, wrong: IncorrectOutput | None
    ) -> Thought | _Pause:
        """Return the plan; a planner reads in `workspace` while the failure is reproduced."""
        evidence, diagnosis = need(history.evidence), need(history.diagnosis)
        planner = self.builder.planned_by
        if planner is None or run.fallback == "chosen":
            with name_work("the reproduction of the failure"):
                plan = await self.builder(evidence, diagnosis, workspace, wrong)
            return Thought(diagnosis=diagnosis, plan=plan, cost=Cost())

        async def reproduce() -> Plan:
            # Reproducing visits other commits, so the planner must not read in the same place.
            with name_work("the reproduction of the failure"):
                async with self.workspaces.open_copy(run, evidence, "r") as copy:
                    return await self.builder(evidence, diagnosis, copy, wrong)

        draft = asyncio.create_task(reproduce(), name=f"reproduce for {run.id}")
        try:
            return await self._ask_planner(run, history, draft, workspace, planner)
        finally:
            draft.cancel()
            await asyncio.wait([draft])
            if not draft.cancelled():
                draft.exception()  # whoever waited for the draft has raised it

    async def _ask_planner(
        self,
        run: Run,
        history: History,
        draft: asyncio.Future[Plan],
        workspace: Workspace,
        planner: str,
    ) -> Thought | _Pause:
        """Return the planner's results, or the rules' results if the planner fails."""
        evidence = need(history.evidence)
        question = build_failure_question(evidence)
        passages = await self.planner_calls.look_up(run, question, "plan")
        case = build_case(run, history, evidence, passages)

        async def ask(show: OnProgress) -> tuple[Thought, Cost]:
            made = await self.builder.ask_planner(case, draft, workspace, show)
            return made, made.cost

        try:
            await self.calls.check_budget(run, "plan")
            return await self.planner_calls.ask(run, history, "plan", planner, ask)
        except (AgentError, BudgetSpent) as error:
            until = self.calls.find_pause(error, run)
            if until is not None:
                return _Pause(error, until)
            await self.planner_calls.report_failure(run, error, "I use the plan of my rules.")
            return Thought(diagnosis=need(history.diagnosis), plan=await draft, cost=Cost())


async def _wait_for_plan(
    planner: Planner,
    case: Case,
    draft: asyncio.Future[Plan],
    workspace: Workspace,
    on_progress: OnProgress,
) -> Planned:
    return await wait_for_result(
        planner.plan(case, draft, workspace),
        on_progress,
        f"{planner.name} ended without a plan.",
    )


def _explain_not_reproduced(evidence: Evidence, diagnosis: Diagnosis) -> str:
    """Return why nothing is planned; for a private failure, what the person can do."""
    capsule = evidence.capsule
    typed = all(group.newest.kind is not Kind.TASK for group in evidence.groups)
    is_private = capsule is not None and capsule.holds_stand_ins and typed
    return (_ASK_FOR_EXAMPLE if is_private else _NOT_REPRODUCED).format(diagnosis.headline)


def _add_expectation(failing: Reproduced, answer: str | None) -> Reproduced:
    with_answer = add_answer(failing.reproduction, answer) if answer else None
    return failing.replace(reproduction=with_answer or add_refusals(failing.reproduction))


async def _build_candidates(failure: Action, workspace: Workspace) -> tuple[Reproduction, ...]:
    """Return tests of the innermost calls, and last of the command itself."""
    if failure.error is None:
        return ()
    files = {ROOM, *(frame.file for frame in failure.error.frames)}
    texts = {file: await workspace.read_base(file) for file in files}
    command = build_command_candidate(failure, read=texts.get)
    calls = build_candidates(failure.error, read=texts.get)[:_FRAMES]
    return (*calls, command) if command else calls


def _attach_proof(plan: Plan, found: ReplayedFailure, failing: tuple[Reproduced, ...]) -> Plan:
    """Return the plan with what has to pass; with a replay, failing calls only guide the engine."""
    tests = tuple(each.reproduction for each in failing)
    if not is_decisive(found, failing):
        first, *others = tests or (None,)
        plan = plan.replace(reproduction=first, witnesses=tuple(others), unplayed=found.unplayed)
        return _describe_unit_test(plan)
    replayed_test = found.test.reproduction if found.test else None
    guides = tuple(test for test in tests if test.target)
    return _describe_unit_test(
        plan.replace(reproduction=replayed_test, guides=guides, replay=found.replay)
    )


def _describe_unit_test(plan: Plan) -> Plan:
    calls = plan.reproduction.calls if plan.reproduction else ""
    unit = f"A regression test that calls `{calls}`." if calls else ""
    return plan.replace(tests=plan.tests.replace(unit=unit))
