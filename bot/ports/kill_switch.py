"""The kill switch: where the emergency stop is kept, within reach of whoever has the machine."""

from typing import Protocol

from bot.domain.stop import Stop


class KillSwitch(Protocol):
    """At most one stop stands; it outlives the process.

    A stop that cannot be read still stands: what is there, however broken, means stop. Where even
    that cannot be seen, it stands as well. Raises `StoreError`.
    """

    async def get_stop(self) -> Stop | None:
        """Return the stop that stands, whoever put it there: cheap, and never out of date."""
        ...

    async def pull(self, stop: Stop) -> Stop:
        """Keep the stop; where one stands already, that one is kept, and returned."""
        ...

    async def lift(self) -> None:
        """Take it away; again is harmless."""
        ...
