"""Refusals of the chat that callers tell apart."""

from bot.domain.errors import ChatRejected


class ThreadsUnavailable(ChatRejected):
    """No thread can be opened in this channel: its kind has none, or a permission is missing."""
