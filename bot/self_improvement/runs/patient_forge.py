"""Asks the forge on behalf of a step, and waits while it is out of reach."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.errors import ForgeUnavailable
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal, Proposal
from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.self_improvement.reporting.notifier import RunNotifier

T = TypeVar("T")

FORGE_WAITS = (2.0, 5.0, 15.0)
"""Seconds between attempts while the forge is out of reach."""
LONGEST_FORGE_WAIT = 3_700.0
"""The longest wait that a forge may ask for: a rate limit ends within an hour."""


@dataclass(frozen=True, eq=False)
class PatientForge:
    """Repeats requests to the forge, and shows on the run's card why it waits."""

    forge: Forge
    notifier: RunNotifier
    clock: Clock

    async def retry_unavailable(
        self, run: Run, history: History, call: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the result of `call`; retry for a while if the forge is out of reach."""
        for wait in FORGE_WAITS:
            try:
                return await call()
            except ForgeUnavailable as error:
                pause = max(wait, self._get_pause(error))
                activity = f"{str(error).rstrip('.')}. Trying again in {pause:.0f} s."
                await self.notifier.refresh(run, history, activity)
                await self.clock.sleep(pause)
        return await call()

    async def get_pull_request(
        self, run: Run, history: History, proposal: Proposal
    ) -> ForgeProposal:
        """Return the pull request's current state at the forge. Raises `ForgeError`."""
        return await self.retry_unavailable(
            run, history, lambda: self.forge.get_proposal(proposal.number)
        )

    async def has_moved(self, proposal: Proposal) -> bool:
        """Return whether the open pull request has another head now. Raises `ForgeError`."""
        opened = await self.forge.get_proposal(proposal.number)
        return opened.state == "open" and opened.head != proposal.head

    def _get_pause(self, error: ForgeUnavailable) -> float:
        """Return the seconds the forge asks to wait; 0 if it asks for none or too many."""
        if error.until is None:
            return 0.0
        remaining = (error.until - self.clock.now()).total_seconds() + 1.0
        # A later time belongs to no rate limit, so the usual pauses apply.
        return remaining if remaining <= LONGEST_FORGE_WAIT else 0.0
