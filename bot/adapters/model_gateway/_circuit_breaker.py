"""When the provider is asked: not while it said it is too much, nor while it keeps failing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.adapters.model_gateway._answers import refuse_limited, refuse_resting
from bot.ports.clock import Clock
from bot.presentation.times import format_utc

LONGEST = timedelta(days=32)
_UNIFIED = "anthropic-ratelimit-unified-reset"
_RESET = "-reset"
_EVERYONE = ""  # a limit of the whole account, not of one model


class CircuitBreaker:
    """Notes how requests end, and says whether the next one may go out.

    After `failures` in a row nothing is asked for `rest` seconds; then one request tries, and the
    others wait for what becomes of it.
    """

    def __init__(self, clock: Clock, *, failures: int, rest: float) -> None:
        self._clock = clock
        self._max_failures = failures
        self._rest = rest
        self._failure_count = 0
        self._rests_until: float | None = None
        self._trying = ""  # the one request that is out while the others wait
        self._limits: dict[str, datetime] = {}

    def check(self, model: str, request: str) -> None:
        """Raise `Refusal` where it is of no use to ask now."""
        until = self.get_limit_end(model)
        if until is not None:
            seconds = (until - self._clock.get_time()).total_seconds()
            told = f"The model's provider limits our use until {format_utc(until)}."
            raise refuse_limited(seconds, told)
        if self._rests_until is None:
            return
        seconds = self._rests_until - self._clock.get_monotonic_time()
        if seconds > 0 or self._trying:
            raise refuse_resting(
                max(1.0, seconds),
                f"I ask the model's provider nothing for {self._rest:g} s, as it failed "
                f"{self._failure_count} times in a row.",
            )
        self._trying = request

    def get_limit_end(self, model: str) -> datetime | None:
        """Return when the provider will answer again, where it said so."""
        now = self._clock.get_time()
        self._limits = {whose: until for whose, until in self._limits.items() if until > now}
        found = [self._limits[each] for each in (model, _EVERYONE) if each in self._limits]
        return max(found, default=None)

    def record_success(self) -> None:
        """Note that the provider answered: all is well."""
        self._failure_count, self._rests_until, self._trying = 0, None, ""

    def record_failure(self) -> None:
        """Note a failure of the provider's."""
        self._failure_count += 1
        self._trying = ""
        if self._failure_count >= self._max_failures:
            self._rests_until = self._clock.get_monotonic_time() + self._rest

    def release(self, request: str) -> None:
        """Note that a request ended without telling anything about the provider."""
        if self._trying == request:
            self._trying = ""

    def note_limit(self, model: str, headers: Mapping[str, str]) -> datetime | None:
        """Take from a refusal until when it lasts, if it says; return that."""
        now = self._clock.get_time()
        until = _parse_limit_end(headers, now)
        if until is None or until <= now:
            return None
        until = min(until, now + LONGEST)
        self._limits[_EVERYONE if _UNIFIED in headers else model] = until
        return until


def _parse_limit_end(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return the time a refusal names: the latest of those that are said to be used up."""
    found = [_parse_time(headers.get("retry-after"), now, relative=True)]
    found.append(_parse_time(headers.get(_UNIFIED), now))
    if found == [None, None]:
        for name, value in headers.items():
            left = headers.get(name.removesuffix(_RESET) + "-remaining")
            if name.startswith("anthropic-ratelimit-") and name.endswith(_RESET) and left == "0":
                found.append(_parse_time(value, now))
    return max((each for each in found if each is not None), default=None)


def _parse_time(text: str | None, now: datetime, *, relative: bool = False) -> datetime | None:
    """Read seconds from now, a time of the world in seconds, or a written date."""
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
            found = parse(text)
        except ValueError:
            continue
        return found if found.tzinfo else None
    return None
