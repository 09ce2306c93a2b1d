"""Complaints that something is answered wrongly: whether it is one, and the example in it.

`/roll 4d6kh3+10 forgets the +10`, `it says 13 for 2d6`, `/remind is an hour late`: nothing fails in
these, and what is wrong can be shown by asking again. Values are told from words by their signs.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from bot.grammar._clauses import clauses, peel
from bot.grammar._complaints import complaint_in
from bot.grammar._fault_words import FIX
from bot.grammar._normalise import make_plain
from bot.grammar._silence import says_nothing_happens
from bot.grammar._words import spell
from bot.grammar.changes import asks_for_change, says_it_fails
from bot.grammar.likeness import ASKING, named_in_words

LONGEST_EXPECTED = 200
"""Characters of an expected answer that are kept."""

_MOST_VALUES = 8
_QUOTED = r"(?:[\"“`][^\"”`\n]{1,80}[\"”`])"
_VALUE = rf"(?:{_QUOTED}|[-+*]*\d[\w.,:%*+-]*|nothing)"
_BE = r"(?:be|been|say|said|read|show|shown|give|given|answer|return|come out (?:as|at)|add up to)"
_SAY = (
    r"(?:says?|said|shows?|showed|gives?|gave|answers?|answered|returns?|returned|prints?|printed"
    r"|tells?|told|claims?|counts?|counted|lists?|listed|rolls|spits? out|comes? out (?:as|at)"
    r"|got|gets|adds? up to|makes)"
)
_SAYS = re.compile(
    rf"(?<!\bi )(?<!\bwe )(?<!\byou )\b{_SAY}(?: (?:me|us|only|it's|that|there are|just))*"
    rf" {_VALUE}",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    rf"\b(?:(?:instead of|rather than|expected|expecting)(?: (?:it to {_BE}|an?|the))* {_VALUE}"
    rf"|(?<!\byou )(?<!\bwe )(?<!\bi )should(?:n't| not)?(?: have)? {_BE} {_VALUE}"
    rf"|{_SAY} .{{1,60}} (?:instead of|rather than) \S+"
    rf"|used to {_BE}|but (?:it |i |we )?(?:{_SAY} (?:me )?{_VALUE}|only)|not {_VALUE})",
    re.IGNORECASE,
)
_LACK = re.compile(
    r"\b(?:forgets|forgot|ignores|drops|skips|loses|misses|leaves out|doubles"  # "ignore": an order
    r"|(?:does|do|did)(?:n't| not) (?:add|count|include|subtract|keep|use|apply|round|sort)"
    r"|never (?:came|comes|arrived|arrives|showed up|shows up)"
    r"|(?:has|have|had)(?:n't| not) (?:come|arrived|been sent)|(?:does|do|did)(?:n't| not) arrive"
    r"|no longer \w+s|off by|twice|too (?:late|early|high|low|many|few|much)"
    r"|(?:hours?|minutes?|mins?|seconds?|days?|weeks?) (?:too )?(?:late|early|off)"
    r"|wrong(?:ly)?|incorrect(?:ly)?|inaccurate|out of order|(?:some(?:one|body)) else's)\b",
    re.IGNORECASE,
)
_SLOW = re.compile(
    r"\b(?:slow\w*|sluggish|lag\w*|tak(?:es?|ing) (?:forever|ages|(?:way )?too long|so long))\b",
    re.IGNORECASE,
)
_SILENT = re.compile(
    r"\b(?:unresponsive|froze\w*|offline|is down|went down|dead"
    r"|no (?:reply|answer|response)|silent"
    r"|(?:never|not|\w*n['\u2019]t) (?:respond|answer|repl(?:y|ie))(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
_SLASH = re.compile(r"(?<![\w/.:<])/(?=[a-z])", re.IGNORECASE)
# What is given to a command: letters and digits in one word, and neither an address nor a mention.
# No further than a word may be long: signs without end would be gone through from each of them.
_GIVEN_VALUE = re.compile(
    r"(?<![\w/@#<:])(?=\S{0,80}\d)(?=\S{0,80}[a-z%])[\w%+*.-]*[\w%]", re.IGNORECASE
)
_GIVEN = re.compile(r'\s*((?:[\w-]+:(?!//) ?)(?:"[^"]*"|\S+)|"[^"]*"|(?=\S*\d)\S+)')
_END = " \t\n,.;:!?"
_QUOTES = {"`": "`", '"': '"', "“": "”"}
_INSIDE = re.compile(r"[\"“`]([^\"”`\n]+)[\"”`]")
_WANTED = re.compile(
    rf"\b(?:(?:should(?: have)?|must|has to|ought to) {_BE}|expected|instead of|i expect|i want)"
    rf"(?: (?:it to {_BE}|at least|an?|the))* (?P<value>.+)",
    re.IGNORECASE | re.DOTALL,
)
_AFTERWARDS = re.compile(r"(?:,? (?:instead|not|but|and not|rather than|right)\b|[,;] ).*$", re.S)


class TypedCommand(NamedTuple):
    """A command as somebody typed it: its name, and what was given to it, as it was typed."""

    name: str
    given: str = ""


class AnswerClaim(NamedTuple):
    """What a complaint names: a command as it was typed, commands in words, values given to one."""

    typed: TypedCommand | None = None
    named: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def complains_of_answer(text: str) -> bool:
    """Return whether somebody says that an answer is wrong: it came, and nothing failed."""
    if not may_be_of_answer(text):
        return False
    return _says_how(text) or any(complaint_in(each) for each in clauses(text))


def says_what_is_wrong(text: str) -> bool:
    """Return whether a complaint says more than that something is not right, and to fix it.

    "The dice are off again, fix them" does not; "anybody can close my poll, fix it" does.
    """
    said = clauses(spell(make_plain(text, addressed=True).text))
    return _says_how(text) or any(
        not (complaint_in(each) or FIX.match(peel(each.text).rest)) for each in said
    )


def _says_how(text: str) -> bool:
    return any(each.search(text) for each in (_SAYS, _CONTRAST, _LACK))


def may_be_of_answer(text: str) -> bool:
    """Return whether what is to be fixed may be an answer: nobody says that it fails or is slow.

    So it is too where nothing is called wrong: "everybody can read my list, only I should see it".
    """
    slow = says_it_is_slow(text) or says_no_response(text)
    return not (slow or says_it_fails(text) or asks_for_change(text))


def says_it_is_slow(text: str) -> bool:
    """Return whether somebody says that something takes long."""
    return _SLOW.search(text) is not None


def says_no_response(text: str) -> bool:
    """Return whether somebody says that something gives no answer at all."""
    return _SILENT.search(text) is not None or says_nothing_happens(text)


def shows_wrong_answer(text: str, *, to_answer: bool = False) -> bool:
    """Return whether a message complains of an answer and shows which, or what is right.

    Said `to_answer` of the bot, what is right is enough.
    """
    told = sum(bool(each.search(text)) for each in (_SAYS, _CONTRAST, _LACK))
    shows = bool(_SLASH.search(text) or _GIVEN_VALUE.search(text))
    right = bool(_CONTRAST.search(text))
    enough = told > 1 or (told == 1 and (shows or (to_answer and right)))
    return enough and may_be_of_answer(text)


def answer_claim(text: str, commands: Collection[str]) -> AnswerClaim:
    """Return what a complaint names; `commands` are the qualified names of all there are."""
    typed = _typed(text, commands)
    spoken_of = set(commands) - ASKING
    named = (typed.name,) if typed else tuple(sorted(named_in_words(text, spoken_of)))
    values = (*_INSIDE.findall(text), *_GIVEN_VALUE.findall(text))
    return AnswerClaim(typed, named, tuple(dict.fromkeys(values))[:_MOST_VALUES])


def expected_in(text: str) -> str:
    """Return what has to stand in an answer, out of words such as `it should say 31`."""
    inside = _INSIDE.search(text)
    if inside:
        return inside[1].strip()[:LONGEST_EXPECTED]
    told = wanted_in(text) or text.strip()
    return told.strip(_END)[:LONGEST_EXPECTED]


def wanted_in(text: str) -> str:
    """Return what a complaint says would be right, where it does; nothing where it does not."""
    found = _WANTED.search(text)
    if found is None:
        return ""
    value = found["value"].strip()
    inside = _INSIDE.match(value)
    told = inside[1] if inside else _AFTERWARDS.sub("", value.splitlines()[0])
    return told.strip(_END)[:LONGEST_EXPECTED]


def _typed(text: str, commands: Collection[str]) -> TypedCommand | None:
    """Return the first command that is typed with a slash and is there."""
    for slash in _SLASH.finditer(text):
        closing = _QUOTES.get(text[slash.start() - 1 : slash.start()], "")
        rest = text[slash.end() :].split(closing)[0] if closing else text[slash.end() :]
        for found in reversed([*re.finditer(r"\S+", rest)][:3]):
            name = " ".join(rest[: found.end()].lower().split()).rstrip(_END)
            if name not in commands:
                continue
            ended = rest[: found.end()].rstrip(_END) != rest[: found.end()]
            after = rest[found.end() :]
            return TypedCommand(name, "" if ended else _given(after, whole=bool(closing)))
    return None


def _given(text: str, *, whole: bool) -> str:
    """Return what is given to a command: all that is quoted with it, or values up to a word."""
    if whole:
        return text.strip()
    end = 0
    while found := _GIVEN.match(text, end):
        end = found.end()
        if found[1][-1] in ",.;!?":
            break
    return text[:end].strip().rstrip(",.;!?")
