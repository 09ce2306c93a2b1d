"""A small bot's repository: its cogs, a few tests, quick checks, and six faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.fakes.repositories import PYTEST_OPTIONS, make_repository

ROOT = Path(__file__).resolve().parents[2]
FILE = "cogs/fair.py"
FAIR = '''"""A fair: small games, each of which can break."""

import sys

import discord
from discord import app_commands
from discord.ext import commands

COLOURS = "red green blue".split()
SIDES = {"heads": "tails", "tails": "heads"}
CLOWNS = {1: "Pip", 2: "Pop"}


def spin(number: int) -> str:
    """Name the colour of a field, from 1."""
    return COLOURS[number]


def flip(side: str) -> str:
    """Name the other side of a coin; anything else has none."""
    other = SIDES[side]
    return other


def share(sweets: int, people: int) -> int:
    """Share sweets; nobody gets none."""
    each = sweets // people
    return each


def greet(number: int) -> str:
    """Greet a clown by its number."""
    name = CLOWNS.get(number)
    return f"Hello {name.upper()}"  # type: ignore[union-attr]


def guess(text: str) -> int:
    """Read a guess; words count as nothing."""
    value = int(text)
    return value


def mood() -> str:
    """Fail, but only where it runs: nobody can show it elsewhere."""
    if "small_bot" in sys.argv[0]:
        raise RuntimeError("not now")
    return "fine"


PRICES = {"adult": 10, "adult online": 8, "child": 5}


def ticket(adults: int, children: int) -> int:
    """Add up what a family pays online."""
    return adults * PRICES["adults"] + children * PRICES["child"]


class Fair(commands.Cog):
    """The commands."""

    @app_commands.command()
    async def moody(self, interaction: discord.Interaction) -> None:
        """Ask for the mood."""
        await interaction.response.send_message(mood())

    @app_commands.command()
    async def spin(self, interaction: discord.Interaction, number: int) -> None:
        """Spin the wheel."""
        await interaction.response.send_message(f"It stops at {spin(number)}.")

    @app_commands.command()
    async def flip(self, interaction: discord.Interaction, side: str) -> None:
        """Flip a coin."""
        await interaction.response.send_message(f"It falls on {flip(side)}.")

    @app_commands.command()
    async def share(self, interaction: discord.Interaction, sweets: int, people: int) -> None:
        """Share sweets."""
        await interaction.response.send_message(f"{share(sweets, people)} for each.")

    @app_commands.command()
    async def greet(self, interaction: discord.Interaction, number: int) -> None:
        """Greet a clown."""
        await interaction.response.send_message(greet(number))

    @app_commands.command()
    async def guess(self, interaction: discord.Interaction, text: str) -> None:
        """Guess a number."""
        await interaction.response.send_message(f"You guessed {guess(text)}.")

    @app_commands.command()
    async def ticket(self, interaction: discord.Interaction, adults: int, children: int) -> None:
        """Sell a ticket."""
        await interaction.response.send_message(f"That is {ticket(adults, children)}.")


async def setup(bot: commands.Bot) -> None:
    """Add the cog."""
    await bot.add_cog(Fair())
'''
TESTS = """from cogs.fair import flip, share, spin


def test_the_second_field_is_not_red() -> None:
    assert spin(2) != "red"
    assert spin(1) in ("red", "green")


def test_a_coin_has_two_sides() -> None:
    assert flip("heads") == "tails"


def test_sweets_are_shared() -> None:
    assert share(7, 2) == 3
"""
CONFIG = """\
engine: {name: auto}
forge: {kind: local}
sandbox: {kind: auto}
cogs: [cogs.conversation, cogs.approvals, cogs.runs, cogs.admin, cogs.fair]
runs: {workers: WORKERS, rounds: 2}
protection:
  classes: {guarded: {guard: review, paths: ["cogs/guarded.py"]}}
  max_changed_lines: 60
checks:
  quick:
    - {name: lint, command: [ruff, check, --isolated, --select, F, "{changed}"], seconds: 30}
    - {name: affected tests, command: [pytest, -q, "{affected_tests}"], seconds: 60}
"""


@dataclass(frozen=True, eq=False)
class Game:
    """A command that fails with these options, a user's report of it, and the edit that fixes
    it.
    """

    command: str
    options: Mapping[str, Any]
    report: str
    error: str
    edit: tuple[str, str, str]
    answer: str

    @property
    def script(self) -> dict[str, Any]:
        """Return the script of an engine that finds the edit at once."""
        return {self.command: [{"edits": [self.edit], "summary": f"mend {self.command}"}]}


SPIN = Game(
    "spin", {"number": 3}, "spin keeps crashing, fix it", "IndexError",
    (FILE, "COLOURS[number]", "COLOURS[number - 1]"), "It stops at blue.",
)  # fmt: skip
FLIP = Game(
    "flip", {"side": "rim"}, "flip is broken, please fix it", "KeyError",
    (FILE, "SIDES[side]", 'SIDES.get(side, "the floor")'), "It falls on the floor.",
)  # fmt: skip
SHARE = Game(
    "share", {"sweets": 7, "people": 0}, "share fails with an error, fix it", "ZeroDivisionError",
    (FILE, "sweets // people", "sweets // people if people else 0"), "0 for each.",
)  # fmt: skip
GREET = Game(
    "greet", {"number": 9}, "greet blows up every time, fix that please", "AttributeError",
    (FILE, "CLOWNS.get(number)", 'CLOWNS.get(number, "stranger")'), "Hello STRANGER",
)  # fmt: skip
GUESS = Game(
    "guess", {"text": "seven"}, "guess is crashing, can you fix it", "ValueError",
    (FILE, "int(text)", "int(text) if text.isdecimal() else 0"), "You guessed 0.",
)  # fmt: skip
TICKET = Game(
    "ticket", {"adults": 2, "children": 1}, "ticket is broken, please fix it", "KeyError",
    (FILE, 'PRICES["adults"]', 'PRICES["adult online"]'), "That is 21.",
)  # fmt: skip
TICKET_TEST = """from cogs.fair import ticket


def test_children_go_alone() -> None:
    assert ticket(0, 2) == 10
"""
GAMES = (SPIN, FLIP, SHARE, GREET, GUESS)


def make_small_bot(
    folder: Path,
    checks: Sequence[str] = (),
    workers: int = 2,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Make the repository in a new folder; `checks` are more lines of its quick checks.

    `more` are more files: text by path.
    """
    files: dict[str, str | bytes | None] = {
        FILE: FAIR,
        "cogs/guarded.py": '"""Security-sensitive."""\n',
        "tests/test_fair.py": TESTS,
        "data/config.yaml": CONFIG.replace("WORKERS", str(workers))
        + "".join(f"    - {line}\n" for line in checks),
        "pyproject.toml": PYTEST_OPTIONS,
        ".gitignore": "__pycache__/\n",
        **more,
    }
    for source in (ROOT / "prompts", ROOT / "cogs/ui", ROOT / "cogs/conversation"):
        for file in source.rglob("*.*"):
            if file.suffix in (".py", ".md"):
                files[str(file.relative_to(ROOT))] = file.read_bytes()
    for name in ("__init__", "approvals", "runs", "admin"):
        files[f"cogs/{name}.py"] = (ROOT / "cogs" / f"{name}.py").read_bytes()
    make_repository(folder, files)
