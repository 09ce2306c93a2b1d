"""The members of a server, in memory."""

from collections.abc import Iterable

from bot.domain.errors import ChatUnavailable
from bot.domain.people import PeopleList, Person


class FakeMemberDirectory:
    """Implements `bot.ports.member_directory.MemberDirectory`. `members`
    may be changed at any time.
    """

    def __init__(self, members: Iterable[Person] = ()) -> None:
        self.members = {person.id: person for person in members}
        self.guilds: dict[int, dict[int, Person]] = {}  # members of other servers
        self.down = False
        self.asked: list[int] = []

    async def fetch_person(self, person_id: int, guild_id: int | None = None) -> Person | None:
        """Return the member as they are now."""
        self.asked.append(person_id)
        if self.down:
            raise ChatUnavailable("The server cannot be asked.")
        return self._choose(guild_id).get(person_id)

    def list_names(self, listed: PeopleList, guild_id: int | None = None) -> tuple[str, ...]:
        """Return the names of the members on it."""
        members = self._choose(guild_id).values()
        return tuple(sorted(each.name for each in members if listed.has(each)))

    def _choose(self, guild_id: int | None) -> dict[int, Person]:
        return self.members if guild_id is None else self.guilds.get(guild_id, {})
