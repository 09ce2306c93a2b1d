"""What all stores of artefacts do: content is only accepted and returned with its hash."""

import hashlib
from abc import ABC, abstractmethod

from theseus_guard.completion import run_in_thread

from bot.domain.errors import StoreError
from bot.ports.artefact_store import MAX_ARTEFACT, check_artefact_key


class HashedArtefacts(ABC):
    """Implements `bot.ports.artefact_store.ArtefactStore` on a place that need not be trusted.

    The methods of a place block, and run in a thread. They raise `StoreError`.
    """

    async def put(self, content: bytes) -> str:
        """Write content under its hash, also if it is there: then it counts as new."""
        if len(content) > MAX_ARTEFACT:
            raise StoreError(f"an artefact of {len(content)} bytes is too large to be stored.")
        return await run_in_thread(self._put, content)

    async def get(self, key: str, *, limit: int = MAX_ARTEFACT) -> bytes:
        """Read content, and check its hash."""
        check_artefact_key(key)
        return await run_in_thread(self._get, key, limit)

    async def remove_older(self, seconds: float) -> int:
        """Remove what no one has stored for some time; return how many."""
        return await run_in_thread(self._remove_older, seconds)

    def _put(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        self._write(key, content)
        return key

    def _get(self, key: str, limit: int = MAX_ARTEFACT) -> bytes:
        content = self._read(key, limit + 1)
        if len(content) > limit:
            raise StoreError(f"the artefact {self._describe(key)} is larger than {limit} bytes.")
        if hashlib.sha256(content).hexdigest() != key:
            raise StoreError(
                f"the artefact {self._describe(key)} does not have the content of its name."
            )
        return content

    @abstractmethod
    def _describe(self, key: str) -> str:
        """Return how people find the content of a key."""

    @abstractmethod
    def _write(self, key: str, content: bytes) -> None:
        """Write content, whatever is there under its key."""

    @abstractmethod
    def _read(self, key: str, size: int) -> bytes:
        """Return what is there under a key: at most `size` bytes of it."""

    @abstractmethod
    def _remove_older(self, seconds: float) -> int:
        """Remove what no one has stored for some time; return how many."""
