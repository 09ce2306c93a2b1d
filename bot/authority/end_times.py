"""Parses people's end times: `2 hours`, `tomorrow`, `until 18:00`; times of day are in UTC."""

import re
from datetime import UTC, datetime, time, timedelta

from bot.domain.errors import WrongStage

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNIT = r"(?P<unit>s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:ou)?rs?|h|d(?:ays?)?|w(?:eeks?)?)"
_QUANTITIES = {
    "a couple of": "2", "a few": "3", "another": "1", "half an": "0.5", "half a": "0.5",
    "an": "1", "a": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "ten": "10", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30",
}  # fmt: skip
_COUNT = re.compile(rf"\b({'|'.join(_QUANTITIES)})(?= (?:more )?[smhdw])")
_PART = re.compile(rf"(?P<count>\d{{1,5}}(?:\.\d{{1,3}})?) ?(?:more )?{_UNIT}\b")
_SPAN = re.compile(
    rf"{_PART.pattern}(?:(?:,| and|,? and)? ?\d{{1,5}}(?:\.\d{{1,3}})? ?(?:more )?[a-z]+)*"
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))? ?(?P<half>am|pm|a\.m\.|p\.m\.)?")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_LEAD = re.compile(r"^(?:until|till|'?til|for|by|the|next|this|at|on|about|another(?= \d))\b ?")
_ZONE = re.compile(r" ?(?:utc|gmt|z)$")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = {"noon": time(12), "midday": time(12), "midnight": time(0), "morning": time(9),
          "afternoon": time(15), "evening": time(18), "night": time(22)}  # fmt: skip
_MORNING = time(9)
_MIDNIGHT = frozenset({"today", "end of day", "end of the day", "rest of the day", "rest of today",
                       "eod", "day"})  # fmt: skip
_NEXT_WEEK = frozenset({"week", "weekend", "rest of the week", "end of the week"})
_OPEN = re.compile(
    r"^(?:while|whilst|during|before|after|until (?:i|we|you|it|they|further|somebody|someone)\b"
    r"|i\b|we\b|you\b|it\b|they\b|further notice|now$|a bit|a while|a moment|bit$)"
)
_HOW = (
    "Write, for example, “2 hours”, “18:00” (UTC), “tomorrow”, “friday 9am” or “2026-12-24 18:00”."
)


def parse_end_time(phrase: str, now: datetime) -> datetime | None:
    """Return the end time, always after `now`; `None` if the phrase names no time.

    “While we deploy” or “until we say so” name no time. Raises `WrongStage` for text that cannot be
    parsed; the message gives examples.
    """
    text = " ".join(phrase.lower().split()).strip(" .,!")
    if not text or _OPEN.match(text):
        return None
    now = now.astimezone(UTC)
    plain = _strip_lead(text)
    try:
        found = _parse_span(plain, now) or _on_a_day(_ZONE.sub("", plain), now)
    except (ValueError, OverflowError) as error:
        raise _build_error(phrase) from error
    if found is None:
        raise _build_error(phrase)
    if found <= now:
        raise WrongStage(f"“{phrase.strip()[:80]}” is in the past. {_HOW}")
    return found


def _build_error(phrase: str) -> WrongStage:
    return WrongStage(f"I do not understand “{phrase.strip()[:80]}” as a time. {_HOW}")


def _strip_lead(text: str) -> str:
    while lead := _LEAD.match(text):
        text = text[lead.end() :]
    return text


def _parse_span(text: str, now: datetime) -> datetime | None:
    """Return the end of a duration: `1 h 30 min`, `half an hour`; `None` if it is not one."""
    counted = _COUNT.sub(
        lambda found: _QUANTITIES[found[1]], text.replace("half hour", "half an hour")
    )
    if not _SPAN.fullmatch(counted):
        return None
    parts = list(_PART.finditer(counted))
    if re.sub(r"[\s,]|and", "", _PART.sub("", counted)):
        return None
    return now + timedelta(
        seconds=sum(float(part["count"]) * _SECONDS[part["unit"][0]] for part in parts)
    )


def _on_a_day(text: str, now: datetime) -> datetime | None:
    """Return a time of day on a named day, or the next occurrence of a time of day."""
    if text in _MIDNIGHT:
        return _combine_day_and_time(now + timedelta(days=1), time(0))
    if text in _NEXT_WEEK:
        return _combine_day_and_time(now + timedelta(days=7 - now.weekday()), _MORNING)
    day, rest = _parse_day(text, now)
    rest = re.sub(r"^(?:,? ?(?:at|by|t))? ?", "", rest)
    if day is not None:
        return (
            _combine_day_and_time(day, _parse_clock(rest))
            if rest
            else _combine_day_and_time(day, _MORNING)
        )
    wanted = _combine_day_and_time(now, _parse_clock(rest))
    return wanted if wanted > now else wanted + timedelta(days=1)


def _parse_day(text: str, now: datetime) -> tuple[datetime | None, str]:
    """Return the day at the beginning of the text, if any, and the rest of the text."""
    if dated := _DATE.match(text):
        year, month, day = (int(number) for number in dated.groups())
        return datetime(year, month, day, tzinfo=UTC), text[dated.end() :]
    first, _, rest = text.partition(" ")
    if first in ("tomorrow", "tmrw"):
        return now + timedelta(days=1), rest
    if first in ("today", "tonight"):
        return now, rest or ("22:00" if first == "tonight" else "")
    for number, name in enumerate(_DAYS):
        if len(first) >= 3 and name.startswith(first):
            return now + timedelta(days=(number - now.weekday() - 1) % 7 + 1), rest
    return None, text


def _parse_clock(text: str) -> time:
    if text in _HOURS:
        return _HOURS[text]
    found = _CLOCK.fullmatch(text)
    if found is None or not (found["minute"] or found["half"]):
        raise ValueError(text)
    hour, half = int(found["hour"]), (found["half"] or "").replace(".", "")
    if half and not 1 <= hour <= 12:
        raise ValueError(text)
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(found["minute"] or 0))


def _combine_day_and_time(day: datetime, clock: time) -> datetime:
    return datetime.combine(day.date(), clock, tzinfo=UTC)
