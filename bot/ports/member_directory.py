"""The member directory: who is in the server we work for, and which roles they have there now."""

from typing import Protocol

from bot.domain.people import PeopleList, Person


class MemberDirectory(Protocol):
    """Asked where a word counts, as roles that came with an event may have been taken since."""

    async def fetch_person(self, person_id: int) -> Person | None:
        """Return the member with the roles of this very moment, from the server itself.

        `None`: there is no such member (any more). Raises `ChatUnavailable` where the server
        cannot be asked: then nobody knows.
        """
        ...

    def list_names(self, listed: PeopleList) -> tuple[str, ...]:
        """Return what the members on a list are called, by themselves or through a role.

        As far as they are known without asking: it only tells people whom they may turn to.
        """
        ...
