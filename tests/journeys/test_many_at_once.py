"""Five requests at once."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import FLIP, GAMES, GREET, GUESS, SHARE, SPIN, Game
from tests.support.page_reader import get_text, is_proposal
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

WHO = {SPIN: "alice", FLIP: "carol", SHARE: "alice", GREET: "carol", GUESS: "alice"}


async def test_five_requests_at_once_get_five_threads_and_each_ends_in_its_own(
    tmp_path: Path,
) -> None:
    async with open_small_bot(tmp_path) as world:
        script: dict[str, object] = {}
        for game in GAMES:
            script |= game.script
            await world.break_command(game, WHO[game])
        world.write_script(script)
        threads = await asyncio.gather(
            *(world.people[WHO[game]].ask(game.report) for game in GAMES)
        )
        assert len(set(threads)) == len(GAMES)
        await asyncio.gather(
            *(world.alice.wait_for_proposal(thread, timeout=120) for thread in threads)
        )
        for thread, game in zip(threads, GAMES, strict=True):
            await _tells_only_of(world, thread, game)
        await _end_all(world, dict(zip(GAMES, threads, strict=True)))
        assert len(world.list_merges()) == 3
        assert sorted(state for _, state in world.list_pulls()) == ["closed"] * 2 + ["merged"] * 3
        await world.alice.check_wording()
        await world.wait_until_clean()


async def _tells_only_of(world: SmallBotHarness, thread: str, game: Game) -> None:
    """Check that every card of the thread is about that command and no other."""
    told = (await world.alice.read_transcript())[thread]
    assert sum(is_proposal(message) for message in told) == 1
    everything = "\n".join(get_text(message) for message in told)
    assert f"/{game.command}" in everything
    for other in GAMES:
        if other is not game:
            assert f"mend {other.command}" not in everything
            assert other.error not in everything


async def _end_all(world: SmallBotHarness, threads: dict[Game, str]) -> None:
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
        await world.alice.wait_until_live(threads[game])
        await world.check_command(game)
    for game in (GREET, GUESS):
        await world.alice.wait_for_end(threads[game])
    assert {run["status"] for run in world.list_runs()} == {"done", "rejected", "cancelled"}
