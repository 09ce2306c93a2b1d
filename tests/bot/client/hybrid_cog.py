"""A cog of hybrid commands that end in every way; there is no instrumentation in it."""

from typing import Any

from discord.ext import commands

from bot.domain.errors import NotAuthorized


class Spot(commands.Converter[int]):
    async def convert(self, ctx: commands.Context[Any], argument: str) -> int:
        return 10 // int(argument)


def has_a_faulty_check(ctx: commands.Context[Any]) -> bool:
    return bool(1 // (ctx.author.id * 0))


class Shares(commands.Cog):
    @commands.hybrid_command()  # type: ignore[arg-type]
    async def share(self, ctx: commands.Context[Any], coins: int, people: int) -> None:
        """Divide coins among people."""
        await ctx.send(f"{coins // people} for each")

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def slow_share(self, ctx: commands.Context[Any]) -> None:
        """Fail while people wait."""
        await ctx.defer()
        await ctx.send(f"{1 // 0} for each")

    @commands.hybrid_group()  # type: ignore[arg-type]
    async def pot(self, ctx: commands.Context[Any]) -> None:
        """Show the pot."""

    @pot.command()  # type: ignore[arg-type]
    async def empty(self, ctx: commands.Context[Any]) -> None:
        """Fail in a group."""
        await ctx.send(f"{1 // 0} left")

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def deny(self, ctx: commands.Context[Any]) -> None:
        """Be refused."""
        raise NotAuthorized("Only approvers may do that.")

    @commands.hybrid_command()  # type: ignore[arg-type]
    @commands.check(lambda ctx: False)
    async def guarded(self, ctx: commands.Context[Any]) -> None:
        """Never allowed."""

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def spot(self, ctx: commands.Context[Any], at: Spot) -> None:
        """Fail in reading an option."""

    @commands.hybrid_command()  # type: ignore[arg-type]
    @commands.check(has_a_faulty_check)
    async def checked(self, ctx: commands.Context[Any]) -> None:
        """Fail in a check."""

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def hooked(self, ctx: commands.Context[Any]) -> None:
        """Fail before it begins."""

    @hooked.before_invoke
    async def prepare(self, ctx: commands.Context[Any]) -> None:
        _ = 1 // 0

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def polite(self, ctx: commands.Context[Any]) -> None:
        """Fail with an answer of its own."""
        _ = 1 // 0

    @polite.error
    async def answer(self, ctx: commands.Context[Any], error: Exception) -> None:
        await ctx.send("my own words")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Shares())
