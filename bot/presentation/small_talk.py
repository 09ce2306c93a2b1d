"""Answers to small talk without a model: fixed texts, and hints about what people can ask."""

import re
from collections.abc import Collection

from bot.presentation.answers import ABOUT_QUESTIONS

ABOUT = (
    "I look after this bot's own code. Tell me what is broken, for example “rolling dice keeps "
    "crashing, fix it” or “why does /poll fail?”, or reply “fix this” to an error message. I "
    "answer in a thread and prove the fix. I merge it only when someone on my list says “ship it”. "
    "You can also ask for something new, for example “add a /coinflip command”. `/runs list` shows "
    "what I am doing, and `/capabilities` shows what I can do."
)
FOR_OTHERS = (
    "I look after this bot's own code for the people on my list. They can ask me to investigate or "
    "fix something, and they can chat with me. Everyone can use the everyday commands: `/help` "
    "lists them."
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
_LONG = 8  # words; a longer message that begins with a greeting also says something else


def answer_small_talk(
    text: str,
    *,
    name: str,
    listed: bool,
    commands: Collection[str] = (),
    usable: Collection[str] = (),
    trouble: str = "",
) -> str:
    """Return an answer to `text`, which is not a request.

    Args:
        name: the bot's name
        listed: False for people who may not ask for work; they read what others can do
        commands: the bot's commands and groups, without the slash
        usable: those commands that the speaker may use
        trouble: why no model answers although there should be one
    """
    about = ABOUT if listed else FOR_OTHERS
    command = _find_command(text, commands)
    offer = _offer(command, may_use=command in usable, listed=listed)
    if trouble:
        return f"{trouble} Without a model, I can say this: {offer or about}"
    if brief := _brief(text, name, about):
        return brief
    if offer:
        return offer
    if text.rstrip().endswith("?"):
        return f"I cannot answer that. {ABOUT_QUESTIONS if listed else about}"
    return f"I found no request in that. {about}"


def _brief(text: str, name: str, about: str) -> str:
    """Return the answer to politeness or to "who are you?"; else ""."""
    short = len(text.split()) <= _LONG
    if _HOW.search(text) and short:
        return "I am up, and everything is fine as far as I can tell. `/health` shows more."
    if _WHO.search(text):
        return f"I am {name}. {about}"
    if _THANKS.search(text) and short:
        return "You are welcome. Tell me when something breaks."
    if _PRAISE.search(text) and short:
        return "Thank you. Tell me when something breaks."
    if _BYE.match(text) and short:
        return "See you. I keep watching; `/help` shows how to call me."
    if not re.search(r"\w", text) or (_GREETING.match(text) and short):
        return f"Hello, I am {name}. {about}"
    return ""


def _find_command(text: str, commands: Collection[str]) -> str:
    """Return the command that a text names: with a slash first, else the longest name."""
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
        return f"You may not use `/{command}`. {FOR_OTHERS}"
    if not listed:
        return f"You can use `/{command}`. {FOR_OTHERS}"
    return (
        f"If `/{command}` misbehaves, ask “why does /{command} fail?” and I look into it, or say "
        f"“/{command} is broken, fix it” and I fix it."
    )
