"""Has an engine write a change, in one piece or in parts, in the run's worktree."""

from dataclasses import dataclass
from typing import NamedTuple

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.change import ChangeSet, EngineRemark
from bot.domain.history import History
from bot.domain.run import Run
from bot.ports.agent import Assignment
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.workspace import Workspace, Workspaces
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.steering import Steering, SteeringInbox
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.step_progress import StepProgress
from bot.self_improvement.steps._assignment import build_assignment
from bot.self_improvement.steps._candidate_writer import CandidateWriter, ChosenCandidate
from bot.self_improvement.steps._parts import PartAskedError, PartsOrder, PartsWork


class Written(NamedTuple):
    """What an engine has made of an assignment, or the question with which it paused.

    `choice` is set if the result was chosen from several candidates, which are judged already.
    """

    assignment: Assignment
    result: ChangeSet | ExecutionPaused
    choice: ChosenCandidate | None = None


@dataclass(frozen=True)
class PartsWriter:
    """Writes changes whose plan has parts, as many parts at once as there are workers."""

    workspaces: Workspaces
    gate: QualityGate
    progress: StepProgress
    cost_meter: RunCostMeter
    clock: Clock
    notifier: RunNotifier
    limits: RunSettings

    async def write(self, order: PartsOrder, workspace: Workspace) -> ChangeSet | None:
        """Return the change written in parts; `None` if it is to be written in one piece.

        Only the first round without a question is written in parts.
        """
        assignment, run = order.assignment, order.run
        begun = assignment.previous or assignment.question
        if not assignment.plan.parts or begun:
            return None
        work = PartsWork(
            self.workspaces, self.gate, self.progress, self.cost_meter, self.clock,
            self.limits.workers, order,
        )  # fmt: skip
        try:
            return await work(workspace)
        except PartAskedError:
            text = "One part has a question, so I write the change in one piece."
            await self.notifier.say(run, text, key=f"one-piece:{run.attempt}:{run.round}")
            return None


@dataclass(frozen=True, eq=False)
class PiecesWriter:
    """Writes the first round of a change as several candidates or parts, if its plan has them."""

    candidates: CandidateWriter
    parts: PartsWriter

    async def write(
        self, order: PartsOrder, workspace: Workspace
    ) -> ChosenCandidate | ChangeSet | None:
        """Return the change; `None` if it is to be written once and in one piece.

        Candidates are written in one piece each.
        """
        return await self.candidates.write(order, workspace) or await self.parts.write(
            order, workspace
        )


@dataclass(frozen=True, eq=False)
class ChangeWriter:
    """Runs an engine for one round; it receives new instructions at once if it can follow them."""

    workspaces: RunWorkspaces
    steering: Steering
    store: Store
    calls: ModelCalls
    progress: StepProgress
    cost_meter: RunCostMeter
    pieces: PiecesWriter

    async def write(self, engine: CodeAgentRunner, run: Run, history: History) -> Written:
        """Return the change, committed on the run's branch; it has no files if nothing changed."""
        if not engine.can_follow_instructions:
            return await self._write(engine, run, history, SteeringInbox())
        with self.steering.open_inbox(run.id) as steering_inbox:
            # Read after opening the inbox: earlier instructions are stored by now, and later ones
            # arrive in the inbox. So none is lost in between.
            instructions = (await self.store.get_history(run.id)).instructions
            history = history.replace(instructions=instructions)
            return await self._write(engine, run, history, steering_inbox)

    async def _write(
        self, engine: CodeAgentRunner, run: Run, history: History, steering_inbox: SteeringInbox
    ) -> Written:
        assignment = build_assignment(run, history)
        asked = history.instructions.items if history.instructions else ()
        steering_inbox.mark_delivered(len(asked))

        async def run_engine(
            workspace: Workspace,
        ) -> ChosenCandidate | ChangeSet | ExecutionPaused:
            order = PartsOrder(engine, run, history, assignment)
            if engine.can_follow_instructions and (
                several := await self.pieces.write(order, workspace)
            ):
                return several
            done = await engine(
                assignment,
                workspace,
                self.progress.build_progress_handler(run, history),
                steering_inbox.take_news,
            )
            self.cost_meter.note(run.id, done.asked if isinstance(done, ExecutionPaused) else done)
            return done

        async with self.workspaces.open(run, assignment.evidence) as workspace:
            call = run_engine(workspace)
            done = await (
                self.calls.record(run, "execute", engine.engine, call)
                if engine.can_follow_instructions
                else call
            )
        choice = done if isinstance(done, ChosenCandidate) else None
        result = done.change if isinstance(done, ChosenCandidate) else done
        if isinstance(result, ChangeSet) and result.files:
            ignored = () if engine.can_follow_instructions else _list_ignored(engine, assignment)
            result = result.replace(
                instruction_count=steering_inbox.instruction_count,
                abandoned=history.change_set.abandoned if history.change_set else (),
                not_done=(*result.not_done, *ignored),
            )
        return Written(assignment, result, choice)


def _list_ignored(engine: CodeAgentRunner, assignment: Assignment) -> tuple[EngineRemark, ...]:
    """Return what people asked of the change, for an engine that follows no instructions."""
    reason = f"The {engine.engine} engine works from tests alone and follows no instructions."
    return tuple(EngineRemark(about=text, reason=reason) for text in assignment.steering)
