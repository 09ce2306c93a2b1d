"""Sentences that set a goal (“our goal: no crash for a week”), and questions about goals."""

import re

from bot.domain.intents import Intent

_SET = re.compile(
    r"(?:(?:(?:my|our|your|a|the|new|next|set|as|this|is|here|s|here's) ){0,4}goals?"
    r"(?: (?:for (?:you|us|the bot|this (?:week|month))|is|:))* ?(?::|\bis\b|=|-) ?(?:that |to )?"
    r"|(?:please )?set (?:a|the|our|this) goal(?: for (?:you|us))?(?: of| to|:) "
    r"|we (?:want|aim) (?:to reach|for) (?:the|this) goal:? )(?P<goal>\S.{2,400})",
    re.IGNORECASE | re.DOTALL,
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
    found = _SET.fullmatch(plain)
    return (Intent.SET_GOAL, found["goal"].strip()) if found else None
