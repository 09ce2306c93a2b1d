"""Cogs that would not load are found out in a process of their own, whatever they do there."""

from pathlib import Path

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.client.cog_check import LIMITS, CogCheck

GOOD = "async def setup(bot):\n    pass\n"
ROLL = """from discord import app_commands
from discord.ext import commands


class {name}(commands.Cog):
    @app_commands.command()
    async def roll(self, interaction):
        "Roll."


async def setup(bot):
    await bot.add_cog({name}())
"""
PARTS = """class NeedsAll:
    pass


async def setup(bot):
    await bot.agent.audit()
"""


class Cogs:
    """A folder of cogs, and the check that tries them; an endless loop is aborted after some
    seconds.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.check = CogCheck(
            root, PlainSandbox(), limits=LIMITS.replace(seconds=8.0, memory_mb=512)
        )
        self.write("cogs/__init__.py", "")

    def write(self, path: str, source: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source if isinstance(source, bytes) else source.encode())


@pytest.fixture
def cogs(tmp_path: Path) -> Cogs:
    return Cogs(tmp_path)


async def test_what_does_not_compile_is_refused_with_file_and_line(cogs: Cogs) -> None:
    cogs.write("cogs/dice.py", "async def setup(:\n")
    cogs.write("cogs/polls/__init__.py", GOOD)
    cogs.write("cogs/polls/_parts.py", b"x = 1\n\xff\n")
    cogs.write("cogs/half.py", GOOD[:15])
    found = await cogs.check(["dice", "polls", "half"])
    assert found["half"].startswith("cogs/half.py, line 1: SyntaxError:")
    assert found["dice"].startswith("cogs/dice.py, line 1: SyntaxError:")
    assert found["polls"].startswith("cogs/polls/_parts.py: UnicodeDecodeError")


@pytest.mark.slow
async def test_each_cog_is_judged_for_itself(cogs: Cogs) -> None:
    cogs.write("cogs/dice.py", ROLL.format(name="Dice"))
    cogs.write("cogs/second.py", ROLL.format(name="Second"))
    cogs.write("cogs/imports.py", "import nothing_of_that_name\n" + GOOD)
    cogs.write("cogs/raises.py", "async def setup(bot):\n    raise RuntimeError('no dice')\n")
    cogs.write("cogs/lacks.py", "x = 1\n")
    cogs.write("cogs/typed.py", "setup = 1\n")
    cogs.write("cogs/exits.py", "raise SystemExit(3)\n")
    cogs.write("cogs/parts.py", PARTS)
    cogs.write("cogs/good.py", GOOD)
    names = ["second", "imports", "raises", "lacks", "typed", "exits", "parts", "good"]
    found = await cogs.check(names)
    assert set(found) == {"second", "imports", "raises", "lacks", "typed", "exits"}
    assert found["typed"] == "TypeError: 'int' object is not callable"
    assert "'roll' already" in found["second"]
    assert found["imports"].startswith(
        "ModuleNotFoundError: No module named 'nothing_of_that_name'"
    )
    assert found["raises"] == "RuntimeError: no dice"
    assert "no 'setup'" in found["lacks"]
    assert found["exits"].startswith("SystemExit")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("while True:\n    pass\n", "it did not load within 8 s"),
        ("import os\nos._exit(0)\n", "ended with status 0"),
        ("import os\nos.kill(os.getpid(), 9)\n", "the process that tried it ended with status"),
        ("x = ['y' * 1_000_000 for _ in range(100_000)]\n", "MemoryError|ended with status"),
    ],
)  # fmt: skip
async def test_one_that_takes_the_process_with_it_is_named_and_the_others_are_tried(
    cogs: Cogs, source: str, reason: str
) -> None:
    cogs.write("cogs/bad.py", source)
    cogs.write("cogs/good.py", GOOD)
    cogs.write("cogs/raises.py", "raise RuntimeError('no')\n")
    found = await cogs.check(["bad", "good", "raises"])
    assert set(found) == {"bad", "raises"}
    assert any(each in found["bad"] for each in reason.split("|"))


ENDING_LATER = """import asyncio
import sys
from discord.ext import commands, tasks


class Ending(commands.Cog):
    async def cog_load(self):
        {begin}

    @tasks.loop(seconds=60)
    async def turn(self):
        pass

    @turn.before_loop
    async def leave(self):
        {end}


async def setup(bot):
    await bot.add_cog(Ending())
    await asyncio.sleep({wait})
"""
LOOP, TASK = "self.turn.start()", "self.task = asyncio.create_task(self.leave())"
TIMER = "asyncio.get_running_loop().call_later(0.05, sys.exit, 3)"
PATIENT = "import asyncio\nasync def setup(bot):\n    await asyncio.sleep(0.5)\n"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (LOOP, "sys.exit(3)"),
        pytest.param(LOOP, "raise KeyboardInterrupt", marks=pytest.mark.slow),
        pytest.param(TASK, "sys.exit(3)", marks=pytest.mark.slow),
        pytest.param(TIMER, "", marks=pytest.mark.slow),
    ],
)
async def test_what_ends_the_program_after_its_cog_was_loaded_refuses_no_other_cog(
    cogs: Cogs, begin: str, end: str
) -> None:
    cogs.write("cogs/bad.py", ENDING_LATER.format(begin=begin, end=end or "pass", wait=0))
    cogs.write("cogs/good.py", PATIENT)
    assert await cogs.check(["bad", "good"]) == {}


@pytest.mark.slow
async def test_what_ends_the_program_by_a_timer_while_it_loads_is_refused_alone(cogs: Cogs) -> None:
    cogs.write("cogs/bad.py", ENDING_LATER.format(begin=TIMER, end="pass", wait=2))
    cogs.write("cogs/good.py", PATIENT)
    found = await cogs.check(["good", "bad"])
    assert set(found) == {"bad"}
    assert "ended with status 3" in found["bad"]


@pytest.mark.slow
async def test_what_cogs_share_is_refused_where_any_cog_would_not_load_with_it(cogs: Cogs) -> None:
    cogs.write("cogs/ui/__init__.py", "ANSWER = 42\n")
    cogs.write("cogs/dice.py", "from cogs.ui import ANSWER\n" + GOOD)
    assert await cogs.check(["ui"]) == {}
    cogs.write("cogs/ui/__init__.py", "")
    found = await cogs.check(["ui"])
    assert found["ui"].startswith("with it cogs.dice does not load: ImportError")
