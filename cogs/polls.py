"""Polls: `/poll create` posts a question with a button for each option and a live tally."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiosqlite
import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient

MIN_OPTIONS = 2
MAX_OPTIONS = 10
MAX_OPTION = 60
MAX_QUESTION = 200
BAR_WIDTH = 12
PRESS = re.compile(r"poll:(?P<poll>[0-9]{1,15}):(?P<choice>[0-9]{1,2})")
UNKNOWN = "There is no poll with that number here."
SCHEMA = """
CREATE TABLE IF NOT EXISTS poll (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    message INTEGER NOT NULL DEFAULT 0,
    author INTEGER NOT NULL,
    question TEXT NOT NULL,
    options TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS vote (
    poll INTEGER NOT NULL REFERENCES poll (id),
    user INTEGER NOT NULL,
    choice INTEGER NOT NULL,
    PRIMARY KEY (poll, user)
);
"""


class OptionsError(Exception):
    """The options make no poll; the text is a reply for the person who typed them."""


def parse_options(text: str) -> list[str]:
    """Split options at `|` or `;`, without blanks and repeats, in the order typed.

    Raises OptionsError, its text fit to show, when they are too few, too many or too long.
    """
    options: list[str] = []
    for part in re.split(r"[|;]", text):
        option = " ".join(part.split())
        if option and option not in options:
            options.append(option)
    if not MIN_OPTIONS <= len(options) <= MAX_OPTIONS:
        raise OptionsError(
            f"A poll needs {MIN_OPTIONS} to {MAX_OPTIONS} different options, separated by `|` "
            f"or `;`; I read {len(options)}. Try `pizza | salad | soup`."
        )
    for option in options:
        if len(option) > MAX_OPTION:
            raise OptionsError(f"`{option[:20]}…` is too long: {MAX_OPTION} characters at most.")
    return options


def tally(votes: list[str], options: list[str]) -> list[int]:
    """Count the votes for each option, in the options' order."""
    counts = dict.fromkeys(options, 0)
    for vote in votes:
        counts[vote] += 1
    return list(counts.values())


def compute_percentages(counts: list[int]) -> list[int]:
    """Whole percentages that add up to 100; all zero while nobody has voted."""
    total = sum(counts)
    if total == 0:
        return [0] * len(counts)
    shares = []
    remainders = []
    for count in counts:
        shares.append(count * 100 // total)
        remainders.append(count * 100 % total)
    missing = 100 - sum(shares)
    by_remainder = sorted(range(len(counts)), key=remainders.__getitem__, reverse=True)
    for at in by_remainder[:missing]:
        shares[at] += 1
    return shares


def draw_bar(count: int, highest: int) -> str:
    """A bar for an option, as long as its count is next to the highest one."""
    filled = BAR_WIDTH * count // highest if highest else 0
    return "█" * filled + "░" * (BAR_WIDTH - filled)


def format_voters(voters: int) -> str:
    """How many people voted, in words."""
    if voters == 0:
        return "no votes yet"
    return "1 vote" if voters == 1 else f"{voters} votes"


def describe_tally(options: list[str], counts: list[int]) -> str:
    """The live tally of the poll's card: a bar and a count for each option."""
    highest = max(counts)
    lines = []
    for option, count in zip(options, counts, strict=True):
        lines.append(f"{option}\n`{draw_bar(count, highest)}` {count}")
    return "\n".join(lines)


def describe_results(options: list[str], counts: list[int]) -> str:
    """The result as text, the leading option first, equal ones in their own order."""
    shares = compute_percentages(counts)
    order = sorted(range(len(options)), key=counts.__getitem__, reverse=True)
    lines = []
    for at in order:
        lines.append(f"{shares[at]} % {options[at]} ({counts[at]})")
    return "\n".join(lines)


def read_press(custom_id: str) -> tuple[int, int] | None:
    """Read the poll's number and the choice from a button's custom_id; None for others' buttons."""
    match = PRESS.fullmatch(custom_id)
    return None if match is None else (int(match["poll"]), int(match["choice"]))


class Ballot:
    """The file of polls and votes; a poll is a dict of its row, its options a list."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> None:
        """Open the file, made when it is not there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = await aiosqlite.connect(self._path)
        self._file.row_factory = aiosqlite.Row
        await self._file.executescript(SCHEMA)

    async def close(self) -> None:
        """Close the file."""
        await self._file.close()

    async def add(
        self, guild: int, channel: int, author: int, question: str, options: list[str]
    ) -> int:
        """Store a poll and return its number."""
        cursor = await self._write(
            "INSERT INTO poll (guild, channel, author, question, options) VALUES (?, ?, ?, ?, ?)",
            (guild, channel, author, question, json.dumps(options)),
        )
        return cursor.lastrowid or 0

    async def set_message(self, number: int, message: int) -> None:
        """Note the message that shows the poll."""
        await self._write("UPDATE poll SET message = ? WHERE id = ?", (message, number))

    async def close_poll(self, number: int) -> None:
        """Take no more votes."""
        await self._write("UPDATE poll SET closed = 1 WHERE id = ?", (number,))

    async def vote(self, number: int, user: int, choice: int) -> None:
        """Store somebody's vote in place of their earlier one."""
        await self._write("REPLACE INTO vote VALUES (?, ?, ?)", (number, user, choice))

    async def find(self, number: int, guild: int) -> Any:
        """Return the poll with this number in that guild, or None."""
        cursor = await self._file.execute(
            "SELECT * FROM poll WHERE id = ? AND guild = ?", (number, guild)
        )
        row = await cursor.fetchone()
        return None if row is None else {**dict(row), "options": json.loads(row["options"])}

    async def list_votes(self, poll: Any) -> list[str]:
        """Return the options voted for, one for each person."""
        rows = await self._file.execute_fetchall(
            "SELECT choice FROM vote WHERE poll = ? ORDER BY user", (poll["id"],)
        )
        return [poll["options"][row["choice"]] for row in rows]

    async def _write(self, statement: str, values: tuple[int | str, ...]) -> aiosqlite.Cursor:
        cursor = await self._file.execute(statement, values)
        await self._file.commit()
        return cursor


def build_buttons(poll: Any) -> discord.ui.View | None:
    """The vote buttons of an open poll; all a vote needs is in their custom_id."""
    if poll["closed"]:
        return None
    view = discord.ui.View(timeout=None)
    for choice, option in enumerate(poll["options"]):
        custom_id = f"poll:{poll['id']}:{choice}"
        view.add_item(discord.ui.Button(label=option, custom_id=custom_id))
    view.stop()  # the cog listens for presses itself, so that they outlive a restart
    return view


def render_card(poll: Any, counts: list[int]) -> discord.Embed:
    """The poll's message: question, live tally, how many voted and whether it is over."""
    state = "closed" if poll["closed"] else "one vote each, press again to change it"
    embed = discord.Embed(
        title=f"📊 {poll['question']}", description=describe_tally(poll["options"], counts)
    )
    return embed.set_footer(text=f"Poll {poll['id']} · {format_voters(sum(counts))} · {state}")


@app_commands.guild_only()
class Polls(commands.GroupCog, group_name="poll", group_description="Ask people something"):
    """Creates polls, takes votes and keeps the tally on the message up to date."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self.ballot = Ballot(bot.state / "polls.sqlite3")
        self._in_turn = asyncio.Lock()  # so that an older tally never overwrites a newer one

    async def cog_load(self) -> None:
        """Open the file."""
        await self.ballot.open()

    async def cog_unload(self) -> None:
        """Close the file, after the vote that is being counted."""
        async with self._in_turn:
            await self.ballot.close()

    @app_commands.command(name="create", description="Ask a question with buttons to vote")
    @app_commands.describe(question="What to ask", options="Options: pizza | salad | soup")
    async def create(
        self,
        interaction: discord.Interaction,
        question: app_commands.Range[str, 1, MAX_QUESTION],
        options: str,
    ) -> None:
        """Post a poll, or say what is wrong with the options."""
        try:
            choices = parse_options(options)
        except OptionsError as error:
            await interaction.response.send_message(str(error), ephemeral=True)
            return
        place = (interaction.guild_id or 0, interaction.channel_id or 0)
        number = await self.ballot.add(*place, interaction.user.id, question, choices)
        poll = {"id": number, "question": question, "options": choices, "closed": 0}
        view = build_buttons(poll) or discord.ui.View()
        await interaction.response.send_message(
            embed=render_card(poll, [0] * len(choices)), view=view
        )
        message = await interaction.original_response()
        await self.ballot.set_message(number, message.id)

    @app_commands.command(name="results", description="Show how a poll stands")
    @app_commands.rename(number="id")
    @app_commands.describe(number="The number at the foot of the poll")
    async def results(
        self, interaction: discord.Interaction, number: app_commands.Range[int, 1, 2**53 - 1]
    ) -> None:
        """Show the shares in order, to the asker alone."""
        poll = await self.ballot.find(number, interaction.guild_id or 0)
        if poll is None:
            await interaction.response.send_message(UNKNOWN, ephemeral=True)
            return
        counts = tally(await self.ballot.list_votes(poll), poll["options"])
        state = "final" if poll["closed"] else "so far"
        await interaction.response.send_message(
            f"**{poll['question']}** ({format_voters(sum(counts))}, {state})\n"
            f"{describe_results(poll['options'], counts)}",
            ephemeral=True,
        )

    @app_commands.command(name="close", description="End one of your polls")
    @app_commands.rename(number="id")
    @app_commands.describe(number="The number at the foot of the poll")
    async def close(
        self, interaction: discord.Interaction, number: app_commands.Range[int, 1, 2**53 - 1]
    ) -> None:
        """Take no more votes and show the result to all; only who asked can, or a moderator."""
        poll = await self.ballot.find(number, interaction.guild_id or 0)
        refusal = refuse_close(poll, interaction.user.id, interaction.permissions.manage_messages)
        if refusal:
            await interaction.response.send_message(refusal, ephemeral=True)
            return
        async with self._in_turn:
            await self.ballot.close_poll(number)
            poll = {**poll, "closed": 1}
            counts = tally(await self.ballot.list_votes(poll), poll["options"])
            await interaction.response.send_message(
                f"**{poll['question']}** is closed ({format_voters(sum(counts))}).\n"
                f"{describe_results(poll['options'], counts)}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
            await self._update_card(poll, counts)

    @commands.Cog.listener("on_interaction")
    async def handle_press(self, interaction: discord.Interaction) -> None:
        """Take the press of a vote button, also on a poll from before a restart."""
        pressed: Any = interaction.data or {}
        press = read_press(pressed.get("custom_id", ""))
        if press is not None and interaction.type is discord.InteractionType.component:
            await self._take_vote(interaction, *press)

    async def _take_vote(self, interaction: discord.Interaction, number: int, choice: int) -> None:
        """Store a press and draw the tally again, one press after the other."""
        async with self._in_turn:
            poll = await self.ballot.find(number, interaction.guild_id or 0)
            if poll is None or poll["closed"] or choice >= len(poll["options"]):
                await interaction.response.send_message("This poll is over.", ephemeral=True)
                return
            await self.ballot.vote(number, interaction.user.id, choice)
            counts = tally(await self.ballot.list_votes(poll), poll["options"])
            await interaction.response.edit_message(
                embed=render_card(poll, counts), view=build_buttons(poll)
            )

    async def _update_card(self, poll: Any, counts: list[int]) -> None:
        """Draw the poll's own message again; it may have been deleted meanwhile."""
        message = self.bot.get_partial_messageable(poll["channel"]).get_partial_message(
            poll["message"]
        )
        try:
            await message.edit(embed=render_card(poll, counts), view=build_buttons(poll))
        except (discord.NotFound, discord.Forbidden):
            return


def refuse_close(poll: Any, user: int, moderator: bool) -> str:
    """Why this person may not close the poll; empty when they may."""
    if poll is None:
        return UNKNOWN
    if poll["closed"]:
        return "That poll is closed already."
    if user != poll["author"] and not moderator:
        return "Only who asked can close a poll, or a moderator."
    return ""


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog(Polls(bot))
