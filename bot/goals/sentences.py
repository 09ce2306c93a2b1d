"""Reads a goal as people write it: “answers under 1 s”, “no crash for a week”, “people come back”.

It finds a measure, a target, a number of days and a date. Everything else is text, without effect.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.authority.end_times import parse_end_time
from bot.domain.errors import OutOfBounds, WrongStage
from bot.domain.objective import Bound, MeasureName, Requirement
from bot.goals.measures import MEASURES

EXAMPLES = (
    "answers under 1 s",
    "no crash for a week",
    "people come back",
    "error rate below 2 %",
    "/roll is used at least 50 times a week",
    "at most 1 open incident",
    "models cost at most $5 a week",
)
USUAL_DUE = timedelta(days=30)
_WORDS = (
    (MeasureName.COST, r"\b(?:costs?|spend(?:ing)?|budget|dollars|usd)\b|\$"),
    (MeasureName.INCIDENTS, r"\bincidents?\b"),
    (MeasureName.ERROR_RATE, r"\berror rate\b|\b(?:fail(?:s|ures?|ed)?|errors?)\b[^.]*%"),
    (MeasureName.CRASHES, r"\b(?:crash(?:es|ed|ing)?|exceptions?|failures?|errors?)\b"),
    (MeasureName.RETURNING, r"\b(?:come|came|coming|comes) back\b|\breturn(?:s|ing)?\b"),
    (
        MeasureName.RESPONSE_TIME,
        r"\b(?:answers?|respon(?:d|ds|se|ses|se time)|replies|latency|fast(?:er)?|slow)\b"
        r"|\d ?(?:ms|s|sec|seconds?)\b",
    ),
    (MeasureName.USE, r"\b(?:used?|uses|usage)\b"),
)
_MEASURES = tuple((name, re.compile(words, re.IGNORECASE)) for name, words in _WORDS)
_USUAL = {
    MeasureName.RESPONSE_TIME: 1_000.0,
    MeasureName.CRASHES: 0.0,
    MeasureName.ERROR_RATE: 1.0,
    MeasureName.RETURNING: 50.0,
    MeasureName.INCIDENTS: 0.0,
}
"""The targets of goals that name none; `USE` and `COST` have to name one."""
_COMMAND = re.compile(r"(?<![\w/])/([a-z0-9_-]{1,32})(?: ([a-z0-9_-]{1,32}))?")
_PERIOD = re.compile(
    r"\b(?:for|over|in|within|per|an?|each|every) ?(?:an?|one|the last)? ?(\d+)? ?"
    r"(days?|weeks?|months?|fortnight)\b",
    re.IGNORECASE,
)
_DUE = re.compile(r"\b(?:by|before|until) (?P<due>[^,.]{2,40})$", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?P<sign>-)?\$?(?<![\d.])(?P<number>\d+(?:\.\d+)?)"
    r"(?: ?(?P<unit>ms|milliseconds?|seconds?|secs?|s\b|%|percent|usd|dollars))?"
)
_ZERO = re.compile(r"\b(?:no(?! (?:more|less|fewer) than)|never|zero|without)\b", re.IGNORECASE)
_LEAST = re.compile(
    r"\b(?:at least|(?<!no )more than|(?<!not )over|above|no (?:less|fewer) than|minimum)\b",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\b(?:at most|less than|fewer than|under|below|within|no more than|maximum|not over|up to)\b",
    re.IGNORECASE,
)
_MOST_DAYS = 90
_LARGEST = 1_000_000.0
_DAYS = {"d": 1, "w": 7, "f": 14, "m": 30}


@dataclass(frozen=True)
class Draft:
    """What a sentence asks for, not validated."""

    text: str
    requirement: Requirement
    due: datetime


def parse_objective(
    text: str,
    now: datetime,
    *,
    measure: MeasureName | None = None,
    target: float | None = None,
    days: int | None = None,
    due: str = "",
    commands: Collection[str] = (),
) -> Draft:
    """Return what the sentence asks for; what is given as an argument counts in place of words.

    `commands` are the full names of the bot's commands, of which some have two words.
    Raises `OutOfBounds` if no measure or target is found, `WrongStage` for an unreadable date.
    """
    sentence = " ".join(text.split()).strip(" .!")
    dated = None if due else _DUE.search(sentence)
    about = sentence[: dated.start()].strip() if dated else sentence
    name = measure or _find_measure(about)
    found_days, rest = _take_period(about)
    period = days or (7 if found_days is None else found_days)
    if not 1 <= period <= _MOST_DAYS:
        raise OutOfBounds(f"A goal is measured over 1 to {_MOST_DAYS} days; choose such a time.")
    command = _find_command(about, commands)
    rest = rest.replace(f"/{command}", "") if command else rest
    is_zero = name in (MeasureName.CRASHES, MeasureName.INCIDENTS) and _ZERO.search(rest)
    wanted = target if target is not None else 0.0 if is_zero else _find_target(name, rest)
    requirement = Requirement(
        measure=name,
        command=command if MEASURES[name].has_commands else "",
        bound=_find_bound(name, rest),
        target=wanted,
        days=period,
    )
    return Draft(sentence, requirement, _find_due(due or (dated["due"] if dated else ""), now))


def _find_measure(text: str) -> MeasureName:
    for name, words in _MEASURES:
        if words.search(text):
            return name
    some = "”, “".join(EXAMPLES[:4])
    known = ", ".join(name.value for name in MeasureName)
    raise OutOfBounds(
        f"I cannot measure that. I can measure: {known}. Say, for example, “{some}”, or choose "
        "`measure` and `target` with `/goals set`."
    )


def _find_command(text: str, commands: Collection[str]) -> str:
    """Return the full name of the command that a text names, or an empty text."""
    found = _COMMAND.search(text)
    if found is None:
        return ""
    both = f"{found[1]} {found[2]}"
    return both if both in commands else found[1]


def _take_period(text: str) -> tuple[int | None, str]:
    """Return the number of days in a text, if it names any, and the text without them."""
    found = _PERIOD.search(text)
    if found is None:
        return None, text
    days = int(found[1] or 1) * _DAYS[found[2][0].lower()]
    return days, text[: found.start()] + text[found.end() :]


def _find_target(name: MeasureName, text: str) -> float:
    # A text may have further numbers: the one behind “under” or “at least” is meant.
    bound = _LEAST.search(text) or _MOST.search(text)
    found = (bound and _NUMBER.search(text, bound.end())) or _NUMBER.search(text)
    if found is None:
        if name in _USUAL:
            return _USUAL[name]
        raise OutOfBounds(
            f"Which number should “{MEASURES[name].label}” reach? Say, for example, "
            f"“{next(each for each in EXAMPLES if _find_measure(each) is name)}”."
        )
    number, unit = float(found["number"]), (found["unit"] or "").lower()
    if found["sign"] or number > _LARGEST:
        raise OutOfBounds(f"A goal's number is from 0 to {_LARGEST:,.0f}.")
    if name is MeasureName.RESPONSE_TIME and unit and not unit.startswith("m"):
        return number * 1_000
    return number


def _find_bound(name: MeasureName, text: str) -> Bound:
    if _LEAST.search(text):
        return "at least"
    return "at most" if _MOST.search(text) else MEASURES[name].bounds[0]


def _find_due(phrase: str, now: datetime) -> datetime:
    if not phrase:
        return now + USUAL_DUE
    due = parse_end_time(phrase, now)
    if due is None:
        raise WrongStage(f"“{phrase[:40]}” is no date. Write, for example, “2026-12-24”.")
    return due
