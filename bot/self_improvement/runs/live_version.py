"""Which commits the running bot contains."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from bot.ports.workspace import Checkout
from bot.self_improvement.runs.deployer import Deployer


class LiveVersion(Protocol):
    """Knows which commits are live."""

    @property
    def can_change(self) -> bool:
        """True if a commit can come live while this process runs, without its doing."""
        ...

    async def has_commit(self, commit: str) -> bool:
        """Return whether the running bot contains a commit. Raises `PortError`."""
        ...


@dataclass(frozen=True, eq=False)
class OwnVersion:
    """The version of this process: that of its checkout, which it has loaded."""

    deployer: Deployer
    checkout: Checkout | None

    can_change: ClassVar[bool] = False

    async def has_commit(self, commit: str) -> bool:
        """Return whether this process runs a commit; it may have been rolled back at its start.

        If the checkout moved on while this process was starting, the next start knows more.
        """
        if self.deployer.has_files_left():
            return False
        return self.checkout is None or await self.checkout.has_commit(commit)
