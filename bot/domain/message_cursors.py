"""How far the messages of each channel were handled, as it is kept in the key-value store."""

from bot.domain.record import Record

CURSORS = "heard:"
"""The prefix of the names of cursors; a channel's id follows."""

MARK = "heard-everywhere"
"""The name of the mark. Without it the bot begins with what is new."""


class Cursor(Record):
    """Every message of a channel up to this one was handled. `person_id`: whose direct channel."""

    channel_id: int
    message_id: int
    person_id: int | None = None


class HandledMark(Record):
    """Every message of every channel up to this one was handled, where there is no cursor."""

    message_id: int
