"""Assembles the bot from its parts, and runs it until it is asked to stop."""

import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import structlog
from theseus_observe.redaction import redact

from bot.adapters.discord_chat import DiscordChat, DiscordReportPictures
from bot.adapters.sqlite_ledger import SqlLedger
from bot.adapters.system_clock import SystemClock
from bot.app.agent import build_links, make_agent
from bot.app.alerts import build_alert_dispatcher, look_once_more
from bot.app.cache_warmer import CacheWarmer
from bot.app.engines import MakeEngines, build_engine_resources, build_engines
from bot.app.goals import build_goals
from bot.app.guilds import build_identity, build_member_directory, open_guild_budgets
from bot.app.intake import build_intake, build_issue_intake
from bot.app.leadership import wait_for_lead
from bot.app.live_registry import open_hot_reload
from bot.app.live_settings import build_live_settings
from bot.app.model_gateway import build_model_gateway, cancel_requests
from bot.app.monitors import (
    build_monitoring,
    build_scheduled_backups,
    build_self_audit,
    build_storage_watch,
    build_work_watch,
)
from bot.app.notices import build_notices, open_choices
from bot.app.personal_data_stores import build_own_personal_data
from bot.app.repository_check import RepositoryCheck
from bot.app.research import add_research, add_research_answers
from bot.app.resources import TrafficServices, open_services
from bot.app.retention import make_retention
from bot.app.reviews import build_reviews
from bot.app.running_bot import BotParts, Closing, RepeatedTurn, RunningBot
from bot.app.state_lock import hold_when_free
from bot.app.supervision import Beginning, Rehearse, Supervision, open_supervision
from bot.app.target_commands import TargetCommands
from bot.app.targets import open_budgets, open_targets
from bot.app.tools import open_tools
from bot.app.transcription import build_recording_transcripts
from bot.app.web import build_web_server, serve
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.flags import FlagRepository
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.target_budgets import LayeredSpendGuard
from bot.client import ConversationSettings, Identity, TheseusClient, import_cogs, point_discord_at
from bot.domain.flag import Flag
from bot.domain.journal import Action
from bot.hot_reload.running_code import RunningCode
from bot.infra.injector import Injector
from bot.infra.signals import listen_for_stop
from bot.infra.supervisor_channel import ControlEnd
from bot.learning.lessons import CaseRepository
from bot.monitoring import Monitoring, ScheduledBackups
from bot.ports.answer_translator import AnswerTranslator
from bot.ports.audit_reader import AuditReader
from bot.ports.chat import Chat
from bot.ports.chat_model import ChatModel
from bot.ports.clock import Clock
from bot.ports.leadership import Leadership
from bot.ports.live_registry import LiveRegistry
from bot.ports.member_directory import MemberDirectory
from bot.ports.message_interpreter import MessageInterpreter
from bot.ports.report_pictures import ReportPictures
from bot.ports.store import Store
from bot.prompts import Prompts
from bot.self_improvement.checks.start_check import StartCheck
from bot.self_improvement.reporting.restart_notices import RestartNotices
from bot.self_improvement.running_agent import RunningAgent
from bot.self_improvement.runs.base_updates import BaseUpdates
from bot.settings import Settings, get_required_token, guard_secrets, provide_cog_variables
from bot.telemetry import Recorder
from bot.tools import ToolCalls

_log = structlog.stdlib.get_logger(__name__)
# The event loop waits this long for a computing thread each time it has read a file or called the
# system. With Python's 5 ms, discord.py's look at a TypeError (the path of each module) took 3.5 s
# while a thread read the repository's tests: Discord had given up by then.
_SWITCH_SECONDS = 0.0005


def _ignore(_value: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Observers:
    """Who is informed while the bot runs. `theseus_rehearsal` builds it by these names.

    Attributes:
        on_record: Receives each record that the journal has written.
        on_client: Receives the client, before it connects.
        find_flag: Returns a flag that counts in place of the stored one, or `None`.
        ready_seconds: How long the client waits for more servers before it is ready.
    """

    on_record: Callable[[Action], None] = _ignore
    on_client: Callable[[TheseusClient], None] = _ignore
    find_flag: Callable[[str], Flag | None] = lambda _name: None
    ready_seconds: float = 2.0


_NO_OBSERVERS = Observers()


class Periodic(Protocol):
    """What works for as long as the bot runs."""

    async def run_forever(self) -> None:
        """Work until cancelled."""
        ...


async def run_bot(
    settings: Settings,
    *,
    make_engines: MakeEngines = build_engines,
    end: ControlEnd | None = None,
    observers: Observers = _NO_OBSERVERS,
    clock: Clock | None = None,
) -> None:
    """Run the bot until SIGTERM or SIGINT.

    With a supervisor, no file of the state is opened before its first order: the previous process
    may still use the state. Raises `ConfigError` before connecting if a setting is missing.

    Args:
        settings: The settings.
        make_engines: Returns the engines that write changes.
        end: The channel to the supervisor, if there is one.
        observers: Who is informed of records and of the client.
        clock: The clock of everything that waits; the machine's by default.
    """
    token = get_required_token(settings)
    sys.setswitchinterval(_SWITCH_SECONDS)
    environment = settings.environment
    point_discord_at(
        _format_url(environment.theseus_discord_api_url),
        _format_url(environment.theseus_discord_gateway_url),
    )
    async with AsyncExitStack() as stack:
        stack.callback(guard_secrets(settings))
        provide_cog_variables(settings, os.environ)
        supervision = await stack.enter_async_context(open_supervision(end))
        has_files = settings.environment.theseus_state_url is None
        beginning = await supervision.begin(settings.root, import_cogs, has_files=has_files)
        if beginning is None:
            return
        drain = settings.config.restart.drain_seconds
        lock = await hold_when_free(settings.state, stack, drain, supervision)
        if lock is None:
            return
        standby = settings.config.availability.standby
        if standby:
            import_cogs(settings.root)
        leadership = await wait_for_lead(
            settings, stack, beginning.commit, supervision, standby=standby
        )
        if leadership is None:
            return
        if leadership.session is not None:
            beginning = replace(beginning, session=leadership.session)
        injector = await open_services(
            settings, stack, supervision.restarter, leadership, beginning.commit,
            observers.on_record, clock or SystemClock(),
        )  # fmt: skip
        injector.add(build_identity(settings))
        injector.build(_build_client, services=injector, observers=observers)
        parts = await _build(injector, stack, make_engines, supervision, beginning)
        listen_for_stop(parts.on_signal)
        await RunningBot(parts, lock, supervision, beginning, leadership, drain=drain).run(token)


async def _build(
    injector: Injector,
    stack: AsyncExitStack,
    make_engines: MakeEngines,
    supervision: Supervision,
    beginning: Beginning,
) -> BotParts:
    """Return the client, not connected yet, and the parts that run alongside it."""
    settings = injector.get(Settings)
    build, call, who = injector.build, injector.call, injector.get(Identity)
    injector.add(supervision, Supervision)
    client = injector.get(TheseusClient)
    chat = build(DiscordChat, Chat, client=client, redact=redact)
    build(DiscordReportPictures, ReportPictures, client=client)
    open_choices(injector, who.dev_channel_id)
    live = await call(open_hot_reload, stack=stack)
    injector.add(live.registry, LiveRegistry)
    build(build_member_directory, MemberDirectory)
    backups, warming = build(build_scheduled_backups), injector.get(CacheWarmer)
    agent = await _build_agent(injector, stack, make_engines)
    tools = await open_tools(injector, settings, who.dev_channel_id)
    monitoring = build(build_monitoring)
    alerts = build(build_alert_dispatcher, news=beginning.news)
    stack.push_async_exit(look_once_more(alerts))
    audit = build(build_self_audit)
    storage, closing = build(build_storage_watch, more=(live.state_file,)), build(Closing)
    goals, reviews = build_goals(injector), build_reviews(injector)
    notices = build_notices(injector, storage)
    build_intake(injector)
    injector.add(await call(build_recording_transcripts))
    issues, personal_data = build(build_issue_intake), build(build_own_personal_data)
    live.follow(call(build_live_settings, started=settings.config))
    web = build_web_server(injector, settings)
    serving = await serve(settings, web, stack, beginning.logins)
    traffic, talks = injector.get(TrafficServices), injector.find(ChatModel)
    return BotParts(
        client=client,
        chat=chat,
        agent=agent,
        base_updates=injector.get(BaseUpdates),
        clock=injector.get(Clock),
        closing=closing,
        answering=_list_loops(chat, traffic.recorder, talks),
        work=(
            *_list_loops(
                agent, monitoring, audit, *goals, reviews, backups, warming, live, alerts, issues
            ),
            *_list_loops(personal_data, call(make_retention), storage, tools, *notices),
            *_list_loops(
                call(RepositoryCheck), injector.get(CaseRepository), injector.get(TargetCommands)
            ),
            *_list_loops(call(_restart_notices, beginning=beginning), call(build_work_watch)),
            _build_handover(injector, supervision),
            *serving,
        ),
        written=traffic.catch_up,
        on_signal=injector.get(EmergencyStop).on_signal,
        leave_ledger=injector.get(SqlLedger).close,
        web=web,
    )


def _build_handover(injector: Injector, supervision: Supervision) -> RepeatedTurn:
    """Return the loop that passes the bot on to its next process."""
    code, rehearse = injector.get(RunningCode), injector.call(_build_rehearsal)
    return lambda: supervision.pass_on(rehearse, lambda: code.commit)


async def _build_agent(
    injector: Injector, stack: AsyncExitStack, make_engines: MakeEngines
) -> RunningAgent:
    """Choose the engines, and build the agent that works with them."""
    settings = injector.get(Settings)
    budgets = await injector.call(open_budgets, stack=stack)
    injector.add(await injector.call(open_guild_budgets, stack=stack))
    guard = injector.build(
        LayeredSpendGuard, everything=injector.get(BudgetEnforcer), targets=budgets
    )
    gateway = await stack.enter_async_context(injector.call(build_model_gateway, spend_guard=guard))
    research = await add_research(injector, guard, stack)
    find_tools = partial(injector.find, ToolCalls)
    resources = injector.call(
        build_engine_resources, gateway=gateway, research=research, find_tools=find_tools
    )
    chosen = make_engines(resources)
    add_research_answers(injector, chosen.open_claim_writer)
    targets = await open_targets(
        injector, stack, make_engines, resources, build_links(settings), budgets
    )
    injector.add(targets)
    injector.add(ConversationSettings(settings.config.chat.remembered, settings.config.missed))
    if chosen.chat_model is not None:
        injector.add(chosen.chat_model, ChatModel)
    if chosen.open_message_interpreter is not None:
        injector.add(chosen.open_message_interpreter(), MessageInterpreter)
    if chosen.open_translator is not None:
        injector.add(chosen.open_translator(), AnswerTranslator)
    if chosen.open_audit_reader is not None:
        injector.add(chosen.open_audit_reader(), AuditReader)
    users = (injector.get(CacheWarmer), chosen.chat_model)
    return make_agent(
        injector,
        settings,
        chosen,
        injector.get(Identity),
        signs=(injector.get(ScheduledBackups).format_vital_sign,),
        shutdown_hooks=(
            partial(cancel_requests, gateway, injector.get(KillSwitchGuard)),
            *(each.cancel_turns for each in users if each is not None),
        ),
        targets=targets,
    )


def _list_loops(*parts: Periodic | None) -> tuple[RepeatedTurn, ...]:
    """Return what has to run of the parts that are there."""
    return tuple(each.run_forever for each in parts if each is not None)


def _build_rehearsal(code: RunningCode, check: StartCheck) -> Rehearse:
    """Return the function that rehearses a commit before this process hands over to it."""
    began = code.commit  # read now, because the checkout moves on while this code runs

    async def rehearse(commit: str) -> str:
        played = await check(commit, began)
        if played.status == "skipped":
            _log.warning("the new code was %s", played.summary)
        return f"it was played, and does not work: {played.summary}" * (played.status == "failed")

    return rehearse


def _restart_notices(
    code: RunningCode,
    recorder: Recorder,
    store: Store,
    base_updates: BaseUpdates,
    chat: DiscordChat,
    monitoring: Monitoring,
    beginning: Beginning,
    supervision: Supervision,
) -> RestartNotices:
    async def leave_refused() -> None:
        base_updates.leave_refused()
        await code.leave_refused()

    return RestartNotices(
        store, chat, recorder, monitoring.dev_channel_id, beginning.news,
        supervision.refused, monitoring.open_rollback_incident, leave_refused,
    )  # fmt: skip


def _build_client(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    traffic: TrafficServices,
    recorder: Recorder,
    flags: FlagRepository,
    who: Identity,
    services: Injector,
    observers: Observers,
    leadership: Leadership,
) -> TheseusClient:
    client = TheseusClient(
        root=settings.root,
        state=settings.state,
        clock=clock,
        recorder=recorder,
        identity=who,
        traffic=traffic.recorder,
        flags=lambda name: observers.find_flag(name) or flags.find(name),
        guild_ready_timeout=observers.ready_seconds,
        extensions=settings.config.cogs,
        prompts=Prompts(settings.root / "prompts", code.get_prompts),
        services=services,
    )
    fence = leadership.fence
    if fence is not None:
        client.set_fence(fence)
    observers.on_client(client)
    return client


def _format_url(url: object | None) -> str | None:
    return None if url is None else str(url)
