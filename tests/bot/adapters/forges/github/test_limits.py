"""Rate limits, ETags, trouble at GitHub and on the way there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.adapters.forges.github import GithubForge, Token
from bot.domain.errors import ForgeRejected, ForgeUnavailable
from tests.bot.adapters.forges.github.room import Room, room_on
from tests.fakes.fake_clock import START, FakeClock

T = TypeVar("T")


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock that the twin and the forge share."""
    return FakeClock()


@pytest.fixture
async def room(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Room]:
    """Return a room whose clock does not move."""
    async with room_on(tmp_path, now=clock.now) as room:
        yield room


@pytest.fixture
async def forge(room: Room, clock: FakeClock) -> AsyncIterator[GithubForge]:
    """Return a forge in it, with one proposal."""
    async with room.forge(clock=clock) as forge:
        await forge.open_proposal(room.change())
        yield forge


async def with_time(clock: FakeClock, call: Awaitable[T]) -> T:
    """Return what a call returns, moving time along whenever it waits."""
    calling = asyncio.ensure_future(call)
    async with asyncio.timeout(20):
        while not calling.done():
            await asyncio.sleep(0.001)
            if clock.sleepers:
                await clock.advance(1)
    return await calling


async def test_asking_again_costs_nothing_while_nothing_changed(
    room: Room, forge: GithubForge
) -> None:
    await forge.get_proposal(1)
    first = await forge.get_proposal(1)  # GitHub finds out whether it merges when it is looked at
    used, asked = room.twin.faults.rates["core"].used, len(room.twin.requests)
    assert await forge.get_proposal(1) == first
    again = room.twin.requests[asked:]
    assert {request.status for request in again} == {304}
    assert room.twin.faults.rates["core"].used == used
    room.twin.check(first.head, "tests")
    assert (await forge.get_proposal(1)).checks == "pending"


async def test_a_used_up_limit_is_told_with_its_time_and_kept_to(
    room: Room, forge: GithubForge, clock: FakeClock
) -> None:
    room.twin.faults.exhaust_limit(START + timedelta(minutes=12))
    with pytest.raises(ForgeUnavailable, match=r"14:12:00 UTC \(in 12 min\)"):
        await forge.get_proposal(1)
    asked = len(room.twin.requests)
    clock.tick(11 * 60)
    for _ in range(3):
        with pytest.raises(ForgeUnavailable, match=r"14:12:00 UTC \(in 60 s\)"):
            await forge.get_proposal(1)
    assert len(room.twin.requests) == asked
    clock.tick(61)
    assert (await forge.get_proposal(1)).number == 1


async def test_a_used_up_limit_of_graphql_is_none_of_rest(
    room: Room, forge: GithubForge, clock: FakeClock
) -> None:
    room.twin.faults.exhaust_limit(START + timedelta(minutes=12), "graphql")
    with pytest.raises(ForgeUnavailable, match="14:12"):
        await forge.publish(1)
    asked = room.asked("POST", "/graphql")
    with pytest.raises(ForgeUnavailable, match="14:12"):
        await forge.publish(1)
    assert room.asked("POST", "/graphql") == asked
    assert (await forge.get_proposal(1)).draft
    clock.tick(12 * 60 + 1)
    assert not (await forge.publish(1)).draft


@pytest.mark.parametrize("status", [403, 429])
async def test_a_secondary_limit_is_kept_to_everywhere(
    room: Room, forge: GithubForge, clock: FakeClock, status: int
) -> None:
    room.twin.faults.limit_rate(30, status=status, path="/pulls/1$")
    with pytest.raises(ForgeUnavailable, match="in 30 s"):
        await forge.get_proposal(1)
    asked = len(room.twin.requests)
    with pytest.raises(ForgeUnavailable, match="in 30 s"):
        await forge.find("k7m2xq")
    assert len(room.twin.requests) == asked
    clock.tick(31)
    assert (await forge.get_proposal(1)).number == 1


async def test_a_secondary_limit_without_a_time_is_waited_for_ever_longer(
    room: Room, forge: GithubForge, clock: FakeClock
) -> None:
    room.twin.faults.limit_rate(None, times=2, path="/pulls/1$")
    with pytest.raises(ForgeUnavailable, match="in 60 s"):
        await forge.get_proposal(1)
    clock.tick(61)
    with pytest.raises(ForgeUnavailable, match="in 2 min"):
        await forge.get_proposal(1)
    clock.tick(121)
    assert (await forge.get_proposal(1)).number == 1


async def test_a_short_trouble_is_not_noticed(
    room: Room, forge: GithubForge, clock: FakeClock
) -> None:
    room.twin.faults.fail(502, 2, path="/pulls/1$")
    room.twin.faults.cut(path="/check-runs$")
    assert (await with_time(clock, forge.get_proposal(1))).number == 1


async def test_a_long_trouble_is_said(room: Room, forge: GithubForge, clock: FakeClock) -> None:
    room.twin.faults.fail(503, 9, path="/pulls/1$")
    before = room.asked("GET", "/pulls/1")
    with pytest.raises(ForgeUnavailable, match="503"):
        await with_time(clock, forge.get_proposal(1))
    assert room.asked("GET", "/pulls/1") - before == 4


async def test_a_github_that_is_not_there_is_said(room: Room, clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with room.forge(clock=clock, api_url=f"http://127.0.0.1:{port}/api/v3") as forge:
        with pytest.raises(ForgeUnavailable, match="cannot be reached"):
            await with_time(clock, forge.check_connection())


async def test_what_is_not_githubs_answer_is_said(room: Room, forge: GithubForge) -> None:
    room.twin.faults.fail(200, path="/pulls/1$")
    with pytest.raises(ForgeUnavailable, match="did not understand"):
        await forge.get_proposal(1)
    assert (await forge.get_proposal(1)).number == 1


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
async def test_no_proxy_is_asked_for_this_very_machine(
    room: Room, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with room.forge(clock=clock) as forge:
        assert (await forge.open_proposal(room.change())).state == "open"


async def test_a_token_that_is_not_accepted_says_where_to_mend_it(
    room: Room, forge: GithubForge
) -> None:
    room.twin.revoke()
    for call in (
        forge.get_proposal(1),
        forge.publish(1),
        forge.check_connection(),
        forge.find("k7m2xq"),
    ):
        with pytest.raises(ForgeRejected, match=r"401.*GITHUB_TOKEN"):
            await call


async def test_long_lists_are_read_to_their_end(room: Room, forge: GithubForge) -> None:
    head = (await forge.get_proposal(1)).head
    for number in range(150):
        room.twin.check(head, f"check {number}", "success")
    assert (await forge.get_proposal(1)).checks == "passed"
    room.twin.check(head, "check 0", "failure")
    assert (await forge.get_proposal(1)).checks == "failed"


async def test_ready_tells_who_we_are_and_what_is_open(room: Room, forge: GithubForge) -> None:
    assert await forge.check_connection() == (
        "GitHub theseus/ship as theseus-bot, default branch main, 1 open"
    )


@pytest.mark.parametrize("private", [False, True])
async def test_ready_notices_a_token_that_cannot_push(room: Room, private: bool) -> None:
    room.twin.choose(private=private)
    room.twin.grant_token("reader", "theseus-bot", contents="read")
    async with room.forge(Token("reader")) as forge:
        with pytest.raises(ForgeRejected, match="Contents: read and write"):
            await forge.check_connection()
