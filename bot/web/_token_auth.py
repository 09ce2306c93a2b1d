"""Checks the token in constant time and limits the number of guesses."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

from cachetools import FIFOCache

from bot.ports.clock import Clock
from bot.web._responses import Refused

GUESSES = 10
"""The number of wrong tokens that a peer may send in a window."""
WINDOW_SECONDS = 300.0
MOST_PEERS = 512


def is_same(provided: str, wanted: str) -> bool:
    """Return whether two secrets are equal, in a time that reveals neither a prefix nor the length.

    `provided` may contain any bytes that a header can hold.
    """
    return hmac.compare_digest(compute_digest(provided), compute_digest(wanted))


def compute_digest(secret: str) -> bytes:
    """Return the digest of a secret.

    What is looked up by it takes a time that reveals nothing about the secret.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


@dataclass
class _Guesses:
    since: float
    count: int = 0


class GuessLimiter:
    """Counts wrong tokens by peer, in bounded memory; the peer whose last guess is oldest is
    dropped.

    An IPv6 peer is its network (/64), because one machine can use any address of its network.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._peers: FIFOCache[str, _Guesses] = FIFOCache(MOST_PEERS)

    def check(self, peer: str | None) -> None:
        """Raise `Refused` (429) if this peer has sent too many wrong tokens."""
        guesses = self._peers.get(_get_network(peer))
        if guesses is None or guesses.count < GUESSES:
            return
        left = guesses.since + WINDOW_SECONDS - self._clock.monotonic()
        if left <= 0:
            del self._peers[_get_network(peer)]
            return
        wait = {"Retry-After": f"{left + 1:.0f}"}
        raise Refused(429, "too many wrong tokens from your address; wait a few minutes.", wait)

    def count_failure(self, peer: str | None) -> None:
        """Count one wrong token of this peer."""
        now, key = self._clock.monotonic(), _get_network(peer)
        guesses = self._peers.pop(key, None)
        if guesses is None or now - guesses.since > WINDOW_SECONDS:
            guesses = _Guesses(now)
        guesses.count += 1
        self._peers[key] = guesses

    def __len__(self) -> int:
        """Return the number of peers that are remembered."""
        return len(self._peers)


class TokenAuth:
    """The token of the web server, if one is set."""

    def __init__(self, token: str | None, clock: Clock) -> None:
        self._token = token
        self.guesses = GuessLimiter(clock)

    def is_valid(self, token: str, peer: str | None) -> bool:
        """Return whether the token is right and count a wrong one. Raises `Refused` after too
        many.
        """
        self.guesses.check(peer)
        if self._token is None:
            return False
        if is_same(token, self._token):
            return True
        self.guesses.count_failure(peer)
        return False


def parse_bearer(header: str) -> str | None:
    """Return the token in an `Authorization` header, or `None`."""
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
        return "loopback"  # one machine can send from any address of 127/8 and from ::1
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
