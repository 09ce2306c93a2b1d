"""Whether a run has a question to sources before it is planned, and which. Pure functions.

Most runs have none: a mistake in our own code is not explained by other people's documentation.
"""

import re

from bot.domain.evidence import Evidence
from bot.domain.research import LONGEST_QUESTION

_OWN = ("builtins.", "bot.", "cogs.", "tests.")
_ASKS = re.compile(
    r"\b(?:research|look(?:ing)? up|docs?|documentation|changelog|release notes|according to"
    r"|cite|citing|sources?|api reference|specification)\b|https?://",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://\S+")


def build_failure_question(evidence: Evidence) -> str:
    """Return what to look up about a failure; "" unless a package raised it.

    The error's message is left out: it may hold what a person typed, and a question may go to a web
    search.
    """
    error = evidence.groups[0].newest.error if evidence.groups else None
    if error is None or "." not in error.exception or error.exception.startswith(_OWN):
        return ""
    package, _, name = error.exception.partition(".")
    return f"{package} {name.rpartition('.')[2]}"[:LONGEST_QUESTION]


def build_request_question(text: str) -> str:
    """Return what to look up about a request; "" unless it speaks of sources.

    The question begins where the request speaks of them: what comes before is our own work.
    """
    found = _ASKS.search(text)
    if found is None:
        return ""
    return " ".join(_ADDRESS.sub(" ", text[found.start() :]).split())[:LONGEST_QUESTION]
