"""The harmless requests: status, audit, budget, notes and revisions of a proposal."""

import re

from bot.domain.intents import Intent, Setting
from bot.grammar._budget_questions import BUDGET
from bot.grammar._clauses import Clause, strip_openings

_STATUS = re.compile(
    r"(?:status(?: (?:report|update|please|check))?|(?:what(?:'s| is) the |give (?:me"
    r"|us) (?:the |a |an )?|show (?:me |us )?(?:the )?|get |tell (?:me"
    r"|us) the )?(?:current )?(?:status|state|progress|update)"
    r"(?: (?:of|on|for|with|report) .{1,80})?|status (?:of|on|for) .{1,80}|(?:(?:got "
    r"|have you got |do you have )?any|what's the"
    r"|is there any) (?:progress|updates?|news|luck)(?: (?:on|with|from|about"
    r"|so far) ?.{0,80})?"
    r"|how(?:'s| is| are| goes)(?: (?:it|that|this|things|the (?:fix|run|investigation|work"
    r"|repair|search)|your (?:fix|run|investigation|work)|run .{1,12}|everything)) ?(?:going"
    r"|coming(?: along| on)?|progressing|looking)?"
    r"|how(?:'s| is) .{1,60} (?:going|coming along|coming on|progressing)|how goes (?:it|.{1,40})"
    r"|how far (?:along )?(?:are|have) (?:you|we)(?: got(?:ten)?| come)?(?: .{0,60})?"
    r"|how (?:long|much longer)(?: (?:will|is|does|until|till|before|to go|left"
    r"|do)\b.{0,60})?"
    r"|what(?:'s| are| is) (?:you|running|going on|happening|the eta|left|still running"
    r"|in progress|in flight|next)(?: (?:doing|working on|up to|running|fixing"
    r"|investigating))?(?: (?:right )?now| at the moment)?"
    r"|what runs are (?:active|running|open)|where (?:are|do) (?:we|you|things)(?: at"
    r"| stand)?(?: (?:with|on) .{1,60})?|where(?:'s| is) (?:the|my|that) (?:fix|run|pr"
    r"|proposal).{0,40}"
    r"|(?:are|aren't) you (?:done|finished|ready|still (?:on it|working|at it|there|running"
    r"|going)|nearly (?:done|there)|almost (?:done|there)|working on .{1,60}"
    r"|stuck)(?: yet)?.{0,40}"
    r"|(?:is|are|was|were|has|did|have)(?:n't)? (?:it|this|that|the (?:fix|run|change|pr"
    r"|proposal|investigation|bug|issue|.{1,40}))(?: been)? (?:done|fixed|live|merged|shipped"
    r"|ship|merge|deployed|ready|finished|still running|work|land|landed|resolved|in progress"
    r"|complete|out)(?: yet| now| already)?"
    r"|(?:list|show)(?: me| us)?(?: the| all| my| your| open| active| current"
    r"| running)* (?:runs|run .{1,12})|runs|eta|progress|(?:done|finished|fixed|ready"
    r"|live) (?:yet|already)|what(?:'s| is) (?:happening|going on|up) (?:with|on) (?:the|my"
    r"|that|your) .{0,40}(?:fix|run|investigation|pr|proposal|repair)|still (?:working"
    r"|running|on it"
    r"|going)(?: on (?:it|this|that))?"
    r"|have you (?:fixed|finished|started|found|shipped|merged|got|made any) .{1,80}"
    r"|did you (?:fix|finish|find|ship|merge|manage|start) .{1,80}|when (?:will|do|does|can"
    r"|is|are|did) .{1,60} (?:ship|fix|fixed|done|ready|merge|merged|live|finish|finished"
    r"|shipped|deployed|be ready|land)(?: .{0,30})?"
    r"|when will (?:it|you|that|this) .{1,60}|what stage .{1,60}|what(?:'s| is) taking so long)",
    re.IGNORECASE,
)
_AUDIT = re.compile(
    r"(?:an? |the |your )?self[- ]?audit(?: .{0,20})?|"
    r"(?:(?:run|do|start|perform|give (?:me|us)|make|kick off|trigger|begin|produce) (?:an?"
    r"|the|your|another) (?:\w+ )?(?:self[- ]?)?audit(?: report)?(?: (?:now|of yourself"
    r"|please|today))?|(?:self[- ]?)?audit(?: (?:now|yourself|please|report))?"
    r"|(?:run|do) a self[- ]?(?:check|review)|self[- ]?check|review yourself|(?:check"
    r"|examine) (?:yourself|your own health))",
    re.IGNORECASE,
)
_REMEMBER = re.compile(
    r"^(?:(?:please )?(?:always )?remember(?! (?:when|me|us|how|the time|to)\b)(?: also)?"
    r"|(?:take|make) (?:a )?note(?: of)?"
    r"|note(?: to (?:self|yourself)(?: for you)?)?(?= (?:that|down|to)|:)(?: down)?"
    r"|(?:please )?keep (?:it )?in mind"
    r"|(?:don't|do not|never) forget|for (?:the|future) (?:record|reference)|bear in mind"
    r"|memorize|memorise|learn(?! (?:how )?to\b))(?:[ ,:]+that)?[ ,:]+(?P<note>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_FORGET = re.compile(
    r"^(?:forget|unlearn|erase|delete from (?:your )?memory|remove from (?:your )?memory"
    r"|stop remembering|wipe|drop)"
    r"(?P<rest>(?:[ :]+.+)?)$",
    re.IGNORECASE | re.DOTALL,
)
_FORGET_NOTE = re.compile(
    r"^[ :]*(?:(?:everything|anything|all|what(?:ever)?)(?: that)?(?: (?:i|we|you)(?:'ve"
    r"| have)?)?(?: (?:said|told you|know|learned|learnt|remember(?:ed)?|noted))?(?: (?:about"
    r"|on|regarding))?"
    r"|(?:the|that|my|your) (?:note|memory|lesson|fact|bit|thing)s?(?: (?:about|on|that"
    r"|regarding))?|about|that|memory of|the)?[ :]*(?P<note>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_MEMORY = re.compile(r"^(?:erase|wipe|drop|delete from|remove from)", re.IGNORECASE)
_MARKED = re.compile(
    r"(?:^|\b)(?:also|as well|too|instead|rather than|in addition|additionally"
    r"|while you're at it|one more thing|and another thing)\b",
    re.IGNORECASE,
)
_REVISE = re.compile(
    r"^(?:revise(?: (?:it|this|that|the (?:fix|pr|proposal|plan|change)))?(?:[ :,]+(?:to"
    r"|so that|so|and|by|with))?|revision|amend(?: (?:it|this))?(?:[ :,]+(?:to|so that))?"
    r"|rework(?: (?:it|this))?(?:[ :,]+(?:to|so that))?|one more thing"
    r"|another thing)(?:[ :,]+|$)(?P<rest>.*)$",
    re.IGNORECASE,
)
_VERB = (
    r"(?:handle|use|add|remove|rename|change|keep|move|make|cover|include|exclude|avoid|write"
    r"|update|support|check (?:for|that)|validate|test|put|split"
    r"|extract|inline|replace|drop|delete|leave|raise|return|log|limit|catch|document"
    r"|refactor|simplify|shorten|clean up|tidy|treat|allow|ignore|skip|cap|clamp"
    r"|convert|swap|switch|set|reword|rephrase|show|print|guard|account for|deal with"
    r"|take care of|consider|apply|do(?! not| you| we| i| they)|fix|redo|mention|bump|reuse"
    r"|annotate|sort|try"
    r"|turn|pass"
    r"|call|format|strip|(?:don't|do not)(?! (?:ship|merge|deploy|release|land|revert|stop"
    r"|worry|bother|do|pause|cancel"
    r"|fix|forget|remember|look|think|know)\b)|ensure|make sure)"
)
_ORDER = re.compile(
    rf"^{_VERB}(?:ing)?\b(?! (?:it|this|that)$)(?P<rest> .+)", re.IGNORECASE | re.DOTALL
)
_RETRY = re.compile(
    r"(?:(?:please|ok|okay|theseus|so|now|and|well)[ ,]+)*"
    r"(?:(?:can|could|would|will) you (?:please )?|let's )?"
    r"(?:(?:re-?)?try (?:(?:it|this|that|the run|run \w{4,12}|`?\w{6}`?) )?(?:once (?:more|again)"
    r"|again|one more time|another time|anew)"
    r"|retry(?: (?:it|this|that|the run|(?:run )?`?(?=\w*\d)\w{4,12}`?))?(?: again)?"
    r"|(?:have|give it|take|make|one) (?:another|one more|a second|a new) (?:go|try|shot|attempt)"
    r"|one more (?:try|attempt|go)|another (?:try|attempt|go))"
    r"(?:[ ,]+(?:please|now|thanks|thank you|theseus))*",
    re.IGNORECASE,
)
_TRAIL = re.compile(
    r"[ ,]*\b(?:too|as well|also|please|thanks|thank you|while you(?:'re| are) (?:at it"
    r"|there)|if you (?:can|could)|ok|okay|for me|in (?:the|this) same (?:pr|change|fix)|thx"
    r"|cheers|would you)$",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"^(?:i|you|he|she|they|we|it|that|this|what|who|why|how|when|where|is|are|do|does|did|me"
    r"|thanks|nice|not|same)\b",
    re.IGNORECASE,
)
_CAN_IT_ALSO = re.compile(
    r"^(?:can|could|should|might) (?:it|this|that|they|we) (?:also|too|as well) (?P<rest>\w.+)",
    re.IGNORECASE,
)


def find_plain_request(clauses: tuple[Clause, ...]) -> tuple[Intent, Clause] | None:
    """Return the status, audit or budget request, and the clause that asks for exactly that."""
    for clause in clauses:
        text = _COURTESY.sub("", clause.text)
        opened = strip_openings(text)
        for intent, pattern in _PLAIN:
            if pattern.fullmatch(text) or (opened.rest and pattern.fullmatch(opened.rest)):
                if intent is Intent.STATUS and not clause.asks and _CLAIM.match(text):
                    continue
                return intent, clause
    return None


_PLAIN = (
    (Intent.AUDIT, _AUDIT),
    (Intent.BUDGET, BUDGET),
    (Intent.STATUS, _STATUS),
)
_COURTESY = re.compile(r"(?:[ ,]+(?:please|thanks|thank you|theseus|bot|mate))+$", re.I)
_CLAIM = re.compile(r"^(?:progress|runs)\b.+|^still \w+ing\b.+", re.IGNORECASE)


def is_retry_request(text: str) -> bool:
    """Return whether a message asks for another attempt, and for nothing else."""
    return bool(_RETRY.fullmatch(text.strip(" .!,?")))


def note_request(text: str) -> tuple[Intent, str] | None:
    """Remember or forget, and what."""
    if "?" in text[-3:] and not re.match(r"(?:can|could|would|will) you\b", text, re.IGNORECASE):
        return None
    rest = strip_openings(text.replace("\n", " ")).rest
    if re.match(r"(?:don't|do not|never) remember", rest, re.IGNORECASE):
        return None
    if found := _REMEMBER.match(rest):
        return Intent.REMEMBER, _TRAIL.sub("", found["note"].strip(" .!?"))
    found = _FORGET.match(rest)
    if not found or (_MEMORY.match(rest) and not re.search(r"\b(?:memor|note|lesson)", rest, re.I)):
        return None
    note = _FORGET_NOTE.match(found["rest"])
    return Intent.FORGET, _TRAIL.sub("", (note["note"] if note else "").strip(" .!?"))


def find_revision(
    clauses: tuple[Clause, ...], setting: Setting, *, text: str, marked_only: bool
) -> str | None:
    """Return the requested change of the active work, without politeness; None if there is none."""
    here = setting.in_thread or setting.reply_to in ("proposal", "bot")
    if not (here or setting.addressed):
        return None
    for place, clause in enumerate(clauses):
        revision = _extract_revision(clause, marked_only=marked_only, here=here)
        if revision is not None:
            after = clauses[place + 1].text if place + 1 < len(clauses) else ""
            return _trim_ending(_from(revision or after, text))
    return None


def _from(revision: str, text: str) -> str:
    """Return the message from the found words on, including brackets."""
    start = text.find(revision) if revision else -1
    return " ".join(text[start:].split()) if start >= 0 else revision


def _extract_revision(clause: Clause, *, marked_only: bool, here: bool) -> str | None:
    opened = strip_openings(clause.text)
    text = opened.rest
    if found := _REVISE.match(text):
        return found["rest"].strip()
    marked = opened.also or bool(_MARKED.search(clause.text))
    if marked_only and not marked:
        return None
    if here and (wished := _CAN_IT_ALSO.match(clause.text)):
        return wished["rest"].strip()
    if clause.asks and not opened.request:
        return None
    if here and (marked or not marked_only) and _OUGHT.match(text):
        return text
    if here and marked and _FAILS_TOO.match(text):
        return text
    order = None if _PRAISE.match(clause.text) else _ORDER.match(text)
    if order and (here or (marked and not _FIXING.match(text))):
        return text
    if (
        marked
        and here
        and text
        and not _TALK.match(text)
        and (opened.also or _NOUN_TOO.search(clause.text))
    ):
        return text
    return None


_OUGHT = re.compile(
    r"^(?!(?:i|we|you|someone|somebody|they|he|she)\b)(?!.*\b(?:i|we|you"
    r"|they) should\b)(?:\S+ ){1,6}should(?:n't| not)? \w+",
    re.IGNORECASE,
)
_FAILS_TOO = re.compile(
    r"(?:it|this|that)\b(?: \w+){0,2} (?:breaks|fails|crashes|happens|goes wrong)\b", re.IGNORECASE
)
_PRAISE = re.compile(
    r"(?:nice|great|awesome|perfect|cool) \w+(?: (?:with|on|in|at|about|by|of|there)\b|$)",
    re.IGNORECASE,
)
"""Praise; without a comma, its object follows: "nice catch with the cap"."""
_FIXING = re.compile(r"fix|stop", re.IGNORECASE)
_NOUN_TOO = re.compile(r"\b(?:instead|rather than)\b", re.IGNORECASE)


def _trim_ending(text: str) -> str:
    for _ in range(4):
        text = _TRAIL.sub("", text.strip(" ,.!?;:"))
    return text[:1_000]
