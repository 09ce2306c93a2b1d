"""A bare discord.py bot, in a separate program, that repeats the text after "echo"."""

import os

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Echo(discord.Client):
    """Replies to "echo ..."; as little as a bot can do."""

    async def on_message(self, message: discord.Message) -> None:
        """Repeat the message."""
        if message.content.startswith("echo "):
            await message.reply(message.content.removeprefix("echo "))


def main() -> None:
    """Connect to the Discord that the environment names."""
    Route.BASE = os.environ["THESEUS_DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["THESEUS_DISCORD_GATEWAY_URL"])
    intents = discord.Intents.default()
    intents.message_content = True
    Echo(intents=intents).run(os.environ["DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
