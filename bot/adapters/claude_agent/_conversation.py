"""A conversation with the running program: words in, events out, limits held, failures mapped."""

from collections.abc import AsyncGenerator

from bot.adapters.claude_agent._events import Reply, Seen
from bot.domain.spent import Spent


class Conversation:
    """One conversation. Turns follow each other; a turn left early leaves only closing."""

    @property
    def resumed(self) -> bool:
        """Return whether the program still knows what was said before, in another process."""
        raise NotImplementedError

    @property
    def spent(self) -> Spent:
        """Return what this conversation has cost by now, in this process."""
        raise NotImplementedError

    def say(self, prompt: str) -> AsyncGenerator[Seen | Reply, None]:
        """Yield what the model says and does, and its `Reply` last, exactly once.

        Raises the leaf of `AgentError` that fits, or `BudgetSpent`; what was spent by then is in
        `spent`.
        """
        raise NotImplementedError
