"""A fence that lets pass, or refuses."""

from bot.domain.errors import StoreError, TheseusError
from bot.domain.gateway_session import GatewaySession
from bot.domain.leadership import LeadershipLost


class FakeFence:
    """Implements `Fence`. It raises `refusal`, if there is one, and keeps what was claimed."""

    def __init__(self) -> None:
        self.refusal: TheseusError | None = None
        self.claimed: list[GatewaySession] = []

    def end_lead(self) -> None:
        """Let another process lead."""
        self.refusal = LeadershipLost("Another process leads now.")

    def hide_database(self) -> None:
        """Let the database be out of reach."""
        self.refusal = StoreError("The database cannot be reached.")

    async def check(self) -> None:
        """Raise the refusal."""
        if self.refusal is not None:
            raise self.refusal

    async def check_lead(self) -> None:
        """Raise the refusal."""
        await self.check()

    async def claim(self, session: GatewaySession) -> None:
        """Raise the refusal, or keep the session."""
        await self.check()
        self.claimed.append(session)
