"""Remembers accepted deliveries of the forge's webhook, so that none is processed twice.

The forge signs only the body, not the delivery's id or the time. Anyone who has seen a delivery
could send it again under another id. A delivery is therefore remembered by the digest of its body
as well as by its id. It is stored as long as its body would be accepted: the signed times in the
body must lie within the window, and older bodies are refused, so they need not be remembered. Only
deliveries that were acted upon are remembered, and of these the newest `MOST`. Replaying one that
was dropped only makes the bot look at the remote once more.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from pydantic import AwareDatetime
from theseus_guard.record import Record

from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

WINDOW = timedelta(days=3)
"""GitHub allows redeliveries for three days."""
CLOCK_SKEW = timedelta(hours=1)
"""How far the forge's clock may be ahead of ours."""
MOST = 1_000

_PREFIX = "webhook:"
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Delivery(Record):
    """One accepted delivery: its id, the SHA-256 of its body, and the time."""

    id: str
    body: str
    at: AwareDatetime


class Deliveries:
    """The accepted deliveries.

    Check and registration happen without an `await` in between, so of two equal deliveries that
    arrive together only one is accepted.
    """

    def __init__(self, key_values: KeyValueStore, clock: Clock) -> None:
        self._key_values = key_values
        self._clock = clock
        self._deliveries: OrderedDict[str, Delivery] | None = None  # by body, the oldest first
        self._ids: dict[str, str] = {}

    async def load(self) -> None:
        """Load the deliveries that earlier processes accepted. Raises `StoreError`."""
        stored = sorted(
            await self._key_values.list_records(_PREFIX, Delivery), key=lambda each: each.at
        )
        if self._deliveries is None:  # another delivery may have loaded them meanwhile
            self._deliveries = OrderedDict((each.body, each) for each in stored)
            self._ids = {each.id: each.body for each in stored}

    @asynccontextmanager
    async def accept(self, delivery_id: str, body: bytes) -> AsyncIterator[bool]:
        """Yield whether the delivery is new, and store it after the block has succeeded.

        If the block fails or is cancelled, the delivery may come again. Raises `StoreError`.
        """
        if self._deliveries is None:
            await self.load()
        digest = hashlib.sha256(body).hexdigest()
        known = self._deliveries if self._deliveries is not None else OrderedDict()
        if delivery_id in self._ids or digest in known:
            yield False
            return
        delivery = Delivery(id=delivery_id, body=digest, at=self._clock.now())
        known[digest] = delivery
        self._ids[delivery_id] = digest
        try:
            yield True
            await self._key_values.put(_PREFIX + digest, delivery)
        except BaseException:
            self._forget(delivery)
            raise
        await self._prune(known)

    async def _prune(self, deliveries: OrderedDict[str, Delivery]) -> None:
        oldest = self._clock.now() - WINDOW - CLOCK_SKEW
        while deliveries:
            first = next(iter(deliveries.values()))
            if len(deliveries) <= MOST and first.at >= oldest:
                return
            self._forget(first)
            await self._key_values.remove(_PREFIX + first.body)

    def _forget(self, delivery: Delivery) -> None:
        if self._deliveries is not None:
            self._deliveries.pop(delivery.body, None)
        self._ids.pop(delivery.id, None)


def is_delivery_id(text: str) -> bool:
    """Return whether the text looks like a delivery's id; GitHub's are UUIDs."""
    return bool(_ID.fullmatch(text))
