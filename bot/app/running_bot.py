"""One bot from its connection to its end: stopped in good order, or handing over to another."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.adapters.discord_chat import DiscordChat
from bot.app.state_lock import StateLock
from bot.app.supervision import Beginning, Supervision
from bot.client import TheseusClient, connect
from bot.infra.signals import list_ending_signals
from bot.ports.clock import Clock
from bot.ports.leadership import Leadership
from bot.self_improvement.running_agent import RunningAgent
from bot.self_improvement.runs.base_updates import START, BaseUpdates
from bot.web import WebServer

RepeatedTurn = Callable[[], Coroutine[Any, Any, None]]

HANDOVER = "it hands over to a new process"
SHUTTING_DOWN = "it is shutting down"

_GRACE_SECONDS = 0.5  # which a hand-over gives those who are about to answer
_log = structlog.stdlib.get_logger(__name__)


class Closing:
    """The reason why the bot accepts no more work; `None` while it accepts work."""

    def __init__(self) -> None:
        self.why: str | None = None

    def begin(self, why: str) -> None:
        """Accept no more work, for that reason."""
        self.why = why


@dataclass(frozen=True)
class BotParts:
    """The parts of the bot, not running yet.

    Attributes:
        answering: Tasks that event handlers need until the end.
        work: Tasks that run alongside, and end first.
        written: Waits until everything that people did is recorded.
        on_signal: Activates an emergency stop.
        leave_ledger: Releases the ledger for the next process; only one process may use it.
    """

    client: TheseusClient
    chat: DiscordChat
    agent: RunningAgent
    base_updates: BaseUpdates
    clock: Clock
    closing: Closing
    answering: tuple[RepeatedTurn, ...]
    work: tuple[RepeatedTurn, ...]
    written: Callable[[], Awaitable[None]]
    on_signal: Callable[[], None]
    leave_ledger: Callable[[], Awaitable[None]]
    web: WebServer | None = None


class RunningBot:
    """Runs the parts. `drain` is how long the end may take what is under way, in seconds."""

    def __init__(
        self,
        parts: BotParts,
        lock: StateLock,
        supervision: Supervision,
        beginning: Beginning,
        leadership: Leadership,
        *,
        drain: float,
    ) -> None:
        self._parts = parts
        self._lock = lock
        self._supervision = supervision
        self._beginning = beginning
        self._leadership = leadership
        self._drain = drain
        self._until = 0.0

    async def run(self, token: str) -> None:
        """Run until a signal or the supervisor asks for the end, or until a part fails."""
        parts, supervision = self._parts, self._supervision
        self._handle_signals()
        self._resume_session()
        async with asyncio.TaskGroup() as group:
            outside = [
                group.create_task(connect(parts.client, token), name="discord"),
                *(group.create_task(each()) for each in parts.answering),
                group.create_task(self._leadership.run_forever()),
                group.create_task(supervision.report(self._is_ready)),
                group.create_task(supervision.follow()),
                group.create_task(self._announce_ready()),
            ]
            work = [group.create_task(each()) for each in parts.work]
            await _wait_for_any(supervision.stop, supervision.freeze)
            self._until = parts.clock.monotonic() + self._drain
            if supervision.stop.is_set():
                await self._shut_down(work)
            else:
                await self._hand_off(work)
            await parts.client.close()
            for task in outside:
                task.cancel()

    def _handle_signals(self) -> None:
        """Stop in order at the first signal; a second signal ends the process at once."""
        loop, numbers = asyncio.get_running_loop(), list_ending_signals()

        def on_signal() -> None:
            for number in numbers:
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_DFL)
            self._supervision.stop.set()

        for number in numbers:
            loop.add_signal_handler(number, on_signal)

    def _resume_session(self) -> None:
        """Go on with the session that another process has left, if one has."""
        client, session = self._parts.client, self._beginning.session
        if session is not None:
            client.inherit(session, lambda: self._supervision.say("resuming"))
        if self._beginning.succeeds:
            client.alone.clear()

    def _is_ready(self) -> bool:
        return self._parts.client.is_ready() and not self._parts.client.is_closed()

    async def _announce_ready(self) -> None:
        """Report to the supervisor that the bot works, and finish the work of the predecessor."""
        parts = self._parts
        await parts.client.wait_until_ready()
        self._supervision.say("ready")
        await self._supervision.alone.wait()
        if self._beginning.succeeds:
            await parts.chat.send_leftovers()
        await self._leadership.finish_succession()
        parts.client.alone.set()
        await parts.base_updates.ask(START)  # commits that were pushed while no bot was running

    # The end

    async def _shut_down(self, work: Sequence[asyncio.Task[None]]) -> None:
        """Accept no new work, finish or park the current work, and send the last messages."""
        parts = self._parts
        parts.closing.begin(SHUTTING_DOWN)
        _log.info("stopping")
        await parts.agent.drain(
            self._seconds_left, refuse="I am being stopped or restarted just now"
        )
        await parts.client.wait_until_idle(self._seconds_left)
        await self._drain_http()
        await _cancel_all(work)
        await parts.chat.wait_until_sent(self._seconds_left)
        await parts.written()
        if self._leadership.fence is not None:  # a standby resumes the session
            await self._leadership.leave(await parts.client.leave(), to_heir=False)

    async def _hand_off(self, work: Sequence[asyncio.Task[None]]) -> None:
        """Park the current work, leave session and state to the next process, and finish answers.

        This process receives events until the runs are parked, and the next process after that.
        """
        parts = self._parts
        parts.closing.begin(HANDOVER)
        _log.info("handing over")
        await parts.agent.drain(self._seconds_left)
        await self._drain_http()
        # Everything slow comes before `leave`: between `leave` and the next process's start, no
        # process receives events.
        await _cancel_all(work)
        if parts.web is not None:
            await parts.web.close()
        left_at = parts.clock.monotonic()
        session = await parts.client.leave()
        quiet = await parts.client.wait_until_idle(min(_GRACE_SECONDS, self._seconds_left))
        # If an answer is still in progress, its model request has to be charged to the ledger here.
        if quiet:
            await parts.leave_ledger()
        await parts.chat.wait_until_sent(min(_GRACE_SECONDS, self._seconds_left))
        await parts.written()
        await self._leadership.leave(session, to_heir=True)
        self._lock.release()
        _log.info("session and state are left, in %.2f s", parts.clock.monotonic() - left_at)
        inherited = session.model_dump() if session is not None else None
        logins = parts.web.leave_sessions() if parts.web is not None else None
        self._supervision.say("frozen", session=inherited, logins=logins)
        self._until = parts.clock.monotonic() + self._drain
        await _wait_for_any(self._supervision.retire, self._supervision.stop)
        if not self._supervision.stop.is_set():
            await parts.client.wait_until_idle(self._seconds_left)
            await parts.chat.wait_until_sent(self._seconds_left)
            await parts.written()

    async def _drain_http(self) -> None:
        """Serve until a load balancer had the time to see that the bot is closing."""
        web = self._parts.web
        if web is not None:
            closing_for = self._drain - self._seconds_left
            await web.wait_until_drained(closing_for, at_most=self._seconds_left)

    @property
    def _seconds_left(self) -> float:
        """The seconds that are left for the end."""
        return max(0.0, self._until - self._parts.clock.monotonic())


async def _cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them and wait for their end; what they raise then is their group's."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


async def _wait_for_any(*events: asyncio.Event) -> None:
    """Wait for one of them."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*waiting, return_exceptions=True)
