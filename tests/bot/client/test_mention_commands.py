"""Text commands by mention: which messages run one, and which only speak of it."""

from pathlib import Path

import pytest
from discord.ext import commands
from local_discord.person import Person

from tests.support.dev_channel import DevChannel, open_dev_channel


class Texts(commands.Cog):
    """Commands as other bots have them."""

    @commands.command()
    async def whois(self, ctx: commands.Context[commands.Bot], *, name: str = "") -> None:
        await ctx.send(f"ran whois {name}")

    @commands.command()
    async def roll(self, ctx: commands.Context[commands.Bot], dice: str) -> None:
        await ctx.send(f"ran roll {dice}")

    @commands.command()
    async def todo(self, ctx: commands.Context[commands.Bot], *, what: str) -> None:
        await ctx.send(f"ran todo {what}")

    @commands.command()
    async def stop(self, ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("ran stop")

    @commands.group(invoke_without_command=True)
    async def editor(self, ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("ran editor")

    @editor.command()  # type: ignore[arg-type]
    async def permutate(self, ctx: commands.Context[commands.Bot], one: str, two: str) -> None:
        await ctx.send(f"ran permutate {one} {two}")


async def answers(room: DevChannel, text: str) -> list[str]:
    """Return all that the bot says to this in #general, once it has answered a later message."""
    alice: Person = room["alice"]
    me = f"<@{room.local.bot_user_id}>"
    said = await alice.say("general", f"{me} {text}")
    last = await alice.say("general", f"{me} hello")
    await room.wait_for_reply("alice", last)
    found = await alice.list_messages("general")
    return [
        str(m["content"])
        for m in found
        if m["author"].get("bot")
        and int(m["id"]) > int(said["id"])
        and (m.get("message_reference") or {}).get("message_id") != last["id"]
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("whois alice", "ran whois alice"),
        ("whois", "ran whois "),
        ("editor permutate x y", "ran permutate x y"),
        ("editor", "ran editor"),
        ("todo the printer is broken, fix it", "ran todo the printer is broken, fix it"),
        ("todo fix the login page", "ran todo fix the login page"),
    ],
)
async def test_a_command_runs_and_nothing_else_answers(
    tmp_path: Path, text: str, answer: str
) -> None:
    async with open_dev_channel(tmp_path) as room:
        await room.client.add_cog(Texts())
        assert await answers(room, text) == [answer]
        assert await room.list_runs() == ()


@pytest.mark.parametrize(
    "text",
    [
        "whois is broken, fix it",
        "whois crashes",
        "whois doesn't work, look into it",
        "roll 2d6 is broken, fix it",
        "editor permutate is broken, fix it",
        "fix whois",
    ],
)
async def test_what_is_said_of_a_command_does_not_run_it(tmp_path: Path, text: str) -> None:
    async with open_dev_channel(tmp_path) as room:
        await room.client.add_cog(Texts())
        told = await answers(room, text)
        assert told or await room.list_runs()
        assert [each for each in told if each.startswith("ran ")] == []


async def test_no_cog_takes_a_decision_from_people_by_its_name(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path) as room:
        await room.client.add_cog(Texts())
        assert "ran stop" not in await answers(room, "stop")


async def test_a_command_of_an_edited_message_neither_runs_nor_is_talk(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path) as room:
        await room.client.add_cog(Texts())
        me = f"<@{room.local.bot_user_id}>"
        said = await room["alice"].say("general", f"{me} whoos alice")
        await room.wait_for_reply("alice", said)
        await room["alice"].edit("general", said, f"{me} whois alice")
        last = await room["alice"].say("general", f"{me} hello")
        await room.wait_for_reply("alice", last)
        texts = [m["content"] for m in await room["alice"].list_messages("general")]
        assert [each for each in texts if each.startswith("ran ")] == []
