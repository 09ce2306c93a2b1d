"""Reminders: `/remind in:10m about:stand-up`, stored in a file so that restarts lose none."""

import asyncio
import re
from pathlib import Path
from typing import Any

import aiosqlite
import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.client import TheseusClient

UNIT_SECONDS = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
}
PART = re.compile(
    r"(\d{1,6})(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)",
    re.IGNORECASE | re.ASCII,
)
MIN_DELAY = 5
MAX_DELAY = 366 * 86400
MAX_ABOUT = 500
MAX_EACH = 25
LATE_AFTER = 60
RETRY_AFTER = 60
PAUSE_AFTER_FAULT = 5
LONGEST_NAP = 3600
CLOSING_TIME = 5
SCHEMA = """
CREATE TABLE IF NOT EXISTS reminder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    due INTEGER NOT NULL,
    try_at INTEGER NOT NULL,
    about TEXT NOT NULL
)
"""


class DelayError(Exception):
    """What was typed is not a delay; the text is a reply for the person who typed it."""


def parse_delay(text: str) -> int:
    """Read a delay such as `10m`, `1h30m` or `2 days` as seconds.

    Raises DelayError, its text fit to show, for anything else and for delays too short or long.
    """
    squeezed = "".join(text.split())
    parts = PART.findall(squeezed)
    if not parts or "".join(amount + unit for amount, unit in parts) != squeezed:
        raise DelayError(f"I can't read `{text[:40]}` as a delay. Try `10m`, `1h30m` or `2 days`.")
    seconds = add_up([(int(amount), unit.lower()) for amount, unit in parts])
    if not MIN_DELAY <= seconds <= MAX_DELAY:
        raise DelayError(f"I can remind you between {MIN_DELAY} seconds and a year from now.")
    return seconds


def add_up(parts: list[tuple[int, str]]) -> int:
    """Sum amounts with units, such as [(1, "h"), (30, "min")], in seconds."""
    seconds = 0
    for amount, unit in parts:
        seconds += amount * UNIT_SECONDS[unit[0]]
    return seconds


def format_duration(seconds: int) -> str:
    """A stretch of time in its two largest units: `2 d 3 h`, `10 min`, `30 s`."""
    names = [("d", 86400), ("h", 3600), ("min", 60)]
    phrase = f"{max(seconds, 0)} s"
    for at, (name, size) in enumerate(names):
        if seconds < size:
            continue
        phrase = f"{seconds // size} {name}"
        if at + 1 < len(names):
            smaller, smaller_size = names[at + 1]
            rest = seconds % size // smaller_size
            phrase += f" {rest} {smaller}" if rest else ""
        break
    return phrase


def describe_reminder(row: Any, now: int) -> str:
    """One line about a reminder's row (a dict as the store gives it), or that there is none."""
    if row is None:
        return "You have no reminder with that number. `/reminders list` shows yours."
    return f"**#{row['id']}** {row['about']}, in {format_duration(row['due'] - now)}"


def describe_delivery(row: Any, now: int) -> str:
    """What is said when a reminder is due; a late one says by how much."""
    text = f"⏰ <@{row['user']}> {row['about']}"
    late = now - row["due"]
    if late > LATE_AFTER:
        text += f"\n-# {format_duration(late)} late: I was away when this was due. Sorry!"
    return text


def compute_wait(due_times: list[int], now: int) -> int:
    """How long to wait for the next reminder: never negative, an hour when there is none."""
    waits = [max(due - now, 0) for due in due_times]
    return min([*waits, LONGEST_NAP])


def clip(text: str) -> str:
    """Keep a reply within Discord's 2,000 characters, cutting at the end of a line."""
    if len(text) <= 2000:
        return text
    return text[:1990].rpartition("\n")[0] + "\n…"


class ReminderStore:
    """The file of reminders; rows are dicts with `id`, `user`, `channel`, `due` and `about`.

    Times are seconds since 1970, UTC. Numbers are never given out twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> None:
        """Open the file, made when it is not there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = await aiosqlite.connect(self._path)
        self._file.row_factory = aiosqlite.Row
        await self._file.execute(SCHEMA)
        await self._file.commit()

    async def close(self) -> None:
        """Close the file."""
        await self._file.close()

    async def add(self, user: int, channel: int, due: int, about: str) -> int:
        """Store a reminder and return its number."""
        number = await self._write(
            "INSERT INTO reminder (user, channel, due, try_at, about) VALUES (?, ?, ?, ?, ?)",
            (user, channel, due, due, about),
        )
        return int(number)

    async def remove(self, number: int) -> None:
        """Forget a reminder; nothing happens when it is gone already."""
        await self._write("DELETE FROM reminder WHERE id = ?", (number,))

    async def put_off(self, number: int, until: int) -> None:
        """Try to deliver a reminder again later; it stays due when it was."""
        await self._write("UPDATE reminder SET try_at = ? WHERE id = ?", (until, number))

    async def find(self, number: int, user: int) -> Any:
        """Return that person's reminder with this number, or None."""
        rows = await self._fetch_rows("WHERE id = ? AND user = ?", (number, user))
        return rows[0] if rows else None

    async def list_reminders(self, user: int) -> list[Any]:
        """Return a person's reminders, the next one first."""
        return await self._fetch_rows("WHERE user = ? ORDER BY due, id", (user,))

    async def list_due(self, now: int) -> list[Any]:
        """Return what is to be delivered now, the oldest first."""
        return await self._fetch_rows("WHERE try_at <= ? ORDER BY due, id", (now,))

    async def list_due_times(self) -> list[int]:
        """Return when to look at the store again."""
        rows = await self._fetch_rows("ORDER BY try_at LIMIT 1", ())
        return [row["try_at"] for row in rows]

    async def _fetch_rows(self, which: str, values: tuple[int, ...]) -> list[Any]:
        found = await self._file.execute_fetchall(f"SELECT * FROM reminder {which}", values)  # noqa: S608 - only our own words
        return [dict(row) for row in found]

    async def _write(self, statement: str, values: tuple[int | str, ...]) -> int:
        cursor = await self._file.execute(statement, values)
        await self._file.commit()
        return cursor.lastrowid or 0


class Reminders(commands.Cog):
    """Keeps reminders in a file and delivers each when the clock says so."""

    mine = app_commands.Group(name="reminders", description="Your reminders")

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self.key_values = ReminderStore(bot.state / "reminders.sqlite3")
        self._nap: asyncio.Task[None] | None = None
        self._changed = False
        self._closing = False

    async def cog_load(self) -> None:
        """Open the store; whatever fell due while the bot was away is delivered now."""
        await self.key_values.open()
        self._watch.start()

    async def cog_unload(self) -> None:
        """Stop waiting and close the store; a delivery under way may finish first."""
        watching = self._watch.get_task()
        self._closing = True
        self._watch.stop()
        self._wake()
        if watching is not None:
            await asyncio.wait({watching}, timeout=CLOSING_TIME)
        self._watch.cancel()
        await self.key_values.close()

    @app_commands.command(name="remind", description="Remind me of something here, later")
    @app_commands.rename(delay="in")
    @app_commands.describe(delay="When: 10m, 1h30m, 2 days", about="What to remind you of")
    async def remind(
        self,
        interaction: discord.Interaction,
        delay: str,
        about: app_commands.Range[str, 1, MAX_ABOUT],
    ) -> None:
        """Put a reminder into the store, or say what is wrong with the delay."""
        try:
            seconds = parse_delay(delay)
        except DelayError as error:
            await interaction.response.send_message(str(error), ephemeral=True)
            return
        rows = await self.key_values.list_reminders(interaction.user.id)
        if len(rows) >= MAX_EACH or interaction.channel_id is None:
            await interaction.response.send_message(
                f"You have {len(rows)} reminders already; `/reminders cancel` one first.",
                ephemeral=True,
            )
            return
        due = self._get_time() + seconds
        number = await self.key_values.add(interaction.user.id, interaction.channel_id, due, about)
        self._wake()
        await interaction.response.send_message(
            f"I'll remind you in {format_duration(seconds)} (<t:{due}:t>): {about}\n"
            f"-# `/reminders cancel id:{number}` if you change your mind.",
            allowed_mentions=discord.AllowedMentions.none(),
        )

    @mine.command(name="list", description="Show your reminders")
    async def list_mine(self, interaction: discord.Interaction) -> None:
        """Show the asker's reminders, the next one first, to them alone."""
        now = self._get_time()
        lines = [
            describe_reminder(row, now)
            for row in await self.key_values.list_reminders(interaction.user.id)
        ]
        text = "\n".join(lines) or "You have no reminders. `/remind in:10m about:tea` sets one."
        await interaction.response.send_message(clip(text), ephemeral=True)

    @mine.command(name="cancel", description="Cancel one of your reminders")
    @app_commands.rename(number="id")
    @app_commands.describe(number="The number shown by /reminders list")
    async def cancel(
        self, interaction: discord.Interaction, number: app_commands.Range[int, 1, 2**53 - 1]
    ) -> None:
        """Take a reminder out of the store; only its owner can."""
        row = await self.key_values.find(number, interaction.user.id)
        line = describe_reminder(row, self._get_time())
        if row is not None:
            await self.key_values.remove(number)
            line = f"Cancelled: {line}"
        await interaction.response.send_message(line, ephemeral=True)

    @tasks.loop(count=1)
    async def _watch(self) -> None:
        """Until the cog is unloaded: deliver what is due, then nap until the next one."""
        while not self._closing:
            self._changed = False
            for row in await self.key_values.list_due(self._get_time()):
                await self.key_values.put_off(row["id"], self._get_time() + RETRY_AFTER)
                await self._deliver(row)
            await self._sleep(
                compute_wait(await self.key_values.list_due_times(), self._get_time())
            )

    @_watch.error
    async def _watch_on(self, error: BaseException) -> None:
        """Start again: a fault over one reminder, put off by now, must not silence the others."""
        await self._sleep(PAUSE_AFTER_FAULT)
        watching = self._watch.get_task()
        if watching is not None:
            watching.add_done_callback(lambda _: None if self._closing else self._watch.start())

    async def _deliver(self, row: Any) -> None:
        """Say it, then forget it: a crash in between repeats the send with the same nonce.

        When Discord fails it stays in the store and is tried again.
        """
        text = describe_delivery(row, self._get_time())
        try:
            await self._say(row, text)
        except discord.HTTPException as error:
            if error.status >= 500 or error.status == 429:
                return
        await self.key_values.remove(row["id"])

    async def _say(self, row: Any, text: str) -> None:
        """Send to the channel, or to the person directly when the channel is gone or closed.

        Raises discord.HTTPException when neither takes it.
        """
        whom = discord.AllowedMentions(
            users=[discord.Object(row["user"])], everyone=False, roles=False
        )
        nonce = f"reminder-{row['id']}"
        channel = self.bot.get_partial_messageable(row["channel"])
        try:
            await channel.send(text, nonce=nonce, allowed_mentions=whom)
        except (discord.NotFound, discord.Forbidden):
            person = await self.bot.fetch_user(row["user"])
            await person.send(text, nonce=nonce, allowed_mentions=whom)

    async def _sleep(self, seconds: int) -> None:
        """Nap on the bot's clock; `_wake` ends it early, also when it came just before."""
        if self._changed:
            return
        self._nap = asyncio.create_task(self.bot.clock.sleep(seconds))
        try:
            await asyncio.wait({self._nap})
        finally:
            self._nap.cancel()

    def _wake(self) -> None:
        """Have the store looked at again now."""
        self._changed = True
        if self._nap is not None:
            self._nap.cancel()

    def _get_time(self) -> int:
        return int(self.bot.clock.now().timestamp())


async def setup(bot: TheseusClient) -> None:
    """Add the cog; called by discord.py."""
    await bot.add_cog(Reminders(bot))
