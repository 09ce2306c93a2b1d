"""The gateway connection, with what can go wrong said so that a person can mend it."""

import aiohttp
import discord

from bot.domain.errors import ChatUnavailable, ConfigError


async def connect(client: discord.Client, token: str) -> None:
    """Log in and stay connected until the client is closed; it is, however this ends.

    Raises `ConfigError` for what a person has to mend, and `ChatUnavailable`.
    """
    try:
        async with client:
            await client.start(token)
    except discord.LoginFailure as error:
        raise ConfigError(
            "Discord does not know DISCORD_TOKEN. Copy a new one from the Bot page of your "
            "application in the Developer Portal."
        ) from error
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigError(
            "Discord refuses the privileged intents. Turn on “Server Members Intent” and “Message "
            "Content Intent” on the Bot page of your application in the Developer Portal."
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise ChatUnavailable(
            f"Discord cannot be reached ({error}). Check the network, and "
            "THESEUS_DISCORD_API_URL and THESEUS_DISCORD_GATEWAY_URL if you set them."
        ) from error
