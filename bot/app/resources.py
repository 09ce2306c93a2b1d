"""Everything outside the process that the bot works with, opened in order, closed in reverse."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal
from theseus_repair.shared_lock import SharedLock

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.file_snapshots import FileSnapshots
from bot.adapters.forges.registry import get_forge_type
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_trees import GitTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.matplotlib_charts import MatplotlibCharts
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.rehearsal import BotRehearsal
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.sqlite_store import (
    SqliteKeyValueStore,
    SqliteOutbox,
    SqliteRecordSearch,
    SqliteStore,
)
from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.authority.flags import FlagRepository
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.journal import Action
from bot.domain.traffic import TrafficBounds
from bot.hot_reload.running_code import RunningCode
from bot.infra.git import Git
from bot.infra.sqlite import Database
from bot.ports.charts import Charts
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.restarter import Restarter
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.settings import Settings
from bot.skills import SkillLibrary
from bot.telemetry import (
    JournalledForge,
    JournalledVerifier,
    Recorder,
    TrafficRecorder,
    load_secret,
)


class TrafficServices(NamedTuple):
    """What was asked of cogs, the files they had when they failed, and who keeps both now."""

    log: SqliteTraffic
    snapshots: FileSnapshots
    recorder: TrafficRecorder | None

    async def catch_up(self) -> None:
        """Write all traffic until now to the log; see `TrafficRecorder.catch_up`."""
        if self.recorder is not None:
            await self.recorder.catch_up()


@dataclass(frozen=True)
class Resources:
    """The opened ports. The code that opened them closes them."""

    clock: Clock
    forge: Forge
    checkout: GitCheckout
    code: RunningCode
    restarter: Restarter
    journal: NdjsonJournal
    traffic: TrafficServices
    recorder: Recorder
    store: SqliteStore
    search: SqliteRecordSearch
    outbox: SqliteOutbox
    key_values: SqliteKeyValueStore
    flags: FlagRepository
    memory: SqliteMemory
    budget: BudgetEnforcer
    ledger: SqliteLedger
    stop_guard: KillSwitchGuard
    sandbox: Sandbox
    workspaces: GitWorkspaces
    trees: GitTrees
    rehearsal: Rehearsal
    verifier: Verifier
    warm: Callable[[Workspace], Awaitable[None]]
    load: SharedLock
    charts: Charts
    skills: SkillLibrary

    @property
    def state_files(self) -> tuple[Database, ...]:
        """Every database of the state that is open here."""
        owners = (self.store, self.search, self.outbox, self.key_values, self.memory)
        return (
            *(each.database for each in owners),
            self.ledger.database,
            self.traffic.log.database,
        )


async def open_services(
    settings: Settings,
    stack: AsyncExitStack,
    restarter: Restarter,
    commit: str = "",
    on_record: Callable[[Action], None] | None = None,
) -> Resources:
    """Open everything for the core code of `commit`. Raises `ConfigError` with what to set.

    `on_record` receives each record that the journal has written.
    """
    clock, state, load = SystemClock(), settings.state, SharedLock()
    followed = settings.config.forge
    forge = await stack.enter_async_context(await get_forge_type(settings).open(settings, clock))
    checkout = GitCheckout(
        settings.root, remote=followed.remote, branch=followed.branch, access=forge.get_access
    )
    code = RunningCode(checkout, commit or await checkout.get_head())
    journal = NdjsonJournal(state, redact=redact, on_record=on_record)
    await stack.enter_async_context(journal)
    secret = load_secret(state / "pseudonyms.key")
    database = state / "theseus.sqlite3"
    ledger = await stack.enter_async_context(SqliteLedger(state / "ledger.sqlite3"))
    sandbox = await _build_sandbox(settings)
    stop_guard = KillSwitchGuard(FileKillSwitch(state / "STOP"))
    recorder = Recorder(journal, clock, settings.root, secret, lambda: code.commit, redact=redact)
    verifier = SandboxedVerifier(sandbox, state / "cache", load=load)
    key_values = await stack.enter_async_context(SqliteKeyValueStore(database))
    memory = SqliteMemory(state / "memory.sqlite3", redact=redact)
    return Resources(
        clock=clock,
        forge=JournalledForge(forge, recorder),
        checkout=checkout,
        code=code,
        restarter=restarter,
        journal=journal,
        traffic=await _open_traffic(settings, clock, secret, code, stack),
        recorder=recorder,
        store=await stack.enter_async_context(SqliteStore(database)),
        search=await stack.enter_async_context(SqliteRecordSearch(database)),
        outbox=await stack.enter_async_context(SqliteOutbox(database)),
        key_values=key_values,
        flags=await _load_flags(key_values),
        memory=await stack.enter_async_context(memory),
        stop_guard=stop_guard,
        ledger=ledger,
        budget=_build_budget(settings, ledger, clock, stop_guard),
        sandbox=sandbox,
        workspaces=GitWorkspaces(
            settings.root, state / "worktrees", remote=followed.remote, access=forge.get_access
        ),
        trees=GitTrees(Git(settings.root)),
        rehearsal=BotRehearsal(SandboxedRehearsal(sandbox)),
        verifier=JournalledVerifier(verifier, recorder),
        warm=verifier.warm_caches,
        load=load,
        charts=MatplotlibCharts(state / "cache" / "charts"),
        skills=SkillLibrary(code.get_skills, recorder, journal),
    )


def _build_budget(
    settings: Settings, ledger: SqliteLedger, clock: Clock, stop_guard: KillSwitchGuard
) -> BudgetEnforcer:
    config = settings.config
    keep = timedelta(days=config.gateway.keep_days)
    return BudgetEnforcer(ledger, clock, config.budget, keep=keep, stopped=stop_guard.get_stop)


async def _build_sandbox(settings: Settings) -> Sandbox:
    config = settings.config.sandbox
    return await choose_sandbox(
        config.kind,
        required=config.required,
        network=config.network == "all",
        private=(settings.root, settings.state),
    )


async def _load_flags(key_values: SqliteKeyValueStore) -> FlagRepository:
    flags = FlagRepository(key_values)
    await flags.load()
    return flags


async def _open_traffic(
    settings: Settings, clock: Clock, secret: bytes, code: RunningCode, stack: AsyncExitStack
) -> TrafficServices:
    config, folder = settings.config.traffic, settings.state / "traffic"
    bounds = TrafficBounds(successes=config.successes, failures=config.failures)
    log = await stack.enter_async_context(
        SqliteTraffic(folder / "traffic.sqlite3", redact=redact, bounds=bounds)
    )
    largest = config.snapshot_mb * 1024 * 1024
    snapshots = FileSnapshots(folder / "snapshots", settings.state, clock, largest=largest)
    recorder = TrafficRecorder(log, snapshots, clock, secret, lambda: code.commit)
    return TrafficServices(log, snapshots, recorder if config.record else None)
