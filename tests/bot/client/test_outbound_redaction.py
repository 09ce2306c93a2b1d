"""Nothing that a cog sends to Discord contains a secret."""

import json
from collections.abc import Iterator

import aiohttp
import discord
import pytest
from local_discord.server import LocalDiscord
from theseus_observe.redaction import forget_secret, redact, register_secret

from bot.client._outbound_redaction import _clean_file, redact_payload
from tests.support.live_client import Home, run_client

CANARY = "canary" + "-5f2d-in-the-mine"
ENCODED = "Y2FuYXJ5LTVmMmQtaW4tdGhlLW1pbmU"  # the same in base64
LEAKY = f"""
import io
import discord
from discord import app_commands
from discord.ext import commands

CANARY = "{CANARY}"

class Ask(discord.ui.Modal, title="t " + CANARY):
    wish = discord.ui.TextInput(label="l " + CANARY, placeholder=CANARY, custom_id="wish")

class Leaky(commands.Cog):
    @app_commands.command()
    async def public(self, interaction: discord.Interaction) -> None:
        "Say it to all."
        channel = interaction.channel
        file = discord.File(io.BytesIO(("a " + CANARY).encode()), filename=CANARY + ".txt")
        embed = discord.Embed(title=CANARY, description="b " + CANARY)
        embed.add_field(name=CANARY, value=CANARY)
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label=CANARY, custom_id="press"))
        message = await channel.send("c " + CANARY, embed=embed, view=view)
        await channel.send(file=file)
        await message.edit(content="d " + CANARY)
        await message.create_thread(name="e " + CANARY)
        await message.reply("{ENCODED}")
        await interaction.response.send_message("done")

    @app_commands.command()
    async def quiet(self, interaction: discord.Interaction) -> None:
        "Say it to one."
        await interaction.response.send_message("f " + CANARY, ephemeral=True)

    @app_commands.command()
    async def later(self, interaction: discord.Interaction) -> None:
        "Say it afterwards."
        await interaction.response.defer(ephemeral=True)
        file = discord.File(io.BytesIO(CANARY.encode()), filename="x.log")
        await interaction.followup.send("g " + CANARY, file=file, ephemeral=True)
        await interaction.edit_original_response(content="h " + CANARY)

    @app_commands.command()
    async def ask(self, interaction: discord.Interaction) -> None:
        "Ask with it."
        await interaction.response.send_modal(Ask())

async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Leaky())
"""


@pytest.fixture
def canary() -> Iterator[str]:
    """Return a value that is guarded while the test runs."""
    register_secret("canary", CANARY)
    yield CANARY
    forget_secret(CANARY)


async def test_a_cog_that_knows_nothing_of_secrets_tells_none(
    home: Home, local: LocalDiscord, canary: str
) -> None:
    home.write("cogs/leaky.py", LEAKY)
    async with run_client(home, local) as room, aiohttp.ClientSession() as web:
        told = [await room.alice.run("dev", name) for name in ("public", "quiet", "later", "ask")]
        await room.alice.wait_for("dev", lambda message: message["content"].startswith("h "))
        messages = await room.alice.list_messages("dev")
        seen = json.dumps([told, messages, await room.alice.list_threads("dev")])
        for message in messages:
            for attachment in message["attachments"]:
                async with web.get(attachment["url"]) as answer:
                    seen += await answer.text()

    assert canary not in seen
    assert ENCODED[8:30] not in seen
    for letter in "abdefhlt":
        assert f"{letter} [redacted:canary]" in seen, letter


def test_ids_and_pictures_stay_as_they_are(canary: str) -> None:
    told = {"custom_id": canary, "content": canary, "id": canary, "embeds": [{"title": canary}]}

    assert redact_payload(told, redact) == {
        "custom_id": canary,
        "content": "[redacted:canary]",
        "id": canary,
        "embeds": [{"title": "[redacted:canary]"}],
    }


@pytest.mark.parametrize(
    "file",
    [
        b"caf\xe9 " + CANARY.encode(),  # one byte that is no UTF-8
        b"done\0" + CANARY.encode() + b"\0",
        f"said {CANARY}".encode("utf-16"),
        f"said {CANARY}".encode("utf-16-le"),
        f"\x1b[31m{CANARY}\x1b[0m".encode(),
        b"\xef\xbb\xbf" + CANARY.encode(),
    ],
)
def test_a_log_that_is_no_clean_text_is_looked_through_too(file: bytes, canary: str) -> None:
    sent = _clean_file(file, redact)
    assert canary.encode() not in sent.replace(b"\0", b"")
    assert b"[redacted:canary]" in sent.replace(b"\0", b"")


def test_a_message_does_not_grow_beyond_what_discord_takes_by_what_stands_for_its_secrets() -> None:
    def marked(text: str) -> str:
        return text.replace("pw", "[redacted:password]")

    sent = redact_payload({"content": "pw " * 600, "nonce": "pw"}, marked)
    assert (len(sent["content"]), sent["content"][-1]) == (2_000, "…")
    assert sent["content"].startswith("[redacted:password] [redacted:password] ")
    assert sent["nonce"] == "pw"
    assert len(redact_payload({"content": "x" * 3_000}, marked)["content"]) == 3_000


def test_a_picture_is_sent_as_it_is(canary: str) -> None:
    for picture in (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, bytes(range(256)) * 3):
        assert _clean_file(picture, redact) is picture


async def test_what_the_bot_is_shown_as_doing_tells_none(
    home: Home, local: LocalDiscord, canary: str
) -> None:
    async with run_client(home, local) as room:
        game = discord.CustomActivity(name=f"at {canary}")
        await room.client.change_presence(activity=game, status=discord.Status.idle)
        assert canary not in str(game.to_dict())


def test_discord_is_the_version_whose_doors_these_are() -> None:
    """A newer discord.py may have a third way out: look at its requests before raising this."""
    assert discord.__version__ == "2.7.1"
