"""The kill switch in memory; like the real one, it outlives the agent."""

from bot.domain.errors import StoreError
from bot.domain.stop import Stop


class FakeKillSwitch:
    """Implements `bot.ports.kill_switch.KillSwitch`. `stuck`
    is raised instead of keeping or lifting.
    """

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self.stuck: StoreError | None = None

    async def get_stop(self) -> Stop | None:
        """Return the active stop, or `None`."""
        return self.stop

    async def pull(self, stop: Stop) -> Stop:
        """Store the stop, unless one is active."""
        if self.stop is None:
            self._try()
            self.stop = stop
        return self.stop

    async def lift(self) -> None:
        """Take it away; again is harmless."""
        self._try()
        self.stop = None

    def _try(self) -> None:
        if self.stuck is not None:
            raise self.stuck
