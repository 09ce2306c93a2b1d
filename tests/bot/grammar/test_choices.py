"""Which of the offered answers a text selects; unclear texts select none."""

import pytest

from bot.grammar.choices import find_choice, parse_literal

ANSWERS = ("4", "3", "neither")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("4", 0), ("3", 1), (" `3` ", 1), ("3!", 1), ("3 is right", 1), ("it should be 4", 0),
        ("it's 4", 0), ("the second", 1), ("The first one", 0), ("2nd", 1), ("option 2", 1),
        ("the first is right", 0), ("neither", 2), ("None of them.", 2), ("neither is right", 2),
        ("use 3 please", 1),
    ],
)  # fmt: skip
def test_a_choice_is_heard(said: str, number: int) -> None:
    assert find_choice(said, ANSWERS) == number


@pytest.mark.parametrize(
    "said",
    ["2", "1", "not 3", "3 is wrong", "4 or 3", "3?", "the fifth", "43", "no", "yes", "", "ship it",
     "I think 3 items is odd", "option 9", "why 4"],
)  # fmt: skip
def test_what_is_not_plain_is_no_choice(said: str) -> None:
    assert find_choice(said, ANSWERS) is None


def test_an_answer_goes_before_its_place_and_quotes_are_no_matter() -> None:
    assert find_choice("2", ("1", "2", "neither")) == 1
    assert find_choice("second", ("'second'", "'first'", "neither")) == 0
    assert find_choice('"a b"', ("'a b'", "''", "neither")) == 0
    assert find_choice("raises ValueError", ("None", "raises ValueError", "neither")) == 1
    assert find_choice("none", ("None", "1", "neither")) is None, (
        "the answer, or that none is right?"
    )


@pytest.mark.parametrize("said", ["something else", "Neither.", "none of them", "the second"])
def test_what_is_none_of_them_is_heard_in_whatever_words_it_stands_there(said: str) -> None:
    assert find_choice(said, ("0", "something else")) == 1


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("-1", "-1"), ("`[]`", "[]"), ('it should be "none"', "'none'"), ("None", "None"),
        ("0.5 please", "0.5"), ("('a', 1)", "('a', 1)"), ("it should answer 3", "3"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_python_writes_it(said: str, value: str) -> None:
    assert parse_literal(said) == value


@pytest.mark.parametrize(
    "said",
    ["nobody", "share(7, 1)", "not 3", "3 or 4", "", "__import__('os')", "f'{x}'", "'`'",
     "'" + "a" * 100 + "'", "(" * 5000, "ship it"],
)  # fmt: skip
def test_what_is_no_literal_is_no_value(said: str) -> None:
    assert parse_literal(said) is None
