"""The key-value store port: small durable state, one record a name."""

from typing import Protocol, TypeVar

from bot.domain.record import Record

R = TypeVar("R", bound=Record)


class KeyValueStore(Protocol):
    """Records under names such as `incident:k7m2xq`. One process writes; the last write counts.

    What has returned survives a crash. A record that an older version wrote and that no longer
    validates is `StoreError`, naming it. Raises `StoreError`.
    """

    async def put(self, name: str, record: Record) -> None:
        """Keep the record under that name, in place of what stood there."""
        ...

    async def get(self, name: str, kind: type[R]) -> R | None:
        """Return the record of that name, or `None`."""
        ...

    async def list_records(self, prefix: str, kind: type[R]) -> tuple[R, ...]:
        """Return the records whose names begin with `prefix`, in the order of their names."""
        ...

    async def remove(self, name: str) -> None:
        """Forget it; again is harmless."""
        ...
