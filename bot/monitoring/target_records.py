"""Stored records of one target, apart from those of Theseus itself."""

from typing import TypeVar

from theseus_guard.record import Record

from bot.domain.target import OWN_TARGET
from bot.ports.key_value_store import KeyValueStore

R = TypeVar("R", bound=Record)


class TargetRecords:
    """Implements `bot.ports.key_value_store.KeyValueStore` with a prefix before each name."""

    def __init__(self, key_values: KeyValueStore, target: str) -> None:
        self._key_values = key_values
        self._prefix = f"target:{target}:"

    async def put(self, name: str, record: Record) -> None:
        """Store the record under that name, replacing an earlier one."""
        await self._key_values.put(self._prefix + name, record)

    async def get(self, name: str, kind: type[R]) -> R | None:
        """Return the record of that name, or `None`."""
        return await self._key_values.get(self._prefix + name, kind)

    async def list_records(self, prefix: str, kind: type[R]) -> tuple[R, ...]:
        """Return the records whose names begin with `prefix`, sorted by name."""
        return await self._key_values.list_records(self._prefix + prefix, kind)

    async def remove(self, name: str) -> None:
        """Remove the record; harmless if there is none."""
        await self._key_values.remove(self._prefix + name)


def choose_records(key_values: KeyValueStore, target: str) -> KeyValueStore:
    """Return where the records of a target are stored; those of Theseus have no prefix."""
    return key_values if target == OWN_TARGET else TargetRecords(key_values, target)
