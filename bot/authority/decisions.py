"""Parses a decision: the whole message must be exactly one sentence of the list.

The rules are strict on purpose, because a decision may merge code. Case, white space and a full
stop, comma or exclamation mark after a word are ignored. With any other character (a letter of
another alphabet, an emoji that is not on the list, a control character, a bracket, a quotation
mark) the message is not a decision.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from bot.authority.decision_sentences import (
    COURTESY_AFTER,
    COURTESY_BEFORE,
    GLAD,
    NAMES,
    OPENINGS,
    REVIEWED,
    SENTENCES,
    SIGNS,
    SIGNS_OF_THE_OTHERS,
    SLOWER,
)
from bot.authority.end_times import parse_end_time
from bot.domain.errors import WrongStage
from bot.domain.intents import Intent

LONGEST = 120
"""The maximum length in characters; no sentence of the list is longer."""

_SHADES = (
    "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # variation selector and skin tones
)
_SIGN = (
    f"[{''.join(sorted(set(GLAD + SIGNS_OF_THE_OTHERS + ''.join(SIGNS.values()))))}][{_SHADES}]?"
)
_TOKEN = re.compile(
    rf"(?P<word>[@#]?[a-z0-9]+(?:[-:][a-z0-9]+)*)?(?P<mark>[.,]?!*)(?P<signs>(?:{_SIGN})*)",
    re.ASCII,
)
_BLANK = re.compile(r"[ \t\r\n]+")
_NAMED = (
    r"(?:(?:(?:proposal|pr|pull request) )?#(?P<hash>[1-9]\d{0,6})"
    r"|(?:proposal|pr|pull request) (?P<number>[1-9]\d{0,6})"
    r"|run (?P<run>(?=[a-z]*\d)[0-9a-z]{4,26}))"
)
_UNTIL = r"(?P<until>[a-z0-9:# -]{1,60}?)"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Decision(NamedTuple):
    """One sentence of the list, with the values of its placeholders."""

    intent: Intent
    run: str | None = None
    number: int | None = None
    until: str | None = None
    security_reviewed: bool = False
    slower_accepted: bool = False


def parse_decision(text: str) -> Decision | None:
    """Return the decision that is the whole of `text`, or `None` if it is not on the list."""
    parts = _split_message(text)
    if parts is None:
        return None
    words, signs = parts
    for intent, patterns in _PATTERNS.items():
        allowed = SIGNS.get(intent, SIGNS_OF_THE_OTHERS)
        if all(sign in allowed for sign in signs):
            for pattern in patterns:
                if (found := pattern.fullmatch(words)) and _is_readable(found):
                    return _build_decision(intent, found)
    return None


def _split_message(text: str) -> tuple[str, str] | None:
    """Return the words and the emoji of a message, or `None` if it contains anything else."""
    if len(text) > LONGEST:
        return None
    # Only ASCII is lowered: `lower()` turns some other letters into ASCII ones, such as the
    # Kelvin sign into "k", and a look-alike must not decide.
    lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    words: list[str] = []
    signs = ""
    for token in filter(None, _BLANK.split(lowered)):
        found = _TOKEN.fullmatch(token)
        if found is None or (found["mark"] and not found["word"]):
            return None
        if found["word"]:
            words.append(found["word"])
        signs += "".join(sign for sign in found["signs"] if sign not in _SHADES)
    ship = not words and signs == "🚢"
    return ("🚢", "") if ship else (" ".join(words), signs)


def _is_readable(found: re.Match[str]) -> bool:
    until = found.groupdict().get("until")
    if until is None:
        return True
    try:
        return parse_end_time(until, _LONG_AGO) is not None
    except WrongStage:
        return False


def _build_decision(intent: Intent, found: re.Match[str]) -> Decision:
    slots = found.groupdict()
    number = slots.get("hash") or slots.get("number")
    stated = f"{slots.get('before') or ''} {slots.get('after') or ''}"
    return Decision(
        intent,
        slots.get("run"),
        int(number) if number else None,
        slots.get("until"),
        any(phrase in stated for phrase in REVIEWED),
        any(phrase in stated for phrase in SLOWER),
    )


def _join_alternatives(phrases: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, phrases))


def _compile_patterns(intent: Intent) -> tuple[re.Pattern[str], ...]:
    """Return one pattern for each sentence, with everything that may precede or follow it."""
    name, opening = _join_alternatives(NAMES), _join_alternatives(OPENINGS.get(intent, ()))
    statement = _join_alternatives((*REVIEWED, *SLOWER))
    stated = rf"(?:{statement})(?: (?:and )?(?:{statement}))?" if intent is Intent.SHIP else ""
    front = [rf"(?:(?:{name}) )?"]
    front += [rf"(?:(?P<before>{stated}) )?"] if stated else []
    front += [rf"(?:(?:{opening}) )?"] if opening else []
    front += [rf"(?:(?:{_join_alternatives(COURTESY_BEFORE)}) )?"]
    back = [rf"(?: (?:{_join_alternatives(COURTESY_AFTER)}))?"]
    back += [rf"(?: (?P<after>{stated}))?"] if stated else []
    back += [rf"(?: (?:{name}))?"]
    sentences = (
        re.escape(sentence).replace(r"\{named\}", _NAMED).replace(r"\{until\}", _UNTIL)
        for sentence in SENTENCES[intent]
    )
    return tuple(re.compile("".join((*front, sentence, *back)), re.ASCII) for sentence in sentences)


_PATTERNS = {intent: _compile_patterns(intent) for intent in SENTENCES}
