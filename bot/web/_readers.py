"""Decides whether the person of a session may still read, and finds who acts."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web
from cachetools import FIFOCache

from bot.domain.errors import NotAuthorized
from bot.domain.people import Person
from bot.ports.clock import Clock
from bot.web._collaborators import PersonLogins
from bot.web._responses import Refused
from bot.web._sessions import MOST, Login

OPERATOR_DECIDES_NOTHING = (
    "the operator's session decides nothing about runs: log in through Discord (docs/logins.md), "
    "or use the chat."
)
_TRUSTED = timedelta(seconds=60).total_seconds()
"""For how long a person may read after the server listed them, in seconds."""


@dataclass(frozen=True, eq=False)
class Readers:
    """Asks the server for the person of a session; for reading, at most once a minute."""

    logins: PersonLogins | None
    clock: Clock
    _listed: FIFOCache[int, tuple[Person, float]] = field(
        default_factory=lambda: FIFOCache[int, tuple[Person, float]](MOST), init=False
    )

    async def check(self, login: Login) -> None:
        """Raise `Refused` (403) if the person of the session may not read (any more).

        Raises `ChatUnavailable` if the server cannot be asked. The operator may always read.
        """
        if login.person_id is None:
            return
        known = self._listed.get(login.person_id)
        if known is None or known[1] + _TRUSTED <= self.clock.monotonic():
            await self.admit(login.person_id)

    async def fetch_actor(self, login: Login) -> Person | None:
        """Return the person of a session with their current roles; `None`: the operator."""
        return None if login.person_id is None else await self.admit(login.person_id)

    async def admit(self, person_id: int) -> Person:
        """Return the person if they may read now. Raises as `check` does."""
        self._listed.pop(person_id, None)
        if self.logins is None:
            raise Refused(403, "people cannot log in through Discord here any more.")
        person = await self.logins.members.fetch_person(person_id)
        if person is None:
            raise Refused(403, "you are not a member of the server that I work for.")
        try:
            await self.logins.check_reader(person)
        except NotAuthorized as error:
            raise Refused(403, str(error)) from error
        self._listed[person_id] = (person, self.clock.monotonic())
        return person


def get_scheme(request: web.Request) -> str:
    """Return `https` if a proxy in front says so, else `http`."""
    sent = request.headers.get("X-Forwarded-Proto", "").lower()
    return "https" if sent == "https" else "http"
