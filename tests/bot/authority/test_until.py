"""Texts for the end of a period."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.authority.end_times import parse_end_time
from bot.domain.errors import WrongStage

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2 hours", "2026-11-21 16:00"),
        ("for 2 hours", "2026-11-21 16:00"),
        ("90 min", "2026-11-21 15:30"),
        ("1h 30m", "2026-11-21 15:30"),
        ("1 hour and 30 minutes", "2026-11-21 15:30"),
        ("1.5 hours", "2026-11-21 15:30"),
        ("an hour", "2026-11-21 15:00"),
        ("another hour", "2026-11-21 15:00"),
        ("half an hour", "2026-11-21 14:30"),
        ("two more hours", "2026-11-21 16:00"),
        ("a couple of days", "2026-11-23 14:00"),
        ("the next 3 days", "2026-11-24 14:00"),
        ("a week", "2026-11-28 14:00"),
        ("45s", "2026-11-21 14:00:45"),
        ("18:00", "2026-11-21 18:00"),
        ("until 18:00", "2026-11-21 18:00"),
        ("till 6pm", "2026-11-21 18:00"),
        ("6 PM UTC", "2026-11-21 18:00"),
        ("9am", "2026-11-22 09:00"),
        ("12am", "2026-11-22 00:00"),
        ("13:59", "2026-11-22 13:59"),
        ("noon", "2026-11-22 12:00"),
        ("midnight", "2026-11-22 00:00"),
        ("tomorrow", "2026-11-22 09:00"),
        ("tomorrow at 18:30", "2026-11-22 18:30"),
        ("tomorrow evening", "2026-11-22 18:00"),
        ("tonight", "2026-11-21 22:00"),
        ("today", "2026-11-22 00:00"),
        ("another 2 hours", "2026-11-21 16:00"),
        ("today 17:00", "2026-11-21 17:00"),
        ("the end of the day", "2026-11-22 00:00"),
        ("rest of the day", "2026-11-22 00:00"),
        ("monday", "2026-11-23 09:00"),
        ("next friday 9am", "2026-11-27 09:00"),
        ("saturday", "2026-11-28 09:00"),
        ("next week", "2026-11-23 09:00"),
        ("2026-12-24", "2026-12-24 09:00"),
        ("2026-12-24 18:00", "2026-12-24 18:00"),
        ("2026-12-24T18:00Z", "2026-12-24 18:00"),
    ],
)
def test_words_mean_a_moment_to_come(words: str, expected: str) -> None:
    assert parse_end_time(words, NOW) == datetime.fromisoformat(f"{expected}+00:00")


@pytest.mark.parametrize(
    "words",
    ["", "while I refactor the dice", "during the deploy", "we say so", "further notice", "a bit"],
)
def test_some_words_name_no_end(words: str) -> None:
    assert parse_end_time(words, NOW) is None


@pytest.mark.parametrize(
    "words",
    ["25:00", "13pm", "0am", "2026-13-01", "2026-02-30", "five o'clock-ish", "2 parsecs", "18",
     "99999999999 days", "-2 hours", "2 hours 3 parsecs", "0x10 hours", "18:00:99"],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_with_what_can(words: str) -> None:
    with pytest.raises(WrongStage, match="Write, for example"):
        parse_end_time(words, NOW)


@pytest.mark.parametrize("words", ["2026-11-21 13:00", "today 13:00", "0 hours", "2020-01-01"])
def test_what_has_passed_is_said_to_have_passed(words: str) -> None:
    with pytest.raises(WrongStage, match="is in the past"):
        parse_end_time(words, NOW)


def test_a_clock_in_another_zone_means_the_same_moment() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert parse_end_time("18:00", there) == parse_end_time("18:00", NOW)


@given(st.text(max_size=60) | st.from_regex(r"(for |until )?\d{1,6}[ :]?[a-z0-9:]{0,8}"))
def test_any_words_give_a_moment_to_come_or_none_or_a_clear_refusal(words: str) -> None:
    try:
        found = parse_end_time(words, NOW)
    except WrongStage as refusal:
        assert "Write, for example" in str(refusal)
    else:
        assert found is None or found > NOW
