"""Removes stored data that is older than its configured retention period, once a day."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from bot.adapters.discord_chat import DiscordChat
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqlStore
from bot.app.resources import TrafficServices
from bot.app.target_journals import TargetJournals
from bot.budget.target_budgets import LayeredSpendGuard
from bot.domain.errors import PortError, WorkspaceError
from bot.periodic import run_periodically
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.settings import Settings

_DAY = timedelta(days=1)
_log = structlog.stdlib.get_logger(__name__)


class RetainedKind(NamedTuple):
    """A kind of stored data: its name in the log, its period in days, and how it is removed."""

    what: str
    days: int
    forget: Callable[[datetime], Awaitable[int]]


@dataclass(frozen=True, eq=False)
class Retention:
    """Removes what is too old, at the start and then daily. What fails is tried again next day."""

    clock: Clock
    kinds: tuple[RetainedKind, ...]

    async def run_forever(self) -> None:
        """Remove what is too old until cancelled."""
        await run_periodically(self.remove, self.clock, _DAY.total_seconds())

    async def remove(self) -> None:
        """Remove what is too old now."""
        for what, days, forget in self.kinds:
            try:
                gone = await forget(self.clock.now() - timedelta(days=days))
            except PortError as error:
                _log.warning("old %s stay for another day: %s", what, error)
                continue
            if gone:
                _log.info("removed %d %s older than %d days", gone, what, days)


async def forget_runs(store: Store, repositories: Targets, older: datetime) -> int:
    """Remove runs that ended before then, with their branches; return their number."""
    expired = await store.forget_runs(older)
    for ports in repositories.list_all():
        for run_id in expired:
            try:
                await ports.workspaces.drop(run_id)
            except WorkspaceError as error:
                _log.warning("the branch of the forgotten run %s stays: %s", run_id, error)
    return len(expired)


def make_retention(
    settings: Settings,
    clock: Clock,
    journal: NdjsonJournal,
    targets: TargetJournals,
    traffic: TrafficServices,
    store: SqlStore,
    chat: DiscordChat,
    spending: LayeredSpendGuard,
    repositories: Targets,
) -> Retention:
    """Return what forgets records that are older than the configuration says."""
    config = settings.config

    async def forget_charges(_: datetime) -> int:
        return await spending.forget()  # each ledger knows how long its charges are kept

    return Retention(
        clock,
        (
            RetainedKind("runs", config.runs.keep_days, partial(forget_runs, store, repositories)),
            RetainedKind("messages", config.runs.keep_days, chat.forget),
            RetainedKind(
                "days of the journal",
                config.journal.keep_days,
                lambda older: journal.forget(older.date()),
            ),
            RetainedKind(
                "days of other bots' journals",
                config.journal.keep_days,
                lambda older: targets.forget(older.date()),
            ),
            RetainedKind("charges of other bots", config.gateway.keep_days, forget_charges),
            RetainedKind("interactions", config.journal.keep_days, traffic.log.forget),
            RetainedKind("snapshots", config.journal.keep_days, traffic.snapshots.forget),
        ),
    )
