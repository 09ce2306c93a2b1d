"""The memory port: what was learned, and ranked recall of it."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.memory import Memory, Recall, Recalled


class MemoryStore(Protocol):
    """Durable memories with full-text search. Secrets are taken out before they are kept.

    Its size has a limit: where it is full, the faults that were longest not seen make room, then
    the oldest lessons; where neither is left, `remember` is refused. Notes and fixes never go
    unless somebody forgets them. Raises `StoreError`.
    """

    async def remember(self, memory: Memory) -> None:
        """Keep it; one with the same key is replaced."""
        ...

    async def recall(self, wanted: Recall) -> Sequence[Recalled]:
        """Return what fits, the best first; where nothing is asked, the newest.

        The same fingerprint outweighs the same function, which outweighs words; among equals a fix
        that held comes before one nobody watched, and one that did not hold comes last. Words may
        hold anything: no query language is read in them.
        """
        ...

    async def get(self, key: str) -> Memory | None:
        """Return one memory."""
        ...

    async def forget(self, key: str) -> bool:
        """Remove it for good; `False` if there was none."""
        ...

    async def export(self) -> Sequence[Memory]:
        """Return everything, oldest first."""
        ...
