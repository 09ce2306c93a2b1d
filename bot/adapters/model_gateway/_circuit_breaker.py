"""When the provider is asked: not while it said it is too much, nor while it keeps failing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.adapters.model_gateway._answers import limited, resting
from bot.ports.clock import Clock
from bot.presentation.times import clock_time

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
        self._most = failures
        self._rest = rest
        self._failed = 0
        self._rests_until: float | None = None
        self._trying = ""  # the one request that is out while the others wait
        self._limits: dict[str, datetime] = {}

    def check(self, model: str, request: str) -> None:
        """Raise `Refusal` where it is of no use to ask now."""
        until = self.limited_until(model)
        if until is not None:
            seconds = (until - self._clock.now()).total_seconds()
            told = f"The model's provider limits our use until {clock_time(until)}."
            raise limited(seconds, told)
        if self._rests_until is None:
            return
        seconds = self._rests_until - self._clock.monotonic()
        if seconds > 0 or self._trying:
            raise resting(
                max(1.0, seconds),
                f"I ask the model's provider nothing for {self._rest:g} s, as it failed "
                f"{self._failed} times in a row.",
            )
        self._trying = request

    def limited_until(self, model: str) -> datetime | None:
        """Return when the provider will answer again, where it said so."""
        now = self._clock.now()
        self._limits = {whose: until for whose, until in self._limits.items() if until > now}
        found = [self._limits[each] for each in (model, _EVERYONE) if each in self._limits]
        return max(found, default=None)

    def went_well(self) -> None:
        """Note that the provider answered: all is well."""
        self._failed, self._rests_until, self._trying = 0, None, ""

    def failed(self) -> None:
        """Note a failure of the provider's."""
        self._failed += 1
        self._trying = ""
        if self._failed >= self._most:
            self._rests_until = self._clock.monotonic() + self._rest

    def left(self, request: str) -> None:
        """Note that a request ended without telling anything about the provider."""
        if self._trying == request:
            self._trying = ""

    def note_limit(self, model: str, headers: Mapping[str, str]) -> datetime | None:
        """Take from a refusal until when it lasts, if it says; return that."""
        now = self._clock.now()
        until = _until(headers, now)
        if until is None or until <= now:
            return None
        until = min(until, now + LONGEST)
        self._limits[_EVERYONE if _UNIFIED in headers else model] = until
        return until


def _until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return the time a refusal names: the latest of those that are said to be used up."""
    found = [_moment(headers.get("retry-after"), now, relative=True)]
    found.append(_moment(headers.get(_UNIFIED), now))
    if found == [None, None]:
        for name, value in headers.items():
            left = headers.get(name.removesuffix(_RESET) + "-remaining")
            if name.startswith("anthropic-ratelimit-") and name.endswith(_RESET) and left == "0":
                found.append(_moment(value, now))
    return max((each for each in found if each is not None), default=None)


def _moment(text: str | None, now: datetime, *, relative: bool = False) -> datetime | None:
    """Read seconds from now, a time of the world in seconds, or a written date."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return _date(text)
    seconds = number if relative else number - now.timestamp()
    if not seconds >= 0:
        return None
    return now + timedelta(seconds=min(seconds, LONGEST.total_seconds()))


def _date(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(text)
        except ValueError:
            continue
        return found if found.tzinfo else None
    return None
