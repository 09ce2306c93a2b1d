"""A cog that fails in every way; there is no instrumentation in it. Copied by the tests."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.domain.errors import NotAuthorized


def pick(numbers: list[int], at: int) -> int:
    """Fail where there is nothing to pick."""
    return numbers[at]


class Card(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Press", custom_id="toys:press:12")
    async def press(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        pick([1, 2], 7)

    @ui.button(label="Later", custom_id="toys:later:12")
    async def later(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        pick([1, 2], 7)

    @ui.button(label="Refuse", custom_id="toys:refuse")
    async def refuse(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        raise NotAuthorized("Only approvers may do that.")

    @ui.button(label="Form", custom_id="toys:form")
    async def form(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form(custom_id="toys:wish:12"))

    @ui.select(
        custom_id="toys:choose", options=[discord.SelectOption(label=c) for c in ("red", "blue")]
    )
    async def choose(self, interaction: discord.Interaction, select: ui.Select[Any]) -> None:
        pick([], len(select.values))


class Loose(ui.View):
    @ui.button(label="Random")
    async def anonymous(self, interaction: discord.Interaction, _button: ui.Button[Any]) -> None:
        pick([1, 2], 7)


class Form(ui.Modal, title="Form"):
    wish: ui.TextInput[Any] = ui.TextInput(label="Wish", custom_id="wish")

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        pick([1, 2], len(self.wish.value))


class Lasting(ui.DynamicItem[ui.Button[Any]], template=r"lasting:(?P<at>[0-9]+)"):
    def __init__(self, at: int) -> None:
        super().__init__(ui.Button(label="Lasting", custom_id=f"lasting:{at}"))
        self.at = at

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: Any, /
    ) -> "Lasting":
        return cls(int(match["at"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        pick([1, 2], self.at)


class Place(app_commands.Transformer):
    async def transform(self, interaction: discord.Interaction, value: Any, /) -> int:
        return pick([1, 2], int(value))


class Spot(commands.Converter[int]):
    async def convert(self, ctx: commands.Context[Any], argument: str) -> int:
        return pick([1, 2], int(argument))


class Toys(commands.Cog):
    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self.menus = [
            app_commands.ContextMenu(name="Weigh", callback=self.weigh),
            app_commands.ContextMenu(name="Greet", callback=self.greet),
        ]

    async def cog_load(self) -> None:
        self.bot.add_view(Card())
        self.bot.add_dynamic_items(Lasting)
        for menu in self.menus:
            self.bot.tree.add_command(menu)
        self.tick.start()
        self.trip.start()
        self.rearmed = False
        self.rearm.start()

    async def cog_unload(self) -> None:
        self.tick.cancel()
        self.trip.cancel()
        for menu in self.menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)

    @app_commands.command()
    async def echo(self, interaction: discord.Interaction, word: str) -> None:
        """Say it again."""
        await interaction.response.send_message(word)

    @app_commands.command()
    async def crash(
        self, interaction: discord.Interaction, at: int, whom: discord.Member | None = None
    ) -> None:
        """Fail at once."""
        await interaction.response.send_message(str(pick([1, 2], at)))

    @app_commands.command()
    async def crash_thinking(self, interaction: discord.Interaction) -> None:
        """Fail while people wait."""
        await interaction.response.defer(thinking=True)
        pick([1, 2], 7)

    @app_commands.command()
    async def crash_after(self, interaction: discord.Interaction) -> None:
        """Fail after the answer."""
        await interaction.response.send_message("done")
        pick([1, 2], 7)

    @app_commands.command()
    async def slow(self, interaction: discord.Interaction) -> None:
        """Run out of time."""
        raise TimeoutError("took too long")

    @app_commands.command()
    async def refused(self, interaction: discord.Interaction) -> None:
        """Be refused."""
        raise NotAuthorized("Only approvers may do that.")

    @app_commands.command()
    @app_commands.check(lambda interaction: False)
    async def guarded(self, interaction: discord.Interaction) -> None:
        """Never allowed."""

    @app_commands.command()
    async def place(
        self, interaction: discord.Interaction, at: app_commands.Transform[int, Place]
    ) -> None:
        """Take a place."""
        await interaction.response.send_message(str(at))

    @app_commands.command()
    async def choose(self, interaction: discord.Interaction, toy: str) -> None:
        """Choose a toy."""
        await interaction.response.send_message(toy)

    @choose.autocomplete("toy")
    async def toys(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        pick([1, 2], len(typed))
        return []

    @app_commands.command()
    async def polite(self, interaction: discord.Interaction) -> None:
        """Fail with an answer of its own."""
        pick([1, 2], 7)

    @polite.error
    async def polite_error(self, interaction: discord.Interaction, error: Exception) -> None:
        await interaction.response.send_message("my own words")

    @app_commands.command()
    async def card(self, interaction: discord.Interaction) -> None:
        """Show the buttons."""
        view = Card()
        view.add_item(Lasting(9))
        await interaction.response.send_message("the card", view=view)

    @app_commands.command()
    async def loose(self, interaction: discord.Interaction) -> None:
        """Show a button with an id that discord.py makes up."""
        await interaction.response.send_message("loose", view=Loose(timeout=None))

    async def weigh(self, interaction: discord.Interaction, message: discord.Message) -> None:
        pick([1, 2], len(message.content))

    async def greet(self, interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message(f"hello {user.name}")

    @commands.command()
    async def add(self, ctx: commands.Context[Any], first: int, *, rest: str) -> None:
        """Add up, after a mention."""
        await ctx.reply(str(pick([1, 2], first + len(rest))))

    @commands.command()
    async def spot(self, ctx: commands.Context[Any], at: Spot) -> None:
        """Take a spot, after a mention."""
        await ctx.reply(str(at))

    @commands.command()
    async def deny(self, ctx: commands.Context[Any]) -> None:
        """Be refused, after a mention."""
        raise NotAuthorized("Only approvers may do that.")

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content == "stumble":
            pick([1, 2], len(message.content))

    @commands.Cog.listener("on_interaction")
    async def handle_press(self, interaction: discord.Interaction) -> None:
        told: Any = interaction.data or {}
        if str(told.get("custom_id", "")).startswith("heard:"):
            pick([1, 2], 7)

    @app_commands.command()
    async def bare(self, interaction: discord.Interaction) -> None:
        """Show a button that only a listener hears."""
        view = ui.View(timeout=None)
        view.add_item(ui.Button(label="Heard", custom_id="heard:3:1"))
        view.stop()
        await interaction.response.send_message("bare", view=view)

    @tasks.loop(count=1)
    async def tick(self) -> None:
        pick([1, 2], 0)

    @tasks.loop(count=1)
    async def trip(self) -> None:
        pick([1, 2], 7)

    @tasks.loop(count=1)
    async def rearm(self) -> None:
        if self.rearmed:
            return
        self.rearmed = True
        pick([1, 2], 9)

    @rearm.error
    async def rearm_on(self, error: BaseException) -> None:
        running = self.rearm.get_task()
        if running is not None:
            running.add_done_callback(lambda _: self.rearm.start())


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Toys(bot))
