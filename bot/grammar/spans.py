"""Spans of time in questions: "this week", "since monday", "the last 3 days". Days are of UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTS = {"an": 1, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_HOURS = {"hour": 1, "day": 24, "night": 24, "week": 168, "month": 720}
_RECENT_PERIOD = timedelta(days=7)
_AWAY = timedelta(days=1)
_MOST = 1_000
_SATURDAY = 5

_SPAN = re.compile(
    r"\b(?:(?:in|over|for|during|within|of|from) )?(?:the )?(?P<span>"
    r"(?:last|past|previous) (?:(?P<count>\d{1,3}|an?|one|two|three|four|five|six|couple of|few) )?"
    r"(?P<unit>hour|day|night|week|month)s?"
    rf"|(?:since|on) (?:last )?(?P<day>{'|'.join(_DAYS)})"
    rf"|last (?P<past>{'|'.join(_DAYS)})"
    r"|since (?P<date>\d{4}-\d\d-\d\d)"
    r"|(?:since )?(?P<named>this (?:hour|morning|afternoon|evening|week|month)|today|tonight"
    r"|yesterday)"
    r"|(?:this |last )?(?P<weekend>weekend)"
    r"|(?P<lately>lately|recently|of late)"
    r"|(?P<away>(?:while|since) (?:i|we) (?:was|were|am|'m|have been|left|went)\b.{0,20}|overnight)"
    r"|(?P<all>so far|in total|altogether|overall|all time|of all time|ever|since the start"
    r"|until now|(?<!up )to date))\b",
    re.IGNORECASE,
)


class TimeSpan(NamedTuple):
    """The time from `since` to `until`; `description` is its name for people: "this week"."""

    since: datetime
    until: datetime
    description: str


def extract_span(text: str) -> tuple[str, str]:
    """Return the span that a text names, and the text without it; empty where it names none."""
    found = _SPAN.search(text)
    if found is None:
        return "", text
    return found["span"].lower(), f"{text[: found.start()]} {text[found.end() :]}"


def read_span(text: str, now: datetime) -> TimeSpan | None:
    """Return the time that text from `extract_span` means; None for all time, and for no words."""
    found = _SPAN.fullmatch(text.strip()) if text else None
    if found is None or found["all"]:
        return None
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    description, since, until = text.strip(), now - _RECENT_PERIOD, now
    if found["unit"]:
        since, until = _resolve_count(found, midnight, now)
    elif day := found["day"] or found["past"]:
        since = midnight - timedelta(days=(now.weekday() - _DAYS.index(day.lower())) % 7 or 7)
        until = now if text.startswith("since") else since + timedelta(days=1)
    elif found["weekend"]:
        since = midnight - timedelta(days=(now.weekday() - _SATURDAY) % 7)
        until = min(now, since + timedelta(days=2))
    elif found["date"]:
        since = _parse_date(found["date"], midnight)
    elif found["named"]:
        since, until = _resolve_name(found["named"].lower(), midnight, now)
        until = now if text.startswith("since") else until
    elif found["away"]:
        since, description = now - _AWAY, "in the last day"
    return TimeSpan(since, until, description)


def _resolve_count(
    found: re.Match[str], midnight: datetime, now: datetime
) -> tuple[datetime, datetime]:
    count, unit = found["count"], found["unit"].lower()
    if count is None and unit == "week" and found["span"].lower().startswith("last"):
        monday = midnight - timedelta(days=now.weekday())
        return monday - timedelta(days=7), monday
    number = int(count) if count and count.isdigit() else _COUNTS.get(count or "one", 3)
    return now - timedelta(hours=_HOURS[unit] * min(number, _MOST)), now


def _resolve_name(named: str, midnight: datetime, now: datetime) -> tuple[datetime, datetime]:
    starts = {
        "this hour": now - timedelta(hours=1),
        "this week": midnight - timedelta(days=now.weekday()),
        "this month": midnight.replace(day=1),
    }
    if named == "yesterday":
        return midnight - timedelta(days=1), midnight
    return starts.get(named, midnight), now


def _parse_date(text: str, midnight: datetime) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return midnight
