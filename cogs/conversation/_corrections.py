"""Messages that are edited soon after they were posted: parsed again, but never as a decision."""

from datetime import datetime, timedelta

import discord

WINDOW = timedelta(minutes=5)
"""How long after its post an edit of a message is handled."""


def is_correction(edit: discord.RawMessageUpdateEvent, now: datetime) -> bool:
    """Return whether somebody changed the text of their message in time.

    Discord sends the same event for other changes, such as a link preview or a new thread. If the
    message is not in the cache (an earlier process saw it), the time of the edit decides.
    """
    edited, before = edit.message, edit.cached_message
    if edited.edited_at is None or edited.edited_at - edited.created_at > WINDOW:
        return False
    if before is None:
        return now - edited.edited_at < WINDOW
    return before.content != edited.content
