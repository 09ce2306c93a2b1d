"""A plain yes or no to a question that was put to people. It ships, rejects and ends nothing."""

import re

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


def agreed(text: str) -> bool | None:
    """Return whether `text` begins with a yes or a no; `None` where it is neither."""
    said = text.strip()
    if _NO.match(said):
        return False
    return True if _YES.match(said) else None
