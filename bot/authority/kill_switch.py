"""The stop sign: whether the emergency stop stands. Whoever begins something looks at it first."""

from bot.domain.errors import OutOfBounds, Stopped, StoreError
from bot.domain.stop import Stop
from bot.ports.kill_switch import KillSwitch


class KillSwitchGuard:
    """Says what the kill switch says, and what this process was told and could not keep there."""

    def __init__(self, kill_switch: KillSwitch) -> None:
        self._kill_switch = kill_switch
        self.held: Stop | None = None
        """Given in this process; stands at once, and until it is kept in the kill switch."""
        self.distrust = ""
        """Why nothing may be merged although nothing is stopped: the audit log does not hold."""

    async def get_stop(self) -> Stop | None:
        """Return the stop that stands. One that cannot be asked stands."""
        return self.held or await self._kill_switch.get_stop()

    async def check(self) -> None:
        """Raise `Stopped` with the way out if a stop stands."""
        stop = await self.get_stop()
        if stop is not None:
            raise Stopped(stop.summary)

    async def check_merge(self) -> None:
        """Raise `Stopped`, or `OutOfBounds` with what is in doubt."""
        await self.check()
        if self.distrust:
            raise OutOfBounds(self.distrust)

    async def lift(self) -> None:
        """Take the stop away. Raises `StoreError`, and it stands."""
        await self._kill_switch.lift()
        self.held = None

    async def flush_held(self) -> bool:
        """Try to put what is held into the kill switch; whether nothing is left to be put there."""
        held = self.held
        if held is None:
            return True
        try:
            await self._kill_switch.pull(held)
        except StoreError:
            return False
        if self.held is held:
            self.held = None
        return True
