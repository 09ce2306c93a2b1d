"""Workers: lease queued runs, keep the lease alive, survive whatever a stage does."""

import asyncio
from functools import partial

from bot.domain.errors import StoreConflict, TheseusError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.run import Run, Status
from bot.self_improvement._flow import Flow
from bot.self_improvement._parts import Doors, Limits
from bot.self_improvement._voice import Voice


class Workers:
    """Works on runs side by side until it is cancelled."""

    def __init__(self, doors: Doors, limits: Limits, flow: Flow, voice: Voice, owner: str) -> None:
        self._doors = doors
        self._limits = limits
        self._flow = flow
        self._voice = voice
        self._owner = owner
        self._wake = asyncio.Event()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._cancelled: dict[str, str] = {}

    def wake(self) -> None:
        """Look for queued runs now."""
        self._wake.set()

    async def run_forever(self) -> None:
        """Lease and work on runs; on cancellation, put those being worked on back in the queue."""
        slots = asyncio.Semaphore(self._limits.workers)
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                run = await self._next()
                task = group.create_task(self._work(run), name=f"run {run.id}")
                self._working[run.id] = task
                task.add_done_callback(partial(self._done, run.id, slots))

    def _done(self, run_id: str, slots: asyncio.Semaphore, _: asyncio.Task[None]) -> None:
        self._working.pop(run_id, None)
        slots.release()

    async def _next(self) -> Run:
        while True:
            self._wake.clear()
            until = self._doors.clock.now() + self._limits.lease
            run = await self._doors.store.lease_next(self._owner, until)
            if run is not None:
                return run
            await self._wake.wait()

    async def cancel(self, run_id: str, reason: str) -> bool:
        """Stop working on the run and wait until nothing of it is left; `False` if it was not."""
        task = self._working.get(run_id)
        if task is None:
            return False
        self._cancelled[run_id] = reason
        task.cancel()
        await asyncio.wait([task])
        await self._stopped(run_id)  # a task cancelled before its first step cleans up nothing
        return True

    async def _work(self, run: Run) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                heartbeat = group.create_task(self._heartbeat(run.id))
                await self._stages(run)
                heartbeat.cancel()
        except asyncio.CancelledError:
            await self._stopped(run.id)
            raise

    async def _stages(self, run: Run) -> None:
        run = await self._announced(run)
        while run.status is Status.RUNNING:
            name, started = run.stage.value, self._doors.clock.monotonic()
            error: Exception | None = None
            try:
                run = await self._flow.step(run)
            except StoreConflict:
                return  # somebody changed the run under us: theirs counts, ours is dropped
            except Exception as failure:  # noqa: BLE001  the stage boundary: no run dies silently
                error = failure
            self._doors.recorder.record(
                Kind.RUN,
                name,
                ActionOutcome.ERROR if error else ActionOutcome.OK,
                duration_ms=(self._doors.clock.monotonic() - started) * 1000,
                run_id=run.id,
                error=error,
            )
            if error:
                run = await self._failed(run.id, name, error)

    async def _announced(self, run: Run) -> Run:
        announced = await self._voice.announce(run)
        return run if announced == run else await self._doors.store.save(announced)

    async def _failed(self, run_id: str, stage: str, error: Exception) -> Run:
        run = await self._doors.store.get(run_id)
        known = isinstance(error, TheseusError)
        what = str(error) if known else f"{type(error).__name__} inside Theseus itself; see its log"
        return await self._flow.end(run, Status.FAILED, f"Stopped at {stage}: {what}")

    async def _stopped(self, run_id: str) -> None:
        """Save what cancelling means: ended if a person asked, queued again if we shut down."""
        run = await self._doors.store.get(run_id)
        if run.ended:
            return
        reason = self._cancelled.pop(run_id, None)
        if reason is not None:
            await self._flow.end(run, Status.CANCELLED, reason)
        elif run.status is Status.RUNNING:
            await self._doors.store.save(run.but(status=Status.QUEUED, lease_owner=None))

    async def _heartbeat(self, run_id: str) -> None:
        while True:
            await self._doors.clock.sleep(self._limits.lease.total_seconds() / 3)
            until = self._doors.clock.now() + self._limits.lease
            if not await self._doors.store.extend_lease(run_id, self._owner, until):
                return
