"""Dice: the notation, what is shown, and `/roll` as people meet it."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cogs.dice import (
    NotationError,
    Roll,
    describe_near_miss,
    describe_roll,
    format_face,
    keep_highest,
    parse_notation,
    show_dice,
)
from tests.cogs.room import Room, open_room


@pytest.mark.parametrize(
    ("text", "roll"),
    [
        ("2d6", Roll(2, 6, None, 0)),
        ("d20", Roll(1, 20, None, 0)),
        ("2d6+1", Roll(2, 6, None, 1)),
        ("3d8-2", Roll(3, 8, None, -2)),
        ("4d6kh3", Roll(4, 6, 3, 0)),
        ("4D6KH1+10", Roll(4, 6, 1, 10)),
        (" 2 d 6 + 1 ", Roll(2, 6, None, 1)),
    ],
)
def test_notation_is_read(text: str, roll: Roll) -> None:
    assert parse_notation(text) == roll


@pytest.mark.parametrize(
    "text", ["", "six", "2d", "2x6", "2d6+", "2d6kh", "-1d6", "2d6;ls", "9" * 5000 + "d6", "²d6"]
)
def test_what_is_not_a_roll_gets_an_answer_with_examples(text: str) -> None:
    with pytest.raises(NotationError, match="4d6kh3") as caught:
        parse_notation(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0d6", "between 1 and 50 dice"),
        ("51d6", "between 1 and 50 dice"),
        ("1d1", "between 2 and 1000 sides"),
        ("1d1001", "between 2 and 1000 sides"),
        ("4d6kh0", "keep between 1 and 4"),
        ("4d6kh5", "keep between 1 and 4"),
        ("1d6+10001", "up to 10000"),
        ("1d6-10001", "up to 10000"),
    ],
)
def test_limits_are_named(text: str, reason: str) -> None:
    with pytest.raises(NotationError, match=reason):
        parse_notation(text)


@pytest.mark.parametrize(
    ("value", "sides", "shown"),
    [(1, 6, "⚀"), (2, 6, "⚁"), (4, 6, "⚃"), (5, 6, "⚄"), (17, 20, "[17]"), (6, 8, "[6]")],
)
def test_a_die_shows_its_face(value: int, sides: int, shown: str) -> None:
    assert format_face(value, sides) == shown


@pytest.mark.parametrize(
    ("rolls", "keep", "kept"),
    [
        ([3, 1, 5, 2], 3, [True, False, True, True]),
        ([4, 4, 4], 1, [True, False, False]),
        ([1, 2], 2, [True, True]),
    ],
)
def test_the_highest_dice_are_kept(rolls: list[int], keep: int, kept: list[bool]) -> None:
    assert keep_highest(rolls, keep) == kept


@pytest.mark.parametrize(
    ("rolls", "keep", "phrase"),
    [([3, 1, 5, 2], 3, "best dropped: 1"), ([4, 2], 1, "best dropped: 2")],
)
def test_the_best_dropped_die_is_named(rolls: list[int], keep: int, phrase: str) -> None:
    assert describe_near_miss(rolls, keep) == phrase


def test_dropped_dice_are_struck_through() -> None:
    assert show_dice([5, 1], [True, False], 6) == "⚄ ~~⚀~~"


@pytest.mark.parametrize(
    ("rolls", "sides", "keep", "bonus", "answer"),
    [
        ([3, 4], 6, None, 0, "⚂ ⚃ = **7**"),
        ([3, 4], 6, None, 2, "⚂ ⚃ + 2 = **9**"),
        ([12], 20, None, -3, "[12] - 3 = **9**"),
        ([3, 1, 5, 2], 6, 3, 0, "⚂ ~~⚀~~ ⚄ ⚁ = **10** (best dropped: 1)"),
    ],
)
def test_the_answer_shows_every_die_and_the_total(
    rolls: list[int], sides: int, keep: int | None, bonus: int, answer: str
) -> None:
    assert describe_roll(rolls, sides, keep, bonus) == answer


def seed_dice(room: Room) -> None:
    cog: Any = room.bot.get_cog("Dice")
    cog.rng = random.Random(4)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room("cogs.dice", tmp_path) as room:
        seed_dice(room)
        yield room


async def test_roll_answers_in_the_channel(room: Room) -> None:
    result = await room.alice.slash(room.channel, "roll", dice="2d6+1")

    assert result.response is not None
    assert not result.ephemeral
    assert result.response.content == "🎲 ⚁ ⚂ + 1 = **6**"


async def test_roll_without_notation_is_one_six_sided_die(room: Room) -> None:
    result = await room.alice.slash(room.channel, "roll")

    assert result.response is not None
    assert result.response.content == "🎲 ⚁ = **2**"


async def test_the_same_seed_rolls_the_same_dice(room: Room) -> None:
    first = await room.alice.slash(room.channel, "roll", dice="3d20kh2")
    seed_dice(room)
    second = await room.bob.slash(room.channel, "roll", dice="3d20kh2")

    assert first.response is not None
    assert second.response is not None
    assert first.response.content == second.response.content


async def test_bad_notation_is_answered_to_the_asker_alone(room: Room) -> None:
    result = await room.alice.slash(room.channel, "roll", dice="a lot")

    assert result.ephemeral
    assert result.response is not None
    assert "`a lot` is not a roll I know" in result.response.content


async def test_the_largest_roll_fits_in_a_message(room: Room) -> None:
    result = await room.alice.slash(room.channel, "roll", dice="50d1000kh1+10000")

    assert result.response is not None
    assert len(result.response.content) <= 2000
