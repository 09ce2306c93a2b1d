"""Catching up: commits that came to the followed branch from elsewhere are taken on.

Somebody merged at the forge by hand, or wants the files read again. Whoever asks can only make the
bot look at the remote itself: what is there is what counts, never what was said about it. The bot
also looks after each start and every few minutes: while it was down nobody could ask.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable

from bot.domain.arrival import Arrival
from bot.domain.audit import AuditEntry
from bot.domain.errors import ChatError, TheseusError
from bot.domain.journal import Kind
from bot.domain.posts import Post
from bot.domain.stop import Stop
from bot.periodic import log_warnings, run_periodically
from bot.presentation.cards import render_arrival
from bot.redaction import redact
from bot.self_improvement.services import Services
from bot.self_improvement.steps.ship import Deployer

SETTLE_SECONDS = 1.0
"""Between being asked and looking: what is asked meanwhile is the same look."""
LOOK_SECONDS = 300.0
"""Between looks that nobody asked for: a push is noticed without a webhook, or with a lost one."""
START, TIMER = "start", "timer"
"""How looks are named that nobody asked for; one that finds nothing new leaves no trace."""
NAME = "webhook"
"""How looks are journalled (`reload.webhook`) and audited."""

_log = logging.getLogger(__name__)


async def _get_no_stop() -> Stop | None:
    return None


class BaseUpdates:
    """Looks at the remote when asked, one look at a time, however often it is asked."""

    def __init__(
        self,
        services: Services,
        deployer: Deployer,
        *,
        dev_channel_id: int,
        get_stop: Callable[[], Awaitable[Stop | None]] = _get_no_stop,
    ) -> None:
        self._services = services
        self._deployer = deployer
        self._dev_channel_id = dev_channel_id
        self._get_stop = get_stop
        self._asked = asyncio.Event()
        self._how: set[str] = set()
        self._last_failure = ""

    async def ask(self, how: str) -> Stop | None:
        """Have the remote looked at soon; return the emergency stop that keeps it from that.

        `how` names the way it was asked, for the audit log.
        """
        stop = await self._get_stop()
        if stop is None:
            self._how.add(how)
            self._asked.set()
        return stop

    def leave_refused(self) -> None:
        """Take note that a restart was refused, and the checkout put back to what runs."""
        self._deployer.leave_refused()

    async def run_forever(self) -> None:
        """Look whenever asked, and now and then, until cancelled."""
        await run_periodically(
            self._take_on,
            self._services.clock,
            LOOK_SECONDS,
            first_after=LOOK_SECONDS,
            wake=self._asked,
            failed=log_warnings(_log, "what came from elsewhere was not taken on"),
        )

    async def _take_on(self) -> None:
        await self._services.clock.sleep(SETTLE_SECONDS)
        self._asked.clear()  # who asked meanwhile is answered by this look
        how = self._how or {TIMER}
        self._how = set()
        if how <= {START, TIMER} and not await self._has_news():
            return
        await self.look(" and ".join(sorted(how)))

    async def _has_news(self) -> bool:
        """Return whether there is something to take on. Raises `WorkspaceError`.

        Without a connection to the remote nothing is known, and nothing is said: the next look
        tries again.
        """
        return await self._get_stop() is None and await self._deployer.is_behind()

    async def look(self, how: str) -> Arrival | None:
        """Take on what is new on the followed branch, and say so; `None`: nothing was new.

        Raises `CheckoutDirty`, `WorkspaceError`, `StoreError`; the channel is told of those first.
        """
        stop = await self._get_stop()
        if stop is not None:
            await self._append_audit_entry(
                how, "not done: the emergency stop stands", allowed=False
            )
            return None
        try:
            with self._services.recorder.measure(Kind.RELOAD, NAME):
                arrival = await self._deployer.sync()
        except TheseusError as error:
            if how != TIMER or str(error) != self._last_failure:  # else every look would be a row
                await self._append_audit_entry(how, f"failed: {error}", allowed=True)
            self._last_failure = str(error)
            await self._say_failed(error)
            raise
        if arrival is None:
            await self._append_audit_entry(how, "nothing was new", allowed=True)
            return None
        state = "live" if arrival.live else "not live yet"
        note = f"{state} at {arrival.commit}, {len(arrival.files)} files"
        await self._append_audit_entry(how, note, allowed=True)
        await self._say(render_arrival(arrival), key=f"arrived:{arrival.commit}")
        return arrival

    async def _say_failed(self, error: TheseusError) -> None:
        """Say once what is in the way; the same again is no news."""
        text = redact(str(error))
        mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        checkout = self._services.checkout
        head = await checkout.get_head() if checkout is not None else ""
        post = Post(
            text=f"⚠️ Commits came to the branch I follow, and I could not take them on: {text}"
        )
        await self._say(post, key=f"not-arrived:{head[:12]}:{mark}")

    async def _say(self, post: Post, *, key: str) -> None:
        try:
            await self._services.chat.post(self._dev_channel_id, post, key=key)
        except ChatError as error:
            _log.warning("the channel was not told what came from elsewhere: %s", error)

    async def _append_audit_entry(self, how: str, note: str, *, allowed: bool) -> None:
        await self._services.store.append_audit_entry(
            AuditEntry(
                at=self._services.clock.get_time(),
                action=NAME,
                allowed=allowed,
                how=how,
                note=redact(note),
            )
        )
