"""The spans of time that a page can be asked for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

_HOUR = 3_600


class ShownSpan(NamedTuple):
    """A span up to now. `seconds` is how much of it one bar of a chart stands for."""

    key: str
    name: str
    length: timedelta
    seconds: int

    def get_start(self, now: datetime) -> datetime:
        """Return when it begins."""
        return now - self.length


SPANS: tuple[ShownSpan, ...] = (
    ShownSpan("24h", "24 hours", timedelta(hours=24), _HOUR),
    ShownSpan("7d", "7 days", timedelta(days=7), 6 * _HOUR),
    ShownSpan("30d", "30 days", timedelta(days=30), 24 * _HOUR),
    ShownSpan("90d", "90 days", timedelta(days=90), 72 * _HOUR),
)
_BY_KEY: Mapping[str, ShownSpan] = {span.key: span for span in SPANS}
USUAL = _BY_KEY["7d"]


def get_span(key: str) -> ShownSpan:
    """Return the span of that key; the usual one where there is none."""
    return _BY_KEY.get(key, USUAL)
