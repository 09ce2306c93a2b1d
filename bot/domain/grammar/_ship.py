"""Shipping: the one decision that merges, read more strictly than anything else.

Every clause must be the order itself or harmless company ("nice", "tests are green"). A question,
a condition, a negation, somebody else's words, or one word that is not known here, and the message
does not ship.
"""

import re

from bot.domain.grammar._clauses import Clause
from bot.domain.grammar._decisive_words import END, OBJECT, WHERE
from bot.domain.grammar._records import Setting

_TO = r"(?: (?:in|to|into|on|live|out|up|in to)(?: (?:main|master|prod|production|trunk|live))?)?"
_LEAD = re.compile(
    r"(?:ok|okay|k|yes|yep|yeah|yup|aye|sure(?: thing)?|nice|great|good|cool|perfect|awesome"
    r"|excellent"
    r"|lovely|brilliant|fantastic|alright|all right|right|well|so|now|then|and|please|just"
    r"|lgtm|theseus|bot"
    r"|hey|hi|oh|ah|let's|let us|you can|you may|feel free to"
    r"|go ahead and|go ahead|go on and|go and|go|do|thanks|thank you|looks good(?: to me)?"
    r"|i'm happy for you to|i want you to|i'd like you to|time to|approved|approve|agreed"
    r"|done|absolutely"
    r"|definitely|sounds good|wonderful|amazing|beautiful|sweet|neat|good work|great work"
    r"|nice work"
    r"|good job|great job|nice job|well done|nice one|good one|great stuff|love it"
    r"|looks great)[ ,]+",
    re.ASCII | re.IGNORECASE,
)
_SECURITY = (
    r"(?:(?:it'?s |it is |i've |i have |i |this is |that's |with |(?:it|this"
    r"|that) (?:has been|was|is) )?"
    r"(?:security[ -]?(?:is |was |has been )?(?:reviewed|review(?: done)?|checked|approved"
    r"|cleared|ok|okay)"
    r"|(?:reviewed|checked)(?: it| this)? for security|reviewed (?:the )?security))"
)
_SHIP = re.compile(
    rf"(?:(?:ship|merge) (?:{OBJECT}{WHERE}|(?:it|this|that){_TO})|shipit"
    rf"|get (?:it|this|that) (?:shipped|merged)|\U0001f6a2(?: it)?|ship (?:the fix|away))"
    rf"(?: {_SECURITY})?{END}",
    re.ASCII | re.IGNORECASE,
)
# These mean a merge only where there is one proposal that they can be about.
_SHIP_SHORT = re.compile(
    rf"(?:ship|merge|(?:deploy|release|land) (?:{OBJECT}{WHERE}|(?:it|this|that){_TO}))"
    rf"(?: {_SECURITY})?{END}",
    re.ASCII | re.IGNORECASE,
)
_APPROVE = re.compile(rf"(?:i )?approved?(?: {OBJECT})?{END}", re.ASCII | re.IGNORECASE)
_COMPANY = re.compile(
    r"(?:(?:no (?:problems?|issues?|complaints|objections?|concerns|notes|comments)(?: found"
    r"| here| from me)?)"
    r"|(?:it|this|that|everything|all|the|i|i've|i'm|have|has|just|had|a|to|and|for|me|us|of"
    r"|from|on|my|side|we"
    r"|is|are|was|were|look|looks|looked|looking|seems|works|worked|working|tests?|checks?|ci"
    r"|diff|change|changes"
    r"|code|fix|pr|patch|proposal|plan|card|green|pass|passes|passed|passing|read|reviewed"
    r"|review|checked|check"
    r"|verified|tested|tried|good|great|nice|nicely|fine|perfect|perfectly|clean|solid|neat"
    r"|sweet|cool|awesome"
    r"|excellent|amazing|lovely|brilliant|beautiful|beautifully|fantastic|wonderful|happy"
    r"|with|job|work|one|well"
    r"|done|ok|okay|k|yes|yep|yeah|yup|aye|sure|right|alright|lgtm|sgtm|approved|approve"
    r"|agreed|thanks|thank|you"
    r"|thx|ty|cheers|so|much|very|really|super|theseus|bot|hey|hi|hello|stuff|love|like|it's"
    r"|that's|them|here"
    r"|please|now|then|go|ahead|ready|absolutely|definitely|exactly|what|wanted|needed"
    r"|correct|sound|sounds|wow"
    r"|oh|ah|quick|quickly|that|bravo|finally|makes|sense|got|locally|myself|through|over"
    r"|lines?|makes|all|set)"
    r"(?: |$))+",
    re.ASCII | re.IGNORECASE,
)
# Company that hides doubt or somebody else: whole clauses that never stand beside a ship.
_SOURED = re.compile(
    r"yeah right|right$|(?:is|are|was|were|has|have|had|am) |(?:and|then)\b"
    r"|you (?:ship|merge|said|say)|(?:he|she|they|bob) |what|i (?:like|wanted"
    r"|needed|love) (?:to|you)"
    r"|i have to|i had to|we had to|we have to|i tried|it looked|tests? (?:looked|worked)"
    r"|(?:i'm|we) ready to"
    r"|(?:check|review|read|fix|test|try|work|plan|patch|card|code|change|diff)\b|well$"
    r"|yeah,? right",
    re.ASCII | re.IGNORECASE,
)


def ship(said: tuple[Clause, ...], setting: Setting) -> tuple[bool, bool]:
    """Whether the message says to ship, and whether it says that security was reviewed."""
    shipped = reviewed = False
    if said and _CONTINUES.match(said[0].text):
        return False, False
    vouched = setting.about_a_proposal or any(_VOUCHED.search(each.text) for each in said)
    for clause in _joined_apart(said):
        text = clause.text.lower() if clause.text.isascii() else clause.text
        if clause.asks or _SARCASM.search(text):
            return False, False
        if re.fullmatch(_SECURITY, text, re.ASCII):
            reviewed = True
        elif _ships(text, setting, vouched=vouched):
            shipped = True
            reviewed = reviewed or bool(re.search(_SECURITY, text, re.ASCII))
        elif not _harmless(text):
            return False, False
    return shipped, shipped and reviewed


def _joined_apart(said: tuple[Clause, ...]) -> list[Clause]:
    """The clauses, with "tests pass so ship it" taken apart."""
    parts: list[Clause] = []
    for clause in said:
        cut = _SO_SHIP.search(clause.text)
        if cut:
            parts.append(Clause(clause.text[: cut.start()]))
        parts.append(Clause(clause.text[cut.end() :], clause.asks) if cut else clause)
    return parts


_SO_SHIP = re.compile(r",? (?:so|and) (?=(?:please |let's |just )?(?:ship|merge) )", re.A | re.I)


def _ships(text: str, setting: Setting, *, vouched: bool) -> bool:
    for _ in range(8):
        if _SHIP.fullmatch(text):
            return True
        if vouched and _SHIP_SHORT.fullmatch(text):
            return True
        if setting.reply_to == "proposal" and _APPROVE.fullmatch(text):
            return True
        lead = _LEAD.match(text) or _SECURED.match(text)
        if not lead:
            return False
        text = text[lead.end() :]
    return False


_VOUCHED = re.compile(r"\b(?:lgtm|approved)\b", re.A | re.I)
# "then merge it" goes on from something said before, which is not here.
_CONTINUES = re.compile(r"(?:and|then|or|but)\b", re.A | re.I)
_SARCASM = re.compile(r"\byeah,? right\b", re.A | re.I)
_SECURED = re.compile(_SECURITY + r"(?: and|,|:) ?", re.ASCII | re.IGNORECASE)


def _harmless(text: str) -> bool:
    return bool(_COMPANY.fullmatch(text)) and not _SOURED.match(text)
