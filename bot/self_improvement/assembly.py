"""Builds the agent from ports and settings, in order. No part is changed afterwards."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.approvals import Approvals
from bot.authority.audit_watch import AuditWatch
from bot.authority.authorizer import AuditWriter, Authorizer
from bot.authority.autonomy_blocks import AutonomyBlocks
from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.dev_mode import DevMode
from bot.authority.emergency_stop import (
    EmergencyStop,
    ShutdownHook,
    StopAnnouncements,
    WorkEnding,
)
from bot.authority.flags import FlagService
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.live_items import LiveItemService
from bot.authority.run_locks import RunLocks
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.reports import BudgetReports
from bot.budget.run_cost_meter import RunCostMeter
from bot.budget.target_budgets import GuildBudgets
from bot.domain.guilds import AllowLists, RunChannels, collect_people
from bot.domain.run import Run, Stage
from bot.domain.target import OWN_TARGET
from bot.infra.injector import Injector
from bot.memory.recall import MemoryService
from bot.memory.recording import MemoryRecorder
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.key_value_store import KeyValueStore
from bot.ports.live_registry import LiveRegistry
from bot.ports.memory import MemoryStore
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store
from bot.ports.targets import TargetPorts, Targets
from bot.ports.workspace import Checkout, Workspaces
from bot.presentation.cards import format_status
from bot.self_improvement.agent import SelfImprovementAgent
from bot.self_improvement.checks.answer_inquiry import AnswerInquiry
from bot.self_improvement.reporting.archived_threads import ThreadArchiver
from bot.self_improvement.reporting.live_cards import LiveCards
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.reporting.proposal_cards import ProposalCards
from bot.self_improvement.reporting.run_threads import RunThreads
from bot.self_improvement.reporting.run_transcripts import RunTranscripts
from bot.self_improvement.requests.agreements import Agreements
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.self_improvement.requests.dialogue import RunDialogue
from bot.self_improvement.requests.endorsements import Endorsements
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.requests.gaps import GapService
from bot.self_improvement.requests.incident_reports import IncidentReports
from bot.self_improvement.requests.question_records import QuestionRecords, RecordsByTarget
from bot.self_improvement.requests.questions import QuestionService
from bot.self_improvement.requests.retry_changes import RetryChanges
from bot.self_improvement.requests.run_requests import RunRequests
from bot.self_improvement.requests.run_starter import RunAdmission, RunStarter
from bot.self_improvement.requests.steering import Steering
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_decisions import RunDecisions
from bot.self_improvement.run_restarts import RunRestarts
from bot.self_improvement.running_agent import RunningAgent
from bot.self_improvement.runs.base_updates import BaseUpdates
from bot.self_improvement.runs.cancellation import Cancellation
from bot.self_improvement.runs.candidate_election import CandidateElection
from bot.self_improvement.runs.candidate_selection import CandidateSelection
from bot.self_improvement.runs.confirmed_versions import ConfirmedVersions, LiveConfirmations
from bot.self_improvement.runs.deadlines import Deadlines
from bot.self_improvement.runs.engine_choice import EngineTrouble, WritingEngines
from bot.self_improvement.runs.failures import StepFailures
from bot.self_improvement.runs.live_version import LiveVersion, OwnVersion
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.outage_recovery import OutageRecovery
from bot.self_improvement.runs.patient_forge import PatientForge
from bot.self_improvement.runs.poller import OpenProposals, ParkedRuns, Poller, ReviewComments
from bot.self_improvement.runs.reconciler import Reconciler
from bot.self_improvement.runs.recovery import RecoveryService
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.run_stops import RunStops
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.step_progress import CardHeartbeat, StepProgress
from bot.self_improvement.runs.step_sequence import StepSequence, TargetSteps
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.runs.worker import Workers
from bot.self_improvement.steps._answer_report import AnswerReports
from bot.self_improvement.steps._candidate_writer import CandidateRoom, CandidateWriter
from bot.self_improvement.steps._change_writer import ChangeWriter, PartsWriter, PiecesWriter
from bot.self_improvement.steps._execution_results import ExecutionResults
from bot.self_improvement.steps._head_check import (
    GateCheck,
    HeadCheck,
    OutputCheck,
    ProofCheck,
)
from bot.self_improvement.steps._merge_check import MergeCheck
from bot.self_improvement.steps._planner_case import PlannerCalls
from bot.self_improvement.steps._reverted_changes import RevertedChanges
from bot.self_improvement.steps.brief import (
    BriefStep,
    BriefTerms,
    RequestBriefer,
    RequestReading,
)
from bot.self_improvement.steps.diagnose import DiagnoseStep, DiagnosisExplainer
from bot.self_improvement.steps.execute import ExecuteStep
from bot.self_improvement.steps.observe import ObserveStep
from bot.self_improvement.steps.plan import PlanStep
from bot.self_improvement.steps.propose import ProposeStep
from bot.self_improvement.steps.revert import RevertSteps
from bot.self_improvement.steps.ship import (
    ApprovedMerge,
    MergeTrouble,
    ShipmentRecords,
    ShipStep,
)
from bot.self_improvement.steps.verify import VerdictFollowUp, VerifyStep
from bot.self_improvement.steps.watch import WatchStep
from bot.self_improvement.vital_signs import VitalSigns
from bot.self_improvement.watch.shipment_watches import ShipmentWatches
from bot.self_improvement.watch.use_evaluator import UseEvaluator
from bot.self_improvement.watch.use_watches import UseWatches

_SHARED = (
    ActionRecorder,
    ApprovalPolicy,
    AutonomyBlocks,
    BudgetEnforcer,
    CandidateSelection,
    Clock,
    GuildBudgets,
    KeyValueStore,
    KillSwitchGuard,
    LiveCards,
    MemoryRecorder,
    ProposalCards,
    RunCostMeter,
    RunNotifier,
    RunTranscripts,
    RunTransitions,
    Steering,
    StepFailures,
    Store,
    Targets,
)
"""What the steps of all targets use together. Everything else, each target has for itself."""


def assemble(
    injector: Injector,
    settings: RunSettings,
    *,
    owner: str,
    commands: Callable[[], Collection[str]] = frozenset,
    shutdown_hooks: Sequence[ShutdownHook] = (),
    others: Mapping[str, Injector] = MappingProxyType({}),
    refusals: Mapping[str, str] = MappingProxyType({}),
) -> RunningAgent:
    """Build the agent with all its parts, which the injector provides afterwards.

    Args:
        injector: Provides the ports, and what does the work of the steps.
        settings: How runs are processed, and for whom.
        owner: Names this process in the leases of runs.
        commands: Returns the names of all commands.
        shutdown_hooks: Are called by an emergency stop, after the workers have stopped.
        others: Provide the same as `injector` for the other targets, by name. Of `injector` they
            get only what `_SHARED` lists.
        refusals: Why targets that are configured cannot be worked on, by name.
    """
    build = injector.build
    injector.add(settings)
    ports = {name: _get_ports(each) for name, each in others.items()}
    injector.add(Targets(_get_ports(injector), ports, refusals))
    injector.add(AllowLists(settings.people, collect_people(settings.guilds)))
    _build_authority(injector, settings)
    _build_reporting(injector, settings)
    for part in (MemoryRecorder, RunCostMeter, Steering, RunTransitions):
        build(part)
    _build_calls(injector, settings)
    build(CandidateSelection)
    build(StepFailures)
    _build_watches(injector)
    build(ProposalCards)
    build(StepSequence, steps=_build_all_steps(injector, settings, others))
    build(Workers, owner=owner)
    build(Reconciler)
    build(Cancellation)
    _build_emergency_stop(injector, settings, shutdown_hooks)
    _build_approvals(injector)
    build(RecoveryService)
    build(RunStarter, per_person=settings.per_person)
    admission = build(RunAdmission)
    build(RunDialogue)
    build(
        AutonomyPolicy,
        start=admission.start,
        levels=settings.autonomy,
        unconfined=settings.unconfined,
    )
    _build_requests(injector, commands, others)
    return _build_loops(injector, settings, others, owner)


def _build_all_steps(
    injector: Injector, settings: RunSettings, others: Mapping[str, Injector]
) -> dict[str, TargetSteps]:
    """Build the steps of Theseus itself and of the other targets."""
    steps = {OWN_TARGET: _build_steps(injector)}
    for name, other in others.items():
        other.take(injector, *_SHARED)
        other.add(replace(settings, full_tier=True))  # only our own forge may run them for us
        other.build(ShipmentWatches, target=name)
        _build_calls(other, settings)
        steps[name] = _build_steps(other)
    return steps


def _get_ports(injector: Injector) -> TargetPorts:
    return TargetPorts(
        forge=injector.get(Forge),
        workspaces=injector.get(Workspaces),
        memory=injector.get(MemoryStore),
        checkout=injector.find(Checkout),
    )


def _build_authority(injector: Injector, settings: RunSettings) -> None:
    """Build what decides who may do what."""
    build = injector.build
    build(RunLocks)
    build(ApprovalPolicy, rules=settings.approval, target_people=settings.target_people)
    build(AuditWriter)
    build(Authorizer)
    if settings.dev_mode and injector.find(Checkout) is not None:
        build(DevMode)
    build(AutonomyBlocks)
    build(AuditWatch, keep_for=settings.audit, configured=settings.configured)


def _build_reporting(injector: Injector, settings: RunSettings) -> None:
    """Build what shows the runs to people."""
    build = injector.build
    injector.add(RunChannels(settings.dev_channel_id, settings.guilds))
    build(LiveCards)
    build(RunTranscripts)
    build(RunThreads)
    build(RunNotifier, links=settings.links)


def _build_calls(injector: Injector, settings: RunSettings) -> None:
    """Build what asks models for a target: their votes have to fit its budget too."""
    injector.build(ModelCalls)
    injector.build(CandidateElection, votes=settings.votes)


def _build_watches(injector: Injector) -> None:
    if injector.find(UseEvaluator) is not None:
        injector.build(UseWatches)
    injector.build(ShipmentWatches)


def _build_steps(injector: Injector) -> TargetSteps:
    """Build the steps of a target in order, each with what only it uses."""
    build = injector.build
    for tool in (
        Deadlines,
        RunWorkspaces,
        StepProgress,
        PatientForge,
        RunStops,
        RevertedChanges,
        PlannerCalls,
    ):
        build(tool)
    build(IncidentReports)
    build(RetryChanges)
    observe = build(ObserveStep)
    build(DiagnosisExplainer)
    if injector.find(AnswerInquiry) is not None:
        build(AnswerReports)
    diagnose = build(DiagnoseStep)
    if injector.find(RequestBriefer) is not None:
        build(RequestReading)
    build(BriefTerms)
    brief, plan = build(BriefStep), build(PlanStep)
    for check in (ProofCheck, OutputCheck, GateCheck, HeadCheck):
        build(check)
    for writing in (CandidateRoom, CandidateWriter, PartsWriter, PiecesWriter, ChangeWriter):
        build(writing)
    for outcome in (ExecutionResults, EngineTrouble, VerdictFollowUp):
        build(outcome)
    execute = build(ExecuteStep)
    verify, propose = build(VerifyStep), build(ProposeStep)
    for shipping in (MergeCheck, ApprovedMerge, ShipmentRecords, MergeTrouble):
        build(shipping)
    ship, revert = build(ShipStep), build(RevertSteps)
    steps = {
        Stage.OBSERVE: observe.perform,
        Stage.DIAGNOSE: diagnose.perform,
        Stage.BRIEF: brief.perform,
        Stage.PLAN: plan.perform,
        Stage.EXECUTE: execute.perform,
        Stage.VERIFY: verify.perform,
        Stage.PROPOSE: propose.perform,
        Stage.SHIP: ship.perform,
    }
    reverts = {Stage.OBSERVE: revert.observe, Stage.EXECUTE: revert.execute}
    return TargetSteps(steps, reverts)


def _build_emergency_stop(
    injector: Injector, settings: RunSettings, shutdown_hooks: Sequence[ShutdownHook]
) -> None:
    injector.build(
        WorkEnding,
        workers=injector.get(Workers),
        cancellation=injector.get(Cancellation),
        notifier=injector.get(RunNotifier),
        shutdown_hooks=shutdown_hooks,
    )
    injector.build(StopAnnouncements)
    injector.build(EmergencyStop, interval=settings.kill_switch)


def _build_approvals(injector: Injector) -> None:
    transitions, workers = injector.get(RunTransitions), injector.get(Workers)

    async def queue_shipment(run: Run) -> Run:
        queued = await transitions.go_on_with_approval(run)
        workers.wake()
        return queued

    injector.build(
        Approvals,
        show_card=injector.get(ProposalCards).show,
        show_proposal=injector.get(RunNotifier).show_proposal,
        queue_shipment=queue_shipment,
        describe=format_status,
    )


def _build_requests(
    injector: Injector, commands: Callable[[], Collection[str]], others: Mapping[str, Injector]
) -> None:
    """Build what people ask of the agent."""
    build, engines = injector.build, injector.get(WritingEngines)
    able = injector.find(RequestBriefer) is not None and engines.can_follow_instructions
    able_targets = [name for name, each in others.items() if each.find(RequestBriefer)]
    for service in (
        BudgetReports,
        MemoryService,
        FlagService,
        FeatureRequestService,
        GapService,
        RunRequests,
        RunRestarts,
        RunDecisions,
        RunConversation,
        Agreements,
        Endorsements,
        ConfirmedVersions,
        LiveConfirmations,
    ):
        build(service)
    build(ChangeRequests, able=able, able_targets=able_targets)
    known = {name: each.find(QuestionRecords) for name, each in others.items()}
    injector.add(RecordsByTarget(build(QuestionRecords, commands=commands), known))
    build(QuestionService)
    if injector.find(LiveRegistry) is not None:
        build(LiveItemService)
    build(SelfImprovementAgent)
    build(VitalSigns)


def _build_loops(
    injector: Injector, settings: RunSettings, others: Mapping[str, Injector], owner: str
) -> RunningAgent:
    build, get_stop = injector.build, injector.get(KillSwitchGuard).get_stop
    build(OwnVersion, LiveVersion)
    for part in (ReviewComments, OpenProposals, ParkedRuns):
        build(part)
    loops = (
        build(Poller),
        injector.get(Reconciler),
        build(ThreadArchiver),
        build(CardHeartbeat),
        build(WatchStep),
        injector.get(AuditWriter),
        build(OutageRecovery, owner=owner),
        build(BaseUpdates, dev_channel_id=settings.dev_channel_id, get_stop=get_stop),
        injector.find(BudgetEnforcer),
        *(each.build(WatchStep, target=name) for name, each in others.items()),
    )
    return build(RunningAgent, loops=tuple(loop for loop in loops if loop is not None))
