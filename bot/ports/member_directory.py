"""The member directory port: the members of the bot's server, and their current roles."""

from typing import Protocol

from bot.domain.people import PeopleList, Person


class MemberDirectory(Protocol):
    """Asked before an approval counts, because roles in an event may be out of date."""

    async def fetch_person(self, person_id: int, guild_id: int | None = None) -> Person | None:
        """Return the member with their current roles, from the server itself.

        With `guild_id`, that server is asked, and not the bot's own.

        Returns `None` if there is no such member (any more). Raises `ChatUnavailable` if the server
        cannot be asked.
        """
        ...

    def list_names(self, listed: PeopleList, guild_id: int | None = None) -> tuple[str, ...]:
        """Return the names of the members on a list, directly or through a role.

        Only members that are known without a request are included: the names just tell people whom
        to ask.
        """
        ...
