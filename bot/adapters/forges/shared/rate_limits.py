"""Respects a forge's rate limits and reports them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.errors import ForgeUnavailable
from bot.ports.clock import Clock

_DEFAULT_WAIT = timedelta(minutes=1)  # if a secondary limit names no time; doubled each time
_MAX_DEFAULT_WAIT = timedelta(minutes=15)
_SKEW = timedelta(seconds=5)  # added because the clock of this machine may differ from the forge's
_SECONDARY = (b"secondary rate limit", b"abuse detection")


class RateLimits:
    """Records until when no requests may be sent.

    The hourly limit applies to one resource (such as REST), a secondary limit to everything.
    """

    def __init__(self, clock: Clock, title: str) -> None:
        self._title = title
        self._clock = clock
        self._until: dict[str, datetime] = {}
        self._unspecified_count = 0

    def check(self, resource: str) -> None:
        """Raise `ForgeUnavailable` while a limit for this resource is active."""
        now = self._clock.now()
        until = max((self._until[key] for key in (resource, "") if key in self._until), default=now)
        if until > now:
            raise ForgeUnavailable(
                f"{self._title}'s rate limit is used up; I will try again at "
                f"{until.astimezone(UTC):%H:%M:%S} UTC (in {_format_duration(until - now)})",
                until=until,
            )

    def note(self, resource: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Record what a response says about limits; raise `ForgeUnavailable` if a limit was hit."""
        if status not in (403, 429):
            if status < 400:
                self._unspecified_count = 0
            return
        now = self._clock.now()
        secondary = status == 429 or any(phrase in body.lower() for phrase in _SECONDARY)
        retry_after = _get_number(headers, "retry-after")
        if retry_after is not None:
            self._until[""] = now + timedelta(seconds=max(1, retry_after))
        elif _get_number(headers, "x-ratelimit-remaining") == 0:
            self._until[resource] = max(_reset(headers), now + _SKEW)
        elif secondary:
            self._until[""] = now + min(
                _DEFAULT_WAIT * 2**self._unspecified_count, _MAX_DEFAULT_WAIT
            )
            self._unspecified_count += 1
        self.check(resource)

    def mark_exhausted(self, resource: str, headers: Mapping[str, str]) -> None:
        """Record that a resource is used up if the response's status did not say it."""
        self._until[resource] = max(_reset(headers), self._clock.now() + _SKEW)
        self.check(resource)


def _reset(headers: Mapping[str, str]) -> datetime:
    """Return when the hourly limit resets, or 1970 if the headers do not say."""
    return datetime.fromtimestamp(_get_number(headers, "x-ratelimit-reset") or 0, UTC)


def _get_number(headers: Mapping[str, str], name: str) -> int | None:
    """Return a header's number; `None` if it is missing or implausibly long."""
    value = headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None


def _format_duration(span: timedelta) -> str:
    seconds = max(1, round(span.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
