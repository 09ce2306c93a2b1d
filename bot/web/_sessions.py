"""Sessions of the dashboard: made by a login, kept here, gone with the process."""

import hashlib
import secrets
from dataclasses import dataclass

from cachetools import FIFOCache

from bot.ports.clock import Clock

SECONDS = 12 * 3600.0
MOST = 32


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
        login = Login(secrets.token_urlsafe(32), self._clock.monotonic() + SECONDS)
        self._open[_digest(cookie)] = login
        return cookie, login

    def of(self, cookie: str | None) -> Login | None:
        """Return the session of a cookie, while it lasts."""
        if not cookie:
            return None
        login = self._open.get(_digest(cookie))
        if login is not None and login.until <= self._clock.monotonic():
            self.end(cookie)
            return None
        return login

    def end(self, cookie: str | None) -> None:
        """End it; again is harmless."""
        if cookie:
            self._open.pop(_digest(cookie), None)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._open)


def _digest(cookie: str) -> bytes:
    """Looking a digest up tells nothing of the cookie by the time it takes."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()
