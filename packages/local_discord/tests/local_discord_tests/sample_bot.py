"""A real discord.py bot against a local Discord, over real sockets."""

import asyncio
import io
from collections.abc import Callable

import discord
from discord.ext import commands
from local_discord.client import point_discord_at as point_discord_at
from local_discord.client import run_bot as run_bot


class Question(discord.ui.Modal, title="Revise"):
    """One short and one long field."""

    wish: discord.ui.TextInput["Question"] = discord.ui.TextInput(
        label="What else?", custom_id="wish", max_length=50
    )
    why: discord.ui.TextInput["Question"] = discord.ui.TextInput(
        label="Why?", custom_id="why", required=False, style=discord.TextStyle.paragraph
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{interaction.user} wants {self.wish.value}")


class Card(discord.ui.View):
    """Persistent buttons: they have to work after a restart."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Ship it", custom_id="card:ship")
    async def ship(
        self, interaction: discord.Interaction, _button: discord.ui.Button["Card"]
    ) -> None:
        await interaction.response.edit_message(content=f"shipped by {interaction.user}", view=None)

    @discord.ui.button(label="Revise", custom_id="card:revise")
    async def revise(
        self, interaction: discord.Interaction, _button: discord.ui.Button["Card"]
    ) -> None:
        await interaction.response.send_modal(Question(custom_id="card:question"))

    @discord.ui.button(label="Quiet", custom_id="card:quiet")
    async def stay_silent(
        self, interaction: discord.Interaction, _button: discord.ui.Button["Card"]
    ) -> None:
        await interaction.response.defer()

    @discord.ui.select(
        custom_id="card:choose", options=[discord.SelectOption(label=c) for c in ("red", "blue")]
    )
    async def choose(
        self, interaction: discord.Interaction, select: discord.ui.Select["Card"]
    ) -> None:
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)


class SampleBot(commands.Bot):
    """A bot with a few commands that records the events it received."""

    def __init__(self, *, content_intent: bool = True, heartbeat_timeout: float = 60.0) -> None:
        intents = discord.Intents.default()
        intents.message_content = content_intent
        intents.members = True
        super().__init__(
            commands.when_mentioned,
            intents=intents,
            heartbeat_timeout=heartbeat_timeout,
            # How long discord.py waits for one more guild before it is ready: there is only one.
            guild_ready_timeout=0.01,
        )
        self.received: list[discord.Message] = []
        self.edited: list[discord.RawMessageUpdateEvent] = []
        self.reactions: list[discord.RawReactionActionEvent] = []
        self.resumed = asyncio.Event()
        self._news = asyncio.Event()

    def forget(self) -> None:
        """Clear the recorded events, for the next test."""
        self.received.clear()
        self.edited.clear()
        self.reactions.clear()
        self.resumed.clear()

    async def wait_until(self, true: Callable[[], object]) -> None:
        """Wait until the recorded events make this condition true."""
        async with asyncio.timeout(20):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: Discord itself wants five seconds between two, this server does not."""

    async def setup_hook(self) -> None:
        self.add_view(Card())
        _add_commands(self.tree)
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.received.append(message)
        self._news.set()
        if message.author.bot:
            return
        if message.content == "echo" or message.content.startswith("echo "):
            await message.reply(message.content.removeprefix("echo "))
        if message.content == "card":
            await message.channel.send("the card", view=Card())

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.edited.append(payload)
        self._news.set()

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.reactions.append(payload)
        self._news.set()

    async def on_resumed(self) -> None:
        self.resumed.set()


def _add_commands(tree: discord.app_commands.CommandTree[SampleBot]) -> None:
    _add_answers(tree)
    _add_runs(tree)
    _add_menus(tree)


def _add_answers(tree: discord.app_commands.CommandTree[SampleBot]) -> None:
    @tree.command()
    async def say(interaction: discord.Interaction, text: str, times: int = 1) -> None:
        """Say something."""
        await interaction.response.send_message(" ".join([text] * times))

    @tree.command()
    async def secret(interaction: discord.Interaction) -> None:
        """Answer privately."""
        await interaction.response.send_message("only you", ephemeral=True)

    @tree.command()
    async def think(interaction: discord.Interaction) -> None:
        """Defer, answer, then follow up."""
        await interaction.response.defer(thinking=True)
        diff = discord.File(io.BytesIO(b"+ thought"), "thought.diff")
        await interaction.edit_original_response(content="thought", attachments=[diff])
        await interaction.followup.send("and more", ephemeral=True)

    @tree.command()
    async def sleepy(_interaction: discord.Interaction) -> None:
        """Give no answer."""

    @tree.command()
    async def who(interaction: discord.Interaction, member: discord.Member) -> None:
        """Return a person's name."""
        await interaction.response.send_message(f"{member.name} {interaction.user.name}")


def _add_runs(tree: discord.app_commands.CommandTree[SampleBot]) -> None:
    @tree.command()
    async def pick(interaction: discord.Interaction, run: str) -> None:
        """Return the selected run."""
        await interaction.response.send_message(f"picked {run}")

    @pick.autocomplete("run")
    async def complete_runs(
        _interaction: discord.Interaction, typed: str
    ) -> list[discord.app_commands.Choice[str]]:
        names = ("run-1", "run-2", "other")
        return [discord.app_commands.Choice(name=n, value=n) for n in names if n.startswith(typed)]

    group = discord.app_commands.Group(name="runs", description="Runs")

    @group.command(name="show")
    async def show(interaction: discord.Interaction, number: int) -> None:
        """Show a run."""
        await interaction.response.send_message(f"run {number}")

    @group.command(name="list")
    async def everything(interaction: discord.Interaction) -> None:
        """List runs."""
        await interaction.response.send_message("no runs")

    tree.add_command(group)


def _add_menus(tree: discord.app_commands.CommandTree[SampleBot]) -> None:
    @tree.context_menu(name="Fix this")
    async def fix_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"fixing {message.content}")

    @tree.context_menu(name="Who is")
    async def who_is(interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message(f"that is {user.name}")
