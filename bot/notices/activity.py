"""Counts what the bot has done in a period, from the records of its runs."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.domain.errors import StoreError
from bot.domain.history import History
from bot.domain.notices import FOR_ANSWER, FOR_APPROVAL
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.ports.ledger import Ledger
from bot.ports.store import Store

_LOOKED_AT = 500  # of the newest runs
_FAILED = frozenset({"not_fixed", "regressed"})
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Activity:
    """What happened in a period, and what waits now. `usd` is absent if the costs are unknown."""

    fixes: int = 0
    changes: int = 0
    reverts: int = 0
    held: int = 0
    not_held: int = 0
    usd: float | None = None
    waiting: tuple[tuple[Run, History], ...] = ()
    shipped: tuple[tuple[Run, History], ...] = ()
    asking: int = 0
    incidents: int = 0


@dataclass(frozen=True, eq=False)
class ActivityReader:
    """Reads activity of some targets. `count_incidents` returns the open ones of a target."""

    store: Store
    ledger: Ledger
    count_incidents: Callable[[str], int]

    async def read(self, targets: Collection[str], since: datetime) -> Activity:
        """Return what was done for these targets since then. Raises `StoreError`."""
        found = await self.store.find(limit=_LOOKED_AT)
        runs = [run for run in found if run.trigger.target in targets]
        histories = await self.store.get_histories([run.id for run in runs])
        known = [(run, histories[run.id]) for run in runs if run.id in histories]
        shipped = [each for each in known if each[1].shipment and each[1].shipment.at >= since]
        goals = [run.goal for run, _ in shipped]
        verdicts = [
            history.outcome.verdict
            for _, history in known
            if history.outcome and history.outcome.at >= since
        ]
        return Activity(
            fixes=goals.count("fix"),
            changes=goals.count("change"),
            reverts=goals.count("revert"),
            held=verdicts.count("fixed"),
            not_held=sum(each in _FAILED for each in verdicts),
            usd=await self._sum_costs(targets, {run.id for run in runs}, since),
            waiting=tuple(each for each in known if each[0].waiting in FOR_APPROVAL),
            shipped=tuple(shipped),
            asking=sum(run.waiting in FOR_ANSWER for run in runs),
            incidents=sum(self.count_incidents(name) for name in targets),
        )

    async def _sum_costs(
        self, targets: Collection[str], run_ids: Collection[str], since: datetime
    ) -> float | None:
        """Return the dollars of these runs, and of talk if the bot itself is among the targets."""
        try:
            charges = await self.ledger.sum_charges(since=since)
        except StoreError as error:
            _log.warning("a digest leaves out the costs, which cannot be read: %s", error)
            return None
        return sum(
            each.cost_usd
            for each in charges
            if each.account.run_id in run_ids
            or (each.account.run_id is None and OWN_TARGET in targets)
        )
