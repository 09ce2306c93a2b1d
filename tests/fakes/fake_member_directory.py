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
        self.down = False
        self.asked: list[int] = []

    async def fetch_person(self, person_id: int) -> Person | None:
        """Return the member as they are now."""
        self.asked.append(person_id)
        if self.down:
            raise ChatUnavailable("The server cannot be asked.")
        return self.members.get(person_id)

    def list_names(self, listed: PeopleList) -> tuple[str, ...]:
        """Return the names of the members on it."""
        return tuple(sorted(each.name for each in self.members.values() if listed.has(each)))
