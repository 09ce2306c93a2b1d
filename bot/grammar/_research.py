"""Requests to look something up and to name the sources."""

import re

from bot.grammar._clauses import strip_openings

_SOURCES = r"(?:sources?|references?|citations?|links?)"
_TAIL = re.compile(
    r"[ ,.?!;:-]*(?:\b(?:and|please|but|also)\b[ ,]*)*"
    rf"(?:\b(?:cite|citing|name|list|give|show|add|include|with)\b(?: me| us)?"
    rf"(?: (?:your|the|its|all))? {_SOURCES})(?:[ ,]+(?:please|thanks|thank you))*[ .?!]*$",
    re.IGNORECASE,
)
_RESEARCH = re.compile(
    r"^(?:do|make|start) (?:some |a bit of |a little )?research (?:on |about |into |for )?(?P<a>.+)"
    r"|^research(?:ing)? (?:(?:on|about|into)\b ?)?(?P<b>.+)"
    rf"|^(?:find|get|give|show)(?: me| us)? {_SOURCES} (?:on|about|for|that say) (?P<c>.+)"
    r"|^what (?:do|does) the (?:[\w.-]+ )?(?:docs?|documentation|changelogs?) (?:of [\w.-]+ )?say"
    r" (?:about|on) (?P<d>.+)",
    re.IGNORECASE | re.DOTALL,
)
_QUESTION = re.compile(
    r"^(?:(?:please )?(?:find out|look up|explain|tell me|read up on)\b ?(?:about )?|(?=(?:how|what"
    r"|why|when|which|where|who|does|do|is|are|can|could)\b))(?P<q>.+)",
    re.IGNORECASE | re.DOTALL,
)
_END = " \t\n.?!,;:-"
_LEAST = 3  # characters of a question


def find_research_request(text: str) -> str:
    """Return what to look up, or "" if the message asks for no research.

    "research X" is enough; any other question has to ask for its sources.
    """
    asked = strip_openings(" ".join(text.split())).rest
    body = _TAIL.sub("", asked)
    found = _RESEARCH.match(body)
    if found is None and body != asked:
        found = _QUESTION.match(body)
    if found is None:
        return ""
    question = next(filter(None, found.groups())).strip(_END)
    return question if len(question) >= _LEAST else ""
