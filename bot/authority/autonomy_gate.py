"""What the bot does by itself: whether it may start, who paused that, and how it is said."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NoReturn

from bot.authority.announcements import tell
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
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.redaction import redact

_STARTS = "autonomous-starts"
_HOUR = timedelta(hours=1)
_REMEMBERED = 1_000
_LATEST = 200  # runs among which a trigger's own is looked for
_LONGEST = timedelta(days=366)
_log = logging.getLogger(__name__)


class AutonomyPolicy:
    """The only way for the bot to start a run that nobody asked for.

    A pause stops new ones, and holds those under way before their next stage; it ends nothing.
    What people ask for, and what they approved, goes on. State is in the key-value store.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chat: Chat,
        journal: Journal,
        key_values: KeyValueStore,
        authorizer: Authorizer,
        blocks: AutonomyBlocks,
        start: Callable[[Trigger], Awaitable[Run]],
        stop_guard: KillSwitchGuard,
        *,
        dev_channel_id: int,
        levels: Autonomy,
        unconfined: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chat = chat
        self._journal = journal
        self._key_values = key_values
        self._authorizer = authorizer
        self.blocks = blocks
        self._start = start
        self._stop_guard = stop_guard
        self._dev_channel_id = dev_channel_id
        self._granted = self._levels = levels
        self._unconfined = unconfined
        self._turn = asyncio.Lock()
        self._refused: dict[str, str] = {}  # trigger -> why, so that it is audited once

    def reconfigure(self, wanted: Autonomy) -> Autonomy:
        """Go by this from now on, and return it: nowhere further than was granted at the start."""
        self._levels = restrict_autonomy(self._granted, wanted)
        return self._levels

    async def start(self, trigger: Trigger) -> Run:
        """Start a run for an incident or an audit, or return the one this trigger started.

        Raises `Paused` with who, why and until when; `ChatRejected` where no thread can be opened;
        `OutOfBounds` for what a person asked, which goes through `request`.
        """
        if trigger.origin == "person" or trigger.person != ITSELF:
            raise OutOfBounds("What a person asks for is no work of the bot's own.")
        trigger = redact_trigger(trigger)
        async with self._turn:
            stop = await self._stop_guard.get_stop()
            if stop is not None or self._stop_guard.distrust:
                await self._refuse(trigger, stop.summary if stop else self._stop_guard.distrust)
            if not await self._is_there(trigger):
                await self._count(trigger)
            return await self._start(trigger)

    async def pause(self, person: Person, why: str = "", until: datetime | None = None) -> Pause:
        """Stop starting anything by itself, from now until `until` or a `resume`.

        Raises `NotAuthorized`, `WrongStage` for a time that has passed or is too far.
        """
        now = self._clock.get_time()
        if until is not None and not now < until <= now + _LONGEST:
            raise WrongStage(
                f"I can pause until a time to come within a year, not {format_timestamp(until)}."
            )
        why = redact(" ".join(why.split()))[:500]
        await self._authorizer.ask(person, Act.STEER, None, f"pause: {why or '-'} until {until}")
        pause = Pause(kind="person", why=why, by=person, at=now, until=until)
        await self._key_values.put(PAUSE, pause)
        told = f"⏸️ {pause.describe()} What people ask me for is still done."
        await self._say(told, f"pause:{now.isoformat()}")
        return pause

    async def resume(self, person: Person) -> Pause:
        """Lift the pause a person gave, and return it. Raises `NotAuthorized`, `WrongStage`."""
        await self._authorizer.ask(person, Act.STEER, None, "resume")
        pause = await self.blocks.get_manual_pause()
        if pause is None:
            standing = await self.blocks.find_pause()
            raise WrongStage(standing.describe() if standing else "My own work is not paused.")
        await self._key_values.remove(PAUSE)
        rest = await self.blocks.find_pause()
        told = f"▶️ **{person.name}** lets me work by myself again."
        told += f" Not yet, though: {rest.describe()}" if rest else ""
        await self._say(told, f"resume:{pause.at.isoformat()}:{self._clock.get_time().isoformat()}")
        return pause

    async def should_wait(self, run: Run) -> bool:
        """Whether a run of its own has to wait before its next stage."""
        history = await self._store.get_history(run.id)
        return await self.blocks.find_run_pause(run, history) is not None

    async def look(self) -> None:
        """Say once that a pause has ended by itself, or that dev mode has begun or ended.

        Called again and again.
        """
        pause = await self._key_values.get(PAUSE, Pause)
        if pause is not None and pause.has_ended(self._clock.get_time()):
            told = await self._describe_resumption(f"▶️ The pause of {pause.who} is over")
            await self._say(told, f"pause-over:{pause.at.isoformat()}")
            await self._key_values.remove(PAUSE)
        await self._look_at_dev_mode()

    async def _look_at_dev_mode(self) -> None:
        if self.blocks.dev_mode is None:
            return
        try:
            begun, over = await self.blocks.dev_mode.look()
        except WorkspaceError as error:
            _log.warning("whether people work on the code cannot be seen: %s", error)
            return
        if begun is not None:
            told = f"⏸️ {begun.describe()} What people ask me for is still done."
            await self._say(told, f"dev-mode:{begun.at.isoformat()}")
        elif over:
            at = self._clock.get_time().isoformat()
            told = await self._describe_resumption("▶️ Nobody works on my code any more")
            await self._say(told, f"dev-mode-over:{at}")

    async def _describe_resumption(self, what: str) -> str:
        """Return what has ended, and whether anything else still stands."""
        rest = await self.blocks.find_pause()
        return f"{what}, but: {rest.describe()}" if rest else f"{what}; I work by myself again."

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
        """Count a start before it is made; one that a crash came upon is not counted twice."""
        starts = await self._load_starts()
        counted = starts.has_key(trigger.key)
        await self._check_start(trigger, StartLog() if counted else starts)
        if not counted:
            now = self._clock.get_time()
            await self._key_values.put(_STARTS, starts.add(trigger.key, now))
        await self._audit(trigger, allowed=True, why="")

    async def _check_start(self, trigger: Trigger, starts: StartLog) -> None:
        pause = await self.blocks.find_pause(await self._list_failure_files(trigger))
        why = pause.describe() if pause else self._unconfined or self._describe_limit(starts)
        if why:
            await self._refuse(trigger, why)
        self._refused.pop(trigger.key, None)

    async def _refuse(self, trigger: Trigger, why: str) -> NoReturn:
        """Raise `Paused`; the same refusal is audited once."""
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
        what = f"I start {most} runs an hour by myself at most (`autonomy.an_hour`)"
        return (
            f"{what}; the next one {format_timestamp(starts.items[-most].at + _HOUR)}."
            if most
            else f"{what}."
        )

    async def _list_failure_files(self, trigger: Trigger) -> tuple[str, ...]:
        """Return the files in the frames of the failure the trigger names."""
        failure = await self._journal.get(trigger.error_id) if trigger.error_id else None
        frames = failure.error.frames if failure and failure.error else ()
        return tuple(dict.fromkeys(frame.file for frame in frames))

    async def _load_starts(self) -> StartLog:
        starts = await self._key_values.get(_STARTS, StartLog) or StartLog()
        return starts.filter_recent(_HOUR, self._clock.get_time())

    async def _say(self, text: str, key: str) -> None:
        await tell(self._chat, self._dev_channel_id, text, key=key)

    async def _audit(self, trigger: Trigger, *, allowed: bool, why: str) -> None:
        note = f"by itself ({trigger.origin}): {trigger.goal}: {trigger.subject}"
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.get_time(),
                action=Act.ASK,
                allowed=allowed,
                how=trigger.origin,
                note=f"{note} ({why})" if why else note,
            )
        )
