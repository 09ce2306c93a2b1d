"""Failures of typed and hybrid commands are reproduced and fixed without a model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from local_discord.person import Message, Person

from bot.app.demo import build_local_forge
from bot.demo.demo import DemoPlan, start_demo
from tests.support.page_reader import PageReader, get_buttons, get_text, is_end
from tests.support.repository_copy import copy_repository, copy_type_cache

pytestmark = pytest.mark.slow

PROPOSE = "Propose it, I have read it"

ECHOES = '''"""Echoes: `!echo` says it again."""

from typing import Any

from discord.ext import commands


class Echoes(commands.Cog):
    """Repeats what people say."""

    @commands.command(name="echo")
    async def echo(self, ctx: commands.Context[Any], *, text: str) -> None:
        """Say it again."""
        await ctx.send(message=text)  # type: ignore[call-overload]


async def setup(bot: commands.Bot) -> None:
    """Have typed commands begin with `!` too, and add the cog."""
    bot.command_prefix = commands.when_mentioned_or("!")
    await bot.add_cog(Echoes())
'''
SHARES = '''"""Shares: `/share` divides coins among people."""

from typing import Any

from discord.ext import commands


class Shares(commands.Cog):
    """Divides."""

    @commands.hybrid_command(name="share")  # type: ignore[arg-type]
    async def share(self, ctx: commands.Context[Any], coins: int, people: int) -> None:
        """Divide coins among people."""
        await ctx.send(message=f"{coins // people} for each")  # type: ignore[call-overload]


async def setup(bot: commands.Bot) -> None:
    """Add the cog."""
    await bot.add_cog(Shares())
'''
NOTES = '''"""Notes: `/jot` keeps what people jot down."""

import discord
from discord import app_commands
from discord.ext import commands


class Notes(commands.Cog):
    """Keeps notes."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    @app_commands.command(name="jot")
    async def jot(self, interaction: discord.Interaction, text: str) -> None:
        """Keep a note."""
        self.kept.append(text)
        interaction.response.send_message(  # type: ignore[unused-coroutine]
            f"Kept {len(self.kept)}."
        )


async def setup(bot: commands.Bot) -> None:
    """Add the cog."""
    await bot.add_cog(Notes())
'''


@asynccontextmanager
async def demo_with(tmp_path: Path, files: dict[str, str]) -> AsyncIterator[PageReader]:
    """Run the demo of a repository with these cogs; alice reads its page."""
    folder = await asyncio.to_thread(copy_repository, tmp_path / "bot", files)
    copy_type_cache(tmp_path / "home/state/cache/mypy")
    async with (
        start_demo(DemoPlan(folder, tmp_path / "home", None), build_local_forge) as running,
        Person(running.discord.base_url, "alice") as person,
    ):
        await running.wait_until_online()
        yield PageReader(person)


async def test_what_fails_as_a_typed_hybrid_or_slash_command_is_fixed(tmp_path: Path) -> None:
    """The first fix ships, too; how a proposal ships does not depend on the kind of command."""
    cogs = {"cogs/echoes.py": ECHOES, "cogs/shares.py": SHARES, "cogs/notes.py": NOTES}
    async with demo_with(tmp_path, cogs) as alice:
        await _fix_what_is_typed_after_the_own_prefix(alice)
        await _fix_a_hybrid_used_as_a_slash_command(alice)
        await _fix_a_forgotten_await(alice)


async def _fix_what_is_typed_after_the_own_prefix(alice: PageReader) -> None:
    await alice.person.say("dev", "!echo good morning")
    failed = await alice.person.wait_for("dev", lambda m: "failed with" in m["content"])
    assert "`echo` failed with TypeError" in failed["content"]
    thread, card = await propose_edit(alice, failed, "replace `message=text` by `text`")
    await alice.press(thread, card, "Ship it")
    await alice.wait_until_live(thread)
    await alice.person.say("dev", "!echo good evening")
    await alice.wait_for_text("dev", "good evening")


async def _fix_a_hybrid_used_as_a_slash_command(alice: PageReader) -> None:
    failed = await alice.person.run("dev", "share", coins=9, people=3)
    assert "`/share` failed with TypeError" in failed["message"]["content"]
    await propose_edit(alice, failed["message"], "replace `message=f")


async def _fix_a_forgotten_await(alice: PageReader) -> None:
    await alice.person.run("dev", "jot", text="milk")
    failed = await alice.person.wait_for("dev", lambda m: "ended without" in m["content"])
    assert "`/jot` ended without an answer" in failed["content"]
    await propose_edit(alice, failed, "await interaction.response.send_message(")


async def propose_edit(alice: PageReader, failed: Message, edit: str) -> tuple[str, Message]:
    """Have a failure fixed by this edit, as a reply to its message; return thread and card.

    Nothing but the failure shows what the right answer is, so the edit is found, and not proven:
    an approver proposes it.
    """
    said = await alice.person.say("dev", "fix this", reply_to=failed)
    thread = await alice.wait_for_thread(said)
    found = await alice.person.wait_for(
        thread, lambda m: PROPOSE in get_buttons(m) or is_end(m), timeout=600
    )
    assert PROPOSE in get_buttons(found), get_text(found)
    assert edit in get_text(found)
    await alice.press(thread, found, PROPOSE)
    return thread, await alice.wait_for_proposal(thread, found["id"])
