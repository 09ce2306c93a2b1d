"""Opens conversations with the Claude Code program for the rest of this package.

claude-agent-sdk is imported for the first conversation (it takes a second), so that the bot runs
without it. `AgentMissing` says how to install it.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from bot.adapters.claude_agent.chat._chat_turns import ClaudeOptions, Judge, Talk
from bot.adapters.claude_agent.program._conversation import ProgramConversation, TransportLine
from bot.adapters.claude_agent.program._failures import StaleConversation, build_missing_error
from bot.adapters.claude_agent.prompting._transcripts import Transcripts, build_conversation_id
from bot.domain.account import Account
from bot.domain.roles import Role
from bot.ports.clock import Clock
from bot.ports.model_gateway import ModelGateway

__all__ = ["Claude", "ClaudeOptions", "Judge", "ProgramConversation", "StaleConversation", "Talk"]

WIRE = "bot.adapters.claude_agent.program._transport"
PACKAGE = "claude_agent_sdk"


ChooseRole = Callable[[Account, Role], Awaitable[Role]]
"""Returns the role that works for an account, made from the configured one."""


async def keep_role(_account: Account, role: Role) -> Role:
    """Return the configured role."""
    return role


class Claude:
    """Starts programs and holds several conversations at the same time.

    No program gets the provider's key: each gets a lease of the `gateway` for its conversation.
    """

    def __init__(
        self,
        options: ClaudeOptions,
        clock: Clock,
        gateway: ModelGateway,
        choose_role: ChooseRole = keep_role,
    ) -> None:
        """Store the options; no program is started yet.

        `choose_role` returns the role for an account: a server may have models of its own.
        """
        self._options = options
        self._clock = clock
        self._gateway = gateway
        self._choose_role = choose_role
        self._transcripts = Transcripts(options.home)

    @property
    def home(self) -> Path:
        """The program's own folder."""
        return self._options.home

    def has_transcript(self, name: str) -> bool:
        """Return whether a stored conversation of that name can be continued."""
        return self._transcripts.find(name) is not None

    def forget(self, name: str) -> None:
        """Remove the stored conversation of that name, if there is one."""
        self._transcripts.forget(name)

    def tidy(self, older_than: timedelta) -> int:
        """Remove conversations that are unused for longer than that; return their number."""
        return self._transcripts.tidy(older_than)

    @asynccontextmanager
    async def open_conversation(self, talk: Talk) -> AsyncGenerator[ProgramConversation, None]:
        """Start the program; on exit all its processes end, immediately if a turn is in progress.

        It may be opened long before the first `say`: `talk.seconds` count from the first `say`.
        Raises `AgentMissing`, `AgentUnavailable`, and `StaleConversation` (also from the first
        `say`) if the stored conversation cannot be continued.
        """
        transport = await _import_transport()
        talk = replace(talk, role=await self._choose_role(talk.account, talk.role))
        if talk.fresh:
            self._transcripts.forget(talk.name)
        transcript = self._transcripts.find(talk.name)
        async with self._gateway.open_lease(talk.account, talk.usd) as lease:
            name, resume = build_conversation_id(talk.name), transcript is not None
            line: TransportLine = transport.SdkTransport(
                self._options, talk, lease, name, resume=resume
            )
            await line.open()
            conversation = ProgramConversation(
                line, self._options, talk, lease, self._clock, transcript
            )
            try:
                yield conversation
            finally:
                await line.close(at_once=not conversation.settled)
                conversation.apply_transcript(self._transcripts.find(talk.name))
                if talk.pictures:  # the transcript holds them
                    self._transcripts.forget(talk.name)


async def _import_transport() -> ModuleType:
    """Import the module that uses the SDK, in a thread, because the first import takes a second."""
    try:
        return await asyncio.to_thread(importlib.import_module, WIRE)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == PACKAGE:
            raise build_missing_error(str(error)) from error
        raise
