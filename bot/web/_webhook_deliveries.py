"""Deliveries of the forge's webhook that were taken, so that none is taken twice.

The forge signs the body and nothing else: not the delivery's id, not the time. So whoever has seen
one delivery could send it again under another id. Therefore a delivery is remembered by its body's
digest as well as by its id, in the store, for as long as a body is young enough to be taken: its
own times, which are signed, must lie within the window. What is older needs no memory: it is
refused. Only what was acted upon is remembered, and of that the newest `MOST`; one that fell out
would come to no more than another look at the remote.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from pydantic import AwareDatetime

from bot.domain.record import Record
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

WINDOW = timedelta(days=3)
"""GitHub delivers again for three days."""
CLOCK_SKEW = timedelta(hours=1)
"""How far its clock may be ahead of ours."""
MOST = 1_000

_PREFIX = "webhook:"
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Delivery(Record):
    """One that was taken: its id, the SHA-256 of its body, and when."""

    id: str
    body: str
    at: AwareDatetime


class Deliveries:
    """What was taken. Deciding is one step: two that come at once are not both taken."""

    def __init__(self, key_values: KeyValueStore, clock: Clock) -> None:
        self._key_values = key_values
        self._clock = clock
        self._deliveries: OrderedDict[str, Delivery] | None = None  # by body, the oldest first
        self._ids: dict[str, str] = {}

    async def load(self) -> None:
        """Read what earlier processes took. Raises `StoreError`."""
        kept = sorted(
            await self._key_values.list_records(_PREFIX, Delivery), key=lambda each: each.at
        )
        if self._deliveries is None:
            self._deliveries = OrderedDict((each.body, each) for each in kept)
            self._ids = {each.id: each.body for each in kept}

    @asynccontextmanager
    async def accept(self, delivery_id: str, body: bytes) -> AsyncIterator[bool]:
        """Lend whether it is new, and remember it once the block has done what it asks for.

        Where the block fails or is cut short it may come again. Raises `StoreError`.
        """
        if self._deliveries is None:
            await self.load()
        digest = hashlib.sha256(body).hexdigest()
        taken = self._deliveries if self._deliveries is not None else OrderedDict()
        if delivery_id in self._ids or digest in taken:
            yield False
            return
        delivery = Delivery(id=delivery_id, body=digest, at=self._clock.get_time())
        taken[digest] = delivery
        self._ids[delivery_id] = digest
        try:
            yield True
            await self._key_values.put(_PREFIX + digest, delivery)
        except BaseException:
            self._forget(delivery)
            raise
        await self._prune(taken)

    async def _prune(self, deliveries: OrderedDict[str, Delivery]) -> None:
        oldest = self._clock.get_time() - WINDOW - CLOCK_SKEW
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
    """Whether it looks like one: GitHub's are UUIDs."""
    return bool(_ID.fullmatch(text))
