"""`/quote` while the service wants to be left alone for a while."""

from pathlib import Path

import pytest
from theseus_rehearsal.records import WebAnswer

from cogs.quotes import SOURCE
from tests.cogs.room import open_room

QUOTE = WebAnswer(url=SOURCE, body='{"quote": "Know thyself.", "author": "Thales"}')


def limited(wait: str) -> WebAnswer:
    return WebAnswer(url=SOURCE, status=429, headers={"Retry-After": wait})


@pytest.mark.parametrize(
    ("web", "shown"),
    [
        ([limited("0"), QUOTE], "— Thales"),
        ([limited("0")], "wants a break. Try again later."),
        ([limited("30"), QUOTE], "wants a break. Try again in 30 s."),
        ([limited("tomorrow"), QUOTE], "wants a break. Try again later."),
    ],
)
async def test_a_short_wait_is_waited_for_once_and_a_long_one_told(
    web: list[WebAnswer], shown: str, tmp_path: Path
) -> None:
    async with open_room("cogs.quotes", tmp_path, web=web) as room:
        answer = await room.alice.slash(room.channel, "quote")
        assert shown in room.shown(answer)
