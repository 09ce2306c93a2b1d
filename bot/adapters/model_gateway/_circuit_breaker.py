"""Decides when the provider may be asked: not during a rate limit, nor while it keeps failing."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from bot.adapters.model_gateway._answers import refuse_limited, refuse_resting
from bot.ports.clock import Clock
from bot.presentation.times import format_utc

FailureKind = Literal["overloaded", "failing", "unreachable", "interrupted"]
_KIND_TEXTS: Mapping[FailureKind, str] = {
    "overloaded": "was overloaded",
    "failing": "failed",
    "unreachable": "could not be reached",
    "interrupted": "broke off its answer",
}
LONGEST = timedelta(days=32)  # no real limit lasts longer; a header may contain any date
_UNIFIED = "anthropic-ratelimit-unified-reset"
_RESET = "-reset"
_EVERYONE = ""  # a limit of the account, not of one model


class CircuitBreaker:
    """Records how requests end, and decides whether the next one may be sent.

    After `failures` of one kind without a success between them no request is sent for `rest`
    seconds. Then one request is tried, and the others are refused until its result is known.
    """

    def __init__(self, clock: Clock, *, failures: int, rest: float) -> None:
        self._clock = clock
        self._max_failures = failures
        self._rest = rest
        self._failure_counts: Counter[FailureKind] = Counter()
        self._newest: FailureKind = "failing"
        self._rests_until: float | None = None
        self._trying = ""  # the one request that is tried while the others are refused
        self._limits: dict[str, datetime] = {}

    def check(self, model: str, request: str) -> None:
        """Raise `GatewayRefusal` if no request may be sent now."""
        until = self.get_limit_end(model)
        if until is not None:
            seconds = (until - self._clock.now()).total_seconds()
            message = f"The model's provider limits our use until {format_utc(until)}."
            raise refuse_limited(seconds, message)
        if self._rests_until is None:
            return
        seconds = self._rests_until - self._clock.monotonic()
        if seconds > 0 or self._trying:
            count = self._failure_counts[self._newest]
            often = f"{count} times in a row" if count > 1 else "again"
            raise refuse_resting(
                max(1.0, seconds),
                f"I send no requests to the model's provider for {self._rest:g} s, because it "
                f"{_KIND_TEXTS[self._newest]} {often}.",
            )
        self._trying = request

    def get_limit_end(self, model: str) -> datetime | None:
        """Return when the provider's limit ends, or `None` if there is no known limit."""
        now = self._clock.now()
        self._limits = {key: until for key, until in self._limits.items() if until > now}
        ends = [self._limits[key] for key in (model, _EVERYONE) if key in self._limits]
        return max(ends, default=None)

    def record_success(self) -> None:
        """Record a success: reset the failures."""
        self._failure_counts.clear()
        self._rests_until, self._trying = None, ""

    def record_failure(self, kind: FailureKind) -> None:
        """Record a failure of the provider; each kind is counted separately."""
        self._failure_counts[kind] += 1
        self._newest, self._trying = kind, ""
        # After a rest, one failure of any kind is enough: the provider has not recovered.
        is_recovering = self._rests_until is not None
        if is_recovering or self._failure_counts[kind] >= self._max_failures:
            self._rests_until = self._clock.monotonic() + self._rest

    def release(self, request: str) -> None:
        """Record that a request ended without information about the provider."""
        if self._trying == request:
            self._trying = ""

    def note_limit(self, model: str, headers: Mapping[str, str]) -> datetime | None:
        """Record how long a limit lasts, if the response says so; return that time."""
        now = self._clock.now()
        until = _parse_limit_end(headers, now)
        if until is None or until <= now:
            return None
        until = min(until, now + LONGEST)
        self._limits[_EVERYONE if _UNIFIED in headers else model] = until
        return until


def _parse_limit_end(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return the time in a response's headers: the latest reset of the exhausted limits."""
    times = [_parse_time(headers.get("retry-after"), now, relative=True)]
    times.append(_parse_time(headers.get(_UNIFIED), now))
    if times == [None, None]:
        for name, value in headers.items():
            remaining = headers.get(name.removesuffix(_RESET) + "-remaining")
            if (
                name.startswith("anthropic-ratelimit-")
                and name.endswith(_RESET)
                and remaining == "0"
            ):
                times.append(_parse_time(value, now))
    return max((time for time in times if time is not None), default=None)


def _parse_time(text: str | None, now: datetime, *, relative: bool = False) -> datetime | None:
    """Return the time for a number of seconds from now, Unix seconds, or a written date."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return _parse_date(text)
    seconds = number if relative else number - now.timestamp()
    if not seconds >= 0:
        return None
    return now + timedelta(seconds=min(seconds, LONGEST.total_seconds()))


def _parse_date(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = parse(text)
        except ValueError:
            continue
        return date if date.tzinfo else None
    return None
