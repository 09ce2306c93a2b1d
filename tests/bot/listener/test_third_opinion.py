"""A model's reading beside grammar and table: a third opinion, and never a decision."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain.intents import REQUESTS, Intent, Setting
from bot.domain.message_kinds import MessageReading, ReadKind
from bot.grammar import COMMAND_LINE
from bot.listener.second_opinion import understand
from bot.listener.third_opinion import build_hint, can_read, combine
from tests.bot.grammar.settings import SETTINGS
from tests.bot.listener.test_second_opinion import DECISIONS, WORDS, build_table

KINDS = typing.get_args(ReadKind)
HERE = COMMAND_LINE.replace(has_chat_model=True)
ODD = "the thing with the green stripes again"
UNSURE = build_table()


def read(text: str, kind: ReadKind, **details: str) -> tuple[Intent, tuple[Intent, ...]]:
    """Return what a message comes to if a model takes it for that kind, and what is asked."""
    reading = MessageReading(kind=kind, **details)
    utterance = combine(text, HERE, build_hint(text, HERE), reading)
    return utterance.intent, utterance.slots.may_mean


@pytest.mark.parametrize("decision", [*sorted(DECISIONS), "approve", "merge", "unclear decision"])
def test_no_reading_is_a_decision(decision: str) -> None:
    with pytest.raises(ValidationError):
        MessageReading.model_validate({"kind": decision})


@given(
    text=st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
    ),
    kind=st.sampled_from(KINDS),
    setting=st.sampled_from(sorted(SETTINGS)),
    said=st.sampled_from(["", "ship it", "approve #7 and stop"]),
)
def test_no_text_and_no_model_make_a_decision(
    text: str, kind: ReadKind, setting: str, said: str
) -> None:
    where = SETTINGS[setting].replace(has_chat_model=True)
    parsed, hint = understand(text, where), build_hint(text, where)
    if not can_read(parsed, hint, where):
        return
    utterance = combine(text, where, hint, MessageReading(kind=kind, subject=said, question=said))
    assert utterance.intent not in DECISIONS
    assert utterance.intent is not Intent.UNCLEAR or set(utterance.slots.may_mean) <= set(REQUESTS)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("ship it", HERE),
        ("shipp it now", HERE),
        ("sounds good, go ahead please and ship", HERE),
        ("what did you change this week?", HERE),
        ("remember that we play on Fridays", HERE),
        ("that was a lovely evening", HERE),
        ("somebody get the birthday pings going", HERE.replace(in_thread=True)),
        ("somebody get the birthday pings going", HERE.replace(reply_to="proposal")),
        ("rolling dice keeps crashing, fix it", SETTINGS["overheard"]),
    ],
)
def test_decisions_exact_messages_plain_talk_and_what_others_say_are_not_read(
    text: str, setting: Setting
) -> None:
    assert not can_read(understand(text, setting), build_hint(text, setting), setting)


@pytest.mark.parametrize(
    ("text", "kind", "intent", "may_mean"),
    [
        ("rolling dice keeps crashing, fix it", "fix", "fix", ()),
        ("rolling dice keeps crashing, fix it", "talk", "unclear", ("fix",)),
        ("rolling dice keeps crashing, fix it", "change", "unclear", ("change", "fix")),
        ("das Ding mit den Streifen spinnt", "talk", "unclear", ("investigate",)),
        ("kostki znowu nie działają", "investigate", "investigate", ()),
        ("kostki znowu nie działają", "talk", "chat", ()),
        ("roles vanish when people rejoin", "talk", "unclear", ("investigate",)),
    ],
)
def test_a_model_is_believed_unless_others_are_sure_of_something_else(
    text: str, kind: ReadKind, intent: str, may_mean: tuple[str, ...]
) -> None:
    assert read(text, kind) == (intent, may_mean)


@pytest.mark.parametrize(
    ("kind", "intent"),
    [("fix", "fix"), ("change", "change"), ("status", "status"), ("question", "chat")],
)
def test_where_nobody_is_sure_the_model_decides_what_talk_asks_for(
    kind: ReadKind, intent: str
) -> None:
    hint = build_hint(ODD, HERE, UNSURE)
    assert can_read(understand(ODD, HERE, UNSURE), hint, HERE)
    utterance = combine(ODD, HERE, hint, MessageReading(kind=kind, subject="green stripes"))
    assert utterance.intent == intent
    assert utterance.recognised is (intent != "chat")
    assert (utterance.slots.subject == "green stripes") is (kind == "fix")


def test_an_unclear_message_is_asked_back_with_the_models_question() -> None:
    hint = build_hint(ODD, HERE, UNSURE)
    utterance = combine(ODD, HERE, hint, MessageReading(kind="unclear", question="Which one?"))
    assert utterance.is_unclear_request
    assert utterance.slots.question == "Which one?"
