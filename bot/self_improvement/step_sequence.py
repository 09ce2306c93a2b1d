"""The order of the steps: which class performs which stage, and what precedes each stage."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.authority.autonomy_blocks import AutonomyBlocks
from bot.domain.run import Run, Stage
from bot.self_improvement.answer_inquiry import AnswerInquiry
from bot.self_improvement.behaviour_check import BehaviourCheck
from bot.self_improvement.change_context import ChangeContextCollector
from bot.self_improvement.change_proofs import ChangeProofs
from bot.self_improvement.code_agent_runner import CodeAgentRunner
from bot.self_improvement.evidence_collector import EvidenceCollector
from bot.self_improvement.feedback import Answered, get_no_record
from bot.self_improvement.fix_evaluator import FixEvaluator
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.revert_rehearsal import RevertRehearsal
from bot.self_improvement.shipment_watches import ShipmentWatches
from bot.self_improvement.step_context import StepContext
from bot.self_improvement.steps._answer_report import AnswerReports
from bot.self_improvement.steps._reverted_changes import RevertedChanges
from bot.self_improvement.steps.brief import BriefStep, RequestBriefer
from bot.self_improvement.steps.diagnose import DiagnoseStep, FaultAnalyzer
from bot.self_improvement.steps.execute import ExecuteStep
from bot.self_improvement.steps.observe import ObserveStep
from bot.self_improvement.steps.plan import PlanBuilder, PlanStep
from bot.self_improvement.steps.propose import ProposeStep, PullRequestPublisher
from bot.self_improvement.steps.revert import RevertSteps
from bot.self_improvement.steps.ship import Deployer, ShipStep
from bot.self_improvement.steps.verify import VerifyStep
from bot.self_improvement.trials import ProposalTrials
from bot.self_improvement.use_evaluator import UseEvaluator


@dataclass(frozen=True)
class StepServices:
    """The objects that do the work of each step.

    `commands` returns the names of all commands. `answered` finds the command of an interaction, if
    it is known. `stand_in` writes the change if
    `runner` cannot. Without `evaluator` and `use`, shipped changes are not watched. Without
    `behaviour`, output is not compared. Without `revert_rehearsal`, reverts are not tried
    beforehand. Without `inquiry`, reports of incorrect output are not investigated. Without
    `changes`, `briefer` and `proofs`, no requested change is made.
    """

    collector: EvidenceCollector
    analyzer: FaultAnalyzer
    builder: PlanBuilder
    runner: CodeAgentRunner
    gate: QualityGate
    publisher: PullRequestPublisher
    deployer: Deployer
    trials: ProposalTrials
    commands: Callable[[], Collection[str]] = frozenset
    stand_in: CodeAgentRunner | None = None
    evaluator: FixEvaluator | None = None
    use: UseEvaluator | None = None
    answered: Answered = get_no_record
    behaviour: BehaviourCheck | None = None
    revert_rehearsal: RevertRehearsal | None = None
    inquiry: AnswerInquiry | None = None
    changes: ChangeContextCollector | None = None
    briefer: RequestBriefer | None = None
    proofs: ChangeProofs | None = None


class StepSequence:
    """Performs a run's next step and saves its result before anything else happens."""

    def __init__(
        self,
        context: StepContext,
        services: StepServices,
        watches: ShipmentWatches,
        blocks: AutonomyBlocks,
    ) -> None:
        self._context = context
        self._blocks = blocks
        runner, gate = services.runner, services.gate
        reverted = RevertedChanges(context, gate, watches)
        revert = RevertSteps(context, services.collector, reverted)
        verify = VerifyStep(
            context,
            gate,
            reverted,
            services.behaviour,
            services.proofs,
            services.revert_rehearsal,
            can_follow_instructions=runner.can_follow_instructions,
        )
        inquiry = services.inquiry
        answers = AnswerReports(context, inquiry) if inquiry else None
        self._steps = {
            Stage.OBSERVE: ObserveStep(context, services.collector, services.changes).perform,
            Stage.DIAGNOSE: DiagnoseStep(context, services.analyzer, answers).perform,
            Stage.BRIEF: BriefStep(context, services.briefer, gate).perform,
            Stage.PLAN: PlanStep(context, services.builder, gate).perform,
            Stage.EXECUTE: ExecuteStep(context, runner, services.stand_in, gate).perform,
            Stage.VERIFY: verify.perform,
            Stage.PROPOSE: ProposeStep(context, services.publisher).perform,
            Stage.SHIP: ShipStep(context, services.deployer, gate, reverted, watches).perform,
        }
        self._reverting = self._steps | {
            Stage.OBSERVE: revert.observe,
            Stage.EXECUTE: revert.execute,
        }

    async def perform(self, run: Run) -> Run:
        """Return the run one step further. Errors of the step are raised unchanged."""
        run = await self._announce(run)
        history = await self._context.services.store.get_history(run.id)
        await self._context.notifier.refresh(run, history)
        stop = await self._context.stop_guard.get_stop()
        if stop is not None and not await self._context.is_merged(run, history.proposal):
            return await self._context.transitions.stop(run, stop.summary)
        pause = await self._blocks.find_run_pause(run, history)
        if pause is not None:
            return await self._context.transitions.pause_own_work(run, pause)
        steps = self._reverting if run.goal == "revert" else self._steps
        return await steps[run.stage](run, history)

    async def _announce(self, run: Run) -> Run:
        announced = await self._context.notifier.announce(run)
        return run if announced == run else await self._context.services.store.save(announced)
