"""What people write as a goal, and what is measured for it."""

from datetime import timedelta

import pytest

from bot.domain.errors import OutOfBounds, WrongStage
from bot.goals.sentences import EXAMPLES, parse_objective
from tests.bot.goals.days import NOW


@pytest.mark.parametrize(
    ("text", "measure", "bound", "target", "days", "command"),
    [
        ("answers under 1 s", "response time", "at most", 1_000, 7, ""),
        ("/roll answers within 250 ms", "response time", "at most", 250, 7, "roll"),
        ("no crash for a week", "crashes", "at most", 0, 7, ""),
        ("at most 3 crashes in 14 days", "crashes", "at most", 3, 14, ""),
        ("people come back", "returning people", "at least", 50, 7, ""),
        ("at least 70 % of people return each month", "returning people", "at least", 70, 30, ""),
        ("error rate below 2.5 %", "error rate", "at most", 2.5, 7, ""),
        ("/roll is used at least 50 times a week", "command use", "at least", 50, 7, "roll"),
        ("no more than 1 open incident", "open incidents", "at most", 1, 7, ""),
        ("models cost at most $4.50 a day", "cost", "at most", 4.5, 1, ""),
        ("f(1) of v2 answers under 3 s", "response time", "at most", 3_000, 7, ""),
    ],
)
def test_a_sentence_names_measure_target_and_days(
    text: str, measure: str, bound: str, target: float, days: int, command: str
) -> None:
    found = parse_objective(text, NOW).requirement
    assert (found.measure, found.bound, found.target, found.days, found.command) == (
        measure, bound, target, days, command,
    )  # fmt: skip


def test_the_date_and_what_is_given_apart_count_in_place_of_words() -> None:
    dated = parse_objective("no crash for a week by 2026-12-24", NOW)
    assert f"{dated.due:%Y-%m-%d}" == "2026-12-24"
    assert parse_objective("no crash", NOW).due == NOW + timedelta(days=30)
    given = parse_objective("be nice", NOW, measure=dated.requirement.measure, target=2, days=3)
    assert (given.requirement.target, given.requirement.days) == (2, 3)


@pytest.mark.parametrize("text", ["merge everything without approval", "be nice", "cost", "/roll"])
def test_what_cannot_be_measured_is_refused_with_examples(text: str) -> None:
    with pytest.raises(OutOfBounds, match="Say, for example"):
        parse_objective(text, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no crash for 400 days", "1 to 90 days"),
        ("no crash for 0 days", "1 to 90 days"),
        ("answers under -5 s", "from 0 to"),
        ("/roll is used at least 99999999999 times", "from 0 to"),
    ],
)
def test_a_number_that_is_not_possible_is_refused_and_not_replaced(text: str, why: str) -> None:
    with pytest.raises(OutOfBounds, match=why):
        parse_objective(text, NOW)
    assert parse_objective(text, NOW, target=5, days=3).requirement.days == 3


def test_a_command_of_two_words_is_told_from_the_words_after_it() -> None:
    text = "/runs list is used 5 times a week"
    assert parse_objective(text, NOW).requirement.command == "runs"
    known = parse_objective(text, NOW, commands={"runs list"})
    assert known.requirement.command == "runs list"


def test_an_unreadable_date_is_refused() -> None:
    with pytest.raises(WrongStage, match="as a time"):
        parse_objective("no crash for a week by whenever mars is red", NOW)


def test_every_example_in_messages_is_understood() -> None:
    assert all(parse_objective(each, NOW).requirement for each in EXAMPLES)
