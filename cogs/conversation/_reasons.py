"""Why somebody wants something, where they say so in the same breath."""

import re

_REJECTION = re.compile(
    r"\b(?:reject|close|decline|discard|drop|scrap|abandon|withdraw)(?:ed|ing)?\b"
    r"(?:\s+(?:it|this|that|the\s+\w+|#\d+|run\s+\S+))*"
    r"[\s,;:.\-–—!]*(?:(?:because|since|cause)\b)?(?P<why>.*)$",  # noqa: RUF001 - people's dashes
    re.IGNORECASE | re.DOTALL,
)
_REASON = re.compile(
    r"(?:[,;:.]|\b(?:because|since|as)\b) +(?P<why>\S.*)$", re.IGNORECASE | re.DOTALL
)
_POLITE = re.compile(
    r"(?:please|thanks|thank you|thx|now|ok|okay|bot|theseus)[ .!]*", re.IGNORECASE
)
_COURTESY = re.compile(r"[\s,]*\b(?:please|thanks|thank you|thx|cheers|sorry|now|ok)\b", re.I)
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST = 2  # words that are a reason
_LONGEST = 500


def why_in(text: str) -> str:
    """Return the reason given with a rejection; empty where there is none."""
    found = _REJECTION.search(text)
    why = " ".join(found["why"].split()).strip(" .!,;") if found else ""
    enough = len(_WORD.findall(_COURTESY.sub("", why))) >= _LEAST
    return why[:_LONGEST] if enough else ""


def reason_in(text: str) -> str:
    """Return what follows the request: `we deploy` of `pause for 2 hours, we deploy`."""
    found = _REASON.search(text)
    if found is None or _POLITE.fullmatch(found["why"]):
        return ""
    return found["why"].strip()
