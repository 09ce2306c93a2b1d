"""What notices by itself and looks back on itself, made from open ports and the configuration."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.shared_lock import SharedLock

from bot.adapters.discord_chat import DiscordChat
from bot.adapters.git_trees import GitTrees
from bot.adapters.sandboxed_verifier import SandboxedCoverage
from bot.adapters.state_backups import StateBackups
from bot.app.alerts import build_storage_alert, build_work_alert
from bot.app.backups import get_backup_folder, list_elsewhere
from bot.app.resources import StateFiles
from bot.app.supervision import Supervision
from bot.app.target_journals import TargetJournals
from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.quiet_state import QuietState
from bot.budget.enforcement import BudgetEnforcer
from bot.client import Identity, TheseusClient, list_abilities
from bot.domain.posts import Post
from bot.domain.storage import StorageFault
from bot.hot_reload.running_code import RunningCode
from bot.infra.git import Git
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
from bot.monitoring.self_audit_ideas import AuditIdeaCollector
from bot.monitoring.work_watch import WorkServer, WorkWatch
from bot.notices.preferences import NoticePreferences
from bot.ports.audit_reader import AuditReader
from bot.ports.charts import Charts
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.memory import MemoryStore
from bot.ports.store import Store
from bot.ports.trees import CommitTrees
from bot.self_improvement import SelfImprovementAgent, ShippedFixes
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.settings import Settings
from bot.skills import SkillLibrary
from bot.telemetry import Recorder


def build_monitoring(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    journal: Journal,
    key_values: KeyValueStore,
    charts: Charts,
    chat: DiscordChat,
    agent: SelfImprovementAgent,
    fixes: ShippedFixes,
    who: Identity,
    supervision: Supervision,
    targets: TargetJournals,
    store: Store,
    quiet: QuietState,
    preferences: NoticePreferences,
) -> Monitoring:
    """Return what notices by itself, of this bot and of the targets; not running yet."""
    config = settings.config
    services = MonitoringServices(
        journal=journal,
        key_values=key_values,
        chat=chat,
        clock=clock,
        charts=charts,
        store=store,
        running=lambda: "" if code.awaiting_restart or supervision.on_probation else code.commit,
        quiet=quiet,
        preferences=preferences,
    )
    rules = MonitoringRules(
        thresholds=config.detection,
        incidents=config.incidents,
        autonomy=config.autonomy,
        dev_channel_id=who.dev_channel_id,
        guild_id=who.guild_id,
        conduct=config.conduct,
    )
    others = [
        Monitoring(
            replace(services, journal=targets.by_name[each.name], running=str),
            agent,
            ShippedFixes(store, target=each.name),
            replace(
                rules, target=each.name, dev_channel_id=each.channel_id or rules.dev_channel_id
            ),
        )
        for each in config.targets
    ]
    return Monitoring(services, agent, fixes, rules, others)


def build_self_audit(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    journal: Journal,
    recorder: Recorder,
    store: Store,
    key_values: KeyValueStore,
    memory: MemoryStore,
    budget: BudgetEnforcer,
    sandbox: Sandbox,
    trees: CommitTrees,
    load: SharedLock,
    charts: Charts,
    skills: SkillLibrary,
    chat: DiscordChat,
    agent: SelfImprovementAgent,
    changes: ChangeRequests,
    client: TheseusClient,
    reader: AuditReader | None,
    requests: FeatureRequestService,
    quiet: QuietState,
) -> SelfAudit:
    """Return what looks back, daily or as configured; not running yet."""
    services = AuditSources(
        journal=journal,
        store=store,
        key_values=key_values,
        memory=memory,
        chat=chat,
        charts=charts,
        clock=clock,
        recorder=recorder,
        ledger=budget.ledger,
        skills=skills,
        coverage=CoverageSource(
            SandboxedCoverage(sandbox, GitTrees(Git(settings.root)), load=load),
            lambda: code.commit,
        ),
        ideas=None
        if reader is None
        else AuditIdeaCollector(
            reader, trees, requests, rules=lambda: budget.rules, live_commit=lambda: code.commit
        ),
        quiet=quiet,
    )
    return SelfAudit(
        services,
        agent,
        settings.config.self_audit,
        settings.config.autonomy,
        root=settings.root,
        dev_channel_id=client.identity.dev_channel_id,
        abilities=partial(list_abilities, client),
        can_change=changes.able,
    )


def build_storage_watch(
    clock: Clock,
    state_files: StateFiles,
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
            await alerts.send_alert(build_storage_alert(fault, clock.now()))

    files = (*state_files.databases, *more)
    return StorageWatch(files, send, clock, raise_alert=raise_alert)


def build_work_watch(
    clock: Clock,
    announcer: DevChannelAnnouncer,
    alerts: AlertDispatcher | None,
    server: WorkServer | None,
) -> WorkWatch | None:
    """Return what says that workers cannot be reached, not running yet; `None` without workers."""

    async def raise_alert(reason: str) -> None:
        if alerts is not None:
            await alerts.send_alert(build_work_alert(reason, clock.now()))

    return None if server is None else WorkWatch(server, announcer, clock, raise_alert)


def build_scheduled_backups(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    recorder: Recorder,
    key_values: KeyValueStore,
    announcer: DevChannelAnnouncer,
) -> ScheduledBackups:
    """Return what backs the state up by itself, not running yet."""
    store = StateBackups(
        settings.state,
        get_backup_folder(settings),
        clock,
        commit=lambda: code.commit,
        elsewhere=list_elsewhere(settings),
    )
    return ScheduledBackups(
        store,
        settings.config.backup,
        key_values,
        announcer,
        clock,
        recorder,
    )
