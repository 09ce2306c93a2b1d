"""The grammar: what a message asks for, decided without a model.

`parse` is deterministic and total: any string, in any setting, gives an `Utterance`. Shipping,
rejecting, reverting, stopping, cancelling, pausing and resuming are decided by a short list of
whole sentences (`_sentences`); what only looks like one is asked back (`_unclear`). Investigating
and fixing are read generously, because nothing comes of them that a listed person does not see and
approve.
"""

from bot.authority.decisions import Decision, decision
from bot.domain.intents import (
    Intent,
    ReplyTo,
    Setting,
    Slots,
    Strength,
    Topic,
    Utterance,
    describe,
)
from bot.domain.live_items import RollbackWish
from bot.grammar._clauses import Clause, clauses
from bot.grammar._faults import fault_request
from bot.grammar._language_data import ENGLISH, languages
from bot.grammar._language_detection import language_of
from bot.grammar._languages import foreign_request
from bot.grammar._normalise import Plain, make_plain
from bot.grammar._overheard import overheard
from bot.grammar._requests import note_request, plain_request, revision
from bot.grammar._rollbacks import rollback_wish
from bot.grammar._subject import pull_request_named, run_named, said_again
from bot.grammar._unclear import PossibleDecisions, is_overheard, may_mean, numbers_in, until_in
from bot.grammar._words import spell
from bot.grammar._work_request import WorkRequest
from bot.grammar.changes import change_request, feature_request
from bot.grammar.questions import AskedAbout, question_in

__all__ = [
    "COMMAND_LINE",
    "Intent",
    "ReplyTo",
    "Setting",
    "Slots",
    "Strength",
    "Topic",
    "Utterance",
    "describe",
    "languages",
    "parse",
]

COMMAND_LINE = Setting(addressed=True, dev_channel=True, listed=True)
"""How text on the command line is taken: said to the bot by a listed person in the dev channel."""


def parse(text: str, setting: Setting) -> Utterance:
    """What `text`, said in `setting`, asks for. Never raises; anything it does not know is `chat`.

    In this order: a sentence that decides; what is said in another language; a clause that begins
    as if it decided, which is asked back; requests, of which a revision that ends in such a
    sentence is asked back; few words, or a word somewhere, that may decide, which are asked back
    too; and talk.
    """
    if setting.words_alone and (decided := decision(text)):
        return _decided(decided, setting)
    if (wish := rollback_wish(text, setting)) is not None:
        return _rolled_back(wish, setting, text)
    return _foreign(text, setting) or _english(text, setting)


def _decided(decided: Decision, setting: Setting) -> Utterance:
    slots = Slots(
        run=decided.run,
        pull_request=decided.number,
        security_reviewed=decided.security_reviewed,
        until=decided.until,
    )
    without_mention = decided.intent in (Intent.RESUME, Intent.REVERT)  # neither changes code
    called = without_mention and setting.dev_channel and setting.listed
    return Utterance(
        intent=decided.intent,
        slots=slots,
        strength="clear",
        recognised=setting.heard or (called and setting.reply_to is None),
    )


def _rolled_back(wish: RollbackWish, setting: Setting, text: str) -> Utterance:
    plain = make_plain(text, addressed=setting.addressed)
    called = setting.dev_channel and setting.listed and setting.reply_to is None
    return Utterance(
        intent=Intent.ROLL_BACK,
        slots=Slots(rollback=wish, span=wish.span),
        strength="clear",
        recognised=setting.heard or called,
        language=language_of(plain.text),
    )


def _unclear(meant: PossibleDecisions, text: str, setting: Setting) -> Utterance:
    numbers = numbers_in(text)
    called = setting.dev_channel and setting.listed and setting.reply_to is None
    slots = Slots(
        run=run_named(text),
        pull_request=numbers[0] if numbers else None,
        numbers=numbers[1:] and numbers,
        security_reviewed=Intent.SHIP in meant.intents and "security" in text.lower(),
        until=until_in(text) if Intent.PAUSE in meant.intents else None,
        may_mean=meant.intents,
    )
    return Utterance(
        intent=Intent.UNCLEAR,
        slots=slots,
        strength="clear" if meant.leading else "weak",
        recognised=setting.heard or (called and is_overheard(text, meant)),
    )


def _foreign(text: str, setting: Setting) -> Utterance | None:
    """What is said in another language than English; its decisions are asked back."""
    plain = make_plain(text, addressed=setting.addressed)
    language = language_of(plain.text)
    if language == ENGLISH:
        return None
    meant = may_mean(text, setting)
    asked = None if meant.leading else foreign_request(plain, language, setting)
    if asked is None:
        return _english(text, setting).but(language=language)
    if asked.may_mean or (asked.intent is Intent.REVISE and meant.ending):
        unsure = PossibleDecisions(meant.ending or asked.may_mean, leading=True)
        return _unclear(unsure, text, setting).but(language=language)
    told = "instruction" if asked.intent is Intent.REVISE else "subject"
    to_nobody = setting.reply_to is None and not plain.names_someone
    overheard_so = asked.names_command and setting.dev_channel and setting.listed and to_nobody
    return Utterance(
        intent=asked.intent,
        slots=Slots.model_validate(
            {
                told: asked.subject,
                "run": run_named(text),
                "pull_request": pull_request_named(text),
                "topic": asked.topic,
                "span": asked.span,
            }
        ),
        strength="clear",
        recognised=setting.heard or overheard_so,
        language=language,
    )


def _english(text: str, setting: Setting) -> Utterance:
    meant = may_mean(text, setting)
    if meant.leading:
        return _unclear(meant, text, setting)
    if not setting.heard:
        meant = PossibleDecisions()  # of talk among people only a beginning tells
    request = _request(text, setting)
    if request.intent is Intent.REVISE and meant.ending:
        return _unclear(meant._replace(intents=meant.ending), text, setting)
    loose = request.intent in (Intent.CHAT, Intent.CHANGE)
    unsure = loose or request.strength == "weak"
    return _unclear(meant, text, setting) if meant.intents and unsure else request


def _request(text: str, setting: Setting) -> Utterance:
    plain = make_plain(text, addressed=setting.addressed)
    mended = spell(plain.text)
    said = clauses(mended)
    if not plain.cut and (note := note_request(mended)):
        return _told(note[0], mended, setting, note=plain.restore(note[1]).strip())
    question = question_in(said, setting)
    asked, clause = plain_request(said) or (None, None)
    if question and _is_asked(question, asked, said, setting):
        return _told(
            Intent.ASK,
            mended,
            setting,
            topic=question.topic,
            subject=plain.restore(question.subject).strip(),
            span=question.span,
        )
    if asked is None and (wished := _wish(said, mended, setting)):
        return _about_the_code(wished, plain, mended, setting)
    rest = mended.replace(clause.text, "", 1) if clause else mended
    others = tuple(each for each in said if each is not clause)
    if (changed := revision(others, setting, text=rest, marked_only=True)) is not None:
        return _revise(changed, plain, rest, setting, asks_status=asked is Intent.STATUS)
    if asked:
        return _told(asked, mended, setting)
    found = fault_request(said, setting, text=mended)
    if found is None:
        changed = (
            revision(said, setting, text=mended, marked_only=False)
            if _works_here(setting)
            else None
        )
        if changed is not None:
            return _revise(changed, plain, mended, setting)
        return Utterance(intent=Intent.CHAT)
    if setting.reply_to == "proposal" and found.intent is Intent.FIX and found.subject:
        changed = revision(said, setting, text=mended, marked_only=False)
        if changed:
            return _revise(changed, plain, mended, setting)
    return _about_the_code(found, plain, mended, setting)


def _is_asked(
    question: AskedAbout, asked: Intent | None, said: tuple[Clause, ...], setting: Setting
) -> bool:
    """Whether a question is what a message is for: work that is asked for beside it goes first."""
    others = tuple(each for each in said if question_in((each,), setting) is None)
    works = others and (
        fault_request(others, setting, text=" ".join(each.text for each in others))
        or change_request(others, "")
    )
    if asked is Intent.BUDGET:
        return question.topic is Topic.COST and not works
    loose = question.topic in (Topic.CHANGES, Topic.ABILITIES) and not question.span
    how_it_stands = asked is Intent.STATUS and loose
    return not (works or how_it_stands)


def _wish(said: tuple[Clause, ...], text: str, setting: Setting) -> WorkRequest | None:
    """The change wished for; where there is work at hand that it may be a revision of, in so many
    words."""
    if _works_here(setting) or run_named(text):
        return feature_request(text)
    return change_request(said, text)


def _about_the_code(found: WorkRequest, plain: Plain, text: str, setting: Setting) -> Utterance:
    asked = setting.heard or overheard(
        found, setting, text=plain.text, names_someone=plain.names_someone
    )
    names_nothing = asked and not setting.heard and not found.subject
    return Utterance(
        intent=found.intent,
        slots=Slots(
            subject=plain.restore(found.subject).strip(),
            run=run_named(text),
            pull_request=pull_request_named(text),
            again=said_again(text),
        ),
        strength=found.strength,
        recognised=asked and not names_nothing,
        names_nothing=names_nothing,
    )


def _works_here(setting: Setting) -> bool:
    return setting.in_thread or setting.reply_to == "proposal"


def _revise(
    instruction: str, plain: Plain, text: str, setting: Setting, *, asks_status: bool = False
) -> Utterance:
    told = plain.restore(instruction).strip()
    return _told(Intent.REVISE, text, setting, instruction=told, asks_status=asks_status)


def _told(intent: Intent, text: str, setting: Setting, **slots: object) -> Utterance:
    named = {"run": run_named(text), "pull_request": pull_request_named(text)}
    return Utterance(
        intent=intent,
        slots=Slots.model_validate({**named, **slots}),
        strength="clear",
        recognised=setting.heard,
    )
