"""Plan: what may change, and the reproduction that must turn from red to green."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.authority.protection import collect_named_files
from bot.budget.allowance import check_run_budget
from bot.domain.cost import Cost
from bot.domain.errors import (
    AgentError,
    BudgetSpent,
    OutOfBounds,
    TheseusError,
    WorkspaceError,
)
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.history import History
from bot.domain.incorrect_output import IncorrectOutput
from bot.domain.journal import Action, Kind
from bot.domain.plan import Plan, Reproduction
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.domain.waits import pause_until
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
from bot.self_improvement.agent_updates import OnProgress, wait_for_result
from bot.self_improvement.interaction_replays import InteractionReplays
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.step_context import StepContext, need
from bot.self_improvement.steps._answer_plan import NOT_PROVABLE, answer_plan, get_incorrect_output
from bot.self_improvement.steps._failure_plan import build_failure_plan
from bot.self_improvement.steps._failure_replay import ReplayedFailure, is_decisive, replay_failure
from bot.self_improvement.steps.diagnose import build_case, say_without_planner

# What the engine judges every edit by; the verifier runs more of them, once.
_NEAREST_TESTS = 4

_FRAMES = 4

_REPEATS = 2  # times that a command which failed is asked once more

# What of a plan is ours alone, whoever thought it over.
_PROOF = ("reproduction", "witnesses", "guides", "replay", "unplayed")

_BEFORE = 2  # suspect commits before which the call is made again

_NOT_REPRODUCED = (
    "I see the failure ({}) but could not reproduce it from what was recorded, so I cannot prove a "
    "fix and propose none."
)
_ASK_FOR_EXAMPLE = (
    "I see the failure ({}), but what was typed there is private: I do not show it, and stand-ins "
    "of the same shape do not fail here. Use the command in this channel with an input that fails "
    "and that everyone here may see, then ask me again."
)


class Thought(Record):
    """What a planner made of a case, and what that cost."""

    former_names: ClassVar = {"spent": "cost"}

    diagnosis: Diagnosis
    plan: Plan
    cost: Cost


@dataclass(frozen=True)
class _Pause:
    """The planner's provider wants us to wait."""

    error: TheseusError
    until: datetime


class PlanBuilder:
    """Writes a plan from the evidence alone; a planner, where there is one, thinks it over."""

    def __init__(
        self,
        verifier: Verifier,
        planner: Planner | None = None,
        replays: InteractionReplays | None = None,
    ) -> None:
        self._verifier = verifier
        self._planner = planner
        self._replays = replays

    @property
    def planned_by(self) -> str | None:
        """Return the planner's name, where there is one."""
        return self._planner.name if self._planner else None

    async def __call__(
        self,
        evidence: Evidence,
        diagnosis: Diagnosis,
        workspace: Workspace,
        wrong: IncorrectOutput | None = None,
    ) -> Plan:
        """Return the rules' plan, with what fails on base if anything that does could be made.

        `workspace` stands at base; `wrong` is what people called wrong, where nothing failed.
        Raises `VerifierError`.
        """
        if wrong is not None:
            plan = await answer_plan(wrong, diagnosis, self._verifier, workspace, self._replays)
            return await add_nearest_tests(plan, self._verifier, workspace)
        reds: tuple[Reproduced, ...] = ()
        found = ReplayedFailure()
        if evidence.capsule is not None:
            group = evidence.groups[0]
            found = await replay_failure(self._replays, self._verifier, group, workspace)
            tests = await _build_candidates(group.newest, workspace)
            if found.test is not None:  # it asks the command again, and more
                tests = tuple(test for test in tests if test.target)
            reds = await self._verifier.find_failing(tests, workspace)
            if len(reds) == 1 and not reds[0].reproduction.target:
                reds = await self._confirm_failing(reds, workspace)
            reds = await self._add_expected_answers(reds, evidence, workspace)
        plan = _attach_proof(build_failure_plan(evidence, diagnosis), found, reds)
        return await add_nearest_tests(plan, self._verifier, workspace)

    async def _confirm_failing(
        self, failing: tuple[Reproduced, ...], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return a command's test that is alone if it fails each time: luck would prove nothing."""
        for _ in range(_REPEATS):
            failing = await self._verifier.find_failing(
                [red.reproduction for red in failing], workspace
            )
        return failing

    async def _add_expected_answers(
        self, failing: tuple[Reproduced, ...], evidence: Evidence, workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the tests held to what their calls answered before a suspect commit.

        Where a call worked there and fails now, that answer is known; the first such commit counts.
        Where none is, a refusal that people are told in words is as good an answer.
        """
        for suspect in evidence.suspects[:_BEFORE] if failing else ():
            try:
                await workspace.reset(f"{suspect.commit.sha}^")
                answers = [await self._verifier.evaluate_call(red.reproduction, workspace)
                           for red in failing]  # fmt: skip
            except WorkspaceError:
                continue  # nothing is before it: the next one
            finally:
                await workspace.reset(workspace.base)
            if any(answers):
                return tuple(map(_add_expectation, failing, answers))
        return tuple(_add_expectation(red, None) for red in failing)

    async def ask_planner(
        self, case: Case, draft: Plan, workspace: Workspace, on_progress: OnProgress
    ) -> Thought:
        """Return the planner's diagnosis and plan in place of the rules'.

        A test the planner wrote counts only where the rules have none, and only if it fails on base
        as it says. Without a planner, the rules' own come back. Raises `AgentError`, `BudgetSpent`,
        `VerifierError`.
        """
        if self._planner is None:
            return Thought(diagnosis=case.diagnosis, plan=draft, cost=Cost())
        planned = await wait_for_result(
            self._planner.plan(case, draft, workspace),
            on_progress,
            f"{self._planner.name} ended without a plan.",
        )
        plan = await self._add_proof(planned, draft, workspace)
        return Thought(diagnosis=planned.diagnosis, plan=plan, cost=Cost().add(planned))

    async def _add_proof(self, planned: Planned, draft: Plan, workspace: Workspace) -> Plan:
        """Return the plan with what proves it: nothing there rests on the planner's word."""
        plan = planned.plan.replace(**{name: getattr(draft, name) for name in _PROOF})
        if draft.reproduction is None and planned.test is not None:
            red = await self._verifier.find_failing([planned.test], workspace)
            plan = plan.replace(reproduction=red[0].reproduction if red else None)
        return await add_nearest_tests(plan, self._verifier, workspace)


async def add_nearest_tests(plan: Plan, verifier: Verifier, workspace: Workspace) -> Plan:
    """Return the plan with the tests that an engine judges every edit by."""
    owned = sorted(plan.owned_files)
    affected = await verifier.find_affected_tests(workspace, owned, limit=_NEAREST_TESTS)
    return plan.replace(affected=affected)


class PlanStep:
    """Plans a fix: what cannot be reproduced or may not be changed ends here."""

    def __init__(self, context: StepContext, builder: PlanBuilder, gate: QualityGate) -> None:
        self._context = context
        self._builder = builder
        self._gate = gate

    async def perform(self, run: Run, history: History) -> Run:
        """Say what is to be done and how it is proved; no reproduction, no fix."""
        context, transitions = self._context, self._context.transitions
        evidence, diagnosis = need(history.evidence), need(history.diagnosis)
        wrong = get_incorrect_output(run, history)
        async with context.open_workspace(run, evidence) as workspace:
            plan = await self._builder(evidence, diagnosis, workspace, wrong)
            thought = await self._ask_planner(run, history, plan, workspace)
        run = context.cost_meter.settle(run)
        if isinstance(thought, _Pause):
            return await transitions.await_limit(run, thought.until, thought.error)
        if thought.plan.demonstration is None:
            reason = NOT_PROVABLE if wrong else _explain_not_reproduced(evidence, thought.diagnosis)
            return await transitions.end(
                run, Status.FAILED, reason, thought.diagnosis, thought.plan
            )
        try:
            plan = self._gate.remove_forbidden_files(
                thought.plan, collect_named_files(run, history)
            )
        except OutOfBounds as bounds:
            return await transitions.end(
                run, Status.FAILED, str(bounds), thought.diagnosis, thought.plan
            )
        return await transitions.advance(run, Stage.EXECUTE, thought.diagnosis, plan)

    async def _ask_planner(
        self, run: Run, history: History, draft: Plan, workspace: Workspace
    ) -> Thought | _Pause:
        """Return what the planner makes of it; where it fails, what the rules made."""
        context, diagnosis = self._context, need(history.diagnosis)
        rules = Thought(diagnosis=diagnosis, plan=draft, cost=Cost())
        planner = self._builder.planned_by
        if planner is None:
            return rules
        case = build_case(run, history, need(history.evidence))

        async def ask() -> Thought:
            show = context.build_progress_handler(run, history)
            made = await self._builder.ask_planner(case, draft, workspace, show)
            context.cost_meter.note(run.id, made.cost)
            return made

        try:
            await check_run_budget(context.services.budget, run, "plan")
            return await context.record_call(run, "plan", planner, ask())
        except (AgentError, BudgetSpent) as error:
            until = pause_until(error, run, context.services.clock.get_time())
            if until is not None:
                return _Pause(error, until)
            await say_without_planner(context, run, error, "The plan is my rules' own.")
            return rules


def _explain_not_reproduced(evidence: Evidence, diagnosis: Diagnosis) -> str:
    """Return why nothing is planned; for a private failure, what the person can do."""
    capsule = evidence.capsule
    typed = all(group.newest.kind is not Kind.TASK for group in evidence.groups)
    is_private = capsule is not None and capsule.holds_stand_ins and typed
    return (_ASK_FOR_EXAMPLE if is_private else _NOT_REPRODUCED).format(diagnosis.headline)


def _add_expectation(failing: Reproduced, answer: str | None) -> Reproduced:
    held = add_answer(failing.reproduction, answer) if answer else None
    return failing.replace(reproduction=held or add_refusals(failing.reproduction))


async def _build_candidates(failure: Action, workspace: Workspace) -> tuple[Reproduction, ...]:
    """Return tests of the innermost calls, and of the command itself last."""
    if failure.error is None:
        return ()
    files = {ROOM, *(frame.file for frame in failure.error.frames)}
    texts = {file: await workspace.read_base(file) for file in files}
    command = build_command_candidate(failure, read=texts.get)
    calls = build_candidates(failure.error, read=texts.get)[:_FRAMES]
    return (*calls, command) if command else calls


def _attach_proof(plan: Plan, found: ReplayedFailure, failing: tuple[Reproduced, ...]) -> Plan:
    """Return the plan with what has to turn green; beside a replay, failing calls are a help."""
    tests = tuple(red.reproduction for red in failing)
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
