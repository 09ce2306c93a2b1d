"""Until when a usage limit lasts, asked of the provider itself: the program does not tell it."""

from collections.abc import Mapping
from datetime import datetime

import aiohttp

from bot.adapters.claude_agent._talk import ClaudeOptions

PROVIDER = "https://api.anthropic.com"
VERSION = "2023-06-01"
ASK_SECONDS = 10.0
LIMITED = 429
LONGEST = 32 * 86_400.0
UNIFIED = "anthropic-ratelimit-unified-reset"


async def until_when(options: ClaudeOptions, model: str, now: datetime) -> float | None:
    """Return in how many seconds the limit ends; `None` where nobody says.

    It asks for an answer of one token and reads what the refusal says: the program keeps that to
    itself unless it is a subscriber's.
    """
    if not options.key or not model:
        return None
    url = f"{(options.base_url or PROVIDER).rstrip('/')}/v1/messages"
    asked = {
        "model": model,
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "Say OK."}],
    }
    headers = {"x-api-key": options.key, "anthropic-version": VERSION}
    patience = aiohttp.ClientTimeout(total=ASK_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience, trust_env=True) as provider,
            provider.post(url, json=asked, headers=headers) as answer,
        ):
            return told(answer.headers, now) if answer.status == LIMITED else None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


def told(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return what the headers of a refusal say, in seconds from now."""
    found = [
        _number(headers.get("retry-after")),
        _number(headers.get(UNIFIED), before=now.timestamp()),
    ]
    known = [seconds for seconds in found if seconds is not None]
    return min(max(known), LONGEST) if known else None


def _number(text: str | None, *, before: float = 0.0) -> float | None:
    try:
        seconds = float(text or "") - before
    except ValueError:
        return None
    return seconds if seconds >= 0 else None
