"""A plain yes or no to what was put to people. It ships, rejects and ends nothing."""

import re
from typing import NamedTuple

_YES = re.compile(
    r"(?:please )?(?:yes|yep|yeah|yup|aye|sure|ok(?:ay)?|agreed|absolutely|definitely|please"
    r"|go (?:ahead|on|for it)|do (?:it|that|so)|(?:change|fix|mend) (?:it|that|our side))\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:please )?(?:no|nope|nah|never|do not|don.?t|not (?:now|yet|needed|really)"
    r"|leave (?:it|that|our side))\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"(?:(?:ok(?:ay)?|yes|yep|yeah|yup|aye|sure|good|great|nice|perfect|fine|exactly|please)"
    r"[,.! ]+)*"
    r"(?:yes|yep|yeah|yup|aye|sure|ok(?:ay)?|agreed|go|go (?:ahead|on|for it)"
    r"|(?:just )?do (?:it|that)|(?:build|write|make) (?:it|that)|make it so"
    r"|that(?: is|.s) (?:it|right))"
    r"(?:,? (?:please|then|thanks))?[.! ]*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_NO_BUT = re.compile(r"(?:no|nope|nah)\b[\s,.!:;-]*", re.IGNORECASE)


class ContractWord(NamedTuple):
    """What somebody says to what was understood; neither: nothing that says what is meant."""

    goes_ahead: bool = False
    correction: str = ""


def contract_word(text: str) -> ContractWord:
    """Return whether `text` is a plain go-ahead, as a whole; else what it wants otherwise."""
    said = text.strip()
    if _AHEAD.fullmatch(said):
        return ContractWord(goes_ahead=True)
    correction = _NO_BUT.sub("", said, count=1).strip()
    return ContractWord(correction=correction if says_something(correction) else "")


def says_something(text: str) -> bool:
    """Return whether there is more in `text` than one word, as "hmm", "lol" or "/roll" are.

    Where words are not written apart, one may be a sentence.
    """
    found = _WORD.findall(text)
    return len(found) > 1 or any(not word.isascii() for word in found)


def agreed(text: str) -> bool | None:
    """Return whether `text` begins with a yes or a no; `None` where it is neither."""
    said = text.strip()
    if _NO.match(said):
        return False
    return True if _YES.match(said) else None
