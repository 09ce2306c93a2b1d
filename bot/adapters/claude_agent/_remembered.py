"""What is remembered of something: what was learned and noted, and earlier runs. All of it data."""

from collections.abc import Sequence

from bot.adapters.claude_agent._past_runs import PastRuns
from bot.adapters.claude_agent._plain_text import flat
from bot.domain.memory import Recall
from bot.memory.ranking import told
from bot.ports.memory import MemoryStore

_LINE = 500
_MEMORIES = 8


class RunMemory:
    """Looks in the memory book, then in the store's runs."""

    def __init__(self, runs: PastRuns, memory_store: MemoryStore) -> None:
        self._runs = runs
        self._memory_store = memory_store

    async def told(
        self, text: str, *, fingerprint: str = "", besides: str = "", limit: int = 5
    ) -> Sequence[str]:
        """Return a line of at most 500 characters each: memories, then at most `limit` runs.

        `besides` is the run that asks: one does not remember oneself. Raises `StoreError`.
        """
        wanted = Recall(words=text, fingerprint=fingerprint, limit=_MEMORIES)
        found = [each.memory for each in await self._memory_store.recall(wanted)]
        lines = [flat(told(memory), _LINE) for memory in found if memory.run_id != besides]
        return (*lines, *await self.runs(text, fingerprint, besides, limit))

    async def runs(self, text: str, fingerprint: str, besides: str, limit: int) -> tuple[str, ...]:
        """Return at most `limit` earlier runs, a line each. Raises `StoreError`."""
        found = await self._runs.like(text, fingerprint=fingerprint, besides=besides, limit=limit)
        return tuple(run.told for run in found)
