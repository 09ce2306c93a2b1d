"""The self-improvement agent, made from open ports and the configuration."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.redaction import redact

from bot.adapters.dependency_installer import DependencyInstaller
from bot.adapters.forges.registry import get_forge_type
from bot.app.cog_loads import build_load_lookup
from bot.app.configuration_audit import describe_configuration
from bot.app.engines import Engines
from bot.app.resources import Resources
from bot.client import Identity
from bot.intake import FailureMatcher
from bot.ports.agent import Budget
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.member_directory import MemberDirectory
from bot.ports.verifier import Verifier
from bot.presentation.run_links import RunLinks
from bot.prompts import Prompts
from bot.self_improvement import (
    RunSettings,
    SelfImprovementAgent,
    Services,
    ShippedFixes,
    StepServices,
)
from bot.self_improvement.answer_inquiry import AnswerInquiry
from bot.self_improvement.assembly import assemble
from bot.self_improvement.behaviour_check import BehaviourCheck
from bot.self_improvement.change_context import ChangeContextCollector
from bot.self_improvement.change_proofs import ChangeProofs
from bot.self_improvement.code_agent_runner import CodeAgentRunner
from bot.self_improvement.conversation_check import ConversationCheck
from bot.self_improvement.core_updates import CoreUpdates
from bot.self_improvement.evidence_collector import EvidenceCollector
from bot.self_improvement.feedback import Answered, build_record_lookup
from bot.self_improvement.fix_evaluator import FixEvaluator
from bot.self_improvement.interaction_replays import InteractionReplays
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.revert_rehearsal import RevertRehearsal
from bot.self_improvement.services import VitalSign
from bot.self_improvement.start_check import StartCheck
from bot.self_improvement.steps.brief import RequestBriefer
from bot.self_improvement.steps.diagnose import FaultAnalyzer
from bot.self_improvement.steps.plan import PlanBuilder
from bot.self_improvement.steps.propose import PullRequestPublisher
from bot.self_improvement.steps.ship import Deployer
from bot.self_improvement.trials import ProposalTrials
from bot.self_improvement.use_evaluator import UseEvaluator
from bot.settings import Settings, parse_config


def make_agent(
    settings: Settings,
    opened: Resources,
    chosen: Engines,
    chat: Chat,
    member_directory: MemberDirectory,
    who: Identity,
    signs: tuple[VitalSign, ...] = (),
) -> SelfImprovementAgent:
    """Return the agent, not running yet; `signs` are asked for their line of `/health`."""
    services = Services(
        store=opened.store,
        chat=chat,
        forge=opened.forge,
        workspaces=opened.workspaces,
        clock=opened.clock,
        journal=opened.journal,
        recorder=opened.recorder,
        key_values=opened.key_values,
        memory=opened.memory,
        budget=opened.budget,
        charts=opened.charts,
        stop_guard=opened.stop_guard,
        member_directory=member_directory,
        flags=opened.flags,
        checkout=opened.checkout,
        live_registry=opened.code.registry,
    )
    runs = replace(_build_run_settings(settings, opened, chosen, who.dev_channel_id), signs=signs)
    owner = f"{os.uname().nodename}:{os.getpid()}"
    parts = assemble(services, _build_step_services(settings, opened, chosen), runs, owner=owner)
    return SelfImprovementAgent(services, runs, parts)


def build_matcher(settings: Settings, opened: Resources) -> FailureMatcher:
    """Return what matches requests to failures."""
    return FailureMatcher(
        opened.journal,
        opened.clock,
        lookback=timedelta(hours=settings.config.runs.lookback_hours),
        load_fixes=ShippedFixes(opened.store),
        commands=opened.code.list_commands,
        traffic=opened.traffic.log,
    )


def _build_step_services(settings: Settings, opened: Resources, chosen: Engines) -> StepServices:
    config, clock, verifier = settings.config, opened.clock, opened.verifier
    span = timedelta(days=config.journal.keep_days)
    replays = InteractionReplays(
        opened.rehearsal,
        opened.trees,
        opened.traffic.log,
        opened.traffic.snapshots,
        clock,
        catch_up=opened.traffic.catch_up,
        lookback=span,
        loads=build_load_lookup(opened.journal, opened.clock, span),
    )
    behaviour = BehaviourCheck(
        opened.rehearsal, opened.trees, opened.traffic.log, clock, lookback=span
    )
    conversations = ConversationCheck(chosen.open_chat)
    proofs = ChangeProofs(
        opened.rehearsal, opened.trees, behaviour, verifier, parse_config, conversations
    )
    return StepServices(
        collector=EvidenceCollector(
            opened.journal,
            opened.checkout,
            clock,
            opened.memory,
            build_matcher(settings, opened).find_evidence,
            lookback=timedelta(hours=config.runs.lookback_hours),
            traffic=opened.traffic.log,
        ),
        commands=opened.code.list_commands,
        analyzer=FaultAnalyzer(chosen.planner),
        builder=PlanBuilder(verifier, chosen.planner, replays),
        runner=CodeAgentRunner(chosen.agent, clock, budget=chosen.budget),
        gate=QualityGate(
            verifier,
            protection=config.protection,
            redact=redact,
            replays=replays,
            start=StartCheck(opened.rehearsal, opened.trees, clock),
        ),
        publisher=_build_publisher(settings, opened),
        deployer=_build_deployer(settings, opened),
        trials=ProposalTrials(opened.store, opened.rehearsal, opened.trees, opened.traffic.log),
        stand_in=_build_fallback_runner(settings, chosen, clock),
        evaluator=FixEvaluator(opened.journal, clock, config.watch, replays, opened.checkout),
        use=_use_evaluator(settings, opened),
        answered=_build_answer_lookup(opened),
        inquiry=build_inquiry(settings, opened),
        changes=ChangeContextCollector(
            opened.journal, clock, opened.memory, commands=opened.code.list_commands, lookback=span
        ),
        briefer=_build_briefer(chosen, verifier, proofs),
        behaviour=behaviour,
        revert_rehearsal=RevertRehearsal(
            opened.rehearsal, opened.trees, opened.traffic.log, clock, lookback=span
        ),
        proofs=proofs,
    )


def _build_fallback_runner(
    settings: Settings, chosen: Engines, clock: Clock
) -> CodeAgentRunner | None:
    if chosen.stand_in is None:
        return None
    seconds = settings.config.engine.seconds
    return CodeAgentRunner(chosen.stand_in, clock, budget=Budget(seconds=seconds))


def _build_briefer(
    chosen: Engines, verifier: Verifier, proofs: ChangeProofs
) -> RequestBriefer | None:
    """Return who finds out what is wanted, where there is an engine that could write it."""
    if chosen.request_planner is None or not chosen.agent.can_follow_instructions:
        return None
    return RequestBriefer(chosen.request_planner, verifier, proofs)


def _build_deployer(settings: Settings, opened: Resources) -> Deployer:
    core = CoreUpdates(opened.restarter, DependencyInstaller(settings.root))
    return Deployer(
        opened.forge, opened.checkout, opened.code, opened.clock, core,
        left_behind=opened.code.left_behind,
    )  # fmt: skip


def _build_publisher(settings: Settings, opened: Resources) -> PullRequestPublisher:
    return PullRequestPublisher(
        opened.forge,
        opened.clock,
        repository=str(settings.root),
        base_branch=settings.config.forge.branch,
        render=Prompts(settings.root / "prompts", opened.code.get_prompts).render,
        links=_build_links(settings),
    )


def _build_links(settings: Settings) -> RunLinks:
    """Return the links to runs. A Discord-compatible server has no web pages to link to."""
    real = settings.environment.theseus_discord_api_url is None
    return RunLinks("https://discord.com/channels" if real else "", settings.config.http.url)


def _build_answer_lookup(opened: Resources) -> Answered:
    traffic = opened.traffic
    return build_record_lookup(traffic.log, _build_interaction_namer(opened), traffic.catch_up)


def _use_evaluator(settings: Settings, opened: Resources) -> UseEvaluator:
    return UseEvaluator(
        opened.journal,
        opened.clock,
        settings.config.watch,
        commands=opened.code.list_commands,
        days=settings.config.change.use_days,
    )


def build_inquiry(settings: Settings, opened: Resources) -> AnswerInquiry:
    """Return what replays output that people report as incorrect."""
    return AnswerInquiry(
        opened.rehearsal,
        opened.trees,
        opened.traffic.log,
        opened.clock,
        commands=opened.code.list_commands,
        called=_build_interaction_namer(opened),
        catch_up=opened.traffic.catch_up,
        lookback=timedelta(days=settings.config.journal.keep_days),
        loads=build_load_lookup(
            opened.journal, opened.clock, timedelta(days=settings.config.journal.keep_days)
        ),
    )


def _build_interaction_namer(opened: Resources) -> Callable[[int], str]:
    """Return a function that maps an interaction id to its pseudonym in the traffic log.

    It returns an empty string if no traffic is recorded.
    """
    recorder = opened.traffic.recorder
    return lambda known: build_pseudonym(known, recorder.secret, "i") if recorder else ""


def _build_run_settings(
    settings: Settings, opened: Resources, chosen: Engines, dev_channel_id: int
) -> RunSettings:
    config = settings.config
    return RunSettings(
        people=config.people,
        dev_channel_id=dev_channel_id,
        workers=config.runs.workers,
        per_person=config.runs.per_person,
        rounds=config.runs.rounds,
        candidates=config.change.candidates,
        full_tier=not config.forge.runs_full_checks,
        lease=timedelta(seconds=config.runs.lease_seconds),
        sweep=get_forge_type(settings).polling,
        confirm=timedelta(minutes=confirm) if (confirm := config.change.confirm_minutes) else None,
        question=timedelta(minutes=config.engine.question_minutes),
        forge_checks=timedelta(minutes=config.forge.hosted.checks_minutes),
        autonomy=config.autonomy,
        approval=config.approval,
        dev_mode=config.autonomy.dev_mode,
        unconfined=opened.sandbox.refusal,
        audit=timedelta(days=config.audit.keep_days),
        configured=describe_configuration(settings),
        engine=chosen.description,
        vital_signs=(f"**Sandbox** {opened.sandbox.description}",),
        code_signs=opened.code.list_warnings,
        links=_build_links(settings),
    )
