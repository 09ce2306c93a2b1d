"""The files of a new cog: a command that works, its test, and its line in the table of ways in."""

import ast
import json
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from bot.domain.errors import ConfigError
from bot.infra.syntax import parse

TABLE = "tests/cogs/everyday_commands.json"
_MOST_NAME, _MOST_WORDS = 20, 60  # characters: both fit on one line of the file then

_COG = Template('''\
"""$does: `/$name`."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

MAX_TEXT = 1_000


class ${title}Error(Exception):
    """What was typed has no answer; the text is a reply for the person who typed it."""


def answer(text: str) -> str:
    """Return what people read. Raises ${title}Error, its text fit to show."""
    if not text.strip():
        raise ${title}Error("There is nothing in it: type a word or two.")
    if len(text) > MAX_TEXT:
        raise ${title}Error(f"I take up to {MAX_TEXT} characters, not {len(text)}.")
    return f"Words: {len(text.split())}"


class $title(commands.Cog):
    """Answers `/$name`."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot

    @app_commands.command(
        name="$name",
        description="$does",
    )
    @app_commands.describe(text="What to work on")
    async def respond(self, interaction: discord.Interaction, text: str) -> None:
        """Answer in the channel, or tell the asker alone what is wrong."""
        try:
            told = answer(text)
        except ${title}Error as error:
            await interaction.response.send_message(str(error), ephemeral=True)
            return
        await interaction.response.send_message(told)


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog($title(bot))
''')

_TEST = Template('''\
"""`/$name`: what it answers, and what it says to what it cannot answer."""

from pathlib import Path

import pytest

from cogs.$name import ${title}Error, answer
from tests.cogs.room import open_room


@pytest.mark.parametrize(("text", "told"), [("hello", "Words: 1"), (" two  words ", "Words: 2")])
def test_the_words_are_counted(text: str, told: str) -> None:
    assert answer(text) == told


@pytest.mark.parametrize(("text", "reason"), [("  ", "nothing in it"), ("x" * 1001, "up to 1000")])
def test_what_has_no_answer_is_told_why(text: str, reason: str) -> None:
    with pytest.raises(${title}Error, match=reason):
        answer(text)


async def test_the_command_answers_in_the_channel(tmp_path: Path) -> None:
    async with open_room("cogs.$name", tmp_path) as room:
        result = await room.alice.slash(room.channel, "$name", text="hello there")
        assert not result.ephemeral
        assert room.shown(result) == "Words: 2"


async def test_bad_input_is_answered_to_the_asker_alone(tmp_path: Path) -> None:
    async with open_room("cogs.$name", tmp_path) as room:
        result = await room.alice.slash(room.channel, "$name", text="x" * 1001)
        assert result.ephemeral
        assert room.shown(result) == "I take up to 1000 characters, not 1001."
''')


@dataclass(frozen=True)
class NewCog:
    """A cog that is to be: `name` is its module and its command, `does` the command's help."""

    name: str
    does: str

    @property
    def title(self) -> str:
        """The class: `coin_flips` is `CoinFlips`."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def path(self) -> str:
        """Where the cog goes."""
        return f"cogs/{self.name}.py"

    @property
    def test_path(self) -> str:
        """Where its test goes."""
        return f"tests/cogs/test_{self.name}.py"


def write_cog(cog: NewCog, root: Path) -> tuple[str, ...]:
    """Write the cog's three files into a checkout; return their paths.

    Raises `ConfigError`, and writes nothing, where the name or the words will not do, where
    something has the name already, and where this is no checkout.
    """
    table = root / TABLE
    if not table.is_file() or not (root / "cogs").is_dir():
        raise ConfigError(f"{root} has no {TABLE}: run `theseus new cog` in the bot's checkout.")
    _validate_text(cog)
    _refuse_existing(cog, root, rows := _read_rows(table))
    words = {"name": cog.name, "title": cog.title, "does": cog.does}
    rows[f"/{cog.name}"] = f"everyday: {cog.does[0].lower()}{cog.does[1:]}"
    texts = {
        cog.path: _COG.substitute(words),
        cog.test_path: _TEST.substitute(words),
        TABLE: json.dumps(rows, indent=2, ensure_ascii=False) + "\n",
    }
    for path, text in texts.items():
        (root / path).write_text(text, encoding="utf-8")
    return tuple(texts)


def _validate_text(cog: NewCog) -> None:
    name, does = cog.name, cog.does
    plain = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    if not plain or len(name) > _MOST_NAME or keyword.iskeyword(name):
        raise ConfigError(
            f"NAME {name[:40]!r}: a cog is called by up to {_MOST_NAME} small letters, digits and "
            "single _, such as coin_flips, and not by a word of Python's."
        )
    if not does.isprintable() or not does.strip() or len(does) > _MOST_WORDS or "`" in does:
        raise ConfigError(f"--does: say in up to {_MOST_WORDS} characters what /{name} does.")
    if does != does.strip(" .") or {'"', "\\"} & {*does}:
        raise ConfigError(f'--does {does!r}: leave out ", \\ and what is around the words.')


def _refuse_existing(cog: NewCog, root: Path, rows: dict[str, str]) -> None:
    there = [path for path in (cog.path, cog.path[:-3], cog.test_path) if (root / path).exists()]
    if there:
        raise ConfigError(f"{there[0]} is there already; nothing was written.")
    used = dict(_find_used_names(root / "cogs", (cog.name, cog.title)))
    words = {entry[1:].split()[0]: TABLE for entry in rows if entry.startswith("/")}
    for name in (cog.name, cog.title):
        if name in used or name in words:
            where = used.get(name) or words[name]
            raise ConfigError(f"{name} is used by {where} already; nothing was written.")


def _read_rows(table: Path) -> dict[str, str]:
    """Return the table. Raises `ConfigError` where it is none."""
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ConfigError(f"{TABLE} cannot be read: {error}; mend it first.") from error
    if not isinstance(rows, dict):
        raise ConfigError(f"{TABLE} is no table of commands; mend it first.")
    return rows


def _find_used_names(folder: Path, wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names of classes, commands and groups in a folder of cogs, each with its file.

    Only files whose text has one of the wanted names are looked into. A command of a group counts
    too. A file that cannot be read as Python has none that Discord would know.
    """
    for file in sorted(folder.rglob("*.py")):
        try:
            text = file.read_text(encoding="utf-8")
            if not any(name in text for name in wanted):
                continue
            tree = parse(text)
        except (SyntaxError, ValueError):
            continue
        where = file.relative_to(folder.parent).as_posix()
        for node in ast.walk(tree):
            match node:
                case ast.ClassDef(name=str(name)):
                    yield name, where
                case ast.keyword(arg="name" | "group_name", value=ast.Constant(value=str(name))):
                    yield name, where
                case ast.AsyncFunctionDef(name=str(name)) if any(
                    map(_is_command, node.decorator_list)
                ):
                    yield name, where


def _is_command(decorator: ast.expr) -> bool:
    """Whether a function so decorated is a command, called as it is where no name is given."""
    made_by = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(made_by, ast.Attribute) and made_by.attr.endswith(("command", "group"))
