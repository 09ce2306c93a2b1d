"""Reports of wrong answers: whether a message is one, and the example in it.

`/roll 4d6kh3+10 forgets the +10`, `it says 13 for 2d6`, `/remind is an hour late`: no call fails,
and the same call can show what is wrong. Values are recognised by their signs.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from bot.grammar._clauses import split_clauses, strip_openings
from bot.grammar._fault_phrases import FIX
from bot.grammar._fault_reports import find_fault_report
from bot.grammar._normalise import make_plain
from bot.grammar._silence import is_no_effect_report
from bot.grammar._spelling import correct_spelling
from bot.grammar.changes import is_change_request, is_failure_statement
from bot.grammar.likeness import find_named_commands

LONGEST_EXPECTED = 200
"""The most characters of an expected answer that are stored."""

_MOST_VALUES = 8
_QUOTED = r"(?:[\"“`][^\"”`\n]{1,80}[\"”`])"
_VALUE = rf"(?:{_QUOTED}|[-+*]*\d[\w.,:%*+-]*|nothing)"
_BE = r"(?:be|been|say|said|read|show|shown|give|given|answer|return|come out (?:as|at)|add up to)"
_SAY = (
    r"(?:says?|said|shows?|showed|gives?|gave|answers?|answered|returns?|returned|prints?|printed"
    r"|tells?|told|claims?|counts?|counted|lists?|listed|rolls|spits? out|comes? out (?:as|at)"
    r"|got|gets|adds? up to|makes)"
)
_OUTPUT_CLAIM = re.compile(
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
# An argument of a command: letters and digits in one word, and not an address or a mention.
# The length is bounded: otherwise a long run of signs makes the search quadratic.
_ARGUMENT_VALUE = re.compile(
    r"(?<![\w/@#<:])(?=\S{0,80}\d)(?=\S{0,80}[a-z%])[\w%+*.-]*[\w%]", re.IGNORECASE
)
_ARGUMENT = re.compile(r'\s*((?:[\w-]+:(?!//) ?)(?:"[^"]*"|\S+)|"[^"]*"|(?=\S*\d)\S+)')
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
    """A command as somebody typed it: its name and its arguments."""

    name: str
    arguments: str = ""


class AnswerClaim(NamedTuple):
    """What a report names: typed commands, commands in prose, and values passed to one."""

    typed: TypedCommand | None = None
    named: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def is_output_report(text: str) -> bool:
    """Return whether the text says that an answer is wrong, and not that a call failed."""
    if not can_be_about_output(text):
        return False
    return _has_output_claim(text) or any(find_fault_report(each) for each in split_clauses(text))


def has_specific_fault(text: str) -> bool:
    """Return whether a report says more than that something is wrong and should be fixed.

    "The dice are off again, fix them" does not; "anybody can close my poll, fix it" does.
    """
    clauses = split_clauses(correct_spelling(make_plain(text, addressed=True).text))
    return _has_output_claim(text) or any(
        not (find_fault_report(each) or FIX.match(strip_openings(each.text).rest))
        for each in clauses
    )


def _has_output_claim(text: str) -> bool:
    return any(each.search(text) for each in (_OUTPUT_CLAIM, _CONTRAST, _LACK))


def can_be_about_output(text: str) -> bool:
    """Return whether the thing to fix may be an answer: no failure or slowness is named.

    This is also true if nothing is called wrong: "everybody can read my list, only I should see
    it".
    """
    slow = is_slowness_report(text) or is_no_response_report(text)
    return not (slow or is_failure_statement(text) or is_change_request(text))


def is_slowness_report(text: str) -> bool:
    """Return whether the text says that something is slow."""
    return _SLOW.search(text) is not None


def is_no_response_report(text: str) -> bool:
    """Return whether the text says that something does not answer at all."""
    return _SILENT.search(text) is not None or is_no_effect_report(text)


def has_incorrect_output(text: str, *, to_answer: bool = False) -> bool:
    """Return whether a message reports a wrong answer and shows it, or what is right.

    In a reply `to_answer` of the bot, what is right is enough.
    """
    claims = sum(bool(each.search(text)) for each in (_OUTPUT_CLAIM, _CONTRAST, _LACK))
    shows = bool(_SLASH.search(text) or _ARGUMENT_VALUE.search(text))
    right = bool(_CONTRAST.search(text))
    enough = claims > 1 or (claims == 1 and (shows or (to_answer and right)))
    return enough and can_be_about_output(text)


def answer_claim(text: str, commands: Collection[str]) -> AnswerClaim:
    """Return what a report names; `commands` are the qualified names of all commands."""
    typed = _find_typed_command(text, commands)
    named = (typed.name,) if typed else tuple(sorted(find_named_commands(text, commands)))
    values = (*_INSIDE.findall(text), *_ARGUMENT_VALUE.findall(text))
    return AnswerClaim(typed, named, tuple(dict.fromkeys(values))[:_MOST_VALUES])


def find_expected_output(text: str) -> str:
    """Return what an answer must contain, from text such as `it should say 31`."""
    inside = _INSIDE.search(text)
    if inside:
        return inside[1].strip()[:LONGEST_EXPECTED]
    expected = find_wanted_output(text) or text.strip()
    return expected.strip(_END)[:LONGEST_EXPECTED]


def find_wanted_output(text: str) -> str:
    """Return what a report says would be right; "" if it does not say so."""
    found = _WANTED.search(text)
    if found is None:
        return ""
    value = found["value"].strip()
    inside = _INSIDE.match(value)
    wanted = inside[1] if inside else _AFTERWARDS.sub("", value.splitlines()[0])
    return wanted.strip(_END)[:LONGEST_EXPECTED]


def _find_typed_command(text: str, commands: Collection[str]) -> TypedCommand | None:
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
            return TypedCommand(
                name, "" if ended else _extract_arguments(after, is_quoted=bool(closing))
            )
    return None


def _extract_arguments(text: str, *, is_quoted: bool) -> str:
    """Return the arguments of a command: all that is quoted with it, or values up to a word."""
    if is_quoted:
        return text.strip()
    end = 0
    while found := _ARGUMENT.match(text, end):
        end = found.end()
        if found[1][-1] in ",.;!?":
            break
    return text[:end].strip().rstrip(",.;!?")
