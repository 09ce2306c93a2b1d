"""Watch: whether a shipped fix holds, from the journal before and after it came live."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.detection.comparison import compare, plain_already
from bot.domain.errors import TheseusError, UnknownRun
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.proposal import Outcome, Shipment
from bot.domain.run import Run, Status
from bot.domain.samples import Sample
from bot.domain.watch import Comparison, Watch, WatchRules
from bot.memory.recording import MemoryRecorder
from bot.periodic import run_periodically, with_traceback
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.presentation.cards import watched_until
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.services import RunSettings, Services

_SURELY = 0.1  # times alpha: a regression called before the end has been looked for many times

_MANY = 10_000  # samples

_KEY_VALUES = "watch:"

_LOOKS = 100  # in the time of a watch

_LONGEST = timedelta(minutes=1)  # between looks

_SHIPPED = 200  # of the newest runs, looked at after a start

_FORGOTTEN = timedelta(days=7)  # what was merged earlier is not watched from a restart on

_log = logging.getLogger(__name__)


class Look(NamedTuple):
    """What a watch shows by now; `outcome` once it may be judged."""

    comparison: Comparison
    outcome: Outcome | None


class FixEvaluator:
    """Begins watches, and judges them when they may be judged."""

    def __init__(self, journal: Journal, clock: Clock, rules: WatchRules) -> None:
        self._journal = journal
        self._clock = clock
        self.rules = rules

    def begin(self, run: Run, history: History, shipment: Shipment) -> Watch | None:
        """Return the watch of a fix that is live now; `None` where nothing is to go away."""
        diagnosis, proposal = history.diagnosis, history.proposal
        named = diagnosis is not None and diagnosis.event and diagnosis.fingerprint
        if run.goal != "fix" or diagnosis is None or proposal is None or not named:
            return None
        now = self._clock.now()
        return Watch(
            run_id=run.id,
            event=diagnosis.event,
            fingerprint=diagnosis.fingerprint,
            number=proposal.number,
            merge_commit=shipment.merge_commit,
            began_at=now,
            before_since=self._since(diagnosis, now),
            until=now + timedelta(minutes=self.rules.minutes),
        )

    async def __call__(self, watch: Watch) -> Look:
        """Return how both sides compare by now, judged if it is time. Raises `JournalError`."""
        now = self._clock.now()
        until = min(now, watch.until)
        seen = await self._journal.samples(since=watch.before_since, until=until, event=watch.event)
        if len(seen) < _MANY:
            found = self._compared(watch, seen, until)
        else:  # nobody else should have to wait for it
            found = await asyncio.to_thread(self._compared, watch, seen, until)
        if not self._may_be_judged(found, over=now >= watch.until):
            return Look(found, None)
        outcome = Outcome(
            run_id=watch.run_id,
            verdict=found.verdict,
            reasons=found.reasons,
            comparison=found,
            at=now,
        )
        return Look(found, outcome)

    def _compared(self, watch: Watch, seen: Sequence[Sample], until: datetime) -> Comparison:
        before, after = _sides(seen, watch.began_at)
        return compare(
            before,
            after,
            watch.fingerprint,
            self.rules,
            before_minutes=_minutes(watch.before_since, watch.began_at),
            after_minutes=_minutes(watch.began_at, until),
        )

    def _may_be_judged(self, found: Comparison, *, over: bool) -> bool:
        """Whether enough time has passed, and enough was done in it; what is plain needs neither.

        Before the end, a regression has to be surer: it is looked for again and again.
        """
        rules = self.rules
        if over or plain_already(found, rules):
            return True
        if found.after.minutes < rules.least_minutes or found.after.actions < rules.volume:
            return False
        if found.verdict == "regressed":
            values = [p for p in (found.p_worse, found.p_slower) if p is not None]
            return min(values, default=1.0) < rules.alpha * _SURELY
        return found.verdict != "inconclusive"

    def _since(self, diagnosis: Diagnosis, now: datetime) -> datetime:
        """Return where before begins: while the fault was there, as far as it is looked back."""
        earliest = now - timedelta(hours=self.rules.before_hours)
        first = diagnosis.first_seen
        return earliest if first is None else min(max(earliest, first), now)


class WatchStep:
    """Watches are stored until they are judged, so a restart forgets none."""

    def __init__(
        self,
        services: Services,
        evaluator: FixEvaluator | None,
        settings: RunSettings,
        notifier: RunNotifier,
        memory: MemoryRecorder,
    ) -> None:
        self._services = services
        self._evaluator = evaluator
        self._interval = settings.sweep
        self._notifier = notifier
        self._memory = memory

    async def begin(self, run: Run, history: History, shipment: Shipment) -> Watch | None:
        """Watch what is live now; return the watch, to be saved with the run.

        Begun again, it begins anew. What is not live yet is watched from the next start on. An
        earlier change of the same action is judged by what was seen until now.
        """
        evaluator = self._evaluator if shipment.live else None
        watch = evaluator.begin(run, history, shipment) if evaluator else None
        if watch is None:
            return None
        for other in await self._services.key_values.all(_KEY_VALUES, Watch):
            if other.run_id != run.id and other.event == watch.event:
                until = min(other.until, watch.began_at)
                await self._put(other.but(until=until))
        await self._put(watch)
        return watch

    async def end(self, run_id: str) -> None:
        """Stop watching a run; again is harmless."""
        await self._services.key_values.remove(_KEY_VALUES + run_id)

    async def run_forever(self) -> None:
        """Look at what is watched, again and again, until cancelled."""
        if self._evaluator is None:
            return
        failed = with_traceback(
            _log, "what was shipped could not be looked at; the next look tries again"
        )
        try:
            await self.catch_up()
        except TheseusError as error:
            failed(error)
        part = timedelta(minutes=self._evaluator.rules.minutes) / _LOOKS
        pause = max(self._interval, min(part, _LONGEST)).total_seconds()
        await run_periodically(
            self.look, self._services.clock, pause, first_after=pause, failed=failed
        )

    async def catch_up(self) -> None:
        """Watch what came live by this start: it was merged, and needed one."""
        earliest = self._services.clock.now() - _FORGOTTEN
        for run in await self._services.store.find(status={Status.DONE}, limit=_SHIPPED):
            history = await self._services.store.history(run.id)
            shipment = history.shipment
            if shipment is None or history.watch is not None or shipment.at < earliest:
                continue
            if not shipment.live:
                await self._live_by_now(run, history, shipment)

    async def look(self) -> None:
        """Look once at everything that is watched."""
        for watch in await self._services.key_values.all(_KEY_VALUES, Watch):
            try:
                await self._look_at(watch)
            except TheseusError:  # the others are looked at all the same
                _log.exception("run %s could not be judged; the next look tries", watch.run_id)

    async def _look_at(self, watch: Watch) -> None:
        try:
            run = await self._services.store.get(watch.run_id)
        except UnknownRun:
            await self.end(watch.run_id)
            return
        if not run.ended:
            return  # it is being shipped this very moment
        if run.status is Status.DONE and not await self._judged(run, watch):
            return
        await self.end(run.id)

    async def _judged(self, run: Run, watch: Watch) -> bool:
        """Judge the watch if it may be; save, say and remember the verdict, each once."""
        history = await self._services.store.history(run.id)
        if history.outcome is None and self._evaluator is not None:
            outcome = (await self._evaluator(watch)).outcome
            if outcome is None:
                return False
            await self._services.store.append(run.id, outcome)
            history = history.plus(outcome)
        if history.outcome is not None:
            await self._notifier.outcome(run, history)
            await self._memory.outcome(run, history.outcome)
        return True

    async def _live_by_now(self, run: Run, history: History, shipment: Shipment) -> None:
        watch = await self.begin(run, history, shipment.but(restart_needed=False, failed={}))
        if watch is None:
            return
        await self._services.store.append(run.id, watch)
        text = (
            f"👀 `{watch.merge_commit[:7]}` is live since my restart. I watch whether it holds: "
            f"{watched_until(watch)}."
        )
        await self._notifier.say(run, text, key="watched")
        await self._notifier.refresh(run, history.plus(watch))

    async def _put(self, watch: Watch) -> None:
        await self._services.key_values.put(_KEY_VALUES + watch.run_id, watch)


def _sides(seen: Sequence[Sample], began: datetime) -> tuple[list[Sample], list[Sample]]:
    """Return what ended before and what began after; what was under way then is on neither."""
    edge = began.timestamp()
    before = [each for each in seen if each.at < edge]
    return before, [each for each in seen if each.at - (each.duration_ms or 0) / 1_000 >= edge]


def _minutes(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() / 60)
