"""The chat of one channel: a warm program, renewed before its conversation gets expensive."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import structlog

from bot.adapters.claude_agent.chat._chat_tool_handlers import TOOLS, ChatToolHandlers
from bot.adapters.claude_agent.chat._chat_words import render_message
from bot.adapters.claude_agent.program._conversation import ProgramConversation
from bot.adapters.claude_agent.program._events import ModelReply, ModelText, ModelTextDelta, Seen
from bot.adapters.claude_agent.program._launch import create_private_folder
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.prompting._briefing import render_character
from bot.adapters.claude_agent.tools._outside_tools import FindUser
from bot.adapters.claude_agent.tools._server import build_server
from bot.adapters.claude_agent.tools._skill_tool import SkillTool, append_skills
from bot.domain.account import Account, build_chat_account
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, AgentUnavailable, TheseusError
from bot.domain.people import Person
from bot.domain.roles import Role
from bot.ports.chat_model import ChatTools, ChatTurn, FinalReply, PartialReply
from bot.ports.clock import Clock
from bot.prompts import Prompts
from bot.tools.calls import ToolUser

_LONGEST_TALK = 25  # turns; each turn costs as much as all earlier text
_ENOUGH = 0.5  # of the money of one turn; the program counts its cost over all turns
_log = structlog.stdlib.get_logger(__name__)


class ChatSession:
    """Serves one channel, one turn at a time. The program is started when it is needed."""

    def __init__(
        self,
        channel_id: int,
        claude: Claude,
        role: Role,
        prompts: Prompts,
        handlers: ChatToolHandlers,
        skills: SkillTool,
        clock: Clock,
        account: Account | None = None,
    ) -> None:
        self._claude = claude
        self._role = role
        self._prompts = prompts
        self._handlers = handlers
        self._skills = skills
        self._clock = clock
        self._account = account
        # other conversations of the channel may use the same id at the same time, so the run is
        # added
        run = f"{account.run_id}:" if account else ""
        self._name = f"{run}{channel_id}:chat"
        self._stack = AsyncExitStack()
        self._conversation: ProgramConversation | None = None
        self._system = ""  # the system prompt of the running program
        self._known_messages: set[tuple[int, bool]] = set()
        self._turns = 0
        self._one_by_one = asyncio.Lock()
        self.users = 0  # the number of callers that talk here or wait
        self.used_at = clock.monotonic()

    @property
    def warm(self) -> bool:
        """True if a program is running."""
        return self._conversation is not None

    async def talk(
        self, turn: ChatTurn, chat_tools: ChatTools
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        """Answer one message; see the port.

        After any error the next turn starts a new conversation.
        """
        async with self._one_by_one:
            try:
                async with aclosing(self._answer(turn, chat_tools)) as answer:
                    async for reply in answer:
                        yield reply
            except BaseException:
                await self._close()
                raise
            finally:
                self.used_at = self._clock.monotonic()
            if self._should_renew:
                await self._renew(turn.person)

    async def close(self) -> None:
        """End the program after its current turn."""
        async with self._one_by_one:
            await self._close()

    async def end(self) -> None:
        """End the program immediately."""
        await self._close()

    async def _renew(self, person: Person) -> None:
        """Start a new conversation between turns, so that the next message finds a warm program."""
        await self._close()
        try:
            await self._open(person, self._prompts.freeze())
        except TheseusError as error:
            _log.info(
                "cannot restart %s, will try again at the next message: %s", self._name, error
            )

    async def _answer(
        self, turn: ChatTurn, chat_tools: ChatTools
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        """Answer with the program; replace it once if it died between turns."""
        self._skills.begin()
        prompts = self._prompts.freeze()  # changes of prompts apply from the next turn
        if self.warm and self._system != self._render_character(prompts):
            await self._close()  # the persona or the list of skills has changed
        for is_retry in (False, True):
            was_warm, began = self.warm, False
            try:
                conversation = self._conversation or await self._open(turn.person, prompts)
                conversation.charge_to(self._account or build_chat_account(turn.person))
                async with aclosing(self._ask(conversation, prompts, turn, chat_tools)) as answer:
                    async for reply in answer:
                        began = True
                        yield reply
                return
            except AgentUnavailable:
                if is_retry or began or not was_warm:
                    raise
                await self._close()

    async def _ask(
        self,
        conversation: ProgramConversation,
        prompts: Prompts,
        turn: ChatTurn,
        chat_tools: ChatTools,
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        unread = [
            line for line in turn.before if (line.message_id, line.ours) not in self._known_messages
        ]
        prompt = render_message(prompts, turn, unread)
        before, reported, answer = conversation.cost, Cost(), _Answer()
        try:
            user = build_chat_user(turn)
            with self._handlers.use_tools(chat_tools), self._handlers.outside.use_for(user):
                async with aclosing(conversation.say(prompt)) as events:
                    async for event in events:
                        reported = _subtract_costs(before, conversation.cost)
                        if answer.update(event):
                            yield PartialReply(text=answer.so_far, **dict(reported))
            if not answer.so_far:
                raise AgentOutputInvalid("The model had nothing to say.")
        except TheseusError:
            await self._close()  # the final costs are known only after closing
            final_costs = _subtract_costs(before, conversation.cost)
            if final_costs != reported:
                yield PartialReply(text=answer.so_far, **dict(final_costs))
            raise
        self._turns += 1
        self._known_messages |= {(line.message_id, line.ours) for line in unread}
        self._known_messages |= {(turn.message_id, False), (turn.message_id, True)}
        yield FinalReply(text=answer.so_far, **dict(_subtract_costs(before, conversation.cost)))

    @property
    def _should_renew(self) -> bool:
        """True if another turn may exceed its cost limit, or if the conversation is too long."""
        if self._conversation is None:
            return False
        cost = self._conversation.cost.cost_usd
        return cost > self._role.usd * _ENOUGH or self._turns >= _LONGEST_TALK

    def _render_character(self, prompts: Prompts) -> str:
        skills = self._skills.render_list(prompts)
        return append_skills(render_character(prompts, "chat"), skills)

    async def _open(self, person: Person, prompts: Prompts) -> ProgramConversation:
        self._system = self._render_character(prompts)
        talk = Talk(
            name=self._name,
            role=self._role,
            cwd=create_private_folder(self._claude.home / "chat"),
            system=self._system,
            account=self._account or build_chat_account(person),
            server=build_server(
                self._handlers,
                tuple(TOOLS),
                TOOLS,
                skills=self._skills,
                outside=self._handlers.outside,
            ),
            judge=self._skills.wrap_judge(self._handlers.judge),
            seconds=self._role.seconds,
            usd=self._role.usd,
            fresh=True,
            chat=True,
        )
        self._conversation = await self._stack.enter_async_context(
            self._claude.open_conversation(talk)
        )
        return self._conversation

    async def _close(self) -> None:
        stack, self._stack = self._stack, AsyncExitStack()
        self._conversation, self._turns = None, 0
        self._known_messages.clear()
        await stack.aclose()


class _Answer:
    """The growing answer: finished paragraphs and the letters of the current one."""

    def __init__(self) -> None:
        self._paragraphs: list[str] = []
        self._letters = ""

    @property
    def so_far(self) -> str:
        """The answer so far, in paragraphs."""
        return "\n\n".join(text for text in (*self._paragraphs, self._letters.strip()) if text)

    def update(self, event: Seen | ModelReply) -> bool:
        """Add an event; return whether there is more text to show than before."""
        match event:
            case ModelTextDelta(letters):
                self._letters += letters
                return bool(letters.strip())
            case ModelText(text):
                self._paragraphs.append(text.strip())
                self._letters = ""
                return True
            case ModelReply(text):
                self._letters = ""
                if not self._paragraphs and text.strip():  # otherwise the text was already added
                    self._paragraphs.append(text.strip())
        return False


def build_chat_user(turn: ChatTurn) -> FindUser:
    """Return a function that returns the author of a message as the user of outside tools."""

    async def find_user() -> ToolUser:
        return ToolUser(turn.person, "chat", turn.channel_id)

    return find_user


def _subtract_costs(before: Cost, now: Cost) -> Cost:
    """Return the costs since `before`."""
    return Cost(
        cost_usd=max(0.0, now.cost_usd - before.cost_usd),
        tokens_in=max(0, now.tokens_in - before.tokens_in),
        tokens_out=max(0, now.tokens_out - before.tokens_out),
    )
