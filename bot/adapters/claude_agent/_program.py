"""The Claude Code program, as the rest of this package sees it: open a conversation, talk, leave.

claude-agent-sdk is imported when the first conversation is opened (it takes a second), so that the
bot runs without it: `AgentMissing` says how to get it.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from bot.adapters.claude_agent._chat_turns import ClaudeOptions, Judge, Talk
from bot.adapters.claude_agent._conversation import ProgramConversation, TransportLine
from bot.adapters.claude_agent._failures import StaleConversation, build_missing_error
from bot.adapters.claude_agent._transcripts import Transcripts, build_conversation_id
from bot.ports.clock import Clock
from bot.ports.model_gateway import ModelGateway

__all__ = ["Claude", "ClaudeOptions", "Judge", "ProgramConversation", "StaleConversation", "Talk"]

WIRE = "bot.adapters.claude_agent._transport"
PACKAGE = "claude_agent_sdk"


class Claude:
    """Starts the program and holds conversations with it, several side by side.

    No program gets a key: each is lent a pass of the `gateway` for the time of its conversation.
    """

    def __init__(self, options: ClaudeOptions, clock: Clock, gateway: ModelGateway) -> None:
        """Start nothing yet."""
        self._options = options
        self._clock = clock
        self._gateway = gateway
        self._transcripts = Transcripts(options.home)

    @property
    def home(self) -> Path:
        """The program's own folder."""
        return self._options.home

    def has_transcript(self, name: str) -> bool:
        """Return whether a conversation of that name can be gone on with."""
        return self._transcripts.find(name) is not None

    def forget(self, name: str) -> None:
        """Remove what is kept of the conversation of that name, if anything is."""
        self._transcripts.forget(name)

    def tidy(self, older_than: timedelta) -> int:
        """Remove conversations nobody spoke in for so long; return how many."""
        return self._transcripts.tidy(older_than)

    @asynccontextmanager
    async def open_conversation(self, talk: Talk) -> AsyncGenerator[ProgramConversation, None]:
        """Start the program; leaving ends all its processes, at once if a turn is under way.

        May be entered long before the first `say`: `talk.seconds` count from the first `say`.
        Raises `AgentMissing`, `AgentUnavailable`, and `StaleConversation` (also from the first
        `say`) where what is kept of it cannot be gone on with.
        """
        transport = await _import_transport()
        if talk.fresh:
            self._transcripts.forget(talk.name)
        kept = self._transcripts.find(talk.name)
        async with self._gateway.open_lease(talk.account, talk.usd) as lent:
            name, resume = build_conversation_id(talk.name), kept is not None
            line: TransportLine = transport.SdkTransport(
                self._options, talk, lent, name, resume=resume
            )
            await line.open()
            conversation = ProgramConversation(line, self._options, talk, lent, self._clock, kept)
            try:
                yield conversation
            finally:
                await line.close(at_once=not conversation.settled)
                conversation.apply_transcript(self._transcripts.find(talk.name))


async def _import_transport() -> ModuleType:
    """Import what drives the SDK, in a thread: it takes a second the first time."""
    try:
        return await asyncio.to_thread(importlib.import_module, WIRE)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == PACKAGE:
            raise build_missing_error(str(error)) from error
        raise
