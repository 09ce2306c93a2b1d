"""Chat with claude: one warm program for each active channel, up to a limit."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from bot.adapters.claude_agent.chat._chat_session import ChatSession
from bot.adapters.claude_agent.chat._chat_tool_handlers import ChatToolHandlers
from bot.adapters.claude_agent.program._program import Claude
from bot.adapters.claude_agent.tools._outside_tools import OutsideTools
from bot.adapters.claude_agent.tools._skill_tool import SkillTool
from bot.domain.account import Account
from bot.domain.errors import AgentError
from bot.domain.roles import Role
from bot.periodic import run_periodically
from bot.ports.chat_model import ChatTools, ChatTurn, FinalReply, PartialReply
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.prompts import Prompts
from bot.skills import SkillLibrary
from bot.tools.calls import FindToolCalls, find_no_tools

_LOOKS = 20  # checks for idle programs within the idle time


@dataclass(frozen=True)
class ChatServices:
    """The services of a chat model. They are borrowed; the chat model does not close them."""

    prompts: Prompts
    journal: Journal
    memory: MemoryStore
    clock: Clock
    skills: SkillLibrary = field(default_factory=SkillLibrary)
    find_tools: FindToolCalls = find_no_tools


class ClaudeChatModel:
    """Implements `bot.ports.chat_model.ChatModel`.

    At most `channels` programs run at a time. If another is needed, the one that has been unused
    for the longest time is ended; if all are busy, the call waits. Programs are ended after `idle`.
    """

    def __init__(
        self,
        claude: Claude,
        services: ChatServices,
        role: Role,
        *,
        channels: int,
        idle: timedelta,
        account: Account | None = None,
    ) -> None:
        """Store the services; no program is started yet.

        Costs are charged to the person who speaks, or to `account` if it is set.
        """
        self._claude = claude
        self._services = services
        self._role = role
        self._account = account
        self._channels = channels
        self._idle = idle.total_seconds()
        self._seats: OrderedDict[int, ChatSession] = OrderedDict()  # longest unused first
        self._freed = asyncio.Condition()
        self._is_closed = False

    @property
    def name(self) -> str:
        """The engine and model, for people and the journal."""
        return f"claude ({self._role.model})"

    @property
    def warm(self) -> tuple[int, ...]:
        """The channels with a running program, longest unused first."""
        return tuple(channel for channel, session in self._seats.items() if session.warm)

    async def talk(
        self, turn: ChatTurn, chat_tools: ChatTools
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        """Answer one message; see the port."""
        try:
            async with (
                self._hold_session(turn.channel_id) as session,
                aclosing(session.talk(turn, chat_tools)) as answer,
            ):
                async for reply in answer:
                    yield reply
        except AgentError as error:
            if self._is_closed:  # a shutdown: the message is answered after the restart
                raise asyncio.CancelledError from error
            raise

    async def cancel_turns(self) -> None:
        """End all programs now; current turns fail, later turns start a new conversation."""
        await asyncio.gather(*(session.end() for session in list(self._seats.values())))

    async def run_forever(self) -> None:
        """End idle programs until cancelled; then end all programs."""
        try:
            pause = self._idle / _LOOKS
            await run_periodically(self._close_idle, self._services.clock, pause, first_after=pause)
        finally:
            self._is_closed = True
            for session in self._seats.values():
                await session.end()

    async def _close_idle(self) -> None:
        since = self._services.clock.monotonic() - self._idle
        async with self._freed:
            for channel, session in list(self._seats.items()):
                if not session.users and session.used_at <= since:
                    del self._seats[channel]
                    await session.close()
            self._freed.notify_all()

    @asynccontextmanager
    async def _hold_session(self, channel_id: int) -> AsyncIterator[ChatSession]:
        async with self._freed:
            while (session := await self._claim_session(channel_id)) is None:
                await self._freed.wait()
            session.users += 1
            self._seats.move_to_end(channel_id)
        try:
            yield session
        finally:
            session.users -= 1
            async with self._freed:
                self._freed.notify_all()

    async def _claim_session(self, channel_id: int) -> ChatSession | None:
        """Return the channel's session, or `None` while all sessions are in use."""
        if channel_id in self._seats:
            return self._seats[channel_id]
        if len(self._seats) >= self._channels:
            unused = next(
                (candidate for candidate, session in self._seats.items() if not session.users), None
            )
            if unused is None:
                return None
            await self._seats.pop(unused).close()
        services = self._services
        outside = OutsideTools(services.find_tools(), "chat")
        handlers = ChatToolHandlers(services.journal, services.memory, outside)
        session = ChatSession(
            channel_id,
            self._claude,
            self._role,
            services.prompts,
            handlers,
            SkillTool(services.skills, "chat"),
            services.clock,
            self._account,
        )
        self._seats[channel_id] = session
        return session
