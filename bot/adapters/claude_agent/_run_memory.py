"""What is remembered of something: what was learned and noted, and earlier runs. All of it data."""

from collections.abc import Sequence

from bot.adapters.claude_agent._past_runs import PastRuns
from bot.adapters.claude_agent._plain_text import flatten
from bot.domain.memory import Recall
from bot.memory.ranking import format_memory
from bot.ports.memory import MemoryStore

_LINE = 500
_MEMORIES = 8


class RunMemory:
    """Looks in the memory book, then in the store's runs."""

    def __init__(self, runs: PastRuns, memory_store: MemoryStore) -> None:
        self._runs = runs
        self._memory_store = memory_store

    async def recall_lines(
        self, text: str, *, fingerprint: str = "", excluded_run_id: str = "", limit: int = 5
    ) -> Sequence[str]:
        """Return a line of at most 500 characters each: memories, then at most `limit` runs.

        `besides` is the run that asks: one does not remember oneself. Raises `StoreError`.
        """
        wanted = Recall(text=text, fingerprint=fingerprint, limit=_MEMORIES)
        found = [each.memory for each in await self._memory_store.recall(wanted)]
        lines = [
            flatten(format_memory(memory), _LINE)
            for memory in found
            if memory.run_id != excluded_run_id
        ]
        return (*lines, *await self.list_runs(text, fingerprint, excluded_run_id, limit))

    async def list_runs(
        self, text: str, fingerprint: str, excluded_run_id: str, limit: int
    ) -> tuple[str, ...]:
        """Return at most `limit` earlier runs, a line each. Raises `StoreError`."""
        found = await self._runs.find_similar(
            text, fingerprint=fingerprint, excluded_run_id=excluded_run_id, limit=limit
        )
        return tuple(run.summary for run in found)
