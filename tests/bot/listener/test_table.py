"""The table of weights: written and read line by line, with an error for each wrong line."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.listener.table import BIAS, TABLE, HearingTable

SMALL = HearingTable(
    ("chat", "fix"), {BIAS: (50, 0), "w:broken": (-200, 300), "p:fix the": (0, 150)}
)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "hearing.tsv"
    file.write_text(SMALL.format())
    assert HearingTable.read(file) == SMALL


def test_the_built_in_table_is_small_and_written_as_it_would_be_again() -> None:
    text = TABLE.read_text("utf-8")
    assert len(text) < 700_000
    assert HearingTable.read(TABLE).format() == text.partition("\n")[2]  # after its inputs' hash


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the label chat is missing"),
        ("feature\tfix\n", "the label chat is missing"),
        ("features\tchat\n", "line 1: expected `feature` and different labels"),
        ("feature\tchat\tchat\n", "line 1: expected `feature` and different labels"),
        ("feature\tchat\tship\n", "line 1: ship: the listener may not recognise a decision"),
        ("feature\tchat\tforget\n", "line 1: forget: the listener may not"),
        ("feature\tchat\task.magic\n", "line 1: 'magic' is not a valid Topic"),
        ("feature\tchat\nw:a\tmany\n", "line 2: invalid literal"),
        ("feature\tchat\nw:a\t1\t2\n", "line 2: expected at most 1 weights, found 2"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "hearing.tsv"
    file.write_text(text)
    with pytest.raises(ConfigError, match="make hearing") as refusal:
        HearingTable.read(file)
    assert told in str(refusal.value)
    assert str(file) in str(refusal.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.tsv: cannot be read"):
        HearingTable.read(tmp_path / "none.tsv")


def test_the_shares_add_up_and_the_likeliest_is_first() -> None:
    rating = SMALL.rate("the dice are broken, fix the dice")
    assert rating.label == "fix"
    assert sum(rating.shares.values()) == pytest.approx(1)
    assert SMALL.rate("").label == "chat"
