"""Shows the bot's health in its presence: watching, at work, paused, degraded, stopped."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog

from bot.authority.autonomy_blocks import AutonomyBlocks
from bot.authority.emergency_stop import EmergencyStop
from bot.domain.errors import PortError
from bot.domain.run import Status
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.counts import format_count

_SECONDS = 15.0
"""Discord accepts five changes in twenty seconds; slower is calmer to look at."""
_FAILED = log_warnings(
    structlog.stdlib.get_logger(__name__), "the presence could not be shown; I will try again"
)

Sign = Literal["online", "idle", "dnd"]


@dataclass(frozen=True)
class Presence:
    """A short text and a sign, as members see them beside the bot's name."""

    text: str
    sign: Sign = "online"


class PresenceDisplay(Protocol):
    """Shows a presence."""

    async def show(self, presence: Presence) -> None:
        """Show it. One that is shown already is not sent again; without a connection, nothing."""
        ...


FindFaults = Callable[[], Awaitable[Sequence[str]]]
"""Returns what is wrong with the bot itself, each in a few words."""


@dataclass(frozen=True, eq=False)
class HealthPresence:
    """Keeps the presence up to date, at most one change in 15 seconds."""

    store: Store
    emergency: EmergencyStop
    blocks: AutonomyBlocks
    display: PresenceDisplay
    clock: Clock
    find_faults: FindFaults

    async def run_forever(self) -> None:
        """Show the newest health, until cancelled."""
        await run_periodically(self.look, self.clock, _SECONDS, tolerated=PortError, failed=_FAILED)

    async def look(self) -> None:
        """Show the health as it is now. State that cannot be read is shown as degraded."""
        try:
            presence = await self._choose()
        except PortError:
            await self.display.show(Presence("degraded: the state cannot be read", "dnd"))
            raise
        await self.display.show(presence)

    async def _choose(self) -> Presence:
        if await self.emergency.get_stop() is not None:
            return Presence("stopped: an approver has to say “resume”", "dnd")
        runs = await self.store.find(status={Status.RUNNING, Status.QUEUED})
        is_paused = await self.blocks.get_manual_pause() is not None
        return choose_presence(await self.find_faults(), len(runs), is_paused=is_paused)


def choose_presence(faults: Sequence[str], runs: int, *, is_paused: bool) -> Presence:
    """Return what to show: what is wrong first, then work, then a pause."""
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        return Presence(f"degraded: {faults[0]}{more}", "dnd")
    if runs:
        return Presence(f"working on {format_count(runs, 'run')}")
    if is_paused:
        return Presence("paused: nothing of my own", "idle")
    return Presence("watching")
