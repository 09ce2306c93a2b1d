"""GitHub's rate limits: what it asked for is kept to, and said."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.errors import ForgeUnavailable
from bot.ports.clock import Clock

_DEFAULT_WAIT = timedelta(minutes=1)  # what GitHub asks for where a secondary limit names no time
_MAX_DEFAULT_WAIT = timedelta(minutes=15)
_SKEW = timedelta(seconds=5)  # at least so long, whatever our clock thinks of GitHub's
_SECONDARY = (b"secondary rate limit", b"abuse detection")


class RateLimits:
    """Until when GitHub wants to be left alone.

    The hourly limit is per resource (REST, GraphQL); a secondary one is for everything.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}
        self._unspecified_count = 0

    def check(self, resource: str) -> None:
        """Raise `ForgeUnavailable` while GitHub must not be asked."""
        now = self._clock.get_time()
        until = max((self._until[key] for key in (resource, "") if key in self._until), default=now)
        if until > now:
            raise ForgeUnavailable(
                f"GitHub's rate limit is used up; I ask again at {until.astimezone(UTC):%H:%M:%S} "
                f"UTC (in {_format_duration(until - now)})",
                until=until,
            )

    def note(self, resource: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep what an answer says about limits, and raise `ForgeUnavailable` if it was one."""
        if status not in (403, 429):
            if status < 400:
                self._unspecified_count = 0
            return
        now = self._clock.get_time()
        secondary = status == 429 or any(word in body.lower() for word in _SECONDARY)
        asked = _get_number(headers, "retry-after")
        if asked is not None:
            self._until[""] = now + timedelta(seconds=max(1, asked))
        elif _get_number(headers, "x-ratelimit-remaining") == 0:
            self._until[resource] = max(_reset(headers), now + _SKEW)
        elif secondary:
            self._until[""] = now + min(
                _DEFAULT_WAIT * 2**self._unspecified_count, _MAX_DEFAULT_WAIT
            )
            self._unspecified_count += 1
        self.check(resource)

    def mark_exhausted(self, resource: str, headers: Mapping[str, str]) -> None:
        """Keep that a resource is used up, where the answer's status did not say so."""
        self._until[resource] = max(_reset(headers), self._clock.get_time() + _SKEW)
        self.check(resource)


def _reset(headers: Mapping[str, str]) -> datetime:
    """Return when the hourly limit starts anew; long ago where that is not said."""
    return datetime.fromtimestamp(_get_number(headers, "x-ratelimit-reset") or 0, UTC)


def _get_number(headers: Mapping[str, str], name: str) -> int | None:
    """Return a header's number; `None` where it has none, or one out of all reason."""
    said = headers.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 10 else None


def _format_duration(span: timedelta) -> str:
    seconds = max(1, round(span.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
