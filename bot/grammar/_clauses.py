"""From plain text to clauses, and the polite or hesitant openings peeled off a clause."""

import re
from dataclasses import dataclass

from bot.grammar._spelling import to_token_set

MOST_CLAUSES = 40
LONGEST_CLAUSE = 320
CUT = "\u2026"
"""Marks where text was left out of a message; no decision is ever read across it."""

_ACTION = (
    r"(?:fix|repair|investigate|look into|look at|take a look|have a look|check (?:it|that"
    r"|this|out|why)"
    r"|sort (?:it|this|that)? ?out|find out|figure out|debug|diagnose|dig into|see what|see why"
    r"|tell me why|mend)"
)
_ASK = (
    rf"(?:(?:please|pls|can you|could you|would you|will you|just|also|then|kindly|theseus"
    rf"|bot)[, ]+)*"
    rf"{_ACTION}\b"
)
_SPLIT = re.compile(
    rf"(?P<end>[.!?;]+(?=\s|$)|\n|[()]|,(?=\s|$)|\s-+\s|:(?=\s))"
    rf"|\s+(?:and|so|then|but)\s+(?={_ASK})|\s+(?=(?:but|because|cuz|although)\s)",
    re.IGNORECASE,
)
# Requests without punctuation, such as "dice is broken please fix it": "please" begins a clause.
_RUN_ON = re.compile(
    r"(?<=\s)(?:(?:please|can you|could you|would you|will you)\s+)*"
    r"(?:fix (?:it|this|that|them|asap|please)|look into (?:it|this|that)|take a look"
    r"|have a look"
    r"|investigate(?: (?:it|this|that|please))?$|please fix|please investigate|please look"
    r"|can you (?:fix|look|investigate)|could you (?:fix|look|investigate)|check (?:it|this) out"
    r"|sort (?:it|this) out)\b|(?<=\s)what's (?:wrong|going on)\b",
    re.IGNORECASE,
)
_GOVERNS = to_token_set(
    """
    to not never don't doesn't didn't won't can't couldn't wouldn't shouldn't i you we they he
    she i'll we'll you'll he'll she'll they'll will would can could should must might may who
    that which please just also and or let's ll need tried trying try go gonna wanna how
    cannot anyone someone somebody anybody nobody did does do is the a an this my your if it
    when quick hot no bug better there really even ever always again,
    """
)


@dataclass(frozen=True)
class Clause:
    text: str
    asks: bool = False
    """It ends in a question mark."""


def split_clauses(text: str) -> tuple[Clause, ...]:
    """Return the non-empty clauses of plain text, in order; `CUT` if there are too many."""
    found: list[Clause] = []
    start = 0
    for cut in _SPLIT.finditer(text):
        _add(found, text[start : cut.start()], asks="?" in (cut["end"] or ""))
        start = cut.end()
        if len(found) >= MOST_CLAUSES:
            return (*found[:MOST_CLAUSES], Clause(CUT))
    _add(found, text[start:], asks=False)
    return tuple(found)


def _add(found: list[Clause], text: str, *, asks: bool) -> None:
    text = text.strip(" ,")
    if not text:
        return
    if len(text) > LONGEST_CLAUSE:
        text = f"{text[:LONGEST_CLAUSE]} {CUT}"
    cut = _RUN_ON.search(text)
    if cut and cut.start() and _get_last_token(text[: cut.start()]) not in _GOVERNS:
        found.append(Clause(text[: cut.start()].strip(" ,")))
        text = text[cut.start() :]
    found.append(Clause(text, asks))


def _get_last_token(text: str) -> str:
    words = text.split()
    return words[-1].lower() if words else "to"


@dataclass(frozen=True)
class StrippedClause:
    """A clause without its opening, and what the opening was like."""

    rest: str
    request: bool = False
    """Politely put as a question: "can you ..."."""
    group: bool = False
    """Addressed to no one or everyone: "we should", "let's", "someone"."""
    gerund: bool = False
    """What follows is in -ing: "mind fixing"."""
    also: bool = False


_FILLER = re.compile(
    r"(?:ok|okay|okey|k|yes|yep|yeah|yup|ya|sure|nice|great|cool|perfect|awesome|alright"
    r"|all right|right"
    r"|well|so|and|then|now|oh|ah|um|uh|h+m+|huh|hey(?: there)?|hi(?: there)?|hello|yo|ugh"
    r"|argh|damn|dang"
    r"|sorry|thanks|thank you|please|kindly|just|maybe|perhaps|actually|basically|quickly"
    r"|quick one"
    r"|real quick|theseus|bot|dear bot|buddy|mate|dude|man|guys|folks|friend|pal"
    r"|good (?:morning|evening|afternoon)"
    r"|when you (?:can|have (?:a (?:minute|moment|sec|second|chance)|time)|get a (?:chance"
    r"|minute|moment|sec))"
    r"|if you (?:don't mind|have (?:a (?:minute|moment|sec|second|chance)|time)"
    r"|get a (?:chance|minute|moment))"
    r"|fyi|btw|by the way|no worries|again|but|still|ty|thx|go|go ahead and|go and|try to"
    r"|try and|do(?= (?:please|fix|look|investigate))"
    r"|i think|i guess|i believe|it seems(?: like| that)?|seems like|looks like|it looks like"
    r"|apparently"
    r"|it appears(?: that)?|for some reason|once more|one more time|first|next|finally|asap"
    r"|urgent|help)"
    r"(?=[ ,:]|$)[ ,:]*",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?:(?:can|could|would|will|won't|can't|couldn't) you(?: be able to"
    r"| be so kind(?: as)? to| kindly)?"
    r"|you (?:should|need to|must|have to|can|could|might want to|may want to)"
    r"|i(?:'d| would) (?:really )?(?:like|love|appreciate|prefer)(?: for)? (?:you to"
    r"|it if you (?:could|would|can))"
    r"|i(?:'d| would) (?:like|love) to|i (?:want|need|wish)(?: for)? you to|i want to"
    r"|(?:is there )?any chance(?: that)? (?:you|u) (?:can|could|would)|any chance of"
    r"|(?:is|would|was) it (?:be )?possible(?: for you)? to|are you able to"
    r"|do you think you (?:can|could)"
    r"|i(?:'m| was| am)? ?(?:just )?wonder(?:ing)? (?:if|whether) you (?:could|can|would)"
    r"|(?:it )?(?:would|it'd|that'd) be (?:great|nice|good|lovely|cool|awesome|helpful|amazing)"
    r" if (?:you|we) (?:could|can|would)?|if you (?:could|can|would)|may i ask you to"
    r"|can i (?:get|ask) you to"
    r"|might you|help (?:me|us)(?: to)?|how about you|why don't you|go)(?=[ ,]|$)[ ,]*",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"(?:let's|let us|we need(?= (?:an? )?fix)|we (?:should|need to|must|have to|could|can"
    r"|ought to|gotta)"
    r"|it's time to|time to"
    r"|(?:can|could|would|will) we(?: please)?"
    r"|should (?:we|some(?:one|body)|any(?:one|body))(?: please)?"
    r"|some(?:one|body) (?:please|should|needs to|has to|must|ought to)"
    r"|(?:it )?would be (?:great|nice|good) to|might be worth|worth)(?=[ ,]|$)[ ,]*",
    re.IGNORECASE,
)
_ANYONE = re.compile(
    r"(?:can|could|would|will) (?:some|any)(?:one|body)(?: please)?(?=[ ,]|$)[ ,]*", re.IGNORECASE
)
_GERUND = re.compile(
    r"(?:(?:do|would) you mind|you mind|mind|try|how about|what about|any luck|consider|start)"
    r" (?=\w+ing\b)",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"(?:also|additionally|in addition|plus|oh and also|and also)(?=[ ,]|$)[ ,]*", re.I
)


def strip_openings(text: str) -> StrippedClause:
    """Return the clause without openings such as "hey, could you please"."""
    request = group = gerund = also = False
    for _ in range(12):
        if found := _FILLER.match(text):
            pass
        elif found := _ALSO.match(text):
            also = True
        elif found := _GERUND.match(text):
            gerund = request = True
        elif found := _ANYONE.match(text):
            group = request = True
        elif found := _GROUP.match(text):
            group = True
        elif found := _REQUEST.match(text):
            request = True
        else:
            break
        text = text[found.end() :]
    return StrippedClause(text.strip(" ,"), request, group, gerund, also)
