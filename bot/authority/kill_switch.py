"""The guard of the kill switch: everything that begins work checks here for an active stop."""

from bot.domain.errors import OutOfBounds, Stopped, StoreError
from bot.domain.stop import Stop
from bot.ports.kill_switch import KillSwitch


class KillSwitchGuard:
    """Reads the kill switch, and holds a stop of this process that could not be stored yet."""

    def __init__(self, kill_switch: KillSwitch) -> None:
        self._kill_switch = kill_switch
        self._held: Stop | None = None
        self._distrust = ""

    def hold(self, stop: Stop) -> Stop:
        """Make a stop of this process active at once, until the kill switch stores it.

        Return the active one: a stop that is held already stays.
        """
        self._held = self._held or stop
        return self._held

    def forbid_merges(self, reason: str) -> None:
        """Refuse all merges, although no stop is active; an empty reason allows them again."""
        self._distrust = reason

    @property
    def distrust(self) -> str:
        """Why nothing may be merged although no stop is active: the audit log is not intact."""
        return self._distrust

    async def get_stop(self) -> Stop | None:
        """Return the active stop or `None`. If the kill switch cannot be read, a stop is active."""
        return self._held or await self._kill_switch.get_stop()

    async def check(self) -> None:
        """Raise `Stopped`, with how to lift the stop, if one is active."""
        stop = await self.get_stop()
        if stop is not None:
            raise Stopped(stop.summary)

    async def check_merge(self) -> None:
        """Raise `Stopped` if a stop is active, or `OutOfBounds` if the audit log is not intact."""
        await self.check()
        if self._distrust:
            raise OutOfBounds(self._distrust)

    async def lift(self) -> None:
        """Remove the stop. If it raises `StoreError`, the stop is still active."""
        await self._kill_switch.lift()
        self._held = None

    async def flush_held(self) -> bool:
        """Try to store a held stop in the kill switch; return whether none is held any more."""
        held = self._held
        if held is None:
            return True
        try:
            await self._kill_switch.pull(held)
        except StoreError:
            return False
        if self._held is held:  # another stop may have been given meanwhile
            self._held = None
        return True
