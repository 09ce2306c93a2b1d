"""Who speaks, and where."""

from pydantic import Field

from bot.domain.names import Name
from bot.domain.record import Record


class Place(Record):
    """Where something was said. `thread_id` is set when `channel_id` is the thread's parent."""

    channel_id: int
    thread_id: int | None = None
    message_id: int | None = None
    guild_id: int | None = None


class Person(Record):
    """Somebody in chat. Ids are Discord snowflakes; roles are those of the server we work for."""

    id: int
    name: Name
    role_ids: frozenset[int] = frozenset()
    bot: bool = Field(default=False, description="a program: a bot, or a webhook")
    outsider: bool = Field(
        default=False, description="no member of our server, or speaking in another one"
    )
    at: Place | None = Field(default=None, description="where they said or pressed it")


ITSELF = Person(id=0, name="Theseus")
"""Who asks where the bot starts something by itself. On no list, so it may ask for nothing."""


class PeopleList(Record):
    """Users and roles, by id."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()

    def has(self, person: Person) -> bool:
        """Whether the person is on it, by themselves or through a role."""
        return person.id in self.users or bool(person.role_ids & self.roles)


class AllowList(Record):
    """Developers may ask; approvers may ship (and ask). Empty lists allow nobody."""

    developers: PeopleList = PeopleList()
    approvers: PeopleList = PeopleList()
