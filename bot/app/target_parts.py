"""Builds what the runs of one target work with."""

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from theseus_observe.redaction import redact
from theseus_rehearsal.foreign.start import list_python_paths
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.shared_lock import SharedLock

from bot.adapters.deployments import build_deployment
from bot.adapters.git_checkout import FollowedCheckout
from bot.adapters.git_trees import GitTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.ndjson_journal import ObservedJournal
from bot.adapters.rehearsal import build_target_rehearsal
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.sandboxed_verifier import FixedChecks, SandboxedVerifier
from bot.adapters.sqlite_memory import SqliteMemory, SqlMemory
from bot.app.engines import EngineResources, Engines, MakeEngines
from bot.app.research import ResearchBuilder
from bot.app.target_commands import TargetCommands
from bot.app.target_gates import build_comparisons
from bot.app.target_places import open_forge
from bot.domain.checks import Check, Checks
from bot.domain.target import Target
from bot.infra.git import Git
from bot.infra.injector import Injector
from bot.intake import FailureMatcher
from bot.ports.agent import Budget
from bot.ports.candidate_voter import CandidateVoter
from bot.ports.clock import Clock
from bot.ports.deployment import Deployment
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.trees import CommitTrees
from bot.ports.verifier import Verifier
from bot.ports.workspace import Checkout, Workspace, Workspaces
from bot.presentation.pull_request_style import BodyTemplate, PullRequestStyle
from bot.presentation.run_links import RunLinks
from bot.presentation.title_style import TitleStyle
from bot.self_improvement import ShippedFixes
from bot.self_improvement.checks.change_proofs import ChangeProofs
from bot.self_improvement.checks.failure_replays import FailureReplays
from bot.self_improvement.checks.foreign_change_proofs import ForeignChangeProofs
from bot.self_improvement.checks.foreign_replays import ForeignReplays
from bot.self_improvement.checks.foreign_start_check import ForeignStartCheck
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.checks.start_check import CommitCheck
from bot.self_improvement.checks.worktree_check import WorktreeCheck
from bot.self_improvement.requests.change_context import ChangeContextCollector
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.requests.foreign_change_context import ForeignChangeContext
from bot.self_improvement.runs.changelog_writer import ChangelogWriter
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner
from bot.self_improvement.runs.confirmed_versions import ConfirmedVersions
from bot.self_improvement.runs.deployer import ShipmentDeployer
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.live_version import LiveVersion
from bot.self_improvement.runs.target_deployer import FindCommit, TargetDeployer, TargetVersion
from bot.self_improvement.steps.brief import RequestBriefer
from bot.self_improvement.steps.diagnose import FaultAnalyzer
from bot.self_improvement.steps.plan import PlanBuilder
from bot.self_improvement.steps.propose import PullRequestPublisher
from bot.self_improvement.watch.fix_evaluator import FixEvaluator
from bot.settings import Settings, parse_config
from bot.targets.formatters import FORMAT_FILES, find_formatter
from bot.targets.proposal import build_protection
from bot.telemetry import JournalledForge, JournalledVerifier, Recorder
from bot.tools.calls import find_no_tools

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class TargetPlaces:
    """A target with its folders: its repository, and what Theseus stores about it."""

    target: Target
    repository: Path
    data: Path
    python: Path


async def open_ports(
    injector: Injector,
    places: TargetPlaces,
    journal: ObservedJournal,
    settings: Settings,
    stack: AsyncExitStack,
) -> None:
    """Open the ports of a target, but for its journal, which is open. Raises `ConfigError`."""
    target, data = places.target, places.data
    clock, recorder = injector.get(Clock), injector.get(Recorder)
    forge, checkout = await open_forge(target, places.repository, data, settings, clock, stack)
    injector.add(JournalledForge(forge, recorder), Forge)
    injector.add(checkout, Checkout, FollowedCheckout)
    access = forge.get_access
    workspaces = GitWorkspaces(
        places.repository, data / "worktrees", remote=checkout.remote, access=access,
        shared=settings.environment.theseus_shared, spares=1,
    )  # fmt: skip
    injector.add(workspaces, Workspaces)
    injector.add(GitTrees(Git(places.repository)), CommitTrees)
    injector.add(journal, Journal, ObservedJournal)
    memory = SqliteMemory(data / "memory.sqlite3", redact=redact)
    injector.add(await stack.enter_async_context(memory), MemoryStore, SqlMemory)
    await _open_sandbox(injector, places, settings)


async def _open_sandbox(injector: Injector, places: TargetPlaces, settings: Settings) -> None:
    """Open the sandbox of a target's code, and what runs code in it."""
    target, config = places.target, settings.config.sandbox
    is_other = str(places.python) != sys.executable
    sandbox = await choose_sandbox(
        config.kind,
        required=config.required,
        network=False,  # the network of our own checks is not for the code of others
        private=(settings.root, settings.state, places.repository),
        visible=list_python_paths(places.python) if is_other else (),
    )
    injector.add(sandbox, Sandbox)
    checks = FixedChecks(
        target.checks or build_default_checks(target), str(places.python), find_their_formatter
    )
    verifier = SandboxedVerifier(
        sandbox, places.data / "cache", checks=checks, load=injector.get(SharedLock)
    )
    injector.add(JournalledVerifier(verifier, injector.get(Recorder)), Verifier)
    rehearsal = build_target_rehearsal(sandbox, target.start, places.python, places.repository)
    injector.add(rehearsal, Rehearsal)


async def find_their_formatter(workspace: Workspace) -> Check | None:
    """Return the check of the format that a repository's files at base say it has."""
    texts = {file: await workspace.read_base(file) for file in FORMAT_FILES}
    return find_formatter({file: text for file, text in texts.items() if text is not None})


def build_default_checks(target: Target) -> Checks:
    """Return the checks of a target that names none: its files compile."""
    compiled = ("{python}", "-m", "compileall", "-q", "{changed}")
    return Checks(quick=(Check(name="compile", command=compiled, seconds=60.0),))


def build_engines(
    injector: Injector, places: TargetPlaces, make_engines: MakeEngines, ours: EngineResources
) -> Engines:
    """Return engines that plan and write with the target's ports, guards, sources and Python."""
    builder = injector.get(ResearchBuilder)
    research = builder.build_run_research(
        builder.build_library(injector.get(Forge), places.python, places.repository)
    )
    if research is not None:
        injector.add(research)
    return make_engines(
        replace(
            ours,
            sandbox=injector.get(Sandbox),
            verifier=injector.get(Verifier),
            journal=injector.get(Journal),
            memory=injector.get(MemoryStore),
            protection=build_protection(places.target),
            python=str(places.python),
            research=research,
            find_tools=find_no_tools,  # a target's people are others than those of a server
            is_own=False,
        )
    )


def build_workers(
    injector: Injector,
    places: TargetPlaces,
    ours: EngineResources,
    chosen: Engines,
    links: RunLinks,
) -> None:
    """Build what does the work of the steps for a target.

    What only Theseus has is left out: hot reload, its conversation, and answers from its own
    traffic.
    """
    target, config = places.target, ours.settings.config
    build, clock = injector.build, injector.get(Clock)
    lookback = timedelta(hours=config.runs.lookback_hours)
    matcher = build(
        FailureMatcher,
        lookback=lookback,
        load_fixes=ShippedFixes(ours.store, target.name),
        commands=partial(injector.get(TargetCommands).list_names, target.name),
    )
    build(EvidenceCollector, match=matcher.find_evidence, lookback=lookback)
    build(ForeignReplays, FailureReplays)
    build(ForeignStartCheck, CommitCheck)
    build(FixEvaluator, rules=config.watch)
    checks = target.checks or build_default_checks(target)
    build_comparisons(injector, ours.settings, checks, str(places.python))
    build(QualityGate, protection=build_protection(target), redact=redact)
    checkout = injector.get(FollowedCheckout)
    build(
        PullRequestPublisher,
        repository=str(places.repository),
        base_branch=target.branch,
        render=ours.prompts.render,
        links=links,
        style=PullRequestStyle(
            TitleStyle(checkout.list_subjects), BodyTemplate(checkout.read), is_short=True
        ),
    )
    injector.add(build_deployment(target), Deployment)
    build(
        TargetVersion,
        LiveVersion,
        source=target.live,
        find_running=_choose_running_commit(injector, target),
        contains=checkout.is_ancestor,
    )
    build(TargetDeployer, ShipmentDeployer)
    _build_writers(injector, ours, chosen, clock, target)


def _choose_running_commit(injector: Injector, target: Target) -> FindCommit:
    if target.live == "person":
        return partial(injector.get(ConfirmedVersions).find, target.name)
    return injector.get(ObservedJournal).find_running_commit


def _build_change_requests(
    injector: Injector, ours: EngineResources, chosen: Engines, name: str
) -> None:
    """Build what finds out what is wanted of a target, and proves that it was done."""
    injector.build(ForeignChangeProofs, ChangeProofs, read_settings=parse_config)
    injector.build(
        ForeignChangeContext,
        ChangeContextCollector,
        commands=partial(injector.get(TargetCommands).list_files, name),
        lookback=timedelta(days=ours.settings.config.journal.keep_days),
    )
    injector.build(RequestBriefer, planner=chosen.request_planner, second=chosen.second_planner)


def _build_writers(
    injector: Injector, ours: EngineResources, chosen: Engines, clock: Clock, target: Target
) -> None:
    if chosen.open_candidate_voter is not None:
        injector.add(chosen.open_candidate_voter(), CandidateVoter)
    if chosen.request_planner is not None and chosen.agent.can_follow_instructions:
        _build_change_requests(injector, ours, chosen, target.name)
    check, changelog = injector.build(WorktreeCheck), ChangelogWriter()
    injector.build(FaultAnalyzer, planner=chosen.planner)
    injector.build(PlanBuilder, planner=chosen.planner)
    fallback = None
    if chosen.stand_in is not None:
        budget = Budget(seconds=ours.settings.config.engine.seconds)
        fallback = CodeAgentRunner(
            chosen.stand_in, clock, budget=budget, check=check, changelog=changelog
        )
    runner = CodeAgentRunner(
        chosen.agent, clock, budget=chosen.budget, check=check, changelog=changelog
    )
    injector.add(WritingEngines(runner, fallback))
