"""The kind of a request by its meaning: only for other languages, and never a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.intents import REQUESTS, Intent, Utterance
from bot.grammar import COMMAND_LINE, has_few_english_words
from bot.listener.request_examples import KINDS, ask_by_meaning, can_compare, load_examples
from bot.listener.second_opinion import understand

TALK = Utterance(intent=Intent.CHAT)
EXAMPLES = load_examples()


def rate_like(kind: Intent) -> list[float]:
    """Return how close a message is that resembles the examples of that kind alone."""
    column = KINDS.index(kind)
    return [0.6 if max(row) == row[column] else 0.0 for row in EXAMPLES.weights]


@pytest.mark.parametrize("kind", KINDS[:3])
def test_what_is_close_to_requests_is_asked_back_with_that_kind_first(kind: Intent) -> None:
    asked = ask_by_meaning(TALK, rate_like(kind))
    assert asked.is_unclear_request
    assert asked.slots.may_mean[0] is kind
    assert ask_by_meaning(TALK, rate_like(Intent.CHAT)) == TALK


@given(st.lists(st.floats(-1, 1), min_size=len(EXAMPLES.sentences), max_size=200))
def test_no_rates_start_or_decide_anything(rates: list[float]) -> None:
    asked = ask_by_meaning(TALK, rates[: len(EXAMPLES.sentences)])
    assert asked == TALK or (asked.is_unclear_request and set(asked.slots.may_mean) <= {*REQUESTS})


def test_english_decisions_threads_and_what_a_model_answers_are_not_compared() -> None:
    polish = "przypomnienia znowu przychodzą podwójnie"
    assert can_compare(polish, understand(polish, COMMAND_LINE), COMMAND_LINE)
    for setting in (
        COMMAND_LINE.replace(in_thread=True),
        COMMAND_LINE.replace(has_chat_model=True),
        COMMAND_LINE.replace(addressed=False),
    ):
        assert not can_compare(polish, TALK, setting)
    for text in (
        "what is the weather like in Rome",
        "ship it",
        "/roll ist kaputt",
        "liefer das aus",
    ):
        assert not can_compare(text, understand(text, COMMAND_LINE), COMMAND_LINE)
    assert not has_few_english_words("the dice look nice today")
