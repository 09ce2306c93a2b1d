"""The memory book in a dictionary; what it keeps goes through JSON, as on the real one."""

from collections.abc import Callable, Sequence

from theseus_observe.redaction import redact as _redact

from bot.domain.errors import StoreError
from bot.domain.memory import Memory, Recall, Recalled
from bot.memory.ranking import extract_terms, list_search_terms, score_memory, select_best

TEXTS = ("text", "approach", "event", "exception", "file", "function", "by")


class FakeMemory:
    """Implements `bot.ports.memory.MemoryStore`. `broken` makes every call fail."""

    def __init__(self, *, redact: Callable[[str], str] = _redact) -> None:
        self.bodies: dict[str, str] = {}
        self.broken = False
        self._redact = redact

    @property
    def stored(self) -> dict[str, Memory]:
        """Return what is remembered, by key."""
        return {key: Memory.model_validate_json(body) for key, body in self.bodies.items()}

    async def remember(self, memory: Memory) -> None:
        """Keep it; one with the same key is replaced."""
        self._check_broken()
        told = {name: self._redact(getattr(memory, name)) for name in TEXTS}
        self.bodies.pop(memory.key, None)
        self.bodies[memory.key] = memory.replace(**told).model_dump_json()

    async def recall(self, wanted: Recall) -> Sequence[Recalled]:
        """Return the matches, the best first; for an empty query, the newest."""
        self._check_broken()
        asked = frozenset(extract_terms(wanted.text))
        held = {
            key: len(asked & set(list_search_terms(memory))) for key, memory in self.stored.items()
        }
        most = max(held.values(), default=0)
        found = (
            score_memory(memory, wanted, held[key] / most if most else 0.0)
            for key, memory in self.stored.items()
        )
        return select_best((each for each in found if each is not None), wanted.limit)

    async def get(self, key: str) -> Memory | None:
        """Return one memory."""
        self._check_broken()
        return self.stored.get(key)

    async def forget(self, key: str) -> bool:
        """Remove it for good; `False` if there was none."""
        self._check_broken()
        return self.bodies.pop(key, None) is not None

    async def export(self) -> Sequence[Memory]:
        """Return everything, oldest first."""
        self._check_broken()
        return tuple(sorted(self.stored.values(), key=lambda memory: memory.at))

    def _check_broken(self) -> None:
        if self.broken:
            raise StoreError("memory.sqlite3: disk I/O error")
