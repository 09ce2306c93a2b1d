"""The key-value store port: small durable state, one record for each name."""

from typing import Protocol, TypeVar

from theseus_guard.record import Record

R = TypeVar("R", bound=Record)


class KeyValueStore(Protocol):
    """Records under names such as `incident:k7m2xq`. One process writes; the last write wins.

    A write survives a crash once it has returned. Raises `StoreError`, also for a record of an
    older version that is not valid any more; the message names it.
    """

    async def put(self, name: str, record: Record) -> None:
        """Store the record under that name, replacing an earlier one."""
        ...

    async def get(self, name: str, kind: type[R]) -> R | None:
        """Return the record of that name, or `None`."""
        ...

    async def list_records(self, prefix: str, kind: type[R]) -> tuple[R, ...]:
        """Return the records whose names begin with `prefix`, sorted by name."""
        ...

    async def remove(self, name: str) -> None:
        """Remove the record; harmless if there is none."""
        ...
