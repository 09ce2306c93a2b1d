"""A process names the commit whose core code it runs, not the one that waits for a restart."""

from pathlib import Path

from bot.hot_reload.running_code import RunningCode
from tests.bot.hot_reload.hot_reload_room import hot_room
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_runtime import FakeRuntime


async def _pushed(checkout: FakeCheckout, *files: str) -> str:
    commit = checkout.advance(dict.fromkeys(files, "x"))
    await checkout.fast_forward(commit)
    return commit


async def test_a_reloaded_cog_moves_the_commit_and_core_code_does_not(tmp_path: Path) -> None:
    checkout = FakeCheckout(files={})
    async with hot_room(tmp_path) as room:
        code = RunningCode(checkout, await checkout.get_head())
        code.attach(FakeRuntime(), room.registry)
        cog = await _pushed(checkout, "cogs/dice.py")
        await code.adopt(("cogs/dice.py",))
        assert code.commit == cog
        await _pushed(checkout, "bot/domain/run.py")
        await code.adopt(("bot/domain/run.py",))
        assert (code.commit, code.awaiting_restart) == (cog, {"bot/domain/run.py"})


async def test_after_a_refused_restart_the_commit_is_the_one_that_runs(tmp_path: Path) -> None:
    checkout = FakeCheckout(files={})
    async with hot_room(tmp_path) as room:
        before = await checkout.get_head()
        code = RunningCode(checkout, before)
        code.attach(FakeRuntime(), room.registry)
        await _pushed(checkout, "bot/domain/run.py", "cogs/dice.py")
        await code.adopt(("bot/domain/run.py", "cogs/dice.py"))
        assert code.commit == before
        checkout.history.pop()  # the supervisor puts the checkout back
        await code.leave_refused()
        assert (code.commit, code.awaiting_restart) == (before, set())
        later = await _pushed(checkout, "cogs/polls.py")
        await code.adopt(("cogs/polls.py",))
        assert code.commit == later
