"""Reports of silence: somebody did something, and nothing happened."""

import re
from typing import NamedTuple

from bot.grammar._clauses import Clause, strip_openings
from bot.grammar._fault_reports import FaultReport

_WHEN = r"(?:when(?:ever)?|if|after|once|as soon as|(?:every|each) time)"
_PERSON = r"(?:i|we|you|someone|somebody|users?|people|anyone|one|they|he|she)"
_USE = (
    r"(?:us(?:e|es|ed|ing)|r[ua]n(?:s|ning)?|do|did|doing|typ(?:e|es|ed|ing)|call(?:s|ed|ing)?"
    r"|tr(?:y|ies|ied|ying))"
)
_COMES = (
    r"(?:occur(?:s|red)?|c[oa]mes?(?: back| up| out| through)?|appear(?:s|ed)?"
    r"|show(?:s|ed)(?: up)?|arrive[sd]|pop(?:s|ped) up"
    r"|(?:is|are|was|were|gets?|got|has been|is being) "
    r"(?:shown|sent|posted|displayed|printed|returned|answered|written|said))"
)
_NO_RESPONSE = r"no (?:answer|reply|response|reaction)s?"
_STATEMENT = re.compile(
    r"\b(?:(?:absolutely|literally|simply|just|still|then|there|also) )*"
    r"(?:nothing(?: at all| whatsoever)?(?: (?:ever|really|actually|just|then))? "
    rf"(?:(?P<happens>happen(?:s|ed|ing)?)|{_COMES})"
    rf"|{_NO_RESPONSE}(?: (?:ever|at all))? {_COMES}"
    rf"|(?:(?:i|we|you|people|users) (?:just |only )?)?(?:get|got|see|receive[sd]?) {_NO_RESPONSE}"
    rf"|there(?:'s| is| was) (?:just |simply )?{_NO_RESPONSE}"
    r"|(?:(?:it|you|the bot|theseus|that) )?(?:(?:just|simply|still|then) )*"
    r"(?:(?:do(?:es)?|did|say(?:s)?|said) (?:absolutely )?nothing(?: at all)?"
    r"|(?:stay|remain|keep)(?:s|ed)? (?:silent|quiet|mute)))(?![\w-])"
    r"|^(?:(?:and|but|then|still|absolutely|just) )*nothing(?: at all)?$",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    rf"\b(?:{_WHEN}|while|until|till|unless|that|sure|because|where|hope|though|although)$", re.I
)
_COMMAND = re.compile(r"(?<![\w/])[/!][a-z][\w-]*", re.IGNORECASE)
_DONE = re.compile(
    rf"^(?P<when>(?:{_WHEN}|with|on|by|upon) )?"
    rf"(?P<person>{_PERSON}(?: (?:just|have|had|also))* )?"
    rf"(?P<use>(?:{_USE} (?:to )?){{0,2}})"
    r"(?P<what>.+?)(?: (?:is|are|was|were) (?:used|run|called|typed))?"
    r"(?P<joined>,?(?: (?:and|but|then|yet|so))+| -)?$",
    re.IGNORECASE,
)
_DONE_AFTER = re.compile(
    rf"^(?: (?:any ?more|now|again|lately|at all))*,? (?P<text>(?:{_WHEN}|(?P<at>with|in|on)) .+)$",
    re.IGNORECASE,
)


class _UserAction(NamedTuple):
    what: str
    named: bool
    """It names a command."""


def is_no_effect_report(text: str) -> bool:
    """Return whether the text says that an action has no effect."""
    return _STATEMENT.search(text) is not None


def find_silence_report(clauses: tuple[Clause, ...]) -> FaultReport | None:
    """Return the report that nothing happens, with its subject before or after it.

    "When I use /jot, nothing happens" is a report; "if nothing happens, ship it" is not.
    """
    for place, clause in enumerate(clauses):
        text = strip_openings(clause.text).rest or clause.text
        found = _STATEMENT.search(text)
        if found is None or _SUPPOSED.search(text[: found.start()].strip()):
            continue
        before = clauses[place - 1] if place else None
        deed = _find_user_action(text, found) or (
            _parse_user_action(before.text, is_delimited=True) if before else None
        )
        if deed:
            # "when I google it nothing comes up" may be about anything
            return FaultReport(deed.what, weak=not (deed.named or found["happens"]))
    return None


def _find_user_action(text: str, found: re.Match[str]) -> _UserAction | None:
    """Return what a clause says was done, around the statement in it."""
    after = _DONE_AFTER.match(text[found.end() :])
    if after and (found["happens"] or not after["at"]):
        told = after["text"]
        return _parse_user_action(told, is_delimited=True) or _UserAction(
            told.split(" ", 1)[1], bool(_COMMAND.search(told))
        )
    return _parse_user_action(text[: found.start()].strip(), is_delimited=False)


def _parse_user_action(text: str, *, is_delimited: bool) -> _UserAction | None:
    """Return what was done, where a text says so; `ended`: a comma or a full stop follows it."""
    found = _DONE.match(strip_openings(text).rest or text)
    if found is None:
        return None
    named = bool(_COMMAND.search(found["what"]))
    joined = is_delimited or found["joined"]
    if found["when"] or named or (joined and found["use"] and found["person"]):
        return _UserAction(found["what"], named)
    return None
