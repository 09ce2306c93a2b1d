"""A bot with one of everything the page can show."""

import io
from datetime import UTC, datetime

import discord
from discord import app_commands
from local_discord_tests.sample_bot import SampleBot

DIFF = """diff --git a/cogs/dice.py b/cogs/dice.py
index 3f1c2aa..9be01d4 100644
--- a/cogs/dice.py
+++ b/cogs/dice.py
@@ -38,9 +38,9 @@ def roll(self, dice: str) -> list[int]:
     count, sides = parse(dice)
     faces = range(1, sides + 1)
     # A die has as many faces as sides.
-    picks = [self._random.randrange(0, sides + 1) for _ in range(count)]
-    return [faces[pick] for pick in picks]
+    picks = [self._random.randrange(0, sides) for _ in range(count)]
+    return [faces[pick] for pick in picks]


 def total(rolls: list[int]) -> int:
     return sum(rolls)
diff --git a/tests/cogs/test_dice.py b/tests/cogs/test_dice.py
index 77aa001..0c2d9f3 100644
--- a/tests/cogs/test_dice.py
+++ b/tests/cogs/test_dice.py
@@ -12,3 +12,7 @@ def test_total_adds_the_faces() -> None:
 def test_parse_reads_count_and_sides() -> None:
     assert parse("2d6") == (2, 6)

+
+def test_a_roll_never_leaves_the_die() -> None:
+    rolls = Dice(seed=7).roll("200d6")
+    assert set(rolls) <= set(range(1, 7))
"""


class Wish(discord.ui.Modal, title="What should change?"):
    """One short field filled in, one long and optional, and a list."""

    title_field: discord.ui.TextInput["Wish"] = discord.ui.TextInput(
        label="In a few words", custom_id="words", default="also handle 0d6", max_length=60
    )
    more: discord.ui.TextInput["Wish"] = discord.ui.TextInput(
        label="More",
        custom_id="more",
        required=False,
        style=discord.TextStyle.paragraph,
        placeholder="Anything the next round should know",
    )
    urgency: discord.ui.Label["Wish"] = discord.ui.Label(
        text="How soon",
        component=discord.ui.Select["Wish"](
            custom_id="soon",
            required=False,
            options=[discord.SelectOption(label="Today"), discord.SelectOption(label="Some day")],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        wish = f"{interaction.user.mention} wishes: {self.title_field.value}|{self.more.value}"
        await interaction.response.send_message(wish)


class Buttons(discord.ui.View):
    """A button of every style and a select."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Pull request", url="https://example.org/pr/1"))

    @discord.ui.button(
        label="Ship it", emoji="🚢", custom_id="page:ship", style=discord.ButtonStyle.success
    )
    async def ship(
        self, interaction: discord.Interaction, _button: discord.ui.Button["Buttons"]
    ) -> None:
        await interaction.response.edit_message(content="Shipped.", view=None)

    @discord.ui.button(label="Revise", custom_id="page:revise", style=discord.ButtonStyle.primary)
    async def revise(
        self, interaction: discord.Interaction, _button: discord.ui.Button["Buttons"]
    ) -> None:
        await interaction.response.send_modal(Wish())

    @discord.ui.button(label="Reject", custom_id="page:reject", style=discord.ButtonStyle.danger)
    async def reject(
        self, interaction: discord.Interaction, _button: discord.ui.Button["Buttons"]
    ) -> None:
        await interaction.response.send_message("You may not do that.", ephemeral=True)

    @discord.ui.button(label="Show plan", custom_id="page:silent")
    async def stay_silent(
        self, _interaction: discord.Interaction, _button: discord.ui.Button["Buttons"]
    ) -> None:
        """Give no answer."""

    @discord.ui.button(label="Later", custom_id="page:later", disabled=True)
    async def postpone(
        self, _interaction: discord.Interaction, _button: discord.ui.Button["Buttons"]
    ) -> None:
        """Do nothing: the button is disabled."""

    @discord.ui.select(
        custom_id="page:choose",
        placeholder="Which candidate?",
        options=[
            discord.SelectOption(label="First", value="1", description="one line", emoji="🎲"),
            discord.SelectOption(label="Second", value="2", description="a revert"),
        ],
    )
    async def choose(
        self, interaction: discord.Interaction, select: discord.ui.Select["Buttons"]
    ) -> None:
        await interaction.response.send_message(f"chose {select.values[0]}")


def make_proposal() -> discord.Embed:
    """Return a card like that of a proposal."""
    embed = discord.Embed(
        title="Proposal: keep dice inside their faces",
        description="`/roll` picked one face **too many**.\n- cause: `sides + 1` in `cogs/dice.py`",
        colour=0x2FB36D,
        url="https://example.org/pr/1",
        timestamp=datetime(2026, 11, 21, 4, 0, tzinfo=UTC),
    )
    for name, value in (("Checks", "41 passed"), ("Time", "38 s"), ("Cost", "$0.00")):
        embed.add_field(name=name, value=value)
    embed.add_field(name="Files", value="```diff\n- sides + 1\n+ sides\n```", inline=False)
    return embed.set_footer(text="run 7")


class Layout(discord.ui.LayoutView):
    """Components V2: a container with text, a button next to it, and a row."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        press: discord.ui.Button[Layout] = discord.ui.Button(label="Press", custom_id="page:press")
        press.callback = self.answer_press  # type: ignore[method-assign]
        box: discord.ui.Container[Layout] = discord.ui.Container(accent_colour=0xE9B44C)
        box.add_item(discord.ui.TextDisplay("## In a container\nwith **words**"))
        box.add_item(discord.ui.Separator())
        box.add_item(discord.ui.Section("Beside a button", accessory=press))
        self.add_item(box)

    async def answer_press(self, interaction: discord.Interaction) -> None:
        """Answer a press of the button."""
        await interaction.response.send_message("pressed in a layout")


class PageBot(SampleBot):
    """Answers "show card", "show diff", "show layout" and the like; `/roll`, `/fix` and more."""

    async def setup_hook(self) -> None:
        self.add_view(Buttons())
        _add_page_commands(self.tree)
        await super().setup_hook()

    async def on_message(self, message: discord.Message) -> None:
        await super().on_message(message)
        if message.author.bot:
            return
        if message.content == "show card":
            await message.reply(embed=make_proposal(), view=Buttons())
        if message.content == "show diff":
            diff = discord.File(io.BytesIO(DIFF.encode()), "proposal.diff")
            await message.reply("The whole change:", file=diff)
        if message.content == "show layout":
            await message.channel.send(view=Layout())
        if message.content == "show thread":
            thread = await message.create_thread(name="Dice keep crashing")
            await thread.send("Looking into it.")
        if message.content == "show typing":
            await message.channel.typing()


def _add_page_commands(tree: app_commands.CommandTree[SampleBot]) -> None:
    @tree.command()
    @app_commands.describe(dice="such as 2d6")
    async def roll(interaction: discord.Interaction, dice: str) -> None:
        """Roll some dice."""
        await interaction.response.send_message(f"🎲 {dice}: **7**")

    @tree.command()
    @app_commands.describe(what="what is broken", run="which run", tier="how thoroughly")
    @app_commands.choices(
        tier=[
            app_commands.Choice(name="quick", value="q"),
            app_commands.Choice(name="full", value="f"),
        ]
    )
    async def fix(
        interaction: discord.Interaction,
        what: str,
        run: str | None = None,
        tier: str = "q",
        urgent: bool = False,
    ) -> None:
        """Fix what is broken."""
        await interaction.response.send_message(f"fixing {what} {run} {tier} {urgent}")

    @fix.autocomplete("run")
    async def complete_runs(
        _interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        found = {"Run 7: dice": "7", "Run 8: polls": "8"}
        return [
            app_commands.Choice(name=name, value=value)
            for name, value in found.items()
            if typed.lower() in name.lower()
        ]
