"""Everything outside the process that the bot works with, opened in order, closed in reverse."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import NamedTuple

from theseus_guard.completion import run_in_thread
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal
from theseus_repair.shared_lock import SharedLock

from bot.adapters.fenced_forge import FencedForge
from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.file_snapshots import FileSnapshots
from bot.adapters.forges.registry import get_forge_type
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_trees import SharedTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.matplotlib_charts import MatplotlibCharts
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.rehearsal import BotRehearsal
from bot.adapters.sandboxed_verifier import QueuedChecks, SandboxedVerifier
from bot.adapters.sqlite_ledger import SqlLedger
from bot.adapters.sqlite_memory import SqlMemory
from bot.adapters.sqlite_store import SqlOutbox, SqlStore
from bot.adapters.sqlite_traffic import SqlTraffic
from bot.adapters.system_clock import SystemClock
from bot.app.cache_warmer import CacheWarmer
from bot.app.configured_sandbox import open_configured_sandbox
from bot.app.meaning_rater import add_meaning_rater
from bot.app.state_stores import StateStores
from bot.app.target_commands import build_target_commands
from bot.app.target_journals import open_target_journals
from bot.app.work import open_work
from bot.authority.flags import FlagRepository
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.journal import Action
from bot.domain.traffic import TrafficBounds
from bot.hot_reload.running_code import RunningCode
from bot.infra.database import SqlDatabase
from bot.infra.git import Git
from bot.infra.injector import Injector
from bot.ports.charts import Charts
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.leadership import Leadership
from bot.ports.ledger import Ledger
from bot.ports.memory import MemoryStore
from bot.ports.outbox import OutboxStore
from bot.ports.record_search import RecordSearch
from bot.ports.recorder import ActionRecorder
from bot.ports.restarter import Restarter
from bot.ports.spend_guard import SpendGuard
from bot.ports.store import Store
from bot.ports.traffic import TrafficLog
from bot.ports.trees import CommitTrees
from bot.ports.verifier import Verifier
from bot.ports.work_queue import WorkQueue
from bot.ports.workspace import Checkout, Workspaces
from bot.self_improvement.checks.behaviour_check import RecentTraffic
from bot.self_improvement.checks.start_check import CommitCheck, StartCheck
from bot.settings import Settings
from bot.skills import SkillLibrary
from bot.telemetry import (
    JournalledForge,
    JournalledVerifier,
    Recorder,
    TrafficRecorder,
    load_secret,
)

_SPARE_WORKTREES = 2


class TrafficServices(NamedTuple):
    """What was asked of cogs, the files they had when they failed, and who keeps both now."""

    log: SqlTraffic
    snapshots: FileSnapshots
    recorder: TrafficRecorder | None

    async def catch_up(self) -> None:
        """Write all traffic until now to the log; see `TrafficRecorder.catch_up`."""
        if self.recorder is not None:
            await self.recorder.catch_up()


class StateFiles(NamedTuple):
    """Every database of the state that is open."""

    databases: tuple[SqlDatabase, ...]


async def open_services(
    settings: Settings,
    stack: AsyncExitStack,
    restarter: Restarter,
    leadership: Leadership,
    commit: str = "",
    on_record: Callable[[Action], None] | None = None,
    clock: Clock | None = None,
) -> Injector:
    """Open everything for the core code of `commit`. Raises `ConfigError` with what to set.

    The returned injector provides each port under its protocol. The stack closes them. `on_record`
    receives each record that the journal has written.
    """
    injector, clock = Injector(), clock or SystemClock()
    injector.add(settings)
    injector.add(clock, Clock)
    injector.add(restarter, Restarter)
    injector.add(leadership, Leadership)
    forge = await stack.enter_async_context(await get_forge_type(settings).open(settings, clock))
    followed = settings.config.forge
    checkout = GitCheckout(
        settings.root, remote=followed.remote, branch=followed.branch, access=forge.get_access
    )
    injector.add(checkout, Checkout)
    code = RunningCode(checkout, commit or await checkout.get_head())
    injector.add(code)
    await _open_state(injector, settings, stack, on_record)
    fence = leadership.fence
    fenced = forge if fence is None else FencedForge(forge, fence)
    injector.add(JournalledForge(fenced, injector.get(Recorder)), Forge)
    injector.add(
        GitWorkspaces(settings.root, settings.state / "worktrees", remote=followed.remote,
                      access=forge.get_access, shared=settings.environment.theseus_shared,
                      spares=_SPARE_WORKTREES),
        Workspaces,
    )  # fmt: skip
    injector.add(MatplotlibCharts(settings.state / "cache" / "charts"), Charts)
    injector.build(SkillLibrary, source=code.get_skills)
    await _open_sandbox(injector, settings, stack)
    await open_work(injector, settings, stack, code.commit)
    _build_verifier(injector, settings)
    await add_meaning_rater(injector, settings, stack)
    return injector


async def _open_state(
    injector: Injector,
    settings: Settings,
    stack: AsyncExitStack,
    on_record: Callable[[Action], None] | None,
) -> None:
    """Open the files of the state, and what only reads and writes them."""
    state, code, config = settings.state, injector.get(RunningCode), settings.config
    fence = injector.get(Leadership).write_fence
    stores = StateStores.find(settings.state, settings.environment, fence)
    await run_in_thread(stores.require_copied)
    await run_in_thread(stores.share_journal)
    injector.add(stores)
    journal = stores.build_journal(on_record)
    await stack.enter_async_context(journal)
    injector.add(journal, Journal, NdjsonJournal)
    injector.add(await open_target_journals(settings, injector.get(Clock), stack))
    injector.build(build_target_commands)
    secret = load_secret((settings.environment.theseus_shared or state) / "pseudonyms.key")
    injector.build(
        Recorder,
        ActionRecorder,
        root=settings.root,
        secret=secret,
        commit=lambda: code.commit,
        redact=redact,
    )
    traffic = await _open_traffic(settings, injector.get(Clock), secret, code, stores, stack)
    injector.add(traffic)
    injector.add(traffic.log, TrafficLog, RecentTraffic)
    store = await stack.enter_async_context(stores.build_store())
    search = await stack.enter_async_context(stores.build_search())
    outbox = await stack.enter_async_context(stores.build_outbox())
    key_values = await stack.enter_async_context(stores.build_key_values())
    memory = await stack.enter_async_context(stores.build_memory())
    ledger = await stack.enter_async_context(stores.build_ledger())
    injector.add(store, Store, SqlStore)
    injector.add(search, RecordSearch)
    injector.add(outbox, OutboxStore, SqlOutbox)
    injector.add(key_values, KeyValueStore)
    injector.add(memory, MemoryStore, SqlMemory)
    injector.add(ledger, Ledger, SqlLedger)
    owners = (store, search, outbox, key_values, memory, ledger, traffic.log)
    injector.add(StateFiles(tuple[SqlDatabase, ...](each.database for each in owners)))
    injector.add(await _load_flags(key_values))
    shared = settings.environment.theseus_shared or state
    stop_guard = KillSwitchGuard(FileKillSwitch(shared / "STOP"))
    injector.add(stop_guard)
    injector.build(
        BudgetEnforcer,
        SpendGuard,
        rules=config.budget,
        keep=timedelta(days=config.gateway.keep_days),
        stopped=stop_guard.get_stop,
    )


async def _open_sandbox(injector: Injector, settings: Settings, stack: AsyncExitStack) -> None:
    """Find the sandbox, and build what runs code in it."""
    sandbox = await open_configured_sandbox(settings)
    injector.add(sandbox, Sandbox)
    injector.add(SharedLock())
    rehearsal = BotRehearsal(SandboxedRehearsal(sandbox))
    commits = SharedTrees(Git(settings.root), rehearsal)
    injector.add(await stack.enter_async_context(commits), CommitTrees, Rehearsal)
    injector.build(StartCheck, CommitCheck)


def _build_verifier(injector: Injector, settings: Settings) -> None:
    """Build what runs checks, on workers if there are any."""
    has_workers = settings.config.work.queue == "temporal"
    verifier = SandboxedVerifier(
        injector.get(Sandbox),
        settings.state / "cache",
        load=injector.get(SharedLock),
        runner=QueuedChecks(injector.get(WorkQueue)) if has_workers else None,
    )
    injector.add(JournalledVerifier(verifier, injector.get(Recorder)), Verifier)
    injector.build(CacheWarmer, warm=verifier.warm_caches)


async def _load_flags(key_values: KeyValueStore) -> FlagRepository:
    flags = FlagRepository(key_values)
    await flags.load()
    return flags


async def _open_traffic(
    settings: Settings,
    clock: Clock,
    secret: bytes,
    code: RunningCode,
    stores: StateStores,
    stack: AsyncExitStack,
) -> TrafficServices:
    config, folder = settings.config.traffic, settings.state / "traffic"
    bounds = TrafficBounds(successes=config.successes, failures=config.failures)
    log = await stack.enter_async_context(stores.build_traffic(bounds))
    largest = config.snapshot_mb * 1024 * 1024
    snapshots = FileSnapshots(folder / "snapshots", settings.state, clock, largest=largest)
    recorder = TrafficRecorder(log, snapshots, clock, secret, lambda: code.commit)
    return TrafficServices(log, snapshots, recorder if config.record else None)
