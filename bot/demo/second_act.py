"""Suggests what to try next, once the first change has come live in the demo."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from local_discord.server import LocalDiscord

_LIVE = "live at"
"""What the bot says when a change has come live (`bot/presentation`)."""


def build_next_hint(request: str, *, has_model: bool) -> list[str]:
    """Return the hint after the first change: each step is independent of the others."""
    wish = (
        f"`{request}`: it plans, asks back, and proves what is new"
        if has_model
        else f"`{request}`: without a model it keeps the wish, and says what it needs"
    )
    return [
        "**The loop is closed.** What to try next, in any order:",
        "- Ask who did it: `what changed today?`",
        "- Say in the thread of the change `revert it`, and ship that",
        "- Become bob (your name, at the bottom left) and say `ship it`: only listed people may",
        f"- Ask for something new: {wish}",
        "- Let it notice by itself: revert the fix, ship that, and use the command until it "
        "failed five times",
        "- Read the review of an incident: let a command fail ten times, have it fixed, and wait "
        "three minutes after the last failure; “🔎 Review” comes into the run's thread",
        "- Stop everything with `/stop-everything`, and lift it again",
    ]


@asynccontextmanager
async def offer_second_act(
    discord: LocalDiscord, hint: Sequence[str]
) -> AsyncIterator[asyncio.Task[None]]:
    """Replace the page's hint as soon as the bot says that a change is live.

    Yields the task that waits for it.
    """
    came_live = asyncio.Event()

    def look(event: str, payload: dict[str, Any]) -> None:
        if event not in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            return
        author = payload.get("author", {}).get("id")
        if author == str(discord.bot_user_id) and _LIVE in str(payload):
            came_live.set()

    async def offer() -> None:
        await came_live.wait()
        discord.set_hint(hint)

    listeners = discord.world.backend.people
    listeners.append(look)
    offering = asyncio.create_task(offer(), name="demo-second-act")
    try:
        yield offering
    finally:
        listeners.remove(look)
        offering.cancel()
        await asyncio.wait({offering})
