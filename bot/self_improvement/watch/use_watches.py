"""Watches the use of shipped changes: reports regressions, and later how commands are used.

Watches are stored until they are reported, so a restart loses none. The journal is read only when a
watch is due.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from bot.authority.flags import FlagRepository
from bot.domain.errors import TheseusError, UnknownRun
from bot.domain.flag import Flag
from bot.domain.history import History
from bot.domain.proposal import Shipment
from bot.domain.run import Run, Status
from bot.domain.use import UseWatch
from bot.memory.recording import MemoryRecorder
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.presentation.cards import use_text
from bot.self_improvement.reporting.archived_threads import has_ended
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.watch.feedback import USE_WATCH, FeedbackService
from bot.self_improvement.watch.use_evaluator import UseEvaluator

_PAUSE = timedelta(minutes=5)  # between comparisons of both sides of a flag
_LONGEST = timedelta(days=60)  # how long a flag's rollout is watched
_log = structlog.stdlib.get_logger(__name__)


class UseWatches:
    """Stores use watches, and posts their results in the run's thread, each once."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        key_values: KeyValueStore,
        flags: FlagRepository,
        evaluator: UseEvaluator,
        feedback: FeedbackService,
        notifier: RunNotifier,
        memory: MemoryRecorder,
    ) -> None:
        self._store = store
        self._clock = clock
        self._key_values = key_values
        self._flags = flags
        self._evaluator = evaluator
        self._feedback = feedback
        self._notifier = notifier
        self._memory = memory
        self._next: dict[str, datetime] = {}  # run id -> time of the next comparison

    async def begin(self, run: Run, history: History, shipment: Shipment) -> UseWatch | None:
        """Count the use of a change that is live now; a repeated call starts the count again."""
        watch = self._evaluator.begin(run, history, shipment)
        if watch is not None:
            await self._put(watch)
        return watch

    async def cut_short(self, events: Collection[str], run_id: str, at: datetime) -> None:
        """End earlier watches of the same commands at `at`, so that later use does not count."""
        for other in await self._key_values.list_records(USE_WATCH, UseWatch):
            if other.run_id != run_id and set(events) & set(other.events):
                await self._put(other.replace(until=min(other.until, at)))

    async def end(self, run_id: str) -> None:
        """Stop counting for a run. Can be repeated safely."""
        await self._key_values.remove(USE_WATCH + run_id)
        await self._feedback.forget(run_id)

    async def look(self) -> None:
        """Check every use watch once."""
        for watch in await self._key_values.list_records(USE_WATCH, UseWatch):
            try:
                await self._look_at(watch)
            except TheseusError:  # one failing watch must not block the others
                _log.exception("use of run %s's change: the next look tries again", watch.run_id)

    async def _look_at(self, watch: UseWatch) -> None:
        try:
            run = await self._store.get(watch.run_id)
        except UnknownRun:
            await self.end(watch.run_id)
            return
        if not run.has_ended:
            return  # it is being shipped this very moment
        if run.status is not Status.DONE:
            await self.end(run.id)
            return
        if not watch.judged:
            watch = await self._judge(run, watch)
        watch = await self._offer_next_step(run, watch)
        await self._report_use(run, watch)

    async def _offer_next_step(self, run: Run, watch: UseWatch) -> UseWatch:
        """Post once per reach of the flag how both sides compare, and the next step."""
        flag, now = self._find_partial_flag(watch), self._clock.now()
        if flag is None or watch.compared_at == flag.at or now < self._next.get(run.id, now):
            return watch
        self._next[run.id] = now + _PAUSE
        feedback = await self._feedback.get_feedback(run.id)
        found = await self._evaluator.compare_by_flag(watch, flag, feedback)
        if found is None:
            return watch
        await self._notifier.announce_flag_comparison(run, flag, found)
        watch = watch.replace(compared_at=flag.at)
        await self._put(watch)
        return watch

    def _find_partial_flag(self, watch: UseWatch) -> Flag | None:
        """Return the change's flag while it is on for some users and off for others."""
        flag = self._flags.find(watch.flag) if watch.flag else None
        return None if flag is None or flag.reach in ("off", "all") else flag

    async def _judge(self, run: Run, watch: UseWatch) -> UseWatch:
        """Report a regression once; return the watch, marked as judged if this is decided."""
        is_over = self._clock.now() >= watch.until
        history = await self._store.get_history(run.id)
        if history.outcome is None:
            outcome = await self._evaluator.find_regression(watch)
            if outcome is not None:
                await self._store.append(run.id, outcome)
                history = history.add(outcome)
        if history.outcome is not None:
            await self._notifier.announce_outcome(run, history)
            await self._memory.remember_use(run, history, "")
        if is_over or history.outcome is not None:
            watch = watch.replace(judged=True)
            await self._put(watch)
        return watch

    async def _report_use(self, run: Run, watch: UseWatch) -> None:
        """Report the use once when it is time; end the watch if nothing is left to report."""
        now = self._clock.now()
        if watch.tell_at is None:
            if watch.judged and not (
                self._find_partial_flag(watch) and now < watch.began_at + _LONGEST
            ):
                await self._finish(run, await self._store.get_history(run.id))
            return
        if now < watch.tell_at:
            return
        history = await self._store.get_history(run.id)
        report = history.use_report
        if report is None:
            report = (await self._evaluator.report(watch)).replace(
                **await self._load_opinions(run.id)
            )
            await self._store.append(run.id, report)
            history = history.add(report)
        await self._notifier.announce_use(run, history)
        await self._memory.remember_use(run, history, use_text(report))
        if self._find_partial_flag(watch) is not None:
            # The watch continues without a report date while the flag reaches more users.
            await self._put(watch.replace(tell_at=None))
        else:
            await self._finish(run, history)

    async def _finish(self, run: Run, history: History) -> None:
        """Stop counting; archive the thread if the report was its last message."""
        if history.use_report is not None and has_ended(run, history):
            await self._notifier.archive(run)
        await self.end(run.id)

    async def _load_opinions(self, run_id: str) -> dict[str, int]:
        """Return the counts of people's reactions as fields of a report."""
        found = await self._feedback.get_feedback(run_id)
        return {"liked": found.count("👍"), "disliked": found.count("👎")}

    async def _put(self, watch: UseWatch) -> None:
        await self._key_values.put(USE_WATCH + watch.run_id, watch)
