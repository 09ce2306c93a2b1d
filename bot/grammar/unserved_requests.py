"""Recognise requests for which the bot has nothing: a server, the web, a repository, a skill."""

import re
from collections.abc import Mapping

from bot.domain.gaps import GapKind

_PATTERNS: Mapping[GapKind, str] = {
    "server": (
        r"\bmcp\b|^(?:please )?(?:connect|integrate|hook (?:up|into)|plug in|link up)\b"
        r"|\b(?:you|us|bot) (?:to )?(?:connect|integrate|hook up|talk) (?:to|with)\b"
    ),
    "repository": (
        r"\b(?:work on|look after|take over|maintain|adopt|clone|fix bugs in)\b.*"
        r"(?:\brepo(?:sitory)?\b|github\.com/|\b[\w-]+/[\w.-]+$)"
    ),
    "research": (
        r"^(?:please )?(?:research|google|browse)\b|\b(?:search|look) (?:it up )?(?:on |in )?"
        r"(?:the )?(?:web|internet|online)\b|\bcite (?:your )?sources?\b|^look up\b"
    ),
    "skill": (
        r"^(?:please )?(?:can|could|would|will) you (?:please )?(?!hear|see|read|help\b)\w+"
        r"|^please \w+|\bi (?:want|need|would like|'d like) you to\b"
        r"|^(?:translate|summari[sz]e|draw|generate|schedule|calculate|convert|explain|write)\b"
    ),
}
_KINDS = {kind: re.compile(text, re.IGNORECASE) for kind, text in _PATTERNS.items()}
_OPENING = re.compile(r"^(?:(?:hey|hi|hello|theseus|bot)\b[ ,:!]*)+", re.IGNORECASE)
_LEAST_WORDS = 3
_LONGEST = 500  # characters; a request says what it wants before that


def find_gap_kind(text: str) -> GapKind | None:
    """Return what the bot would need to serve a message; `None` if it asks for nothing.

    Only for messages in which the grammar found no request.
    """
    plain = _OPENING.sub("", text.strip()[:_LONGEST])
    if len(plain.split()) < _LEAST_WORDS:
        return None
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(plain)), None)
