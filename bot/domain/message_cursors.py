"""Which messages of each channel have been handled, as stored in the key-value store."""

from theseus_guard.record import Record

CURSORS = "heard:"
"""The prefix of the names of cursors; a channel's id follows."""

MARK = "heard-everywhere"
"""The name of the mark. Without a mark, the bot begins with new messages."""


class Cursor(Record):
    """All messages of a channel up to this one were handled.

    `person_id` is set for a person's direct channel.
    """

    channel_id: int
    message_id: int
    person_id: int | None = None


class HandledMark(Record):
    """All messages up to this one were handled, in every channel without a cursor."""

    message_id: int
