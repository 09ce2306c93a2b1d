"""Acting as a GitHub App: its tokens come and go by themselves."""

import asyncio
from pathlib import Path

import pytest

from bot.adapters.forges.github import App
from bot.domain.errors import ConfigError, ForgeRejected
from tests.bot.adapters.forges.github.room import Room, room_on
from tests.fakes.fake_clock import FakeClock

TOKENS = "/access_tokens"


def app_of(room: Room) -> App:
    key = room.folder / "app.pem"
    key.write_text(room.twin.app.pem)
    return App(room.twin.app.id, room.twin.app.installation, key)


async def test_an_app_does_everything_a_token_does(room: Room) -> None:
    room.twin.choose(private=True)
    draft = room.change()
    async with room.forge(app_of(room), reviewers=("alice",)) as forge:
        opened = await forge.open_proposal(draft)
        room.twin.add_comment(opened.number, "alice", "and empty dice")
        assert [each.text for each in await forge.list_comments(opened.number)] == [
            "and empty dice"
        ]
        assert (await forge.merge(opened.number, draft.head)).state == "merged"
        assert "as App" in await forge.check_connection()
    assert room.asked("POST", TOKENS) == 1


async def test_many_requests_at_once_ask_for_one_token(room: Room) -> None:
    async with room.forge(app_of(room)) as forge:
        await asyncio.gather(*(forge.find(f"run{number}") for number in range(5)))
    assert room.asked("POST", TOKENS) == 1


async def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    clock = FakeClock()
    async with (
        room_on(tmp_path, now=clock.now) as room,
        room.forge(app_of(room), clock) as forge,
    ):
        await forge.find("k7m2xq")
        clock.tick(54 * 60)
        await forge.find("k7m2xq")
        assert room.asked("POST", TOKENS) == 1
        clock.tick(2 * 60)
        await forge.find("k7m2xq")
        assert room.asked("POST", TOKENS) == 2


async def test_a_token_that_was_revoked_is_replaced(room: Room) -> None:
    async with room.forge(app_of(room)) as forge:
        await forge.find("k7m2xq")
        for token in [token for token in room.twin.world.grants if token.startswith("ghs_")]:
            room.twin.revoke(token)
        assert await forge.find("k7m2xq") is None
    assert room.asked("POST", TOKENS) == 2


async def test_a_suspended_app_says_where_to_look(room: Room) -> None:
    room.twin.app.suspended = True
    async with room.forge(app_of(room)) as forge:
        with pytest.raises(ForgeRejected, match="suspended") as refused:
            await forge.check_connection()
    assert "private_key" in str(refused.value)


async def test_a_wrong_installation_is_named(room: Room) -> None:
    app_of(room)
    wrong = App(room.twin.app.id, 404, room.folder / "app.pem")
    async with room.forge(wrong) as forge:
        with pytest.raises(ForgeRejected, match="installation 404"):
            await forge.find("k7m2xq")


@pytest.mark.parametrize("content", [None, "not a key", ""])
async def test_a_key_that_is_none_is_named(room: Room, content: str | None) -> None:
    key = room.folder / "broken.pem"
    if content is not None:
        key.write_text(content)
    async with room.forge(App(1, 2, key)) as forge:
        with pytest.raises(ConfigError, match=r"broken\.pem") as wrong:
            await forge.find("k7m2xq")
    assert "private_key" in str(wrong.value)
