"""The member directory: who is in the server we work for, and which roles they have there now."""

from typing import Protocol

from bot.domain.people import Person


class MemberDirectory(Protocol):
    """Asked where a word counts, as roles that came with an event may have been taken since."""

    async def person(self, person_id: int) -> Person | None:
        """Return the member with the roles of this very moment, from the server itself.

        `None`: there is no such member (any more). Raises `ChatUnavailable` where the server
        cannot be asked: then nobody knows.
        """
        ...
