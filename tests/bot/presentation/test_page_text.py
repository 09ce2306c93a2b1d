"""Texts written for chat are readable on a page, and every state has a label."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.authority.policy import Act
from bot.domain.memory import MemoryKind
from bot.domain.run import Goal, Stage, Status, Waiting
from bot.domain.run_state import ORDER
from bot.domain.watch import Judgement
from bot.presentation import state_labels
from bot.presentation.page_text import format_relative_time, to_page_text

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
SOON = f"<t:{NOW.timestamp() + 300:.0f}:R>"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"judged {SOON} at the latest", "judged in 5 min at the latest"),
        (f"since <t:{NOW.timestamp() - 7_200:.0f}>", "since 2 h ago"),
        ("[#7](https://forge.example/7) `f00d`", "#7 `f00d`"),
        ("[#7](<https://forge.example/7>)", "#7"),
        ("✅ **Watch** — fixed", "✅ Watch — fixed"),
        ("in <#12345>, says <@678>", "in its thread, says person 678"),
        ("`**kept** <t:1>`", "`**kept** <t:1>`"),
        (r"2 \* 3 and a\_b", "2 * 3 and a_b"),
        ("-# small\n**big**", "small\nbig"),
        ("<t:99999999999999:R> <t:x>", "<t:99999999999999:R> <t:x>"),
    ],
)
def test_marks_of_a_chat_are_read_not_seen(written: str, read: str) -> None:
    assert to_page_text(written, NOW) == read


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(to_page_text(text, NOW), str)


def test_what_is_to_come_is_told_as_such() -> None:
    assert format_relative_time(NOW + timedelta(seconds=5), NOW) == "in a moment"
    assert format_relative_time(NOW + timedelta(days=3), NOW) == "in 3 days"
    assert format_relative_time(NOW - timedelta(minutes=3), NOW) == "3 min ago"


def test_every_state_has_words_of_its_own() -> None:
    assert set(state_labels.GOALS) == set(get_args(Goal))
    assert set(state_labels.STATUSES) == set(Status)
    assert set(state_labels.JUDGEMENTS) == set(get_args(Judgement))
    assert all(state_labels.describe_act(act)[0].isupper() for act in Act)
    assert set(state_labels.MEMORY_KINDS) == set(get_args(MemoryKind))
    named = [state_labels.get_stage_name(stage) for stage in Stage]
    assert len(set(named)) == len(named)
    assert all(Waiting(each).isidentifier() for each in Waiting)
    assert all(stage in Stage for order in ORDER.values() for stage in order)
