"""The room itself: what people can do and read in it is what they can on Discord."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from theseus_rehearsal.records import WebAnswer

from cogs.quotes import SOURCE
from tests.cogs.room import Room, open_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room("cogs.polls", tmp_path) as room:
        yield room


async def test_who_joins_may_do_what_they_are_let_and_has_their_roles(room: Room) -> None:
    carol = room.join("carol", "manage_messages", roles=["crew"])
    told = carol.member
    assert told is not None
    assert told.guild_permissions.manage_messages
    assert "crew" in [role.name for role in told.roles]
    assert room.role("crew").id == room.role("crew").id
    assert room.alice.member is not None
    assert not room.alice.member.guild_permissions.manage_messages


async def test_what_is_said_mentions_whom_it_names(room: Room) -> None:
    crew, elsewhere = room.role("crew"), room.text_channel("elsewhere")
    first = await room.say(room.alice, "@bob, @crew and @nobody", channel=elsewhere)
    again = await room.say(room.bob, "yes", reply_to=first, channel=room.text_channel("elsewhere"))

    assert first.content == f"{room.bob.mention}, {crew.mention} and @nobody"
    assert again.reference is not None
    assert again.reference.message_id == first.id
    assert room.said() == []


async def test_an_answer_is_all_that_can_be_read_of_it(room: Room) -> None:
    options = {"question": "Tea?", "options": "yes | no"}
    answer = await room.alice.slash(room.channel, "poll create", **options)
    assert "📊 Tea?" in room.shown(answer)
    assert "yes\nno" in room.shown(answer)

    vote = await room.press(room.bob, "no")
    assert "1 vote" in room.shown(vote)

    with pytest.raises(AssertionError, match="nothing shows 'maybe'"):
        await room.press(room.bob, "maybe")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (WebAnswer(url=SOURCE, status=503), "ClientResponseError"),
        (WebAnswer(url=SOURCE, error="timeout"), "TimeoutError"),
        (WebAnswer(url=SOURCE, error="refused"), "ClientConnectorError"),
        (WebAnswer(url="https://elsewhere.example/"), "ClientConnectorDNSError"),
    ],
)
async def test_a_cog_meets_what_a_service_answered(
    answer: WebAnswer, error: str, tmp_path: Path
) -> None:
    async with open_room("cogs.quotes", tmp_path, web=[answer], errors_expected=True) as room:
        await room.alice.slash(room.channel, "quote")
        [failed] = [action.error for action in room.journal.actions if action.error]
    assert failed.exception.rpartition(".")[2] == error


async def test_the_same_request_gets_the_next_answer_and_the_last_again(tmp_path: Path) -> None:
    web = [WebAnswer(url=SOURCE, body=f'{{"quote": "{each}"}}') for each in ("One.", "Two.")]
    async with open_room("cogs.quotes", tmp_path, web=web) as room:
        answers = [await room.alice.slash(room.channel, "quote") for _ in range(3)]
        assert [room.shown(each).split("\n")[0] for each in answers] == [
            "> One.",
            "> Two.",
            "> Two.",
        ]


async def test_with_a_seed_luck_is_the_same_each_time_and_only_inside(tmp_path: Path) -> None:
    told = []
    for number in range(2):
        async with open_room("cogs.dice", tmp_path / str(number), seed=0) as room:
            told.append(room.shown(await room.alice.slash(room.channel, "roll", dice="20d1000")))
    assert told[0] == told[1]
    assert random.Random().random() != random.Random().random()
