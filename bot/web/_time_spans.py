"""The time spans that a page can show."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

_HOUR = 3_600


class ShownSpan(NamedTuple):
    """A time span up to now. `seconds` is the length of one bar of a chart."""

    key: str
    name: str
    length: timedelta
    seconds: int

    def get_start(self, now: datetime) -> datetime:
        """Return the start of the span."""
        return now - self.length


SPANS: tuple[ShownSpan, ...] = (
    ShownSpan("24h", "24 hours", timedelta(hours=24), _HOUR),
    ShownSpan("7d", "7 days", timedelta(days=7), 6 * _HOUR),
    ShownSpan("30d", "30 days", timedelta(days=30), 24 * _HOUR),
    ShownSpan("90d", "90 days", timedelta(days=90), 72 * _HOUR),
)
_BY_KEY: Mapping[str, ShownSpan] = {span.key: span for span in SPANS}
USUAL = _BY_KEY["24h"]


def get_span(key: str) -> ShownSpan:
    """Return the span with this key, or the usual one if the key is unknown."""
    return _BY_KEY.get(key, USUAL)
