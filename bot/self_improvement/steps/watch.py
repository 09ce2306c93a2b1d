"""Watch: judges a shipped change by the journal before and after it came live.

A fix is judged by the failure it should end, a requested change by its use.
"""

from datetime import timedelta

import structlog

from bot.domain.errors import TheseusError, UnknownRun
from bot.domain.history import History
from bot.domain.proposal import Shipment
from bot.domain.run import Run, Status
from bot.domain.target import OWN_TARGET
from bot.domain.watch import Watch
from bot.memory.recording import MemoryRecorder
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import describe_watch
from bot.self_improvement.reporting.archived_threads import has_ended
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.live_version import LiveVersion
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.watch.fix_evaluator import FixEvaluator, describe_replay
from bot.self_improvement.watch.shipment_watches import ShipmentWatches

_LOOKS = 100  # checks per watch

_LONGEST = timedelta(minutes=1)  # between checks

_SHIPPED = 200  # the newest runs that are checked after a start

_FORGOTTEN = timedelta(days=7)  # older merges are not watched after a restart

_log = structlog.stdlib.get_logger(__name__)


class WatchStep:
    """Judges the watched changes when it is time, and posts the results."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        live: LiveVersion,
        evaluator: FixEvaluator | None,
        watches: ShipmentWatches,
        settings: RunSettings,
        notifier: RunNotifier,
        memory: MemoryRecorder,
        target: str = OWN_TARGET,
    ) -> None:
        self._store = store
        self._clock = clock
        self._live = live
        self._evaluator = evaluator
        self.watches = watches
        self._interval = settings.sweep
        self._notifier = notifier
        self._memory = memory
        self._target = target

    async def run_forever(self) -> None:
        """Check all watches at intervals, until cancelled."""
        if self._evaluator is None:
            return
        failed = log_tracebacks(_log, "shipped changes could not be checked; I will try again")
        try:
            await self.catch_up()
        except TheseusError as error:
            failed(error)
        part = timedelta(minutes=self._evaluator.rules.minutes) / _LOOKS
        pause = max(self._interval, min(part, _LONGEST)).total_seconds()
        await run_periodically(self.look, self._clock, pause, first_after=pause, failed=failed)

    async def catch_up(self) -> None:
        """Watch changes that came live after they were merged, such as with this start."""
        earliest = self._clock.now() - _FORGOTTEN
        for run in await self._store.find(status={Status.DONE}, limit=_SHIPPED):
            if run.trigger.target != self._target:
                continue
            history = await self._store.get_history(run.id)
            shipment = history.shipment
            watched = history.watch is not None or history.use_watch is not None
            if shipment is None or watched or shipment.at < earliest:
                continue
            if not shipment.live and await self._live.has_commit(shipment.merge_commit):
                await self._begin_late(run, history, shipment)

    async def look(self) -> None:
        """Check all watches once."""
        if self._live.can_change:
            await self.catch_up()
        for watch in await self.watches.list_all():
            try:
                await self._look_at(watch)
            except TheseusError:  # one failing watch must not block the others
                _log.exception("run %s could not be judged; the next look tries", watch.run_id)
        if self.watches.uses is not None:
            await self.watches.uses.look()

    async def _look_at(self, watch: Watch) -> None:
        try:
            run = await self._store.get(watch.run_id)
        except UnknownRun:
            await self.watches.end(watch.run_id)
            return
        if not run.has_ended:
            return  # it is being shipped right now
        if run.status is Status.DONE and not await self._judge(run, watch):
            return
        await self.watches.end(run.id)

    async def _judge(self, run: Run, watch: Watch) -> bool:
        """Judge the watch if it is time; save, post and remember the verdict, each once."""
        history = await self._store.get_history(run.id)
        if history.outcome is None and self._evaluator is not None:
            replayed = await self._replay(run, history, watch)
            if replayed is None:
                return True
            outcome = (await self._evaluator(replayed)).outcome
            if outcome is None:
                return False
            await self._store.append(run.id, outcome)
            history = history.add(outcome)
        if history.outcome is not None:
            await self._notifier.announce_outcome(run, history)
            await self._memory.remember_outcome(run, history.outcome)
            if has_ended(run, history):
                await self._notifier.archive(run)
        return True

    async def _replay(self, run: Run, history: History, watch: Watch) -> Watch | None:
        """Replay the failure with the live code; save and post the result, once.

        Returns `None` if the watch was ended meanwhile.
        """
        result = (
            await self._evaluator.replay_failure(watch, history)
            if self._evaluator
            else watch.replay
        )
        if result == watch.replay:
            return watch
        now = await self.watches.get(run.id)
        if now is None:
            return None
        watch = now.replace(replay=result)
        await self._store.append(run.id, watch)
        await self.watches.put(watch)
        if result is not None and result.status == "passed":
            text = f"▶️ {' '.join(describe_replay(watch))}"
            await self._notifier.say(run, text, key=f"played:{watch.merge_commit}")
        return watch

    async def _begin_late(self, run: Run, history: History, shipment: Shipment) -> None:
        commit = shipment.merge_commit
        live = shipment.replace(restart_needed=False, failed={}, undeployed="", live_commit=commit)
        watch = await self.watches.begin(run, history, live)
        records = (live,) if watch is None else (live, watch)
        await self._store.append(run.id, *records)
        since = "now" if self._live.can_change else "since my restart"
        text = f"`{commit[:7]}` is live {since}."
        if watch is not None:
            await self._notifier.say(run, f"👀 {text} {describe_watch(watch)}", key="watched")
        elif self._live.can_change:
            await self._notifier.say(run, f"🚢 {text}", key="watched")
        await self._notifier.refresh(run, history.add(*records))
