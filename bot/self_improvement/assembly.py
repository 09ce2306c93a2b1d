"""Builds all parts of the agent once, in order. No part is changed afterwards."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.approvals import Approvals
from bot.authority.audit_watch import AuditWatch
from bot.authority.authorizer import AuditWriter, Authorizer
from bot.authority.autonomy_blocks import AutonomyBlocks
from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.dev_mode import DevMode
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.flags import FlagService
from bot.authority.run_locks import RunLocks
from bot.budget.reports import BudgetReports
from bot.budget.run_cost_meter import RunCostMeter
from bot.memory.recall import MemoryService
from bot.memory.recording import MemoryRecorder
from bot.presentation.cards import format_status
from bot.self_improvement.agreements import Agreements
from bot.self_improvement.archived_threads import ThreadArchiver
from bot.self_improvement.base_updates import BaseUpdates
from bot.self_improvement.cancellation import Cancellation
from bot.self_improvement.candidate_selection import CandidateSelection
from bot.self_improvement.change_requests import ChangeRequests
from bot.self_improvement.dialogue import RunDialogue
from bot.self_improvement.endorsements import Endorsements
from bot.self_improvement.failures import StepFailures
from bot.self_improvement.feature_requests import FeatureRequestService
from bot.self_improvement.feedback import FeedbackService
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.poller import Poller
from bot.self_improvement.proposal_cards import ProposalCards
from bot.self_improvement.reconciler import Reconciler
from bot.self_improvement.recovery import RecoveryService
from bot.self_improvement.run_requests import RunRequests
from bot.self_improvement.run_starter import RunAdmission, RunStarter
from bot.self_improvement.services import RunSettings, Services
from bot.self_improvement.shipment_watches import ShipmentWatches
from bot.self_improvement.shipped_fixes import ShippedFixes
from bot.self_improvement.steering import Steering
from bot.self_improvement.step_context import StepContext
from bot.self_improvement.step_sequence import StepSequence, StepServices
from bot.self_improvement.steps.watch import WatchStep
from bot.self_improvement.transitions import RunTransitions
from bot.self_improvement.trials import ProposalTrials
from bot.self_improvement.use_watches import UseWatches
from bot.self_improvement.worker import Workers


@dataclass(frozen=True)
class Authority:
    """The parts that decide who may do what, and what stops everything."""

    run_locks: RunLocks
    approval_policy: ApprovalPolicy
    audit_writer: AuditWriter
    authorizer: Authorizer
    blocks: AutonomyBlocks
    audit: AuditWatch


@dataclass(frozen=True)
class AgentParts:
    """The parts to which the agent delegates requests."""

    commands: Callable[[], Collection[str]]
    fixes: ShippedFixes
    run_locks: RunLocks
    authorizer: Authorizer
    audit_writer: AuditWriter
    audit: AuditWatch
    approvals: Approvals
    autonomy: AutonomyPolicy
    emergency: EmergencyStop
    budget: BudgetReports
    memory: MemoryService
    transitions: RunTransitions
    workers: Workers
    dialogue: RunDialogue
    cancellation: Cancellation
    reconciler: Reconciler
    recovery: RecoveryService
    admission: RunAdmission
    watch: WatchStep
    base_updates: BaseUpdates
    requests: RunRequests
    archiver: ThreadArchiver
    poller: Poller
    trials: ProposalTrials
    proposal_cards: ProposalCards
    feedback: FeedbackService
    changes: ChangeRequests
    agreements: Agreements
    endorsements: Endorsements
    flags: FlagService


def assemble(
    services: Services, steps: StepServices, settings: RunSettings, *, owner: str
) -> AgentParts:
    """Build the parts; `owner` names this process in the leases of runs."""
    authority = _build_authority(services, settings)
    authorizer, locks = authority.authorizer, authority.run_locks
    notifier = RunNotifier(services, settings.dev_channel_id, settings.links)
    memory = MemoryRecorder(services.store, services.clock, services.recorder, services.memory)
    cost_meter, steering = RunCostMeter(services.budget), Steering()
    transitions = RunTransitions(services, notifier, cost_meter, memory)
    candidates = CandidateSelection(services, notifier, transitions, cost_meter)
    failures = StepFailures(services, notifier, cost_meter, transitions, candidates)
    feedback = FeedbackService(services.store, services.key_values, steps.answered)
    watches = _build_watches(services, steps, feedback, notifier, memory)
    cards = ProposalCards(services.store, notifier, locks)
    context = StepContext(
        services, settings, notifier, transitions, failures, candidates, cost_meter, steering,
        services.stop_guard, authority.approval_policy, memory, cards,
    )  # fmt: skip
    sequence = StepSequence(context, steps, watches, authority.blocks)
    workers = Workers(services, settings, sequence, transitions, failures, cost_meter, owner)
    reconciler, wake = Reconciler(services, notifier), workers.wake
    cancellation = Cancellation(services, workers, transitions, notifier, cost_meter, reconciler)
    emergency = _build_emergency(services, settings, authority, workers, cancellation, notifier)
    approvals = _build_approvals(services, authority, notifier, transitions, cards)
    recovery = RecoveryService(services, notifier, transitions, failures, approvals, cards, locks)
    starter = RunStarter(services, recovery, settings.per_person)
    admission = RunAdmission(services, starter, workers)
    dialogue = RunDialogue(services, notifier, transitions, wake, steps.runner, steering)
    autonomy = _build_autonomy(services, settings, authority, admission)
    return AgentParts(
        commands=steps.commands,
        proposal_cards=cards, feedback=feedback,
        fixes=ShippedFixes(services.store),
        run_locks=locks, authorizer=authorizer,
        audit_writer=authority.audit_writer, audit=authority.audit,
        approvals=approvals, autonomy=autonomy, emergency=emergency,
        budget=BudgetReports(services.budget, services.charts, authorizer),
        memory=MemoryService(services.memory, services.clock, authorizer, memory),
        transitions=transitions, workers=workers, dialogue=dialogue,
        cancellation=cancellation, reconciler=reconciler, recovery=recovery,
        admission=admission,
        watch=WatchStep(services, steps.evaluator, watches, settings, notifier, memory,
                        steps.deployer.has_files_left),
        base_updates=_build_base_updates(services, steps, settings),
        requests=RunRequests(services, authorizer, locks, admission, notifier, transitions, wake),
        archiver=ThreadArchiver(services, notifier),
        poller=Poller(
            services, settings, transitions, notifier, dialogue, workers, locks, autonomy,
            services.stop_guard,
        ),
        trials=steps.trials,
        changes=_build_changes(services, steps, settings, authorizer, admission),
        agreements=Agreements(services, authorizer, locks, dialogue),
        endorsements=Endorsements(services, authorizer, locks, dialogue, notifier),
        flags=FlagService(services.flags, services.clock, authorizer),
    )  # fmt: skip


def _build_watches(
    services: Services,
    steps: StepServices,
    feedback: FeedbackService,
    notifier: RunNotifier,
    memory: MemoryRecorder,
) -> ShipmentWatches:
    uses = UseWatches(services, steps.use, feedback, notifier, memory) if steps.use else None
    return ShipmentWatches(services.key_values, steps.evaluator, uses)


def _build_changes(
    services: Services,
    steps: StepServices,
    settings: RunSettings,
    authorizer: Authorizer,
    admission: RunAdmission,
) -> ChangeRequests:
    return ChangeRequests(
        services.store,
        settings.people,
        authorizer,
        admission,
        FeatureRequestService(services.key_values, services.clock, authorizer),
        able=steps.briefer is not None and steps.runner.can_follow_instructions,
    )


def _build_base_updates(
    services: Services, steps: StepServices, settings: RunSettings
) -> BaseUpdates:
    return BaseUpdates(
        services, steps.deployer, dev_channel_id=settings.dev_channel_id,
        get_stop=services.stop_guard.get_stop,
    )  # fmt: skip


def _build_authority(services: Services, settings: RunSettings) -> Authority:
    policy = ApprovalPolicy(
        services.store,
        services.clock,
        services.forge,
        services.member_directory,
        people=settings.people,
        rules=settings.approval,
    )
    audit_writer = AuditWriter(services.store, services.clock)
    checkout = services.checkout if settings.dev_mode else None
    dev_mode = DevMode(checkout, services.key_values, services.clock) if checkout else None
    return Authority(
        run_locks=RunLocks(),
        approval_policy=policy,
        audit_writer=audit_writer,
        authorizer=Authorizer(policy, audit_writer, services.clock),
        blocks=AutonomyBlocks(services.key_values, services.clock, dev_mode),
        audit=AuditWatch(
            services.store,
            services.clock,
            services.chat,
            services.journal,
            services.key_values,
            services.recorder,
            services.stop_guard,
            dev_channel_id=settings.dev_channel_id,
            keep_for=settings.audit,
            configured=settings.configured,
        ),
    )


def _build_approvals(
    services: Services,
    authority: Authority,
    notifier: RunNotifier,
    transitions: RunTransitions,
    proposal_cards: ProposalCards,
) -> Approvals:
    return Approvals(
        services.store,
        services.clock,
        services.forge,
        authority.approval_policy,
        authority.audit_writer,
        authority.run_locks,
        services.stop_guard,
        proposal_cards.show,
        notifier.show_proposal,
        transitions.queue_shipment,
        format_status,
    )


def _build_emergency(
    services: Services,
    settings: RunSettings,
    authority: Authority,
    workers: Workers,
    cancellation: Cancellation,
    notifier: RunNotifier,
) -> EmergencyStop:
    return EmergencyStop(
        services.store,
        services.clock,
        services.chat,
        services.key_values,
        services.recorder,
        services.stop_guard,
        authority.authorizer,
        workers,
        cancellation,
        notifier,
        authority.run_locks,
        dev_channel_id=settings.dev_channel_id,
        interval=settings.kill_switch,
    )


def _build_autonomy(
    services: Services, settings: RunSettings, authority: Authority, admission: RunAdmission
) -> AutonomyPolicy:
    return AutonomyPolicy(
        services.store,
        services.clock,
        services.chat,
        services.journal,
        services.key_values,
        authority.authorizer,
        authority.blocks,
        admission.start,
        services.stop_guard,
        dev_channel_id=settings.dev_channel_id,
        levels=settings.autonomy,
        unconfined=settings.unconfined,
    )
