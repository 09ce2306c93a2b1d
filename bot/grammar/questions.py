"""Questions about the bot itself: their topic, recognised without a list of sentences.

Two checks decide. The form: a clause asks, or asks to be told. The vocabulary: all words must
belong to questions about the bot (`_question_vocabulary`), apart from commands, numbers, runs and
times. "What changed this week?" has no other word; "what changed in Python 3.12?" has one, and is
about something else. What is remembered, fails or is used may be named freely.
"""

import re
from dataclasses import dataclass

from bot.domain.intents import Setting, Topic
from bot.grammar._clauses import Clause, StrippedClause, strip_openings
from bot.grammar._question_phrases import (
    ABOUT_WHAT_IT_MEETS,
    ABOUT_WORK,
    ASKS,
    ASKS_WITH_MARK,
    CAN_LATER,
    DECIDED,
    DEFINES,
    IN_A_MANNER,
    MAY_ANYONE,
    MEETS_ANYTHING,
    NAMED_FREELY,
    NAMES_WHAT_IS_ASKED,
    TELL,
    TOPICS,
    WORK,
)
from bot.grammar._question_vocabulary import ABLE, KINDS, KNOWN
from bot.grammar._silence import find_silence_report
from bot.grammar._subject import clean_subject, is_recurrence
from bot.grammar.spans import extract_span

_COMMAND = re.compile(
    r"(?<![\w/])/[a-z][\w-]*"
    # for a group, also the subcommand, unless the word has another meaning here
    r"(?: (?!(?:us(?:e|es|ed)|fail\w*|crash\w*|br(?:o|ea)k\w*|add\w*|chang\w+|work\w*|cost\w*|run"
    r"|called|last|today|now|yet|again|please|lately|recently|most|right)\b)[a-z]+(?=[ ?]*$))?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"#\d+|\b(?:run|pr|pull request) #?[0-9a-z]*\d[0-9a-z]*\b", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z]+(?:-[a-z]+)*|\S", re.IGNORECASE)
_ROLL_BACK = re.compile(r"\broll\w*(?= (?:it |this |that |them )?back\b)", re.IGNORECASE)
_WORK_OF = re.compile(
    r"\b(?:the|that|this|your|our|my) (?P<of>[a-z][\w-]*(?: [a-z][\w-]*)?) "
    r"(?:fix(?:es)?|changes?|proposals?|prs?|pull requests?|patch(?:es)?|reverts?|investigation"
    r"|thing|stuff)\b",
    re.IGNORECASE,
)
_BE = re.compile(r"\b(what|who|how|where|when|it|that|there)'s\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?P<can>ca)n't\b|n't\b", re.IGNORECASE)
_OF_THAT = re.compile(r"\b(?:about|of|regarding|with|for|on)\b(?P<rest>.*)$", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:we|you|i|they|budget|caps?|our|your|daily|weekly)\b", re.IGNORECASE)
_YOU = re.compile(r"\byou\b", re.IGNORECASE)
_EXPLAIN = re.compile(r"explain\b", re.IGNORECASE)
_RECURRENCE = re.compile(r"\b(?:still|keeps?)\b", re.IGNORECASE)
_SKILL = re.compile(r"\bthe (?P<name>[\w-]+(?: [\w-]+){0,4}) skill\b", re.IGNORECASE)
_FILE = re.compile(r"(?<![\w./-])[\w./-]+\.py\b")
_CAUSE = re.compile(r"\b(?:cause|reason\w*)\b", re.IGNORECASE)
_GAPS = re.compile(
    r"what (?:can'?t|cannot|can not|couldn't) (?:you|theseus|the bot) (?:do|handle)"
    r"(?: yet| so far)?|what (?:do|does|did) (?:people|users|everybody|everyone|we|they) miss"
    r"|what (?:are you|is) (?:missing|unable to do)(?: yet)?",
    re.IGNORECASE,
)
_TOOLS = re.compile(
    r"(?:(?:(?:can|could) you )?(?:please )?tell (?:me|us) )?"
    r"(?:what|which|how many)(?: of)?(?: your)?(?: mcp| outside| external)? (?:tools|mcp servers)"
    r"(?: (?:do|does|can|could|may|are|is|have|has)"
    r" (?:you|theseus|the bot|models?|there|it)\b.{0,60}"
    r"| (?:you (?:have|can use)|exist|are (?:on|off|available|waiting)|wait)\b.{0,40})?"
    r"|(?:list|show(?: me| us)?|what are)(?: all)?(?: of)? (?:your|the)(?: mcp| outside)? tools"
    r"|(?:do|does) (?:you|theseus|the bot) have(?: any)?(?: mcp| outside)? tools",
    re.IGNORECASE,
)
_LONGEST_REQUEST = 200
_OWN_DATA = re.compile(
    r"(?:.{0,40}?(?<!n't )(?<!never )\b(?:forget|eras\w+|delet\w+|remov\w+|wipe)\b"
    r"|(?:.{0,40}? )?(?:what|which|how much|do|does|is|show|tell|give|export|list)\b.*"
    r"\b(?:know|stor\w+|sav\w+|keep|kept|collect\w*|record\w*|remember|have|got|data|info\w*)\b)"
    r".*\b(?:(?:about|on|of) me|my (?:own |personal )?data)"
    r"(?: (?:please|thanks|now|again|at all|here|completely|you have|theseus))*",
    re.IGNORECASE,
)
_HELP = re.compile(r"(?:/?help(?: me)?|how (?:do|can|should) i use (?:you|this(?: bot)?))", re.I)


@dataclass(frozen=True)
class AskedAbout:
    """One clause that asks: its topic, and its time span as the speaker wrote it."""

    clause: Clause
    topic: Topic
    subject: str = ""
    span: str = ""


def find_question(clauses: tuple[Clause, ...], setting: Setting) -> AskedAbout | None:
    """Return the first question about the bot itself; `None` where there is none.

    A reply to an error's message asks about that error.
    """
    if setting.reply_to == "error":
        return None
    found = (_parse_question(clause, setting) for clause in clauses)
    return next((each for each in found if each is not None), None)


def is_own_data_request(text: str) -> bool:
    """Return whether a message asks what is stored about its author, or to erase that."""
    plain = " ".join(text.replace(",", " ").split()).rstrip(" .!?")
    # the time of the search grows with the square of the length
    return len(plain) <= _LONGEST_REQUEST and bool(_OWN_DATA.fullmatch(plain))


def is_question(text: str) -> bool:
    """Return whether a message asks something, about whatever it may be."""
    plain = text.strip()
    return plain.endswith("?") or bool(ASKS.match(plain) or TELL.match(plain))


def _parse_question(clause: Clause, setting: Setting) -> AskedAbout | None:
    if find_silence_report((clause,)):
        return None  # "when I use /jot nothing happens?"
    opened = strip_openings(clause.text)
    if _HELP.fullmatch(clause.text.strip(" .!")) or (
        opened.rest and _HELP.fullmatch(opened.rest.strip(" .!"))
    ):
        return AskedAbout(clause, Topic.HELP)
    if (fixed := _find_fixed_topic(clause)) is not None:
        return AskedAbout(clause, fixed)
    text = _extract_question(opened, clause)
    if text is None:
        return None
    span, rest = extract_span(text)
    rest = " ".join(rest.split())
    commands = _COMMAND.findall(rest)
    plain = _NUMBER.sub(" ", _COMMAND.sub(" ", NAMES_WHAT_IS_ASKED.sub("", rest, count=1)))
    topic = next((topic for topic, pattern in TOPICS if pattern.search(rest)), None)
    if topic is None or not _is_about_bot(topic, rest, setting, span, commands):
        return None
    if topic not in NAMED_FREELY:
        plain, named = _split_work_subject(_ROLL_BACK.sub(" ", plain))
    else:
        named = "" if commands else _extract_subject(topic, plain)
    known = not any(map(_is_other, _TOKEN.findall(plain))) or (
        setting.in_thread and topic in MEETS_ANYTHING and ABOUT_WHAT_IT_MEETS.match(rest)
    )
    if not (known or (named and topic in NAMED_FREELY)):
        return None
    return AskedAbout(clause, topic, commands[0] if commands else named, span)


def _find_fixed_topic(clause: Clause) -> Topic | None:
    """Return the topic of a question whose words alone decide."""
    if _GAPS.fullmatch(clause.text.strip(" ?!.").replace("\u2019", "'")):
        return Topic.FEATURE_REQUESTS
    if _TOOLS.fullmatch(clause.text.strip(" ?!.")):
        return Topic.TOOLS
    if _is_ability_question(clause):
        return Topic.ABILITIES
    if CAN_LATER.match(clause.text):
        return Topic.HOW_TO
    return Topic.PEOPLE if MAY_ANYONE.match(clause.text) else None


def _extract_question(opened: StrippedClause, clause: Clause) -> str | None:
    """Return what a clause asks, without "tell me"; None if it does not ask."""
    asked_of = opened.request or opened.group
    text = opened.rest if asked_of or not ASKS.match(clause.text) else clause.text
    text = _NOT.sub(_expand_negation, _BE.sub(r"\1 is", IN_A_MANNER.sub("", text))).strip()
    request = TELL.match(text)
    if request and request.end() < len(text):
        rest = text[request.end() :].strip(" ,")
        return f"why {rest}" if _EXPLAIN.match(text) and not ASKS.match(rest) else rest
    marked = clause.asks and ASKS_WITH_MARK.match(text)
    if NAMES_WHAT_IS_ASKED.match(text):
        return text
    if asked_of or DEFINES.match(text) or not (marked or ASKS.match(text)):
        return None  # "can you fix it?" asks for work
    return text.strip(" ,")


def _expand_negation(negated: re.Match[str]) -> str:
    return "can not" if negated["can"] else " not"


def _is_ability_question(clause: Clause) -> bool:
    """Return whether "can you ..." names nothing specific to do."""
    words = [word.lower() for word in _TOKEN.findall(clause.text.strip(" ?!."))]
    if words[:2] not in (["can", "you"], ["could", "you"], ["do", "you"], ["are", "you"]):
        return False
    return len(words) > 3 and set(words) <= ABLE and bool(set(words[2:]) & KINDS)


def _is_about_bot(
    topic: Topic, text: str, setting: Setting, span: str, commands: list[str]
) -> bool:
    """Return whether a question with that topic can be about the bot."""
    here = setting.in_thread or setting.reply_to in ("proposal", "bot")
    numbered = bool(_NUMBER.search(text))
    match topic:
        case Topic.COST:
            points = numbered or bool(ABOUT_WORK.search(text))
            return points or (bool(here or span) and not _PERSON.search(text))
        case Topic.CAUSE:
            named = numbered or any(each.search(text) for each in (_YOU, WORK, DECIDED, _CAUSE))
            again = is_recurrence(text) or bool(_RECURRENCE.search(text))
            return not (again or commands) and (here or named)
        case Topic.BROKEN:
            return not commands
        case _:
            return True


def _extract_subject(topic: Topic, plain: str) -> str:
    """Return what is remembered, fails or is used: after "about", or the remaining words.

    A skill's name is whatever comes before the word "skill".
    """
    if topic is Topic.SKILLS and (skill := _SKILL.search(plain)):
        return clean_subject(skill["name"])
    if topic is Topic.TENDENCY and (file := _FILE.search(plain)):
        return file[0]
    after = _OF_THAT.search(plain) if topic is Topic.MEMORY else None
    if after:
        return clean_subject(after["rest"])
    words = _TOKEN.findall(plain)
    others = [place for place, word in enumerate(words) if _is_other(word)]
    return clean_subject(" ".join(words[others[0] : others[-1] + 1])) if others else ""


def _split_work_subject(plain: str) -> tuple[str, str]:
    """Return the rest, and the subject of named work ("the roll fix")."""
    found = _WORK_OF.search(plain)
    of = [word for word in _TOKEN.findall(found["of"]) if _is_other(word)] if found else []
    if found is None or not of or not _is_other(found["of"].split()[-1]):
        return plain, ""
    return f"{plain[: found.start('of')]}{plain[found.end('of') :]}", clean_subject(" ".join(of))


def _is_other(token: str) -> bool:
    return token[0].isalpha() and token.lower() not in KNOWN
