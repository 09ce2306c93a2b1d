"""Which engine writes changes, who thinks before it, and who takes over when it cannot work."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from theseus_guard.protection import Protection
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.shared_lock import SharedLock

from bot.adapters.claude_agent import (
    ChatServices,
    Claude,
    ClaudeAnswerTranslator,
    ClaudeAuditReader,
    ClaudeCandidateVoter,
    ClaudeChatModel,
    ClaudeClaimWriter,
    ClaudeMessageInterpreter,
    ClaudeOptions,
    ClaudePlanner,
    EngineServices,
    RequestPictures,
    build_claude_engine,
)
from bot.adapters.offline_agent import OfflineAgent
from bot.app.guilds import build_role_choice
from bot.domain.account import Account
from bot.domain.errors import ConfigError
from bot.domain.roles import Role
from bot.hot_reload.running_code import RunningCode
from bot.ports.agent import Budget, CodeAgent
from bot.ports.answer_translator import AnswerTranslator
from bot.ports.audit_reader import AuditReader
from bot.ports.candidate_voter import CandidateVoter
from bot.ports.chat_model import ChatModel
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.message_interpreter import MessageInterpreter
from bot.ports.model_gateway import ModelGateway
from bot.ports.planner import Planner, RequestPlanner
from bot.ports.report_pictures import ReportPictures
from bot.ports.research import ClaimWriter
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.ports.work_queue import WorkQueue
from bot.prompts import Prompts
from bot.proof.sample_conversations import TextsOfChat
from bot.research.run_research import RunResearch
from bot.self_improvement.checks.conversation_check import OpenChat
from bot.self_improvement.checks.gates.experience import OpenEngine
from bot.settings import Environment, Settings
from bot.skills import SkillLibrary, build_skills
from bot.tools.calls import FindToolCalls, find_no_tools


@dataclass(frozen=True)
class EngineResources:
    """What an engine may be made from: ports, guards and Python of the target that it changes.

    `is_own` is false for a bot that is not built on Theseus.
    """

    settings: Settings
    sandbox: Sandbox
    verifier: Verifier
    journal: Journal
    store: Store
    memory: MemoryStore
    clock: Clock
    gateway: ModelGateway
    load: SharedLock
    skills: SkillLibrary
    prompts: Prompts
    pictures: ReportPictures
    protection: Protection
    python: str = sys.executable
    research: RunResearch | None = None
    find_tools: FindToolCalls = find_no_tools
    is_own: bool = True
    work: WorkQueue | None = None


Opened = TypeVar("Opened")

OpenAuditReader = Callable[[], AuditReader]
"""Returns the model that reads in self-audits."""

OpenMessageInterpreter = Callable[[], MessageInterpreter]
"""Returns the model that says what messages ask for."""

OpenAnswerTranslator = Callable[[], AnswerTranslator]
"""Returns the model that translates answers."""

OpenCandidateVoter = Callable[[], CandidateVoter]
"""Returns the model that votes between candidates."""

OpenClaimWriter = Callable[[], ClaimWriter]
"""Returns the model that answers questions from sources."""


@dataclass(frozen=True)
class Engines:
    """The engines that plan and write changes, the budget, and the chat model.

    `description` is shown in `/health`.
    """

    agent: CodeAgent
    budget: Budget
    description: str
    planner: Planner | None = None
    request_planner: RequestPlanner | None = None
    second_planner: ClaudePlanner | None = None
    stand_in: CodeAgent | None = None
    chat_model: ChatModel | None = None
    open_chat: OpenChat | None = None
    open_audit_reader: OpenAuditReader | None = None
    open_message_interpreter: OpenMessageInterpreter | None = None
    open_translator: OpenAnswerTranslator | None = None
    open_candidate_voter: OpenCandidateVoter | None = None
    open_engine: OpenEngine | None = None
    open_claim_writer: OpenClaimWriter | None = None


def build_engine_resources(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    journal: Journal,
    store: Store,
    memory: MemoryStore,
    sandbox: Sandbox,
    verifier: Verifier,
    load: SharedLock,
    skills: SkillLibrary,
    gateway: ModelGateway,
    pictures: ReportPictures,
    find_tools: FindToolCalls,
    work: WorkQueue,
    research: RunResearch | None = None,
) -> EngineResources:
    """Return what the engines of Theseus itself are made from."""
    return EngineResources(
        settings=settings,
        sandbox=sandbox,
        verifier=verifier,
        journal=journal,
        store=store,
        memory=memory,
        clock=clock,
        gateway=gateway,
        load=load,
        skills=skills,
        prompts=Prompts(settings.root / "prompts", code.get_prompts),
        pictures=pictures,
        protection=settings.config.protection,
        research=research,
        find_tools=find_tools,
        # Without workers, the search has this machine for itself.
        work=work if settings.config.work.queue == "temporal" else None,
    )


MakeEngines = Callable[[EngineResources], Engines]


def should_use_claude(name: str, environment: Environment, where: str) -> bool:
    """Return whether an engine's name means claude here.

    `auto` does where there is a key, or another address, and the package is installed. Raises
    `ConfigError`, beginning with `where` the name was set, for a claude that cannot be.
    """
    if name == "offline":
        return False
    reachable = bool(environment.anthropic_api_key or environment.anthropic_base_url)
    installed = importlib.util.find_spec("claude_agent_sdk") is not None
    if name == "auto":
        return reachable and installed
    if not reachable:
        raise ConfigError(
            f"{where} needs a key: set ANTHROPIC_API_KEY (in the environment or .env), or use "
            "`auto` or `offline`."
        )
    if not installed:
        raise ConfigError(
            f"{where} needs the package claude-agent-sdk, which is not installed: run "
            "`make claude`, or use `auto` or `offline`."
        )
    return True


def _build_offline(resources: EngineResources) -> OfflineAgent:
    return OfflineAgent(
        resources.sandbox,
        resources.clock,
        resources.load,
        python=resources.python,
        work=resources.work,
    )


def build_engines(resources: EngineResources) -> Engines:
    """Return the configured engines. Raises `ConfigError` for one that cannot be there."""
    settings, config = resources.settings, resources.settings.config.engine
    offline, budget = _build_offline(resources), Budget(seconds=config.seconds)
    where = f"{settings.config_file}: engine.name: {config.name}"
    if not should_use_claude(config.name, settings.environment, where):
        return Engines(offline, budget, "offline")
    claude = _build_claude(resources)
    prompts = resources.prompts
    services = EngineServices(
        prompts=prompts,
        sandbox=resources.sandbox,
        verifier=resources.verifier,
        journal=resources.journal,
        store=resources.store,
        memory=resources.memory,
        clock=resources.clock,
        protection=resources.protection,
        skills=resources.skills,
        is_own=resources.is_own,
        pictures=RequestPictures(resources.store, resources.pictures),
        research=resources.research,
        find_tools=resources.find_tools,
    )
    agent, planner = build_claude_engine(
        claude,
        services,
        planner=config.planner,
        executor=config.executor,
        reviewer=config.reviewer,
    )
    second, reader = config.second_planner, settings.config.chat.reader
    translator = settings.config.chat.translator
    executor, falls_back = config.executor, config.fallback == "offline"
    chat = settings.config.chat.role.model
    models = f"claude: {config.planner.model} plans, {executor.model} writes, {chat} chats"
    return Engines(
        agent=agent,
        budget=Budget(seconds=executor.seconds, usd=executor.usd),
        description=f"{models}; {'offline takes over' if falls_back else 'nobody takes over'}",
        planner=planner,
        request_planner=planner,
        second_planner=ClaudePlanner(claude, second, services) if second else None,
        stand_in=offline if falls_back else None,
        chat_model=_build_chat_model(resources, claude, prompts),
        open_chat=partial(_sample_chat, resources, claude),
        open_message_interpreter=_build_opener(ClaudeMessageInterpreter, claude, reader, prompts),
        open_translator=_build_opener(ClaudeAnswerTranslator, claude, translator, prompts),
        open_audit_reader=partial(ClaudeAuditReader, claude, config.planner, prompts),
        open_candidate_voter=_build_opener(ClaudeCandidateVoter, claude, config.reviewer, prompts),
        open_engine=partial(_open_trial_engine, resources),
        open_claim_writer=partial(ClaudeClaimWriter, claude, settings.config.chat.role, prompts),
    )


def _build_opener(
    model: Callable[[Claude, Role, Prompts], Opened],
    claude: Claude,
    role: Role | None,
    prompts: Prompts,
) -> Callable[[], Opened] | None:
    """Return what opens a model in its role; `None` without one."""
    return partial(model, claude, role, prompts) if role else None


def _open_trial_engine(resources: EngineResources, texts: TextsOfChat) -> CodeAgent:
    """Return an engine that goes by the texts of some commit, to work past cases again."""
    skills = SkillLibrary(lambda: build_skills(texts.skill_files))
    prompts = Prompts(resources.settings.root / "prompts", lambda: texts.prompts)
    return build_engines(replace(resources, prompts=prompts, skills=skills)).agent


def _build_claude(resources: EngineResources) -> Claude:
    options = ClaudeOptions(
        home=resources.settings.state / "claude",
        sandbox=resources.sandbox,
        silence_seconds=resources.settings.config.engine.silence_seconds,
    )
    choose_role = build_role_choice(resources.settings, resources.store)
    return Claude(options, resources.clock, resources.gateway, choose_role)


def _sample_chat(
    resources: EngineResources, claude: Claude, texts: TextsOfChat, account: Account
) -> ClaudeChatModel:
    """Return a chat model that goes by the texts of some commit, for sample conversations."""
    skills = SkillLibrary(lambda: build_skills(texts.skill_files))
    folder = resources.settings.root / "prompts"
    services = ChatServices(
        prompts=Prompts(folder, lambda: texts.prompts),
        journal=resources.journal,
        memory=resources.memory,
        clock=resources.clock,
        skills=skills,
    )
    idle = timedelta(minutes=1)
    role = resources.settings.config.chat.role
    return ClaudeChatModel(claude, services, role, channels=1, idle=idle, account=account)


def _build_chat_model(
    resources: EngineResources, claude: Claude, prompts: Prompts
) -> ClaudeChatModel:
    config = resources.settings.config.chat
    return ClaudeChatModel(
        claude,
        ChatServices(
            prompts=prompts,
            journal=resources.journal,
            memory=resources.memory,
            clock=resources.clock,
            skills=resources.skills,
            find_tools=resources.find_tools,
        ),
        config.role,
        channels=config.channels,
        idle=timedelta(minutes=config.idle_minutes),
    )
