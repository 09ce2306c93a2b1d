"""The ids of failures in replies, where the maintainer has enabled them."""

from __future__ import annotations

import asyncio
from typing import Any

import discord

from theseus_observe.hook_runner import HookRunner

_AFTER_SECONDS = 1.0
"""The bot's own handlers answer first: an interaction has one first response."""

_SHOWN = 8


class ErrorReplies:
    """Tells people the id of a failure, after what the bot itself answers."""

    def __init__(self, runner: HookRunner, *, seconds: float = _AFTER_SECONDS) -> None:
        self._runner = runner
        self._seconds = seconds
        self._sending: set[asyncio.Task[None]] = set()

    def schedule(self, subject: Any, action_id: str) -> None:
        """Answer an interaction or a typed command, in a moment."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._seconds, self._runner.run, self._start, subject, action_id)

    def _start(self, subject: Any, action_id: str) -> None:
        task = asyncio.get_running_loop().create_task(self._send(subject, action_id))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, subject: Any, action_id: str) -> None:
        text = f"⚠️ Error id `{action_id[-_SHOWN:]}`."
        try:
            if not isinstance(subject, discord.Interaction):
                await subject.reply(text, mention_author=False)
            elif subject.response.is_done():
                await subject.followup.send(text, ephemeral=True)
            else:
                await subject.response.send_message(text, ephemeral=True)
        except Exception as error:  # noqa: BLE001  # a bot's own `Context` may raise anything
            self._runner.note(error)
