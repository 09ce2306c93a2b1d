"""A cog whose parts raise what is no `Exception`, and whose background tasks fail."""

import argparse
import asyncio
import sys
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks


def end(how: str) -> None:
    """Raise what is named."""
    if how == "exit":
        sys.exit(3)
    if how == "argparse":
        argparse.ArgumentParser().parse_args(["--unknown"])
    kinds = {
        "keyboard": KeyboardInterrupt,
        "generator": GeneratorExit,
        "cancelled": asyncio.CancelledError,
    }
    raise kinds[how]


async def fail_soon(what: str) -> None:
    await asyncio.sleep(0)
    raise LookupError(what)


class Form(ui.Modal, title="Form"):
    how: ui.TextInput[Any] = ui.TextInput(label="How", custom_id="how")

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        end(self.how.value)


class Panel(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.select(
        custom_id="endings:how",
        options=[discord.SelectOption(label=how) for how in ("exit", "generator", "cancelled")],
    )
    async def choose(self, interaction: discord.Interaction, select: ui.Select[Any]) -> None:
        end(select.values[0])

    @ui.button(label="Form", custom_id="endings:form")
    async def form(self, interaction: discord.Interaction, _: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form(custom_id="endings:asked"))


class How(commands.Converter[str]):
    async def convert(self, ctx: commands.Context[Any], argument: str) -> str:
        if argument.startswith("convert-"):
            end(argument.removeprefix("convert-"))
        return argument


class Endings(commands.Cog):
    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self.held: list[Any] = []
        self.how = ""
        self.hooks: dict[str, str] = {}
        self.turning = asyncio.Event()

    async def cog_load(self) -> None:
        self.bot.add_view(Panel())
        self.held.append(asyncio.create_task(self.wait_for_ever(), name="poller"))
        self.held.append(asyncio.create_task(self.ignore_cancellation(), name="stubborn"))

    async def wait_for_ever(self) -> None:
        await asyncio.Event().wait()

    async def ignore_cancellation(self) -> None:
        while not getattr(self.bot, "let_go", False):
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    @app_commands.command()
    async def end(self, interaction: discord.Interaction, how: str) -> None:
        """End."""
        end(how)

    @end.autocomplete("how")
    async def suggest(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        end(typed)
        return []

    @app_commands.command()
    async def panel(self, interaction: discord.Interaction) -> None:
        """Show the panel."""
        await interaction.response.send_message("panel", view=Panel())

    @commands.command()
    async def finish(self, ctx: commands.Context[Any], how: How) -> None:
        """End, after a mention."""
        end(str(how))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content.startswith("hear "):
            end(message.content.removeprefix("hear "))

    @tasks.loop(count=1)
    async def turn(self) -> None:
        if self.how == "wait":
            self.turning.set()
            await asyncio.Event().wait()
        end(self.how)

    @tasks.loop(seconds=60)
    async def hooked(self) -> None:
        self.hooked.stop()  # a count would not be reset where what runs after the loop fails
        if "error" in self.hooks:
            raise LookupError("hooked")

    @hooked.before_loop
    async def before_hooked(self) -> None:
        self.end_hook("before_loop")

    @hooked.after_loop
    async def after_hooked(self) -> None:
        self.end_hook("after_loop")

    @hooked.error
    async def hooked_failed(self, error: BaseException) -> None:
        self.end_hook("error")

    def end_hook(self, hook: str) -> None:
        if how := self.hooks.get(hook):
            if how == "failure":
                raise LookupError(hook)
            end(how)

    @app_commands.command()
    async def background(self, interaction: discord.Interaction, what: str) -> None:
        """Begin something and forget it."""
        loop = asyncio.get_running_loop()
        if what == "loop":
            self.how = "exit"
            self.turn.start()
        elif what == "task":
            asyncio.create_task(fail_soon(what))  # noqa: RUF006  it is forgotten: that is the fault
        elif what == "exit":
            asyncio.create_task(self.leave())  # noqa: RUF006
        elif what == "later":
            loop.call_later(0, self.fail_later)
        elif what == "results":
            self.held.append(
                asyncio.gather(fail_soon("one"), fail_soon("two"), return_exceptions=True)
            )
        elif what == "handled":
            await asyncio.gather(fail_soon(what), return_exceptions=True)
            try:
                await asyncio.create_task(fail_soon(what))
            except LookupError:
                await interaction.response.send_message("handled")
                return
        await interaction.response.send_message("begun")

    async def leave(self) -> None:
        sys.exit(3)

    def fail_later(self) -> None:
        raise LookupError("later")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Endings(bot))
