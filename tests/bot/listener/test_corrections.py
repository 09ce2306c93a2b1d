"""What people said that a sentence means: obeyed and doubted, and never for a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.correction import Correction, get_intent
from bot.domain.intents import REQUESTS, Intent, Setting
from bot.grammar import COMMAND_LINE, parse
from bot.listener.corrections import ask_if_different, find_words, is_similar, normalise, obey
from bot.listener.second_opinion import understand
from tests.bot.grammar.settings import SETTINGS

OVERHEARD = SETTINGS["overheard"]
MEANINGS = (*REQUESTS, Intent.CHAT)
WORDS = ("ship", "it", "stop", "everything", "revert", "cancel", "/roll", "fix", "please", "yes")
DECISIONS = (
    "ship it", "reject", "revert it", "stop everything", "cancel", "pause", "resume", "merge it",
    "yes please ship", "please stop everything", "ship it tomorrow", "approve #3",
)  # fmt: skip


@pytest.mark.parametrize("text", DECISIONS)
@pytest.mark.parametrize("setting", [COMMAND_LINE, SETTINGS["proposal"], SETTINGS["thread"]])
def test_a_decision_and_what_resembles_one_ignore_corrections(text: str, setting: Setting) -> None:
    utterance = understand(text, setting)
    assert utterance.intent is not Intent.CHAT
    for meaning in MEANINGS:
        assert obey(text, setting, utterance, meaning) == utterance
        assert ask_if_different(utterance, setting, meaning) == utterance


@given(
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.sampled_from(MEANINGS),
    st.sampled_from(list(SETTINGS.values())),
)
def test_no_correction_makes_a_sentence_a_decision(
    text: str, meaning: Intent, setting: Setting
) -> None:
    utterance = parse(text, setting)
    for corrected in (
        obey(text, setting, utterance, meaning),
        ask_if_different(utterance, setting, meaning),
    ):
        changed = corrected.intent is not utterance.intent
        assert not changed or corrected.intent in MEANINGS or corrected.is_unclear_request


@pytest.mark.parametrize("meaning", ["ship", "stop", "revert", "cancel", "unclear", ""])
def test_a_stored_correction_that_decides_is_refused(meaning: str) -> None:
    stored = {
        "id": "a", "sentence": "land it", "person_id": 1, "reading": "change", "meaning": meaning,
        "at": "2026-11-26T12:00:00Z",
    }  # fmt: skip
    with pytest.raises(ValueError, match="meaning"):
        Correction.model_validate(stored)


def test_a_corrected_sentence_is_read_as_its_author_says() -> None:
    text = "the polls look sad"
    read = {
        each: obey(text, COMMAND_LINE, understand(text, COMMAND_LINE), each) for each in MEANINGS
    }
    assert [each.intent for each in read.values()] == [*MEANINGS]
    assert read[Intent.CHANGE].slots.subject == "polls look sad"
    assert not read[Intent.CHAT].recognised
    assert get_intent("nothing") is Intent.CHAT


def test_a_similar_sentence_is_asked_back_only_to_the_bot() -> None:
    report = understand("rolling dice keeps crashing", COMMAND_LINE)
    asked = ask_if_different(report, COMMAND_LINE, Intent.CHANGE)
    assert asked.is_unclear_request
    assert asked.slots.may_mean == (Intent.CHANGE, report.intent)
    assert ask_if_different(report, COMMAND_LINE, Intent.FIX) == report  # the same kind: a fault
    assert not ask_if_different(report, OVERHEARD, Intent.CHANGE).recognised


@pytest.mark.parametrize(
    ("one", "other", "similar"),
    [
        ("the poll embed is ugly", "The poll embed is ugly today!", True),
        ("/roll fails again", "/roll fails again and", True),
        ("/roll fails again", "/poll fails again", False),
        ("fix the polls", "fix the dice", False),
        ("", "", False),
    ],
)
def test_sentences_are_compared_by_their_words(one: str, other: str, similar: bool) -> None:
    assert is_similar(find_words(one), find_words(other)) is similar


def test_equal_sentences_differ_in_case_spaces_and_a_full_stop_only() -> None:
    assert normalise("  The polls\nare UGLY.. ") == normalise("the polls are ugly")
    assert normalise("is it broken?") != normalise("is it broken")
