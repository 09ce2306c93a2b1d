"""Which talks are sampled, by which files the chat goes, and what of the answers is shown."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.proof.sample_conversations import (
    SAMPLES,
    SampleAnswer,
    TextsOfChat,
    describe_changed_answers,
    has_same_chat_texts,
    read_samples,
    select_text_files,
)

ROOT = Path(__file__).resolve().parents[3]


def test_the_samples_that_come_with_the_bot_are_few_and_can_be_said() -> None:
    talks = read_samples((ROOT / SAMPLES).read_text("utf-8"))
    said = [text for talk in talks for text in talk.says]
    assert 1 <= len(talks) <= 4
    assert len(said) <= 8
    assert all(0 < len(text) < 200 for text in said)


@pytest.mark.parametrize(
    "text",
    ["[[talk]\n", "[[talk]]\nabout = 'x'\n", "[[talk]]\nabout = 'x'\nsays = ['a', 'b', 'c']\n",
     "[[talk]]\nabout = 'x'\nsays = ['a']\nseed = 1\n", "[[talk]]\nabout='x'\nsays=['a']\n" * 5],
)  # fmt: skip
def test_samples_that_will_not_do_are_refused_with_their_file(text: str) -> None:
    with pytest.raises(ConfigError, match=SAMPLES):
        read_samples(text)


def test_an_answer_that_stays_is_not_shown_and_a_long_one_is_cut() -> None:
    before = [
        SampleAnswer("hi", "Hello  there."),
        SampleAnswer("why?", "x" * 900),
        SampleAnswer("so?", "A."),
    ]
    after = [
        SampleAnswer("hi", "Hello\nthere."),
        SampleAnswer("why?", "y" * 900),
        SampleAnswer("so?", "B."),
    ]
    shown = describe_changed_answers(before, after)
    assert len(shown) == 4
    assert shown[0].startswith("“why?” is answered today: “xxx")
    assert shown[3] == "and then: “B.”"
    assert max(map(len, shown)) < 300


def test_the_chat_goes_by_the_persona_its_prompts_and_the_skills_it_is_told_of() -> None:
    skill = "prompts/skills/making-tea/SKILL.md"
    front = "---\nname: making-tea\ndescription: Tea.\nmetadata:\n  theseus-roles: {}\n---\nBoil.\n"
    base = TextsOfChat({"persona": "Kind.", "planner": "Plan."}, {})
    for prompts, skills, same in (
        ({"planner": "Plan well."}, {}, True),
        ({"persona": "Curt."}, {}, False),
        ({"chat_turn": "$who"}, {}, False),
        ({}, {skill: front.format("planner")}, True),
        ({}, {skill: front.format("chat")}, False),
        ({}, {skill: "no skill"}, True),
    ):
        head = TextsOfChat({**base.prompts, **prompts}, skills)
        assert has_same_chat_texts(base, head) is same, (prompts, skills)


def test_only_prompts_and_files_of_skills_are_read() -> None:
    skill = "prompts/skills/making-tea/SKILL.md"
    files = ["prompts/chat.md", "prompts/a.txt", skill, "cogs/x.md"]
    assert select_text_files(files) == ("prompts/chat.md", skill)
