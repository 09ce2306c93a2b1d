"""Polls: counting, and buttons that outlive a restart."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest

from cogs.polls import (
    OptionsError,
    compute_percentages,
    describe_results,
    describe_tally,
    draw_bar,
    format_voters,
    parse_options,
    read_press,
    refuse_close,
    tally,
)
from tests.cogs.room import Room, open_room


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("tea | coffee", ["tea", "coffee"]),
        ("tea;coffee;  iced   tea ", ["tea", "coffee", "iced tea"]),
        ("tea | coffee | tea | | ", ["tea", "coffee"]),
    ],
)
def test_options_are_read(text: str, options: list[str]) -> None:
    assert parse_options(text) == options


@pytest.mark.parametrize("text", ["", "tea", "tea | tea", "|;|", "|".join("abcdefghijk")])
def test_too_few_or_too_many_options_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(OptionsError, match="2 to 10 different options"):
        parse_options(text)


def test_a_long_option_is_refused() -> None:
    with pytest.raises(OptionsError, match="too long"):
        parse_options("x" * 61 + " | tea")


def test_votes_are_counted_in_the_options_order() -> None:
    assert tally(["tea", "coffee", "tea"], ["coffee", "milk", "tea"]) == [1, 0, 2]
    assert tally([], ["coffee", "tea"]) == [0, 0]


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([1, 3], [25, 75]),
        ([1, 1, 1], [34, 33, 33]),
        ([0, 5], [0, 100]),
        ([2, 3, 2], [29, 43, 28]),
    ],
)
def test_percentages_add_up_to_100(counts: list[int], shares: list[int]) -> None:
    assert compute_percentages(counts) == shares


@pytest.mark.parametrize(
    ("count", "highest", "drawn"), [(0, 0, "░" * 12), (4, 4, "█" * 12), (1, 2, "██████░░░░░░")]
)
def test_a_bar_is_as_long_as_its_share_of_the_highest(count: int, highest: int, drawn: str) -> None:
    assert draw_bar(count, highest) == drawn


def test_voters_are_counted_in_words() -> None:
    assert [format_voters(count) for count in (0, 1, 2)] == ["no votes yet", "1 vote", "2 votes"]


def test_the_tally_shows_a_bar_and_a_count() -> None:
    assert describe_tally(["tea", "milk"], [2, 0]) == (
        "tea\n`████████████` 2\nmilk\n`░░░░░░░░░░░░` 0"
    )


def test_results_start_with_the_leading_option() -> None:
    assert describe_results(["tea", "milk", "juice"], [1, 2, 1]) == (
        "50 % milk (2)\n25 % tea (1)\n25 % juice (1)"
    )


@pytest.mark.parametrize(
    ("custom_id", "press"),
    [("poll:12:3", (12, 3)), ("poll:12", None), ("approve:12:3", None), ("", None)],
)
def test_only_vote_buttons_are_read(custom_id: str, press: tuple[int, int] | None) -> None:
    assert read_press(custom_id) == press


@pytest.mark.parametrize(
    ("poll", "user", "moderator", "answer"),
    [
        ({"author": 1, "closed": 0}, 1, False, ""),
        ({"author": 1, "closed": 0}, 2, True, ""),
        ({"author": 1, "closed": 0}, 2, False, "Only who asked"),
        ({"author": 1, "closed": 1}, 1, False, "closed already"),
        (None, 1, False, "no poll with that number"),
    ],
)
def test_who_may_close_a_poll(poll: Any, user: int, moderator: bool, answer: str) -> None:
    refusal = refuse_close(poll, user, moderator)
    assert answer in refusal
    assert bool(refusal) == bool(answer)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room("cogs.polls", tmp_path) as room:
        yield room


async def post_poll(room: Room) -> discord.Message:
    result = await room.alice.slash(
        room.channel, "poll create", question="Drink?", options="tea | coffee"
    )
    assert result.response is not None
    assert len(result.response.components[0]["components"]) == 2
    return result.response.message


def shown(room: Room) -> str:
    """The first message of the channel, which is the poll's card, as text."""
    embed = room.channel.history()[0].embeds[0]
    return f"{embed.title}\n{embed.description}\n{embed.footer.text}"


async def results(room: Room) -> str:
    result = await room.bob.slash(room.channel, "poll results", id=1)
    assert result.ephemeral
    assert result.response is not None
    return result.response.content


async def test_a_poll_shows_its_question_and_an_empty_tally(room: Room) -> None:
    await post_poll(room)

    assert "📊 Drink?" in shown(room)
    assert "Poll 1 · no votes yet" in shown(room)


async def test_votes_show_on_the_message(room: Room) -> None:
    poll = await post_poll(room)
    await room.alice.click(poll, label="tea")
    await room.bob.click(poll, label="tea")

    assert "tea\n`████████████` 2" in shown(room)
    assert "2 votes" in shown(room)


async def test_a_person_has_one_vote_and_can_change_it(room: Room) -> None:
    poll = await post_poll(room)
    await room.alice.click(poll, label="tea")
    await room.alice.click(poll, label="coffee")
    await room.alice.click(poll, label="coffee")

    assert "tea\n`░░░░░░░░░░░░` 0\ncoffee\n`████████████` 1" in shown(room)


async def test_buttons_and_votes_outlive_a_restart(room: Room) -> None:
    poll = await post_poll(room)
    await room.alice.click(poll, label="tea")

    await room.restart()
    await room.bob.click(poll, label="coffee")

    assert "tea\n`████████████` 1\ncoffee\n`████████████` 1" in shown(room)


async def test_results_are_shown_to_the_asker_alone(room: Room) -> None:
    poll = await post_poll(room)
    await room.alice.click(poll, label="coffee")

    assert await results(room) == "**Drink?** (1 vote, so far)\n100 % coffee (1)\n0 % tea (0)"


async def test_results_of_an_unknown_poll_are_refused(room: Room) -> None:
    assert "no poll with that number" in await results(room)


async def test_a_closed_poll_shows_the_result_and_takes_no_more_votes(room: Room) -> None:
    poll = await post_poll(room)
    await room.bob.click(poll, label="coffee")

    result = await room.alice.slash(room.channel, "poll close", id=1)

    assert result.response is not None
    assert "is closed (1 vote)" in result.response.content
    assert "100 % coffee (1)" in result.response.content
    assert "closed" in shown(room)
    assert room.channel.history()[0].components == []


async def test_only_who_asked_can_close_a_poll(room: Room) -> None:
    await post_poll(room)

    result = await room.bob.slash(room.channel, "poll close", id=1)

    assert result.ephemeral
    assert result.response is not None
    assert "Only who asked" in result.response.content


async def test_bad_options_make_no_poll(room: Room) -> None:
    result = await room.alice.slash(room.channel, "poll create", question="Tea?", options="yes")

    assert result.ephemeral
    assert "no poll with that number" in await results(room)
