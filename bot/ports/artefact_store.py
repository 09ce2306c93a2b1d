"""The artefact store port: bytes by their hash, which workers and the bot share."""

import re
from typing import Protocol

from bot.domain.errors import StoreError

MAX_ARTEFACT = 256 * 1024 * 1024
"""The number of bytes that an artefact may have."""

_KEY = re.compile(r"[0-9a-f]{64}")


def check_artefact_key(key: str) -> None:
    """Raise `StoreError` if this is not the key of an artefact."""
    if not _KEY.fullmatch(key):
        raise StoreError(f"{key[:80]!r} is not the key of an artefact.")


class ArtefactStore(Protocol):
    """Stores git bundles, scripts, transcripts and logs. Others may write to it as well.

    A key is the SHA-256 of the content, in lower-case hex. So whoever has a key from a trusted
    place gets exactly that content, or an error.
    """

    async def put(self, content: bytes) -> str:
        """Store content, and return its key; a damaged copy is replaced. Raises `StoreError`."""
        ...

    async def get(self, key: str, *, limit: int = MAX_ARTEFACT) -> bytes:
        """Return the content of a key.

        Raises `StoreError` if there is none, if it is larger than `limit`, or if it does not have
        this hash.
        """
        ...

    async def remove_older(self, seconds: float) -> int:
        """Remove what no one has stored for some time; return how many. Raises `StoreError`."""
        ...
