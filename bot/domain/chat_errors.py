"""Errors of the chat that callers handle differently."""

from bot.domain.errors import ChatRejected


class ThreadsUnavailable(ChatRejected):
    """No thread can be opened in this channel: its type has none, or a permission is missing."""
