"""A stand-in has the shape of a private value and reveals nothing of it."""

import re
import string
from pathlib import Path

import pytest
from theseus_observe.failures.placeholders import Placeholders
from theseus_observe.failures.source_vocabulary import collect_vocabulary

SECRET = b"salt for the tests"
WORDS = Placeholders(SECRET, {"d", "km"})


def kind(char: str) -> str:
    for name in ("ascii_lowercase", "ascii_uppercase", "digits"):
        if char in getattr(string, name):
            return name
    return "letter" if char.isalpha() else char if char.isascii() else "sign"


@pytest.mark.parametrize(
    "text",
    [
        "Tuna salad, please!", "836251", "anna@example.org", "Käse über Öl", "寿司を食べる",
        "a\tb\n  cc", "🍣🍣", "https://tuna.example/?q=4711", "O'Neill \\ \"quoted\"",
    ],
)  # fmt: skip
def test_a_stand_in_keeps_length_and_kinds_of_characters_and_no_word(text: str) -> None:
    stand_in = WORDS.replace_text(text)
    assert [kind(char) for char in stand_in] == [kind(char) for char in text]
    for word in re.findall(r"\w{3,}", text.replace("https", "")):
        assert word not in stand_in


def test_equal_words_get_equal_stand_ins_and_others_get_others() -> None:
    first, second, third = WORDS.replace_text("tuna tuna rice").split()
    assert first == second != third


def test_another_secret_gives_another_stand_in() -> None:
    assert Placeholders(b"one").replace_text("tuna salad") != Placeholders(b"two").replace_text(
        "tuna salad"
    )


@pytest.mark.parametrize("text", ["0d6", "2d6", "7 km", "100", "1000", "-1", ""])
def test_what_makes_a_call_fail_stays(text: str) -> None:
    assert WORDS.replace_text(text) == text


@pytest.mark.parametrize("text", ["2026-11-25", "1999-12-31", "2024-02-29"])
def test_a_date_stays_a_date(text: str) -> None:
    year, month, day = map(int, WORDS.replace_text(text).split("-"))
    assert 1 <= month <= 12
    assert 1 <= day <= 28 or text.endswith("31")
    assert 1000 <= year <= int(text[:4])


@pytest.mark.parametrize(
    "value",
    [
        {"name": "tuna", "tags": ["rice", ("soy", b"wasabi")], "price": 1299, "hot": True},
        [None, -83251, 2.75, {"tuna", "rice"}],
    ],
)
def test_the_stand_in_of_a_value_has_its_types(value: object) -> None:
    stand_in = WORDS.replace_literal(repr(value))
    assert shape(eval(stand_in)) == shape(value)  # noqa: S307  # our own literal
    for word in ("tuna", "rice", "soy", "wasabi", "1299", "83251"):
        assert word not in stand_in


def shape(value: object) -> object:
    if isinstance(value, dict):
        return [shape(each) for each in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [shape(each) for each in value]
    return type(value)


def test_words_of_the_source_are_read_from_its_texts_alone(tmp_path: Path) -> None:
    file = tmp_path / "cog.py"
    file.write_text(
        '"""Keep notes."""\nUNITS = {"km": 1, "Mile": 2}\ndef tuna(): return "no such"\n'
    )
    found = collect_vocabulary([str(file), str(tmp_path / "missing.py")])
    assert {"km", "mile"} <= found.keywords
    assert not {"keep", "such", "tuna"} & found.keywords
    assert {"keep", "no", "such"} <= found.prose
    assert "tuna" not in found.prose
