"""Deploys commits that reached the followed branch from elsewhere, such as a manual merge.

A request only makes the bot look at the remote, and only what the remote holds counts. The bot also
looks after each start and every few minutes, because requests were lost while it was down.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import structlog
from theseus_observe.redaction import redact

from bot.domain.arrival import Arrival
from bot.domain.audit import AuditEntry
from bot.domain.errors import ChatError, TheseusError
from bot.domain.journal import Kind
from bot.domain.posts import Post
from bot.domain.stop import Stop
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.workspace import Checkout
from bot.presentation.cards import render_arrival
from bot.self_improvement.runs.deployer import Deployer
from bot.telemetry import Recorder

SETTLE_SECONDS = 1.0
"""Seconds from a request to the look: requests during this time share one look."""
LOOK_SECONDS = 300.0
"""Seconds between looks without a request, for missing or lost webhooks."""
START, TIMER = "start", "timer"
"""The sources of looks without a request. Such a look leaves no trace if nothing is new."""
NAME = "webhook"
"""The name of looks in the journal (`reload.webhook`) and in the audit log."""

_log = structlog.stdlib.get_logger(__name__)


async def _get_no_stop() -> Stop | None:
    return None


class BaseUpdates:
    """Looks at the remote on request, one look at a time. Requests during a wait share one look."""

    def __init__(
        self,
        store: Store,
        chat: Chat,
        clock: Clock,
        recorder: Recorder,
        checkout: Checkout | None,
        deployer: Deployer,
        *,
        dev_channel_id: int,
        get_stop: Callable[[], Awaitable[Stop | None]] = _get_no_stop,
    ) -> None:
        self._store = store
        self._chat = chat
        self._clock = clock
        self._recorder = recorder
        self._checkout = checkout
        self._deployer = deployer
        self._dev_channel_id = dev_channel_id
        self._get_stop = get_stop
        self._asked = asyncio.Event()
        self._how: set[str] = set()
        self._last_failure = ""

    async def ask(self, how: str) -> Stop | None:
        """Request a look at the remote; return the emergency stop if it prevents the look.

        `how` names the source of the request for the audit log.
        """
        stop = await self._get_stop()
        if stop is None:
            self._how.add(how)
            self._asked.set()
        return stop

    def leave_refused(self) -> None:
        """Record that a restart was refused and the checkout was reset to the running commit."""
        self._deployer.leave_refused()

    async def run_forever(self) -> None:
        """Look on request and at intervals, until cancelled."""
        await run_periodically(
            self._answer_requests,
            self._clock,
            LOOK_SECONDS,
            first_after=LOOK_SECONDS,
            wake=self._asked,
            failed=log_warnings(_log, "new commits of the followed branch were not deployed"),
        )

    async def _answer_requests(self) -> None:
        await self._clock.sleep(SETTLE_SECONDS)
        self._asked.clear()  # this look also answers the requests that came during the wait
        how = self._how or {TIMER}
        self._how = set()
        # No one asked, so a look without news would only fill the audit log.
        if how <= {START, TIMER} and not await self._has_news():
            return
        await self.look(" and ".join(sorted(how)))

    async def _has_news(self) -> bool:
        """Return whether there is something to deploy. Raises `WorkspaceError`.

        Without a connection to the remote this is false, and nothing is logged: the next look tries
        again.
        """
        return await self._get_stop() is None and await self._deployer.is_behind()

    async def look(self, how: str) -> Arrival | None:
        """Deploy what is new on the followed branch and announce it; `None` if nothing is new.

        Raises `CheckoutDirty`, `WorkspaceError`, `StoreError`. These are announced in the channel
        first.
        """
        stop = await self._get_stop()
        if stop is not None:
            await self._append_audit_entry(
                how, "not done: the emergency stop is active", allowed=False
            )
            return None
        try:
            with self._recorder.measure(Kind.RELOAD, NAME):
                arrival = await self._deployer.sync()
        except TheseusError as error:
            if (
                how != TIMER or str(error) != self._last_failure
            ):  # otherwise each look by the timer would add a row
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
        """Announce what prevents the deployment; the same problem is announced once per commit."""
        text = redact(str(error))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        checkout = self._checkout
        head = await checkout.get_head() if checkout is not None else ""
        post = Post(
            text=f"⚠️ New commits are on the branch I follow, and I could not load them: {text}"
        )
        await self._say(post, key=f"not-arrived:{head[:12]}:{digest}")

    async def _say(self, post: Post, *, key: str) -> None:
        try:
            await self._chat.post(self._dev_channel_id, post, key=key)
        except ChatError as error:
            _log.warning("the new commits could not be announced: %s", error)

    async def _append_audit_entry(self, how: str, note: str, *, allowed: bool) -> None:
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.now(),
                action=NAME,
                allowed=allowed,
                how=how,
                note=redact(note),
            )
        )
