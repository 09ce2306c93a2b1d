"""Small talk without a model, and the stored and cut parts of talk with one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chat import (
    LONGEST,
    MESSAGE,
    ChatLine,
    Chronicle,
    cut,
    find_persona_name,
    strip_question_mark,
)
from bot.presentation.small_talk import ABOUT, FOR_OTHERS, answer_small_talk

COMMANDS = ("roll", "poll", "reminders", "remind")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def told(text: str, *, listed: bool = True, trouble: str = "") -> str:
    return answer_small_talk(
        text, name="Argo", listed=listed, commands=COMMANDS, usable=COMMANDS, trouble=trouble
    )


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("hello there", "Hello, I am Argo. I look after"),
        ("Good morning!", "Hello, I am Argo."),
        ("", "Hello, I am Argo."),
        ("👋", "Hello, I am Argo."),
        ("thanks a lot", "You are welcome."),
        ("good bot", "Thank you."),
        ("how are you?", "I am up"),
        ("who are you?", "I am Argo. I look after"),
        ("what can you do", "I am Argo. I look after"),
        ("bye", "See you."),
        ("what do you think of /roll?", "If `/roll` misbehaves, ask “why does /roll fail?”"),
        ("reminders are a nice idea", "If `/reminders` misbehaves"),
        ("I had two polls yesterday", "If `/poll` misbehaves"),
        (
            "is it going to rain?",
            "I cannot answer that. I answer questions about me from my records",
        ),
        ("the weather is fine", "I found no request in that. I look after"),
    ],
)
def test_without_a_model_each_kind_of_talk_has_its_answer(text: str, begins: str) -> None:
    assert told(text).startswith(begins)
    assert told(text) == told(text)


def test_a_greeting_at_the_head_of_more_is_not_all_that_was_said() -> None:
    said = "hello, since the update yesterday I get odd numbers from /roll with many dice"
    assert told(said).startswith("If `/roll` misbehaves")


def test_who_is_not_listed_is_told_what_is_there_for_everybody() -> None:
    assert FOR_OTHERS in told("hello", listed=False)
    assert "fix it" not in told("what about /roll", listed=False)
    assert ABOUT not in told("what can you do", listed=False)


def test_trouble_with_the_model_is_said_first() -> None:
    trouble = "The model's provider is overloaded."
    assert told("tell me a joke", trouble=trouble) == (
        f"{trouble} Without a model, I can say this: {ABOUT}"
    )
    assert "why does /poll fail?" in told("is poll ok?", trouble=trouble)


@given(st.text())
def test_any_text_gets_an_answer_that_fits_into_a_message(text: str) -> None:
    for listed in (True, False):
        assert 0 < len(told(text, listed=listed)) < MESSAGE


@given(st.text(alphabet="ab \n`", max_size=400), st.integers(min_value=20, max_value=60))
def test_a_cut_loses_no_word(text: str, limit: int) -> None:
    first, rest = cut(text, limit)
    assert len(first) <= limit + len("\n```")
    assert "".join(f"{first}{rest}".replace("`", "").split()) == "".join(
        text.replace("`", "").split()
    )


def test_a_code_block_is_closed_and_opened_again_where_it_is_cut() -> None:
    text = "Look:\n```python\n" + "print()\n" * 10 + "```\nThat is it."
    first, rest = cut(text, 60)
    assert first.endswith("print()\n```")
    assert rest.startswith("```python\nprint()")
    assert cut("short", 60) == ("short", "")


def test_no_answer_looks_like_the_question_of_a_run() -> None:
    assert strip_question_mark(" ❓❓ Shall I? ") == "Shall I?"


def test_a_persona_names_itself_in_its_first_heading() -> None:
    assert find_persona_name("# Argo \n\n## Tone\n") == "Argo"
    assert find_persona_name("no heading") == "Theseus"


def test_a_chronicle_keeps_the_newest_and_finds_its_answers() -> None:
    def line(number: int, *, ours: bool = False) -> ChatLine:
        text = "x" * (LONGEST + 1) if number == 1 else "x"
        return ChatLine(message_id=number, by="alice", text=text, at=NOW, ours=ours)

    kept = Chronicle().append(line(1), line(1, ours=True), most=3).append(line(2), most=3)
    assert [(each.message_id, each.ours) for each in kept.lines] == [
        (1, False),
        (1, True),
        (2, False),
    ]
    assert kept.lines[0].text.endswith("…") and len(kept.lines[0].text) == LONGEST
    assert kept.find_answer(1) == kept.lines[1]
    assert kept.find_answer(2) is None
    none = Chronicle().append(line(3), line(3, ours=True), most=0)
    assert none.find_answer(3) is not None


def test_what_cannot_be_answered_shows_three_examples() -> None:
    answer = told("is it going to rain?")
    assert answer.count("“") == 3
    assert "/help" in answer


def test_nobody_is_told_that_they_may_use_what_they_may_not() -> None:
    def answered(text: str) -> str:
        known, usable = ("roll", "ship", "runs"), ("roll",)
        return answer_small_talk(text, name="Argo", listed=False, commands=known, usable=usable)

    for text in ("what does /ship do?", "is /runs any good", "I like ship"):
        assert "You may not use `/" in answered(text), text
    assert answered("I like /roll").startswith("You can use `/roll`.")
