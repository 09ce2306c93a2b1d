"""Who may come in: the token, compared in constant time, and few guesses at it."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

from cachetools import FIFOCache

from bot.ports.clock import Clock
from bot.web._responses import Refused

GUESSES = 10
"""Wrong tokens a peer may send in a window."""
WINDOW_SECONDS = 300.0
MOST_PEERS = 512


def is_same(provided: str, wanted: str) -> bool:
    """Whether two secrets are the same, in a time that tells neither their place nor their length.

    Whatever bytes a header can hold may be given.
    """
    digests = (
        hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
        for text in (provided, wanted)
    )
    return hmac.compare_digest(*digests)


@dataclass
class _Guesses:
    since: float
    count: int = 0


class GuessLimiter:
    """Counts wrong tokens by peer, in bounded memory: the peer heard of longest ago is forgotten.

    An IPv6 peer is its network (/64), of which one machine has as many addresses as it likes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._peers: FIFOCache[str, _Guesses] = FIFOCache(MOST_PEERS)

    def check(self, peer: str | None) -> None:
        """Raise `Refused` (429) where this peer has guessed enough."""
        guesses = self._peers.get(_get_network(peer))
        if guesses is None or guesses.count < GUESSES:
            return
        left = guesses.since + WINDOW_SECONDS - self._clock.get_monotonic_time()
        if left <= 0:
            del self._peers[_get_network(peer)]
            return
        wait = {"Retry-After": f"{left + 1:.0f}"}
        raise Refused(429, "too many wrong tokens from there; wait a few minutes.", wait)

    def count_failure(self, peer: str | None) -> None:
        """Count one."""
        now, key = self._clock.get_monotonic_time(), _get_network(peer)
        guesses = self._peers.pop(key, None)
        if guesses is None or now - guesses.since > WINDOW_SECONDS:
            guesses = _Guesses(now)
        guesses.count += 1
        self._peers[key] = guesses

    def __len__(self) -> int:
        """How many peers are remembered."""
        return len(self._peers)


class TokenAuth:
    """The token, if there is one."""

    def __init__(self, token: str | None, clock: Clock) -> None:
        self._token = token
        self.guesses = GuessLimiter(clock)

    def is_valid(self, token: str, peer: str | None) -> bool:
        """Whether that is the token. A wrong one counts; too many raise `Refused`."""
        self.guesses.check(peer)
        if self._token is None:
            return False
        if is_same(token, self._token):
            return True
        self.guesses.count_failure(peer)
        return False


def parse_bearer(header: str) -> str | None:
    """Return the token of an `Authorization` header, if it brings one."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _get_network(peer: str | None) -> str:
    try:
        address = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return "loopback"  # one machine, which may send from any address of 127/8, and from ::1
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
