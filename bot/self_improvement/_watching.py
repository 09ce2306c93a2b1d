"""Watching: what was shipped is looked at until it may be judged; then the thread is told."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.domain.cards import watched_until
from bot.domain.errors import TheseusError, UnknownRun
from bot.domain.history import History
from bot.domain.proposal import Shipment
from bot.domain.run import Run, Status
from bot.domain.watch import Watch
from bot.self_improvement._learning import Learning
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._voice import Voice

_SHELF = "watch:"
_LOOKS = 100  # in the time of a watch
_LONGEST = timedelta(minutes=1)  # between looks
_SHIPPED = 200  # of the newest runs, looked at after a start
_FORGOTTEN = timedelta(days=7)  # what was merged earlier is not watched from a restart on
_log = logging.getLogger(__name__)


class Watching:
    """Watches lie on the shelf until they are judged, so a restart forgets none."""

    def __init__(self, doors: Doors, stages: Stages, limits: Limits, voice: Voice) -> None:
        self._doors = doors
        self._stage = stages.watch
        self._sweep = limits.sweep
        self._voice = voice
        self._learning = Learning(doors)

    async def begin(self, run: Run, history: History, shipment: Shipment) -> Watch | None:
        """Watch what is live now; return the watch, to be saved with the run.

        Begun again, it begins anew. What is not live yet is watched from the next start on. An
        earlier change of the same action is judged by what was seen until now.
        """
        stage = self._stage if shipment.live else None
        watch = stage.begin(run, history, shipment) if stage else None
        if watch is None:
            return None
        for other in await self._open():
            if other.run_id != run.id and other.event == watch.event:
                until = min(other.until, watch.began_at)
                await self._put(other.but(until=until))
        await self._put(watch)
        return watch

    async def end(self, run_id: str) -> None:
        """Stop watching a run; again is harmless."""
        await self._doors.shelf.remove(_SHELF + run_id)

    async def run_forever(self) -> None:
        """Look at what is watched, again and again, until cancelled."""
        if self._stage is None:
            return
        await self._quietly(self.catch_up)
        pause = timedelta(minutes=self._stage.rules.minutes) / _LOOKS
        while True:
            await self._doors.clock.sleep(max(self._sweep, min(pause, _LONGEST)).total_seconds())
            await self._quietly(self.look)

    async def catch_up(self) -> None:
        """Watch what came live by this start: it was merged, and needed one."""
        earliest = self._doors.clock.now() - _FORGOTTEN
        for run in await self._doors.store.find(status={Status.DONE}, limit=_SHIPPED):
            history = await self._doors.store.history(run.id)
            shipment = history.shipment
            if shipment is None or history.watch is not None or shipment.at < earliest:
                continue
            if not shipment.live:
                await self._live_by_now(run, history, shipment)

    async def look(self) -> None:
        """Look once at everything that is watched."""
        for watch in await self._open():
            try:
                await self._look_at(watch)
            except TheseusError:  # the others are looked at all the same
                _log.exception("run %s could not be judged; the next look tries", watch.run_id)

    async def _look_at(self, watch: Watch) -> None:
        try:
            run = await self._doors.store.get(watch.run_id)
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
        history = await self._doors.store.history(run.id)
        if history.outcome is None and self._stage is not None:
            outcome = (await self._stage(watch)).outcome
            if outcome is None:
                return False
            await self._doors.store.append(run.id, outcome)
            history = history.plus(outcome)
        if history.outcome is not None:
            await self._voice.outcome(run, history)
            await self._learning.outcome(run, history.outcome)
        return True

    async def _live_by_now(self, run: Run, history: History, shipment: Shipment) -> None:
        watch = await self.begin(run, history, shipment.but(restart_needed=False, failed={}))
        if watch is None:
            return
        await self._doors.store.append(run.id, watch)
        text = (
            f"👀 `{watch.merge_commit[:7]}` is live since my restart. I watch whether it holds: "
            f"{watched_until(watch)}."
        )
        await self._voice.say(run, text, key="watched")
        await self._voice.refresh(run, history.plus(watch))

    async def _open(self) -> tuple[Watch, ...]:
        return await self._doors.shelf.all(_SHELF, Watch)

    async def _put(self, watch: Watch) -> None:
        await self._doors.shelf.put(_SHELF + watch.run_id, watch)

    async def _quietly(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except TheseusError:
            _log.exception("what was shipped could not be looked at; the next look tries again")
