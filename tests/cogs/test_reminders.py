"""Reminders: delays, words, and reminders that outlive the bot that took them."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cogs.reminders import (
    DelayError,
    add_up,
    clip,
    compute_wait,
    describe_delivery,
    describe_reminder,
    format_duration,
    parse_delay,
)
from tests.cogs.room import Room, open_room


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("10m", 600),
        ("90 min", 5400),
        ("5 Minutes", 300),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1 hr 15 mins", 4500),
        ("3d", 259_200),
        ("2 days", 172_800),
        ("1 week", 604_800),
    ],
)
def test_a_delay_is_read(text: str, seconds: int) -> None:
    assert parse_delay(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "10", "m", "10 m ago", "10x", "-5m", "1.5h", "٣m"])
def test_what_is_not_a_delay_gets_an_answer_with_examples(text: str) -> None:
    with pytest.raises(DelayError, match="1h30m"):
        parse_delay(text)


@pytest.mark.parametrize("text", ["0s", "4s", "367d", "999999 weeks"])
def test_a_delay_too_short_or_long_is_refused(text: str) -> None:
    with pytest.raises(DelayError, match="between 5 seconds and a year"):
        parse_delay(text)


def test_amounts_are_added_up() -> None:
    assert add_up([(1, "d"), (2, "h"), (3, "min"), (4, "sec")]) == 93_784


@pytest.mark.parametrize(
    ("seconds", "phrase"),
    [
        (60, "1 min"),
        (600, "10 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 d"),
        (95_000, "1 d 2 h"),
    ],
)
def test_a_stretch_of_time_is_told_in_its_two_largest_units(seconds: int, phrase: str) -> None:
    assert format_duration(seconds) == phrase


def reminder(**changes: Any) -> dict[str, Any]:
    return {"id": 7, "user": 42, "channel": 1, "due": 10_000, "about": "stand-up", **changes}


def test_a_reminder_is_described_by_number_words_and_time_left() -> None:
    assert describe_reminder(reminder(), 9_400) == "**#7** stand-up, in 10 min"


def test_a_delivery_in_time_says_nothing_about_being_late() -> None:
    assert describe_delivery(reminder(), 10_030) == "⏰ <@42> stand-up"


def test_a_late_delivery_says_by_how_much() -> None:
    text = describe_delivery(reminder(), 10_000 + 7200)
    assert text.startswith("⏰ <@42> stand-up\n")
    assert "2 h late" in text


@pytest.mark.parametrize(
    ("due_times", "wait"), [([], 3600), ([1100], 100), ([900], 0), ([9000, 1200], 200)]
)
def test_the_wait_ends_with_the_next_reminder(due_times: list[int], wait: int) -> None:
    assert compute_wait(due_times, 1000) == wait


def test_a_long_list_is_cut_at_the_end_of_a_line() -> None:
    text = clip("\n".join(["x" * 99] * 30))
    assert len(text) <= 2000
    assert text.endswith("x\n…")
    assert clip("short") == "short"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room("cogs.reminders", tmp_path) as room:
        yield room


async def remind(room: Room, delay: str, about: str) -> str:
    result = await room.alice.slash(room.channel, "remind", **{"in": delay}, about=about)
    assert result.response is not None
    return result.response.content


async def listed(room: Room) -> str:
    result = await room.alice.slash(room.channel, "reminders list")
    assert result.ephemeral
    assert result.response is not None
    return result.response.content


async def test_a_reminder_comes_when_it_is_due_and_only_once(room: Room) -> None:
    answer = await remind(room, "10m", "stand-up")
    assert answer.startswith("I'll remind you in 10 min")

    await room.env.advance_time(595)
    assert len(room.said()) == 1
    await room.env.advance_time(10)
    await room.env.advance_time(3600)

    assert room.said()[1:] == [f"⏰ <@{room.alice.id}> stand-up"]
    assert "no reminders" in await listed(room)


async def test_a_nearer_reminder_set_later_is_not_kept_waiting(room: Room) -> None:
    await remind(room, "2h", "tea")
    await remind(room, "1m", "stand-up")

    await room.env.advance_time(65)

    assert "stand-up" in room.said()[-1]


async def test_reminders_are_listed_next_first(room: Room) -> None:
    await remind(room, "2h", "tea")
    await remind(room, "10m", "stand-up")

    assert await listed(room) == "**#2** stand-up, in 10 min\n**#1** tea, in 2 h"


async def test_a_cancelled_reminder_never_comes(room: Room) -> None:
    await remind(room, "10m", "stand-up")
    result = await room.alice.slash(room.channel, "reminders cancel", id=1)
    assert result.response is not None
    assert result.response.content.startswith("Cancelled: **#1** stand-up")

    await room.env.advance_time(700)

    assert len(room.said()) == 1


async def test_a_reminder_missed_during_a_restart_is_delivered_late_and_says_so(room: Room) -> None:
    await remind(room, "10m", "stand-up")
    await room.restart(away=7200)

    assert "stand-up" in room.said()[-1]
    assert "1 h 50 min late" in room.said()[-1]


async def test_a_reminder_waits_while_discord_fails(room: Room) -> None:
    await remind(room, "10m", "stand-up")
    room.env.inject_error("POST", "/channels/*/messages", status=500, times=5)

    await room.env.advance_time(610)
    assert len(room.said()) == 1
    await room.env.advance_time(300)

    assert room.said()[1].startswith(f"⏰ <@{room.alice.id}> stand-up")
    assert len(room.said()) == 2


async def test_a_reminder_that_cannot_be_said_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with open_room("cogs.reminders", tmp_path, errors_expected=True) as room:
        await remind(room, "10m", "spoilt")
        await remind(room, "11m", "stand-up")
        with closing(sqlite3.connect(tmp_path / "reminders.sqlite3")) as file:
            file.execute("UPDATE reminder SET user = 'nobody' WHERE id = 1")
            file.commit()
        await room.env.advance_time(605)
        await room.env.advance_time(120)

        assert room.said()[-1] == f"⏰ <@{room.alice.id}> stand-up"
        assert "task" in {action.kind.value for action in room.journal.actions if action.error}


async def test_a_reminder_is_sent_under_a_nonce_so_that_a_repeat_is_not_shown(room: Room) -> None:
    await remind(room, "10m", "stand-up")
    await room.env.advance_time(610)

    [sent] = [
        request.json
        for request in room.env.http_requests
        if request.method == "POST" and request.path.endswith("/messages")
    ]
    assert isinstance(sent, dict)
    assert sent["nonce"] == "reminder-1"
    assert sent["enforce_nonce"] is True


async def test_a_bad_delay_is_answered_to_the_asker_alone(room: Room) -> None:
    result = await room.alice.slash(room.channel, "remind", **{"in": "soon"}, about="tea")

    assert result.ephemeral
    assert "no reminders" in await listed(room)


async def test_nobody_can_keep_more_than_25(room: Room) -> None:
    cog: Any = room.bot.get_cog("Reminders")
    for _ in range(25):
        await cog.key_values.add(room.alice.id, room.channel.id, 2_000_000_000, "tea")

    assert "25 reminders already" in await remind(room, "2h", "one more")
