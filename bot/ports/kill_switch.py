"""The kill switch port: stores the emergency stop where an operator of the machine can reach it."""

from typing import Protocol

from bot.domain.stop import Stop


class KillSwitch(Protocol):
    """Stores at most one stop; it outlives the process. Raises `StoreError`.

    A stop that cannot be read is still active: any file there, however damaged, means stop. If it
    cannot even be checked whether there is a stop, one is active too.
    """

    async def get_stop(self) -> Stop | None:
        """Return the active stop, whoever gave it, or `None`.

        The call is cheap and always current.
        """
        ...

    async def pull(self, stop: Stop) -> Stop:
        """Store the stop and return it.

        If a stop is already active, that one stays and is returned.
        """
        ...

    async def lift(self) -> None:
        """Remove the stop; harmless if there is none."""
        ...
