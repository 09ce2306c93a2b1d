"""Five requests at once."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import FLIP, GAMES, GREET, GUESS, SHARE, SPIN, Game
from tests.support.page_reader import is_proposal, text_of
from tests.support.small_world import SmallWorld, small_world

pytestmark = pytest.mark.slow

WHO = {SPIN: "alice", FLIP: "carol", SHARE: "alice", GREET: "carol", GUESS: "alice"}


async def test_five_requests_at_once_get_five_threads_and_each_ends_in_its_own(
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path) as world:
        script: dict[str, object] = {}
        for game in GAMES:
            script |= game.script
            await world.break_it(game, WHO[game])
        world.script(script)
        threads = await asyncio.gather(
            *(world.people[WHO[game]].ask(game.complaint) for game in GAMES)
        )
        assert len(set(threads)) == len(GAMES)
        await asyncio.gather(*(world.alice.proposal(thread, timeout=120) for thread in threads))
        for thread, game in zip(threads, GAMES, strict=True):
            await _tells_only_of(world, thread, game)
        await _end_all(world, dict(zip(GAMES, threads, strict=True)))
        assert len(world.merges()) == 3
        assert sorted(state for _, state in world.pulls()) == ["closed"] * 2 + ["merged"] * 3
        await world.alice.reads_well()
        await world.nothing_left()


async def _tells_only_of(world: SmallWorld, thread: str, game: Game) -> None:
    """Check that every card of the thread is about that command and no other."""
    told = (await world.alice.transcript())[thread]
    assert sum(is_proposal(message) for message in told) == 1
    everything = "\n".join(text_of(message) for message in told)
    assert f"/{game.command}" in everything
    for other in GAMES:
        if other is not game:
            assert f"mend {other.command}" not in everything
            assert other.error not in everything


async def _end_all(world: SmallWorld, threads: dict[Game, str]) -> None:
    """Ship three at once, reject one, cancel one."""
    await asyncio.gather(
        *(
            world.people[WHO[game]].person.say(threads[game], "ship it")
            for game in (SPIN, FLIP, SHARE)
        ),
        world.carol.person.say(threads[GREET], "reject"),
        world.alice.person.say(threads[GUESS], "cancel"),
    )
    for game in (SPIN, FLIP, SHARE):
        await world.alice.live(threads[game])
        await world.works(game)
    for game in (GREET, GUESS):
        await world.alice.ended(threads[game])
    assert {run["status"] for run in world.runs()} == {"done", "rejected", "cancelled"}
