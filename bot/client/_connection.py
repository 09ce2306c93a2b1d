"""The way to Discord: at which hosts, and what is said when it cannot be had or is lost."""

import logging

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.domain.errors import ChatUnavailable, ConfigError

_LOGGER = "discord.client"
_ATTEMPT = "Attempting a reconnect in %.2fs"
_log = structlog.stdlib.get_logger(__name__)


def point_discord_at(api_url: str | None, gateway_url: str | None) -> None:
    """Make discord.py use these hosts, in this process; `None` leaves Discord's own.

    Call once, before the client starts. A gateway URL is only where the first connection goes;
    later ones follow what the server says.
    """
    if api_url:
        Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)


async def connect(client: discord.Client, token: str) -> None:
    """Log in and stay connected until the client is closed. The client is closed in any case.

    Raises `ConfigError` for problems that a person has to fix, and `ChatUnavailable`.
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


def is_connected(client: discord.Client) -> bool:
    """Return whether the gateway connection, which delivers events, is open now.

    discord.py's `is_ready` alone is not enough: it stays true through an outage.
    """
    socket = getattr(client, "ws", None)
    is_open = socket is not None and bool(socket.open)
    return is_open and client.is_ready() and not client.is_closed()


def _shorten_record(record: logging.LogRecord) -> bool:
    """Put the reason into the line, and the trace into the log of details."""
    if record.msg != _ATTEMPT or not record.exc_info:
        return True
    error = record.exc_info[1]
    _log.debug("the gateway connection was lost", exc_info=record.exc_info)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    record.msg = "the gateway connection was lost (%s), trying again in %.2f s"
    record.args = (reason, *(record.args if isinstance(record.args, tuple) else ()))
    record.exc_info, record.exc_text = None, None
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def shorten_reconnects() -> None:
    """Log every reconnect in one line; calling it again has no effect."""
    logging.getLogger(_LOGGER).addFilter(_shorten_record)
