"""The memory port: stored memories and ranked search in them."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.memory import Memory, Recall, Recalled


class MemoryStore(Protocol):
    """Durable memories with full-text search. Secrets are removed before storing.

    The store has a size limit. When it is full, the faults not seen for the longest time are
    removed, then the oldest lessons; if there are none left, `remember` is refused. Notes and fixes
    are removed only by `forget`. Raises `StoreError`.
    """

    async def remember(self, memory: Memory) -> None:
        """Store the memory; one with the same key is replaced."""
        ...

    async def recall(self, wanted: Recall) -> Sequence[Recalled]:
        """Return matching memories, best first; for an empty query the newest.

        The same fingerprint outweighs the same function, which outweighs text. Among equals, a fix
        that held ranks above one that was not watched, and one that did not hold ranks last. The
        text may contain anything: it is not parsed as a query language.
        """
        ...

    async def get(self, key: str) -> Memory | None:
        """Return one memory, or `None`."""
        ...

    async def forget(self, key: str) -> bool:
        """Remove a memory for good; return `False` if there was none."""
        ...

    async def export(self) -> Sequence[Memory]:
        """Return all memories, oldest first."""
        ...
