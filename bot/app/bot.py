"""Assembles the bot from its parts, and runs it until it is asked to stop."""

import os
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from theseus_observe.redaction import redact

from bot.adapters.discord_chat import DiscordChat, DiscordMemberDirectory
from bot.adapters.model_gateway import HttpModelGateway
from bot.app.agent import make_agent
from bot.app.alerts import build_alert_dispatcher, look_once_more
from bot.app.cache_warmer import CacheWarmer
from bot.app.engines import EngineResources, MakeEngines, build_engines
from bot.app.intake import build_intake, build_issue_intake
from bot.app.live_registry import open_hot_reload
from bot.app.live_settings import SettingsFollowers, build_live_settings
from bot.app.model_gateway import build_model_gateway, cancel_requests
from bot.app.monitors import (
    build_monitoring,
    build_scheduled_backups,
    build_self_audit,
    build_storage_watch,
)
from bot.app.personal_data import PersonalDataStores, RetentionPeriods, build_personal_data
from bot.app.repository_check import RepositoryCheck
from bot.app.resources import Resources, open_services
from bot.app.retention import make_retention
from bot.app.running_bot import BotParts, Closing, RepeatedTurn, RunningBot
from bot.app.state_lock import hold_when_free
from bot.app.supervision import Beginning, Rehearse, Supervision, open_supervision
from bot.app.web import build_web_server, serve
from bot.authority.personal_data import PersonalDataService
from bot.client import Identity, TheseusClient, import_cogs, point_discord_at
from bot.domain.errors import ConfigError
from bot.domain.flag import Flag
from bot.domain.journal import Action
from bot.infra.signals import listen_for_stop
from bot.infra.supervisor_channel import ControlEnd
from bot.monitoring import Monitoring
from bot.ports.chat_model import ChatModel
from bot.ports.model_gateway import ModelGateway
from bot.prompts import Prompts
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.restart_notices import RestartNotices
from bot.self_improvement.start_check import StartCheck
from bot.settings import Settings, get_required_token, guard_secrets, provide_cog_variables

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
) -> None:
    """Run the bot until SIGTERM or SIGINT.

    With a supervisor, no file of the state is opened before its first order: the previous process
    may still use the state. Raises `ConfigError` before connecting if a setting is missing.

    Args:
        settings: The settings.
        make_engines: Returns the engines that write changes.
        end: The channel to the supervisor, if there is one.
        observers: Who is informed of records and of the client.
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
        beginning = await supervision.begin(settings.root, import_cogs)
        if beginning is None:
            return
        drain = settings.config.restart.drain_seconds
        lock = await hold_when_free(settings.state, stack, drain, supervision)
        if lock is None:
            return
        opened = await open_services(
            settings, stack, supervision.restarter, beginning.commit, observers.on_record
        )
        client = _build_client(settings, opened, observers)
        parts = await _build(settings, stack, make_engines, supervision, beginning, opened, client)
        listen_for_stop(parts.agent.emergency.on_signal)
        await RunningBot(parts, lock, supervision, beginning, drain=drain).run(token)


def _cancel_at_shutdown(
    agent: SelfImprovementAgent, gateway: HttpModelGateway, *users: CacheWarmer | ChatModel | None
) -> None:
    """Have the emergency stop cancel the requests to models, and the turns of what uses one."""
    agent.emergency.shutdown_hooks.append(partial(cancel_requests, gateway, agent.emergency))
    agent.emergency.shutdown_hooks.extend(each.cancel_turns for each in users if each is not None)


async def _build(
    settings: Settings,
    stack: AsyncExitStack,
    make_engines: MakeEngines,
    supervision: Supervision,
    beginning: Beginning,
    opened: Resources,
    client: TheseusClient,
) -> BotParts:
    """Return the client, not connected yet, and the parts that run alongside it."""
    who = build_identity(settings)
    chat = DiscordChat(client, opened.outbox, opened.clock, redact)
    live = await open_hot_reload(settings, opened, client, chat, stack)
    new_gateway = build_model_gateway(settings, opened.budget, opened.clock)
    gateway = await stack.enter_async_context(new_gateway)
    chosen = make_engines(_build_engine_resources(settings, opened, gateway))
    members = DiscordMemberDirectory(client, who.guild_id, opened.clock)
    backups = build_scheduled_backups(settings, opened, chat, who)
    agent = make_agent(settings, opened, chosen, chat, members, who, (backups.format_vital_sign,))
    warming, talks = CacheWarmer(opened), chosen.chat_model
    _cancel_at_shutdown(agent, gateway, warming, talks)
    monitoring = build_monitoring(settings, opened, chat, agent, who, supervision)
    alerts = build_alert_dispatcher(settings, opened, client, monitoring, beginning.news)
    stack.push_async_exit(look_once_more(alerts))
    audit = build_self_audit(settings, opened, chat, agent, client)
    storage = build_storage_watch(opened, (live.state_file,), chat, who, alerts)
    client.agent, client.monitoring, client.self_audit = agent, monitoring, audit
    client.chat, client.key_values, client.skills = chat, opened.key_values, opened.skills
    intake = client.intake = build_intake(settings, opened, client, agent, monitoring)
    issues = build_issue_intake(settings, opened, agent, intake, members, who)
    client.personal_data = _build_personal_data(settings, opened, agent, monitoring)
    client.chat_model, client.remembered = talks, settings.config.chat.remembered
    client.missed = settings.config.missed
    followers = SettingsFollowers(opened, client, agent, monitoring, audit, backups, alerts)
    live.follow(build_live_settings(settings.config, followers))
    closing = Closing()
    web = build_web_server(
        settings, opened, client, agent, monitoring, chosen.description, issues, alerts, closing,
        backups, storage,
    )  # fmt: skip
    serving = await serve(settings, web, stack, beginning.logins)
    return BotParts(
        client=client,
        chat=chat,
        agent=agent,
        clock=opened.clock,
        closing=closing,
        answering=_list_loops(chat, opened.traffic.recorder, talks),
        work=(
            *_list_loops(agent, monitoring, audit, backups, warming, live, alerts, issues),
            *_list_loops(client.personal_data, make_retention(settings, opened, chat), storage),
            *_list_loops(RepositoryCheck(opened.checkout, chat, who.dev_channel_id)),
            *_list_loops(_restart_notices(opened, agent, chat, monitoring, beginning, supervision)),
            partial(supervision.pass_on, _build_rehearsal(opened)),
            *serving,
        ),
        written=opened.traffic.catch_up,
        leave_ledger=opened.ledger.close,
        web=web,
    )


def _list_loops(*parts: Periodic | None) -> tuple[RepeatedTurn, ...]:
    """Return what has to run of the parts that are there."""
    return tuple(each.run_forever for each in parts if each is not None)


def _build_rehearsal(opened: Resources) -> Rehearse:
    """Return the function that rehearses a commit before this process hands over to it."""
    check = StartCheck(opened.rehearsal, opened.trees, opened.clock)
    began = opened.code.commit  # read now, because the checkout moves on while this code runs

    async def rehearse(commit: str) -> str:
        played = await check(commit, began)
        if played.status == "skipped":
            _log.warning("the new code was %s", played.summary)
        return f"it was played, and does not work: {played.summary}" * (played.status == "failed")

    return rehearse


def _restart_notices(
    opened: Resources,
    agent: SelfImprovementAgent,
    chat: DiscordChat,
    monitoring: Monitoring,
    beginning: Beginning,
    supervision: Supervision,
) -> RestartNotices:
    async def leave_refused() -> None:
        agent.base_updates.leave_refused()
        await opened.code.leave_refused()

    return RestartNotices(
        opened.store, chat, opened.recorder, monitoring.dev_channel_id, beginning.news,
        supervision.refused, monitoring.open_rollback_incident, leave_refused,
    )  # fmt: skip


def _build_engine_resources(
    settings: Settings, opened: Resources, gateway: ModelGateway
) -> EngineResources:
    return EngineResources(
        settings=settings,
        sandbox=opened.sandbox,
        verifier=opened.verifier,
        journal=opened.journal,
        store=opened.store,
        memory=opened.memory,
        clock=opened.clock,
        gateway=gateway,
        load=opened.load,
        skills=opened.skills,
        prompts=Prompts(settings.root / "prompts", opened.code.get_prompts),
    )


def _build_client(settings: Settings, opened: Resources, observers: Observers) -> TheseusClient:
    client = TheseusClient(
        root=settings.root,
        state=settings.state,
        clock=opened.clock,
        recorder=opened.recorder,
        identity=build_identity(settings),
        traffic=opened.traffic.recorder,
        flags=lambda name: observers.find_flag(name) or opened.flags.find(name),
        guild_ready_timeout=observers.ready_seconds,
        extensions=settings.config.cogs,
        prompts=Prompts(settings.root / "prompts", opened.code.get_prompts),
    )
    observers.on_client(client)
    return client


def _build_personal_data(
    settings: Settings, opened: Resources, agent: SelfImprovementAgent, monitoring: Monitoring
) -> PersonalDataService:
    kept_in = PersonalDataStores(
        journal=opened.journal,
        traffic=opened.traffic.log,
        snapshots=opened.traffic.snapshots,
        catch_up=opened.traffic.catch_up,
        store=opened.store,
        key_values=opened.key_values,
        clock=opened.clock,
        pseudonym=opened.recorder.get_pseudonym,
        audit_notes=opened.store.audit_notes,
        outbox=opened.outbox,
        purges=(
            opened.journal.purge,
            opened.traffic.log.purge,
            opened.memory.purge,
            opened.store.purge,
        ),
    )
    config = settings.config
    kept_for = RetentionPeriods(
        journal=config.journal.keep_days,
        runs=config.runs.keep_days,
        audit=config.audit.keep_days,
        lines=config.chat.remembered,
    )
    return build_personal_data(kept_for, kept_in, agent, monitoring)


def build_identity(settings: Settings) -> Identity:
    """Return where the bot lives. Raises `ConfigError` when the dev channel is not set."""
    config = settings.config
    if config.discord.dev_channel_id is None:
        raise ConfigError(
            f"{settings.config_file}: discord.dev_channel_id is not set. Turn on Developer Mode in "
            "Discord, right-click your dev channel, choose “Copy Channel ID” and put it there."
        )
    return Identity(
        config.discord.guild_id,
        config.discord.dev_channel_id,
        config.people,
        answers_unaddressed=config.discord.answers_unaddressed,
    )


def _format_url(url: object | None) -> str | None:
    return None if url is None else str(url)
