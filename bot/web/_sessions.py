"""Sessions of the dashboard: made by a login, kept in memory, left to the process that takes over.

What is left goes over the supervisor's socket, and is nowhere else: no cookie, which only the
browser has, but its digest, and what the session's forms bring along.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import FIFOCache
from pydantic import Field, ValidationError

from bot.domain.record import Record
from bot.ports.clock import Clock

SECONDS = 12 * 3600.0
MOST = 32
_log = logging.getLogger(__name__)


class LeftLogin(Record):
    """A session as it is left: the hexadecimal digest of its cookie, and how long it lasts."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    form: str = Field(min_length=32, max_length=64)
    seconds: float = Field(gt=0, le=SECONDS)


class LeftSessions(Record):
    """All of them. `proof` says by which token they were made: they end with it."""

    proof: str
    logins: tuple[LeftLogin, ...] = Field(max_length=MOST)


@dataclass(frozen=True)
class Login:
    """One session. `form` is what its forms bring along, so that no other page can send them."""

    form: str
    until: float


class Sessions:
    """Sessions by the digest of their cookie, a bounded number; the oldest goes first.

    The cookie is always of our making: one that a browser brings along is never adopted.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: FIFOCache[bytes, Login] = FIFOCache(MOST)

    def begin(self) -> tuple[str, Login]:
        """Return a new cookie's value and its session."""
        cookie = secrets.token_urlsafe(32)
        login = Login(secrets.token_urlsafe(32), self._clock.get_monotonic_time() + SECONDS)
        self._open[_digest(cookie)] = login
        return cookie, login

    def get(self, cookie: str | None) -> Login | None:
        """Return the session of a cookie, while it lasts."""
        if not cookie:
            return None
        login = self._open.get(_digest(cookie))
        if login is not None and login.until <= self._clock.get_monotonic_time():
            self.end(cookie)
            return None
        return login

    def end(self, cookie: str | None) -> None:
        """End it; again is harmless."""
        if cookie:
            self._open.pop(_digest(cookie), None)

    def leave(self, token: str) -> dict[str, Any]:
        """Return what another process with the same token goes on with."""
        now = self._clock.get_monotonic_time()
        logins = tuple(
            LeftLogin(digest=digest.hex(), form=login.form, seconds=min(login.until - now, SECONDS))
            for digest, login in self._open.items()
            if login.until > now
        )
        return LeftSessions(proof=_compute_proof(token), logins=logins).model_dump(mode="json")

    def take(self, left: Mapping[str, Any], token: str) -> None:
        """Go on with what `leave` returned; with nothing where the token is another one by now."""
        try:
            told = LeftSessions.model_validate(left)
        except ValidationError as error:
            _log.warning("sessions of the dashboard were left that cannot be read: %s", error)
            return
        if not hmac.compare_digest(told.proof, _compute_proof(token)):
            return
        now = self._clock.get_monotonic_time()
        for each in told.logins:
            self._open[bytes.fromhex(each.digest)] = Login(each.form, now + each.seconds)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._open)


def _digest(cookie: str) -> bytes:
    """Looking a digest up tells nothing of the cookie by the time it takes."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()


def _compute_proof(token: str) -> str:
    """Return what shows that two processes have the same token, and does not tell it."""
    return hmac.new(token.encode(), b"sessions of the dashboard", hashlib.sha256).hexdigest()
