"""The port for logins of people with an account they have elsewhere."""

from typing import Protocol


class LoginProvider(Protocol):
    """Finds out who somebody is, by OAuth 2 (the authorization code flow of RFC 6749)."""

    def build_authorize_url(self, state: str, callback: str) -> str:
        """Return where a browser asks its person to agree; it then returns to `callback`.

        Raises `ChatUnavailable` if the bot does not know its own application yet.
        """
        ...

    async def fetch_person_id(self, code: str, callback: str) -> int:
        """Return the Discord id of the person who agreed. Nothing else is read or kept.

        Raises `ChatRejected` for a code that is wrong, old or another application's, and
        `ChatUnavailable` if the service cannot be asked.
        """
        ...
