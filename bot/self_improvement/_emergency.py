"""The emergency stop: given in any of its ways, carried out, told, and lifted by an approver."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.audit import AuditEntry
from bot.domain.errors import RunError, StoreConflict, TheseusError, WrongStage
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.run import ENDED, Run, Status
from bot.domain.stop import Stop, StopHow
from bot.self_improvement._cancelling import Cancelling
from bot.self_improvement._parts import Doors, Limits
from bot.self_improvement._permits import Permits
from bot.self_improvement._stop_sign import StopSign
from bot.self_improvement._telling import tell
from bot.self_improvement._turns import Turns
from bot.self_improvement._voice import Voice
from bot.self_improvement._workers import Workers
from bot.telemetry import redact

STOP = "stop"
"""The stop that was told of, on the shelf: it tells a new one, and one that is gone."""
_PATIENCE = 3.0  # seconds for the forge to close a proposal; the run ends all the same
_LIVE = frozenset(Status) - ENDED
_ALL = 1_000
_log = logging.getLogger(__name__)


class Emergency:
    """Stops everything and keeps it stopped, over restarts, until it is lifted.

    The brake is pulled before anything else is done: whatever becomes of this process then, the
    next one finds it standing and does the rest. What was merged already comes live; nothing else
    goes on.
    """

    def __init__(
        self,
        doors: Doors,
        limits: Limits,
        sign: StopSign,
        permits: Permits,
        workers: Workers,
        cancelling: Cancelling,
        voice: Voice,
        turns: Turns,
    ) -> None:
        self._doors = doors
        self._limits = limits
        self._sign = sign
        self._permits = permits
        self._workers = workers
        self._cancelling = cancelling
        self._voice = voice
        self._turns = turns
        self.hushes: list[Callable[[], Awaitable[None]]] = []
        """What ends programs that work on no run; called whenever a stop is carried out."""
        self._given = 0
        self._told: Stop | None = None  # as on the shelf, which only we write
        self._has_looked = False
        self._wake = asyncio.Event()
        self._brake_turn = asyncio.Lock()
        self._look_turn = asyncio.Lock()
        self._merged: set[str] = set()  # runs that may come live although it stands

    async def now(self) -> Stop | None:
        """Return the stop that stands: cheap, and never out of date."""
        return await self._sign.now()

    async def check(self) -> None:
        """Raise `Stopped` with the way out if a stop stands."""
        await self._sign.check()

    async def vital_sign(self) -> str:
        """Return a line for `/health`."""
        stop = await self.now()
        return f"**Emergency stop** ⛔ {stop.told}" if stop else "**Emergency stop** none stands"

    # Stopping

    async def stop(self, person: Person | None, how: StopHow, why: str = "") -> Stop:
        """Stop everything; return the stop that stands, once all runs have ended.

        Given again it is carried out again, which is harmless. Raises `NotAuthorized`, audited.
        """
        why = redact(" ".join(why.split()))[:500]
        if person is not None:
            person = await self._permits.admit(person, Act.STOP, None, f"{how}: {why}")
        stop = self._hold(how, person, why)
        async with self._brake_turn:
            if await self._sign.kept():
                stop = await self.now() or stop
        await self._quietly(self.look)
        return stop

    def signalled(self) -> None:
        """Stop everything on a signal: it stands when this returns, the rest follows."""
        self._hold("signal", None, "")
        self._wake.set()

    def _hold(self, how: StopHow, person: Person | None, why: str) -> Stop:
        self._given += 1
        stop = Stop(how=how, at=self._doors.clock.now(), by=person, why=why)
        self._sign.held = self._sign.held or stop
        return self._sign.held

    async def run_forever(self) -> None:
        """Look at the brake, and at what a stop left open at the forge, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._when_signalled())
            group.create_task(self._cancelling.settling.run_forever())
            while True:
                await self._quietly(self.look)
                await self._doors.clock.sleep(self._limits.brake.total_seconds())

    async def _when_signalled(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._quietly(self.look)

    async def at_start(self) -> Stop | None:
        """Carry out a stop that stands from before, and say that it does."""
        stop = await self.now()
        await self._quietly(self.look)
        if stop is not None:
            at = self._doors.clock.now().isoformat()
            await self._say(f"⛔ I was started, and do nothing. {stop.told}", f"stop-stands:{at}")
        return await self.now()

    async def look(self) -> None:
        """Do what a stop that stands asks for; tell of a new one, and of one that is gone."""
        async with self._look_turn:
            async with self._brake_turn:
                await self._sign.kept()
                stop = await self.now()
                told = await self._was_told()
                if stop is None:
                    self._merged.clear()
                    if told is not None:
                        await self._gone()
                    return
            ended = await self._end_all(stop)
            if told != stop:
                await self._tell(stop, ended)

    async def _was_told(self) -> Stop | None:
        """Return the stop that people were told of; the shelf is asked once, not at each look."""
        if not self._has_looked:
            self._told = await self._doors.shelf.get(STOP, Stop)
            self._has_looked = True
        return self._told

    async def _forget_told(self) -> None:
        await self._doors.shelf.remove(STOP)
        self._told = None

    async def _end_all(self, stop: Stop) -> int:
        """End every run: first what works on them, all at once, then their rows."""
        await self._workers.stop_all(self._merged)
        for hush in self.hushes:
            await hush()
        runs: Sequence[Run] = await self._doors.store.find(status=_LIVE, limit=_ALL)
        left = [run.id for run in runs if run.id not in self._merged]
        return sum(await asyncio.gather(*(self._end(run_id, stop) for run_id in left)))

    async def _end(self, run_id: str, stop: Stop) -> bool:
        """End one run; one that is merged already comes live, and says so."""
        async with self._turns.of(run_id):
            try:
                await self._cancelling.cancel(run_id, stop.ends, patience=_PATIENCE)
                return True
            except RunError:
                run = await self._doors.store.get(run_id)
                if not run.ended:
                    self._merged.add(run_id)
                    text = f"{stop.ends} This was merged before, and comes live."
                    await self._voice.say(run, text, key=f"stop:{stop.at.isoformat()}")
                return False
            except StoreConflict:
                return False  # somebody was faster; the next look sees what became of it
            except TheseusError:
                _log.exception("run %s could not be ended; the next look tries", run_id)
                return False

    # Lifting

    async def lift(self, person: Person, why: str = "") -> Stop:
        """Let work begin again, and return the stop that stood. Nothing comes back by itself.

        Raises `NotAuthorized`, `WrongStage`, `StoreError`, and it stands.
        """
        why, given = redact(" ".join(why.split()))[:500], self._given
        await self._permits.ask(person, Act.LIFT, None, f"lift: {why or '-'}")
        async with self._brake_turn:
            stop = await self.now()
            if stop is None:
                raise WrongStage("Nothing is stopped.")
            if self._given != given:
                raise WrongStage("Everything was stopped once more just now; it stays stopped.")
            await self._sign.lift()
            await self._forget_told()
        self._record("emergency_lift", person)
        told = f"▶️ **{person.name}** has lifted the emergency stop{f': {why}' if why else ''}."
        at = self._doors.clock.now().isoformat()
        await self._say(f"{told} What it ended does not come back by itself.", f"lift:{at}")
        return stop

    async def _gone(self) -> None:
        """Tell of a stop that was taken away on the machine."""
        await self._audit(Act.LIFT, None, "file", "the stop is gone from the state folder")
        await self._forget_told()
        self._record("emergency_lift", None)
        at = self._doors.clock.now().isoformat()
        told = "▶️ The emergency stop was lifted on the machine: it is gone from the state folder."
        await self._say(told, f"lift:{at}")

    # Telling

    async def _tell(self, stop: Stop, ended: int) -> None:
        """Audit, journal and say a stop; cut short, all of it is done again."""
        note = f"{stop.why or '-'} ({ended} runs ended)"
        await self._audit(Act.STOP, stop.by, stop.how, note)
        self._record("emergency_stop", stop.by)
        runs = f" {ended} run{'s' * (ended != 1)} ended." if ended else ""
        await self._say(f"⛔ {stop.told}{runs}", f"stop:{stop.at.isoformat()}:{stop.how}")
        await self._doors.shelf.put(STOP, stop)
        self._told = stop

    async def _audit(self, act: Act, person: Person | None, how: str, note: str) -> None:
        await self._doors.store.audit(
            AuditEntry(
                at=self._doors.clock.now(),
                action=act,
                allowed=True,
                person=person,
                how=how,
                note=note,
            )
        )

    def _record(self, name: str, person: Person | None) -> None:
        user = None if person is None else person.id
        self._doors.recorder.record(Kind.RUN, name, ActionOutcome.OK, user_id=user)

    async def _say(self, text: str, key: str) -> None:
        await tell(self._doors.chat, self._limits.dev_channel_id, text, key=key)

    async def _quietly(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except TheseusError:
            _log.exception("the stop was not carried out to its end; the next look goes on")
