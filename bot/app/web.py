"""The bot's own HTTP server, where one is wanted."""

import math
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.discord_chat import DISCORD_API, DiscordLogin
from bot.adapters.forges.registry import WEBHOOKS
from bot.app.running_bot import Closing
from bot.app.target_journals import TargetJournals
from bot.app.targets import OpenedTargets
from bot.authority.authorizer import Authorizer
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.live_items import LiveItemService
from bot.authority.policy import Act
from bot.budget.enforcement import BudgetEnforcer
from bot.client import TheseusClient, is_connected
from bot.domain.target import OWN_TARGET
from bot.hot_reload.running_code import RunningCode
from bot.infra.injector import Injector
from bot.intake import IssueIntake
from bot.monitoring import Monitoring, ScheduledBackups, StorageWatch
from bot.monitoring.alert_dispatcher import AlertDispatcher
from bot.ports.journal import Journal
from bot.ports.member_directory import MemberDirectory
from bot.ports.outbox import OutboxStore
from bot.ports.verifier import Verifier
from bot.ports.workspace import Checkout
from bot.self_improvement import RunSettings, SelfImprovementAgent
from bot.self_improvement.check_reruns import CheckRerunService, RerunPlace
from bot.self_improvement.reporting.run_transcripts import RunTranscripts
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.runs.base_updates import BaseUpdates
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.settings import Settings, read_observe_tokens
from bot.web import (
    BotFacts,
    ChatConnection,
    PersonLogins,
    ProposalReview,
    TargetSources,
    WebRules,
    WebServer,
    WebServices,
)

_log = structlog.stdlib.get_logger(__name__)


def build_web_rules(settings: Settings) -> WebRules | None:
    """Return where HTTP is served and to whom, not checked yet; `None`: not at all."""
    environment, config = settings.environment, settings.config.http
    port = environment.theseus_http_port
    port = config.port if port is None else port
    if port is None:
        return None
    token, secret = environment.theseus_http_token, environment.theseus_webhook_secret
    discord = environment.theseus_discord_client_secret
    return WebRules(
        port=port,
        host=config.host,
        trust=config.trust,
        token=token.get_secret_value() if token else None,
        secret=secret.get_secret_value() if secret else None,
        discord_secret=discord.get_secret_value() if discord else None,
        url=config.url,
        target_tokens=read_observe_tokens(settings),
        drain_seconds=config.drain_seconds,
    )


def describe_dashboard(settings: Settings, server: WebServer | None) -> str:
    """Return where the dashboard is and how to get in, in a sentence for the log."""
    if server is None:
        return (
            "There is no dashboard: set THESEUS_HTTP_PORT in .env, or http.port, to have one "
            "(docs/http.md)."
        )
    address = settings.config.http.url or server.url
    if settings.environment.theseus_discord_client_secret is not None:
        return f"The dashboard is at {address}/ (log in with Discord)."
    if settings.environment.theseus_http_token is not None:
        return f"The dashboard is at {address}/ (log in with THESEUS_HTTP_TOKEN)."
    return f"The dashboard is at {address}/, for the user that runs me, on this machine."


async def serve(
    settings: Settings,
    server: WebServer | None,
    stack: AsyncExitStack,
    logins: Mapping[str, Any] | None,
) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    """Start the web server until the stack ends, log its address, and return the tasks to run.

    `logins` are the dashboard sessions of the previous process.
    """
    if server is not None:
        if logins is not None:
            server.take_sessions(logins)
        await stack.enter_async_context(server)
    _log.info(describe_dashboard(settings, server))
    return () if server is None else server.loops


def build_web_server(injector: Injector, settings: Settings) -> WebServer | None:
    """Return the server, not listening yet. Raises `ConfigError` for rules that are unsafe."""
    rules = build_web_rules(settings)
    if rules is None:
        return None
    get, alerts, issues = injector.get, injector.find(AlertDispatcher), injector.find(IssueIntake)
    budget = get(BudgetEnforcer)
    services = injector.call(
        WebServices,
        agent=get(SelfImprovementAgent),
        base_updates=get(BaseUpdates),
        facts=injector.call(_collect_facts),
        transcripts=get(RunTranscripts),
        incidents=get(Monitoring),
        emergency=get(EmergencyStop),
        ledger=budget.ledger,
        outbox=get(OutboxStore),
        alerts=alerts.sent if alerts else None,
        budget=lambda: budget.rules,
        live_items=get(LiveItemService),
        feature_requests=get(FeatureRequestService).list_requests,
        backups=get(ScheduledBackups).get_status,
        look_at_issues=issues.request_poll if issues else None,
        webhooks=WEBHOOKS,
        receivers=get(TargetJournals).by_name,
        sources=injector.call(_collect_sources),
        logins=injector.call(_build_logins, secret=rules.discord_secret),
        proposals=injector.call(ProposalReview),
        reruns=injector.call(CheckRerunService, places=injector.call(_collect_places)),
    )
    return WebServer(rules, services)


def _build_logins(
    settings: Settings,
    client: TheseusClient,
    members: MemberDirectory,
    authorizer: Authorizer,
    secret: str | None,
) -> PersonLogins | None:
    """Return what logins through Discord use; `None` without the application's client secret."""
    if secret is None:
        return None
    api = settings.environment.theseus_discord_api_url
    return PersonLogins(
        provider=DiscordLogin(
            secret, lambda: client.application_id, str(api or DISCORD_API).rstrip("/")
        ),
        members=members,
        check_reader=lambda person: authorizer.ask(person, Act.READ),
    )


def _collect_sources(
    journal: Journal, checkout: Checkout, journals: TargetJournals, opened: OpenedTargets
) -> dict[str, TargetSources]:
    """Return where the records and the code of each bot are; ours under our own name."""
    return {
        OWN_TARGET: TargetSources(journal, checkout),
        **{
            name: TargetSources(
                each, opened.injectors[name].get(Checkout) if name in opened.injectors else None
            )
            for name, each in journals.by_name.items()
        },
    }


def _collect_places(
    verifier: Verifier, workspaces: RunWorkspaces, opened: OpenedTargets
) -> dict[str, RerunPlace]:
    """Return where the checks of each bot run."""
    return {OWN_TARGET: RerunPlace(workspaces, verifier)} | {
        name: RerunPlace(each.get(RunWorkspaces), each.get(Verifier))
        for name, each in opened.injectors.items()
    }


def _collect_facts(
    settings: Settings,
    runs: RunSettings,
    code: RunningCode,
    sandbox: Sandbox,
    client: TheseusClient,
    closing: Closing,
    storage: StorageWatch,
) -> BotFacts:
    return BotFacts(
        commit=lambda: code.commit,
        connection=lambda: _get_connection(client),
        engine=runs.engine,
        sandbox=sandbox.description,
        followed=settings.config.forge.branch,
        commands=lambda: client.commands_trouble,
        closing=lambda: closing.why,
        storage=lambda: tuple(each.reason for each in storage.faults),
    )


def _get_connection(client: TheseusClient) -> ChatConnection:
    """Return how the client is connected; before the first heartbeat there is no latency."""
    latency = client.latency if math.isfinite(client.latency) else None
    return ChatConnection(ready=is_connected(client), latency=latency)
