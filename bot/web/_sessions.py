"""Sessions of the dashboard: begun by a login, held in memory, handed to the process that takes
over.

They are handed over through the supervisor's socket alone. The handover holds no cookie, which only
the browser has, but the cookie's digest and the session's form token.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from cachetools import FIFOCache
from pydantic import AwareDatetime, Field, ValidationError
from theseus_guard.record import Record

from bot.domain.people import Person
from bot.ports.clock import Clock
from bot.web._token_auth import compute_digest

SECONDS = 12 * 3600.0
MOST = 32
_log = structlog.stdlib.get_logger(__name__)


class LeftLogin(Record):
    """A session in a handover: the hexadecimal digest of its cookie, and how long it lasts."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    form: str = Field(min_length=32, max_length=64)
    seconds: float = Field(gt=0, le=SECONDS)
    began: AwareDatetime
    person_id: int | None = None
    name: str = ""


class LeftSessions(Record):
    """All sessions in a handover. `proof` shows with which secrets they were begun; they end with
    them.
    """

    proof: str
    logins: tuple[LeftLogin, ...] = Field(max_length=MOST)


@dataclass(frozen=True)
class Login:
    """One session. `form` is the token in its forms, so that no other page can send them.

    `person_id` is the Discord id of the person who logged in; `None`: the operator, by the token.
    `number` names the session on pages, and tells nothing about its cookie.
    """

    form: str
    until: float
    began: datetime
    number: str
    person_id: int | None = None
    name: str = ""


class Sessions:
    """Sessions by the digest of their cookie, in a bounded number; the oldest is dropped first.

    Every cookie is created here: a cookie that a browser sends unasked is never adopted.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: FIFOCache[bytes, Login] = FIFOCache(MOST)

    def begin(self, person: Person | None = None) -> tuple[str, Login]:
        """Return a new cookie's value and its session; without a person it is the operator's."""
        cookie = secrets.token_urlsafe(32)
        login = Login(
            form=secrets.token_urlsafe(32),
            until=self._clock.monotonic() + SECONDS,
            began=self._clock.now(),
            number=secrets.token_hex(8),
            person_id=person.id if person else None,
            name=person.name if person else "",
        )
        self._open[compute_digest(cookie)] = login
        return cookie, login

    def get(self, cookie: str | None) -> Login | None:
        """Return the session of a cookie, or `None` if it has ended."""
        if not cookie:
            return None
        login = self._open.get(compute_digest(cookie))
        if login is not None and login.until <= self._clock.monotonic():
            self.end(cookie)
            return None
        return login

    def end(self, cookie: str | None) -> None:
        """End the session; may be called repeatedly."""
        if cookie:
            self._open.pop(compute_digest(cookie), None)

    def list_logins(self) -> tuple[Login, ...]:
        """Return the sessions that last, oldest first."""
        now = self._clock.monotonic()
        return tuple(login for login in self._open.values() if login.until > now)

    def revoke(self, ended: Callable[[Login], bool]) -> int:
        """End the sessions for which `ended` is true; return how many."""
        digests = [digest for digest, login in self._open.items() if ended(login)]
        for digest in digests:
            del self._open[digest]
        return len(digests)

    def leave(self, secret: str) -> dict[str, Any]:
        """Return the sessions for another process with the same secret."""
        now = self._clock.monotonic()
        logins = tuple(
            LeftLogin(
                digest=digest.hex(),
                form=login.form,
                seconds=min(login.until - now, SECONDS),
                began=login.began,
                person_id=login.person_id,
                name=login.name,
            )
            for digest, login in self._open.items()
            if login.until > now
        )
        return LeftSessions(proof=_compute_proof(secret), logins=logins).model_dump(mode="json")

    def take(self, left: Mapping[str, Any], secret: str) -> None:
        """Continue the sessions that `leave` returned; none if the secret changed meanwhile."""
        try:
            sessions = LeftSessions.model_validate(left)
        except ValidationError as error:
            _log.warning("the dashboard sessions of the previous process cannot be read: %s", error)
            return
        if not hmac.compare_digest(sessions.proof, _compute_proof(secret)):
            return
        now = self._clock.monotonic()
        for each in sessions.logins:
            self._open[bytes.fromhex(each.digest)] = Login(
                form=each.form,
                until=now + each.seconds,
                began=each.began,
                number=secrets.token_hex(8),
                person_id=each.person_id,
                name=each.name,
            )

    def __len__(self) -> int:
        """Return the number of sessions."""
        return len(self._open)


def _compute_proof(secret: str) -> str:
    """Return a value that shows that two processes have the same secret without revealing it."""
    return hmac.new(secret.encode(), b"sessions of the dashboard", hashlib.sha256).hexdigest()
