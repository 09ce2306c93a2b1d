"""Requests in other languages than English, parsed with word lists from `languages/`.

A language adds words but no rules: the rules are here, once for all languages. Decisions are
accepted in English only. Text that resembles a decision in another language is asked back, with
buttons.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from bot.authority.item_names import find_named_items
from bot.domain.intents import Intent, Setting, Topic
from bot.domain.live_items import ItemName, RollbackRequest
from bot.grammar._language_data import TOKEN, Decides, Language, fold, load_languages
from bot.grammar._normalise import Plain

_DENIALS = frozenset(
    {"nicht", "kein", "keine", "nie", "niemals", "ne", "pas", "jamais", "no", "nunca"}
)
_AT_HAND = 1
"""Most other words that a message with a deciding phrase may have, without common words."""
_ASKING = 3
"""Most other words that a message with a status phrase may have."""


class Foreign(NamedTuple):
    """What a message in another language asks for."""

    intent: Intent
    subject: str = ""
    may_mean: tuple[Intent, ...] = ()
    """The decisions that it resembles, or that a revision contains."""
    names_command: bool = False
    topic: Topic | None = None
    span: str = ""


class _Found(NamedTuple):
    start: int  # in the folded text
    tokens: frozenset[int]  # places of the tokens that the phrases take


def parse_foreign_request(plain: Plain, code: str, setting: Setting) -> Foreign | None:
    """Return what a message in the language `code` asks for, or None."""
    return ForeignMessage(plain, load_languages()[code]).parse(setting)


class ForeignMessage:
    """One message, in tokens as they were typed and folded."""

    def __init__(self, plain: Plain, language: Language) -> None:
        self._plain, self._language = plain, language
        self._typed = TOKEN.findall(plain.text)
        self._folded = [fold(each) for each in self._typed]
        self._text = " ".join(self._folded)
        self._nouns = {
            place: thing
            for place, word in enumerate(self._typed)
            for known, thing in language.noun_patterns
            if known.fullmatch(word.lower())
        }
        self._command = any(each.startswith("/") for each in self._typed)

    def parse(self, setting: Setting) -> Foreign | None:
        """Work, a question or what may decide, as it is said there."""
        here = setting.in_thread or setting.reply_to == "proposal"
        decisions = {Intent(name): self._find(name) for name in Decides.model_fields}
        may_mean = self._find_decisions(decisions)
        if any(
            found and len(self._find_leftover(found)) <= _AT_HAND for found in decisions.values()
        ):
            return Foreign(Intent.UNCLEAR, may_mean=may_mean)
        if asked := self._find_question():
            return asked
        again = self._find("retry") if setting.in_thread else None
        if again and not self._list_other_places(again):
            return Foreign(Intent.RETRY)
        fix, broken, change = self._find("fix"), self._find("broken"), self._change()
        if here and (change or self._find("revise")) and not (fix or broken):
            return Foreign(Intent.REVISE, self._get_full_text(), may_mean=may_mean)
        if change and not fix and not (broken and broken.start < change.start):
            return Foreign(Intent.CHANGE, self._get_full_text(), names_command=self._command)
        look = self._find("investigate")
        if fix or broken:
            intent = Intent.FIX if fix else Intent.INVESTIGATE
            return Foreign(
                intent, self._extract_subject(fix, broken, look), names_command=self._command
            )
        for intent in (Intent.STATUS, Intent.BUDGET):
            if (found := self._find(intent.value)) and len(
                self._list_other_places(found)
            ) <= _ASKING:
                return Foreign(intent)
        if look and (subject := self._extract_subject(look)):
            return Foreign(Intent.INVESTIGATE, subject, names_command=self._command)
        return None

    def find_rollback(self, items: Sequence[ItemName]) -> RollbackRequest | None:
        """Return the requested rollback: a phrase, a name, a time and versions, nothing else."""
        phrase = self._find("goes back")
        if phrase is None or "?" in self._plain.text or _DENIALS.intersection(self._folded):
            return None
        span, when = self._find_time()
        words = [
            self._nouns.get(each, self._typed[each])
            for each in self._list_other_places(phrase, when)
        ]
        version_words = {fold(each) for each in self._language.versions.split()}
        number = next((int(each) for each in words if each.isdecimal() and len(each) < 7), None)
        left = [each for each in words if fold(each) not in version_words and not each.isdecimal()]
        found = find_named_items(" ".join(left).lower(), items, ())
        if not found.items or found.rest:
            return None
        return RollbackRequest(
            items=found.items, number=number or None, span="" if number else span
        )

    def _find_decisions(self, decisions: dict[Intent, _Found | None]) -> tuple[Intent, ...]:
        """Return what may be decided; a name of work ("the last merge") only if nothing else is.

        The longer of two phrases wins: "annule le changement" over "annule".
        """
        found = {intent: each for intent, each in decisions.items() if each}
        verbs = {
            intent: each
            for intent, each in found.items()
            if not self._places_of_work >= each.tokens
        }
        chosen = verbs or found
        return tuple(
            intent
            for intent, each in chosen.items()
            if not any(each.tokens < other.tokens for other in chosen.values())
        )

    @cached_property
    def _places_of_work(self) -> frozenset[int]:
        named = self._language.names_of_work
        return frozenset(place for place, word in enumerate(self._folded) if word in named)

    def _find_leftover(self, found: _Found) -> list[int]:
        """Return the places of tokens that the deciding phrases leave, without names of work.

        In a question they count: "who approved this change?" decides nothing.
        """
        if "?" in self._plain.text:
            return self._list_other_places(found)
        return [
            place for place in self._list_other_places(found) if place not in self._places_of_work
        ]

    def _find_question(self) -> Foreign | None:
        """Return the question about the bot: a phrase and a time, and little else."""
        span, when = self._find_time()
        for topic in self._language.questions:
            found = self._find(f"ask {topic}")
            if found and len(self._list_other_places(found, when)) <= _AT_HAND:
                subject = next((each for each in self._typed if each.startswith("/")), "")
                return Foreign(Intent.ASK, subject, topic=topic, span=span)
        return None

    def _find_time(self) -> tuple[str, _Found | None]:
        times = [(each, self._find(f"time {each}")) for each in self._language.times.values()]
        return next(((each, found) for each, found in times if found), ("", None))

    def _change(self) -> _Found | None:
        found = self._find("change")
        if found is None and (self._command or self._nouns):
            found = self._find("part_change")
        return found if found and self._list_other_places(found) else None

    def _find(self, name: str) -> _Found | None:
        """Return where phrases of the list are: the first one's start, and the tokens of all."""
        matches = [
            each for known in self._language.phrases[name] for each in known.finditer(self._text)
        ]
        if not matches:
            return None
        spans = [each.span(group) for each in matches for group in range(1, each.re.groups + 1)]
        places = frozenset(
            place
            for start, end in spans
            for place in range(self._text.count(" ", 0, start), self._text.count(" ", 0, end) + 1)
        )
        return _Found(min(each.start() for each in matches), places)

    def _list_other_places(self, *found: _Found | None) -> list[int]:
        """Return the places of tokens that are neither in a phrase nor common words."""
        taken = frozenset[int]().union(*(each.tokens for each in found if each))
        common, things = self._language.common_tokens, self._nouns
        return [
            place
            for place, word in enumerate(self._folded)
            if place not in taken and (place in things or word not in common)
        ]

    def _extract_subject(self, *found: _Found | None) -> str:
        words = [
            self._nouns.get(each, self._typed[each]) for each in self._list_other_places(*found)
        ]
        return self._plain.restore(" ".join(words)).strip()

    def _get_full_text(self) -> str:
        return self._plain.restore(self._plain.text.replace("\n", " ")).strip(" .!?")
