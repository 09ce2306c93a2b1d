"""The self-improvement agent, made from open ports and the configuration."""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta

from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.advisory_file import AdvisoryFile
from bot.adapters.dependency_installer import DependencyInstaller
from bot.adapters.forges.registry import get_forge_type
from bot.adapters.git_trees import GitTrees
from bot.adapters.sandboxed_verifier import SandboxedCoverage
from bot.app.cog_loads import build_load_lookup
from bot.app.configuration_audit import describe_configuration
from bot.app.engines import Engines
from bot.app.resources import TrafficServices
from bot.app.targets import NO_TARGETS, OpenedTargets
from bot.authority.emergency_stop import ShutdownHook
from bot.client import Identity
from bot.hot_reload.running_code import RunningCode
from bot.infra.git import Git
from bot.infra.injector import Injector
from bot.intake import FailureMatcher
from bot.learning.experience import ExperienceReplay
from bot.learning.lessons import CaseRepository
from bot.ports.advisory_database import AdvisoryDatabase
from bot.ports.agent import Budget
from bot.ports.candidate_voter import CandidateVoter
from bot.ports.clock import Clock
from bot.ports.coverage_meter import CoverageMeter
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.restarter import Restarter
from bot.ports.trees import CommitTrees
from bot.ports.workspace import Checkout
from bot.presentation.run_links import RunLinks
from bot.prompts import Prompts
from bot.self_improvement import (
    RunSettings,
    ShippedFixes,
)
from bot.self_improvement.assembly import assemble
from bot.self_improvement.checks.answer_inquiry import AnswerInquiry
from bot.self_improvement.checks.behaviour_check import (
    BehaviourCheck,
    ScriptSource,
    TrafficScripts,
)
from bot.self_improvement.checks.change_proofs import ChangeProofs
from bot.self_improvement.checks.conversation_check import ConversationCheck
from bot.self_improvement.checks.failure_replays import FailureReplays
from bot.self_improvement.checks.gates.advisories import AdvisoryGate
from bot.self_improvement.checks.gates.coverage import CoverageGate
from bot.self_improvement.checks.gates.documentation import DocumentationGate
from bot.self_improvement.checks.gates.experience import ExperienceGate
from bot.self_improvement.checks.gates.merge_gates import MergeGates
from bot.self_improvement.checks.gates.performance import PerformanceGate
from bot.self_improvement.checks.gates.reached_scripts import CaseScripts, ReachedScripts
from bot.self_improvement.checks.gates.revert import RevertGate
from bot.self_improvement.checks.interaction_replays import InteractionReplays
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.checks.revert_rehearsal import RevertRehearsal
from bot.self_improvement.checks.trials import ProposalTrials
from bot.self_improvement.checks.worktree_check import WorktreeCheck
from bot.self_improvement.reporting.viewed_files import ViewedFileService
from bot.self_improvement.requests.change_context import ChangeContextCollector
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.running_agent import RunningAgent
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner
from bot.self_improvement.runs.core_updates import CoreUpdates
from bot.self_improvement.runs.deployer import Deployer, ShipmentDeployer
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.run_settings import VitalSign
from bot.self_improvement.steps.brief import RequestBriefer
from bot.self_improvement.steps.diagnose import FaultAnalyzer
from bot.self_improvement.steps.plan import PlanBuilder
from bot.self_improvement.steps.propose import PullRequestPublisher
from bot.self_improvement.watch.feedback import Answered, FeedbackService, build_record_lookup
from bot.self_improvement.watch.fix_evaluator import FixEvaluator
from bot.self_improvement.watch.use_evaluator import UseEvaluator
from bot.settings import Settings, parse_config


def make_agent(
    injector: Injector,
    settings: Settings,
    chosen: Engines,
    who: Identity,
    signs: tuple[VitalSign, ...] = (),
    shutdown_hooks: Sequence[ShutdownHook] = (),
    targets: OpenedTargets = NO_TARGETS,
) -> RunningAgent:
    """Return the agent, not running yet; the injector then provides its parts.

    Args:
        injector: Provides the open ports.
        settings: The configuration.
        chosen: The engines that plan and write changes.
        who: Where the bot lives.
        signs: Are asked for their line of `/health`.
        shutdown_hooks: Are called by an emergency stop, to end what uses a model.
        targets: The other bots that are looked after.
    """
    _build_evidence(injector, settings)
    _build_checks(injector, settings, chosen)
    _build_engines(injector, settings, chosen)
    injector.build(ViewedFileService)
    runs = injector.call(
        _build_run_settings, chosen=chosen, dev_channel_id=who.dev_channel_id, signs=signs
    )
    owner = f"{os.uname().nodename}:{os.getpid()}"
    return assemble(
        injector,
        runs,
        owner=owner,
        commands=injector.get(RunningCode).list_commands,
        shutdown_hooks=shutdown_hooks,
        others=targets.injectors,
        refusals=targets.refusals,
    )


def _build_evidence(injector: Injector, settings: Settings) -> None:
    """Build what reads the journal, the recorded traffic and the shipped fixes."""
    build, config = injector.build, settings.config
    code, span = injector.get(RunningCode), timedelta(days=config.journal.keep_days)
    lookback = timedelta(hours=config.runs.lookback_hours)
    matcher = build(
        FailureMatcher,
        lookback=lookback,
        load_fixes=build(ShippedFixes),
        commands=code.list_commands,
    )
    build(CaseRepository, prompts=code.get_prompts)
    build(EvidenceCollector, match=matcher.find_evidence, lookback=lookback)
    build(ChangeContextCollector, lookback=span, commands=code.list_commands)
    build(_build_replays, FailureReplays)
    build(_build_inquiry)
    build(_build_use_evaluator)
    build(FixEvaluator, rules=config.watch)
    build(FeedbackService, answered=injector.call(_build_answer_lookup))


def _build_checks(injector: Injector, settings: Settings, chosen: Engines) -> None:
    """Build what judges changes before people see them."""
    build, span = injector.build, timedelta(days=settings.config.journal.keep_days)
    build(TrafficScripts, ScriptSource, lookback=span)
    build(BehaviourCheck)
    build(RevertRehearsal, lookback=span)
    _build_gates(injector, settings, chosen)
    build(ProposalTrials)
    build(QualityGate, protection=settings.config.protection, redact=redact)
    build(
        ChangeProofs,
        read_settings=parse_config,
        conversations=ConversationCheck(chosen.open_chat),
    )
    build(_build_publisher)
    build(_build_deployer, ShipmentDeployer)


def _build_gates(injector: Injector, settings: Settings, chosen: Engines) -> None:
    """Build the quality gates, the cheapest first."""
    call = injector.call
    # Tests write to the tree they run in, so it is not shared.
    injector.build(SandboxedCoverage, CoverageMeter, trees=GitTrees(Git(settings.root)))
    injector.build(AdvisoryFile, AdvisoryDatabase, state=settings.state)
    rules, span = settings.config.gates, timedelta(days=settings.config.journal.keep_days)
    injector.build(ReachedScripts, CaseScripts, lookback=span)
    gates = (
        call(AdvisoryGate),
        DocumentationGate(),
        call(RevertGate),
        call(PerformanceGate, rules=rules),
        call(CoverageGate, rules=rules),
        ExperienceGate(call(ExperienceReplay), settings.config.experience, chosen.open_engine),
    )
    injector.build(MergeGates, gates=gates, rules=rules)


def _build_engines(injector: Injector, settings: Settings, chosen: Engines) -> None:
    """Build what plans and writes changes with the chosen engines, and votes between them."""
    if chosen.open_candidate_voter is not None:
        injector.add(chosen.open_candidate_voter(), CandidateVoter)
    clock, check = injector.get(Clock), injector.build(WorktreeCheck)
    injector.build(FaultAnalyzer, planner=chosen.planner)
    injector.build(PlanBuilder, planner=chosen.planner, second=chosen.second_planner)
    # Only an engine that follows instructions can write what a brief says.
    if chosen.request_planner is not None and chosen.agent.can_follow_instructions:
        injector.build(RequestBriefer, planner=chosen.request_planner, second=chosen.second_planner)
    injector.add(
        WritingEngines(
            CodeAgentRunner(chosen.agent, clock, budget=chosen.budget, check=check),
            _build_fallback_runner(settings, chosen, clock, check),
        )
    )


def _build_replays(
    settings: Settings,
    clock: Clock,
    journal: Journal,
    rehearsal: Rehearsal,
    trees: CommitTrees,
    traffic: TrafficServices,
) -> InteractionReplays:
    span = timedelta(days=settings.config.journal.keep_days)
    return InteractionReplays(
        rehearsal,
        trees,
        traffic.log,
        traffic.snapshots,
        clock,
        catch_up=traffic.catch_up,
        lookback=span,
        loads=build_load_lookup(journal, clock, span),
    )


def _build_fallback_runner(
    settings: Settings, chosen: Engines, clock: Clock, check: WorktreeCheck
) -> CodeAgentRunner | None:
    if chosen.stand_in is None:
        return None
    seconds = settings.config.engine.seconds
    return CodeAgentRunner(chosen.stand_in, clock, budget=Budget(seconds=seconds), check=check)


def _build_deployer(
    settings: Settings,
    clock: Clock,
    forge: Forge,
    checkout: Checkout,
    code: RunningCode,
    restarter: Restarter,
) -> Deployer:
    core = CoreUpdates(restarter, DependencyInstaller(settings.root))
    return Deployer(
        forge, checkout, code, clock, core,
        left_behind=code.left_behind,
    )  # fmt: skip


def _build_publisher(
    settings: Settings, clock: Clock, forge: Forge, code: RunningCode
) -> PullRequestPublisher:
    return PullRequestPublisher(
        forge,
        clock,
        repository=str(settings.root),
        base_branch=settings.config.forge.branch,
        render=Prompts(settings.root / "prompts", code.get_prompts).render,
        links=build_links(settings),
    )


def build_links(settings: Settings) -> RunLinks:
    """Return the links to runs. A Discord-compatible server has no web pages to link to."""
    real = settings.environment.theseus_discord_api_url is None
    return RunLinks("https://discord.com/channels" if real else "", settings.config.http.url)


def _build_answer_lookup(traffic: TrafficServices) -> Answered:
    traffic = traffic
    return build_record_lookup(traffic.log, _build_interaction_namer(traffic), traffic.catch_up)


def _build_use_evaluator(
    settings: Settings, clock: Clock, code: RunningCode, journal: Journal
) -> UseEvaluator:
    return UseEvaluator(
        journal,
        clock,
        settings.config.watch,
        commands=code.list_commands,
        days=settings.config.change.use_days,
    )


def _build_inquiry(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    journal: Journal,
    traffic: TrafficServices,
    trees: CommitTrees,
    rehearsal: Rehearsal,
) -> AnswerInquiry:
    return AnswerInquiry(
        rehearsal,
        trees,
        traffic.log,
        clock,
        commands=code.list_commands,
        called=_build_interaction_namer(traffic),
        catch_up=traffic.catch_up,
        lookback=timedelta(days=settings.config.journal.keep_days),
        loads=build_load_lookup(journal, clock, timedelta(days=settings.config.journal.keep_days)),
    )


def _build_interaction_namer(traffic: TrafficServices) -> Callable[[int], str]:
    """Return a function that maps an interaction id to its pseudonym in the traffic log.

    It returns an empty string if no traffic is recorded.
    """
    recorder = traffic.recorder
    return lambda known: build_pseudonym(known, recorder.secret, "i") if recorder else ""


def _build_run_settings(
    settings: Settings,
    code: RunningCode,
    sandbox: Sandbox,
    chosen: Engines,
    dev_channel_id: int,
    signs: tuple[VitalSign, ...],
) -> RunSettings:
    config = settings.config
    return RunSettings(
        people=config.people,
        target_people={each.name: each.people for each in config.targets},
        guilds=config.guilds,
        dev_channel_id=dev_channel_id,
        workers=config.runs.workers,
        per_person=config.runs.per_person,
        rounds=config.runs.rounds,
        candidates=config.change.candidates,
        fix_candidates=config.fix.candidates,
        votes=config.engine.votes,
        full_tier=not config.forge.runs_full_checks,
        lease=timedelta(seconds=config.runs.lease_seconds),
        sweep=get_forge_type(settings).polling,
        confirm=timedelta(minutes=confirm) if (confirm := config.change.confirm_minutes) else None,
        question=timedelta(minutes=config.engine.question_minutes),
        forge_checks=timedelta(minutes=config.forge.hosted.checks_minutes),
        autonomy=config.autonomy,
        approval=config.approval,
        dev_mode=config.autonomy.dev_mode,
        unconfined=sandbox.refusal,
        audit=timedelta(days=config.audit.keep_days),
        configured=describe_configuration(settings),
        engine=chosen.description,
        vital_signs=(f"**Sandbox** {sandbox.description}",),
        code_signs=code.list_warnings,
        signs=signs,
        links=build_links(settings),
    )
