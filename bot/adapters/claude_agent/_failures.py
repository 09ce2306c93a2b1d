"""What can go wrong with the program and its provider, said once in our own errors."""

from bot.domain.errors import AgentUnavailable


class StaleConversation(AgentUnavailable):
    """What is kept of a conversation cannot be gone on with; a fresh one can be begun."""
