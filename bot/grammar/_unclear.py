"""What a message may mean that looks like a decision and is not on the list of sentences.

Nothing comes of it but a question with buttons, so this may read as generously as it likes. Four
readings are told apart. *Leading*: a clause begins with a verb that decides ("don't ship it", "yes
please ship", "kill it"); that goes before every request in the same message. *Ending*: a clause
ends in a sentence of the list ("do more and ship it"); that goes before a revision, which would
replace what may be meant. *Short*: a few words begin or end in one ("whoa stop", "pause 2h").
*Somewhere*: such a word stands anywhere ("Bob says ship it"); that counts only where a run is
talked about. The last two count only where the message asks for nothing else.
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
from bot.authority.decisions import decision
from bot.domain.intents import Intent, Setting
from bot.grammar._clauses import peel
from bot.grammar._decision_words import (
    ASKS_ABOUT,
    BEFORE,
    LEADING,
    NO,
    NOT,
    NOUN_FOLLOWS,
    OF_OWN_WORK,
    SOMEWHERE,
    THING_OR_TIME,
    YES,
)
from bot.grammar._glyphs import plain_letters
from bot.grammar._question_words import CAN_LATER
from bot.grammar._words import spell, transposed_or_one_off
from bot.grammar.agreement import is_refusal

_CLAUSE = re.compile(
    r"(?:[.,!;()\n\"`*_~>|/\[\]]|:(?!\d))+|(?<=\?)\s|\s-+\s|\s(?=but\s|because\s)|\s(?:so|then) "
)
_REPEATED = re.compile(r"(?<!\S)(\S+(?: \S+)?)(?: \1)+(?!\S)")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_OPENING_WORDS = "|".join(
    map(
        re.escape,
        (*NAMES, *COURTESY_BEFORE, *(each for said in OPENINGS.values() for each in said)),
    )
)
_ONLY_OPENING = re.compile(rf"\W*(?:(?:{_OPENING_WORDS})\W+)*")
_COMMAND = re.compile(r"(?<![\w/])/[a-z][\w-]*(?::\d+>)?")
_NOTED = re.compile(r"^(\W*(?:please )?(?:remember|note)):")
_TRAILING = re.compile(rf"(?: (?:{'|'.join((*COURTESY_AFTER, 'too', 'as well', 'instead'))}))+$")
_VERBS = tuple(
    dict.fromkeys(
        each for said in SENTENCES.values() for each in said if re.fullmatch("[a-z]+", each)
    )
)
_SHORT = 4
"""Words of a clause that is short; one that only begins with a verb that decides has two."""
_MOST_WORDS = 12
"""Words that a sentence with all its courtesies can have."""
_QUOTED = re.compile(r"^[ \t]*>+.*$", re.MULTILINE)
_DIGITS = re.compile(
    r"(?<![\w:.])(?<!(?<!\S)[+-])#?(\d{1,7})(?![\w:.]|\s*(?:%|[smhd]\b|min|hour|day|week|second|pm|am))"
)
_UNTIL = re.compile(r"\b(?:for|until|till) (?P<until>[a-z0-9: ]{1,40})")


class PossibleDecisions(NamedTuple):
    """What a message may mean, likeliest first; nothing where it does not look like a decision."""

    intents: tuple[Intent, ...] = ()
    leading: bool = False
    """A clause begins with it, so that it goes before any request in the message."""
    ending: tuple[Intent, ...] = ()
    """What it means where it would be a revision, of which some clause ends in a sentence."""


def may_mean(text: str, setting: Setting) -> PossibleDecisions:
    """Return what a message that is no decision may mean to decide."""
    if is_refusal(text):
        return PossibleDecisions((Intent.REJECT, Intent.CANCEL), leading=True)
    said = [each for each in _spoken(text) if not CAN_LATER.match(each)]
    leads = [intent for each in said if not _is_marked(each) for intent in _leading(each)]
    ends = [intent for each in said for intent in _ending(each)]
    short = [intent for each in said for intent in _short(each, setting)]
    found = _somewhere(said) if setting.about_a_proposal else []
    if not (leads or ends or short or found) and said and setting.about_a_proposal:
        found = [Intent.SHIP] if all(YES.fullmatch(each) for each in said) else []
        found += [Intent.REJECT] if all(NO.fullmatch(each) for each in said) else []
    if any(names_own_work(each, leads) for each in said):
        short, found = [], []  # "..., we're deploying" says why
    if leads and Intent.SHIP not in leads:  # "hold off on merging that" offers no merge
        found = [Intent.REJECT if each is Intent.SHIP else each for each in found]
    return PossibleDecisions(
        _ordered(leads + short + found, said),
        leading=bool(leads),
        ending=_ordered(ends + found, said) if ends else (),
    )


def names_own_work(clause: str, intents: Sequence[Intent]) -> bool:
    """Return whether a clause pauses, resumes or takes back what is the bot's own work by name."""
    return any(known.search(clause) for intent, known in OF_OWN_WORK.items() if intent in intents)


def is_overheard(text: str, meant: PossibleDecisions) -> bool:
    """Return whether words said to nobody are about the bot's own work, in so many words."""
    first = next(iter(_spoken(text)), "")
    one = len(meant.intents) == 1 and meant.leading
    return one and bool(_leading(first)) and names_own_work(first, meant.intents)


def numbers_in(text: str) -> tuple[int, ...]:
    """Return every number in a message that a proposal could have."""
    return tuple(dict.fromkeys(int(each) for each in _DIGITS.findall(plain_letters(text))))


def until_in(text: str) -> str | None:
    """Return how long, where a message says so."""
    found = _UNTIL.search(plain_letters(text))
    return found["until"].strip() if found else None


def _spoken(text: str) -> list[str]:
    """Return the clauses in plain letters; what is quoted only where that is all there is."""
    letters = plain_letters(text)
    own = _QUOTED.sub(" ", letters)
    told = own if re.search(r"\w", own) else letters
    told = _NOTED.sub(r"\1 ", _COMMAND.sub(_named, told))
    clauses = (spell(_folded(each)).lower() for each in _CLAUSE.split(told) if each)
    return [
        each.strip(" ?'").removesuffix("-").strip() for each in clauses if re.search(r"\w", each)
    ]


def _named(command: re.Match[str]) -> str:
    """Return a noun for a command's name; what a message begins with may be meant as typed."""
    before = command.string[: command.start()]
    return command[0] if _ONLY_OPENING.fullmatch(before) else " command "


def _folded(clause: str) -> str:
    """Return a clause with letters and words that are repeated said once."""
    return _REPEATED.sub(r"\1", " ".join(_DRAWN_OUT.sub(r"\1", clause).split()))


def _is_marked(clause: str) -> bool:
    """Whether a clause adds to a change ("also cancel it when the poll ends")."""
    return peel(clause).also or clause.endswith((" too", " as well", " instead"))


def _leading(clause: str) -> list[Intent]:
    for start in _starts(clause):
        if found := [intent for intent, known in LEADING.items() if known.match(start)]:
            return found
    return []


def _starts(clause: str) -> list[str]:
    """Return the clause, and what is left of it when its openings are taken off one by one."""
    found = [clause, peel(clause).rest]
    rest = clause
    for _ in range(8):
        opening = BEFORE.match(rest)
        if opening is None:
            break
        rest = rest[opening.end() :]
        found += [rest, peel(rest).rest]
    return found


def _ending(clause: str) -> list[Intent]:
    """Return what a clause means that ends in a sentence of the list, in which no noun is meant."""
    words = _TRAILING.sub("", clause).split()
    for place in range(max(0, len(words) - _MOST_WORDS), len(words)):
        rest = " ".join(words[place:])
        if (not place or words[place - 1] not in NOUN_FOLLOWS) and (decided := decision(rest)):
            return _leading(rest) or [decided.intent]
    return []


def _short(clause: str, setting: Setting) -> list[Intent]:
    """Return what a few words may mean that end in a sentence of the list, or two that begin so."""
    words = clause.split()
    if len(words) > _SHORT or ASKS_ABOUT.match(clause):
        return []
    if found := _ending(clause):
        return found
    begins = len(words) == 2 and not _leading(clause)
    first = decision(words[0]) if begins else None
    if first and first.intent in (Intent.CANCEL, Intent.PAUSE, Intent.RESUME):
        return _leading(words[0])
    if setting.about_a_proposal:
        mended = " ".join(map(_mended, words))
        return (_leading(mended) or _ending(mended)) if mended != clause else []
    return []


def _mended(word: str) -> str:
    """Return the verb that decides of which a word is a slip, and no form; else the word."""
    return next((each for each in _VERBS if transposed_or_one_off(word, each)), word)


def _somewhere(said: list[str]) -> list[Intent]:
    told = [THING_OR_TIME.sub(" ", each) for each in said if not ASKS_ABOUT.match(each)]
    return [intent for each in told for intent in SOMEWHERE if SOMEWHERE[intent].search(each)]


def _ordered(found: list[Intent], said: list[str]) -> tuple[Intent, ...]:
    """Return each once; where something is denied, the refusal before what is refused."""
    intents = list(dict.fromkeys(found))
    if Intent.SHIP in intents and any(NOT.search(each) for each in said):
        rest = [each for each in intents if each not in (Intent.SHIP, Intent.REJECT)]
        intents = [Intent.REJECT, Intent.SHIP, *rest]
    return tuple(intents)
