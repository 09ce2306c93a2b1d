"""Says at the start why no change can be made of this repository, where that is so."""

import hashlib
from dataclasses import dataclass

import structlog

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.errors import PortError
from bot.ports.workspace import Checkout

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class RepositoryCheck:
    """Checks the repository once at the start, and reports each state of it only once."""

    checkout: Checkout
    announcer: DevChannelAnnouncer

    async def run_forever(self) -> None:
        """Check the repository, and report obstacles in the dev channel."""
        try:
            obstacles = await self.checkout.find_obstacles()
            if obstacles:
                lines = "\n".join(f"- {each}" for each in obstacles)
                text = f"⚠️ I refuse to change this repository as it is:\n{lines}"
                _log.warning("%s", text)
                key = f"repository:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
                await self.announcer.tell(text, key=key)
        except PortError as error:
            _log.warning("the repository could not be checked: %s", error)
