"""The grammar: it parses what a message asks for, without a model.

`parse` is deterministic and total: any string, in any setting, gives an `Utterance`. Shipping,
rejecting, reverting, stopping, cancelling, pausing and resuming are decided by a short list of
complete sentences (`bot.authority.decision_sentences`); text that only resembles one is asked back
(`_unclear`). Requests to investigate and to fix are read generously, because a listed person sees
and approves everything that follows from them.
"""

from bot.authority.decisions import Decision, parse_decision
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
from bot.domain.live_items import RollbackRequest
from bot.grammar._ambient_requests import is_ambient_request
from bot.grammar._clauses import Clause, split_clauses
from bot.grammar._faults import find_fault_request
from bot.grammar._language_data import ENGLISH, load_languages
from bot.grammar._language_detection import detect_language, has_few_english_words
from bot.grammar._languages import parse_foreign_request
from bot.grammar._normalise import Plain, make_plain
from bot.grammar._requests import find_plain_request, find_revision, is_retry_request, note_request
from bot.grammar._research import find_research_request
from bot.grammar._rollbacks import parse_rollback_request
from bot.grammar._spelling import correct_spelling, restore_spelling
from bot.grammar._subject import is_recurrence, pull_request_named, run_named
from bot.grammar._unclear import (
    PossibleDecisions,
    find_duration,
    find_numbers,
    find_possible_decisions,
    is_ambient_decision,
)
from bot.grammar._work_request import WorkRequest
from bot.grammar.changes import find_change_request, parse_feature_request
from bot.grammar.goals import parse_goal_request
from bot.grammar.notices import find_notice_request
from bot.grammar.questions import AskedAbout, find_question, is_own_data_request

__all__ = [
    "COMMAND_LINE",
    "ENGLISH",
    "Intent",
    "ReplyTo",
    "Setting",
    "Slots",
    "Strength",
    "Topic",
    "Utterance",
    "describe",
    "has_few_english_words",
    "load_languages",
    "parse",
]

COMMAND_LINE = Setting(addressed=True, dev_channel=True, listed=True)
"""The setting of text on the command line: a listed person addresses the bot in the dev channel."""


def parse(text: str, setting: Setting) -> Utterance:
    """Return what `text` asks for in `setting`. Never raises; unknown text is `chat`.

    The first rule that matches wins: a sentence that decides; a sentence about quiet mode or a
    digest; another language; a clause that
    begins like a decision (asked back); requests, where a revision that ends in a decision is asked
    back; a few words, or a word anywhere, that may decide (asked back); and small talk.
    """
    if setting.is_text_only and (decided := parse_decision(text)):
        return _build_decision_utterance(decided, setting)
    if (rollback := parse_rollback_request(text, setting)) is not None:
        return _build_rollback_utterance(rollback, setting, text)
    if setting.is_text_only and (intent := find_notice_request(text)):
        return _build_utterance(intent, text, setting, note=text)
    return _parse_foreign(text, setting) or _parse_english(text, setting)


def _build_decision_utterance(decided: Decision, setting: Setting) -> Utterance:
    slots = Slots(
        run=decided.run,
        pull_request=decided.number,
        security_reviewed=decided.security_reviewed,
        slower_accepted=decided.slower_accepted,
        until=decided.until,
    )
    without_mention = decided.intent in (Intent.RESUME, Intent.REVERT)  # neither changes code
    called = without_mention and setting.dev_channel and setting.listed
    return Utterance(
        intent=decided.intent,
        slots=slots,
        strength="clear",
        recognised=setting.is_for_bot or (called and setting.reply_to is None),
    )


def _build_rollback_utterance(request: RollbackRequest, setting: Setting, text: str) -> Utterance:
    plain = make_plain(text, addressed=setting.addressed)
    called = setting.dev_channel and setting.listed and setting.reply_to is None
    return Utterance(
        intent=Intent.ROLL_BACK,
        slots=Slots(rollback=request, span=request.span),
        strength="clear",
        recognised=setting.is_for_bot or called,
        language=detect_language(plain.text),
    )


def _build_unclear_utterance(possible: PossibleDecisions, text: str, setting: Setting) -> Utterance:
    numbers = find_numbers(text)
    called = setting.dev_channel and setting.listed and setting.reply_to is None
    slots = Slots(
        run=run_named(text),
        pull_request=numbers[0] if numbers else None,
        numbers=numbers[1:] and numbers,
        security_reviewed=Intent.SHIP in possible.intents and "security" in text.lower(),
        until=find_duration(text) if Intent.PAUSE in possible.intents else None,
        may_mean=possible.intents,
    )
    return Utterance(
        intent=Intent.UNCLEAR,
        slots=slots,
        strength="clear" if possible.leading else "weak",
        recognised=setting.is_for_bot or (called and is_ambient_decision(text, possible)),
    )


def _parse_foreign(text: str, setting: Setting) -> Utterance | None:
    """Return what text in another language asks for; decisions in it are asked back."""
    plain = make_plain(text, addressed=setting.addressed)
    language = detect_language(plain.text)
    if language == ENGLISH:
        return None
    decisions = find_possible_decisions(text, setting)
    asked = None if decisions.leading else parse_foreign_request(plain, language, setting)
    if asked is None:
        return _parse_english(text, setting).replace(language=language)
    if asked.may_mean or (asked.intent is Intent.REVISE and decisions.ending):
        unsure = PossibleDecisions(decisions.ending or asked.may_mean, leading=True)
        return _build_unclear_utterance(unsure, text, setting).replace(language=language)
    slot = "instruction" if asked.intent is Intent.REVISE else "subject"
    to_nobody = setting.reply_to is None and not plain.names_someone
    overheard_so = asked.names_command and setting.dev_channel and setting.listed and to_nobody
    return Utterance(
        intent=asked.intent,
        slots=Slots.model_validate(
            {
                slot: asked.subject,
                "run": run_named(text),
                "pull_request": pull_request_named(text),
                "topic": asked.topic,
                "span": asked.span,
            }
        ),
        strength="clear",
        recognised=setting.is_for_bot or overheard_so,
        language=language,
    )


def _parse_english(text: str, setting: Setting) -> Utterance:
    decisions = find_possible_decisions(text, setting)
    if decisions.leading:
        return _build_unclear_utterance(decisions, text, setting)
    if not setting.is_for_bot:
        # in talk among people, only the beginning of a message is reliable
        decisions = PossibleDecisions()
    request = _request(text, setting)
    if request.intent is Intent.REVISE and decisions.ending:
        return _build_unclear_utterance(decisions._replace(intents=decisions.ending), text, setting)
    loose = request.intent in (Intent.CHAT, Intent.CHANGE)
    unsure = loose or request.strength == "weak"
    return (
        _build_unclear_utterance(decisions, text, setting)
        if decisions.intents and unsure
        else request
    )


def _request(text: str, setting: Setting) -> Utterance:
    plain = make_plain(text, addressed=setting.addressed)
    corrected = correct_spelling(plain.text)
    clauses = split_clauses(corrected)
    if whole := _parse_as_whole(plain, corrected, setting):
        return whole
    question = find_question(clauses, setting)
    asked, clause = find_plain_request(clauses) or (None, None)
    if question and _is_asked(question, asked, clauses, setting):
        return _build_utterance(
            Intent.ASK,
            corrected,
            setting,
            topic=question.topic,
            subject=_restore(question.subject, plain),
            span=question.span,
        )
    if asked is None and (feature_request := _find_feature_request(clauses, corrected, setting)):
        return _build_work_utterance(feature_request, plain, corrected, setting)
    rest = corrected.replace(clause.text, "", 1) if clause else corrected
    others = tuple(each for each in clauses if each is not clause)
    if (revision := find_revision(others, setting, text=rest, marked_only=True)) is not None:
        return _revise(revision, plain, rest, setting, asks_status=asked is Intent.STATUS)
    if asked:
        return _build_utterance(asked, corrected, setting)
    found = find_fault_request(clauses, setting, text=corrected)
    if found is None:
        revision = (
            find_revision(clauses, setting, text=corrected, marked_only=False)
            if _has_current_work(setting)
            else None
        )
        if revision is not None:
            return _revise(revision, plain, corrected, setting)
        return Utterance(intent=Intent.CHAT)
    if setting.reply_to == "proposal" and found.intent is Intent.FIX and found.subject:
        revision = find_revision(clauses, setting, text=corrected, marked_only=False)
        if revision:
            return _revise(revision, plain, corrected, setting)
    return _build_work_utterance(found, plain, corrected, setting)


def _parse_as_whole(plain: Plain, corrected: str, setting: Setting) -> Utterance | None:
    """Return what a message asks for that contains one request only: a note, another attempt."""
    if not plain.cut and is_own_data_request(corrected):
        return _build_utterance(Intent.ASK, corrected, setting, topic=Topic.OWN_DATA)
    # "forget the goal about crashes" begins as a request to forget a note does.
    if not plain.cut and (goal := parse_goal_request(corrected)):
        return _build_utterance(goal[0], corrected, setting, note=_restore(goal[1], plain))
    if not plain.cut and (note := note_request(corrected)):
        return _build_utterance(note[0], corrected, setting, note=_restore(note[1], plain))
    if not plain.cut and (topic := find_research_request(corrected)):
        return _build_utterance(Intent.RESEARCH, corrected, setting, subject=_restore(topic, plain))
    # Outside the thread of a run, "try again" may be about anything.
    if (setting.in_thread or run_named(corrected)) and is_retry_request(corrected):
        return _build_utterance(Intent.RETRY, corrected, setting)
    return None


def _is_asked(
    question: AskedAbout, asked: Intent | None, clauses: tuple[Clause, ...], setting: Setting
) -> bool:
    """Return whether a question is the purpose of a message: a request for work has priority."""
    others = tuple(each for each in clauses if find_question((each,), setting) is None)
    works = others and (
        find_fault_request(others, setting, text=" ".join(each.text for each in others))
        or find_change_request(others, "")
    )
    if asked is Intent.BUDGET:
        return question.topic is Topic.COST and not works
    loose = question.topic in (Topic.CHANGES, Topic.ABILITIES) and not question.span
    how_it_stands = asked is Intent.STATUS and loose
    return not (works or how_it_stands)


def _find_feature_request(
    clauses: tuple[Clause, ...], text: str, setting: Setting
) -> WorkRequest | None:
    """Return the requested change.

    If there is active work that it may revise, the change must be requested explicitly.
    """
    if _has_current_work(setting) or run_named(text):
        return parse_feature_request(text)
    return find_change_request(clauses, text)


def _build_work_utterance(
    found: WorkRequest, plain: Plain, text: str, setting: Setting
) -> Utterance:
    asked = setting.is_for_bot or is_ambient_request(
        found, setting, text=plain.text, names_someone=plain.names_someone
    )
    names_nothing = asked and not setting.is_for_bot and not found.subject
    return Utterance(
        intent=found.intent,
        slots=Slots(
            subject=_restore(found.subject, plain),
            run=run_named(text),
            pull_request=pull_request_named(text),
            is_recurring=is_recurrence(text),
        ),
        strength=found.strength,
        recognised=asked and not names_nothing,
        is_unspecific=names_nothing,
    )


def _has_current_work(setting: Setting) -> bool:
    return setting.in_thread or setting.reply_to == "proposal"


def _revise(
    instruction: str, plain: Plain, text: str, setting: Setting, *, asks_status: bool = False
) -> Utterance:
    as_typed = _restore(instruction, plain)
    return _build_utterance(
        Intent.REVISE, text, setting, instruction=as_typed, asks_status=asks_status
    )


def _restore(piece: str, plain: Plain) -> str:
    """Return a piece of the corrected text as it was typed, with its quoted text and code."""
    return plain.restore(restore_spelling(piece, plain.text)).strip()


def _build_utterance(intent: Intent, text: str, setting: Setting, **slots: object) -> Utterance:
    named = {"run": run_named(text), "pull_request": pull_request_named(text)}
    return Utterance(
        intent=intent,
        slots=Slots.model_validate({**named, **slots}),
        strength="clear",
        recognised=setting.is_for_bot,
    )
