"""What notices by itself and looks back on itself, made from open ports and the configuration."""

from collections.abc import Sequence
from functools import partial

from bot.adapters.discord_chat import DiscordChat
from bot.adapters.sandboxed_verifier import SandboxedCoverage
from bot.adapters.state_backups import StateBackups
from bot.app.alerts import build_storage_alert
from bot.app.backups import get_backup_folder
from bot.app.resources import Resources
from bot.app.supervision import Supervision
from bot.client import Identity, TheseusClient, list_abilities
from bot.domain.posts import Post
from bot.domain.storage import StorageFault
from bot.infra.sqlite import Database
from bot.monitoring import (
    AuditSources,
    CoverageSource,
    Monitoring,
    MonitoringRules,
    MonitoringServices,
    ScheduledBackups,
    SelfAudit,
    StorageWatch,
)
from bot.monitoring.alert_dispatcher import AlertDispatcher
from bot.self_improvement import SelfImprovementAgent
from bot.settings import Settings


def build_monitoring(
    settings: Settings,
    opened: Resources,
    chat: DiscordChat,
    agent: SelfImprovementAgent,
    who: Identity,
    supervision: Supervision,
) -> Monitoring:
    """Return what notices by itself, not running yet."""
    config = settings.config
    services = MonitoringServices(
        journal=opened.journal,
        key_values=opened.key_values,
        chat=chat,
        clock=opened.clock,
        charts=opened.charts,
        running=lambda: (
            "" if opened.code.awaiting_restart or supervision.on_probation else opened.code.commit
        ),
    )
    rules = MonitoringRules(
        thresholds=config.detection,
        incidents=config.incidents,
        autonomy=config.autonomy,
        dev_channel_id=who.dev_channel_id,
        guild_id=who.guild_id,
    )
    return Monitoring(services, agent, rules)


def build_self_audit(
    settings: Settings,
    opened: Resources,
    chat: DiscordChat,
    agent: SelfImprovementAgent,
    client: TheseusClient,
) -> SelfAudit:
    """Return what looks back, daily or as configured; not running yet."""
    services = AuditSources(
        journal=opened.journal,
        store=opened.store,
        key_values=opened.key_values,
        memory=opened.memory,
        chat=chat,
        charts=opened.charts,
        clock=opened.clock,
        recorder=opened.recorder,
        ledger=opened.budget.ledger,
        skills=opened.skills,
        coverage=CoverageSource(
            SandboxedCoverage(opened.sandbox, opened.trees, load=opened.load),
            lambda: opened.code.commit,
        ),
    )
    return SelfAudit(
        services,
        agent,
        settings.config.self_audit,
        settings.config.autonomy,
        root=settings.root,
        dev_channel_id=client.identity.dev_channel_id,
        abilities=partial(list_abilities, client),
    )


def build_storage_watch(
    opened: Resources,
    more: Sequence[Database],
    chat: DiscordChat,
    who: Identity,
    alerts: AlertDispatcher | None,
) -> StorageWatch:
    """Return what says that a state file cannot be used, not running yet.

    `more` are files that are open elsewhere.
    """

    async def send(text: str) -> None:
        await chat.send_directly(who.dev_channel_id, Post(text=text))

    async def raise_alert(fault: StorageFault) -> None:
        if alerts is not None:
            await alerts.send_alert(build_storage_alert(fault, opened.clock.now()))

    files = (*opened.state_files, *more)
    return StorageWatch(files, send, opened.clock, raise_alert=raise_alert)


def build_scheduled_backups(
    settings: Settings, opened: Resources, chat: DiscordChat, who: Identity
) -> ScheduledBackups:
    """Return what backs the state up by itself, not running yet."""
    store = StateBackups(
        settings.state, get_backup_folder(settings), opened.clock, commit=lambda: opened.code.commit
    )
    return ScheduledBackups(
        store,
        settings.config.backup,
        opened.key_values,
        chat,
        opened.clock,
        opened.recorder,
        dev_channel_id=who.dev_channel_id,
    )
