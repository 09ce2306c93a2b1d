"""A model that proposes what a test says."""

from bot.domain.audit_ideas import AuditIdea, AuditIdeas, AuditSample
from bot.domain.errors import AgentError


class FakeAuditReader:
    """Implements `bot.ports.audit_reader.AuditReader`; `read` are the samples and their limits."""

    name = "fake"

    def __init__(self, *ideas: AuditIdea, error: AgentError | None = None) -> None:
        self.read: list[tuple[AuditSample, float]] = []
        self._ideas, self._error = ideas, error

    async def propose(self, sample: AuditSample, usd: float) -> AuditIdeas:
        """Return the ideas, or raise the error."""
        self.read.append((sample, usd))
        if self._error is not None:
            raise self._error
        return AuditIdeas(ideas=self._ideas)
