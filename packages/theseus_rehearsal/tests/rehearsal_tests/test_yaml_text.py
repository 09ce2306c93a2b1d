"""YAML texts say what they say once, and on which line."""

import pytest
from theseus_rehearsal.errors import UnreadableYaml
from theseus_rehearsal.yaml_text import read_yaml


def test_what_is_merged_in_counts_and_the_line_is_where_it_stands() -> None:
    read = read_yaml(
        "usual: &usual {seconds: 1, rounds: 2}\nown:\n  <<: *usual\n  rounds: 3\n", "x"
    )
    assert read.content == {
        "usual": {"seconds": 1, "rounds": 2},
        "own": {"seconds": 1, "rounds": 3},
    }
    assert read.find_line(["own", "rounds"]) == 4
    assert read.find_line(["own", "seconds"]) == 1
    assert read.find_line(["own", "nothing"]) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", "x, line 2: a is set twice (first on line 1); keep one."),
        ("a: &a [*a]\n", "x, line 1: this contains itself; write it out."),
        ("? [1]\n: 2\n", "x, line 1: not valid YAML: found unhashable key"),
        ("day: 2026-13-45\n", "x: not valid YAML: month must be in 1..12"),
        ("[" * 3_000, "x: it is nested too deep to be read."),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(UnreadableYaml) as refused:
        read_yaml(text, "x")
    assert str(refused.value) == told


def test_an_empty_text_says_nothing() -> None:
    assert read_yaml("# later\n", "x").content == {}
