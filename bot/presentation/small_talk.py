"""Answers to talk without a model: the same words to the same words, and what can be asked."""

import re
from collections.abc import Collection

from bot.presentation.answers import ABOUT_QUESTIONS

ABOUT = (
    "I look after this bot's own code. Tell me what is broken, for example “rolling dice keeps "
    "crashing, fix it” or “why does /poll fail?”, or reply “fix this” to an error message. I "
    "answer in a thread, prove the fix, and merge only when someone on my list says “ship it”. "
    "Tell me what you wish for as well (“add a /coinflip command”). `/runs list` shows what I am "
    "doing, `/capabilities` what there is."
)
FOR_OTHERS = (
    "I look after this bot's own code, for the people on my list: they can have something looked "
    "into or mended, and chat with me. The everyday commands are for everybody."
)

_GREETING = re.compile(
    r"\W*(?:hi|hello|hey|hiya|howdy|yo|moin|servus|greetings|"
    r"good (?:morning|evening|day|afternoon))\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thanks?|thank you|thx|cheers|much appreciated)\b", re.IGNORECASE)
_PRAISE = re.compile(
    r"\b(?:good|great|nice|well|clever|best)\W+(?:bot|job|work|done|one)\b|\blove (?:you|it)\b",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"\bhow are you\b|\bhow(?:'s| is) it going\b|\bare you (?:ok|okay|alive|there|up)\b", re.I
)
_WHO = re.compile(
    r"\b(?:who|what) are you\b|\bwhat can you do\b|\bhelp\b|\bhow do (?:you|i)\b|\byour name\b",
    re.IGNORECASE,
)
_BYE = re.compile(r"\W*(?:bye|goodbye|good night|see you|cya)\b", re.IGNORECASE)
_LONG = 8  # words; a greeting at the head of more than that is not all that was said


def answer_small_talk(
    text: str,
    *,
    name: str,
    listed: bool,
    commands: Collection[str] = (),
    usable: Collection[str] = (),
    trouble: str = "",
) -> str:
    """Return an answer to `text`, which is no request.

    `name` is the bot's, `commands` its commands and groups without the slash, of which the speaker
    may use the `usable` ones; `trouble` is why no model answers where one should. Who is not
    `listed` is told what others do.
    """
    about = ABOUT if listed else FOR_OTHERS
    meant = _find_command(text, commands)
    offer = _offer(meant, may_use=meant in usable, listed=listed)
    if trouble:
        return f"{trouble} So this is what I can say without a model: {offer or about}"
    if brief := _brief(text, name, about):
        return brief
    if offer:
        return offer
    if text.rstrip().endswith("?"):
        return f"I cannot answer that. {ABOUT_QUESTIONS if listed else about}"
    return f"I hear no request in that. {about}"


def _brief(text: str, name: str, about: str) -> str:
    """Return the answer to what is only politeness, or asks who this is; else nothing."""
    short = len(text.split()) <= _LONG
    if _HOW.search(text) and short:
        return "I am up, all planks in place as far as I can tell. `/health` tells more."
    if _WHO.search(text):
        return f"I am {name}. {about}"
    if _THANKS.search(text) and short:
        return "You are welcome."
    if _PRAISE.search(text) and short:
        return "Thank you. Tell me when something breaks."
    if _BYE.match(text) and short:
        return "See you. I keep watch."
    if not re.search(r"\w", text) or (_GREETING.match(text) and short):
        return f"Hello, I am {name}. {about}"
    return ""


def _find_command(text: str, commands: Collection[str]) -> str:
    """Return the command a text names: with a slash first, else the longest by its name alone."""
    known = sorted(commands, key=lambda each: (-len(each), each))
    lowered = text.lower()
    for pattern in (r"(?<!\w)/{}\b", r"(?<![\w/]){}s?\b"):
        for command in known:
            if re.search(pattern.format(re.escape(command)), lowered):
                return command
    return ""


def _offer(command: str, *, may_use: bool, listed: bool) -> str:
    if not command:
        return ""
    if not may_use:
        return f"`/{command}` is not for everybody, and you may not use it. {FOR_OTHERS}"
    if not listed:
        return f"You can use `/{command}`. {FOR_OTHERS}"
    return (
        f"If `/{command}` misbehaves, ask “why does /{command} fail?” and I look into it, or say "
        f"“/{command} is broken, fix it” and I mend it."
    )
