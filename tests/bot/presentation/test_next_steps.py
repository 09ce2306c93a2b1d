"""No answer is a dead end: each says what its reader can do next."""

import re

import pytest

from bot.domain.intents import Intent, Topic
from bot.grammar import COMMAND_LINE, parse
from bot.intake.kinds import question, rollback, run_answer, status, unclear_decision
from bot.presentation.answers import (
    NEXT_STEPS,
    add_next_step,
    describe_live_commit,
    render_changes,
    render_costs,
    render_failures,
    render_feature_requests,
    render_help,
    render_instructions,
    render_memories,
    render_open_faults,
    render_uses,
    render_waiting,
    render_watches,
)
from bot.presentation.small_talk import answer_small_talk

STEP = re.compile(r"`/[a-z]|“[^”]+”|[Tt]ell me|Say it|Name ")
SAID = ("", "hi", "thanks!", "good bot", "bye", "how are you?", "what is love?", "blue", "/roll")
NOTHING = {
    Topic.CHANGES: render_changes((), "this week", None),
    Topic.COST: render_costs(None, (), ""),
    Topic.BROKEN: render_open_faults((), (), (), "today", None),
    Topic.FAILURES: render_failures("", (), "today"),
    Topic.USE: render_uses((), "", "today"),
    Topic.WATCH: render_watches(()),
    Topic.WAITING: render_waiting(()),
    Topic.LIVE: describe_live_commit("", None),
    Topic.MEMORY: render_memories("", ()),
    Topic.FEATURE_REQUESTS: render_feature_requests(()),
    Topic.HELP: render_help((), ()),
    Topic.HOW_TO: render_instructions(()),
}


@pytest.mark.parametrize("topic", Topic)
def test_an_answer_ends_with_one_next_step(topic: Topic) -> None:
    answer = add_next_step(topic, NOTHING.get(topic, "A fact about #7 “the dice”."))
    assert STEP.search(answer.rsplit("\n", 1)[-1])
    assert add_next_step(topic, answer).count("-#") <= 1
    assert add_next_step(topic, "") == ""


@pytest.mark.parametrize(
    "sentence",
    [found for each in NEXT_STEPS.values() for found in re.findall(r"“([^”…]+)”", each)],
)
def test_a_next_step_in_words_is_understood(sentence: str) -> None:
    assert parse(sentence, COMMAND_LINE).intent not in (Intent.CHAT, Intent.UNCLEAR)


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("text", SAID)
def test_small_talk_ends_with_a_next_step(text: str, listed: bool) -> None:
    for trouble in ("", "The model is overloaded."):
        answer = answer_small_talk(
            text, name="Theseus", listed=listed, commands=("roll",), trouble=trouble
        )
        assert STEP.search(answer)


@pytest.mark.parametrize("kind", [question, rollback, run_answer, status, unclear_decision])
def test_fixed_answers_of_the_intake_have_a_next_step(kind: object) -> None:
    texts = [
        text for name, text in vars(kind).items() if re.fullmatch(r"_(NO|IDLE|WHAT)[A-Z_]*", name)
    ]
    assert texts
    assert all(STEP.search(text) for text in texts if isinstance(text, str))
