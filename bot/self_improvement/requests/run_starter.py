"""Starts runs: one per trigger, with its thread and card before any work."""

import asyncio

from theseus_guard.record import Record

from bot.authority.kill_switch import KillSwitchGuard
from bot.domain.errors import PolicyError, StoreConflict, TooMany
from bot.domain.ids import create_run_id as new_run_id
from bot.domain.people import ITSELF, Person
from bot.domain.run import FINAL_STATUSES, Goal, Run, Status, Trigger
from bot.domain.run_state import Edge
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.self_improvement.runs.recovery import RecoveryService
from bot.self_improvement.runs.transitions import create_run, requeue_from_start
from bot.self_improvement.runs.worker import Workers

_TRIES = 10
_LOOKED_AT = 1_000  # runs that have not ended
_FULL = (
    "You already have {count} requests under way ({where}), and I accept at most {most} from one "
    "person at once (`runs.per_person`). I have not started this one. Ask again when one of them "
    "is done or waits for you, or cancel one."
)


class RunStarter:
    """Creates runs from triggers."""

    def __init__(
        self, store: Store, clock: Clock, recovery: RecoveryService, per_person: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._recovery = recovery
        self._per_person = per_person
        self._counting = asyncio.Lock()

    async def check_can_begin(self, trigger: Trigger) -> None:
        """Raise `TooMany` if the person already has the allowed number of active runs.

        A trigger whose run is active already needs no room. Reverts need none either, so that
        reverting is always possible. Runs that the bot starts itself are limited elsewhere.
        """
        if trigger.origin != "person" or trigger.goal == "revert":
            return
        runs = await self._store.find(status=set(Status) - FINAL_STATUSES, limit=_LOOKED_AT)
        own = [r for r in runs if r.trigger.person.id == trigger.person.id and r.under_way]
        if len(own) < self._per_person or any(run.trigger.key == trigger.key for run in own):
            return
        where = ", ".join(f"<#{run.thread_id}>" if run.thread_id else f"`{run.id}`" for run in own)
        raise TooMany(_FULL.format(count=len(own), where=where, most=self._per_person))

    async def start(self, trigger: Trigger) -> Run:
        """Return the trigger's run, new or existing, announced.

        Raises `ChatRejected`, `TooMany`.
        """
        async with self._counting:  # otherwise simultaneous requests would all pass the check
            await self.check_can_begin(trigger)
            run = await self._create(trigger)
        return await self._announce(run, trigger)

    async def _announce(self, run: Run, trigger: Trigger) -> Run:
        if run.trigger.person.id != trigger.person.id:  # asked for by others before
            history = await self._store.get_history(run.id)
            await self._store.append(run.id, history.add_shaper(trigger.person))
        if run.status is Status.WAITING and run.thread_id is None:
            try:
                run = await self._recovery.announce(run)
            except StoreConflict:  # the same trigger, delivered twice
                run = await self._store.get(run.id)
        return run

    async def _create(self, trigger: Trigger) -> Run:
        now = self._clock.now()
        new = create_run(trigger, new_run_id(), now)
        for _ in range(_TRIES):
            try:
                return await self._store.create(new)
            except StoreConflict:
                new = new.replace(id=new_run_id())  # the id is taken
        return await self._store.create(new)


class RunAdmission:
    """Admits runs unless everything is stopped or the person has too many."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        stop_guard: KillSwitchGuard,
        targets: Targets,
        starter: RunStarter,
        workers: Workers,
    ) -> None:
        self._store = store
        self._clock = clock
        self._stop_guard = stop_guard
        self._targets = targets
        self._starter = starter
        self._workers = workers
        self._closed = ""

    def close(self, why: str) -> None:
        """Admit no more runs; `why` is the reply to requests."""
        self._closed = why

    def _check_open(self) -> None:
        if self._closed:
            raise PolicyError(
                f"{self._closed}, so I have not started this. Please ask again in a minute."
            )

    async def _check_repository(self, target: str, goal: Goal) -> None:
        """Raise `PolicyError` if worktrees of the repository would differ from its commits.

        Raises `TargetMissing` if the target is not in the configuration.
        """
        checkout = self._targets.get(target).checkout
        if checkout is None or goal == "investigate":
            return
        obstacles = await checkout.find_obstacles()
        if obstacles:
            raise PolicyError(f"I cannot change this repository. {' '.join(obstacles)}")

    async def start(self, trigger: Trigger) -> Run:
        """Return the trigger's run, queued.

        Raises `Stopped`, `TooMany`, `TargetMissing`, `ChatRejected`, and `PolicyError` if no run
        may start now.
        """
        self._check_open()
        await self._stop_guard.check()
        await self._check_repository(trigger.target, trigger.goal)
        run = await self._starter.start(trigger)
        self._workers.wake()
        return run

    async def queue(self, run: Run, *records: Record) -> Run:
        """Queue a run that waited or ended. Raises what `start` raises."""
        self._check_open()
        await self._stop_guard.check()
        await self._check_repository(run.trigger.target, run.goal)
        await self._starter.check_can_begin(run.trigger)
        now = self._clock.now()
        saved = await self._store.save(run.replace(updated_at=now), *records)
        self._workers.wake()
        return saved


def build_retry_trigger(run: Run, person: Person) -> Trigger:
    """Return the trigger of a new run that replaces one that had a proposal."""
    trigger = run.trigger
    place = trigger.place.replace(message_id=None, thread_id=None)
    key = f"{trigger.key}:again"
    shapers = trigger.shaped_by | {trigger.person.id}
    return trigger.replace(
        key=key,
        person=person,
        place=place,
        origin="person",
        shaped_by=shapers,
        match=None,
        retries=run.id,
    )


def take_over(run: Run, person: Person) -> Run:
    """Return a run that continues for a person; a run of the bot itself becomes theirs."""
    if run.trigger.person != ITSELF:
        return run
    return run.replace(trigger=run.trigger.replace(person=person, origin="person"))


def restart_run(run: Run, person: Person, edge: Edge = Edge.RETRIED) -> Run:
    """Return a run that starts from the beginning because a person asks.

    It is matched to failures again, because others may have happened or ended in the meantime.
    """
    restarted = requeue_from_start(take_over(run, person), edge)
    return restarted.replace(trigger=restarted.trigger.replace(match=None))
