"""A cog whose exceptions and values raise when they are looked at. Copied by the tests."""

import weakref
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands


class Mute(Exception):
    """An exception without a text."""

    def __str__(self) -> str:
        raise ValueError("no text")


class Closed(Exception):
    """An exception without an original."""

    @property
    def original(self) -> BaseException:
        raise SystemExit(3)


class Rude(Exception):
    """An exception that answers no question at all."""

    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt(name)


class Unloaded:
    """Settings that nobody has loaded yet, as libraries have them in a module."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("settings are not configured")


settings = Unloaded()


class NoLength(list[int]):
    """A list whose length cannot be asked."""

    def __len__(self) -> int:
        raise SystemExit(3)


class Target:
    """Something to point to."""


def fail(value: object, error: Exception) -> None:
    """Raise an error with a value in reach."""
    raise error


class Hostile(commands.Cog):
    """Fails in ways that are hard to describe."""

    @app_commands.command()
    async def mute(self, interaction: discord.Interaction) -> None:
        """Fail without a text."""
        fail(1, Mute())

    @app_commands.command()
    async def rude(self, interaction: discord.Interaction) -> None:
        """Fail with an exception that answers nothing."""
        fail(1, Rude())

    @app_commands.command()
    async def closed(self, interaction: discord.Interaction) -> None:
        """Fail without an original."""
        fail(NoLength(), Closed())

    @app_commands.command()
    async def dead(self, interaction: discord.Interaction) -> None:
        """Fail with a dead reference as an argument."""
        fail(weakref.proxy(Target()), LookupError("gone"))

    @app_commands.command()
    async def handled(self, interaction: discord.Interaction) -> None:
        """Fail, and fail again in the error handler."""
        fail(1, LookupError("first"))

    @handled.error
    async def broken_handler(self, interaction: discord.Interaction, error: Exception) -> None:
        """Fail to say that something failed."""
        raise KeyError("second")

    @app_commands.command()
    async def quiet(self, interaction: discord.Interaction) -> None:
        """Fail, and answer nothing in the error handler."""
        fail(1, LookupError("quiet"))

    @quiet.error
    async def silent_handler(self, interaction: discord.Interaction, error: Exception) -> None:
        """Say nothing."""

    @app_commands.command()
    async def parts(self, interaction: discord.Interaction) -> None:
        """Fail in two ways at once."""
        fail(1, ExceptionGroup("two", [ValueError("one"), KeyError("other")]))

    @app_commands.command()
    async def picky(self, interaction: discord.Interaction) -> None:
        """Refuse with a text of 4 MB."""
        raise app_commands.CheckFailure("no " * 1_300_000)

    @commands.command()
    async def typed_mute(self, ctx: commands.Context[Any]) -> None:
        """Fail without a text."""
        fail(1, Mute())


async def setup(bot: commands.Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Hostile())
