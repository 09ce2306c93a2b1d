"""A server that takes records: NDJSON by POST, tried again while the server is away."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from theseus_observe.outbox import Tell

_SECONDS = 10.0
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 60.0
_TOO_LARGE, _MOST_BYTES = 413, 256 * 1024
# Answers that the same lines would get again. Others, as 401 or 503, end when somebody acts.
_USELESS = frozenset({400, 415, 422})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirection would send the token to another server."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none: the answer counts as a failure."""


class HttpSink:
    """Implements `Sink` by requests of at most 256 KiB, with a token."""

    def __init__(
        self,
        url: str,
        token: str,
        tell: Tell,
        *,
        choose: Callable[[], float] = random.random,
        seconds: float = _SECONDS,
        first_delay: float = _FIRST_DELAY,
    ) -> None:
        self._url = url
        self._token = token
        self._tell = tell
        self._choose = choose
        self._seconds = seconds
        self._first_delay = first_delay
        self._delay = 0.0
        self._done = 0
        self._most_bytes = _MOST_BYTES
        self._is_reported = False
        self._opener = urllib.request.build_opener(_NoRedirect)
        self.refused = 0

    def write(self, lines: Sequence[bytes]) -> float:
        """Send lines; return 0, or after how long to try again. What arrived is not sent twice."""
        while self._done < len(lines):
            part = _cut(lines[self._done :], self._most_bytes)
            delay = self._send(part)
            if delay:
                return delay
            self._done += len(part)
        self._done = 0
        return 0.0

    def close(self) -> None:
        """Close nothing: each request has a connection of its own."""

    def _send(self, lines: Sequence[bytes]) -> float:
        request = urllib.request.Request(  # noqa: S310  # settings allow http and https alone
            self._url,
            data=b"".join(lines),
            method="POST",
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/x-ndjson",
                "User-Agent": "theseus-observe",
            },
        )
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _USELESS or (error.code == _TOO_LARGE and len(lines) == 1):
                self.refused += len(lines)
                self._report_once(f"the server refuses records with {error.code}")
                return 0.0
            if error.code == _TOO_LARGE:
                self._most_bytes = sum(map(len, lines)) // 2
            return self._wait_longer(f"answered {error.code}")
        except (OSError, ValueError) as error:
            return self._wait_longer(f"cannot be reached ({type(error).__name__})")
        self._delay = 0.0
        self._is_reported = False
        return 0.0

    def _wait_longer(self, why: str) -> float:
        self._report_once(
            f"the server of THESEUS_OBSERVE_URL {why}; records wait and are sent later"
        )
        self._delay = min(max(self._first_delay, 2 * self._delay), _LONGEST_DELAY)
        return self._delay * (0.5 + self._choose() / 2)

    def _report_once(self, text: str) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._tell(text)


def _cut(lines: Sequence[bytes], most: int) -> Sequence[bytes]:
    """Return the first lines, as many as fit into a request; one at least."""
    size = 0
    for number, line in enumerate(lines):
        size += len(line)
        if number and size > most:
            return lines[:number]
    return lines
