"""The audit reader port: a model that reads a sample of the bot, and proposes improvements."""

from typing import Protocol

from bot.domain.audit_ideas import AuditIdeas, AuditSample


class AuditReader(Protocol):
    """Reads one bounded sample without any tools: it can look up, write and start nothing."""

    @property
    def name(self) -> str:
        """The engine and model, for people: `claude (opus)`."""
        ...

    async def propose(self, sample: AuditSample, usd: float) -> AuditIdeas:
        """Return at most `MOST_IDEAS` proposals, the most useful first, for at most `usd` dollars.

        Raises `AgentError`, `BudgetSpent`. Cancelling ends the model's work.
        """
        ...
