"""The emergency stop: accepts, carries out and announces it, and lets approvers lift it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog
from theseus_observe.redaction import redact

from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.authorizer import Authorizer
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.audit import AuditEntry
from bot.domain.errors import RunError, StoreConflict, TheseusError, WrongStage
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.people import Person
from bot.domain.run import FINAL_STATUSES, Run, Status
from bot.domain.stop import Stop, StopHow
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store

STOP = "stop"
"""The name of the announced stop in the key-value store.

Comparing it with the active stop shows whether a stop is new, or was removed.
"""
_CANCEL_SECONDS = 3.0  # seconds for the forge to close a proposal; the run ends in any case
_LIVE = frozenset(Status) - FINAL_STATUSES
_ALL = 1_000
_log = structlog.stdlib.get_logger(__name__)
_NOT_CARRIED_OUT = log_tracebacks(
    _log, "the stop was not carried out completely; the next check continues"
)

ShutdownHook = Callable[[], Awaitable[None]]
"""Ends what works outside of runs, such as the answer of a chat model."""


class RunWorkers(Protocol):
    """Everything that works on runs."""

    async def stop_all(self, but: Collection[str] = ()) -> None:
        """Stop all work at once, except on the runs in `but`; the rows of the runs stay."""
        ...


class RunCanceller(Protocol):
    """Ends runs before their time."""

    async def cancel(self, run_id: str, reason: str, *, forge_seconds: float | None = None) -> Run:
        """End a run. Raises `WrongStage` if it has ended or merged already."""
        ...


class RunSpeaker(Protocol):
    """Posts in runs' threads."""

    async def say(self, run: Run, text: str, *, key: str) -> None:
        """Post the text in the run's thread, once for this key."""
        ...


class WorkEnding:
    """Ends all work. A merge that was already done still goes live, and its thread says so."""

    def __init__(
        self,
        store: Store,
        run_locks: RunLocks,
        workers: RunWorkers,
        cancellation: RunCanceller,
        notifier: RunSpeaker,
        shutdown_hooks: Sequence[ShutdownHook] = (),
    ) -> None:
        self._store = store
        self._run_locks = run_locks
        self._workers = workers
        self._cancellation = cancellation
        self._notifier = notifier
        self._shutdown_hooks = shutdown_hooks  # they end programs that belong to no run
        self._merged: set[str] = set()  # runs that may go live during the stop

    def forget_merged(self) -> None:
        """Forget which runs were going live during the last stop, so that a later one ends them."""
        self._merged.clear()

    async def end_all(self, stop: Stop) -> int:
        """End all runs: first all their workers at once, then their rows. Return the number."""
        await self._workers.stop_all(self._merged)
        for end_programs in self._shutdown_hooks:
            await end_programs()
        runs: Sequence[Run] = await self._store.find(status=_LIVE, limit=_ALL)
        left = [run.id for run in runs if run.id not in self._merged]
        return sum(await asyncio.gather(*(self._end(run_id, stop) for run_id in left)))

    async def _end(self, run_id: str, stop: Stop) -> bool:
        """End one run; return whether it was ended.

        A run that has merged goes live, and says so.
        """
        async with self._run_locks.get(run_id):
            try:
                await self._cancellation.cancel(run_id, stop.ends, forge_seconds=_CANCEL_SECONDS)
                return True
            except RunError:
                run = await self._store.get(run_id)
                if not run.has_ended:
                    self._merged.add(run_id)
                    text = f"{stop.ends} This was already merged, so it still goes live."
                    await self._notifier.say(run, text, key=f"stop:{stop.at.isoformat()}")
                return False
            except StoreConflict:
                return False  # another writer was faster; the next check sees the result
            except TheseusError:
                _log.exception("run %s could not be ended; the next check tries again", run_id)
                return False


@dataclass(frozen=True, eq=False)
class StopAnnouncements:
    """Audits, journals and announces what happens to the stop."""

    store: Store
    clock: Clock
    recorder: ActionRecorder
    announcer: DevChannelAnnouncer

    async def announce_stop(self, stop: Stop, run_count: int) -> None:
        """Announce a stop that ended so many runs. If interrupted, all of it is repeated."""
        note = f"{stop.why or '-'} ({run_count} runs ended)"
        await self._audit(Act.STOP, stop.by, stop.how, note)
        self._record("emergency_stop", stop.by)
        runs = f" {run_count} run{'s' * (run_count != 1)} ended." if run_count else ""
        await self.announcer.tell(
            f"⛔ {stop.summary}{runs}", key=f"stop:{stop.at.isoformat()}:{stop.how}"
        )

    async def announce_start(self, stop: Stop) -> None:
        """Announce that the bot was started during a stop."""
        text = f"⛔ I was started, but the emergency stop is active. {stop.summary}"
        await self.announcer.tell(text, key=f"stop-stands:{self.clock.now().isoformat()}")

    async def announce_lift(self, person: Person, why: str) -> None:
        """Announce that a person has lifted the stop; that is audited already."""
        self._record("emergency_lift", person)
        text = f"▶️ **{person.name}** has lifted the emergency stop{f': {why}' if why else ''}."
        await self.announcer.tell(
            f"{text} The runs it ended do not start again on their own.",
            key=f"lift:{self.clock.now().isoformat()}",
        )

    async def audit_removal(self) -> None:
        """Audit that the stop was removed on the machine."""
        await self._audit(Act.LIFT, None, "file", "the stop is gone from the state folder")

    async def announce_removal(self) -> None:
        """Announce that the stop was removed on the machine."""
        self._record("emergency_lift", None)
        text = "▶️ The emergency stop was lifted on the machine: its file was removed."
        await self.announcer.tell(text, key=f"lift:{self.clock.now().isoformat()}")

    async def _audit(self, act: Act, person: Person | None, how: str, note: str) -> None:
        await self.store.append_audit_entry(
            AuditEntry(
                at=self.clock.now(),
                action=act,
                allowed=True,
                person=person,
                how=how,
                note=note,
            )
        )

    def _record(self, name: str, person: Person | None) -> None:
        user = None if person is None else person.id
        self.recorder.record(Kind.RUN, name, ActionOutcome.OK, user_id=user)


class EmergencyStop:
    """Stops all work and keeps it stopped, across restarts, until the stop is lifted.

    The kill switch is set first: if this process dies then, the next one finds the active stop and
    completes it. A merge that was already done still goes live; all other work ends.
    """

    def __init__(
        self,
        clock: Clock,
        key_values: KeyValueStore,
        stop_guard: KillSwitchGuard,
        authorizer: Authorizer,
        ending: WorkEnding,
        announcements: StopAnnouncements,
        *,
        interval: timedelta,
    ) -> None:
        self._clock = clock
        self._key_values = key_values
        self._stop_guard = stop_guard
        self._authorizer = authorizer
        self._ending = ending
        self._announcements = announcements
        self._interval = interval
        self._stop_count = 0
        self._stored_stop: Stop | None = (
            None  # the announced stop, as stored; only this class writes it
        )
        self._has_looked = False
        self._wake = asyncio.Event()
        self._switch_lock = asyncio.Lock()
        self._look_lock = asyncio.Lock()

    async def get_stop(self) -> Stop | None:
        """Return the active stop or `None`: cheap, and always current."""
        return await self._stop_guard.get_stop()

    async def format_vital_sign(self) -> str:
        """Return a line for `/health`."""
        stop = await self.get_stop()
        return f"**Emergency stop** ⛔ {stop.summary}" if stop else "**Emergency stop** not active"

    # Stopping

    async def stop(self, person: Person | None, how: StopHow, why: str = "") -> Stop:
        """Stop all work; return the active stop once all runs have ended.

        A second stop is carried out again, which is harmless. Raises `NotAuthorized`, audited.
        """
        why = redact(" ".join(why.split()))[:500]
        if person is not None:
            person = await self._authorizer.admit(person, Act.STOP, None, f"{how}: {why}")
        stop = self._hold(how, person, why)
        async with self._switch_lock:
            if await self._stop_guard.flush_held():
                stop = await self.get_stop() or stop
        await self._run_safely(self.look)
        return stop

    def on_signal(self) -> None:
        """Stop all work on a signal: the stop is active when this returns, the rest follows."""
        self._hold("signal", None, "")
        self._wake.set()

    def _hold(self, how: StopHow, person: Person | None, why: str) -> Stop:
        self._stop_count += 1
        stop = Stop(how=how, at=self._clock.now(), by=person, why=why)
        return self._stop_guard.hold(stop)

    async def run_forever(self) -> None:
        """Check periodically whether to stop, and at once after a signal, until cancelled."""
        interval = self._interval.total_seconds()
        await run_periodically(
            self.look, self._clock, interval, wake=self._wake, failed=_NOT_CARRIED_OUT
        )

    async def on_start(self) -> Stop | None:
        """Carry out a stop that was active before the start, and announce it."""
        stop = await self.get_stop()
        await self._run_safely(self.look)
        if stop is not None:
            await self._announcements.announce_start(stop)
        return await self.get_stop()

    async def look(self) -> None:
        """Carry out an active stop; announce a new one, and one that was removed."""
        async with self._look_lock:
            async with self._switch_lock:
                await self._stop_guard.flush_held()
                stop = await self.get_stop()
                announced = await self._load_announced_stop()
                if stop is None:
                    self._ending.forget_merged()
                    if announced is not None:
                        await self._handle_removal()
                    return
            ended = await self._ending.end_all(stop)
            if announced != stop:
                await self._announcements.announce_stop(stop, ended)
                await self._key_values.put(STOP, stop)
                self._stored_stop = stop

    async def _load_announced_stop(self) -> Stop | None:
        """Return the announced stop; it is read from the store only once."""
        if not self._has_looked:
            self._stored_stop = await self._key_values.get(STOP, Stop)
            self._has_looked = True
        return self._stored_stop

    async def _forget_announced_stop(self) -> None:
        await self._key_values.remove(STOP)
        self._stored_stop = None

    # Lifting

    async def lift(self, person: Person, why: str = "") -> Stop:
        """Allow work again; return the lifted stop. Ended runs do not start again.

        Raises `NotAuthorized`, `WrongStage`, `StoreError`; the stop is still active then.
        """
        why, given = redact(" ".join(why.split()))[:500], self._stop_count
        await self._authorizer.ask(person, Act.LIFT, None, f"lift: {why or '-'}")
        async with self._switch_lock:
            stop = await self.get_stop()
            if stop is None:
                raise WrongStage("The emergency stop is not active.")
            if self._stop_count != given:
                raise WrongStage("Everything was just stopped again, so the stop stays active.")
            await self._stop_guard.lift()
            await self._forget_announced_stop()
        await self._announcements.announce_lift(person, why)
        return stop

    async def _handle_removal(self) -> None:
        """Announce that the stop was removed on the machine."""
        await self._announcements.audit_removal()
        await self._forget_announced_stop()
        await self._announcements.announce_removal()

    async def _run_safely(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except TheseusError as error:
            _NOT_CARRIED_OUT(error)
