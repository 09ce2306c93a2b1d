"""What alerts people elsewhere than in the chat, as far as it is configured."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import structlog
from pydantic import ValidationError

from bot.adapters.email_alerts import EmailAlertChannel, MailServer
from bot.adapters.webhook_alerts import WebhookAlertChannel
from bot.client import TheseusClient, is_connected
from bot.domain.alert import Alert
from bot.domain.errors import PortError
from bot.domain.incident import Severity
from bot.domain.restart import RestartReport
from bot.domain.storage import StorageFault
from bot.monitoring import Monitoring
from bot.monitoring.alert_dispatcher import AlertDispatcher
from bot.monitoring.alert_sources import AlertSources, IncidentSource
from bot.monitoring.chat_reach import ChatReach
from bot.ports.alert_channel import AlertChannel
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.outbox import OutboxStore
from bot.settings import Settings

_LAST_SECONDS = 30.0
_log = structlog.stdlib.get_logger(__name__)


def build_alert_channels(settings: Settings, clock: Clock) -> tuple[AlertChannel, ...]:
    """Return the ways out that are configured. Raises `ConfigError` for one that cannot be."""
    environment, config = settings.environment, settings.config.alerts
    found: list[AlertChannel] = []
    if environment.theseus_alert_webhook_url is not None:
        found.append(
            WebhookAlertChannel(
                environment.theseus_alert_webhook_url,
                clock,
                form=config.webhook.format,
                secret=environment.theseus_alert_webhook_secret,
            )
        )
    if config.email is not None:
        server = MailServer(
            config.email.host,
            config.email.port,
            config.email.security,
            config.email.user,
            environment.theseus_alert_smtp_password,
        )
        found.append(EmailAlertChannel(server, config.email.sender, config.email.to))
    return tuple(found)


def build_alert_dispatcher(
    settings: Settings,
    clock: Clock,
    outbox: OutboxStore,
    key_values: KeyValueStore,
    client: TheseusClient,
    monitoring: Monitoring,
    news: Mapping[str, Any],
) -> AlertDispatcher | None:
    """Return the alert dispatcher, not running yet, or `None` if no alert channel is set.

    `news` is what the supervisor told this process at the start.
    """
    channels, rules = build_alert_channels(settings, clock), settings.config.alerts
    if not channels:
        return None
    source = IncidentSource(
        monitoring.list_incidents, monitoring.is_announced, settings.config.http.url
    )
    reach = ChatReach(
        lambda: is_connected(client),
        outbox,
        key_values,
        clock,
        timedelta(seconds=rules.down_seconds),
    )
    first = build_rollback_alert(news, clock.now())
    return AlertDispatcher(
        channels,
        AlertSources(source, rules),
        reach,
        key_values,
        clock,
        first=() if first is None else (first,),
    )


def build_rollback_alert(news: Mapping[str, Any], now: datetime) -> Alert | None:
    """Return an alert about rolled-back code, or `None` if `news` reports no rollback."""
    try:
        report = RestartReport.model_validate(news["rolled_back"])
    except (KeyError, ValidationError):
        return None
    left = f" The checkout was not put back: {report.not_back}." if report.not_back else ""
    ends = "cannot go back" if report.not_back else "took it back"
    runs = f" Running now: {report.previous[:10] or 'what ran before'}." * (not report.not_back)
    return Alert(
        id=f"rollback:{report.commit[:12]}:{report.at}"[:200],
        title=f"I restarted onto {report.commit[:10]}, and {ends}",
        text=f"{report.why}.{runs}{left}"[:4_000],
        since=now,
        at=now,
    )


def build_storage_alert(fault: StorageFault, now: datetime) -> Alert:
    """Return an alert about a state file that cannot be used."""
    return Alert(
        id=f"storage:{fault.kind}:{fault.file.name}:{now.isoformat(timespec='seconds')}"[:200],
        title=f"My state fails: {fault.reason}"[:200],
        text=fault.text[:4_000],
        since=now,
        at=now,
    )


def build_work_alert(reason: str, now: datetime) -> Alert:
    """Return an alert about workers that cannot be reached."""
    return Alert(
        id=f"work:{now.isoformat(timespec='seconds')}",
        severity=Severity.LOW,
        title="My workers cannot be reached, so I do their work myself",
        text=reason[:4_000],
        since=now,
        at=now,
    )


LeavesWith = Callable[
    [type[BaseException] | None, BaseException | None, TracebackType | None], Awaitable[None]
]


def look_once_more(alerts: AlertDispatcher | None) -> LeavesWith:
    """Return an exit callback that sends the pending alerts if the program ends with an error.

    A bot that cannot connect at the start ends at once, after each restart again. The dispatcher
    would never get to run, so no one would be alerted.
    """

    async def leave(
        _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if alerts is None or error is None:
            return
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                await alerts.turn(ending=True)
        except (PortError, TimeoutError) as failure:
            _log.warning("people could not be alerted at the end: %s", failure)

    return leave
