"""The memory book in a dictionary; what it keeps goes through JSON, as on the real one."""

from collections.abc import Callable, Sequence

from bot.domain.errors import StoreError
from bot.domain.memory import Memory, Recall, Recalled
from bot.memory.ranking import best, fit, searched, terms
from bot.redaction import redact as _redact

TEXTS = ("text", "approach", "event", "exception", "file", "function", "by")


class FakeMemory:
    """Implements `bot.ports.memory.MemoryStore`. `broken` makes every call fail."""

    def __init__(self, *, redact: Callable[[str], str] = _redact) -> None:
        self.bodies: dict[str, str] = {}
        self.broken = False
        self._redact = redact

    @property
    def kept(self) -> dict[str, Memory]:
        """Return what is remembered, by key."""
        return {key: Memory.model_validate_json(body) for key, body in self.bodies.items()}

    async def remember(self, memory: Memory) -> None:
        """Keep it; one with the same key is replaced."""
        self._may_break()
        told = {name: self._redact(getattr(memory, name)) for name in TEXTS}
        self.bodies.pop(memory.key, None)
        self.bodies[memory.key] = memory.but(**told).model_dump_json()

    async def recall(self, wanted: Recall) -> Sequence[Recalled]:
        """Return what fits, the best first; where nothing is asked, the newest."""
        self._may_break()
        asked = frozenset(terms(wanted.words))
        held = {key: len(asked & set(searched(memory))) for key, memory in self.kept.items()}
        most = max(held.values(), default=0)
        found = (
            fit(memory, wanted, held[key] / most if most else 0.0)
            for key, memory in self.kept.items()
        )
        return best((each for each in found if each is not None), wanted.limit)

    async def get(self, key: str) -> Memory | None:
        """Return one memory."""
        self._may_break()
        return self.kept.get(key)

    async def forget(self, key: str) -> bool:
        """Remove it for good; `False` if there was none."""
        self._may_break()
        return self.bodies.pop(key, None) is not None

    async def export(self) -> Sequence[Memory]:
        """Return everything, oldest first."""
        self._may_break()
        return tuple(sorted(self.kept.values(), key=lambda memory: memory.at))

    def _may_break(self) -> None:
        if self.broken:
            raise StoreError("memory.sqlite3: disk I/O error")
