"""Literals: read back exactly, or not at all."""

import ast
import enum
import math
from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_observe.failures.literals import format_literal, format_literals


class Colour(enum.Enum):
    """An enum."""

    RED = 1


class Number(enum.IntEnum):
    """An int that is not only an int."""

    ONE = 1


class Shout(str):
    """A str that is not only a str."""


Point = namedtuple("Point", "x y")

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=50)
    | st.text(alphabet="\ud800\n\u2028'\"\\\x00", max_size=10)
    | st.binary(max_size=50)
)
HASHABLE = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(HASHABLE, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
    ),
    max_leaves=12,
)


def same(one: object, other: object) -> bool:
    """Return whether two values are equal, of the same type, signs of zero included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return same(list(one.items()), list(other.items()))
    return one == other


@given(VALUES)
def test_a_literal_reads_back_as_the_same_value(value: object) -> None:
    source = format_literal(value)
    if source is not None:
        assert same(ast.literal_eval(source), value)


@given(SCALARS)
def test_a_small_value_always_has_a_literal(value: object) -> None:
    assert format_literal(value) is not None


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        math.nan,
        Colour.RED,
        Number.ONE,
        Shout("hey"),
        Point(1, 2),
        OrderedDict(a=1),
        frozenset({1}),
        object(),
        len,
        1j,
        ...,
        bytearray(b"x"),
        [1, object()],
        {"a": Shout("hey")},
        "x" * 1001,
        b"x" * 1001,
        [10**5000],
        list(range(1000)),
        [[[[[[[[1]]]]]]]],
    ],
)
def test_what_has_no_exact_and_short_literal_has_none(value: object) -> None:
    assert format_literal(value) is None


def test_a_value_that_holds_itself_has_none() -> None:
    loop: list[object] = [1] * 20
    loop[:] = [loop] * 20
    assert format_literal(loop) is None


def test_text_in_a_literal_is_redacted_wherever_it_stands() -> None:
    value = {"hunter2": ["hunter2", b"hunter2"], "n": (1,)}
    source = format_literal(value, redact=lambda text: text.replace("hunter2", "[x]"))
    assert source == "{'[x]': ['[x]', b'[x]'], 'n': (1,)}"


def test_what_is_named_like_a_secret_is_never_written() -> None:
    found, opaque = format_literals(
        {
            "password": "hunter2",
            "api_key": 5,
            "token": "2d6",
            "settings": {"client_secret": "hunter2", "sides": 6},
            "self": object(),
        }
    )
    assert found["token"] == "'2d6'"
    assert "hunter2" not in str(found)
    assert ast.literal_eval(found["settings"])["sides"] == 6
    assert opaque == ("password", "api_key", "self")
    assert format_literals({"token": "A1b2C3d4E5f6G7"}) == ({}, ("token",))
