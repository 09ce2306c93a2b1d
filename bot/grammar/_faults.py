"""Investigate and fix: who is asked to do what about which fault."""

import re
from dataclasses import dataclass

from bot.domain.intents import Intent, Setting, Strength
from bot.grammar._clauses import Clause, StrippedClause, strip_openings
from bot.grammar._fault_phrases import (
    CAN_BE_FIXED,
    FALSE_GERUND,
    FAULT_TERM,
    FIX,
    FIX_AROUND,
    FIX_NEEDED,
    FIX_WEAK,
    I_WHO,
    IDLE,
    LOOK,
    LOOK_WEAK,
    LOOK_WHY,
    MENDS_OR_LOOKS,
    NOT_AN_ASK,
    NOT_LOOK,
    ODD,
    PRAISED,
    SMALL_TALK,
    WHAT,
    WHY,
)
from bot.grammar._fault_reports import FaultReport, find_fault_report
from bot.grammar._silence import find_silence_report
from bot.grammar._subject import clean_subject
from bot.grammar._work_request import WorkRequest
from bot.grammar.incorrect_output import has_incorrect_output


@dataclass(frozen=True)
class _Ask:
    intent: Intent
    object: str
    weak: bool = False
    group: bool = False
    request: bool = False


def find_fault_request(
    clauses: tuple[Clause, ...], setting: Setting, *, text: str
) -> WorkRequest | None:
    """Return the request that a message makes about a fault, or None."""
    asks = [ask for clause in clauses if (ask := _ask_in(clause, setting))]
    complaints = [
        found
        for place, clause in enumerate(clauses)
        if not _is_mockery(clauses, place) and (found := _find_clause_report(clause))
    ]
    if silence := find_silence_report(clauses):
        complaints = [silence, *complaints]
    fault = bool(complaints or FAULT_TERM.search(text) or setting.reply_to == "error")
    asks = [ask for ask in asks if fault or not ask.weak or _can_be_weak(ask, setting)]
    if asks:
        chosen = next((ask for ask in asks if ask.intent is Intent.FIX), asks[0])
        objects = [ask.object for ask in (chosen, *asks)]
        subject = _choose_subject(objects, complaints) or _find_earlier_subject(clauses)
        strength: Strength = "weak" if chosen.weak and not fault else "clear"
        return WorkRequest(chosen.intent, subject, strength, chosen.group, chosen.request)
    if complaints and not (all(each.weak for each in complaints) and not setting.is_for_bot):
        weak = all(each.weak for each in complaints) or any(clause.asks for clause in clauses)
        subject = _choose_subject([], complaints) or _find_only_command(text)
        headed = _COMMAND_ALONE.fullmatch(clauses[0].text) and "/" not in subject
        return WorkRequest(
            Intent.INVESTIGATE, clauses[0].text if headed else subject, "weak" if weak else "clear"
        )
    if setting.is_for_bot and has_incorrect_output(text, to_answer=setting.reply_to == "bot"):
        return WorkRequest(Intent.INVESTIGATE, clean_subject(text), "weak")
    return None


_COMMAND_ALONE = re.compile(r"/[a-z][\w-]*(?: [\w-]+){0,2}", re.IGNORECASE)
"""The heading of a report: "/roll: the application did not respond"."""
_COMMAND = re.compile(r"(?<![\w/])/[a-z][\w-]*", re.IGNORECASE)


def _find_only_command(text: str) -> str:
    """Return the one command that a message names: "I use /jot, but the bot does not react"."""
    named = set(_COMMAND.findall(text))
    return named.pop() if len(named) == 1 else ""


def _is_mockery(clauses: tuple[Clause, ...], place: int) -> bool:
    """Return whether a clause is only mockery: "oh sure, because robots never make mistakes"."""
    text, before = clauses[place].text, clauses[:place]
    reason = text.lower().startswith("because ") and "/" not in text
    return reason and bool(before) and not any(strip_openings(each.text).rest for each in before)


def _find_earlier_subject(clauses: tuple[Clause, ...]) -> str:
    """Return what was said just before "fix it", if it was not recognised as a report."""
    first = strip_openings(clauses[0].text).rest if len(clauses) > 1 else ""
    if not first or _fix_or_look(first) or len(first.split()) > 15:
        return ""
    return clean_subject(first)


def _fix_or_look(text: str) -> bool:
    return any(words.match(text) for words in MENDS_OR_LOOKS)


def _can_be_weak(ask: _Ask, setting: Setting) -> bool:
    """Return whether a request to look counts without a fault: only if it addresses the bot."""
    return (
        setting.is_for_bot and ask.intent is Intent.INVESTIGATE and bool(clean_subject(ask.object))
    )


def _find_clause_report(clause: Clause) -> FaultReport | None:
    opened = strip_openings(clause.text)
    if PRAISED.match(clause.text):
        return None
    if opened.rest and (FIX.match(opened.rest) or LOOK.match(opened.rest)):
        return None
    return find_fault_report(clause)


def _ask_in(clause: Clause, setting: Setting) -> _Ask | None:
    for opened in (strip_openings(clause.text), StrippedClause(clause.text)):
        ask = _fix_ask(opened, clause, setting) or _look_ask(opened, clause, setting)
        if ask:
            return ask
    return None


def _fix_ask(opened: StrippedClause, clause: Clause, setting: Setting) -> _Ask | None:
    text = opened.rest
    found = FIX.match(text)
    if found and _is_imperative(text, found["object"], opened):
        bare = clause.asks and not found["object"].strip() and not opened.request
        return _Ask(Intent.FIX, found["object"], bare, opened.group, opened.request)
    if around := FIX_AROUND.match(text):
        what = next((each for each in around.groups() if each), "")
        return _Ask(Intent.FIX, what, group=opened.group, request=opened.request)
    needed = FIX_NEEDED.match(text) or (setting.is_for_bot and CAN_BE_FIXED.match(clause.text))
    if needed and not I_WHO.match(needed["subject"]):
        return _Ask(Intent.FIX, needed["subject"], group=True)
    if found := FIX_WEAK.match(text):
        return _Ask(
            Intent.FIX, found["object"], weak=True, group=opened.group, request=opened.request
        )
    return None


def _is_imperative(text: str, what: str, opened: StrippedClause) -> bool:
    """Return whether "fix" is the verb of a request, and not a noun ("fix is live")."""
    gerund = text.lower().startswith("fixing") and not opened.gerund
    return not (NOT_AN_ASK.match(what) or gerund)


_ASKS_WHAT = re.compile(r"what|why|how come|huh", re.IGNORECASE)
_WONDERS = re.compile(r"\b(?:i(?:'m| was)? wonder|wondering|no idea|anyone know)", re.IGNORECASE)


def _look_ask(opened: StrippedClause, clause: Clause, setting: Setting) -> _Ask | None:
    text = opened.rest
    if setting.reply_to == "error" and _ASKS_WHAT.match(text) and clause.asks:
        return _Ask(Intent.INVESTIGATE, "")
    for pattern, weak in ((LOOK, False), (LOOK_WHY, False), (LOOK_WEAK, True)):
        if found := pattern.match(text):
            if NOT_LOOK.match(found["object"]) or (FALSE_GERUND.match(text) and not opened.gerund):
                return None
            return _Ask(
                Intent.INVESTIGATE,
                _extract_object(found["object"]),
                weak,
                opened.group or bool(_WONDERS.search(clause.text)),
                opened.request,
            )
    if found := WHAT.match(text):
        return _parse_question(found["object"], setting, plain=False, full=found[0])
    if found := WHY.match(text):
        return _parse_question(found["object"], setting, plain=True, full=found[0])
    return None


def _parse_question(what: str, setting: Setting, *, plain: bool, full: str) -> _Ask | None:
    if setting.reply_to == "error":
        return _Ask(Intent.INVESTIGATE, _extract_object(what))
    if SMALL_TALK.search(what):
        return None
    if plain and not ODD.search(what):
        return None
    if (
        not plain
        and not clean_subject(_extract_object(what))
        and not re.search(r"wrong|broke|caus|problem", full, re.I)
    ):
        return None
    if not plain and IDLE.match(full):
        return None
    return _Ask(Intent.INVESTIGATE, _extract_object(what), weak=False)


def _extract_object(text: str) -> str:
    """Return the subject in the object of a look: "why X keeps failing" is about X."""
    text = text.strip(" ,")
    inner = LOOK_WHY.match(text) or WHAT.match(text) or WHY.match(text)
    text = inner["object"] if inner else text
    text = re.sub(
        r"^ ?(?:does|do|did|is|are|was|were|has|have|can|will|would|should|is it that)(?:n't)? ",
        " ",
        text,
        flags=re.I,
    )
    found = find_fault_report(Clause(text.strip()))
    return (
        found.subject
        if found and found.subject
        else re.sub(r" (?:keeps?|kept) \w+$| (?:so|too) \w+$", "", text)
    )


def _choose_subject(objects: list[str], reports: list[FaultReport]) -> str:
    for what in objects:
        inner = find_fault_report(Clause(clean_subject(what)))
        told = inner.subject if inner and inner.subject and not inner.weak else what
        subject = clean_subject(told)
        if subject:
            return subject
    for each in reports:
        if subject := clean_subject(each.subject):
            return subject
    return ""
