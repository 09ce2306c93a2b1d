"""The watches of shipped changes: begun when a change comes live, stored until it is judged.

A fix has a watch of the failure it should end, a requested change one of its use.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.history import History
from bot.domain.proposal import Shipment
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.domain.use import UseWatch
from bot.domain.watch import Watch
from bot.ports.key_value_store import KeyValueStore
from bot.self_improvement.watch.fix_evaluator import FixEvaluator
from bot.self_improvement.watch.use_watches import UseWatches


@dataclass(frozen=True, eq=False)
class ShipmentWatches:
    """Begins and ends the watches of a target. They are stored, so a restart loses none."""

    key_values: KeyValueStore
    evaluator: FixEvaluator | None
    uses: UseWatches | None
    target: str = OWN_TARGET

    @property
    def _prefix(self) -> str:
        """The beginning of the keys; none is the beginning of another target's."""
        return "watch:" if self.target == OWN_TARGET else f"watch-of:{self.target}:"

    async def begin(
        self, run: Run, history: History, shipment: Shipment
    ) -> Watch | UseWatch | None:
        """Start watching what is live now; return the watch, to be saved with the run.

        A repeated call starts the watch again. A change that is not live yet is watched from the
        next start on. An earlier change of the same action is judged by what was seen until now.
        """
        if not shipment.live:
            return None
        evaluator = self.evaluator
        watch = evaluator.begin(run, history, shipment) if evaluator else None
        if watch is not None:
            await self._cut_short((watch.event,), run.id, watch.began_at)
            await self.put(watch)
            return watch
        counted = await self.uses.begin(run, history, shipment) if self.uses else None
        if counted is not None:
            await self._cut_short(counted.events, run.id, counted.began_at)
        return counted

    async def end(self, run_id: str) -> None:
        """Stop watching a run. Can be repeated safely."""
        await self.key_values.remove(self._prefix + run_id)
        if self.uses is not None:
            await self.uses.end(run_id)

    async def get(self, run_id: str) -> Watch | None:
        """Return the watch of a fix; `None` if it has ended."""
        return await self.key_values.get(self._prefix + run_id, Watch)

    async def list_all(self) -> Sequence[Watch]:
        """Return the watches of all fixes."""
        return await self.key_values.list_records(self._prefix, Watch)

    async def put(self, watch: Watch) -> None:
        """Store a watch of a fix, replacing its earlier state."""
        await self.key_values.put(self._prefix + watch.run_id, watch)

    async def _cut_short(self, events: Collection[str], run_id: str, at: datetime) -> None:
        for other in await self.list_all():
            if other.run_id != run_id and other.event in events:
                await self.put(other.replace(until=min(other.until, at)))
        if self.uses is not None:
            await self.uses.cut_short(events, run_id, at)
