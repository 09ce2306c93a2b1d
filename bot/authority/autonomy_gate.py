"""Autonomous work: whether the bot may start a run on its own, and who paused that."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NoReturn

import structlog
from theseus_observe.redaction import redact

from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.authorizer import Authorizer
from bot.authority.autonomy_blocks import PAUSE, AutonomyBlocks
from bot.authority.autonomy_levels import Autonomy, restrict_autonomy
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.pauses import Pause, StartLog
from bot.authority.policy import Act
from bot.authority.trigger_redaction import redact_trigger
from bot.domain.audit import AuditEntry
from bot.domain.errors import OutOfBounds, Paused, WorkspaceError, WrongStage
from bot.domain.people import ITSELF, Person
from bot.domain.run import Run, Trigger
from bot.domain.waits import format_timestamp
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store

_STARTS = "autonomous-starts"
_HOUR = timedelta(hours=1)
_REMEMBERED = 1_000
_LATEST = 200  # the newest runs, among which an existing run of a trigger is searched
_LONGEST = timedelta(days=366)
_log = structlog.stdlib.get_logger(__name__)


class AutonomyPolicy:
    """The only way for the bot to start a run that no person asked for.

    A pause prevents new autonomous runs and holds active ones before their next stage; it ends
    none. What people asked for or approved continues. State is in the key-value store.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        announcer: DevChannelAnnouncer,
        journal: Journal,
        key_values: KeyValueStore,
        authorizer: Authorizer,
        blocks: AutonomyBlocks,
        start: Callable[[Trigger], Awaitable[Run]],
        stop_guard: KillSwitchGuard,
        *,
        levels: Autonomy,
        unconfined: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._announcer = announcer
        self._journal = journal
        self._key_values = key_values
        self._authorizer = authorizer
        self.blocks = blocks
        self._start = start
        self._stop_guard = stop_guard
        self._granted = self._levels = levels
        self._unconfined = unconfined
        self._turn = asyncio.Lock()
        self._refused: dict[str, str] = {}  # trigger -> reason, so that a refusal is audited once

    def reconfigure(self, wanted: Autonomy) -> Autonomy:
        """Apply new levels and return them, limited to those granted at the start."""
        self._levels = restrict_autonomy(self._granted, wanted)
        return self._levels

    @property
    def levels(self) -> Autonomy:
        """The levels that apply now."""
        return self._levels

    async def start(self, trigger: Trigger) -> Run:
        """Start a run for an incident or an audit, or return the run of this trigger.

        Raises `Paused` with who, why and until when; `ChatRejected` if no thread can be opened;
        `OutOfBounds` for a person's request, which must go through the intake.
        """
        if trigger.origin == "person" or trigger.person != ITSELF:
            raise OutOfBounds("A person's request is not work of the bot's own.")
        trigger = redact_trigger(trigger)
        async with self._turn:
            stop = await self._stop_guard.get_stop()
            if stop is not None or self._stop_guard.distrust:
                await self._refuse(trigger, stop.summary if stop else self._stop_guard.distrust)
            if not await self._is_there(trigger):
                await self._count(trigger)
            return await self._start(trigger)

    async def pause(self, person: Person, why: str = "", until: datetime | None = None) -> Pause:
        """Stop all autonomous starts from now until `until` or a `resume`.

        Raises `NotAuthorized`, and `WrongStage` for a time in the past or more than a year ahead.
        """
        now = self._clock.now()
        if until is not None and not now < until <= now + _LONGEST:
            raise WrongStage(
                f"I can pause until a future time within a year, not {format_timestamp(until)}."
            )
        why = redact(" ".join(why.split()))[:500]
        await self._authorizer.ask(person, Act.STEER, None, f"pause: {why or '-'} until {until}")
        pause = Pause(kind="person", why=why, by=person, at=now, until=until)
        await self._key_values.put(PAUSE, pause)
        text = f"⏸️ {pause.describe()} I still do what people ask me for."
        await self._announcer.tell(text, key=f"pause:{now.isoformat()}")
        return pause

    async def resume(self, person: Person) -> Pause:
        """Lift a person's pause and return it. Raises `NotAuthorized`, `WrongStage`."""
        await self._authorizer.ask(person, Act.STEER, None, "resume")
        pause = await self.blocks.get_manual_pause()
        if pause is None:
            other = await self.blocks.find_pause()
            raise WrongStage(other.describe() if other else "My own work is not paused.")
        await self._key_values.remove(PAUSE)
        other = await self.blocks.find_pause()
        text = f"▶️ **{person.name}** has resumed my own work."
        text += f" It is still paused, however: {other.describe()}" if other else ""
        await self._announcer.tell(
            text, key=f"resume:{pause.at.isoformat()}:{self._clock.now().isoformat()}"
        )
        return pause

    async def should_wait(self, run: Run) -> bool:
        """Return whether an autonomous run has to wait before its next stage."""
        history = await self._store.get_history(run.id)
        return await self.blocks.find_run_pause(run, history) is not None

    async def look(self) -> None:
        """Announce once that a pause has ended on its own, or that dev mode has begun or ended.

        Called periodically.
        """
        pause = await self._key_values.get(PAUSE, Pause)
        if pause is not None and pause.has_ended(self._clock.now()):
            text = await self._describe_resumption(f"▶️ The pause of {pause.who} has ended")
            await self._announcer.tell(text, key=f"pause-over:{pause.at.isoformat()}")
            await self._key_values.remove(PAUSE)
        await self._look_at_dev_mode()

    async def _look_at_dev_mode(self) -> None:
        if self.blocks.dev_mode is None:
            return
        try:
            begun, over = await self.blocks.dev_mode.look()
        except WorkspaceError as error:
            _log.warning("cannot check whether people work on the code: %s", error)
            return
        if begun is not None:
            text = f"⏸️ {begun.describe()} I still do what people ask me for."
            await self._announcer.tell(text, key=f"dev-mode:{begun.at.isoformat()}")
        elif over:
            at = self._clock.now().isoformat()
            text = await self._describe_resumption("▶️ No one is working on my code any more")
            await self._announcer.tell(text, key=f"dev-mode-over:{at}")

    async def _describe_resumption(self, what: str) -> str:
        """Return what has ended, and which other pause remains, if any."""
        other = await self.blocks.find_pause()
        if other:
            return f"{what}, but: {other.describe()}"
        return f"{what}; I have resumed my own work."

    async def format_vital_sign(self) -> str:
        """Return a line for `/health`."""
        pause = await self.blocks.find_pause()
        if pause is not None:
            return f"**Own work** ⏸️ {pause.describe()}"
        if self._unconfined:
            return f"**Own work** ⛔ {self._unconfined}"
        starts, limits = await self._load_starts(), self._levels
        return (
            f"**Own work** up to “{limits.level}”; {len(starts.items)} of {limits.an_hour} runs "
            "started this hour"
        )

    async def _is_there(self, trigger: Trigger) -> bool:
        runs = await self._store.find(limit=_LATEST)
        return any(run.trigger.key == trigger.key for run in runs)

    async def _count(self, trigger: Trigger) -> None:
        """Count a start before it is made; after a crash, the same start is not counted again."""
        starts = await self._load_starts()
        counted = starts.has_key(trigger.key)
        await self._check_start(trigger, StartLog() if counted else starts)
        if not counted:
            now = self._clock.now()
            await self._key_values.put(_STARTS, starts.add(trigger.key, now))
        await self._audit(trigger, allowed=True, why="")

    async def _check_start(self, trigger: Trigger, starts: StartLog) -> None:
        pause = await self.blocks.find_pause(await self._list_failure_files(trigger))
        why = pause.describe() if pause else self._unconfined or self._describe_limit(starts)
        if why:
            await self._refuse(trigger, why)
        self._refused.pop(trigger.key, None)

    async def _refuse(self, trigger: Trigger, why: str) -> NoReturn:
        """Raise `Paused`; equal refusals of a trigger are audited once."""
        if self._refused.get(trigger.key) != why:
            while len(self._refused) >= _REMEMBERED:
                del self._refused[next(iter(self._refused))]
            self._refused[trigger.key] = why
            await self._audit(trigger, allowed=False, why=why)
        raise Paused(why)

    def _describe_limit(self, starts: StartLog) -> str:
        most = self._levels.an_hour
        if len(starts.items) < most:
            return ""
        what = f"I start at most {most} runs an hour on my own (`autonomy.an_hour`)"
        return (
            f"{what}; the next one {format_timestamp(starts.items[-most].at + _HOUR)}."
            if most
            else f"{what}."
        )

    async def _list_failure_files(self, trigger: Trigger) -> tuple[str, ...]:
        """Return the files in the traceback of the trigger's failure."""
        failure = await self._journal.get(trigger.error_id) if trigger.error_id else None
        frames = failure.error.frames if failure and failure.error else ()
        return tuple(dict.fromkeys(frame.file for frame in frames))

    async def _load_starts(self) -> StartLog:
        starts = await self._key_values.get(_STARTS, StartLog) or StartLog()
        return starts.filter_recent(_HOUR, self._clock.now())

    async def _audit(self, trigger: Trigger, *, allowed: bool, why: str) -> None:
        note = f"by itself ({trigger.origin}): {trigger.goal}: {trigger.subject}"
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.now(),
                action=Act.ASK,
                allowed=allowed,
                how=trigger.origin,
                note=f"{note} ({why})" if why else note,
            )
        )
