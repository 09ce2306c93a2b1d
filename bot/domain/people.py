"""People in the chat, the places where they write, and the allow-list."""

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.names import Name


class Place(Record):
    """Where a message was sent. `thread_id` is set if `channel_id` is the thread's parent."""

    channel_id: int
    thread_id: int | None = None
    message_id: int | None = None
    guild_id: int | None = None


class Person(Record):
    """A person in the chat. Ids are Discord snowflakes; roles are those on the bot's server."""

    id: int
    name: Name
    role_ids: frozenset[int] = frozenset()
    bot: bool = Field(default=False, description="true for a program: a bot or a webhook")
    outsider: bool = Field(
        default=False, description="not a member of our server, or writing in another one"
    )
    at: Place | None = Field(
        default=None, description="where they wrote the message or pressed the button"
    )


ITSELF = Person(id=0, name="Theseus")
"""The requester of the bot's own work. It is on no list, so it may ask for nothing."""


class PeopleList(Record):
    """Users and roles, by id."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()

    def has(self, person: Person) -> bool:
        """Return whether the list contains the person or one of their roles."""
        return person.id in self.users or bool(person.role_ids & self.roles)


class AllowList(Record):
    """Developers may ask for work; approvers may also ship. An empty list allows no one."""

    developers: PeopleList = PeopleList()
    approvers: PeopleList = PeopleList()
