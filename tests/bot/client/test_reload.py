"""Changed files are reloaded while the bot runs; code that fails to load stays at its old
version.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest
from local_discord.server import LocalDiscord

from bot.domain.journal import ActionOutcome, Kind
from tests.support.live_client import Home, LiveClient, run_client

GREETER = """
import asyncio
import discord
from discord import app_commands
from discord.ext import commands
{imports}

class {cls}(commands.Cog):
    started = asyncio.Event()
    go = asyncio.Event()

    @app_commands.command(name="{name}")
    async def greet(self, interaction: discord.Interaction{options}) -> None:
        "Greet."
        await interaction.response.send_message({word})

    @app_commands.command(name="{second}")
    async def wait(self, interaction: discord.Interaction) -> None:
        "Wait."
        await interaction.response.defer(thinking=True)
        self.started.set()
        await self.go.wait()
        await interaction.followup.send("waited " + {word})

async def setup(bot: commands.Bot) -> None:
    await bot.add_cog({cls}())
"""


def greeter(
    word: str,
    *,
    name: str = "greet",
    second: str = "wait",
    cls: str = "Greeter",
    imports: str = "",
    options: str = "",
) -> str:
    parts = {"word": word, "name": name, "second": second, "cls": cls}
    return GREETER.format(**parts, imports=imports, options=options)


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/greeter.py", greeter('"hello"'))
    async with run_client(home, local) as room:
        yield room


async def greeting(room: LiveClient, name: str = "greet") -> str:
    return str((await room.alice.run("dev", name))["message"]["content"])


async def syncs(room: LiveClient) -> int:
    return len([e for e in await room.journal.list_by_kind(Kind.RELOAD) if e.name == "commands"])


async def test_a_changed_cog_runs_its_new_code(room: LiveClient) -> None:
    assert await greeting(room) == "hello"
    room.home.write("cogs/greeter.py", greeter('"good morning"'))
    adoption = await room.client.runtime.adopt(["cogs/greeter.py"])
    assert adoption.reloaded == ("cogs.greeter",)
    assert (adoption.failed, adoption.restart_needed) == ({}, ())
    assert await greeting(room) == "good morning"
    record = (await room.journal.list_by_kind(Kind.RELOAD))[1]
    assert (record.name, record.outcome) == ("cogs.greeter", ActionOutcome.OK)


async def test_changes_of_the_same_size_within_one_second_are_seen(room: LiveClient) -> None:
    path = room.home.root / "cogs/greeter.py"
    for word in ("aaaaa", "bbbbb", "ccccc"):
        room.home.write("cogs/greeter.py", greeter(f'"{word}"'))
        os.utime(path, (1_800_000_000, 1_800_000_000))
        await room.client.runtime.adopt(["cogs/greeter.py"])
        assert await greeting(room) == word


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def setup(:", "SyntaxError"),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("word = 1", "NoEntryPointError"),
        ("async def setup(bot):\n    raise OSError('no file')", "OSError: no file"),
    ],
)
async def test_a_cog_that_does_not_load_keeps_its_old_code_and_says_why(
    room: LiveClient, source: str, reason: str
) -> None:
    room.home.write("cogs/greeter.py", source)
    adoption = await room.client.runtime.adopt(["cogs/greeter.py"])
    assert adoption.reloaded == ()
    assert reason in adoption.failed["cogs.greeter"]
    assert await greeting(room) == "hello"
    record = (await room.journal.list_by_kind(Kind.RELOAD))[-1]
    assert (record.name, record.outcome) == ("cogs.greeter", ActionOutcome.ERROR)
    room.home.write("cogs/greeter.py", greeter('"mended"'))
    assert (await room.client.runtime.adopt(["cogs/greeter.py"])).failed == {}
    assert await greeting(room) == "mended"


@pytest.mark.parametrize(
    "error", ["SystemExit(1)", "KeyboardInterrupt", "GeneratorExit", "asyncio.CancelledError"]
)
@pytest.mark.parametrize("place", ["module", "setup", "cog_load"])
async def test_a_cog_that_ends_the_program_as_it_loads_keeps_its_old_code(
    room: LiveClient, place: str, error: str
) -> None:
    lines = {
        "module": f"raise {error}",
        "setup": f"async def setup(bot):\n    raise {error}",
        "cog_load": f"async def fail(self):\n    raise {error}\n\nGreeter.cog_load = fail",
    }
    room.home.write("cogs/greeter.py", f"{greeter('1')}\n\n{lines[place]}\n")
    adoption = await room.client.runtime.adopt(["cogs/greeter.py"])
    kind = error.rpartition(".")[2].removesuffix("(1)")
    assert adoption.failed["cogs.greeter"].startswith(f"{kind}: it ends the program while it loads")
    assert await greeting(room) == "hello"
    room.home.write("cogs/greeter.py", greeter('"mended"'))
    assert (await room.client.runtime.adopt(["cogs/greeter.py"])).failed == {}
    assert await greeting(room) == "mended"


async def test_a_cog_that_clashes_with_another_keeps_its_old_code(room: LiveClient) -> None:
    room.home.write("cogs/other.py", greeter('"x"', second="rest", cls="Other"))
    adoption = await room.client.runtime.adopt(["cogs/other.py"])
    assert "greet" in adoption.failed["cogs.other"]
    assert await greeting(room) == "hello"


async def test_a_new_cog_is_loaded_and_its_commands_are_shown(room: LiveClient) -> None:
    source = greeter('"new"', name="fresh", second="rest", cls="Fresh")
    adoption = await room.client.runtime.adopt([room.home.write("cogs/fresh.py", source)])
    assert adoption.reloaded == ("cogs.fresh",)
    assert await room.list_commands() == ["fresh", "greet", "rest", "wait"]
    assert await greeting(room, "fresh") == "new"


async def test_a_deleted_cog_is_unloaded_and_its_commands_go(room: LiveClient) -> None:
    adoption = await room.client.runtime.adopt([room.home.delete("cogs/greeter.py")])
    assert (adoption.reloaded, adoption.failed) == (("cogs.greeter",), {})
    assert await room.list_commands() == []
    assert list(room.client.extensions) == []


async def test_a_cog_that_was_never_loaded_and_is_gone_is_nothing(room: LiveClient) -> None:
    adoption = await room.client.runtime.adopt(["cogs/ghost.py"])
    assert adoption.failed == {}


async def test_a_cog_that_grew_into_a_package_is_reloaded_with_its_parts(room: LiveClient) -> None:
    room.home.delete("cogs/greeter.py")
    imports = "from cogs.greeter._words import WORD"
    changed = [
        "cogs/greeter.py",
        room.home.write("cogs/greeter/__init__.py", greeter("WORD", imports=imports)),
        room.home.write("cogs/greeter/_words.py", "WORD = 'one'"),
    ]
    adoption = await room.client.runtime.adopt(changed)
    assert adoption.reloaded == ("cogs.greeter",)
    assert await greeting(room) == "one"
    room.home.write("cogs/greeter/_words.py", "WORD = 'two'")
    await room.client.runtime.adopt(["cogs/greeter/_words.py"])
    assert await greeting(room) == "two"


async def test_discord_is_told_when_a_reload_changes_the_commands(room: LiveClient) -> None:
    assert await room.list_commands() == ["greet", "wait"]
    room.home.write("cogs/greeter.py", greeter('"hi"', name="salute"))
    await room.client.runtime.adopt(["cogs/greeter.py"])
    assert await room.list_commands() == ["salute", "wait"]
    room.home.write("cogs/greeter.py", greeter("whom", name="salute", options=", whom: str"))
    await room.client.runtime.adopt(["cogs/greeter.py"])
    assert (await room.alice.run("dev", "salute", whom="bob"))["message"]["content"] == "bob"


async def test_discord_is_not_told_when_the_commands_stay_the_same(room: LiveClient) -> None:
    fault = {"kind": "status", "status": 403, "path": "/applications/*", "times": None}
    await room.alice.call("POST", "/local/faults", fault)
    room.home.write("cogs/greeter.py", greeter('"hi"'))
    await room.client.runtime.adopt(["cogs/greeter.py"])
    assert await syncs(room) == 0
    assert await greeting(room) == "hi"


async def test_what_discord_could_not_be_told_it_is_told_with_the_next_reload(
    room: LiveClient,
) -> None:
    fault = {"kind": "status", "status": 403, "path": "/applications/*"}
    await room.alice.call("POST", "/local/faults", fault)
    room.home.write("cogs/greeter.py", greeter('"hi"', name="salute"))
    adoption = await room.client.runtime.adopt(["cogs/greeter.py"])
    assert adoption.reloaded == ("cogs.greeter",)
    assert await room.list_commands() == ["greet", "wait"]
    await room.client.runtime.adopt(["cogs/greeter.py"])
    assert await room.list_commands() == ["salute", "wait"]


async def test_a_command_under_way_ends_with_the_code_it_began_with(room: LiveClient) -> None:
    old = sys.modules["cogs.greeter"].Greeter
    await room.alice.run("dev", "wait")
    async with asyncio.timeout(20):
        await old.started.wait()
    room.home.write("cogs/greeter.py", greeter('"new"'))
    assert (await room.client.runtime.adopt(["cogs/greeter.py"])).reloaded == ("cogs.greeter",)
    assert await greeting(room) == "new"
    old.go.set()
    await room.alice.wait_for("dev", lambda m: m["content"] == "waited hello")
    record = await room.journal.wait_for(Kind.COMMAND, lambda action: action.name == "wait")
    assert record.outcome is ActionOutcome.OK


async def test_two_adoptions_at_once_go_one_after_the_other(room: LiveClient) -> None:
    room.home.write("cogs/greeter.py", greeter('"new"'))
    adoptions = (room.client.runtime.adopt(["cogs/greeter.py"]) for _ in range(3))
    for adoption in await asyncio.gather(*adoptions):
        assert (adoption.reloaded, adoption.failed) == (("cogs.greeter",), {})
    assert await greeting(room) == "new"


async def test_core_files_ask_for_a_restart_and_others_for_nothing(room: LiveClient) -> None:
    changed = [
        "bot/client/_client.py",
        "pyproject.toml",
        "data/config.yaml",
        "tests/cogs/test_greeter.py",
        "docs/architecture.md",
        "README.md",
        "cogs/notes.md",
        "packages/local_discord/local_discord/static/page.css",
    ]
    adoption = await room.client.runtime.adopt(changed)
    assert (adoption.reloaded, adoption.failed) == ((), {})
    assert adoption.restart_needed == (
        "bot/client/_client.py",
        "pyproject.toml",
        "data/config.yaml",
        "packages/local_discord/local_discord/static/page.css",
    )


SHARED = "from cogs.ui.words import WORD"


@pytest.fixture
async def sharing(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    """Write two cogs that share a helper."""
    home.write("cogs/ui/__init__.py", "")
    home.write("cogs/ui/words.py", "WORD = 'old'")
    home.write("cogs/_plain.py", "MARK = '.'")
    imports = f"{SHARED}\nfrom cogs._plain import MARK"
    home.write("cogs/greeter.py", greeter("WORD + MARK", imports=imports))
    other = greeter("WORD", name="other", second="rest", cls="Other", imports=SHARED)
    home.write("cogs/other.py", other)
    async with run_client(home, local) as room:
        yield room


async def test_what_cogs_share_is_taken_on_by_all_of_them(sharing: LiveClient) -> None:
    sharing.home.write("cogs/ui/words.py", "WORD = 'new'")
    adoption = await sharing.client.runtime.adopt(["cogs/ui/words.py", "cogs/greeter.py"])
    assert sorted(adoption.reloaded) == ["cogs.greeter", "cogs.other"]
    assert await greeting(sharing) == "new."
    assert await greeting(sharing, "other") == "new"
    sharing.home.write("cogs/_plain.py", "MARK = '!'")
    await sharing.client.runtime.adopt(["cogs/_plain.py"])
    assert await greeting(sharing) == "new!"


async def test_shared_code_that_does_not_load_leaves_everything_as_it_was(
    sharing: LiveClient,
) -> None:
    sharing.home.write("cogs/ui/words.py", "WORD = 'new")
    before = sys.modules["cogs.ui.words"]
    adoption = await sharing.client.runtime.adopt(["cogs/ui/words.py"])
    assert sorted(adoption.failed) == ["cogs.greeter", "cogs.other"]
    assert "SyntaxError" in adoption.failed["cogs.greeter"]
    assert sys.modules["cogs.ui.words"] is before
    assert await greeting(sharing) == "old."
    assert await greeting(sharing, "other") == "old"
    # An unrelated cog continues with the shared code that works.
    adoption = await sharing.client.runtime.adopt(["cogs/other.py"])
    assert adoption.reloaded == ("cogs.other",)


async def test_a_new_cog_comes_along_with_shared_code(sharing: LiveClient) -> None:
    source = greeter("WORD", name="fresh", second="nap", cls="Fresh", imports=SHARED)
    changed = [
        sharing.home.write("cogs/ui/words.py", "WORD = 'new'"),
        sharing.home.write("cogs/fresh.py", source),
    ]
    adoption = await sharing.client.runtime.adopt(changed)
    assert "cogs.fresh" in adoption.reloaded
    assert await greeting(sharing, "fresh") == "new"


async def test_with_cogs_named_in_the_configuration_others_are_left_alone(
    home: Home, local: LocalDiscord
) -> None:
    home.write("cogs/greeter.py", greeter('"hello"'))
    home.write("cogs/other.py", "raise SystemExit")
    async with run_client(home, local, extensions=["cogs.greeter"]) as room:
        adoption = await room.client.runtime.adopt(["cogs/other.py"])
        assert (adoption.reloaded, adoption.failed) == ((), {})
        assert list(room.client.extensions) == ["cogs.greeter"]
