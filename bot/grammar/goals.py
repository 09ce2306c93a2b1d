"""Sentences that set a goal (“our goal: no crash for a week”) or remove one, and questions about
goals."""

import re

from bot.domain.intents import Intent

_SET = re.compile(
    r"(?:(?:(?:my|our|your|a|the|new|next|set|as|this|is|here|s|here's) ){0,4}goals?"
    r"(?: (?:for (?:you|us|the bot|this (?:week|month))|is|:))* ?(?::|\bis\b|=|-) ?(?:that |to )?"
    r"|(?:please )?set (?:a|the|our|this) goal(?: for (?:you|us))?(?: of| to|:) "
    r"|we (?:want|aim) (?:to reach|for) (?:the|this) goal:? )(?P<goal>\S.{2,400})",
    re.IGNORECASE | re.DOTALL,
)
_REMOVED = re.compile(
    r"(?:(?:(?:i|we)(?:'ve| have)? changed (?:my|our) minds?|actually|well|sorry|ok(?:ay)?|alright|"
    r"never ?mind)[,;.:]* (?:and |so )?){0,2}"
    r"(?:(?:can|could|would|will) you )?(?:please )?"
    r"(?:remove|drop|delete|forget|scrap|abandon|get rid of) "
    r"(?:(?:the |our |my |your |that |this )?goal(?: (?:about|on|of|for|called|named|that) "
    r"(?P<named>.{1,200}?)|:? (?P<goal>g\d{1,6}))?"
    r"|(?P<id>g\d{1,6}))(?: please)?",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"(?:how (?:are|do|did) (?:we|you) (?:do(?:ing)?|stand|get(?:ting)? on|fare) (?:on|with|about|"
    r"against) (?:our|the|your|my|those) goals?"
    r"|how (?:is|are) (?:our|the|your|my|those) goals? (?:doing|going|coming along|looking)"
    r"|(?:do|did|will|are|have) (?:we|you) (?:meet|met|meeting|reach(?:ed|ing)?) "
    r"(?:our|the|your|my|those) goals?"
    r"|(?:what(?:'s| is| are)|show(?: me| us)?|list) (?:our|the|your|all(?: the)?|my) "
    r"(?:current )?goals?|(?:our |the )?goals?)(?: (?:so far|now|today|this week|going|please))?",
    re.IGNORECASE,
)


def parse_goal_request(text: str) -> tuple[Intent, str] | None:
    """Return the intent and the text of the goal; `None` if the message is not about goals.

    The complete message has to be one of these sentences. The text of a goal is not parsed further:
    whatever it says, it is no request and no decision.
    """
    plain = " ".join(text.split()).strip(" .!?")
    if _ASKED.fullmatch(plain):
        return Intent.GOALS, ""
    if removed := _REMOVED.fullmatch(plain):
        return Intent.REMOVE_GOAL, next(filter(None, removed.groups()), "")
    found = _SET.fullmatch(plain)
    return (Intent.SET_GOAL, found["goal"].strip()) if found else None
