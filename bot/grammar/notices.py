"""Sentences about quiet mode (“be quiet until 18:00”) and digests (“send me a daily digest”).

The complete message has to be one of them; anything else is no such request.
"""

import re
from datetime import time
from typing import Literal, NamedTuple

from bot.domain.intents import Intent

_COURTESY = re.compile(r"^(?:please|hey|ok(?:ay)?|theseus)[, ]+|[, ]+(?:please|thanks|thank you)$")
# Only words that name a time: “be quiet until 6 and ship it” is no request for quiet alone.
_TIME_WORD = (
    r"(?:\d[\d:.-]*(?:[smhdw]|[ap]m)?|[ap]m|an?|one|two|three|four|five|six|ten|twelve|fifteen|twenty"
    r"|thirty|half|couple|few|of|the|next|and|at|utc|s|m|h|d|w|sec(?:ond)?s?|min(?:ute)?s?|h(?:ou)?rs?"
    r"|days?|weeks?|tomorrow|noon|midday|midnight|morning|afternoon|evening|end"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
)
_TIME = rf"(?P<time>{_TIME_WORD}(?: {_TIME_WORD}){{0,5}})"
_END = rf"(?: (?:until|till|for) {_TIME}| (?P<day>today|tonight|over(?:night| the weekend)))"
_QUIET = re.compile(
    rf"(?:(?:be|stay|keep|go)(?: completely| totally| absolutely)? (?P<how>quiet|silent)"
    rf"|quiet(?: mode)?(?: on)?|(?P<all>say|announce|post) nothing){_END}"
)
_SELECTIVE = re.compile(
    r"(?:stop (?:spamming|flooding)(?: (?:me|us|here|(?:the|this) (?:channel|chat|server|place)))?"
    r"|(?:only|just) (?:tell|bother|ping|notify|disturb) (?:me|us)(?: (?:about|with|of|if|when))? "
    r"(?:what|something|anything|things|it)(?: (?:that|which))? needs? "
    rf"(?:a person|me|us|a human|somebody|someone))(?:{_END})?"
)
_LOUD = re.compile(
    r"(?:end|stop|leave|turn off|switch off|no more) (?:the )?quiet(?: mode)?|quiet(?: mode)? off"
    r"|(?:you can|you may) (?:talk|speak|announce things|be loud) again|stop being (?:quiet|silent)"
)
_DIGEST = re.compile(
    r"(?:(?:send|give|post|write) (?P<who>me|us|the channel|here|everyone)? ?)?"
    r"(?:a |the |your )?(?:(?P<first>daily|weekly) )?(?:digest|summary of your work)s?"
    r"(?: (?:to|for|in) (?P<where>me|us|the (?:dev )?channel|this channel|everyone|here))?"
    r"(?: (?P<every>daily|weekly|every day|every week|each day|each week"
    r"|(?:every|each|on) (?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?"
    r"(?: (?:morning|afternoon|evening))?))?"
    r"(?: (?:at|by) (?P<at>\d{1,2}(?::\d\d)?(?: ?[ap]m)?))?(?: utc)?"
)
_NO_DIGEST = re.compile(
    r"(?:stop|end|cancel|no more|don't send|do not send|turn off|switch off)(?: sending)?"
    r"(?: (?P<who>me|us|the channel))? ?(?:a |any |any more |the |your |those )?"
    r"(?:daily |weekly )?digests?(?: (?:to|for|in) (?P<where>me|us|the (?:dev )?channel))?"
    r"(?: any ?more)?"
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))? ?(?P<half>[ap]m)?")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TO_CHANNEL = frozenset(
    {"us", "the channel", "the dev channel", "this channel", "everyone", "here"}
)
_DAY_ENDS = {
    "today": "end of day", "tonight": "tomorrow", "overnight": "tomorrow",
    "over the weekend": "monday",
}  # fmt: skip


class QuietSentence(NamedTuple):
    """A request for quiet mode; with `ends`, to end it. `until` is empty if no time is named."""

    ends: bool = False
    is_total: bool = False
    until: str = ""


class DigestSentence(NamedTuple):
    """A request for a digest."""

    every: Literal["daily", "weekly", "off"]
    to_channel: bool = False
    weekday: int = 0
    at: time = time(9)


def find_notice_request(text: str) -> Intent | None:
    """Return whether a message is about quiet mode or about digests; `None` if about neither."""
    if parse_quiet_request(text) is not None:
        return Intent.QUIET
    return Intent.DIGEST if parse_digest_request(text) is not None else None


def parse_quiet_request(text: str) -> QuietSentence | None:
    """Return what a message about quiet mode asks for; `None` for any other message."""
    plain = _make_plain(text)
    if _LOUD.fullmatch(plain):
        return QuietSentence(ends=True)
    if found := _QUIET.fullmatch(plain):
        is_total = found["how"] == "silent" or bool(found["all"])
        return QuietSentence(is_total=is_total, until=_find_end(found))
    if found := _SELECTIVE.fullmatch(plain):
        return QuietSentence(until=_find_end(found))
    return None


def parse_digest_request(text: str) -> DigestSentence | None:
    """Return what a message about digests asks for; `None` for any other message.

    How often it should come has to be said.
    """
    plain = _make_plain(text)
    if found := _NO_DIGEST.fullmatch(plain):
        return DigestSentence("off", (found["who"] or found["where"]) in _TO_CHANNEL)
    found = _DIGEST.fullmatch(plain)
    if found is None or not (found["first"] or found["every"]):
        return None
    at = parse_time(found["at"]) if found["at"] else time(9)
    if at is None:
        return None
    weekday, often = found["weekday"], f"{found['first']} {found['every']}"
    is_daily = weekday is None and ("daily" in often or "day" in often.split())
    return DigestSentence(
        "daily" if is_daily else "weekly",
        (found["who"] or found["where"]) in _TO_CHANNEL,
        _DAYS.index(weekday) if weekday else 0,
        at,
    )


def _make_plain(text: str) -> str:
    plain = " ".join(text.lower().replace("\u2019", "'").split()).strip(" .!")
    return _COURTESY.sub("", _COURTESY.sub("", plain)).strip()


def _find_end(found: re.Match[str]) -> str:
    """Return the end in words that `parse_end_time` reads, or an hour alone (“until 6”)."""
    return _DAY_ENDS[found["day"]] if found["day"] else (found["time"] or "").strip()


def parse_time(text: str) -> time | None:
    """Return a time of day such as `9:00`, `18` or `6 pm`; `None` for any other text."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
