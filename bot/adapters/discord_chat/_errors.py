"""Maps discord.py's errors to the errors of the chat port; no other module does."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from bot.domain.errors import ChatRejected, ChatUnavailable

T = TypeVar("T")


async def map_errors(call: Callable[[], Awaitable[T]]) -> T:
    """Return the result of `call`. Raises `ChatUnavailable`, `ChatRejected`."""
    try:
        return await call()
    except discord.HTTPException as error:
        if error.status >= 500 or error.status == 429:
            raise ChatUnavailable(f"Discord answered {error.status}.") from error
        raise ChatRejected(f"Discord refused ({error.status}): {error.text}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ChatUnavailable(f"Discord is out of reach: {error}") from error
    except (RuntimeError, json.JSONDecodeError) as error:
        # RuntimeError: aiohttp's client was closed meanwhile. JSONDecodeError: not Discord's
        # response.
        raise ChatUnavailable(f"Discord is out of reach: {error}") from error
    except (ValueError, TypeError) as error:
        raise ChatRejected(f"discord.py refused: {error}") from error
