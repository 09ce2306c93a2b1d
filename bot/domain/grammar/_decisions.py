"""Words that decide something: reject, revert, stop, cancel, pause, resume.

A decision is read strictly: *every* clause of the message must be understood, as the decision
itself or as harmless company. An unknown word, a question that is no request, a condition or
somebody else's words are enough for the message not to decide anything.
"""

import re
from collections.abc import Callable

from bot.domain.grammar._clauses import Clause
from bot.domain.grammar._decisive_words import (
    ALONE,
    CANCEL,
    PAUSE,
    POLITE,
    REJECT,
    REJECT_HERE,
    REJECT_PLAIN,
    RESUME,
    REVERT,
    STOP,
    UNTIL,
)
from bot.domain.grammar._records import Intent, Setting

_Reader = Callable[[str, Setting], bool]


def decision(said: tuple[Clause, ...], setting: Setting) -> Intent | None:
    """The one thing the whole message decides, other than shipping, or None."""
    for intent, reads in _READERS:
        if _whole(said, reads, setting, forgiving=intent is not Intent.RESUME):
            return intent
    return None


def _is_reason(text: str) -> bool:
    """True for a plain statement ("it broke the polls"), with no condition or report in it."""
    return bool(_STATEMENT.match(text)) and not _UNSURE.search(text)


_STATEMENT = re.compile(
    r"(?:because |since |as |cause |'cause |and |but )?"
    r"(?:it|it's|this|that|this is|that's|that was|i|i'm|i've|we|we're|we've|they|there's"
    r"|something's?"
    r"|the|everything|users?|people)\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:if|when|unless|until|once|after|before|should|would|could|might|may|maybe|perhaps"
    r"|sure|said|says"
    r"|told|asked|wrote|think|thinks|whether|or|instead|first|then|later|don't (?:think|know)"
    r"|someone)\b|'d\b",
    re.IGNORECASE,
)


def _whole(said: tuple[Clause, ...], reads: _Reader, setting: Setting, *, forgiving: bool) -> bool:
    found = False
    for clause in said:
        if _reads_after_leads(clause, reads, setting):
            found = True
        elif clause.asks or not (
            ALONE.fullmatch(clause.text) or (forgiving and _is_reason(clause.text))
        ):
            return False
    return found


def _reads_after_leads(clause: Clause, reads: _Reader, setting: Setting) -> bool:
    text, polite = _REPEATED.sub(r"\1", clause.text), False
    for _ in range(8):
        if reads(text, setting):
            return polite or not clause.asks
        lead = POLITE.match(text)
        if not lead:
            return False
        polite = polite or lead[0].lower().startswith(("can", "could", "would", "will"))
        text = text[lead.end() :]
    return False


_REPEATED = re.compile(r"\b(\w+)(?: \1\b)+", re.IGNORECASE)


def _reject(text: str, setting: Setting) -> bool:
    if not setting.about_a_proposal:
        return bool(REJECT_PLAIN.fullmatch(text))
    return bool(REJECT.fullmatch(text)) or (
        setting.reply_to == "proposal" and bool(REJECT_HERE.fullmatch(text))
    )


def _pause(text: str, setting: Setting) -> bool:
    del setting
    text = text if PAUSE.fullmatch(text) else UNTIL.sub("", text)
    return bool(PAUSE.fullmatch(text))


def _plainly(pattern: re.Pattern[str]) -> _Reader:
    return lambda text, setting: bool(pattern.fullmatch(text))


_READERS: tuple[tuple[Intent, _Reader], ...] = (
    (Intent.STOP, _plainly(STOP)),
    (Intent.REJECT, _reject),
    (Intent.REVERT, _plainly(REVERT)),
    (Intent.PAUSE, _pause),
    (Intent.CANCEL, _plainly(CANCEL)),
    (Intent.RESUME, _plainly(RESUME)),
)
