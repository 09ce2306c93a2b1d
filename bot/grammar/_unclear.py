"""What a message may mean if it resembles a decision but is not an accepted sentence.

The result is only a question with buttons, so it may read generously. There are four readings:

- *Leading*: a clause begins with a verb that decides ("don't ship it", "kill it"). It has priority
  over every request in the same message.
- *Ending*: a clause ends in an accepted sentence ("do more and ship it"). It has priority over a
  revision, which would otherwise replace the decision.
- *Short*: a few words begin or end in one ("whoa stop", "pause 2h").
- *Somewhere*: such a word is anywhere ("Bob says ship it"). It counts only where a run is
  discussed.

The last two count only if the message asks for nothing else.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.authority.decision_sentences import (
    COURTESY_AFTER,
    COURTESY_BEFORE,
    NAMES,
    OPENINGS,
    SENTENCES,
)
from bot.authority.decisions import parse_decision
from bot.domain.intents import Intent, Setting
from bot.grammar._clauses import strip_openings
from bot.grammar._decision_phrases import (
    ASKS_ABOUT,
    BEFORE,
    LEADING,
    NO,
    NOT,
    NOUN_FOLLOWS,
    NOUN_OR_TIME,
    OF_OWN_WORK,
    SOMEWHERE,
    YES,
)
from bot.grammar._glyphs import to_plain_letters
from bot.grammar._question_phrases import CAN_LATER
from bot.grammar._spelling import correct_spelling, is_single_slip
from bot.grammar.agreement import is_loose_go_ahead, is_refusal

_CLAUSE = re.compile(
    r"(?:[.,!;()\n\"`*_~>|/\[\]]|:(?!\d))+|(?<=\?)\s|\s-+\s|\s(?=but\s|because\s)|\s(?:so|then) "
)
_REPEATED = re.compile(r"(?<!\S)(\S+(?: \S+)?)(?: \1)+(?!\S)")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_OPENING_ALTERNATIVES = "|".join(
    map(
        re.escape,
        (*NAMES, *COURTESY_BEFORE, *(each for said in OPENINGS.values() for each in said)),
    )
)
_ONLY_OPENING = re.compile(rf"\W*(?:(?:{_OPENING_ALTERNATIVES})\W+)*")
_COMMAND = re.compile(r"(?<![\w/])/[a-z][\w-]*(?::\d+>)?")
_NOTED = re.compile(r"^(\W*(?:please )?(?:remember|note)):")
_TRAILING = re.compile(rf"(?: (?:{'|'.join((*COURTESY_AFTER, 'too', 'as well', 'instead'))}))+$")
_VERBS = tuple(
    dict.fromkeys(
        each for said in SENTENCES.values() for each in said if re.fullmatch("[a-z]+", each)
    )
)
_SHORT = 4
"""The most words of a short clause; with only a deciding verb at its start, it has two."""
_MAX_TOKENS = 12
"""The most words of an accepted sentence with all its politeness."""
_QUOTED = re.compile(r"^[ \t]*>+.*$", re.MULTILINE)
_DIGITS = re.compile(
    r"(?<![\w:.])(?<!(?<!\S)[+-])#?(\d{1,7})(?![\w:.]|\s*(?:%|[smhd]\b|min|hour|day|week|second|pm|am))"
)
_UNTIL = re.compile(r"\b(?:for|until|till) (?P<until>[a-z0-9: ]{1,40})")


class PossibleDecisions(NamedTuple):
    """What a message may mean, likeliest first; empty if it does not resemble a decision."""

    intents: tuple[Intent, ...] = ()
    leading: bool = False
    """True if a clause begins with the decision: it then has priority over requests."""
    ending: tuple[Intent, ...] = ()
    """The possible decisions of a revision in which some clause ends in an accepted sentence."""


def find_possible_decisions(text: str, setting: Setting) -> PossibleDecisions:
    """Return what a message that is no decision may mean to decide."""
    if is_refusal(text):
        return PossibleDecisions((Intent.REJECT, Intent.CANCEL), leading=True)
    said = [each for each in _split_unquoted_clauses(text) if not CAN_LATER.match(each)]
    leads = [
        intent for each in said if not _is_marked(each) for intent in _find_leading_intents(each)
    ]
    ends = [intent for each in said for intent in _find_ending_intents(each)]
    short = [intent for each in said for intent in _find_short_intents(each, setting)]
    found = _find_intents_anywhere(said) if setting.about_a_proposal else []
    if not (leads or ends or short or found) and said and setting.about_a_proposal:
        agrees = all(YES.fullmatch(each) for each in said) or is_loose_go_ahead(text)
        found = [Intent.SHIP] if agrees else []
        found += [Intent.REJECT] if all(NO.fullmatch(each) for each in said) else []
    if any(is_about_own_work(each, leads) for each in said):
        short, found = [], []  # "..., we're deploying" says why
    if leads and Intent.SHIP not in leads:  # "hold off on merging that" must not offer a merge
        found = [Intent.REJECT if each is Intent.SHIP else each for each in found]
    return PossibleDecisions(
        _order_intents(leads + short + found, said),
        leading=bool(leads),
        ending=_order_intents(ends + found, said) if ends else (),
    )


def is_about_own_work(clause: str, intents: Sequence[Intent]) -> bool:
    """Return whether a clause pauses, resumes or reverts the bot's own work by name."""
    return any(known.search(clause) for intent, known in OF_OWN_WORK.items() if intent in intents)


def is_ambient_decision(text: str, possible: PossibleDecisions) -> bool:
    """Return whether text that addresses no one is explicitly about the bot's own work."""
    first = next(iter(_split_unquoted_clauses(text)), "")
    one = len(possible.intents) == 1 and possible.leading
    return one and bool(_find_leading_intents(first)) and is_about_own_work(first, possible.intents)


def find_numbers(text: str) -> tuple[int, ...]:
    """Return every number in a message that a proposal could have."""
    return tuple(dict.fromkeys(int(each) for each in _DIGITS.findall(to_plain_letters(text))))


def find_duration(text: str) -> str | None:
    """Return how long, where a message says so."""
    found = _UNTIL.search(to_plain_letters(text))
    return found["until"].strip() if found else None


def _split_unquoted_clauses(text: str) -> list[str]:
    """Return the clauses in plain letters; what is quoted only where that is all there is."""
    letters = to_plain_letters(text)
    own = _QUOTED.sub(" ", letters)
    told = own if re.search(r"\w", own) else letters
    told = _NOTED.sub(r"\1 ", _COMMAND.sub(_replace_command, told))
    clauses = (
        correct_spelling(_fold_repeats(each)).lower() for each in _CLAUSE.split(told) if each
    )
    return [
        each.strip(" ?'").removesuffix("-").strip() for each in clauses if re.search(r"\w", each)
    ]


def _replace_command(command: re.Match[str]) -> str:
    """Return a noun for a command's name, unless the name begins the message."""
    before = command.string[: command.start()]
    return command[0] if _ONLY_OPENING.fullmatch(before) else " command "


def _fold_repeats(clause: str) -> str:
    """Return a clause with repeated letters and words reduced to one."""
    return _REPEATED.sub(r"\1", " ".join(_DRAWN_OUT.sub(r"\1", clause).split()))


def _is_marked(clause: str) -> bool:
    """Return whether a clause adds to a change ("also cancel it when the poll ends")."""
    return strip_openings(clause).also or clause.endswith((" too", " as well", " instead"))


def _find_leading_intents(clause: str) -> list[Intent]:
    for start in _list_starts(clause):
        if found := [intent for intent, known in LEADING.items() if known.match(start)]:
            return found
    return []


def _list_starts(clause: str) -> list[str]:
    """Return the clause, and what is left of it when its openings are taken off one by one."""
    found = [clause, strip_openings(clause).rest]
    rest = clause
    for _ in range(8):
        opening = BEFORE.match(rest)
        if opening is None:
            break
        rest = rest[opening.end() :]
        found += [rest, strip_openings(rest).rest]
    return found


def _find_ending_intents(clause: str) -> list[Intent]:
    """Return the decisions of a clause that ends in an accepted sentence, not in a noun."""
    words = _TRAILING.sub("", clause).split()
    for place in range(max(0, len(words) - _MAX_TOKENS), len(words)):
        rest = " ".join(words[place:])
        if (not place or words[place - 1] not in NOUN_FOLLOWS) and (
            decided := parse_decision(rest)
        ):
            return _find_leading_intents(rest) or [decided.intent]
    return []


def _find_short_intents(clause: str, setting: Setting) -> list[Intent]:
    """Return the decisions of a few words that begin or end in an accepted sentence."""
    words = clause.split()
    if len(words) > _SHORT or ASKS_ABOUT.match(clause):
        return []
    if found := _find_ending_intents(clause):
        return found
    begins = len(words) == 2 and not _find_leading_intents(clause)
    first = parse_decision(words[0]) if begins else None
    if first and first.intent in (Intent.CANCEL, Intent.PAUSE, Intent.RESUME):
        return _find_leading_intents(words[0])
    if setting.about_a_proposal:
        mended = " ".join(map(_correct_verb, words))
        return (
            (_find_leading_intents(mended) or _find_ending_intents(mended))
            if mended != clause
            else []
        )
    return []


def _correct_verb(token: str) -> str:
    """Return the deciding verb that a word misspells, or the word itself."""
    return next((each for each in _VERBS if is_single_slip(token, each)), token)


def _find_intents_anywhere(clauses: list[str]) -> list[Intent]:
    told = [NOUN_OR_TIME.sub(" ", each) for each in clauses if not ASKS_ABOUT.match(each)]
    return [intent for each in told for intent in SOMEWHERE if SOMEWHERE[intent].search(each)]


def _order_intents(found: list[Intent], clauses: list[str]) -> tuple[Intent, ...]:
    """Return each once; where something is denied, the refusal before what is refused."""
    intents = list(dict.fromkeys(found))
    if Intent.SHIP in intents and any(NOT.search(each) for each in clauses):
        rest = [each for each in intents if each not in (Intent.SHIP, Intent.REJECT)]
        intents = [Intent.REJECT, Intent.SHIP, *rest]
    return tuple(intents)
