"""Writes the files of a new cog: a working command, its test, and its line in the table."""

import ast
import json
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from theseus_guard.syntax import parse

from bot.domain.errors import ConfigError

TABLE = "tests/cogs/everyday_commands.json"
_MOST_NAME, _MOST_WORDS = 20, 60  # characters, so that both fit on one line of the file

_COG = Template('''\
"""$does: `/$name`."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

MAX_TEXT = 1_000


class ${title}Error(Exception):
    """Raised for invalid input. Its text is the reply to the person who typed it."""


def answer(text: str) -> str:
    """Return the reply to `text`. Raises ${title}Error for invalid input."""
    if not text.strip():
        raise ${title}Error("The text is empty: type a word or two.")
    if len(text) > MAX_TEXT:
        raise ${title}Error(f"Use up to {MAX_TEXT} characters, not {len(text)}.")
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
        """Answer in the channel, or send an error that only the user sees."""
        try:
            reply = answer(text)
        except ${title}Error as error:
            await interaction.response.send_message(str(error), ephemeral=True)
            return
        await interaction.response.send_message(reply)


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog($title(bot))
''')

_TEST = Template('''\
"""`/$name`: its answers, and its replies to invalid input."""

from pathlib import Path

import pytest

from cogs.$name import ${title}Error, answer
from tests.cogs.room import open_room


@pytest.mark.parametrize(("text", "reply"), [("hello", "Words: 1"), (" two  words ", "Words: 2")])
def test_the_words_are_counted(text: str, reply: str) -> None:
    assert answer(text) == reply


@pytest.mark.parametrize(("text", "reason"), [("  ", "is empty"), ("x" * 1001, "up to 1000")])
def test_invalid_input_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(${title}Error, match=reason):
        answer(text)


async def test_the_command_answers_in_the_channel(tmp_path: Path) -> None:
    async with open_room("cogs.$name", tmp_path) as room:
        result = await room.alice.slash(room.channel, "$name", text="hello there")
        assert not result.ephemeral
        assert room.shown(result) == "Words: 2"


async def test_only_the_user_sees_the_reply_to_invalid_input(tmp_path: Path) -> None:
    async with open_room("cogs.$name", tmp_path) as room:
        result = await room.alice.slash(room.channel, "$name", text="x" * 1001)
        assert result.ephemeral
        assert room.shown(result) == "Use up to 1000 characters, not 1001."
''')


@dataclass(frozen=True)
class NewCog:
    """A cog to create: `name` is its module and its command, `does` the command's description."""

    name: str
    does: str

    @property
    def title(self) -> str:
        """The name of the class: `CoinFlips` for `coin_flips`."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def path(self) -> str:
        """The path of the cog in the checkout."""
        return f"cogs/{self.name}.py"

    @property
    def test_path(self) -> str:
        """The path of its test in the checkout."""
        return f"tests/cogs/test_{self.name}.py"


def write_cog(cog: NewCog, root: Path) -> tuple[str, ...]:
    """Write the three files of the cog into a checkout, and return their paths.

    Raises `ConfigError` and writes nothing if the name or the description is invalid, if the name
    is used already, or if `root` is not a checkout.
    """
    table = root / TABLE
    if not table.is_file() or not (root / "cogs").is_dir():
        raise ConfigError(f"{root} has no {TABLE}: run `theseus new cog` in the bot's checkout.")
    _validate_text(cog)
    _refuse_existing(cog, root, rows := _read_rows(table))
    values = {"name": cog.name, "title": cog.title, "does": cog.does}
    rows[f"/{cog.name}"] = f"everyday: {cog.does[0].lower()}{cog.does[1:]}"
    texts = {
        cog.path: _COG.substitute(values),
        cog.test_path: _TEST.substitute(values),
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
            f"NAME {name[:40]!r}: the name of a cog has up to {_MOST_NAME} lowercase letters, "
            "digits and single _, such as coin_flips, and is not a keyword of Python."
        )
    if not does.isprintable() or not does.strip() or len(does) > _MOST_WORDS or "`" in does:
        raise ConfigError(f"--does: describe in up to {_MOST_WORDS} characters what /{name} does.")
    if does != does.strip(" .") or {'"', "\\"} & {*does}:
        raise ConfigError(f'--does {does!r}: remove ", \\ and spaces or dots at the ends.')


def _refuse_existing(cog: NewCog, root: Path, rows: dict[str, str]) -> None:
    existing = [path for path in (cog.path, cog.path[:-3], cog.test_path) if (root / path).exists()]
    if existing:
        raise ConfigError(f"{existing[0]} exists already; nothing was written.")
    used = dict(_find_used_names(root / "cogs", (cog.name, cog.title)))
    listed = {entry[1:].split()[0]: TABLE for entry in rows if entry.startswith("/")}
    for name in (cog.name, cog.title):
        if name in used or name in listed:
            where = used.get(name) or listed[name]
            raise ConfigError(f"{name} is already used by {where}; nothing was written.")


def _read_rows(table: Path) -> dict[str, str]:
    """Return the table of commands. Raises `ConfigError` if it is unreadable or no table."""
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ConfigError(f"{TABLE} cannot be read: {error}; fix it first.") from error
    if not isinstance(rows, dict):
        raise ConfigError(f"{TABLE} is not a table of commands; fix it first.")
    return rows


def _find_used_names(folder: Path, wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names of classes, commands and groups in a folder of cogs, each with its file.

    Only files that contain one of the `wanted` names are parsed. Commands of groups count too. A
    file that is not valid Python is skipped: the bot cannot load it.
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
    """Return whether the decorator makes a command; without `name=`, the function's name counts."""
    made_by = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(made_by, ast.Attribute) and made_by.attr.endswith(("command", "group"))
