"""Brief: states what is wanted of a change, as examples that fail today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import NamedTuple

from theseus_observe.redaction import redact

from bot.authority.flags import FlagRepository
from bot.authority.named_files import collect_named_files
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.brief import Brief
from bot.domain.cost import Cost
from bot.domain.dialogue import Question
from bot.domain.errors import AgentError, BudgetSpent, OutOfBounds
from bot.domain.history import History
from bot.domain.plan import Plan, Reproduction
from bot.domain.research import ResearchReport
from bot.domain.run import Run, Status
from bot.domain.run_state import Edge
from bot.ports.agent import Progress
from bot.ports.planner import Briefed, Request, RequestPlanner
from bot.ports.store import Store
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace
from bot.presentation.markdown import escape_line
from bot.research.run_questions import build_request_question
from bot.self_improvement.checks.change_proofs import ChangeProofs
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.agent_updates import OnProgress, wait_for_result
from bot.self_improvement.runs.deadlines import Deadlines
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.step_progress import StepProgress
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._nearest_tests import add_nearest_tests
from bot.self_improvement.steps._planner_case import PlannerCalls
from bot.self_improvement.steps._second_opinion import Opinion, add_second_opinion

_THOUGHTS = 2  # attempts at a brief before the request is given up
_LOOKED_AT = 100  # the newest successful runs, for the estimate
_NO_PLANNER = (
    "I have no model that could find out what you want, so I write nothing. Ask again when a model "
    "is configured."
)
_NOT_PROVABLE = "I understood “{}”, but found no way to prove it, so I write nothing: {}."
_RETRY_NOTE = "Our program rejects the examples of your last brief, because they prove nothing: {}"
_FLAG_EXISTS = "the flag `{}` exists already and may be on: name another"
_NOT_FAILING = "`{}`: its test does not fail today because of {}"


class Understood(NamedTuple):
    """The understanding of a request; `proof_problems` say why its examples prove nothing."""

    brief: Brief
    plan: Plan | None = None
    proof_problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RequestBriefer:
    """Asks the planner about a request, and verifies on base that the examples fail."""

    planner: RequestPlanner
    verifier: Verifier
    proofs: ChangeProofs
    second: RequestPlanner | None = None

    @property
    def name(self) -> str:
        """The planner's name, for people."""
        return self.planner.name

    async def ask_planner(
        self, request: Request, workspace: Workspace, on_progress: OnProgress
    ) -> Briefed:
        """Return the planner's brief of a request. Raises `AgentError`, `BudgetSpent`."""
        return await wait_for_result(
            self.planner.brief(request, workspace),
            on_progress,
            f"{self.name} ended without a brief.",
        )

    async def add_second_opinion(
        self,
        understood: Understood,
        spent: Cost,
        request: Request,
        workspace: Workspace,
        on_progress: OnProgress,
    ) -> tuple[Understood, Cost]:
        """Return the request's plan with a second opinion if its risk is high, and the cost."""
        second = self.second
        if second is None or understood.proof_problems:
            return understood, spent

        async def ask(show: OnProgress) -> Opinion:
            other = await wait_for_result(
                second.brief(request, workspace), show, f"{second.name} ended without a brief."
            )
            reading = other.brief.objection or other.brief.understood
            return Opinion(reading, other.plan, Cost().add(other))

        first = Opinion(understood.brief.understood, understood.plan, spent)
        first = await add_second_opinion(first, second.name, ask, on_progress)
        return understood._replace(plan=first.plan), first.cost

    async def prove(self, briefed: Briefed, workspace: Workspace) -> Understood:
        """Return the plan with the tests that have to pass, if the brief can be proven.

        Examples without a possible test are proven by replays alone. Raises `VerifierError`,
        `WorkspaceError`.
        """
        brief, plan = briefed.brief, briefed.plan
        if brief.objection or plan is None:
            return Understood(brief)
        objections = await self.proofs.find_objections(brief, workspace)
        if objections:
            return Understood(brief, proof_problems=objections)
        tests = [
            each for each in await self.proofs.build_tests(brief, workspace) if each is not None
        ]
        failing = await self.verifier.find_failing(tests, workspace) if tests else ()
        if len(failing) < len(tests):
            return Understood(brief, proof_problems=_find_not_failing(tests, failing))
        first, *others = tests or (None,)
        witnesses = tuple(each for each in others if each is not None)
        proven = plan.replace(reproduction=first, witnesses=witnesses, risk=brief.risk)
        return Understood(brief, await add_nearest_tests(proven, self.verifier, workspace))


@dataclass(frozen=True, eq=False)
class RequestReading:
    """Finds out what is wanted, with the planner's examples tried on base."""

    briefer: RequestBriefer
    workspaces: RunWorkspaces
    progress: StepProgress
    cost_meter: RunCostMeter
    notifier: RunNotifier
    flags: FlagRepository
    planner_calls: PlannerCalls

    @property
    def name(self) -> str:
        """The planner's name, for people."""
        return self.briefer.name

    def list_research(self, run: Run) -> tuple[ResearchReport, ...]:
        """Return what the run read and claimed, for its records; empty if it asked nothing."""
        return self.planner_calls.list_research(run)

    async def understand(self, run: Run, history: History) -> Understood:
        """Return the proven brief; examples that prove nothing go back to the planner once."""
        request = _request_of(run, history)
        question = build_request_question(request.text)
        passages = await self.planner_calls.look_up(run, question, "plan")
        request = request.replace(passages=passages)
        working = self.progress.build_progress_handler(run, history)
        spent = Cost()

        async def show(progress: Progress) -> None:
            await working(progress.replace(**dict(spent.add(progress))))

        async with self.workspaces.open(run, need(history.evidence)) as workspace:
            for _ in range(_THOUGHTS):
                briefed = await self.briefer.ask_planner(request, workspace, show)
                spent = spent.add(briefed)
                self.cost_meter.note(run.id, spent)
                if _to_ask(run, history, briefed.brief):
                    return Understood(briefed.brief)
                await self.notifier.refresh(run, history, "trying its examples on today's code")
                understood = self._check_flag_is_new(await self.briefer.prove(briefed, workspace))
                if not understood.proof_problems:
                    understood, spent = await self.briefer.add_second_opinion(
                        understood, spent, request, workspace, working
                    )
                    self.cost_meter.note(run.id, spent)
                    break
                correction = _RETRY_NOTE.format("; ".join(understood.proof_problems))
                request = request.replace(corrections=(*request.corrections, correction))
        return understood

    def _check_flag_is_new(self, understood: Understood) -> Understood:
        """Return the brief as unproven if its flag exists already, since it may be on."""
        flag = understood.brief.flag
        if not flag or self.flags.find(flag) is None:
            return understood
        return Understood(
            understood.brief, None, (*understood.proof_problems, _FLAG_EXISTS.format(flag))
        )


@dataclass(frozen=True, eq=False)
class BriefTerms:
    """Adds to a brief what the configuration and earlier runs say about it."""

    store: Store
    deadlines: Deadlines
    limits: RunSettings

    async def complete(self, brief: Brief) -> Brief:
        """Return the brief with the number of candidates and an estimate of the cost.

        The estimate is the median cost of recent shipped runs, if there are any.
        """
        brief = brief.replace(candidates=self.limits.candidates)
        ended = await self.store.find(status={Status.DONE}, limit=_LOOKED_AT)
        paid = [run.cost_usd for run in ended if run.goal in ("fix", "change") and run.cost_usd]
        return brief.replace(estimate_usd=median(paid)) if paid else brief

    def build_question(self, run: Run, brief: Brief) -> Question:
        """Return all open questions of the brief as one."""
        return _build_question(run, brief, *self.deadlines.get_question_times())

    def get_automatic_start(self, run: Run, brief: Brief) -> datetime | None:
        """Return when a low-risk change starts without an agreement, if so configured.

        Runs that no person started always wait for an agreement.
        """
        if brief.risk != "low" or run.trigger.origin != "person":
            return None
        return self.deadlines.get_automatic_start()


@dataclass(frozen=True, eq=False)
class BriefStep:
    """Finds out what is wanted and shows it to people. Nothing is written before they agree."""

    reading: RequestReading | None
    terms: BriefTerms
    gate: QualityGate
    calls: ModelCalls
    cost_meter: RunCostMeter
    store: Store
    transitions: RunTransitions

    async def perform(self, run: Run, history: History) -> Run:
        """Ask the planner; then ask people about open questions or for their agreement."""
        if self.reading is None:
            return await self.transitions.end(run, Edge.FAILED, _NO_PLANNER)
        try:
            await self.calls.check_budget(run, "plan")
            call = self.reading.understand(run, history)
            understood = await self.calls.record(run, "brief", self.reading.name, call)
        except (AgentError, BudgetSpent) as error:
            until = self.calls.find_pause(error, run, has_fallback=False)
            if until is None:
                raise
            paid = self.cost_meter.settle(run)
            return await self.transitions.await_limit(paid, until, error)
        return await self._present(self.cost_meter.settle(run), history, understood)

    async def _present(self, run: Run, history: History, understood: Understood) -> Run:
        """Ask open questions, end if nothing is to be built, or wait for the agreement."""
        transitions = self.transitions
        brief, plan = understood.brief, understood.plan
        if _to_ask(run, history, brief):
            return await transitions.ask(run, self.terms.build_question(run, brief), brief)
        if brief.objection:
            why = f"I do not write this: {escape_line(redact(brief.objection), 900)}"
            return await transitions.end(run, Edge.FAILED, why, brief)
        if plan is None:
            return await transitions.end(run, Edge.FAILED, _explain_unprovable(understood), brief)
        try:
            plan = self.gate.remove_forbidden_files(plan, collect_named_files(run, history))
        except OutOfBounds as bounds:
            return await transitions.end(run, Edge.FAILED, str(bounds), brief, plan)
        known = await self.store.get_history(run.id)
        if (
            known.instructions != history.instructions
        ):  # an instruction arrived while the planner worked
            return await transitions.queue(run, Edge.HANDED_BACK, brief)
        brief = await self.terms.complete(brief)
        research = self.reading.list_research(run) if self.reading is not None else ()
        until = self.terms.get_automatic_start(run, brief)
        return await transitions.present(run, Edge.UNDERSTOOD, brief, plan, *research, until=until)


def build_question_id(run: Run) -> str:
    """Return the id of the brief's question, which is asked once per attempt."""
    return f"{run.id}:{run.attempt}:brief"


def _to_ask(run: Run, history: History, brief: Brief) -> bool:
    """Return whether people are asked first; questions of a later brief get their defaults."""
    was_asked = history.question is not None and history.question.id == build_question_id(run)
    return bool(brief.questions) and not brief.objection and not was_asked


def _build_question(run: Run, brief: Brief, now: datetime, until: datetime) -> Question:
    """Return all open questions as one; a single question has a button for each choice."""
    alone = brief.questions[0] if len(brief.questions) == 1 else None
    listed = "\n".join(
        f"{number}. {escape_line(redact(each.text), 500)} "
        f"(otherwise: {escape_line(redact(each.default))})"
        for number, each in enumerate(brief.questions, 1)
    )
    defaults = "; ".join(redact(each.default) for each in brief.questions)
    return Question(
        id=build_question_id(run),
        attempt=run.attempt,
        round=run.round,
        text=redact(alone.text) if alone else f"Before I write anything:\n{listed}",
        default=defaults,
        choices=alone.choices if alone else (),
        asked_at=now,
        until=until,
    )


def _request_of(run: Run, history: History) -> Request:
    """Return the planner's request: the text, the answers, and the corrections."""
    question, answer = history.question, history.answer
    answered = (
        question is not None and answer is not None and answer.question_id == build_question_id(run)
    )
    pairs = ((question.text, answer.text),) if answered and question and answer else ()
    instructions = history.instructions.items if history.instructions else ()
    return Request(
        run_id=run.id,
        person_id=run.trigger.person.id,
        attempt=run.attempt,
        text=run.trigger.text or run.trigger.subject,
        quotes_bot=run.trigger.quotes_bot,
        attached=run.trigger.attached,
        evidence=need(history.evidence),
        answers=pairs,
        corrections=tuple(item.text for item in instructions),
        named=collect_named_files(run, history),
    )


def _find_not_failing(
    tests: Sequence[Reproduction], failing: Sequence[Reproduced]
) -> tuple[str, ...]:
    """Return which tests do not fail on base as the brief states."""
    failing_tests = {each.reproduction for each in failing}
    return tuple(
        _NOT_FAILING.format(each.calls, each.expects) for each in tests if each not in failing_tests
    )


def _explain_unprovable(understood: Understood) -> str:
    """Return why the brief cannot be proven."""
    understood_text = escape_line(redact(understood.brief.understood), 300)
    problems = "; ".join(escape_line(redact(each), 300) for each in understood.proof_problems[:3])
    return _NOT_PROVABLE.format(understood_text, problems)
