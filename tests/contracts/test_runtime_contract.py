"""What every runtime promises, on the fake and on the running client's own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from local_discord.server import LocalDiscord, LocalPerson

from bot.ports.runtime import Runtime
from tests.fakes.fake_runtime import FakeRuntime
from tests.support.live_client import Home, run_client, use_own_cogs

GOOD = "async def setup(bot):\n    pass\n"
BAD = "async def setup(:"
GROUPED = """from discord import app_commands


async def setup(bot):
    group = app_commands.Group(name="dice", description="dice")

    @group.command()
    async def show(interaction):
        "Show."

    @app_commands.command()
    async def roll(interaction):
        "Roll."

    bot.tree.add_command(group)
    bot.tree.add_command(roll)
"""


class Rig:
    """A runtime, and a way to change what it runs."""

    def __init__(self, runtime: Runtime, write: Callable[[str, str], object]) -> None:
        self.runtime = runtime
        self.write = write


@pytest.fixture(params=["fake", "client"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Return a runtime that runs `cogs/dice.py`."""
    if request.param == "fake":
        fake = FakeRuntime()

        def told(_file: str, source: str) -> None:
            fake.failing = {"cogs.dice": "SyntaxError: invalid"} if source == BAD else {}

        yield Rig(fake, told)
        return
    people = [LocalPerson("alice", listed=True)]
    with use_own_cogs(tmp_path) as home:
        home.write("cogs/dice.py", GOOD)
        async with (
            LocalDiscord(people, token="local-token") as local,
            run_client(Home(tmp_path), local) as room,
        ):
            yield Rig(room.client.runtime, home.write)


async def test_a_changed_cog_is_named_by_its_module(rig: Rig) -> None:
    rig.write("cogs/dice.py", GOOD + "# changed\n")
    adoption = await rig.runtime.adopt(["cogs/dice.py", "tests/cogs/test_dice.py"])
    assert adoption.reloaded == ("cogs.dice",)
    assert (adoption.restart_needed, adoption.failed) == ((), {})


async def test_core_code_needs_a_restart_and_is_named_by_its_file(rig: Rig) -> None:
    adoption = await rig.runtime.adopt(["bot/domain/run.py"])
    assert adoption.restart_needed == ("bot/domain/run.py",)
    assert (adoption.reloaded, adoption.failed) == ((), {})


async def test_nothing_changed_is_nothing_done(rig: Rig) -> None:
    adoption = await rig.runtime.adopt([])
    assert (adoption.reloaded, adoption.restart_needed, adoption.failed) == ((), (), {})


async def test_the_same_change_again_is_harmless(rig: Rig) -> None:
    first = await rig.runtime.adopt(["cogs/dice.py"])
    assert await rig.runtime.adopt(["cogs/dice.py"]) == first


async def test_a_cog_that_does_not_load_is_named_with_the_reason_until_it_does(rig: Rig) -> None:
    rig.write("cogs/dice.py", BAD)
    adoption = await rig.runtime.adopt(["cogs/dice.py"])
    assert adoption.reloaded == ()
    assert "SyntaxError" in adoption.failed["cogs.dice"]
    rig.write("cogs/dice.py", GOOD)
    assert (await rig.runtime.adopt(["cogs/dice.py"])).reloaded == ("cogs.dice",)


async def test_commands_have_their_whole_names_and_their_cogs(rig: Rig) -> None:
    rig.write("cogs/dice.py", GROUPED)
    await rig.runtime.adopt(["cogs/dice.py"])
    assert rig.runtime.list_commands() == {"roll": "dice", "dice show": "dice"}
