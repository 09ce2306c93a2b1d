"""Sessions of the dashboard: begun by a login, held in memory, handed to the process that takes
over.

They are handed over through the supervisor's socket alone. The handover holds no cookie, which only
the browser has, but the cookie's digest and the session's form token.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from cachetools import FIFOCache
from pydantic import Field, ValidationError
from theseus_guard.record import Record

from bot.ports.clock import Clock

SECONDS = 12 * 3600.0
MOST = 32
_log = structlog.stdlib.get_logger(__name__)


class LeftLogin(Record):
    """A session in a handover: the hexadecimal digest of its cookie, and how long it lasts."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    form: str = Field(min_length=32, max_length=64)
    seconds: float = Field(gt=0, le=SECONDS)


class LeftSessions(Record):
    """All sessions in a handover. `proof` shows which token they were begun with; they end with
    it.
    """

    proof: str
    logins: tuple[LeftLogin, ...] = Field(max_length=MOST)


@dataclass(frozen=True)
class Login:
    """One session. `form` is the token in its forms, so that no other page can send them."""

    form: str
    until: float


class Sessions:
    """Sessions by the digest of their cookie, in a bounded number; the oldest is dropped first.

    Every cookie is created here: a cookie that a browser sends unasked is never adopted.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: FIFOCache[bytes, Login] = FIFOCache(MOST)

    def begin(self) -> tuple[str, Login]:
        """Return a new cookie's value and its session."""
        cookie = secrets.token_urlsafe(32)
        login = Login(secrets.token_urlsafe(32), self._clock.monotonic() + SECONDS)
        self._open[_compute_digest(cookie)] = login
        return cookie, login

    def get(self, cookie: str | None) -> Login | None:
        """Return the session of a cookie, or `None` if it has ended."""
        if not cookie:
            return None
        login = self._open.get(_compute_digest(cookie))
        if login is not None and login.until <= self._clock.monotonic():
            self.end(cookie)
            return None
        return login

    def end(self, cookie: str | None) -> None:
        """End the session; may be called repeatedly."""
        if cookie:
            self._open.pop(_compute_digest(cookie), None)

    def leave(self, token: str) -> dict[str, Any]:
        """Return the sessions for another process with the same token."""
        now = self._clock.monotonic()
        logins = tuple(
            LeftLogin(digest=digest.hex(), form=login.form, seconds=min(login.until - now, SECONDS))
            for digest, login in self._open.items()
            if login.until > now
        )
        return LeftSessions(proof=_compute_proof(token), logins=logins).model_dump(mode="json")

    def take(self, left: Mapping[str, Any], token: str) -> None:
        """Continue the sessions that `leave` returned; none if the token has changed meanwhile."""
        try:
            sessions = LeftSessions.model_validate(left)
        except ValidationError as error:
            _log.warning("the dashboard sessions of the previous process cannot be read: %s", error)
            return
        if not hmac.compare_digest(sessions.proof, _compute_proof(token)):
            return
        now = self._clock.monotonic()
        for each in sessions.logins:
            self._open[bytes.fromhex(each.digest)] = Login(each.form, now + each.seconds)

    def __len__(self) -> int:
        """Return the number of sessions."""
        return len(self._open)


def _compute_digest(cookie: str) -> bytes:
    """Return the digest of a cookie.

    Sessions are looked up by digest, so the time of a look-up reveals nothing about the cookie.
    """
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()


def _compute_proof(token: str) -> str:
    """Return a value that shows that two processes have the same token without revealing it."""
    return hmac.new(token.encode(), b"sessions of the dashboard", hashlib.sha256).hexdigest()
