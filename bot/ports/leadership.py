"""The leadership port: one process acts, and proves it before each act."""

from typing import Protocol

from bot.domain.gateway_session import GatewaySession
from bot.domain.leadership import WriteFence


class Fence(Protocol):
    """Keeps a process that no longer leads from acting.

    Raises `LeadershipLost` then, and `StoreError` if it cannot find out: the caller must not act.
    """

    async def check(self) -> None:
        """Return if this process may send messages and answers."""
        ...

    async def check_lead(self) -> None:
        """Return if this process leads; a predecessor that only finishes its answers does not."""
        ...

    async def claim(self, session: GatewaySession) -> None:
        """Record that this process handles the event of this number, before it does."""
        ...


class Leadership(Protocol):
    """The lead of this process, from its first moment to its end."""

    @property
    def fence(self) -> Fence | None:
        """What to ask before each act; `None` where there is only one process."""
        ...

    @property
    def write_fence(self) -> WriteFence | None:
        """What the database asks before each transaction."""
        ...

    @property
    def session(self) -> GatewaySession | None:
        """The gateway session of the former leader, to be resumed."""
        ...

    async def run_forever(self) -> None:
        """Show that the leader works, until cancelled."""
        ...

    async def finish_succession(self) -> None:
        """Let the predecessor act no more: it has finished."""
        ...

    async def leave(self, session: GatewaySession | None, *, to_heir: bool) -> None:
        """Record the session for the next leader, and show no more that this one works.

        With `to_heir`, another process may lead at once, for some seconds only one with the same
        state folder, and this process may still finish its answers. Else another process may lead
        once this one has ended. A second call has no effect. Errors are logged.
        """
        ...
