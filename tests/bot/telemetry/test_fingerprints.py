"""Fingerprints: one fault, one name, whatever the values."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_observe.failures.fingerprints import compute_fingerprint, mask_message

PLACES = ("cogs/dice.py:Dice.roll", "cogs/dice.py:face")
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SNOWFLAKES = st.integers(min_value=10**16, max_value=2**63)
HEX = st.integers(min_value=2**28).map(hex)
UUIDS = st.uuids().map(str)
QUOTED = st.text(alphabet=st.characters(codec="ascii"), max_size=30).map(repr)
TIMES = st.datetimes().map(lambda at: at.isoformat())
PATHS = st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), min_size=1).map(
    lambda parts: "/" + "/".join(parts) + ".json"
)


def test_it_is_twelve_hexadecimal_characters() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", compute_fingerprint("IndexError", PLACES, "out of range"))


def test_it_never_changes_from_one_version_to_the_next() -> None:
    assert compute_fingerprint("IndexError", PLACES, "list index out of range") == "c7207ff634b9"


@given(
    first=st.tuples(NUMBERS, SNOWFLAKES, HEX, UUIDS, QUOTED, TIMES, PATHS),
    second=st.tuples(NUMBERS, SNOWFLAKES, HEX, UUIDS, QUOTED, TIMES, PATHS),
)
def test_other_values_in_the_message_keep_it(
    first: tuple[object, ...], second: tuple[object, ...]
) -> None:
    text = "got {} from <@{}> at {} in {} for {} since {} reading {}: no such thing"
    one, other = text.format(*first), text.format(*second)
    assert mask_message(one) == mask_message(other)
    assert compute_fingerprint("E", PLACES, one) == compute_fingerprint("E", PLACES, other)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("list index out of range", "list index out of range"),
        ("index 5 is out of range (-3)", "index <n> is out of range (<n>)"),
        ("'2d6' isn't a roll", "<text> isn't a roll"),
        ("can't find Bob's \"dice\"", "can't find Bob's <text>"),
        ("KeyError: 'it\\'s'", "KeyError: <text>"),
        ("<Foo object at 0x7f3a2b>", "<Foo object at <n>>"),
        ("2d6 is not 12d20", "<n>d<n> is not <n>d<n>"),
        ("[1, 2, 3] too long", "[<n>] too long"),
        ("took 1.5e-05s of 10,000", "took <n>s of <n>"),
        ("no file /tmp/a/b.txt here", "no file <path> here"),
        ("no file data/state/b.txt here", "no file <path> here"),
        ("GET https://example.org/x?y=1 failed", "GET <url> failed"),
        ("commit 1bee277 is gone", "commit <n> is gone"),
        ("at 2026-11-21T14:00:00.5+00:00 or 14:02", "at <time> or <time>"),
        (f"run {uuid.UUID(int=7)} ended", "run <n> ended"),
        ("b'\\xff' and u'x'", "<text> and <text>"),
        ("two\n  lines", "two lines"),
    ],
)
def test_what_varies_is_masked_and_what_tells_is_kept(message: str, expected: str) -> None:
    assert mask_message(message) == expected


def test_another_type_place_or_message_is_another_fault() -> None:
    prints = {
        compute_fingerprint("IndexError", PLACES, "out of range"),
        compute_fingerprint("KeyError", PLACES, "out of range"),
        compute_fingerprint("IndexError", PLACES[:1], "out of range"),
        compute_fingerprint("IndexError", PLACES, "pop from empty list"),
    }
    assert len(prints) == 4


def test_the_depth_of_a_recursion_does_not_matter() -> None:
    assert compute_fingerprint("RecursionError", PLACES * 3, "") == compute_fingerprint(
        "RecursionError", PLACES * 300, ""
    )


def test_a_huge_message_takes_no_time() -> None:
    for filler in ("a", "1", "/", "'", ".", "a/", "-", "a.", '"', "\\"):
        assert len(mask_message(filler * 1_000_000)) <= 500
