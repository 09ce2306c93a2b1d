"""Who speaks, and where."""

from bot.domain.record import Record


class Person(Record):
    """Somebody in chat. Ids are Discord snowflakes."""

    id: int
    name: str
    role_ids: frozenset[int] = frozenset()


class Place(Record):
    """Where something was said. `thread_id` is set when `channel_id` is the thread's parent."""

    channel_id: int
    thread_id: int | None = None
    message_id: int | None = None
    guild_id: int | None = None
