"""What the grammar and the table make of a message together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.intents import REQUESTS, Intent, Setting
from bot.grammar import COMMAND_LINE, parse
from bot.listener.labels import CHAT, check_label
from bot.listener.second_opinion import explain, understand
from bot.listener.table import BIAS, HearingTable
from tests.bot.grammar.settings import SETTINGS

OVERHEARD = SETTINGS["overheard"]
DECISIONS = frozenset(Intent) - {
    Intent.INVESTIGATE, Intent.FIX, Intent.CHANGE, Intent.STATUS, Intent.REVISE, Intent.REMEMBER,
    Intent.AUDIT, Intent.BUDGET, Intent.ASK, Intent.UNCLEAR, Intent.CHAT,
}  # fmt: skip
LABELS = ("change", CHAT, "decision", "fix", "investigate", "remember", "status", "ask.who")
WORDS = ("ship", "it", "merge", "please", "stop", "revert", "/roll", "is", "broken", "add", "yes")


def build_table(**bias: int) -> HearingTable:
    """Return a table in which words count for nothing."""
    labels = {"chat": 0, "change": 0, "decision": 0, "fix": 0, "investigate": 0, **bias}
    return HearingTable(tuple(labels), {BIAS: tuple(labels.values())})


@pytest.mark.parametrize(
    ("text", "intent", "subject"),
    [
        ("roles vanish when people rejoin", "investigate", "roles"),
        ("I'd kill for a /coin command", "change", "/coin"),
        ("somebody please get the birthday pings going again", "fix", None),
        ("who gave the green light for the roll change", "ask", None),
        ("that was a lovely evening", "chat", None),
        ("ship it", "ship", None),
    ],
)
def test_requests_in_other_words_are_understood(
    text: str, intent: str, subject: str | None
) -> None:
    utterance = understand(text, COMMAND_LINE)
    assert utterance.intent == intent
    assert subject in (None, utterance.slots.subject)
    assert utterance.recognised is (intent != "chat")


def test_a_message_that_may_be_a_request_is_asked_back() -> None:
    table = build_table(chat=100, fix=100)
    utterance = understand("the thing with the green stripes again", COMMAND_LINE, table)
    assert utterance.is_unclear_request
    assert utterance.slots.may_mean[0] is Intent.FIX
    assert Intent.CHAT not in utterance.slots.may_mean


@pytest.mark.parametrize("where", ["here", "thread", "proposal"])
@pytest.mark.parametrize("text", ["sounds good, go ahead please", "yep do it", "great, let's go"])
def test_a_loose_yes_offers_to_ship_and_nothing_else(text: str, where: str) -> None:
    utterance = understand(text, SETTINGS[where], build_table(decision=900))
    assert (utterance.intent, utterance.slots.may_mean) == (Intent.UNCLEAR, (Intent.SHIP,))


def test_a_request_that_the_table_takes_for_talk_is_asked_back_only_to_the_bot() -> None:
    report, talk = "reminders are a bit slow today", build_table(chat=900)
    assert parse(report, COMMAND_LINE).intent is Intent.INVESTIGATE
    assert understand(report, COMMAND_LINE, talk).is_unclear_request
    utterance = understand("the polls are broken, fix them", OVERHEARD, talk)
    assert (utterance.intent, utterance.recognised) == (Intent.FIX, False)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("/quote should really show who saved it", "change"),  # not clear, but it names a command
        ("I'd love a /coinflip command", "change"),
        ("can you fix /roll?", "fix"),
        ("wow /roll 6d6 gave me 36", None),  # the grammar and the table differ
        ("make a /poll then", None),
        ("@bob /roll is broken, that was your change", None),
        ("polls could show who voted", None),
    ],
)
def test_what_is_said_to_nobody_needs_the_same_of_both(text: str, intent: str | None) -> None:
    utterance = understand(text, OVERHEARD)
    assert (utterance.intent.value if utterance.recognised else None) == intent
    assert not understand(text, OVERHEARD, HearingTable((CHAT,), {})).recognised or (
        parse(text, OVERHEARD).strength == "clear"  # without a table, the grammar has to be clear
    )


@pytest.mark.parametrize(
    "setting",
    [
        OVERHEARD,
        COMMAND_LINE.replace(in_thread=True),
        COMMAND_LINE.replace(has_chat_model=True),
    ],
)
def test_talk_stays_talk_to_others_in_a_thread_and_for_a_chat_model(setting: Setting) -> None:
    text = "somebody please get the birthday pings going again"
    assert understand(text, setting).intent is Intent.CHAT


@given(
    text=st.one_of(st.text(max_size=80), st.lists(st.sampled_from(WORDS)).map(" ".join)),
    weights=st.lists(st.integers(-3000, 3000), min_size=len(LABELS), max_size=len(LABELS)),
    setting=st.sampled_from(sorted(SETTINGS)),
)
def test_no_text_and_no_weights_make_a_decision(
    text: str, weights: list[int], setting: str
) -> None:
    table = HearingTable(LABELS, {BIAS: tuple(weights)})
    utterance, alone = understand(text, SETTINGS[setting], table), parse(text, SETTINGS[setting])
    if utterance.intent in DECISIONS:
        assert utterance == alone  # the exact list decided
    else:
        assert utterance.slots.rollback is None or utterance == alone


@pytest.mark.parametrize("decision", sorted(DECISIONS))
def test_nobody_explains_a_message_into_a_decision(decision: Intent) -> None:
    with pytest.raises(ValueError, match="is no request"):
        explain("do it", COMMAND_LINE, decision)
    with pytest.raises(ValueError, match=decision.value):
        check_label(decision.value)


@pytest.mark.parametrize("meaning", REQUESTS)
def test_a_message_means_what_its_author_says(meaning: Intent) -> None:
    utterance = explain("the thing with the green stripes", COMMAND_LINE, meaning)
    assert (utterance.intent, utterance.recognised) == (meaning, True)
    assert utterance.slots.topic if meaning is Intent.ASK else utterance.slots.subject
