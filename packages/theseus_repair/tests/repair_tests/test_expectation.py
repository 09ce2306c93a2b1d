"""What the messages of failed assertions say of the answer."""

import pytest
from theseus_repair.expectation import Expectation, parse_expectation
from theseus_repair.model import Crash


@pytest.mark.parametrize(
    ("message", "got", "wanted"),
    [
        ("assert 4 == 5\n +  where 4 = f(2)", 4, 5),
        ("assert 5 == 4\n +  where 4 = f(2)", 4, 5),
        ("the total is off\nassert 'a' == 'b'\n  \n  - b\n  + a", "a", "b"),
        ("'x' != 'y'\n- x\n+ y\n", "x", "y"),
        ("4 != 5 : too few", 4, 5),
        ("[1, 2] != [1]", [1, 2], [1]),
        ("'a == b' != 'c' : said so", "a == b", "c"),
        ("'a != b : c' != 'c'", "a != b : c", "c"),
    ],
)
def test_what_was_got_and_wanted_is_read(message: str, got: object, wanted: object) -> None:
    assert parse_expectation(Crash("AssertionError", message)) == Expectation(got, wanted)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "assert False",
        "x == y",
        "assert [1, 2,...] == f",
        "assert 1 == 2 == 3",
        "assert f(3)",
        "assert 3 < 2",
        "assert [1, 2, ...] == [1]",
        "assert x == <object>",
        "a =",
    ],
)
def test_what_cannot_be_read_as_two_values_says_nothing(message: str) -> None:
    assert parse_expectation(Crash("AssertionError", message)) is None


@pytest.mark.parametrize(
    ("got", "wanted", "kind"),
    [
        (4, 5, "off by one"),
        (True, False, "negation"),
        ("a", "b", "string"),
        ([1, 2], [2, 1], "arguments"),
        ([1], [1, 2], "insertion"),
        (None, 3, "return"),
        ((1,), [1], "function"),
        ([(1, 2)], [[1, 2]], "literal"),
        ([[[1, 2]]], [[1, 2]], "literal"),
        ([1, True], [1, False], "comparison"),
    ],
)
def test_values_speak_for_the_kind_of_edit_that_explains_them(
    got: object, wanted: object, kind: str
) -> None:
    found = Expectation(got, wanted)

    assert found.get_factor(kind) > found.get_factor("await") == 1.0


def test_values_that_differ_are_found_inside_what_has_one_shape() -> None:
    found = Expectation({"a": [1, "x"], "b": 2}, {"a": [1, "y"], "b": 2})

    assert found.list_leaves() == [("x", "y")]
