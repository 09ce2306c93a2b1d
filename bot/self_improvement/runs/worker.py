"""Workers: lease queued runs, extend the leases, and survive any error of a stage."""

import asyncio
from collections.abc import Collection
from functools import partial

import structlog

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.errors import PortError, StoreConflict, StoreError
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.run import Lane, Run, Status, get_lane
from bot.periodic import compute_delay
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.prompts import freeze_prompts
from bot.self_improvement.runs.failures import StepFailures
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.step_sequence import StepSequence
from bot.self_improvement.runs.transitions import RunTransitions
from bot.telemetry import Recorder, set_current_run

_PAUSE_SECONDS = 1.0
_log = structlog.stdlib.get_logger(__name__)


class Workers:
    """Works on runs in parallel until cancelled."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        recorder: Recorder,
        limits: RunSettings,
        sequence: StepSequence,
        transitions: RunTransitions,
        failures: StepFailures,
        cost_meter: RunCostMeter,
        owner: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._limits = limits
        self._sequence = sequence
        self._transitions = transitions
        self._failures = failures
        self._cost_meter = cost_meter
        self._owner = owner
        self._wake = {lane: asyncio.Event() for lane in Lane}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[str] = set()
        self._draining = False
        self.interrupted: asyncio.Queue[str] = asyncio.Queue()
        """The ids of runs whose stage could not reach the state; `OutageRecovery` takes them."""

    def wake(self) -> None:
        """Look for queued runs now."""
        for event in self._wake.values():
            event.set()

    async def run_forever(self) -> None:
        """Lease and work on runs; on cancellation, return active runs to the queue.

        The search lane has the configured number of workers. Each more urgent lane has one extra
        worker, so searches cannot block it.
        """
        async with asyncio.TaskGroup() as group:
            for lane in Lane:
                workers = self._limits.workers if lane is Lane.SEARCH else 1
                group.create_task(self._serve(lane, workers, group), name=f"lane {lane.name}")

    async def _serve(self, lane: Lane, workers: int, group: asyncio.TaskGroup) -> None:
        slots = asyncio.Semaphore(workers)
        while True:
            await slots.acquire()
            run = await self._lease_next(lane)
            task = group.create_task(self._work(run, lane), name=f"run {run.id}")
            self._working[run.id] = task
            task.add_done_callback(partial(self._finish_run, run.id, slots))

    async def stop(self, run_id: str) -> bool:
        """Stop working on the run and wait until its task has ended; `False` if it was not active.

        The run's state in the store is not changed; the caller decides about it.
        """
        task = self._working.get(run_id)
        if task is None:
            return False
        self._stopping.add(run_id)
        try:
            task.cancel()
            await asyncio.wait([task])
        finally:
            self._stopping.discard(run_id)
        return True

    async def stop_all(self, but: Collection[str] = ()) -> None:
        """Stop working on all runs at once, and wait until their tasks have ended."""
        await asyncio.gather(*(self.stop(each) for each in list(self._working) if each not in but))

    async def drain(self, seconds: float) -> None:
        """Start no more runs, and wait until each active run has finished its step.

        Runs that need longer than `seconds` are cancelled later, which returns them to the queue.
        """
        self._draining = True
        working = list(self._working.values())
        if not working:
            return
        limit = asyncio.create_task(self._clock.sleep(seconds))
        try:
            while working and not limit.done():
                await asyncio.wait({*working, limit}, return_when=asyncio.FIRST_COMPLETED)
                working = [task for task in working if not task.done()]
        finally:
            limit.cancel()

    def _finish_run(self, run_id: str, slots: asyncio.Semaphore, _: asyncio.Task[None]) -> None:
        self._working.pop(run_id, None)
        slots.release()

    async def _lease_next(self, lane: Lane) -> Run:
        failures = 0
        while True:
            # Cleared before the look: a run that is queued during the look sets the event again.
            self._wake[lane].clear()
            if self._draining:
                await self._wake[lane].wait()
                continue
            until = self._clock.now() + self._limits.lease
            try:
                run = await self._store.lease_next(self._owner, until, lane)
            except StoreError:
                failures += 1
                # A full or broken disk is not asked all the time, and does not end the worker
                # either.
                pause = compute_delay(_PAUSE_SECONDS, failures)
                _log.exception("no run could be leased; trying again in %.0f s", pause)
                await self._clock.sleep(pause)
                continue
            if run is not None:
                return run
            await self._wake[lane].wait()

    async def _work(self, run: Run, lane: Lane) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                heartbeat = group.create_task(self._extend_lease(run.id))
                with freeze_prompts():
                    await self._run_stages(run, lane)
                # The task group would wait for the heartbeat, which never ends by itself.
                heartbeat.cancel()
        except asyncio.CancelledError:
            if run.id not in self._stopping:
                await self._requeue(run.id)
            raise

    async def _run_stages(self, run: Run, lane: Lane) -> None:
        while run.status is Status.RUNNING:
            if get_lane(run) > lane or self._draining:
                await self._hand_over(run)
                return
            stage, started = run.stage, self._clock.monotonic()
            error: Exception | None = None
            try:
                asker = run.trigger.person.id if run.trigger.origin == "person" else None
                with set_current_run(run.id), self._recorder.label_logs(asker):
                    run = await self._sequence.perform(run)
            except StoreConflict:
                return  # another writer has changed the run: its version counts, ours is dropped
            except Exception as failure:  # noqa: BLE001  the stage boundary: no run may end silently
                error = failure
            action = self._record_stage(run.id, stage.value, started, error)
            if error is None:
                continue
            if isinstance(error, StoreError):  # it says nothing about the run
                self.interrupted.put_nowait(run.id)
                return
            try:
                run = await self._failures.fail(run.id, stage, error, action.id)
            except StoreConflict:
                return
            except StoreError:
                _log.exception(
                    "run %s failed and could not say so; the stage is done again", run.id
                )
                self.interrupted.put_nowait(run.id)
                return
            except PortError:
                _log.exception("run %s failed and could not say so; the next start will", run.id)
                return

    def _record_stage(
        self, run_id: str, stage: str, started: float, error: Exception | None
    ) -> Action:
        return self._recorder.record(
            Kind.RUN,
            stage,
            ActionOutcome.ERROR if error else ActionOutcome.OK,
            duration_ms=(self._clock.monotonic() - started) * 1000,
            run_id=run_id,
            error=error,
        )

    async def _hand_over(self, run: Run) -> None:
        """Return a run to the queue: it is less urgent than this lane, or workers are draining."""
        try:
            await self._transitions.hand_back(run)
        except StoreConflict:
            return  # another writer has changed the run: its version counts
        except StoreError:
            _log.exception("run %s could not be handed over yet", run.id)
            self.interrupted.put_nowait(run.id)
            return
        self.wake()

    async def _requeue(self, run_id: str) -> None:
        """Return the run to the queue; an orderly shutdown does not count as an interruption."""
        try:
            run = await self._store.get(run_id)
            if run.status is Status.RUNNING:
                released = self._cost_meter.settle(run).replace(activity="going on after a restart")
                await self._transitions.hand_back(released)
        except StoreError:
            _log.exception("run %s could not be requeued; the next start recovers it", run_id)

    async def _extend_lease(self, run_id: str) -> None:
        while True:
            # A third of the lease: two attempts may fail before it runs out.
            await self._clock.sleep(self._limits.lease.total_seconds() / 3)
            until = self._clock.now() + self._limits.lease
            try:
                is_extended = await self._store.extend_lease(run_id, self._owner, until)
            except StoreError:
                _log.exception("the lease of run %s could not be extended", run_id)
                continue
            if not is_extended:
                return
