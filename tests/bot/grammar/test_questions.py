"""Questions about the bot are distinguished from requests, decisions and other questions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.grammar import Intent, Topic, parse
from bot.grammar.spans import extract_span, read_span
from tests.bot.grammar.settings import SETTINGS
from tests.support.yaml_tables import read_table

FOLDER = Path(__file__).parent
TABLE: list[dict[str, Any]] = read_table(FOLDER / "questions.yaml")
UNSEEN: list[dict[str, Any]] = read_table(FOLDER / "questions_unseen.yaml")
NOW = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)  # a Wednesday


def _misread(group: dict[str, Any]) -> list[str]:
    """Return what of a group is not understood as the table says, and as what it is."""
    wrong = []
    for said in group["said"]:
        slots = dict(said) if isinstance(said, dict) else {}
        text = slots.pop("text") if slots else said
        heard = parse(text, SETTINGS[group["where"]])
        asked = heard.intent is Intent.ASK
        right = not asked if "not_asked" in group else asked or "acts" in group
        right = right and heard.slots.topic == group.get("topic", heard.slots.topic)
        right = right and heard.recognised is group.get("acts", heard.recognised)
        named = {name: getattr(heard.slots, name) for name in slots} == slots
        wrong += [] if right and named else [f"{text!r}: {heard!r}"]
    return wrong


@pytest.mark.parametrize(
    "group",
    TABLE,
    ids=[
        f"{each['where']}-{each.get('topic', 'none')}-{place}" for place, each in enumerate(TABLE)
    ],
)
def test_questions_about_itself_and_what_is_none_are_told_apart(group: dict[str, Any]) -> None:
    assert _misread(group) == []


def test_what_the_rules_had_not_seen_at_first_stays_understood() -> None:
    assert [wrong for group in UNSEEN for wrong in _misread(group)] == []


def test_the_table_holds_every_topic_and_enough_that_is_none() -> None:
    asked = {each["topic"]: len(each["said"]) for each in TABLE if "topic" in each}
    assert set(asked) == {str(topic) for topic in Topic}
    assert sum(asked.values()) >= 120
    assert sum(len(each["said"]) for each in TABLE if "not_asked" in each) >= 40


@pytest.mark.parametrize(
    "text",
    ["who approved the last merge", "how do I stop you", "what happens if I ship it?",
     "who may ship", "how do I revert it?", "when was it merged", "why did you not merge it?"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["here", "thread"])
def test_the_words_of_a_question_decide_nothing(text: str, where: str) -> None:
    assert parse(text, SETTINGS[where]).intent is Intent.ASK


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("what did you change? ship it", Intent.UNCLEAR),
        ("who shipped that? revert it", Intent.UNCLEAR),
        ("ship it", Intent.SHIP),
    ],
)
def test_a_decision_beside_a_question_goes_first(text: str, intent: Intent) -> None:
    assert parse(text, SETTINGS["thread"]).intent is intent


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("this week", datetime(2026, 11, 23, tzinfo=UTC), NOW),
        ("last week", datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("today", datetime(2026, 11, 25, tzinfo=UTC), NOW),
        ("yesterday", datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        ("since yesterday", datetime(2026, 11, 24, tzinfo=UTC), NOW),
        ("since monday", datetime(2026, 11, 23, tzinfo=UTC), NOW),
        ("since friday", datetime(2026, 11, 20, tzinfo=UTC), NOW),
        ("on monday", datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
        ("this month", datetime(2026, 11, 1, tzinfo=UTC), NOW),
        ("in the last 3 days", NOW - timedelta(days=3), NOW),
        ("the past hour", NOW - timedelta(hours=1), NOW),
        ("since 2026-11-20", datetime(2026, 11, 20, tzinfo=UTC), NOW),
        (
            "over the weekend",
            datetime(2026, 11, 21, tzinfo=UTC),
            datetime(2026, 11, 23, tzinfo=UTC),
        ),
        ("lately", NOW - timedelta(days=7), NOW),
        ("while I was asleep", NOW - timedelta(days=1), NOW),
    ],
)
def test_a_span_of_time_is_read_by_days_of_utc(said: str, since: datetime, until: datetime) -> None:
    words, rest = extract_span(f"what did you change {said}")
    span = read_span(words, NOW)
    assert rest.split() == ["what", "did", "you", "change"]
    assert span is not None
    assert (span.since, span.until) == (since, until)


@pytest.mark.parametrize("said", ["so far", "in total", "ever", ""])
def test_all_time_and_no_time_have_no_beginning(said: str) -> None:
    assert read_span(extract_span(f"what did you change {said}")[0], NOW) is None
