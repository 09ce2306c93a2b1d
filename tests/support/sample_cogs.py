"""Cogs that use every feature available to cogs, for rehearsals."""

_HEAD = """
import asyncio, datetime, random, secrets, time

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands, tasks


def command(**about):
    return app_commands.command(description="for a play", **about)


async def setup(bot):
    for cog in commands.Cog.__subclasses__():
        if cog.__module__ == __name__:
            await bot.add_cog(cog(bot))
"""

DISPLAY_COG = (
    _HEAD
    + """
class Form(discord.ui.Modal, title="What is wrong?"):
    reason = discord.ui.TextInput(label="Reason", custom_id="why")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"{interaction.user.mention}: {self.reason}")


class Card(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=60)

    @discord.ui.button(label="Tell")
    async def tell(self, interaction, button):
        await interaction.response.send_modal(Form())

    @discord.ui.select(placeholder="Colour", options=[
        discord.SelectOption(label="Red", value="r"),
        discord.SelectOption(label="Blue", value="b")])
    async def colour(self, interaction, select):
        await interaction.response.edit_message(content=f"chosen: {select.values[0]}")

    async def on_timeout(self):
        await self.message.edit(content="too late", view=None)


class Shown(commands.Cog):
    def __init__(self, bot):
        self.bot = bot
        menu = app_commands.ContextMenu(name="Shout", callback=self.shout)
        bot.tree.add_command(menu)

    async def shout(self, interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(message.content.upper())

    @command()
    async def card(self, interaction: discord.Interaction):
        view = Card()
        embed = discord.Embed(title="A card", description="of <#%d>" % interaction.channel_id)
        await interaction.response.send_message("look", embed=embed, view=view)
        view.message = await interaction.original_response()

    @command()
    async def about(self, interaction: discord.Interaction, who: discord.Member,
                    where: discord.TextChannel, role: discord.Role, file: discord.Attachment):
        text = (await file.read()).decode()
        may = interaction.permissions.manage_messages
        told = f"{who.mention} {where.mention} {role.mention} {text} {may}"
        await interaction.response.send_message(told, ephemeral=True)

    @command()
    async def pick(self, interaction: discord.Interaction, fruit: str):
        await interaction.response.send_message(fruit)

    @pick.autocomplete("fruit")
    async def fruits(self, interaction: discord.Interaction, typed: str):
        return [app_commands.Choice(name=n, value=n) for n in ("apple", "pear") if typed in n]

    @command()
    @app_commands.default_permissions(manage_messages=True)
    async def moderate(self, interaction: discord.Interaction):
        await interaction.response.send_message("done")

    @commands.Cog.listener()
    async def on_message(self, message):
        if message.author.bot:
            return
        if message.content == "talk":
            thread = await message.create_thread(name="about it")
            await thread.send("here")
            await message.add_reaction("\\N{SHIP}")
            await message.author.send("in private")
            await message.reply("there", file=discord.File(__file__, "cog.py"))

    @commands.Cog.listener()
    async def on_reaction_add(self, reaction, user):
        if not user.bot:
            await reaction.message.channel.send(f"{user.name} {reaction.emoji}")
"""
)

TIMED_COG = (
    _HEAD
    + """
class Timed(commands.Cog):
    def __init__(self, bot):
        self.bot = bot
        self.taken = False
        self.tick.start()

    @tasks.loop(hours=1)
    async def tick(self):
        if self.tick.current_loop:
            await self.bot.get_channel(self.bot.identity.dev_channel_id).send("tick")

    @command()
    async def think(self, interaction: discord.Interaction, seconds: int):
        await interaction.response.defer(thinking=True)
        await asyncio.sleep(seconds)
        await interaction.followup.send("thought")

    @command()
    async def slow(self, interaction: discord.Interaction, seconds: int, block: bool = False):
        if block:
            time.sleep(seconds)
        else:
            await asyncio.sleep(seconds)
        await interaction.response.send_message("at last")

    @commands.command()
    async def half(self, ctx, *, number: str):
        await ctx.send(f"half is {int(number) / 2}")

    @command()
    async def silent(self, interaction: discord.Interaction):
        pass

    @command()
    async def now(self, interaction: discord.Interaction):
        clocks = (datetime.datetime.now(datetime.UTC), self.bot.clock.now(), discord.utils.utcnow(),
                  datetime.datetime.fromtimestamp(time.time(), datetime.UTC),
                  interaction.created_at, datetime.datetime.now().astimezone())
        told = {each.strftime("%H:%M:%S") for each in clocks}
        await interaction.response.send_message(" ".join(sorted(told)))

    @command()
    async def luck(self, interaction: discord.Interaction):
        drawn = (random.randint(1, 999), random.Random().randint(1, 999), secrets.token_hex(4))
        await interaction.response.send_message(str(drawn))

    @command()
    async def take(self, interaction: discord.Interaction):
        if self.taken:
            await interaction.response.send_message("gone")
            return
        await interaction.response.defer()
        taken, self.taken = self.taken, True
        await interaction.followup.send("twice" if taken else f"for {interaction.user.name}")

    @command()
    async def ask(self, interaction: discord.Interaction, path: str = "a"):
        async with aiohttp.ClientSession() as web:
            try:
                async with web.post(f"https://api.example/{path}?q=1") as answer:
                    told = f"{answer.status} {answer.headers.get('X-Left')} {await answer.json()}"
            except (aiohttp.ClientError, TimeoutError) as error:
                told = type(error).__name__
        await interaction.response.send_message(told)

    @command()
    async def files(self, interaction: discord.Interaction):
        path = self.bot.state / "count.txt"
        count = int(path.read_text()) if path.exists() else 0
        path.write_text(str(count + 1))
        await interaction.response.send_message(str(count))
"""
)

HOSTILE = (
    _HEAD
    + """
import gc, json, os, socket, subprocess, sys
from pathlib import Path


class Hostile(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @command()
    async def hello(self, interaction: discord.Interaction):
        await interaction.response.send_message("hello")

    @command()
    async def attempt(self, interaction: discord.Interaction, what: str, path: str = ""):
        await interaction.response.defer()
        try:
            told = str(getattr(self, "_" + what)(Path(path)))
        except Exception as error:
            told = type(error).__name__
        await interaction.followup.send(told[:200])

    def _read(self, path):
        return path.read_text()

    def _write(self, path):
        return path.write_text("mine")

    def _remove(self, path):
        return path.unlink()

    def _sockets(self, path):
        return " ".join(sorted(each.name for each in self._ours().iterdir()))

    def _ours(self):
        return Path(sys.argv[1])

    def _break_sockets(self, path):
        for each in self._ours().iterdir():
            each.unlink()

    def _runner(self, path):
        (Path(os.environ["PYTHONPATH"]) / "runner" / "seeds.py").write_text("")

    def _network(self, path):
        socket.create_connection(("192.0.2.1", 80), timeout=1)

    def _daemon(self, path):
        code = "import os, time\\nif os.fork() == 0:\\n  os.setsid()\\n  time.sleep(600)"
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
        return "left behind"

    def _memory(self, path):
        kept = []
        while True:
            kept.append(bytearray(50_000_000))

    @command()
    async def lie(self, interaction: discord.Interaction):
        answered = {"idle": None, "ready": True, "seconds": 0.0, "seen": ["hello"]}
        claims = [{"seen": [{"kind": "message", "text": "hello"}]}, {"files": {"a": "b"}}, answered]
        for channel in [each for each in gc.get_objects() if type(each).__name__ == "LineSocket"]:
            for claim in claims:
                channel.send(claim)
        for each in self._ours().iterdir():
            if each.name.endswith("control"):
                other = socket.socket(socket.AF_UNIX)
                other.connect(str(each))
                other.sendall(json.dumps(answered).encode() + b"\\n")

    @command()
    async def leave(self, interaction: discord.Interaction):
        os._exit(0)

    @command()
    async def spin(self, interaction: discord.Interaction):
        while True:
            pass
"""
)
