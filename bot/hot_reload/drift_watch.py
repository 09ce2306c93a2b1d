"""Reports once when the core in the checkout differs from the core that runs."""

import hashlib
from collections.abc import Callable, Collection

import structlog
from theseus_guard.completion import run_in_thread

from bot.domain.errors import PortError
from bot.domain.posts import Post
from bot.hot_reload.drift import Drift, DriftCheck
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock

EVERY = 60.0
_log = structlog.stdlib.get_logger(__name__)


class DriftWatch:
    """Checks every minute, and reports a drift that two checks in a row find.

    One check is not enough, because a pull takes a moment. `expected` returns the files for which
    a restart was already announced.
    """

    def __init__(
        self,
        check: DriftCheck,
        chat: Chat,
        clock: Clock,
        dev_channel_id: int,
        expected: Callable[[], Collection[str]],
    ) -> None:
        self._check = check
        self._chat = chat
        self._clock = clock
        self._dev_channel_id = dev_channel_id
        self._expected = expected
        self._seen: Drift | None = None

    @property
    def description(self) -> str:
        """The drift at the last check, for `/health`; empty if there is none."""
        return self._seen.description if self._seen is not None else ""

    async def run_forever(self) -> None:
        """Look every minute until cancelled."""
        await run_periodically(
            self.look,
            self._clock,
            EVERY,
            first_after=EVERY,
            failed=log_warnings(_log, "whether the checkout has drifted is not known"),
        )

    async def look(self) -> None:
        """Look once. Raises `WorkspaceError`."""
        before, self._seen = self._seen, await run_in_thread(self._check.look, self._expected())
        if self._seen is None or self._seen != before:
            return
        text = f"{self._seen.started}:{self._seen.head}:{','.join(self._seen.files)}"
        key = f"drift:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        try:
            await self._chat.post(
                self._dev_channel_id, Post(text=f"⚠️ {self._seen.description}"), key=key
            )
        except PortError as error:
            _log.warning("the dev channel was not told of a drift: %s", error)
