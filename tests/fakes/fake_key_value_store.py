"""The key-value store in memory; records go through JSON, as they do on the real one."""

from typing import TypeVar

from pydantic import ValidationError
from theseus_guard.record import Record

from bot.domain.errors import StoreError

R = TypeVar("R", bound=Record)


class FakeKeyValueStore:
    """Implements `bot.ports.key_value_store.KeyValueStore`."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}

    async def put(self, name: str, record: Record) -> None:
        """Keep the record under that name, in place of what stood there."""
        self.bodies[name] = record.model_dump_json()

    async def get(self, name: str, kind: type[R]) -> R | None:
        """Return the record of that name, or `None`."""
        return _parse(name, kind, self.bodies[name]) if name in self.bodies else None

    async def list_records(self, prefix: str, kind: type[R]) -> tuple[R, ...]:
        """Return the records whose names begin with `prefix`, in the order of their names."""
        names = sorted(name for name in self.bodies if name.startswith(prefix))
        return tuple(_parse(name, kind, self.bodies[name]) for name in names)

    async def remove(self, name: str) -> None:
        """Forget it; again is harmless."""
        self.bodies.pop(name, None)


def _parse(name: str, kind: type[R], body: str) -> R:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise StoreError(f"{name} in the store is no {kind.__name__}.") from error
